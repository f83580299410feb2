//! How failures of files, SQLite and Parquet become [`StoreError`]s.

use std::path::Path;

use quantflow_seams::StoreError;

/// A failure of a file or folder.
pub(crate) fn of_file(path: &Path, error: &std::io::Error) -> StoreError {
    let place = path.display().to_string();
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            StoreError::Full { place }
        }
        _ => StoreError::Failed {
            place,
            detail: error.to_string(),
        },
    }
}

/// A failure of the catalogue.
pub(crate) fn of_catalogue(path: &Path, error: &rusqlite::Error) -> StoreError {
    let place = path.display().to_string();
    // the index of its log is a file in shared memory, which could not grow: only a full disk does that
    if let rusqlite::Error::SqliteFailure(failure, _) = error
        && failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
    {
        return StoreError::Full { place };
    }
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => StoreError::Full { place },
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            StoreError::Corrupt {
                file: place,
                detail: error.to_string(),
            }
        }
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            StoreError::Locked { place }
        }
        _ => StoreError::Failed {
            place,
            detail: error.to_string(),
        },
    }
}

/// A failure to write Parquet: most often the disk's.
pub(crate) fn of_writing(path: &Path, error: &parquet::errors::ParquetError) -> StoreError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return of_file(path, io);
        }
        cause = inner.source();
    }
    StoreError::Failed {
        place: path.display().to_string(),
        detail: error.to_string(),
    }
}

/// Bytes that are not what was written.
pub(crate) fn damaged(file: &str, detail: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt {
        file: file.to_owned(),
        detail: detail.to_string(),
    }
}
