//! [`Reviser`]: turns late trades, repairs and the venue's candles into revisions.

use std::sync::Arc;

use futures_util::TryStreamExt;
use quantflow_model::{Candle, CandleOrigin, CandleState, Symbol, TimeRange, Timeframe, Timestamp};
use quantflow_pipeline::Output;
use quantflow_seams::{CandleQuery, SeriesStore, StoreError};

use crate::day_window::DAY_WINDOW_TIMEFRAME;
use crate::hot::Shared;
use crate::partition::says_the_same;

/// Turns late trades, repairs and the venue's candles into revisions of candles that are closed:
/// the newest revision (hot or stored), merged with what came, is revision n+1.
///
/// Revisions follow from the log alone: one for each (record, candle), whatever was committed when.
#[derive(Debug)]
pub(crate) struct Reviser {
    shared: Arc<Shared>,
    store: Arc<dyn SeriesStore>,
}

impl Reviser {
    pub(crate) fn new(shared: Arc<Shared>, store: Arc<dyn SeriesStore>) -> Self {
        Self { shared, store }
    }

    /// Adds a revision for each patch and each new venue candle of `output`, and leaves them as
    /// ordinary candles in it, to be shown.
    pub(crate) async fn revise(&self, output: &mut Output) -> Result<(), StoreError> {
        for patch in std::mem::take(&mut output.patches) {
            let symbol = self.shared.lock().pipeline.symbol(patch.slot).clone();
            let (timeframe, open_time) = (patch.timeframe, patch.partial.open_time);
            let known =
                self.newest(&symbol, timeframe, open_time, CandleOrigin::Trades).await?;
            let candle = match known {
                // nothing was traded in its time as far as we knew then
                None => Candle { state: CandleState::Revised, revision: 1, ..patch.partial },
                Some(known) => {
                    let Some(merged) = known.merge(&patch.partial, patch.by_id) else {
                        return Err(StoreError::Inexact {
                            what: format!("{symbol} {timeframe} {open_time}"),
                            detail: "a sum has more than 38 digits".to_owned(),
                        });
                    };
                    Candle {
                        state: CandleState::Revised,
                        revision: known.revision + 1,
                        known: patch.partial.known,
                        ..merged
                    }
                }
            };
            self.add(&symbol, timeframe, candle);
            output.candles.push(quantflow_pipeline::ClosedCandle {
                slot: patch.slot,
                timeframe,
                candle,
            });
        }
        for closed in std::mem::take(&mut output.venue_candles) {
            let symbol = self.shared.lock().pipeline.symbol(closed.slot).clone();
            let open_time = closed.candle.open_time;
            let known =
                self.newest(&symbol, closed.timeframe, open_time, CandleOrigin::Venue).await?;
            let candle = match known {
                None => closed.candle,
                Some(known) if says_the_same(&known, &closed.candle) => continue,
                Some(known) => Candle {
                    state: CandleState::Revised,
                    revision: known.revision + 1,
                    ..closed.candle
                },
            };
            self.add(&symbol, closed.timeframe, candle);
        }
        Ok(())
    }

    fn add(&self, symbol: &Symbol, timeframe: Timeframe, candle: Candle) {
        let mut hot = self.shared.lock();
        hot.pending.rows_of(symbol).push_candle(timeframe, candle);
        if timeframe == DAY_WINDOW_TIMEFRAME {
            hot.symbol(symbol).window.insert(&candle);
        }
    }

    async fn newest(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        open_time: Timestamp,
        origin: CandleOrigin,
    ) -> Result<Option<Candle>, StoreError> {
        {
            let hot = self.shared.lock();
            let newest_first = [Some(&hot.pending), hot.committing.as_deref()];
            for pending in newest_first.into_iter().flatten() {
                let rows = pending.get(symbol);
                if let Some(candle) = rows.and_then(|r| r.newest(timeframe, open_time, origin)) {
                    return Ok(Some(*candle));
                }
            }
        }
        let query = CandleQuery {
            symbol: symbol.clone(),
            timeframe,
            origin: Some(origin),
            range: TimeRange::new(open_time, open_time.plus_nanos(1)),
            as_of: None,
            limit: Some(1),
            from_end: false,
        };
        let mut batches = self.store.candles(&query).await?;
        while let Some(batch) = batches.try_next().await? {
            if let Some(candle) = batch.get(0) {
                return Ok(Some(candle));
            }
        }
        Ok(None)
    }
}
