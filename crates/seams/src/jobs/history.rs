//! What was: [`Run`]s, [`OperationalEvent`]s, and the [audit](AuditEntry).

use compact_str::CompactString;
use quantflow_model::{Timestamp, VenueId};
use serde::{Deserialize, Serialize};

use super::{Cursor, JobId, Rows, RunId, Token, WorkerId};

/// A word of a column that is none of its words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is no {what}: {known}")]
pub struct UnknownWord {
    /// Which kind of word was wanted.
    pub what: &'static str,
    /// What was there.
    pub word: String,
    /// What there is.
    pub known: String,
}

/// An enum whose variants are words of columns and of the API.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::jobs::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err($crate::jobs::UnknownWord {
                        what: $what,
                        word: word.chars().take(64).collect(),
                        known: [$($word),*].join(", "),
                    }),
                }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What kind of failure ended a run: says whether trying again can help.
    FailureClass: "failure class" {
        /// The venue could not be reached, or did not answer in time.
        Network = "network",
        /// The venue had a fault of its own (5xx).
        Venue = "venue",
        /// The venue says that too much was asked.
        Limited = "limited",
        /// The request budget had no room soon enough.
        Budget = "budget",
        /// The venue refuses this, and would again.
        Refused = "refused",
        /// The answer is nothing that its codec understands.
        Undecodable = "undecodable",
        /// The raw log takes no records.
        Log = "log",
        /// The job is not what this program can run.
        Invalid = "invalid",
        /// The work panicked, or its workers died again and again.
        Crashed = "crashed",
    }
}

/// What a run failed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunError {
    /// What kind.
    pub class: FailureClass,
    /// In words.
    pub text: String,
}

words! {
    /// How a run ended.
    RunOutcome: "run outcome" {
        /// It did what it should.
        Succeeded = "succeeded",
        /// It failed.
        Failed = "failed",
        /// Its worker gave it back, being shut down.
        Released = "released",
        /// Its worker did not renew the lease: it died, or was cut off.
        Lost = "lost",
        /// An operator paused the job.
        Cancelled = "cancelled",
    }
}

/// One time that a worker worked on a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// Which job; it may be gone.
    pub job: JobId,
    /// Whose venue.
    pub venue: VenueId,
    /// Who worked.
    pub worker: WorkerId,
    /// Under which token.
    pub token: Token,
    /// The how-manieth try it was since the last success, from 1.
    pub attempt: u32,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` while it is under way.
    pub ended: Option<Timestamp>,
    /// How.
    pub outcome: Option<RunOutcome>,
    /// How many rows it brought.
    pub rows: Rows,
    /// What it failed with.
    pub error: Option<RunError>,
    /// Where the cursor stood before.
    pub cursor_before: Option<Cursor>,
    /// Where the cursor stands now, or stood at its end.
    pub cursor_after: Option<Cursor>,
}

/// Which runs; `None` is any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunFilter {
    /// Of this job.
    pub job: Option<JobId>,
    /// That ended so.
    pub outcome: Option<RunOutcome>,
    /// Only those that are under way.
    pub open: bool,
}

impl RunFilter {
    /// Whether a run is among them.
    pub fn holds(&self, run: &Run) -> bool {
        self.job.is_none_or(|job| job == run.job)
            && self
                .outcome
                .is_none_or(|outcome| Some(outcome) == run.outcome)
            && !(self.open && run.ended.is_some())
    }
}

words! {
    /// How bad an operational event is.
    Severity: "severity" {
        /// Worth knowing.
        Info = "info",
        /// It mends itself, and should not happen often.
        Warning = "warning",
        /// Somebody must do something.
        Error = "error",
    }
}

/// Something that operators should hear of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationalEvent {
    /// Its number, ascending.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// How bad.
    pub severity: Severity,
    /// What, in one stable word: `job_failed`, `lease_lost`.
    pub what: CompactString,
    /// Whose venue.
    pub venue: Option<VenueId>,
    /// Which job.
    pub job: Option<JobId>,
    /// In words.
    pub text: String,
}

/// An event to be noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// When.
    pub at: Timestamp,
    /// How bad.
    pub severity: Severity,
    /// What, in one stable word.
    pub what: CompactString,
    /// Whose venue.
    pub venue: Option<VenueId>,
    /// Which job.
    pub job: Option<JobId>,
    /// In words.
    pub text: String,
}

/// Who makes a change, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who: a user's name, or the part of the program.
    pub who: CompactString,
    /// When.
    pub at: Timestamp,
}

words! {
    /// What was changed.
    Subject: "subject" {
        /// A connector; its key is the venue.
        Connector = "connector",
        /// A job; its key is the number.
        Job = "job",
    }
}

words! {
    /// How it was changed.
    AuditAction: "action" {
        /// Made.
        Create = "create",
        /// Changed.
        Update = "update",
        /// Removed.
        Delete = "delete",
        /// Paused.
        Pause = "pause",
        /// Resumed.
        Resume = "resume",
        /// Made due now.
        RunNow = "run_now",
        /// A range asked for, the first time or again.
        Backfill = "backfill",
        /// The cursor set by hand.
        Rewind = "rewind",
    }
}

/// One change by an operator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number, ascending.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: CompactString,
    /// How.
    pub action: AuditAction,
    /// What.
    pub subject: Subject,
    /// Which.
    pub key: CompactString,
    /// As it was; nothing when it was made.
    pub before: Option<serde_json::Value>,
    /// As it is; nothing when it was removed.
    pub after: Option<serde_json::Value>,
}

/// Which changes; `None` is any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Of this kind of thing.
    pub subject: Option<Subject>,
    /// Of this one.
    pub key: Option<CompactString>,
}

impl AuditFilter {
    /// Whether an entry is among them.
    pub fn holds(&self, entry: &AuditEntry) -> bool {
        self.subject.is_none_or(|subject| subject == entry.subject)
            && self.key.as_ref().is_none_or(|key| *key == entry.key)
    }
}

/// A page of a list: what follows, in the list's order, after the row with this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The last number of the page before; `None`: from the beginning.
    pub past: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

impl Page {
    /// The first so many.
    pub const fn first(limit: u32) -> Self {
        Self { past: None, limit }
    }
}
