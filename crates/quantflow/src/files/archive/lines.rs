//! The lines of an archive's CSV, as they stand.

use std::io::{BufReader, Read};
use std::path::Path;

use super::ArchiveError;
use crate::files::{FileError, Lines, Skipped};

/// The lines behind the header, if there is one.
#[derive(Debug)]
pub(crate) struct ArchiveLines {
    lines: Lines,
    line: Vec<u8>,
}

impl ArchiveLines {
    pub(super) fn new(
        path: &Path,
        text: BufReader<impl Read + Send + 'static>,
        header: bool,
    ) -> Result<Self, ArchiveError> {
        let mut lines = Lines::new(path, Box::new(text));
        let mut line = Vec::new();
        if header {
            lines.next(&mut line).map_err(|error| of(path, error))?;
            lines.was_no_row();
        }
        Ok(Self { lines, line })
    }

    pub(crate) fn next_lines(
        &mut self,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<usize, FileError> {
        let mut count = 0;
        while count < most && self.lines.next(&mut self.line)? {
            into.extend_from_slice(&self.line);
            into.push(b'\n');
            count += 1;
        }
        Ok(count)
    }

    pub(crate) fn skipped(&self) -> &Skipped {
        &self.lines.skipped
    }
}

/// What is wrong with an archive whose text cannot be read.
pub(super) fn of(path: &Path, error: FileError) -> ArchiveError {
    let path = path.to_owned();
    match error {
        FileError::Read { source, .. }
            if source.kind() == std::io::ErrorKind::InvalidData
                || source.kind() == std::io::ErrorKind::InvalidInput
                || source.kind() == std::io::ErrorKind::UnexpectedEof =>
        {
            ArchiveError::Damaged {
                path,
                detail: source.to_string(),
            }
        }
        FileError::Read { source, .. } => ArchiveError::Read { path, source },
        other => ArchiveError::Damaged {
            path,
            detail: other.to_string(),
        },
    }
}
