//! Live channels: what stands now, and what follows.

use quantflow_model::{Symbol, TimeRange};
use quantflow_wire::LogPosition;

use super::Market;
use crate::publish::{BOOK_LEVELS, book};
use crate::queries::{MarketQueries as _, QueryError, Snapshot};
use crate::stream::{ChannelKey, StreamSeq, Subscriber, UpdateData};
use crate::view::{BookView, CandleRequest, TradeRequest};

impl Market {
    /// Subscribes to a channel, with what stands at the place from which its updates follow.
    pub(super) async fn subscribe_to(
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
        let mut position = LogPosition::START;
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
                let mut trades = self.trade_page(&request).await?.trades;
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
                UpdateData::Candles(self.candle_page(&request).await?.candles)
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
            ChannelKey::Book(symbol) => {
                let nothing = BookView {
                    update_id: 0,
                    time: None,
                    bids: Vec::new(),
                    asks: Vec::new(),
                };
                UpdateData::Book(self.book_now(symbol, BOOK_LEVELS).unwrap_or(nothing))
            }
        })
    }

    /// The best levels of a symbol's book; `None` while none is whole.
    pub(super) fn book_now(&self, symbol: &Symbol, levels: usize) -> Option<BookView> {
        let shared = self.shared(symbol)?;
        let hot = shared.lock();
        book(&hot, symbol, levels)
    }
}
