//! [`Market`]: answers the edges, from the store and from what is still hot.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use quantflow_model::{
    Candle, CandleOrigin, CandleState, LedgerEvent, Symbol, TimeRange, Timeframe, Timestamp, Trade,
};
use quantflow_seams::{
    CandleQuery, Clock, EventLog, LedgerQuery, QuarantineQuery, QuarantineRow, SeriesStore,
    TradeQuery,
};

use crate::candles::{Merged, compose, fill};
use crate::certificate::{DAY_NANOS, certificates};
use crate::completeness::Completeness;
use crate::hot::Shared;
use crate::partition::Partition;
use crate::publish::book;
use crate::queries::{MarketQueries, QueryError, Snapshot};
use crate::stream::{ChannelKey, Hub, StreamSeq, Subscriber, UpdateData};
use crate::view::{
    BookView, CandlePage, CandleRequest, CandleView, Certificate, PriceView, Provenance,
    SymbolView, TradePage, TradeRequest,
};

/// Answers the edges: what is stored with what is still hot on top of it.
#[derive(Debug)]
pub struct Market {
    partitions: Vec<Arc<Shared>>,
    store: Arc<dyn SeriesStore>,
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
    hub: Hub,
}

/// What is hot of one symbol and timeframe, copied out under the lock.
struct HotCandles {
    candles: Vec<Candle>,
    open: Option<Candle>,
    ledger: Completeness,
    known: bool,
}

impl Market {
    /// Answers from these partitions and, where none has a symbol, from the store alone.
    pub fn new(
        partitions: &[Partition],
        store: Arc<dyn SeriesStore>,
        log: Arc<dyn EventLog>,
        clock: Arc<dyn Clock>,
        hub: Hub,
    ) -> Self {
        let partitions = partitions.iter().map(|p| Arc::clone(p.shared())).collect();
        Self {
            partitions,
            store,
            log,
            clock,
            hub,
        }
    }

    /// The partition that has a symbol.
    fn shared(&self, symbol: &Symbol) -> Option<&Arc<Shared>> {
        self.partitions
            .iter()
            .find(|shared| shared.venue.as_str() == symbol.venue_str())
    }

    fn hot_candles(&self, symbol: &Symbol, timeframe: Timeframe, range: TimeRange) -> HotCandles {
        let nothing = HotCandles {
            candles: Vec::new(),
            open: None,
            ledger: Completeness::default(),
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
            ledger: hot
                .kept(slot)
                .map(|kept| kept.completeness.clone())
                .unwrap_or_default(),
            known: true,
        }
    }

    async fn stored_candles(
        &self,
        query: &CandleQuery,
        merged: &mut Merged,
    ) -> Result<(), QueryError> {
        let mut batches = self.store.candles(query).await?;
        while let Some(batch) = batches.try_next().await? {
            for candle in batch.iter() {
                merged.insert(&candle);
            }
        }
        Ok(())
    }

    /// All ledger events of a symbol, stored and hot, up to `as_of`.
    async fn ledger_events(
        &self,
        symbol: &Symbol,
        as_of: Option<Timestamp>,
    ) -> Result<Vec<LedgerEvent>, QueryError> {
        // hot first: what moves into the store between the two is then seen twice, never missed
        let mut hot: Vec<LedgerEvent> = self.shared(symbol).map_or_else(Vec::new, |shared| {
            let hot = shared.lock();
            hot.uncommitted()
                .flat_map(|pending| pending.ledger_of(symbol))
                .cloned()
                .collect()
        });
        hot.retain(|event| as_of.is_none_or(|as_of| event.known <= as_of));
        let query = LedgerQuery {
            symbol: Some(symbol.clone()),
            as_of,
        };
        let mut events = self.store.ledger(&query).await?;
        let stored = events.len();
        for event in hot {
            if !events[..stored].iter().rev().any(|known| known == &event) {
                events.push(event);
            }
        }
        Ok(events)
    }

    /// The candles of a span, ascending, at most `limit` of one end; the open one too, unless the
    /// past is asked for.
    async fn read(
        &self,
        request: &CandleRequest,
        range: TimeRange,
        limit: usize,
        from_end: bool,
    ) -> Result<(Vec<CandleView>, bool), QueryError> {
        let timeframe = request.timeframe;
        let hot = self.hot_candles(&request.symbol, timeframe, range);
        let ledger = match request.as_of {
            None => hot.ledger,
            as_of => Completeness::of(&self.ledger_events(&request.symbol, as_of).await?, as_of),
        };
        let mut merged = Merged::default();
        let mut query = CandleQuery {
            symbol: request.symbol.clone(),
            timeframe,
            origin: Some(CandleOrigin::Trades),
            range,
            as_of: request.as_of,
            limit: Some(limit),
            from_end,
        };
        self.stored_candles(&query, &mut merged).await?;
        let known_then = |candle: &&Candle| request.as_of.is_none_or(|t| candle.known <= t);
        for candle in hot.candles.iter().filter(known_then) {
            merged.insert(candle);
        }
        if merged.len() < limit || merged.wants_venue(timeframe, &ledger) {
            query.origin = Some(CandleOrigin::Venue);
            self.stored_candles(&query, &mut merged).await?;
        }
        let mut candles = merged.best(timeframe, &ledger);
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
        Ok(compose(open_time, CandleState::Closed, &parts))
    }

    async fn require_known(&self, symbol: &Symbol, known: bool) -> Result<(), QueryError> {
        if known
            || self
                .store
                .series()
                .await?
                .iter()
                .any(|series| &series.symbol == symbol)
        {
            return Ok(());
        }
        Err(QueryError::UnknownSymbol(symbol.clone()))
    }
}

#[async_trait]
impl MarketQueries for Market {
    fn prices(&self) -> Vec<PriceView> {
        let now = self.clock.now();
        let (mut prices, mut sorted) = (Vec::new(), true);
        for shared in &self.partitions {
            let of_venue = shared.lock().prices(now, shared.silence_nanos);
            if prices.is_empty() {
                prices = of_venue;
            } else {
                prices.extend(of_venue);
                sorted = false;
            }
        }
        if !sorted {
            // sorted runs one after another: as much work as there are prices
            prices.sort_by(|a: &PriceView, b| a.symbol.cmp(&b.symbol));
        }
        prices
    }

    fn price(&self, symbol: &Symbol) -> Option<PriceView> {
        let shared = self.shared(symbol)?;
        let mut hot = shared.lock();
        let slot = hot.pipeline.slot(symbol)?;
        hot.price(slot, self.clock.now(), shared.silence_nanos)
    }

    async fn symbols(&self) -> Result<Vec<SymbolView>, QueryError> {
        let mut symbols: BTreeMap<Symbol, SymbolView> = BTreeMap::new();
        let view = |symbol: &Symbol| SymbolView {
            symbol: symbol.clone(),
            instrument: None,
            live: false,
            trades: None,
            timeframes: Vec::new(),
        };
        for shared in &self.partitions {
            let hot = shared.lock();
            for (slot, symbol) in hot.pipeline.symbols() {
                let entry = symbols
                    .entry(symbol.clone())
                    .or_insert_with(|| view(symbol));
                entry.live = hot.is_live(slot);
                for rows in hot.rows(slot) {
                    entry.trades = widest(entry.trades, rows.trade_span());
                }
            }
            for instrument in hot.pipeline.instruments() {
                let symbol = &instrument.symbol;
                let entry = symbols
                    .entry(symbol.clone())
                    .or_insert_with(|| view(symbol));
                entry.instrument = Some(instrument.clone());
            }
        }
        for series in self.store.series().await? {
            let entry = symbols
                .entry(series.symbol.clone())
                .or_insert_with(|| view(&series.symbol));
            entry.trades = widest(entry.trades, series.trades);
            if entry.instrument.is_none() {
                entry.instrument = series.instrument;
            }
            entry.timeframes = series.timeframes;
        }
        Ok(symbols.into_values().collect())
    }

    async fn candles(&self, request: &CandleRequest) -> Result<CandlePage, QueryError> {
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
        if request.as_of.is_none() {
            self.improve(request, &mut candles).await?;
        }
        let mut next = None;
        if candles.len() > request.limit {
            next = candles.get(request.limit).map(|view| view.candle.open_time);
            candles.truncate(request.limit);
        }
        if request.fill {
            let end = next.unwrap_or_else(|| request.range.end.min(self.clock.now()));
            let filled = fill(candles, request.timeframe, end, wanted);
            next = (filled.len() > request.limit)
                .then(|| filled[request.limit].candle.open_time)
                .or(next);
            candles = filled;
            candles.truncate(request.limit);
        }
        Ok(CandlePage { candles, next })
    }

    async fn trades(&self, request: &TradeRequest) -> Result<TradePage, QueryError> {
        let wanted = request.limit + 1;
        let mut range = request.range;
        if let Some((time, _)) = request.before {
            range.end = range.end.min(time.plus_nanos(1));
        }
        let is_before = |trade: &Trade| {
            request
                .before
                .is_none_or(|(time, id)| (trade.time, trade.id) < (time, id))
        };
        let (mut trades, known): (Vec<Trade>, bool) = match self.shared(&request.symbol) {
            None => (Vec::new(), false),
            Some(shared) => {
                let hot = shared.lock();
                let slot = hot.pipeline.slot(&request.symbol);
                let trades = slot
                    .into_iter()
                    .flat_map(|slot| hot.rows(slot))
                    .flat_map(crate::pending::SymbolRows::trades)
                    .filter(|trade| range.contains(trade.time) && is_before(trade))
                    .collect();
                (trades, slot.is_some())
            }
        };
        // trades of one instant may fill a page up to the cursor: ask on until enough come after
        let mut ask = wanted;
        loop {
            let query = TradeQuery {
                symbol: request.symbol.clone(),
                range,
                newest_first: true,
                limit: Some(ask),
            };
            let mut batches = self.store.trades(&query).await?;
            let (mut rows, mut usable) = (0, Vec::new());
            while let Some(batch) = batches.try_next().await? {
                rows += batch.len();
                usable.extend(batch.iter().filter(is_before));
            }
            if usable.len() >= wanted || rows < ask {
                trades.extend(usable);
                break;
            }
            ask *= 4;
        }
        trades.sort_unstable_by_key(|trade| std::cmp::Reverse((trade.time, trade.id)));
        trades.dedup_by_key(|trade| (trade.time, trade.id));
        if trades.is_empty() {
            self.require_known(&request.symbol, known).await?;
        }
        let more = trades.len() > request.limit;
        trades.truncate(request.limit);
        let next = trades
            .last()
            .filter(|_| more)
            .map(|trade| (trade.time, trade.id));
        Ok(TradePage { trades, next })
    }

    async fn completeness(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> Result<Vec<Certificate>, QueryError> {
        let events = self.ledger_events(symbol, None).await?;
        let (hot_tallies, known) = match self.shared(symbol) {
            None => (Vec::new(), false),
            Some(shared) => {
                let hot = shared.lock();
                let tallies: Vec<_> = hot
                    .uncommitted()
                    .flat_map(|pending| pending.tallies_of(symbol, range))
                    .cloned()
                    .collect();
                (tallies, hot.pipeline.slot(symbol).is_some())
            }
        };
        let mut days = BTreeMap::new();
        for tally in self
            .store
            .tallies(symbol, range)
            .await?
            .into_iter()
            .chain(hot_tallies)
        {
            days.insert(tally.day, tally);
        }
        if days.is_empty() && events.is_empty() {
            self.require_known(symbol, known).await?;
        }
        let mut minutes = BTreeMap::new();
        for day in days.keys() {
            let request = CandleRequest {
                symbol: symbol.clone(),
                timeframe: Timeframe::M1,
                range: TimeRange::new(*day, day.plus_nanos(DAY_NANOS)),
                limit: 1500,
                as_of: None,
                fill: false,
            };
            let (candles, _) = self
                .read(&request, request.range, request.limit, false)
                .await?;
            let ours = candles
                .iter()
                .filter(|v| {
                    v.candle.origin == CandleOrigin::Trades && v.candle.state != CandleState::Open
                })
                .count();
            minutes.insert(*day, ours as u64);
        }
        Ok(certificates(symbol, &events, days, &minutes))
    }

    async fn provenance(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        open_time: Timestamp,
    ) -> Result<Option<Provenance>, QueryError> {
        let span = TimeRange::new(open_time, timeframe.end_of(open_time));
        let mut revisions: Vec<Candle> = Vec::new();
        let mut known = false;
        let mut open = None;
        if let Some(shared) = self.shared(symbol) {
            let hot = shared.lock();
            if let Some(slot) = hot.pipeline.slot(symbol) {
                known = true;
                revisions.extend(
                    hot.rows(slot)
                        .flat_map(|rows| rows.candles(timeframe))
                        .filter(|candle| candle.open_time == open_time),
                );
                let newest = hot.pipeline.open_candle(slot, timeframe);
                open = newest.filter(|candle| candle.open_time == open_time);
            }
        }
        let stored = self.store.revisions(symbol, timeframe, open_time).await?;
        for candle in stored.iter() {
            if !revisions.contains(&candle) {
                revisions.push(candle);
            }
        }
        revisions.sort_by_key(|c| (c.origin, c.revision, c.known));
        revisions.extend(open);
        if revisions.is_empty() {
            self.require_known(symbol, known).await?;
            return Ok(None);
        }
        let ranges = self.store.sources(symbol, span).await?;
        let raw_kept = ranges
            .iter()
            .all(|(partition, range)| self.log.start(partition) <= range.from);
        let ledger = self.ledger_events(symbol, None).await?;
        let sum = Completeness::of(&ledger, None);
        let missing: Vec<_> = sum
            .missing_in(span)
            .map(|range| (range.from, range.to))
            .collect();
        let ledger = ledger
            .into_iter()
            .filter(|event| crate::certificate::concerns(event, span, &missing))
            .collect();
        Ok(Some(Provenance {
            revisions,
            ranges,
            raw_kept,
            ledger,
        }))
    }

    async fn quarantine(&self, query: &QuarantineQuery) -> Result<Vec<QuarantineRow>, QueryError> {
        Ok(self.store.quarantine(query).await?)
    }

    async fn subscribe(
        &self,
        channel: &ChannelKey,
        after: Option<StreamSeq>,
    ) -> Result<(Snapshot, Subscriber), QueryError> {
        // listen first, then look: an update in between comes twice, never not at all
        let subscriber = self.hub.subscribe(channel, after);
        let symbol = match channel {
            ChannelKey::Prices => None,
            ChannelKey::Trades(symbol)
            | ChannelKey::Candles(symbol, _)
            | ChannelKey::Quotes(symbol)
            | ChannelKey::Book(symbol) => Some(symbol),
        };
        let mut position = quantflow_wire::LogPosition::START;
        if let Some(symbol) = symbol {
            let shared = self
                .shared(symbol)
                .ok_or_else(|| QueryError::UnknownSymbol(symbol.clone()))?;
            let hot = shared.lock();
            if hot.pipeline.slot(symbol).is_none() {
                return Err(QueryError::UnknownSymbol(symbol.clone()));
            }
            position = hot.position;
        }
        let data = self.snapshot(channel).await?;
        Ok((
            Snapshot {
                seq: StreamSeq { position, n: 0 },
                data,
            },
            subscriber,
        ))
    }
}

impl Market {
    async fn snapshot(&self, channel: &ChannelKey) -> Result<UpdateData, QueryError> {
        Ok(match channel {
            ChannelKey::Prices => UpdateData::Prices(self.prices()),
            ChannelKey::Trades(symbol) => {
                let request = TradeRequest {
                    symbol: symbol.clone(),
                    range: TimeRange::ALL,
                    limit: 50,
                    before: None,
                };
                let mut trades = self.trades(&request).await?.trades;
                trades.reverse();
                UpdateData::Trades(trades)
            }
            ChannelKey::Candles(symbol, timeframe) => {
                let request = CandleRequest {
                    symbol: symbol.clone(),
                    timeframe: *timeframe,
                    range: TimeRange::ALL,
                    limit: 2,
                    as_of: None,
                    fill: false,
                };
                UpdateData::Candles(self.candles(&request).await?.candles)
            }
            ChannelKey::Quotes(symbol) => {
                let quote = self.shared(symbol).and_then(|shared| {
                    let hot = shared.lock();
                    hot.pipeline
                        .slot(symbol)
                        .and_then(|slot| hot.kept(slot)?.quote)
                });
                UpdateData::Quotes(quote.into_iter().collect())
            }
            ChannelKey::Book(symbol) => UpdateData::Book(self.book(symbol)),
        })
    }

    fn book(&self, symbol: &Symbol) -> BookView {
        let nothing = BookView {
            update_id: 0,
            bids: Vec::new(),
            asks: Vec::new(),
        };
        let Some(shared) = self.shared(symbol) else {
            return nothing;
        };
        let hot = shared.lock();
        book(&hot, symbol).unwrap_or(nothing)
    }
}

fn widest(
    a: Option<(Timestamp, Timestamp)>,
    b: Option<(Timestamp, Timestamp)>,
) -> Option<(Timestamp, Timestamp)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
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
    /// Whether the venue's own candles were stored for a symbol and timeframe, recently enough that
    /// the chart has no hole between them and now.
    pub async fn has_past(&self, probe: &CandleProbe) -> bool {
        let now = self.clock.now();
        let recent = now.plus_nanos(-20 * probe.timeframe.approximate_nanos());
        let query = CandleQuery {
            symbol: probe.symbol.clone(),
            timeframe: probe.timeframe,
            origin: None,
            range: TimeRange::new(recent, Timestamp::MAX),
            as_of: None,
            limit: Some(20),
            from_end: true,
        };
        let Ok(mut batches) = self.store.candles(&query).await else {
            return false;
        };
        let mut rows = 0;
        while let Ok(Some(batch)) = batches.try_next().await {
            rows += batch.len();
        }
        rows >= 15
    }
}
