//! Pages of candles: ours and the venue's, stored and hot, put together.

use futures_util::TryStreamExt;
use quantflow_model::{Candle, CandleOrigin, CandleState, Symbol, TimeRange, Timeframe, Timestamp};
use quantflow_seams::CandleQuery;

use super::Market;
use crate::candles::{best, compose, is_complete};
use crate::completeness::Completeness;
use crate::gaps::{fill, gaps};
use crate::queries::QueryError;
use crate::view::{CandlePage, CandleRequest, CandleView};

/// What is hot of one symbol and timeframe, copied out under the lock.
struct HotCandles {
    candles: Vec<Candle>,
    open: Option<Candle>,
    known: bool,
}

/// A part of a span that is read at once.
struct Part {
    range: TimeRange,
    limit: usize,
    from_end: bool,
}

impl Part {
    /// Cuts the part to where a source stopped because it had given as many as it may.
    fn cut(&mut self, rows: &[Candle]) {
        if rows.len() < self.limit {
            return;
        }
        let opens = rows.iter().map(|candle| candle.open_time);
        if self.from_end {
            let first = opens.min().unwrap_or(self.range.start);
            self.range.start = self.range.start.max(first);
        } else {
            let last = opens.max().unwrap_or(self.range.end);
            self.range.end = self.range.end.min(last.plus_nanos(1));
        }
    }
}

/// A question whether there are candles of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandleProbe {
    /// Whose.
    pub symbol: Symbol,
    /// How long.
    pub timeframe: Timeframe,
}

impl Market {
    /// A page of candles, with those that are not whole put together from their children.
    pub(super) async fn candle_page(
        &self,
        request: &CandleRequest,
    ) -> Result<CandlePage, QueryError> {
        let from_end = request.range.start == Timestamp::MIN;
        // one more than asked for tells whether there is a next page
        let wanted = if from_end {
            request.limit
        } else {
            request.limit + 1
        };
        let (mut candles, known) = self.read(request, request.range, wanted, from_end).await?;
        if candles.is_empty() {
            self.require_known(&request.symbol, known).await?;
        }
        let mut absent = Vec::new();
        if request.as_of.is_none() {
            self.improve(request, &mut candles).await?;
            absent = self.absent(request, &candles).await?;
        }
        let mut next = None;
        if candles.len() > request.limit {
            next = candles.get(request.limit).map(|view| view.candle.open_time);
            candles.truncate(request.limit);
        }
        if request.fill {
            // at a moment of the past nothing had happened after it
            let now = self.clock.now();
            let now = request.as_of.map_or(now, |as_of| as_of.min(now));
            let end = next.unwrap_or_else(|| request.range.end.min(now));
            let ledger = self.ledger_of(request).await?;
            let last = candles.last().map(|view| view.candle.open_time);
            // what came after a moment of the past was not known then
            let unheard = last.filter(|_| request.as_of.is_some());
            let is_known_empty = |span: TimeRange| {
                unheard.is_none_or(|last| span.start <= last)
                    && (ledger.is_complete(span) || self.has_given(request, span))
            };
            let timeframe = request.timeframe;
            let filled = fill(candles, timeframe, end, wanted, from_end, is_known_empty);
            next = (filled.len() > request.limit)
                .then(|| filled[request.limit].candle.open_time)
                .or(next);
            candles = filled;
            candles.truncate(request.limit);
        }
        Ok(CandlePage {
            candles,
            next,
            absent,
        })
    }

    /// Spans without candles of which nobody knows whether anything was traded in them.
    async fn absent(
        &self,
        request: &CandleRequest,
        candles: &[CandleView],
    ) -> Result<Vec<TimeRange>, QueryError> {
        let spans = gaps(request, candles, self.clock.now());
        if spans.is_empty() {
            return Ok(spans);
        }
        let ledger = self.ledger_of(request).await?;
        let mut absent = Vec::new();
        for span in spans {
            let explained = ledger.is_complete(span) || self.has_given(request, span);
            let follows = candles
                .iter()
                .any(|view| view.candle.open_time < span.start);
            // where nothing before it is held, it may have been, and was not kept for so long
            if !explained || !(follows || self.holds_before(request, span.start).await?) {
                absent.push(span);
            }
        }
        Ok(absent)
    }

    /// Whether the venue, or a file, gave candles that leave nothing of a span out.
    fn has_given(&self, request: &CandleRequest, span: TimeRange) -> bool {
        // what was given by a moment of the past is not kept
        let shared = self.shared(&request.symbol);
        let Some(shared) = shared.filter(|_| request.as_of.is_none()) else {
            return false;
        };
        let hot = shared.lock();
        let slot = hot.pipeline.slot(&request.symbol);
        slot.is_some_and(|slot| hot.pipeline.has_given(slot, request.timeframe, span))
    }

    async fn holds_before(
        &self,
        request: &CandleRequest,
        moment: Timestamp,
    ) -> Result<bool, QueryError> {
        let range = TimeRange::new(Timestamp::MIN, moment);
        let (held, _) = self.read(request, range, 1, true).await?;
        Ok(!held.is_empty())
    }

    /// The candles of a span, ascending, at most `limit` of one end; the open one too, unless the
    /// past is asked for.
    pub(super) async fn read(
        &self,
        request: &CandleRequest,
        range: TimeRange,
        limit: usize,
        from_end: bool,
    ) -> Result<(Vec<CandleView>, bool), QueryError> {
        let timeframe = request.timeframe;
        let hot = self.hot_candles(&request.symbol, timeframe, range);
        let ledger = self.ledger_of(request).await?;
        let mut candles: Vec<CandleView> = Vec::new();
        let mut left = range;
        // some of what is read is not told, and then the next part is read
        while candles.len() < limit && !left.is_empty() {
            let mut part = Part {
                range: left,
                limit,
                from_end,
            };
            let mut read = self.read_part(request, &mut part, &hot, &ledger).await?;
            if from_end {
                read.append(&mut candles);
                candles = read;
                left.end = part.range.start;
            } else {
                candles.append(&mut read);
                left.start = part.range.end;
            }
        }
        if let (Some(open), None) = (hot.open, request.as_of) {
            let span = TimeRange::new(open.open_time, timeframe.end_of(open.open_time));
            candles.retain(|view| view.candle.open_time < open.open_time);
            candles.push(CandleView {
                candle: open,
                complete: ledger.is_complete(span),
                filled: false,
            });
        }
        if candles.len() > limit {
            let cut = candles.len() - limit;
            if from_end {
                candles.drain(..cut);
            } else {
                candles.truncate(limit);
            }
        }
        Ok((candles, hot.known))
    }

    /// The best candles of a part of a span, ascending. The part is cut to what was read: past the
    /// last row that the store may give there is more.
    async fn read_part(
        &self,
        request: &CandleRequest,
        part: &mut Part,
        hot: &HotCandles,
        ledger: &Completeness,
    ) -> Result<Vec<CandleView>, QueryError> {
        let timeframe = request.timeframe;
        // of each candle one row, ours where there are both: asked for by origin, the store would look
        // through all its history for rows of the other
        let mut query = CandleQuery {
            symbol: request.symbol.clone(),
            timeframe,
            origin: None,
            range: part.range,
            as_of: request.as_of,
            limit: Some(part.limit),
            from_end: part.from_end,
        };
        let mut rows = self.stored_candles(&query).await?;
        part.cut(&rows);
        let known_then = |candle: &Candle| request.as_of.is_none_or(|t| candle.known <= t);
        let hot = hot.candles.iter().copied().filter(known_then);
        rows.extend(hot);
        rows.retain(|candle| part.range.contains(candle.open_time));
        let is_lacking = |candle: &Candle| {
            candle.origin == CandleOrigin::Trades && !is_complete(candle, timeframe, ledger)
        };
        if rows.iter().any(is_lacking) {
            query.origin = Some(CandleOrigin::Venue);
            query.range = part.range;
            query.limit = None;
            rows.extend(self.stored_candles(&query).await?);
        }
        Ok(best(rows, timeframe, ledger))
    }

    /// Puts together what is not whole from its children: a candle whose beginning we did not see,
    /// while its venue's own candle is not closed yet.
    async fn improve(
        &self,
        request: &CandleRequest,
        candles: &mut [CandleView],
    ) -> Result<(), QueryError> {
        /// At the edges of what we have there are one or two; more means a long hole, which
        /// composing cannot mend.
        const MOST: usize = 3;
        let incomplete: Vec<usize> = (0..candles.len())
            .filter(|&i| !candles[i].complete)
            .rev()
            .take(MOST)
            .collect();
        for index in incomplete {
            let open_time = candles[index].candle.open_time;
            if let Some(better) = Box::pin(self.composed(request, open_time)).await?
                && (better.complete
                    || better.candle.trades.unwrap_or(0)
                        > candles[index].candle.trades.unwrap_or(0))
            {
                let state = candles[index].candle.state;
                candles[index] = CandleView {
                    candle: Candle {
                        state,
                        ..better.candle
                    },
                    ..better
                };
            }
        }
        Ok(())
    }

    async fn composed(
        &self,
        request: &CandleRequest,
        open_time: Timestamp,
    ) -> Result<Option<CandleView>, QueryError> {
        let Some(base) = request
            .timeframe
            .base()
            .filter(|base| *base >= Timeframe::M1)
        else {
            return Ok(None);
        };
        let range = TimeRange::new(open_time, request.timeframe.end_of(open_time));
        let children = CandleRequest {
            timeframe: base,
            range,
            limit: 64,
            fill: false,
            ..request.clone()
        };
        let (mut parts, _) = self.read(&children, range, 64, false).await?;
        self.improve(&children, &mut parts).await?;
        let ledger = self.ledger_of(request).await?;
        Ok(compose(range, CandleState::Closed, base, &parts, &ledger))
    }

    /// What is known to be missing of the symbol, as of the time that is asked for.
    async fn ledger_of(&self, request: &CandleRequest) -> Result<Completeness, QueryError> {
        if let as_of @ Some(_) = request.as_of {
            let events = self.ledger_events(&request.symbol, as_of).await?;
            return Ok(Completeness::of(&events, as_of));
        }
        let Some(shared) = self.shared(&request.symbol) else {
            return Ok(Completeness::default());
        };
        let hot = shared.lock();
        let slot = hot.pipeline.slot(&request.symbol);
        let sum = |slot| hot.completeness(slot, self.clock.now(), shared.silence_nanos);
        Ok(slot.map(sum).unwrap_or_default())
    }

    fn hot_candles(&self, symbol: &Symbol, timeframe: Timeframe, range: TimeRange) -> HotCandles {
        let nothing = HotCandles {
            candles: Vec::new(),
            open: None,
            known: false,
        };
        let Some(shared) = self.shared(symbol) else {
            return nothing;
        };
        let hot = shared.lock();
        let Some(slot) = hot.pipeline.slot(symbol) else {
            return nothing;
        };
        let candles = hot
            .rows(slot)
            .flat_map(|rows| rows.candles(timeframe))
            .filter(|candle| range.contains(candle.open_time))
            .copied()
            .collect();
        HotCandles {
            candles,
            open: hot
                .pipeline
                .open_candle(slot, timeframe)
                .filter(|c| range.contains(c.open_time)),
            known: true,
        }
    }

    async fn stored_candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, QueryError> {
        let mut batches = self.store.candles(query).await?;
        let mut candles = Vec::new();
        while let Some(batch) = batches.try_next().await? {
            candles.reserve(batch.len());
            candles.extend(batch.iter());
        }
        Ok(candles)
    }

    /// Whether the venue's own candles were stored for a symbol and timeframe, recently enough that
    /// the chart has no hole between them and now.
    pub async fn has_past(&self, probe: &CandleProbe) -> bool {
        /// A page of the venue.
        const SPANS: i64 = 500;
        let now = self.clock.now();
        let recent = now.plus_nanos(-SPANS * probe.timeframe.approximate_nanos());
        let query = CandleQuery {
            symbol: probe.symbol.clone(),
            timeframe: probe.timeframe,
            origin: None,
            range: TimeRange::new(recent, Timestamp::MAX),
            as_of: None,
            limit: Some(SPANS as usize),
            from_end: true,
        };
        let Ok(mut batches) = self.store.candles(&query).await else {
            return false;
        };
        let mut rows = 0;
        while let Ok(Some(batch)) = batches.try_next().await {
            rows += batch.len();
        }
        // what was rolled up from a page of shorter candles does not reach so far back
        rows >= SPANS as usize / 2
    }
}
