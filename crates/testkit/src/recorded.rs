//! Recorded market data, which lies beside the checkout and is not part of it.

pub mod ccxt;
mod census;
pub mod cryptofeed;

use std::io::Read;
use std::path::{Path, PathBuf};

pub use self::census::Census;

/// The path of a recording, such as `canonical/….csv.gz`. `None` where there is no recorded data:
/// the test then returns, having said so; with `QUANTFLOW_NO_SKIP=1` it fails instead.
///
/// The data is looked for in `QUANTFLOW_SHARED_DATA`, else in `../shared/data` beside the workspace.
///
/// # Panics
/// When it is absent and `QUANTFLOW_NO_SKIP=1`.
pub fn path(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("QUANTFLOW_SHARED_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    let must = std::env::var("QUANTFLOW_NO_SKIP").is_ok_and(|v| v == "1");
    assert!(
        !must,
        "no recorded data at {}, and QUANTFLOW_NO_SKIP=1",
        path.display()
    );
    println!("skipped: no recorded data at {}", path.display());
    None
}

/// The bytes of a recording; a `.gz` is unpacked. `None` as for [`path`].
///
/// # Panics
/// When the file cannot be read.
pub fn bytes(name: &str) -> Option<Vec<u8>> {
    let path = path(name)?;
    let raw = std::fs::read(&path).expect("a recording that exists can be read");
    if path.extension().is_none_or(|extension| extension != "gz") {
        return Some(raw);
    }
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(raw.as_slice())
        .read_to_end(&mut bytes)
        .expect("a recording is whole");
    Some(bytes)
}

/// The names of the files of a folder of recordings, sorted: `rest_ws_nautilus/kraken/ws_pong.json`.
/// `None` as for [`path`].
///
/// # Panics
/// When the folder cannot be read.
pub fn files(folder: &str) -> Option<Vec<String>> {
    let path = path(folder)?;
    let entries = std::fs::read_dir(path).expect("a folder of recordings can be read");
    let names = entries.map(|entry| {
        let entry = entry.expect("a folder of recordings can be read");
        format!("{folder}/{}", entry.file_name().to_string_lossy())
    });
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_can_be_read() {
        let Some(exchanges) = files("rest_parsed_ccxt") else {
            return;
        };
        let names = exchanges.iter().filter_map(|name| name.rsplit('/').next());
        let cases: Vec<_> = names.flat_map(|name| ccxt::cases(name).unwrap()).collect();
        assert!(cases.len() > 60 && cases.iter().all(|case| !case.body.is_empty()));
        let (mut sent, mut came, mut answers) = (0, 0, 0);
        for name in files("ws_raw_cryptofeed").unwrap() {
            let name = name.rsplit('/').next().unwrap().trim_end_matches(".gz");
            if name.contains(".ws.") {
                let lines = cryptofeed::socket(name).unwrap();
                sent += lines.iter().filter(|line| line.sent).count();
                came += lines.iter().filter(|line| !line.sent).count();
            } else {
                answers += cryptofeed::answers(name).unwrap().len();
            }
        }
        println!("{sent} sent, {came} came, {answers} answers");
        assert!(sent > 100 && came > 10_000 && answers > 30);
    }
}
