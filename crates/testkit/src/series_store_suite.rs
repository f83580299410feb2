//! What every [`SeriesStore`] owes: one function a case, run by every engine and by
//! [`MemoryStore`](crate::memory_store::MemoryStore) through [`series_store_suite!`].
//!
//! [`series_store_suite!`]: crate::series_store_suite!

mod build;
mod candles;
mod history;
mod records;
mod trades;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use quantflow_model::{Candle, Symbol, TimeRange, Trade};
use quantflow_seams::{CandleQuery, SeriesStore, TradeQuery};

pub use build::{candle, candles_of, later, partition, symbol, time, trade, trades_of};
pub use candles::*;
pub use history::{Op, ops, same_history};
pub use records::*;
pub use trades::*;

/// How a store is opened for the suite.
#[async_trait]
pub trait StoreFixture: Send + Sync {
    /// Opens the store: the first time an empty one, then, after it was dropped, what was in it.
    async fn open(&self) -> Arc<dyn SeriesStore>;
}

/// Stamps a test for each case of the suite. The fixture is an expression that gives a new
/// [`StoreFixture`](crate::series_store_suite::StoreFixture).
#[macro_export]
macro_rules! series_store_suite {
    ($name:ident, $fixture:expr) => {
        $crate::series_store_suite!(@cases $name, $fixture,
            an_empty_store_answers_nothing
            commits_continue_one_another
            a_refused_commit_leaves_nothing
            state_is_kept_by_key
            trades_are_ordered_by_time_and_id
            a_range_has_its_start_and_not_its_end
            limits_keep_the_asked_end
            every_number_comes_back_exactly
            numbers_that_do_not_fit_together_are_kept_apart
            a_thousand_symbols_stay_apart
            the_newest_revision_wins
            a_query_as_of_a_time_sees_what_was_known
            ours_before_the_venues
            candle_limits_keep_the_asked_end
            what_a_candle_lacks_stays_absent
            every_timeframe_is_apart
            ledger_tallies_and_quarantine
            sources_name_the_log
            a_cleared_partition_can_be_built_again
            retention_removes_whole_days
            series_are_listed
            a_restart_changes_nothing
            housekeeping_changes_nothing
        );
    };
    (@cases $name:ident, $fixture:expr, $($case:ident)*) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[tokio::test]
                async fn $case() {
                    $crate::series_store_suite::$case(&$fixture).await;
                }
            )*
        }
    };
}

/// Trades of a query, all of them.
pub async fn read_trades(store: &dyn SeriesStore, query: &TradeQuery) -> Vec<Trade> {
    let batches: Vec<_> = store
        .trades(query)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    batches
        .iter()
        .flat_map(quantflow_model::TradeBatch::iter)
        .collect()
}

/// Candles of a query, all of them.
pub async fn read_candles(store: &dyn SeriesStore, query: &CandleQuery) -> Vec<Candle> {
    let batches: Vec<_> = store
        .candles(query)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    batches
        .iter()
        .flat_map(quantflow_model::CandleBatch::iter)
        .collect()
}

/// Everything of a symbol, oldest first.
pub fn all_trades(symbol: &Symbol) -> TradeQuery {
    TradeQuery {
        symbol: symbol.clone(),
        range: TimeRange::ALL,
        newest_first: false,
        limit: None,
    }
}

/// Every candle of a series, as known now.
pub fn all_candles(symbol: &Symbol, timeframe: quantflow_model::Timeframe) -> CandleQuery {
    CandleQuery {
        symbol: symbol.clone(),
        timeframe,
        origin: None,
        range: TimeRange::ALL,
        as_of: None,
        limit: None,
        from_end: false,
    }
}

/// Does housekeeping until there is none left.
pub async fn maintain_all(store: &dyn SeriesStore) {
    for _ in 0..10_000 {
        if !store.maintain().await.unwrap().more {
            return;
        }
    }
    panic!("housekeeping does not come to an end");
}
