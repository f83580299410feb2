//! [`Market`]: answers the edges, from the store and from what is still hot.
//!
//! Prices and symbols are answered here, the rest by one module each: `candles`, `trades`,
//! `provenance` (with the certificates of days) and `subscription`.

mod candles;
mod provenance;
mod subscription;
mod trades;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use quantflow_model::{LedgerEvent, Symbol, TimeRange, Timeframe, Timestamp, VenueId};
use quantflow_seams::{Clock, EventLog, LedgerQuery, QuarantineQuery, QuarantineRow, SeriesStore};
use quantflow_wire::PartitionId;

use crate::hot::Shared;
use crate::partition::Partition;
use crate::queries::{MarketQueries, QueryError, Snapshot};
use crate::stream::{ChannelKey, Hub, StreamSeq, Subscriber};
use crate::view::{
    BookView, CandlePage, CandleRequest, Certificate, Health, PriceView, Provenance, SymbolView,
    TradePage, TradeRequest,
};

pub use candles::CandleProbe;

/// Answers the edges: what is stored with what is still hot on top of it.
#[derive(Debug)]
pub struct Market {
    partitions: Vec<Arc<Shared>>,
    store: Arc<dyn SeriesStore>,
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
    hub: Hub,
    expected: Vec<Symbol>,
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
            expected: Vec::new(),
        }
    }

    /// Symbols that are to be ingested: they have a place among the prices before anything was heard of them.
    #[must_use]
    pub fn expecting(mut self, symbols: impl IntoIterator<Item = Symbol>) -> Self {
        self.expected.extend(symbols);
        self
    }

    /// What is said of a symbol that is to be ingested and of which nothing was heard.
    fn unheard(symbol: &Symbol) -> PriceView {
        PriceView {
            symbol: symbol.clone(),
            price: None,
            bid: None,
            ask: None,
            time: None,
            day: None,
            health: Health::Down,
        }
    }

    /// Why commits do not succeed, by partition; empty when they do. What was received meanwhile
    /// is kept by the log and by memory, and is committed as soon as it is possible again.
    pub fn commit_errors(&self) -> Vec<(PartitionId, String)> {
        self.partitions
            .iter()
            .filter_map(|shared| {
                let error = shared.lock().commit_error.clone()?;
                Some((shared.partition.clone(), error))
            })
            .collect()
    }

    /// Waits until everything that a venue's log holds now can be read here; for nothing when the
    /// venue is not ingested here.
    pub async fn caught_up(&self, venue: &VenueId) {
        let of_venue = |shared: &&Arc<Shared>| shared.venue == *venue;
        let Some(shared) = self.partitions.iter().find(of_venue) else {
            return;
        };
        let end = self.log.end(&shared.partition);
        // it fails when the partition is gone, which this holds
        let _ = shared
            .applied
            .subscribe()
            .wait_for(|applied| *applied >= end)
            .await;
    }

    /// The partition that has a symbol.
    fn shared(&self, symbol: &Symbol) -> Option<&Arc<Shared>> {
        self.partitions
            .iter()
            .find(|shared| shared.venue.as_str() == symbol.venue_str())
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

    async fn require_known(&self, symbol: &Symbol, known: bool) -> Result<(), QueryError> {
        if known
            || self.expected.contains(symbol)
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
        let unheard: Vec<_> = self
            .expected
            .iter()
            .filter(|symbol| {
                prices
                    .binary_search_by(|price| price.symbol.cmp(symbol))
                    .is_err()
            })
            .map(Self::unheard)
            .collect();
        if !unheard.is_empty() {
            prices.extend(unheard);
            prices.sort_by(|a: &PriceView, b| a.symbol.cmp(&b.symbol));
        }
        prices
    }

    fn price(&self, symbol: &Symbol) -> Option<PriceView> {
        let heard = self.shared(symbol).and_then(|shared| {
            let mut hot = shared.lock();
            let slot = hot.pipeline.slot(symbol)?;
            hot.price(slot, self.clock.now(), shared.silence_nanos)
        });
        heard.or_else(|| {
            let expected = self.expected.iter().find(|expected| *expected == symbol)?;
            Some(Self::unheard(expected))
        })
    }

    fn book(&self, symbol: &Symbol, levels: usize) -> Option<BookView> {
        self.book_now(symbol, levels)
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
        for symbol in &self.expected {
            symbols
                .entry(symbol.clone())
                .or_insert_with(|| view(symbol));
        }
        for shared in &self.partitions {
            let mut hot = shared.lock();
            // so that what is fresh is not looked through for each symbol
            hot.pending.settle();
            for (slot, symbol) in hot.pipeline.symbols() {
                let entry = symbols
                    .entry(symbol.clone())
                    .or_insert_with(|| view(symbol));
                entry.live = hot.is_live(slot);
                for pending in hot.uncommitted() {
                    entry.trades = widest(entry.trades, pending.trade_span(slot));
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
        self.candle_page(request).await
    }

    async fn trades(&self, request: &TradeRequest) -> Result<TradePage, QueryError> {
        self.trade_page(request).await
    }

    async fn completeness(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> Result<Vec<Certificate>, QueryError> {
        self.certificates_of(symbol, range).await
    }

    async fn provenance(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        open_time: Timestamp,
    ) -> Result<Option<Provenance>, QueryError> {
        self.provenance_of(symbol, timeframe, open_time).await
    }

    async fn quarantine(&self, query: &QuarantineQuery) -> Result<Vec<QuarantineRow>, QueryError> {
        Ok(self.store.quarantine(query).await?)
    }

    async fn subscribe(
        &self,
        channel: &ChannelKey,
        after: Option<StreamSeq>,
    ) -> Result<(Snapshot, Subscriber), QueryError> {
        self.subscribe_to(channel, after).await
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
