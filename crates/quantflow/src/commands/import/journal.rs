//! [`Journal`]: which files were imported, so that none is imported twice by accident.
//!
//! A line is written before the first row of a file and one after its last: an import that was cut
//! off is known by its missing end, and may be done again.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use quantflow_model::{Symbol, Timestamp};
use serde::{Deserialize, Serialize};

/// The file in the data folder.
const FILE: &str = "imports.jsonl";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Step {
    /// The first row is about to be written to the log.
    Begun,
    /// The last row and the end are in the log.
    Done,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) step: Step,
    pub(crate) sha256: String,
    pub(crate) symbol: Symbol,
    pub(crate) file: String,
    pub(crate) rows: u64,
    pub(crate) at: Timestamp,
}

/// What is known of a file and a symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Before {
    /// It was never imported.
    Never,
    /// It was begun, and cut off.
    CutOff,
    /// It was imported then.
    Done(Timestamp),
}

/// What was imported whole for a symbol.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// By SHA-256 in hex.
    pub(crate) hashes: BTreeSet<String>,
    /// By the file's name.
    pub(crate) names: BTreeSet<String>,
}

/// The list of imports of a data folder.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    entries: Vec<Entry>,
}

impl Journal {
    /// Reads the list. A line that a crash tore is passed over: it says less than the log anyway.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub(crate) fn open(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            other => other?,
        };
        let entries = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        Ok(Self { path, entries })
    }

    /// What is known of a file for a symbol.
    pub(crate) fn before(&self, sha256: &str, symbol: &Symbol) -> Before {
        let mut before = Before::Never;
        for entry in self.of(sha256, symbol) {
            before = match (entry.step, before) {
                (Step::Done, _) => Before::Done(entry.at),
                (Step::Begun, Before::Done(at)) => Before::Done(at),
                (Step::Begun, _) => Before::CutOff,
            };
        }
        before
    }

    /// How often its import was begun.
    pub(crate) fn times(&self, sha256: &str, symbol: &Symbol) -> usize {
        self.of(sha256, symbol)
            .filter(|entry| entry.step == Step::Begun)
            .count()
    }

    /// Hashes and names of what was imported whole for a symbol.
    pub(crate) fn taken(&self, symbol: &Symbol) -> Taken {
        let done = self
            .entries
            .iter()
            .filter(|e| e.step == Step::Done && e.symbol == *symbol);
        let mut taken = Taken::default();
        for entry in done {
            taken.hashes.insert(entry.sha256.clone());
            taken.names.insert(entry.file.clone());
        }
        taken
    }

    fn of<'a>(&'a self, sha256: &'a str, symbol: &'a Symbol) -> impl Iterator<Item = &'a Entry> {
        self.entries
            .iter()
            .filter(move |e| e.sha256 == sha256 && e.symbol == *symbol)
    }

    /// Adds a line, durably.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn add(&mut self, entry: Entry) -> io::Result<()> {
        let mut file: File = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)?;
        let mut line = serde_json::to_vec(&entry)?;
        // a torn line before it must not swallow this one
        line.insert(0, b'\n');
        line.push(b'\n');
        file.write_all(&line)?;
        file.sync_all()?;
        self.entries.push(entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(step: Step, seconds: i64) -> Entry {
        Entry {
            step,
            sha256: "ab".to_owned(),
            symbol: "demo:A/B".parse().unwrap(),
            file: "f.csv".to_owned(),
            rows: 3,
            at: Timestamp::from_seconds(seconds),
        }
    }

    #[test]
    fn a_cut_off_import_is_told_from_a_finished_one() {
        let folder = tempfile::tempdir().unwrap();
        let symbol: Symbol = "demo:A/B".parse().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        assert_eq!(journal.before("ab", &symbol), Before::Never);
        journal.add(entry(Step::Begun, 1)).unwrap();
        assert_eq!(
            Journal::open(folder.path()).unwrap().before("ab", &symbol),
            Before::CutOff
        );
        // a crash tears the last line
        let mut file = OpenOptions::new()
            .append(true)
            .open(folder.path().join(FILE))
            .unwrap();
        file.write_all(b"{\"step\":\"do").unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.add(entry(Step::Begun, 2)).unwrap();
        journal.add(entry(Step::Done, 3)).unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!(
            journal.before("ab", &symbol),
            Before::Done(Timestamp::from_seconds(3))
        );
        assert_eq!(journal.times("ab", &symbol), 2);
        assert_eq!(journal.before("cd", &symbol), Before::Never);
        assert_eq!(
            journal.before("ab", &"demo:A/C".parse().unwrap()),
            Before::Never
        );
    }
}
