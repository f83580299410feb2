//! [`Incoming`]: a file that is written part by part and gets its name when it is whole.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use quantflow_seams::ArchiveError;
use sha2::{Digest, Sha256};

use crate::local::failed;

/// A file under a temporary name. Dropped before it is [kept](Incoming::keep), it goes.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// The name that it is to get.
    path: PathBuf,
    temporary: PathBuf,
    file: File,
    hasher: Sha256,
    kept: bool,
}

impl Incoming {
    /// Begins the file, and makes its folder where there is none. What an earlier try left under
    /// the temporary name is written over.
    pub(crate) fn begin(path: PathBuf) -> Result<Self, ArchiveError> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".tmp");
        let temporary = PathBuf::from(temporary);
        let file = make_folder(folder_of(&path))
            .and_then(|()| File::create(&temporary))
            .map_err(|error| failed(&path, &error))?;
        Ok(Self {
            path,
            temporary,
            file,
            hasher: Sha256::new(),
            kept: false,
        })
    }

    pub(crate) fn add(&mut self, part: &[u8]) -> Result<(), ArchiveError> {
        self.hasher.update(part);
        self.file
            .write_all(part)
            .map_err(|error| failed(&self.path, &error))
    }

    /// The SHA-256 of what was added, in hex.
    pub(crate) fn sha256(&self) -> String {
        hex(&self.hasher.clone().finalize())
    }

    /// Makes it durable and gives it its name.
    pub(crate) fn keep(mut self) -> Result<(), ArchiveError> {
        self.file
            .sync_all()
            .and_then(|()| std::fs::rename(&self.temporary, &self.path))
            .map_err(|error| failed(&self.path, &error))?;
        self.kept = true;
        sync_folder(folder_of(&self.path)).map_err(|error| failed(&self.path, &error))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.kept {
            // best effort: what stays is written over by the next try
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// Of bytes in memory, in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(digest: &[u8]) -> String {
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Makes a folder and those above it, durably.
fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folder(parent)?;
        match std::fs::create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => sync_folder(parent)?,
        }
    }
    Ok(())
}

/// Makes the names in a folder durable. (A folder can be synced only where it can be opened.)
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}
