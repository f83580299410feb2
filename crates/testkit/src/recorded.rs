//! Recorded market data, which lies beside the checkout and is not part of it.

use std::io::Read;
use std::path::{Path, PathBuf};

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
