//! [`IngestConfig`]: what is ingested of one venue, and [`Policy`]: how stubbornly.

use std::time::Duration;

use compact_str::CompactString;
use quantflow_wire::{PartitionId, Subscription};

/// What is ingested of one venue.
#[derive(Debug, Clone)]
pub struct IngestConfig {
    /// Where its REST API is: scheme and host, perhaps a path.
    pub rest_url: CompactString,
    /// Where its WebSocket API is.
    pub ws_url: CompactString,
    /// Which streams.
    pub subscriptions: Vec<Subscription>,
    /// The partition of the raw log that takes all of it.
    pub partition: PartitionId,
    /// How stubbornly.
    pub policy: Policy,
    /// Where the jitter begins, so that a run can be repeated.
    pub seed: u64,
}

/// How stubborn, how fast and how large. The defaults suit public market data.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Tries to connect are apart by a random part of this, doubled with each failure …
    pub reconnect_base: Duration,
    /// … up to this.
    pub reconnect_cap: Duration,
    /// A connection that lived so long and brought messages was a success: counting begins anew.
    pub healthy_after: Duration,
    /// As `reconnect_base`, for requests.
    pub retry_base: Duration,
    /// As `reconnect_cap`, for requests.
    pub retry_cap: Duration,
    /// How often a request that somebody waits for is tried.
    pub interactive_attempts: u32,
    /// How often a repair is tried before it goes to the end of the queue.
    pub repair_attempts: u32,
    /// How often it goes to the end of the queue before it is given up.
    pub repair_turns: u32,
    /// How long somebody who waits for an answer waits for the budget.
    pub interactive_patience: Duration,
    /// How long everything else waits for it.
    pub patience: Duration,
    /// How long to stay away after a 429 or 418 that does not say.
    pub default_ban: Duration,
    /// Messages at hand go into the log together up to so many bytes …
    pub batch_bytes: usize,
    /// … or up to this age of the first.
    pub batch_age: Duration,
    /// When a connection is renewed, the new one has brought messages for so long before the old
    /// one is closed …
    pub overlap: Duration,
    /// … or was open for so long without one.
    pub overlap_cap: Duration,
    /// How often a log that refused is tried again.
    pub log_retry: Duration,
    /// How often the clock is recorded.
    pub tick: Duration,
    /// How often instruments and the venue's clock are asked for again.
    pub refresh: Duration,
    /// How many repairs are under way at once.
    pub repair_workers: usize,
    /// How many repairs may wait; more are refused.
    pub repair_queue: usize,
    /// Levels a side of a book's snapshot.
    pub book_levels: u32,
    /// Pages of one request for history, at the most.
    pub history_pages: u32,
    /// How long a shutdown may take.
    pub shutdown: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            reconnect_base: Duration::from_millis(500),
            reconnect_cap: Duration::from_secs(10),
            healthy_after: Duration::from_secs(10),
            retry_base: Duration::from_millis(250),
            retry_cap: Duration::from_secs(10),
            interactive_attempts: 3,
            repair_attempts: 8,
            repair_turns: 20,
            interactive_patience: Duration::from_secs(10),
            patience: Duration::from_mins(10),
            default_ban: Duration::from_mins(1),
            batch_bytes: 64 << 10,
            batch_age: Duration::from_millis(1),
            overlap: Duration::from_secs(2),
            overlap_cap: Duration::from_secs(15),
            log_retry: Duration::from_secs(1),
            tick: Duration::from_secs(1),
            refresh: Duration::from_hours(6),
            repair_workers: 2,
            repair_queue: 4096,
            book_levels: 1000,
            history_pages: 100,
            shutdown: Duration::from_secs(5),
        }
    }
}
