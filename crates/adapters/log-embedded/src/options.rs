//! [`LogOptions`]: what can be set.

use std::time::Duration;

/// When records become durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FsyncPolicy {
    /// At most so long after a record was appended (plus the time of one `fdatasync`), all that
    /// came until then is made durable by one `fdatasync`. The median record waits half of it.
    Interval(Duration),
    /// With every block: when 256 KiB are full, or after 20 ms.
    EveryBlock,
    /// When the operating system sees fit, and when a segment closes. Records are handed to it
    /// within 20 ms: they outlive a crash of the process but not of the host, and what this log
    /// calls durable is no more than that.
    Never,
}

impl FsyncPolicy {
    /// How long a record may wait to be written.
    pub(crate) const fn flush_interval(self) -> Duration {
        match self {
            Self::Interval(interval) => interval,
            Self::EveryBlock | Self::Never => Duration::from_millis(20),
        }
    }
}

/// What can be set. The defaults suit a laptop and a server alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOptions {
    /// When records become durable. Default: every 20 ms.
    pub fsync: FsyncPolicy,
    /// A segment closes when it has so many bytes on disk. Default: 64 MiB.
    pub segment_bytes: u64,
    /// A segment closes when its records span so much receive time. Default: 1 hour.
    pub segment_age: Duration,
    /// How much of the newest records each partition keeps in memory for readers at the end of the
    /// log. Older ones are read from disk. Default: 64 MiB.
    pub memory_bytes: usize,
    /// And for how long after they were appended, however few they are: who reads at the end has
    /// them within milliseconds, and in a market that is calm `memory_bytes` would be hours.
    /// Default: 2 s.
    pub memory_age: Duration,
    /// How much each partition holds of records that are not yet written; appending waits while it
    /// is full. Default: 16 MiB.
    pub queue_bytes: usize,
    /// The level of zstd. Default: 1; higher ones cost more than they save on market data.
    pub compression_level: i32,
    /// A block is sealed when it has so many raw bytes. Default: 256 KiB.
    pub block_bytes: usize,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            fsync: FsyncPolicy::Interval(Duration::from_millis(20)),
            segment_bytes: 64 << 20,
            segment_age: Duration::from_hours(1),
            memory_bytes: 64 << 20,
            memory_age: Duration::from_secs(2),
            queue_bytes: 16 << 20,
            compression_level: 1,
            block_bytes: 256 << 10,
        }
    }
}
