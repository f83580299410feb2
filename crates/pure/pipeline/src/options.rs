//! [`PipelineOptions`]: what decides, beside the records, what comes out.

use serde::{Deserialize, Serialize};

const SECOND: i64 = 1_000_000_000;

/// What decides, beside the records, what comes out. Part of the state: a pipeline that is restored
/// with other options says so, for its output would not be that of the records alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineOptions {
    /// A candle closes when the venue's clock is this far past its end, in nanoseconds.
    pub close_grace_ns: i64,
    /// A missing trade may still come by itself for so long before it is asked for.
    pub reorder_allowance_ns: i64,
    /// A repair that brought nothing is asked for again after so long.
    pub repair_retry_ns: i64,
    /// Holes so close together that one request spans them are asked for as one.
    pub repair_page: u32,
    /// An answer that ends before the missing trades proves that they do not exist once the hole is
    /// this old: before, the venue's REST side may only be behind its stream. (One that has a later
    /// trade proves it at once.)
    pub absent_after_ns: i64,
    /// A trade this far before the one that it follows is refused.
    pub max_behind_ns: i64,
    /// A trade this far ahead of the venue's clock is refused.
    pub max_ahead_ns: i64,
    /// Ids may jump by so many at any time…
    pub id_jump_base: u64,
    /// …and by so many more for each second since the last trade; beyond, a jump is rubbish.
    pub id_jump_per_second: u64,
    /// Half the width of the band of usual prices, in robust standard deviations.
    pub band_deviations: u32,
    /// The band is at least so wide to each side, in thousandths of the median.
    pub band_floor_permille: u32,
    /// The band says nothing once its newest price is this old.
    pub band_max_age_ns: i64,
    /// Where order is by time and id: how many of the last ids are remembered to know one again.
    pub dedupe_window: usize,
    /// How many closed candles of a timeframe wait to be compared with the venue's.
    pub reconcile_window: usize,
    /// The most bytes of frames that one record may put into quarantine.
    pub quarantine_bytes_per_record: usize,
}

impl Default for PipelineOptions {
    fn default() -> Self {
        Self {
            close_grace_ns: 2 * SECOND,
            reorder_allowance_ns: SECOND / 4,
            repair_retry_ns: 10 * SECOND,
            repair_page: 1_000,
            absent_after_ns: 60 * SECOND,
            max_behind_ns: 600 * SECOND,
            max_ahead_ns: 60 * SECOND,
            id_jump_base: 1_000_000,
            id_jump_per_second: 100_000,
            band_deviations: 20,
            band_floor_permille: 30,
            band_max_age_ns: 900 * SECOND,
            dedupe_window: 1_024,
            reconcile_window: 16,
            quarantine_bytes_per_record: 1 << 20,
        }
    }
}
