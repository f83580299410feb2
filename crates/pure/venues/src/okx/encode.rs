//! Events as the venue's own socket messages: the inverse of decoding.

use quantflow_model::{Level, Quote, Timestamp, Trade, VenueId, VenueSymbol};
use quantflow_wire::{AggregateTrade, EncodeError, Event, EventKind, Notice, Ticker, VenueCandle};
use serde_json::{Map, Value, json};

use super::names::{self, Market};
use crate::said::side_text;

/// Writes for one venue.
pub(super) struct Writer<'a> {
    pub(super) venue: &'a VenueId,
}

impl<'a> Writer<'a> {
    pub(super) fn new(venue: &'a VenueId) -> Self {
        Self { venue }
    }

    pub(super) fn no_such(&self, what: &'static str) -> EncodeError {
        EncodeError::NoSuchMessage {
            venue: self.venue.clone(),
            what,
        }
    }

    /// Events of one kind and symbol as one message. Liquidations may be of several symbols.
    pub(super) fn message(&self, events: &[Event]) -> Result<Vec<u8>, EncodeError> {
        let [first, ..] = events else {
            return Err(EncodeError::Missing {
                what: "a message",
                field: "its events",
            });
        };
        if let EventKind::Notice(notice) = &first.kind {
            return self.notice(notice);
        }
        let symbol = symbol_of(first)?;
        let (arg, action) = self.arg(&first.kind, symbol)?;
        let mut rows = Vec::with_capacity(events.len());
        for event in events {
            if symbol_of(event)? != symbol || self.arg(&event.kind, symbol)?.0 != arg {
                return Err(self.no_such("a message about different things"));
            }
            rows.push(self.row(&event.kind, symbol)?);
        }
        let mut message = Map::new();
        message.insert("arg".into(), arg);
        if let Some(action) = action {
            message.insert("action".into(), action.into());
        }
        message.insert("data".into(), rows.into());
        Ok(Value::Object(message).to_string().into_bytes())
    }

    /// What a message is about: its channel with the symbol, and its action where the channel has any.
    fn arg(
        &self,
        kind: &EventKind,
        symbol: &VenueSymbol,
    ) -> Result<(Value, Option<&'static str>), EncodeError> {
        let of = |channel: &str| json!({"channel": channel, "instId": symbol});
        Ok(match kind {
            EventKind::Trade(_) => (of("trades-all"), None),
            EventKind::AggregateTrade(_) => (of("trades"), None),
            EventKind::Quote(_) => (of("bbo-tbt"), None),
            EventKind::BookSnapshot(_) => (of("books"), Some("snapshot")),
            EventKind::BookDelta(_) => (of("books"), Some("update")),
            EventKind::Ticker(_) => (of("tickers"), None),
            EventKind::Candle(candle) => {
                let bar = names::bar(candle.timeframe)
                    .ok_or_else(|| self.no_such("candles of this timeframe"))?;
                (of(&format!("candle{bar}")), None)
            }
            EventKind::Contract(state) if state.funding_rate.is_some() => {
                (of("funding-rate"), None)
            }
            EventKind::Contract(state) if state.open_interest.is_some() => {
                (of("open-interest"), None)
            }
            EventKind::Contract(_) => (of("mark-price"), None),
            EventKind::Option(_) => (
                json!({"channel": "opt-summary", "instFamily": names::family(symbol)}),
                None,
            ),
            EventKind::Liquidation(_) => (
                json!({"channel": "liquidation-orders", "instType": Market::of(symbol).name()}),
                None,
            ),
            EventKind::Funding(_) => return Err(self.no_such("funding that was paid, on a socket")),
            EventKind::Instruments(_) => return Err(self.no_such("instruments on a socket")),
            EventKind::ServerTime(_) => return Err(self.no_such("its clock on a socket")),
            EventKind::Notice(_) => return Err(self.no_such("a notice among data")),
        })
    }

    /// A row of data.
    pub(super) fn row(&self, kind: &EventKind, symbol: &VenueSymbol) -> Result<Value, EncodeError> {
        Ok(match kind {
            EventKind::Trade(event) => trade(symbol, &event.trade)?,
            EventKind::AggregateTrade(trade) => aggregate(symbol, trade)?,
            EventKind::Quote(quote) => best(quote)?,
            EventKind::BookSnapshot(book) => {
                let mut row = self.book(&book.bids, &book.asks, book.time)?;
                row.insert("seqId".into(), book.last_update_id.into());
                row.insert("prevSeqId".into(), (-1).into());
                row.insert("checksum".into(), checksum(book.checksum));
                Value::Object(row)
            }
            EventKind::BookDelta(delta) => {
                let mut row = self.book(&delta.bids, &delta.asks, delta.time)?;
                row.insert("seqId".into(), delta.last_update_id.into());
                let previous = needed(delta.previous_update_id, "books", "previous_update_id")?;
                row.insert("prevSeqId".into(), previous.into());
                row.insert("checksum".into(), checksum(delta.checksum));
                Value::Object(row)
            }
            EventKind::Ticker(ticker) => self::ticker(symbol, ticker)?,
            EventKind::Candle(candle) => candle_row(symbol, candle)?,
            EventKind::Contract(state) => {
                let mut row = Map::new();
                row.insert("instType".into(), Market::of(symbol).name().into());
                row.insert("instId".into(), symbol.as_str().into());
                row.insert("ts".into(), time(needed(state.time, "contract", "time")?));
                let numbers = [
                    ("markPx", state.mark.map(|n| n.0)),
                    ("idxPx", state.index.map(|n| n.0)),
                    ("settlePx", state.settlement.map(|n| n.0)),
                    ("fundingRate", state.funding_rate),
                    ("nextFundingRate", state.next_funding_rate),
                    ("oi", state.open_interest.map(|n| n.0)),
                ];
                for (name, number) in numbers {
                    if let Some(number) = number {
                        row.insert(name.into(), number.to_string().into());
                    }
                }
                if let Some(at) = state.funding_time {
                    row.insert("fundingTime".into(), time(at));
                }
                Value::Object(row)
            }
            EventKind::Option(state) => {
                let text = |number: Option<quantflow_model::Decimal>| {
                    number.map(|n| n.to_string()).unwrap_or_default()
                };
                json!({
                    "instType": "OPTION",
                    "instId": symbol,
                    "uly": names::family(symbol),
                    "deltaBS": needed(state.delta, "opt-summary", "delta")?.to_string(),
                    "gammaBS": needed(state.gamma, "opt-summary", "gamma")?.to_string(),
                    "vegaBS": needed(state.vega, "opt-summary", "vega")?.to_string(),
                    "thetaBS": needed(state.theta, "opt-summary", "theta")?.to_string(),
                    "markVol": text(state.mark_volatility),
                    "bidVol": text(state.bid_volatility),
                    "askVol": text(state.ask_volatility),
                    "fwdPx": text(state.underlying.map(|n| n.0)),
                    "ts": time(needed(state.time, "opt-summary", "time")?),
                })
            }
            EventKind::Liquidation(order) => {
                let side = needed(side_text(order.side), "liquidation-orders", "side")?;
                json!({
                    "instType": Market::of(symbol).name(),
                    "instId": symbol,
                    "instFamily": names::family(symbol),
                    "details": [{
                        "side": side,
                        "posSide": if side == "buy" { "short" } else { "long" },
                        "bkPx": order.price.to_string(),
                        "sz": order.quantity.to_string(),
                        "bkLoss": "0",
                        "ccy": "",
                        "ts": time(order.time),
                    }],
                })
            }
            _ => return Err(self.no_such("such an event as a row")),
        })
    }

    fn notice(&self, notice: &Notice) -> Result<Vec<u8>, EncodeError> {
        let with_id = |id: &Option<u64>, mut body: Value| {
            if let Some(id) = id {
                body["id"] = id.to_string().into();
            }
            body.to_string().into_bytes()
        };
        Ok(match notice {
            Notice::Subscribed { id } => with_id(id, json!({"event": "subscribe", "connId": "a4d3ae55"})),
            Notice::Refused { id, code, message } => with_id(
                id,
                json!({"event": "error", "code": code.to_string(), "msg": message, "connId": "a4d3ae55"}),
            ),
            Notice::ShuttingDown => json!({
                "event": "notice",
                "code": "64008",
                "msg": "The connection will soon be closed for a service upgrade. Please reconnect.",
                "connId": "a4d3ae55",
            })
            .to_string()
            .into_bytes(),
            Notice::Heartbeat => super::message::PONG.to_vec(),
            Notice::SocketAddress { .. } => return Err(self.no_such("an address")),
        })
    }

    #[allow(clippy::unused_self, reason = "reads as the other parts of `row`")]
    fn book(
        &self,
        bids: &[Level],
        asks: &[Level],
        at: Option<Timestamp>,
    ) -> Result<Map<String, Value>, EncodeError> {
        let mut row = Map::new();
        row.insert("asks".into(), levels(asks));
        row.insert("bids".into(), levels(bids));
        row.insert("ts".into(), time(needed(at, "books", "time")?));
        Ok(row)
    }
}

pub(super) fn symbol_of(event: &Event) -> Result<&VenueSymbol, EncodeError> {
    needed(event.symbol.as_ref(), "a message", "symbol")
}

pub(super) fn needed<T>(
    value: Option<T>,
    what: &'static str,
    field: &'static str,
) -> Result<T, EncodeError> {
    value.ok_or(EncodeError::Missing { what, field })
}

/// Milliseconds in text.
pub(super) fn time(at: Timestamp) -> Value {
    at.millis().to_string().into()
}

fn checksum(checksum: Option<quantflow_model::BookChecksum>) -> Value {
    checksum.map_or(0, |c| c.expected as i32).into()
}

/// `[price, quantity, "0", orders]`; how many orders stand there is not kept: one.
fn levels(levels: &[Level]) -> Value {
    let row = |level: &Level| {
        let orders = if level.quantity.0.is_zero() { "0" } else { "1" };
        json!([
            level.price.to_string(),
            level.quantity.to_string(),
            "0",
            orders
        ])
    };
    levels.iter().map(row).collect()
}

pub(super) fn trade(symbol: &VenueSymbol, trade: &Trade) -> Result<Value, EncodeError> {
    Ok(json!({
        "instId": symbol,
        "tradeId": trade.id.to_string(),
        "px": trade.price.to_string(),
        "sz": trade.quantity.to_string(),
        "side": needed(side_text(trade.side), "trades", "the taker's side")?,
        "ts": time(trade.time),
    }))
}

fn aggregate(symbol: &VenueSymbol, trade: &AggregateTrade) -> Result<Value, EncodeError> {
    let count = trade
        .last_id
        .0
        .saturating_sub(trade.first_id.0)
        .saturating_add(1);
    Ok(json!({
        "instId": symbol,
        "tradeId": trade.last_id.to_string(),
        "px": trade.price.to_string(),
        "sz": trade.quantity.to_string(),
        "side": needed(side_text(trade.side), "trades", "the taker's side")?,
        "ts": time(trade.time),
        "count": count.to_string(),
    }))
}

fn best(quote: &Quote) -> Result<Value, EncodeError> {
    let side = |price: quantflow_model::Price, quantity: quantflow_model::Quantity| {
        if price.0.is_zero() {
            json!([])
        } else {
            levels(&[Level { price, quantity }])
        }
    };
    let mut row = json!({
        "asks": side(quote.ask, quote.ask_quantity),
        "bids": side(quote.bid, quote.bid_quantity),
        "ts": time(needed(quote.time, "bbo-tbt", "time")?),
    });
    if let Some(id) = quote.update_id {
        row["seqId"] = id.into();
    }
    Ok(row)
}

pub(super) fn ticker(symbol: &VenueSymbol, ticker: &Ticker) -> Result<Value, EncodeError> {
    let text = |number: Option<quantflow_model::Decimal>| {
        number.map(|n| n.to_string()).unwrap_or_default()
    };
    let quote = ticker.quote;
    Ok(json!({
        "instType": Market::of(symbol).name(),
        "instId": symbol,
        "last": ticker.last.to_string(),
        "lastSz": text(ticker.last_quantity.map(|n| n.0)),
        "askPx": text(quote.map(|q| q.ask.0)),
        "askSz": text(quote.map(|q| q.ask_quantity.0)),
        "bidPx": text(quote.map(|q| q.bid.0)),
        "bidSz": text(quote.map(|q| q.bid_quantity.0)),
        "open24h": text(ticker.open.map(|n| n.0)),
        "high24h": text(ticker.high.map(|n| n.0)),
        "low24h": text(ticker.low.map(|n| n.0)),
        "volCcy24h": text(ticker.quote_volume.map(|n| n.0)),
        "vol24h": text(ticker.volume.map(|n| n.0)),
        "ts": time(needed(ticker.close_time, "tickers", "close_time")?),
    }))
}

pub(super) fn candle_row(symbol: &VenueSymbol, c: &VenueCandle) -> Result<Value, EncodeError> {
    let quote = needed(c.quote_volume, "candle", "quote_volume")?.to_string();
    // of contracts this is the volume in the base, which we do not keep
    let in_currency = match Market::of(symbol) {
        Market::Spot => quote.clone(),
        _ => String::new(),
    };
    let confirmed = if needed(c.closed, "candle", "closed")? {
        "1"
    } else {
        "0"
    };
    Ok(json!([
        c.open_time.millis().to_string(),
        c.open.to_string(),
        c.high.to_string(),
        c.low.to_string(),
        c.close.to_string(),
        c.volume.to_string(),
        in_currency,
        quote,
        confirmed,
    ]))
}
