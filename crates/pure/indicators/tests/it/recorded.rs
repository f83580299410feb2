//! Where recordings lie, and how tables of them are read.

use std::{env, fs, io::Read, path::PathBuf};

/// The file of this name among the recordings: under `QUANTFLOW_SHARED_DATA`, else `<workspace>/../shared/data`. `None` when it is not there; then
/// the caller returns, unless `QUANTFLOW_NO_SKIP=1` forbids that.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/data");
    let folder = env::var("QUANTFLOW_SHARED_DATA").unwrap_or_else(|_| beside.to_owned());
    let path = PathBuf::from(folder).join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no recorded data at {}", path.display());
    assert!(
        env::var("QUANTFLOW_NO_SKIP").as_deref() != Ok("1"),
        "QUANTFLOW_NO_SKIP=1, but no recorded data at {}",
        path.display()
    );
    None
}

/// The text of a recording, unpacked if its name ends in `.gz`.
pub(crate) fn text(name: &str) -> Option<String> {
    let path = path(name)?;
    let bytes = fs::read(&path).expect("readable");
    let mut text = String::new();
    if path.extension().is_some_and(|e| e == "gz") {
        flate2::read::GzDecoder::new(bytes.as_slice())
            .read_to_string(&mut text)
            .expect("gzip of text");
    } else {
        text = String::from_utf8(bytes).expect("text");
    }
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

/// A table with named columns; cells that are empty or no number are NaN.
#[derive(Debug)]
pub(crate) struct Table {
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
}

impl Table {
    pub(crate) fn read(name: &str) -> Option<Self> {
        let text = text(name)?;
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(text.as_bytes());
        let names: Vec<String> = reader
            .headers()
            .expect("header")
            .iter()
            .map(|h| h.trim().to_owned())
            .collect();
        let mut columns = vec![Vec::new(); names.len()];
        for record in reader.records() {
            let record = record.expect("row");
            for (i, column) in columns.iter_mut().enumerate() {
                column.push(
                    record
                        .get(i)
                        .and_then(|cell| cell.trim().parse().ok())
                        .unwrap_or(f64::NAN),
                );
            }
        }
        Some(Self { names, columns })
    }

    pub(crate) fn column(&self, name: &str) -> &[f64] {
        let i = self.names.iter().position(|n| n == name);
        &self.columns[i.unwrap_or_else(|| panic!("no column {name} in {:?}", self.names))]
    }
}
