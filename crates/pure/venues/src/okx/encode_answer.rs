//! Events as the bodies of REST answers.

use quantflow_wire::{EncodeError, Event, EventKind, Query};
use serde_json::{Value, json};

use super::encode::{Writer, needed, symbol_of, ticker, time};
use super::{encode, instruments};

impl Writer<'_> {
    /// The body that answers a query with these events, the newest row first.
    pub(super) fn answer(&self, events: &[Event], query: &Query) -> Result<Vec<u8>, EncodeError> {
        let row = |event: &Event| -> Result<Value, EncodeError> {
            Ok(match (query, &event.kind) {
                (Query::ServerTime, EventKind::ServerTime(at)) => json!({"ts": time(*at)}),
                (Query::Candles { timeframe, .. }, EventKind::Candle(candle))
                    if candle.timeframe == *timeframe =>
                {
                    encode::candle_row(symbol_of(event)?, candle)?
                }
                (
                    Query::RecentTrades { .. }
                    | Query::Trades { .. }
                    | Query::TradesFromId { .. }
                    | Query::TradesBeforeId { .. },
                    EventKind::Trade(trade),
                ) => encode::trade(symbol_of(event)?, &trade.trade)?,
                (Query::Ticker { .. } | Query::BestQuote { .. }, EventKind::Ticker(of)) => {
                    ticker(symbol_of(event)?, of)?
                }
                (Query::BestQuote { .. }, EventKind::Quote(quote)) => json!({
                    "instId": symbol_of(event)?,
                    "last": "",
                    "bidPx": quote.bid.to_string(),
                    "bidSz": quote.bid_quantity.to_string(),
                    "askPx": quote.ask.to_string(),
                    "askSz": quote.ask_quantity.to_string(),
                    "ts": time(needed(quote.time, "ticker", "time")?),
                }),
                (Query::FundingRates { .. }, EventKind::Funding(rate)) => json!({
                    "instType": "SWAP",
                    "instId": symbol_of(event)?,
                    "fundingRate": rate.rate.to_string(),
                    "realizedRate": rate.rate.to_string(),
                    "fundingTime": time(rate.time),
                }),
                (Query::Book { .. }, EventKind::BookSnapshot(_))
                | (Query::Contract { .. }, EventKind::Contract(_) | EventKind::Option(_))
                | (Query::OpenInterest { .. }, EventKind::Contract(_)) => {
                    self.row(&event.kind, symbol_of(event)?)?
                }
                _ => return Err(self.no_such("such an event in this answer")),
            })
        };
        let data: Vec<Value> = match (query, events) {
            (Query::InstrumentsOf { .. }, [event]) => match &event.kind {
                EventKind::Instruments(list) => list
                    .iter()
                    .map(instruments::row)
                    .collect::<Result<_, _>>()?,
                _ => return Err(self.no_such("such an event among instruments")),
            },
            _ => events.iter().rev().map(row).collect::<Result<_, _>>()?,
        };
        let body = json!({"code": "0", "msg": "", "data": data});
        Ok(body.to_string().into_bytes())
    }
}
