//! [`Reviser`]: turns late trades, repairs and the venue's candles into revisions.

use std::sync::Arc;

use futures_util::TryStreamExt;
use quantflow_model::{
    Candle, CandleOrigin, CandleState, RevisionCause, TimeRange, Timeframe, Timestamp,
};
use quantflow_pipeline::{CandlePatch, ClosedCandle, Output, SymbolSlot};
use quantflow_seams::{CandleQuery, SeriesStore, StoreError};

use crate::day_window::DAY_WINDOW_TIMEFRAME;
use crate::hot::{Hot, Shared};

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

    /// Adds the closed candles of `output`: those built here as they are, a revision for each
    /// patch, and the venue's own where they say something new. What stays in `output.candles` is
    /// what was added, to be shown.
    pub(crate) async fn add(&self, output: &mut Output) -> Result<(), StoreError> {
        let ours = |closed: &ClosedCandle| closed.candle.origin == CandleOrigin::Trades;
        if output.patches.is_empty() && output.candles.iter().all(ours) {
            // nearly always: nothing to be looked up
            if !output.candles.is_empty() {
                let mut hot = self.shared.lock();
                for closed in &output.candles {
                    put(&mut hot, closed);
                }
            }
            return Ok(());
        }
        let mut added = Vec::with_capacity(output.candles.len() + output.patches.len());
        for closed in output.candles.drain(..) {
            if ours(&closed) {
                self.push(&closed);
                added.push(closed);
            } else if let Some(candle) = self.as_news(&closed).await? {
                let closed = ClosedCandle { candle, ..closed };
                self.push(&closed);
                added.push(closed);
            }
        }
        for patch in output.patches.drain(..) {
            let closed = self.revised(&patch).await?;
            self.push(&closed);
            added.push(closed);
        }
        output.candles = added;
        Ok(())
    }

    fn push(&self, closed: &ClosedCandle) {
        put(&mut self.shared.lock(), closed);
    }

    /// The candle that a patch makes of the newest revision.
    async fn revised(&self, patch: &CandlePatch) -> Result<ClosedCandle, StoreError> {
        let CandlePatch {
            slot,
            timeframe,
            partial,
            ..
        } = *patch;
        let known = self
            .newest(slot, timeframe, partial.open_time, CandleOrigin::Trades)
            .await?;
        let candle = match known {
            // nothing was traded in its time as far as we knew
            None => Candle {
                state: CandleState::Closed,
                revision: 0,
                ..partial
            },
            Some(known) => {
                let by_id = self.shared.lock().pipeline.orders_by_id();
                let merged = known
                    .merge(&partial, by_id)
                    .ok_or_else(|| StoreError::Inexact {
                        what: format!("the {timeframe} candle of {}", partial.open_time),
                        detail: "a sum has more than 38 digits".to_owned(),
                    })?;
                Candle {
                    state: partial.state,
                    revision: known.revision + 1,
                    known: partial.known,
                    ..merged
                }
            }
        };
        Ok(ClosedCandle {
            slot,
            timeframe,
            candle,
        })
    }

    /// The venue's candle as its next revision; `None` when it says what is known.
    async fn as_news(&self, closed: &ClosedCandle) -> Result<Option<Candle>, StoreError> {
        let (candle, origin) = (closed.candle, CandleOrigin::Venue);
        let known = self
            .newest(closed.slot, closed.timeframe, candle.open_time, origin)
            .await?;
        Ok(match known {
            None => Some(candle),
            Some(known) if says_the_same(&known, &candle) => None,
            Some(known) => Some(Candle {
                state: CandleState::Revised(RevisionCause::Venue),
                revision: known.revision + 1,
                ..candle
            }),
        })
    }

    async fn newest(
        &self,
        slot: SymbolSlot,
        timeframe: Timeframe,
        open_time: Timestamp,
        origin: CandleOrigin,
    ) -> Result<Option<Candle>, StoreError> {
        let symbol = {
            let hot = self.shared.lock();
            let newest_first = [Some(&hot.pending), hot.committing.as_deref()];
            for pending in newest_first.into_iter().flatten() {
                let rows = pending.get(slot);
                if let Some(candle) = rows.and_then(|r| r.newest(timeframe, open_time, origin)) {
                    return Ok(Some(*candle));
                }
            }
            let Some(symbol) = hot.pipeline.symbol(slot) else {
                return Ok(None);
            };
            symbol.clone()
        };
        let query = CandleQuery {
            symbol,
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

fn put(hot: &mut Hot, closed: &ClosedCandle) {
    hot.pending
        .rows_of(closed.slot)
        .push_candle(closed.timeframe, &closed.candle);
    if closed.timeframe == DAY_WINDOW_TIMEFRAME {
        hot.symbol(closed.slot).window.insert(&closed.candle);
    }
}

/// Whether two candles say the same, whenever they became known.
fn says_the_same(a: &Candle, b: &Candle) -> bool {
    let bare = |candle: &Candle| Candle {
        revision: 0,
        known: Timestamp::EPOCH,
        state: CandleState::Closed,
        ..*candle
    };
    bare(a) == bare(b)
}
