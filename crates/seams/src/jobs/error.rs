//! [`JobStoreError`]: what the job database may refuse or fail with.

use compact_str::CompactString;

use super::{CursorError, JobId, Token};

/// Why an operation on jobs did nothing. After any of these nothing has changed, except that after
/// [`Unavailable`](Self::Unavailable) a change may have been made whose answer was lost: what
/// workers say may therefore be said again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobStoreError {
    /// There is none.
    #[error("there is no {what} {id}")]
    NotFound {
        /// Connector, job or run.
        what: &'static str,
        /// Which.
        id: CompactString,
    },
    /// There is one already.
    #[error("there is a {what} {id} already: change that one")]
    Exists {
        /// Connector or job.
        what: &'static str,
        /// Which.
        id: CompactString,
    },
    /// It is in no state for this.
    #[error("{what}: {why}")]
    Refused {
        /// What was wanted of it, with its name.
        what: String,
        /// Why not, and what to do.
        why: String,
    },
    /// What was asked makes no sense.
    #[error("{field}: {why}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What it should be, and what it was.
        why: String,
    },
    /// Somebody else has or had the job since: stop working on it.
    #[error("the lease {token} of job {job} is over (the newest is {newest}): stop working on it")]
    LeaseLost {
        /// Which job.
        job: JobId,
        /// The token that was shown.
        token: Token,
        /// The newest token of the job.
        newest: Token,
    },
    /// The cursor cannot move there.
    #[error("the cursor of job {job} {error}")]
    Cursor {
        /// Which job.
        job: JobId,
        /// Why.
        error: CursorError,
    },
    /// Others hold what it needs for too long: the same again may work.
    #[error("the database is busy: {0}; it is tried again")]
    Busy(String),
    /// The database does not answer: the same again may work.
    #[error("the database does not answer: {0}; it is tried again")]
    Unavailable(String),
    /// The tables were made by a newer version.
    #[error(
        "the database has schema version {found} and this program knows up to {known}: start the newer program, or restore the backup from before its first start"
    )]
    NewerSchema {
        /// The database's version.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// A row holds what no version of this program writes.
    #[error("the database holds {what} that cannot be read: {detail}")]
    Corrupt {
        /// Which row.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Anything else of the engine.
    #[error("the database failed: {0}")]
    Failed(String),
}

impl JobStoreError {
    /// Whether the same again may work.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unavailable(_))
    }

    /// No job of this id.
    pub fn no_job(id: JobId) -> Self {
        Self::NotFound {
            what: "job",
            id: compact_str::format_compact!("{id}"),
        }
    }

    /// No connector of this venue.
    pub fn no_connector(venue: &str) -> Self {
        Self::NotFound {
            what: "connector",
            id: venue.into(),
        }
    }
}
