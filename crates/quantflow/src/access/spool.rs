//! [`Spool`]: pages that came newest first, given back oldest first, with flat memory.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// Pages in a file without a name that is gone with it.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    path: PathBuf,
    pages: Vec<(u64, usize)>,
    end: u64,
}

impl Spool {
    pub(super) fn new() -> io::Result<Self> {
        let mut number = 0_u32;
        loop {
            let name = format!("quantflow-{}-{number}.spool", std::process::id());
            let path = std::env::temp_dir().join(name);
            match OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path)
            {
                Ok(file) => {
                    return Ok(Self {
                        file,
                        path,
                        pages: Vec::new(),
                        end: 0,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Puts a page on top.
    pub(super) fn push(&mut self, page: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(page)?;
        self.pages.push((self.end, page.len()));
        self.end += page.len() as u64;
        Ok(())
    }

    /// Takes the page on top.
    pub(super) fn pop(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some((start, length)) = self.pages.pop() else {
            return Ok(None);
        };
        let mut page = vec![0; length];
        self.file.seek(SeekFrom::Start(start))?;
        self.file.read_exact(&mut page)?;
        self.end = start;
        Ok(Some(page))
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // the system's temporary folder is cleaned by others too
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_comes_first_and_nothing_is_left() {
        let mut spool = Spool::new().unwrap();
        let path = spool.path.clone();
        spool.push(b"newest").unwrap();
        spool.push(b"older").unwrap();
        assert_eq!(spool.pop().unwrap().unwrap(), b"older");
        spool.push(b"oldest").unwrap();
        assert_eq!(spool.pop().unwrap().unwrap(), b"oldest");
        assert_eq!(spool.pop().unwrap().unwrap(), b"newest");
        assert!(spool.pop().unwrap().is_none());
        drop(spool);
        assert!(!path.exists());
    }
}
