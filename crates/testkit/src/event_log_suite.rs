//! What every [`EventLog`] owes, one case a function; [`event_log_suite!`](crate::event_log_suite!)
//! makes a test of each for an engine.

mod build;
mod records;
mod segments;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quantflow_seams::EventLog;

pub use build::{chunk, noise, partition, read_to_end};
pub use records::*;
pub use segments::*;

/// Opens an engine for a case. Each harness is one log, empty at first.
///
/// Its segments close at 64 KiB of noise or less (a case appends ten times that), and it takes no
/// more than 1 MiB of records that are not written yet, where an engine has such limits.
#[async_trait]
pub trait Harness: Debug + Send + Sync {
    /// Opens the log; again, after it was closed.
    async fn open(&self) -> Arc<dyn EventLog>;
}

/// Makes a module of tests, one a case: `event_log_suite!(memory, Memory::new());`. The expression
/// gives a [`Harness`].
#[macro_export]
macro_rules! event_log_suite {
    ($engine:ident, $harness:expr) => {
        $crate::event_log_suite!(@cases $engine, $harness,
            a_new_log_is_empty,
            records_come_back_as_they_went_in,
            places_follow_one_another,
            an_empty_chunk_changes_nothing,
            a_reader_at_the_end_waits,
            a_reader_may_come_before_the_partition,
            a_read_can_be_given_up,
            reading_begins_anywhere,
            many_readers_see_the_same,
            partitions_are_apart,
            appenders_do_not_mix_their_chunks,
            what_is_durable_grows_up_to_the_end,
            more_than_the_buffer_holds_is_taken,
            a_large_record_is_taken,
            closed_segments_are_whole_and_follow_one_another,
            removed_segments_are_expired,
            a_reader_goes_through_all_segments,
            an_unknown_segment_is_refused,
            a_closed_log_takes_nothing,
            closing_wakes_who_waits,
            a_log_opened_again_goes_on,
            what_was_removed_stays_removed,
        );
    };
    (@cases $engine:ident, $harness:expr, $($case:ident,)*) => {
        mod $engine {
            use super::*;
            $(
                #[tokio::test]
                async fn $case() {
                    let harness = $harness;
                    $crate::event_log_suite::within_a_minute(
                        $crate::event_log_suite::$case(&harness)
                    ).await;
                }
            )*
        }
    };
}

/// Fails instead of waiting for ever.
///
/// # Panics
/// When the case takes longer than a minute.
pub async fn within_a_minute(case: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_mins(1), case)
        .await
        .expect("a case ends within a minute");
}
