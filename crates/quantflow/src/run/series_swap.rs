//! A new store in the place of the old one, by renaming, and what an interrupted renaming left.

use std::path::{Path, PathBuf};

use super::engines::series_dir;

/// Where the old store is until the new one stands.
pub(crate) fn old_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("series.old")
}

/// At every moment one of the two stands under its name or `old`: `recover` finds it.
pub(crate) fn swap(series: &Path, beside: &Path, old: &Path, folder: &Path) -> std::io::Result<()> {
    if series.exists() {
        std::fs::rename(series, old)?;
    }
    std::fs::rename(beside, series)?;
    // the names must outlive a crash before the old rows go
    std::fs::File::open(folder)?.sync_all()
}

/// Puts a store back that an interrupted rebuild had moved aside. Called before a folder is opened.
///
/// # Errors
/// When it cannot be renamed.
pub(crate) fn recover(data_dir: &Path) -> std::io::Result<Option<PathBuf>> {
    let (series, old) = (series_dir(data_dir), old_dir(data_dir));
    if !series.exists() && old.exists() {
        std::fs::rename(&old, &series)?;
        return Ok(Some(series));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_swap_is_undone() {
        let folder = tempfile::tempdir().unwrap();
        let old = old_dir(folder.path());
        std::fs::create_dir(&old).unwrap();
        std::fs::write(old.join("row"), b"1").unwrap();
        assert_eq!(
            recover(folder.path()).unwrap(),
            Some(series_dir(folder.path()))
        );
        assert_eq!(
            std::fs::read(series_dir(folder.path()).join("row")).unwrap(),
            b"1"
        );
        assert_eq!(recover(folder.path()).unwrap(), None);
    }
}
