//! Events as the venue's own socket messages: the inverse of decoding.

use std::io::Write;

use quantflow_model::{
    BookDelta, Decimal, Level, Quote, Side, Timestamp, TradeId, VenueId, VenueSymbol,
};
use quantflow_wire::{
    AggregateTrade, Channel, EncodeError, Event, EventKind, Notice, Ticker, TradeEvent, VenueCandle,
};

use super::{TimeUnit, names};

/// The name of a stream: `btcusdt@kline_1m`.
pub fn stream_name(symbol: &VenueSymbol, channel: Channel) -> String {
    let symbol = symbol.as_str().to_ascii_lowercase();
    format!("{symbol}@{}", names::suffix(channel))
}

/// The body of a refusal: `{"code":-1121,"msg":"Invalid symbol."}`.
pub fn error_body(code: i64, message: &str) -> Vec<u8> {
    serde_json::json!({"code": code, "msg": message})
        .to_string()
        .into_bytes()
}

/// Writes for one venue in one unit of times.
pub(super) struct Writer<'a> {
    pub(super) venue: &'a VenueId,
    pub(super) unit: TimeUnit,
}

/// Writes formatted text. A `Vec` never refuses bytes, so there is no error to return.
macro_rules! put {
    ($out:expr, $($arguments:tt)*) => {{
        let _ = write!($out, $($arguments)*);
    }};
}
pub(super) use put;

impl<'a> Writer<'a> {
    pub(super) fn new(venue: &'a VenueId, unit: TimeUnit) -> Self {
        Self { venue, unit }
    }

    pub(super) fn time(&self, time: Timestamp) -> i64 {
        self.unit.of(time)
    }

    pub(super) fn no_such(&self, what: &'static str) -> EncodeError {
        EncodeError::NoSuchMessage {
            venue: self.venue.clone(),
            what,
        }
    }

    /// One event as a message; wrapped with its stream's name if `combined`. Answers to us and words
    /// about the connection are never wrapped.
    pub(super) fn message(&self, events: &[Event], combined: bool) -> Result<Vec<u8>, EncodeError> {
        let [event] = events else {
            return Err(EncodeError::Missing {
                what: "a message",
                field: "its one event",
            });
        };
        if let EventKind::Notice(notice) = &event.kind {
            return self.notice(notice, event.sent);
        }
        let symbol = event.symbol.as_ref().ok_or(EncodeError::Missing {
            what: "a message",
            field: "symbol",
        })?;
        let mut out = Vec::with_capacity(256);
        if combined {
            let channel = match &event.kind {
                EventKind::Trade(_) => Channel::Trades,
                EventKind::AggregateTrade(_) => Channel::AggregateTrades,
                EventKind::Quote(_) => Channel::Quotes,
                EventKind::BookDelta(_) => Channel::Book,
                EventKind::Candle(candle) => Channel::Candles(candle.timeframe),
                _ => Channel::Ticker,
            };
            let name = text(&stream_name(symbol, channel));
            put!(out, "{{\"stream\":{name},\"data\":");
        }
        match &event.kind {
            EventKind::Trade(trade) => self.trade(&mut out, event, symbol, trade)?,
            EventKind::AggregateTrade(trade) => self.aggregate(&mut out, event, symbol, trade)?,
            EventKind::Quote(quote) => quote_message(&mut out, symbol, quote)?,
            EventKind::BookDelta(delta) => self.depth(&mut out, event, symbol, delta)?,
            EventKind::Candle(candle) => self.candle(&mut out, event, symbol, candle)?,
            EventKind::Ticker(ticker) => self.ticker(&mut out, event, symbol, ticker)?,
            EventKind::BookSnapshot(_) => return Err(self.no_such("a whole book on a socket")),
            EventKind::Instruments(_) => return Err(self.no_such("instruments on a socket")),
            EventKind::ServerTime(_) => return Err(self.no_such("its clock on a socket")),
            EventKind::Contract(_)
            | EventKind::Funding(_)
            | EventKind::Liquidation(_)
            | EventKind::Option(_) => return Err(self.no_such("contracts")),
            EventKind::Notice(_) => {} // written above
        }
        if combined {
            out.push(b'}');
        }
        Ok(out)
    }

    fn notice(&self, notice: &Notice, sent: Option<Timestamp>) -> Result<Vec<u8>, EncodeError> {
        let body = match notice {
            Notice::Subscribed { id } => serde_json::json!({"result": null, "id": id}),
            Notice::Refused { id, code, message } => match id {
                Some(id) => serde_json::json!({"code": code, "msg": message, "id": id}),
                None => serde_json::json!({"code": code, "msg": message}),
            },
            Notice::ShuttingDown => serde_json::json!({
                "e": "serverShutdown",
                "E": self.time(needed(sent, "serverShutdown", "sent")?),
            }),
            Notice::SocketAddress { .. } => return Err(self.no_such("an address")),
            Notice::Heartbeat => return Err(self.no_such("a heartbeat (it pings instead)")),
        };
        Ok(body.to_string().into_bytes())
    }

    fn trade(
        &self,
        out: &mut Vec<u8>,
        event: &Event,
        symbol: &VenueSymbol,
        event_trade: &TradeEvent,
    ) -> Result<(), EncodeError> {
        let trade = &event_trade.trade;
        // the venue sends a trade at its time or a little after
        let sent = self.time(event.sent.unwrap_or(trade.time));
        let (symbol, time) = (text(symbol.as_str()), self.time(trade.time));
        let (price, quantity) = (padded(trade.price.0), padded(trade.quantity.0));
        put!(
            out,
            "{{\"e\":\"trade\",\"E\":{sent},\"s\":{symbol},\"t\":{},\"p\":\"{price}\",\"q\":\"{quantity}\"",
            trade.id
        );
        if let Some((buyer, seller)) = event_trade.orders {
            put!(out, ",\"b\":{buyer},\"a\":{seller}");
        }
        let maker = buyer_is_maker("trade", trade.side)?;
        put!(out, ",\"T\":{time},\"m\":{maker},\"M\":true}}");
        Ok(())
    }

    fn aggregate(
        &self,
        out: &mut Vec<u8>,
        event: &Event,
        symbol: &VenueSymbol,
        trade: &AggregateTrade,
    ) -> Result<(), EncodeError> {
        let (sent, symbol) = (
            self.time(event.sent.unwrap_or(trade.time)),
            text(symbol.as_str()),
        );
        put!(out, "{{\"e\":\"aggTrade\",\"E\":{sent},\"s\":{symbol},");
        self.aggregate_fields(out, trade)?;
        out.push(b'}');
        Ok(())
    }

    /// The fields that a message and a row of an answer share.
    pub(super) fn aggregate_fields(
        &self,
        out: &mut Vec<u8>,
        trade: &AggregateTrade,
    ) -> Result<(), EncodeError> {
        let (price, quantity) = (padded(trade.price.0), padded(trade.quantity.0));
        let (time, maker) = (
            self.time(trade.time),
            buyer_is_maker("aggTrade", trade.side)?,
        );
        put!(
            out,
            "\"a\":{},\"p\":\"{price}\",\"q\":\"{quantity}\",\"f\":{},\"l\":{},\"T\":{time},\"m\":{maker},\"M\":true",
            trade.id,
            trade.first_id,
            trade.last_id
        );
        Ok(())
    }

    fn depth(
        &self,
        out: &mut Vec<u8>,
        event: &Event,
        symbol: &VenueSymbol,
        delta: &BookDelta,
    ) -> Result<(), EncodeError> {
        let sent = needed(event.sent.or(delta.time), "depthUpdate", "sent")?;
        let (sent, symbol) = (self.time(sent), text(symbol.as_str()));
        let (first, last) = (delta.first_update_id, delta.last_update_id);
        put!(
            out,
            "{{\"e\":\"depthUpdate\",\"E\":{sent},\"s\":{symbol},\"U\":{first},\"u\":{last},\"b\":"
        );
        levels(out, &delta.bids);
        put!(out, ",\"a\":");
        levels(out, &delta.asks);
        out.push(b'}');
        Ok(())
    }

    fn candle(
        &self,
        out: &mut Vec<u8>,
        event: &Event,
        symbol: &VenueSymbol,
        c: &VenueCandle,
    ) -> Result<(), EncodeError> {
        if !super::description::TIMEFRAMES.contains(&c.timeframe) {
            return Err(self.no_such("candles of this timeframe"));
        }
        let sent = self.time(needed(event.sent, "kline", "sent")?);
        let closed = needed(c.closed, "kline", "closed")?;
        let (symbol, open, close) = (
            text(symbol.as_str()),
            self.time(c.open_time),
            self.time(c.close_time),
        );
        put!(
            out,
            "{{\"e\":\"kline\",\"E\":{sent},\"s\":{symbol},\"k\":{{\"t\":{open},\"T\":{close},\"s\":{symbol},\"i\":\"{}\",",
            c.timeframe
        );
        let (first, last) = (id_or_none(c.first_id), id_or_none(c.last_id));
        let [o, h, l, cl] = [c.open.0, c.high.0, c.low.0, c.close.0].map(padded);
        let all = AllOfCandle::of(c)?;
        let [v, q, tv, tq] = all.volumes.map(padded);
        put!(
            out,
            "\"f\":{first},\"L\":{last},\"o\":\"{o}\",\"c\":\"{cl}\",\"h\":\"{h}\",\"l\":\"{l}\",\"v\":\"{v}\",\"n\":{},\"x\":{closed},\"q\":\"{q}\",\"V\":\"{tv}\",\"Q\":\"{tq}\",\"B\":\"0\"}}}}",
            all.trades
        );
        Ok(())
    }

    fn ticker(
        &self,
        out: &mut Vec<u8>,
        event: &Event,
        symbol: &VenueSymbol,
        ticker: &Ticker,
    ) -> Result<(), EncodeError> {
        let all = AllOfTicker::of(ticker)?;
        // the venue sends it at the end of its span
        let sent = self.time(event.sent.unwrap_or(all.close_time));
        let symbol = text(symbol.as_str());
        let percent = all.change_percent.padded(3);
        put!(
            out,
            "{{\"e\":\"24hrTicker\",\"E\":{sent},\"s\":{symbol},\"p\":\"{}\",\"P\":\"{percent}\",\"w\":\"{}\",\"x\":\"{}\",\"c\":\"{}\",\"Q\":\"{}\",",
            padded(all.change),
            padded(all.weighted_average),
            padded(all.previous_close),
            padded(ticker.last.0),
            padded(all.last_quantity),
        );
        let quote = all.quote;
        put!(
            out,
            "\"b\":\"{}\",\"B\":\"{}\",\"a\":\"{}\",\"A\":\"{}\",\"o\":\"{}\",\"h\":\"{}\",\"l\":\"{}\",\"v\":\"{}\",\"q\":\"{}\",",
            padded(quote.bid.0),
            padded(quote.bid_quantity.0),
            padded(quote.ask.0),
            padded(quote.ask_quantity.0),
            padded(all.open),
            padded(all.high),
            padded(all.low),
            padded(all.volume),
            padded(all.quote_volume),
        );
        put!(
            out,
            "\"O\":{},\"C\":{},\"F\":{},\"L\":{},\"n\":{}}}",
            self.time(all.open_time),
            self.time(all.close_time),
            id_or_none(ticker.first_id),
            id_or_none(ticker.last_id),
            all.trades,
        );
        Ok(())
    }
}

fn quote_message(
    out: &mut Vec<u8>,
    symbol: &VenueSymbol,
    quote: &Quote,
) -> Result<(), EncodeError> {
    let update = needed(quote.update_id, "bookTicker", "update_id")?;
    let symbol = text(symbol.as_str());
    let [bid, bid_quantity, ask, ask_quantity] = [
        quote.bid.0,
        quote.bid_quantity.0,
        quote.ask.0,
        quote.ask_quantity.0,
    ]
    .map(padded);
    put!(
        out,
        "{{\"u\":{update},\"s\":{symbol},\"b\":\"{bid}\",\"B\":\"{bid_quantity}\",\"a\":\"{ask}\",\"A\":\"{ask_quantity}\"}}"
    );
    Ok(())
}

/// A candle with everything that the venue always says.
pub(super) struct AllOfCandle {
    /// Base volume, quote volume, and what takers bought of each.
    pub(super) volumes: [Decimal; 4],
    pub(super) trades: u64,
}

impl AllOfCandle {
    pub(super) fn of(c: &VenueCandle) -> Result<Self, EncodeError> {
        const WHAT: &str = "kline";
        let bought = needed(c.taker_buy_volume, WHAT, "taker_buy_volume")?.0;
        let paid = needed(c.taker_buy_quote_volume, WHAT, "taker_buy_quote_volume")?.0;
        let quote = needed(c.quote_volume, WHAT, "quote_volume")?.0;
        Ok(Self {
            volumes: [c.volume.0, quote, bought, paid],
            trades: needed(c.trades, WHAT, "trades")?,
        })
    }
}

/// A ticker with everything that the venue always says.
pub(super) struct AllOfTicker {
    pub(super) last_quantity: Decimal,
    pub(super) open: Decimal,
    pub(super) high: Decimal,
    pub(super) low: Decimal,
    pub(super) volume: Decimal,
    pub(super) open_time: Timestamp,
    pub(super) close_time: Timestamp,
    pub(super) quote_volume: Decimal,
    pub(super) change: Decimal,
    pub(super) change_percent: Decimal,
    pub(super) weighted_average: Decimal,
    pub(super) previous_close: Decimal,
    /// Zeros where nobody bids or offers, as the venue writes it.
    pub(super) quote: Quote,
    pub(super) trades: u64,
}

impl AllOfTicker {
    pub(super) fn of(ticker: &Ticker) -> Result<Self, EncodeError> {
        const WHAT: &str = "ticker/24hr";
        Ok(Self {
            last_quantity: needed(ticker.last_quantity, WHAT, "last_quantity")?.0,
            open: needed(ticker.open, WHAT, "open")?.0,
            high: needed(ticker.high, WHAT, "high")?.0,
            low: needed(ticker.low, WHAT, "low")?.0,
            volume: needed(ticker.volume, WHAT, "volume")?.0,
            open_time: needed(ticker.open_time, WHAT, "open_time")?,
            close_time: needed(ticker.close_time, WHAT, "close_time")?,
            quote_volume: needed(ticker.quote_volume, WHAT, "quote_volume")?.0,
            change: needed(ticker.change, WHAT, "change")?.0,
            change_percent: needed(ticker.change_percent, WHAT, "change_percent")?,
            weighted_average: needed(ticker.weighted_average, WHAT, "weighted_average")?.0,
            previous_close: needed(ticker.previous_close, WHAT, "previous_close")?.0,
            quote: ticker.quote.unwrap_or(Quote {
                bid: Decimal::ZERO.into(),
                bid_quantity: Decimal::ZERO.into(),
                ask: Decimal::ZERO.into(),
                ask_quantity: Decimal::ZERO.into(),
                update_id: None,
                time: None,
            }),
            trades: needed(ticker.trades, WHAT, "trades")?,
        })
    }
}

pub(super) fn needed<T>(
    value: Option<T>,
    what: &'static str,
    field: &'static str,
) -> Result<T, EncodeError> {
    value.ok_or(EncodeError::Missing { what, field })
}

/// Prices and amounts have eight decimals on the wire.
pub(super) fn padded(number: Decimal) -> impl std::fmt::Display {
    number.padded(8)
}

/// As a JSON string.
pub(super) fn text(plain: &str) -> serde_json::Value {
    serde_json::Value::from(plain)
}

/// -1 where there is none.
pub(super) fn id_or_none(id: Option<TradeId>) -> impl std::fmt::Display {
    struct Shown(Option<TradeId>);
    impl std::fmt::Display for Shown {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            match self.0 {
                Some(id) => id.fmt(f),
                None => f.write_str("-1"),
            }
        }
    }
    Shown(id)
}

pub(super) fn buyer_is_maker(what: &'static str, side: Side) -> Result<bool, EncodeError> {
    match side {
        Side::Buy => Ok(false),
        Side::Sell => Ok(true),
        Side::Unknown => Err(EncodeError::Missing {
            what,
            field: "the taker's side",
        }),
    }
}

pub(super) fn levels(out: &mut Vec<u8>, levels: &[Level]) {
    out.push(b'[');
    for (at, level) in levels.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let (price, quantity) = (padded(level.price.0), padded(level.quantity.0));
        put!(out, "{comma}[\"{price}\",\"{quantity}\"]");
    }
    out.push(b']');
}
