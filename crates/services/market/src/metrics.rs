//! Names of the metrics, and what they mean: what became of everything that was received.

use metrics::{counter, describe_counter};
use quantflow_pipeline::Counts;

/// Records of the raw log that were applied. Label: `partition`.
pub const RECORDS: &str = "quantflow_pipeline_records_total";
/// What was decoded from them. Label: `partition`.
pub const EVENTS: &str = "quantflow_pipeline_events_total";
/// Trades that were let in. Label: `partition`.
pub const TRADES: &str = "quantflow_pipeline_trades_total";
/// Trades that were let in and stand out. Labels: `partition`, `mark` (`late`, `flagged`).
pub const MARKED: &str = "quantflow_pipeline_marked_trades_total";
/// What was received and not used, though nothing is wrong with it. Labels: `partition`, `why`.
pub const UNUSED: &str = "quantflow_pipeline_unused_total";
/// Candles that the venue gave again with other values. Label: `partition`.
pub const CORRECTED: &str = "quantflow_pipeline_corrected_candles_total";
/// What was refused and put into quarantine. Labels: `partition`, `rule`.
pub const QUARANTINED: &str = "quantflow_pipeline_quarantined_total";

/// Tells the recorder what each metric means.
pub fn describe() {
    describe_counter!(RECORDS, "Records of the raw log that were applied");
    describe_counter!(EVENTS, "What was decoded from records");
    describe_counter!(TRADES, "Trades that were let in");
    describe_counter!(MARKED, "Trades that were let in and stand out, by mark");
    describe_counter!(UNUSED, "What was received and rightly not used, by reason");
    describe_counter!(
        CORRECTED,
        "Candles that the venue gave again with other values"
    );
    describe_counter!(QUARANTINED, "What was refused, by cleaning rule");
}

/// Adds what a piece of the log led to.
pub(crate) fn count(partition: &str, counts: &Counts) {
    let partition = || partition.to_owned();
    counter!(RECORDS, "partition" => partition()).increment(counts.records);
    counter!(EVENTS, "partition" => partition()).increment(counts.events);
    counter!(TRADES, "partition" => partition()).increment(counts.trades);
    for (mark, count) in [("late", counts.late), ("flagged", counts.flagged)] {
        if count > 0 {
            counter!(MARKED, "partition" => partition(), "mark" => mark).increment(count);
        }
    }
    for (why, count) in [
        ("duplicate", counts.duplicates),
        ("repeated-quote", counts.repeated_quotes),
        ("repeated-row", counts.repeated_rows),
        ("aggregate-beside-trades", counts.unused_aggregates),
        ("known-in-answer", counts.known_in_answers),
        ("left-to-stream", counts.left_to_stream),
        ("not-kept", counts.not_kept),
        ("book-checksum-differs", counts.book_checksums_differ),
        ("foreign-symbol", counts.foreign_rows),
        ("book-does-not-continue", counts.unused_book_deltas),
        ("failed-request", counts.failed_requests),
    ] {
        if count > 0 {
            counter!(UNUSED, "partition" => partition(), "why" => why).increment(count);
        }
    }
    if counts.corrected_candles > 0 {
        counter!(CORRECTED, "partition" => partition()).increment(counts.corrected_candles);
    }
    for (&rule, &count) in &counts.quarantined {
        counter!(QUARANTINED, "partition" => partition(), "rule" => rule).increment(count);
    }
}
