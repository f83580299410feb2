//! [`Schedule`]: when a job runs, as it is stored.

use std::time::Duration;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// When a job runs, as it is stored; the scheduler computes the times, and refuses an expression or
/// a zone that it does not understand before a job has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Schedule {
    /// Until it is done, then no more.
    Once,
    /// Each so long, counted from 1970-01-01T00:00:00Z, so that a restart moves nothing.
    Every {
        /// How long; at least a millisecond.
        #[serde(rename = "period_ms", with = "millis")]
        period: Duration,
    },
    /// When a calendar in a time zone says so.
    Cron {
        /// Minute, hour, day of month, month, day of week.
        expression: CompactString,
        /// A name of the IANA database, such as `Europe/London`.
        zone: CompactString,
    },
}

mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        period: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(period.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
