//! [`MarketQueries`]: what the edges may ask.

use std::fmt::Debug;

use async_trait::async_trait;
use quantflow_model::{Symbol, TimeRange, Timeframe, Timestamp};
use quantflow_seams::{QuarantineQuery, QuarantineRow, StoreError};

use crate::stream::{ChannelKey, StreamSeq, Subscriber, UpdateData};
use crate::view::{
    BookView, CandlePage, CandleRequest, Certificate, PriceView, Provenance, SymbolView, TradePage,
    TradeRequest,
};

/// What the edges may ask of the market role. REST, streams and the command line all answer from
/// these; what is stored and what is still hot is put together behind them.
#[async_trait]
pub trait MarketQueries: Debug + Send + Sync + 'static {
    /// The newest price of every symbol that is ingested, sorted by symbol: those without one included.
    fn prices(&self) -> Vec<PriceView>;

    /// The same of one symbol; `None` when it is not ingested.
    fn price(&self, symbol: &Symbol) -> Option<PriceView>;

    /// The best levels of each side of a symbol's order book as it is now; `None` while none is whole:
    /// nobody listens to it, or it begins anew.
    fn book(&self, symbol: &Symbol, levels: usize) -> Option<BookView>;

    /// Every symbol, sorted: those with data, those being ingested, those that venues list.
    async fn symbols(&self) -> Result<Vec<SymbolView>, QueryError>;

    /// Candles, the open one included (never under `as_of`).
    ///
    /// # Errors
    /// [`QueryError::UnknownSymbol`] when nothing is known of the symbol.
    async fn candles(&self, request: &CandleRequest) -> Result<CandlePage, QueryError>;

    /// Trades, newest first.
    ///
    /// # Errors
    /// As [`MarketQueries::candles`].
    async fn trades(&self, request: &TradeRequest) -> Result<TradePage, QueryError>;

    /// What is known of each day that overlaps the range, oldest first.
    ///
    /// # Errors
    /// As [`MarketQueries::candles`].
    async fn completeness(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> Result<Vec<Certificate>, QueryError>;

    /// Where a candle comes from; `None` when there is no such candle.
    async fn provenance(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        open_time: Timestamp,
    ) -> Result<Option<Provenance>, QueryError>;

    /// What was refused, newest first.
    async fn quarantine(&self, query: &QuarantineQuery) -> Result<Vec<QuarantineRow>, QueryError>;

    /// Listens to a channel.
    ///
    /// # Errors
    /// [`QueryError::UnknownSymbol`] when nothing is known of its symbol.
    async fn subscribe(
        &self,
        channel: &ChannelKey,
        after: Option<StreamSeq>,
    ) -> Result<(Snapshot, Subscriber), QueryError>;
}

/// What a channel says at the moment of subscribing. Updates that come after may repeat a part of
/// it (never miss one): a client applies those with a `seq` above the snapshot's.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The place at which it was taken.
    pub seq: StreamSeq,
    /// The state.
    pub data: UpdateData,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// Nothing is known of the symbol.
    #[error("{0} is not known here")]
    UnknownSymbol(Symbol),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
