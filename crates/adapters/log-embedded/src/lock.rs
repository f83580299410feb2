//! [`FolderLock`]: one process a log.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::path::Path;

use quantflow_seams::LogError;

use crate::recover::failed;

/// Holds a folder for this process. The operating system lets go of it when the process ends,
/// however it ends.
#[derive(Debug)]
pub(crate) struct FolderLock {
    file: File,
}

impl FolderLock {
    pub(crate) fn take(folder: &Path) -> Result<Self, LogError> {
        let path = folder.join("LOCK");
        let failed = |error: std::io::Error| failed(&path, &error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = std::fs::read_to_string(&path).unwrap_or_default();
                let holder = holder.trim();
                return Err(LogError::Locked {
                    place: folder.display().to_string(),
                    holder: if holder.is_empty() { "unknown" } else { holder }.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // who holds it is a help to the next one who comes; it is no part of the lock
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { file })
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // said and not only closed: a child process that is just being started holds the file too
        let _ = self.file.unlock();
    }
}
