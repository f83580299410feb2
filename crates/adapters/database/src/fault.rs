//! The engines' errors in the seam's words: what the caller can do about it.

use quantflow_seams::jobs::JobStoreError;
use sqlx::error::DatabaseError;

/// What an error of either engine means.
pub(crate) fn told(error: sqlx::Error) -> JobStoreError {
    match error {
        sqlx::Error::Database(error) => of_engine(error.as_ref()),
        sqlx::Error::PoolTimedOut => JobStoreError::Unavailable(
            "no connection became free in time (all are in use, or it cannot be reached)".into(),
        ),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => JobStoreError::Unavailable(error.to_string()),
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::Decode(_) => JobStoreError::Corrupt {
            what: "a row".into(),
            detail: error.to_string(),
        },
        other => JobStoreError::Failed(other.to_string()),
    }
}

fn of_engine(error: &dyn DatabaseError) -> JobStoreError {
    let code = error.code().unwrap_or_default();
    let text = error.message().to_owned();
    if error
        .try_downcast_ref::<sqlx::sqlite::SqliteError>()
        .is_some()
    {
        return of_sqlite(code.parse().unwrap_or(1), text);
    }
    of_postgres(&code, text)
}

/// By the primary result code, the low byte of the extended one.
fn of_sqlite(code: i32, text: String) -> JobStoreError {
    match code & 0xff {
        // busy, locked
        5 | 6 => JobStoreError::Busy(text),
        // input or output, no room
        10 | 13 => JobStoreError::Unavailable(text),
        // damaged, no database
        11 | 26 => JobStoreError::Corrupt {
            what: "a file".into(),
            detail: text,
        },
        _ => JobStoreError::Failed(text),
    }
}

/// By SQLSTATE.
fn of_postgres(code: &str, text: String) -> JobStoreError {
    match code {
        // serialization failure, deadlock, lock timeout, statement timeout
        "40001" | "40P01" | "55P03" | "57014" => JobStoreError::Busy(text),
        // shut down, crashed, starting; too many connections; stalled in a transaction; read-only
        // (a standby, after a failover)
        "57P01" | "57P02" | "57P03" | "57P05" | "53300" | "25P03" | "25006" => {
            JobStoreError::Unavailable(text)
        }
        // connection exceptions; no disk, no memory
        _ if code.starts_with("08") || code.starts_with("53") => JobStoreError::Unavailable(text),
        _ => JobStoreError::Failed(format!("{text} ({code})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_work_again_is_transient() {
        let text = String::new;
        for code in [5, 6, 261, 517, 13, 10, 778] {
            assert!(of_sqlite(code, text()).is_transient(), "{code}");
        }
        for code in [1, 8, 11, 19, 26, 2067] {
            assert!(!of_sqlite(code, text()).is_transient(), "{code}");
        }
        for code in [
            "40001", "40P01", "55P03", "57P01", "08006", "53300", "25P03",
        ] {
            assert!(of_postgres(code, text()).is_transient(), "{code}");
        }
        for code in ["23505", "42601", "28P01", "3D000", ""] {
            assert!(!of_postgres(code, text()).is_transient(), "{code}");
        }
    }
}
