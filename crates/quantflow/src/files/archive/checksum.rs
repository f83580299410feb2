//! The file beside an archive that says its SHA-256: `<hex>  BTCUSDT-1m-2024-08-08.zip`.

use std::io;
use std::path::{Path, PathBuf};

use super::ArchiveError;

/// What is behind an archive's name in the name of its checksum file.
pub(crate) const ENDING: &str = ".CHECKSUM";
/// More than one line of one file is none.
const LONGEST: usize = 4 << 10;

/// Where an archive's checksum stands.
pub(crate) fn beside(archive: &Path) -> PathBuf {
    let mut name = archive.as_os_str().to_owned();
    name.push(ENDING);
    name.into()
}

/// The SHA-256 that a checksum file says for an archive, in lower-case hex.
///
/// # Errors
/// When it says none, or another file's.
pub(crate) fn parse(text: &[u8], archive: &Path, from: &str) -> Result<String, ArchiveError> {
    let wrong = |detail: &str| ArchiveError::NoChecksum {
        path: archive.to_owned(),
        checksum: from.to_owned(),
        detail: detail.to_owned(),
    };
    let text = std::str::from_utf8(&text[..text.len().min(LONGEST)])
        .map_err(|_| wrong("it is no text"))?;
    let mut words = text.split_ascii_whitespace();
    let hash = words.next().ok_or_else(|| wrong("it is empty"))?;
    if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong("its first word is no SHA-256"));
    }
    let name = words.next().map(|name| name.trim_start_matches('*'));
    let name = name.map(|name| name.rsplit('/').next().unwrap_or(name));
    let own = archive.file_name().and_then(|name| name.to_str());
    match name {
        Some(name) if Some(name) != own => Err(wrong(&format!("it is of {name:?}"))),
        _ => Ok(hash.to_ascii_lowercase()),
    }
}

/// What the checksum file beside an archive says; `None` where there is none.
///
/// # Errors
/// When there is one that cannot be read or says nothing of this archive.
pub(crate) fn read_beside(archive: &Path) -> Result<Option<String>, ArchiveError> {
    let path = beside(archive);
    match std::fs::read(&path) {
        Ok(text) => parse(&text, archive, &path.display().to_string()).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ArchiveError::Read { path, source }),
    }
}

/// Refuses an archive whose bytes are not those of its checksum.
///
/// # Errors
/// When the two differ.
pub(crate) fn compare(
    archive: &Path,
    found: &str,
    expected: &str,
    from: String,
) -> Result<(), ArchiveError> {
    if found == expected {
        return Ok(());
    }
    Err(ArchiveError::Checksum {
        path: archive.to_owned(),
        found: found.to_owned(),
        expected: expected.to_owned(),
        checksum: from,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_read_with_or_without_its_files_name() {
        let hash = "0123456789ABCDEF".repeat(4);
        let archive = Path::new("x/A-1m-2024-08-08.zip");
        for text in [
            format!("{hash}  A-1m-2024-08-08.zip\n"),
            format!("{hash} *A-1m-2024-08-08.zip"),
            format!("{hash}\n"),
        ] {
            let read = parse(text.as_bytes(), archive, "c").unwrap();
            assert_eq!(read, hash.to_ascii_lowercase());
        }
        for (text, words) in [
            (String::new(), "empty"),
            ("<html>".to_owned(), "no SHA-256"),
            (format!("{hash}  B-1m-2024-08-08.zip"), "is of"),
            ("g".repeat(64), "no SHA-256"),
        ] {
            let error = parse(text.as_bytes(), archive, "c").unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
        assert!(parse(&[0xff; 70], archive, "c").is_err());
    }
}
