//! Socket messages of the futures markets.

use quantflow_model::{
    BookDelta, ContractState, Liquidation, Price, Quantity, Quote, Side, Timestamp, Trade,
    TradeFlags, VenueSymbol,
};
use quantflow_wire::{
    AggregateTrade, DecodeError, Event, EventKind, Notice, Ticker, TradeEvent, VenueCandle,
};

use super::Market;
use super::description::TIMEFRAMES;
use crate::ask::event;
use crate::binance::message::{stream_symbol, venue_error};
use crate::binance::scan::taker;
use crate::binance::value::{id_or_none, time};
use crate::json::{Fields, Json};

pub(super) fn decode(market: Market, bytes: &[u8]) -> Result<Event, DecodeError> {
    let tree = Json::parse(bytes)?;
    let Some(stream) = tree.entry("stream") else {
        return payload(market, &tree);
    };
    let envelope = Fields::in_text("combined", &tree)?;
    let name = envelope.read("stream", Json::plain_text)?;
    let event = payload(market, envelope.get("data")?)?;
    match (&event.symbol, stream_symbol(name)) {
        (Some(symbol), Some(of_stream)) if symbol.as_str().eq_ignore_ascii_case(of_stream) => {
            Ok(event)
        }
        _ => Err(envelope.bad("stream", stream)),
    }
}

/// What a message is, from its fields.
fn payload(market: Market, tree: &Json<'_>) -> Result<Event, DecodeError> {
    let Some(kind) = tree.entry("e") else {
        return match notice(tree)? {
            Some(notice) if tree.entry("s").is_none() => {
                Ok(event(None, None, EventKind::Notice(notice)))
            }
            _ => Err(DecodeError::UnknownMessage(tree.names())),
        };
    };
    match kind.text() {
        Some("trade") => trade(tree),
        Some("aggTrade") => aggregate(tree),
        Some("bookTicker") => quote(tree),
        Some("depthUpdate") => depth(tree),
        Some("kline") => candle(market, tree),
        Some("24hrTicker") => ticker(market, tree),
        Some("markPriceUpdate") => mark(tree),
        Some("forceOrder") => liquidation(tree),
        Some(other) => Err(DecodeError::UnknownMessage(
            other.chars().take(64).collect(),
        )),
        None => Err(DecodeError::BadField {
            message: "message",
            field: "e",
            found: kind.shown(),
        }),
    }
}

/// Answers to what was sent over the socket.
fn notice(tree: &Json<'_>) -> Result<Option<Notice>, DecodeError> {
    let id = tree.entry("id").and_then(Json::unsigned);
    if let Some(Json::Null) = tree.entry("result") {
        return Ok(Some(Notice::Subscribed { id }));
    }
    let error = tree.entry("error").unwrap_or(tree);
    if error.entry("code").is_none() {
        return Ok(None);
    }
    let (code, message) = venue_error(error)?;
    Ok(Some(Notice::Refused { id, code, message }))
}

fn told(f: &Fields<'_, '_>, symbol: &VenueSymbol, kind: EventKind) -> Result<Event, DecodeError> {
    Ok(event(Some(symbol), Some(f.read("E", time)?), kind))
}

/// `X` says what made the trade: the market, the insurance fund or auto-deleveraging. What names none
/// of them and has no price (`NA`) is no trade.
fn trade(tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("trade", tree)?;
    if f.text("X")? == "NA" {
        return Err(DecodeError::UnknownMessage("trade of type NA".into()));
    }
    let trade = Trade {
        id: f.id("t")?,
        time: f.read("T", time)?,
        price: f.price("p")?,
        quantity: f.quantity("q")?,
        side: taker(f.flag("m")?),
        flags: TradeFlags::NONE,
        count: 1,
    };
    let kind = EventKind::Trade(TradeEvent {
        trade,
        orders: None,
    });
    told(&f, &f.symbol("s")?, kind)
}

fn aggregate(tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("aggTrade", tree)?;
    let kind = EventKind::AggregateTrade(aggregate_of(&f)?);
    told(&f, &f.symbol("s")?, kind)
}

/// The fields that a message and a row of an answer share. The spot market's `M` marks its own
/// messages: with it this is none of ours.
pub(super) fn aggregate_of(f: &Fields<'_, '_>) -> Result<AggregateTrade, DecodeError> {
    if f.has("M") {
        return Err(DecodeError::UnknownMessage(
            "aggTrade with \"M\": of spot, not futures".into(),
        ));
    }
    let (first_id, last_id) = (f.id("f")?, f.id("l")?);
    if last_id < first_id {
        return Err(f.bad("l", f.get("l")?));
    }
    Ok(AggregateTrade {
        id: f.id("a")?,
        first_id,
        last_id,
        time: f.read("T", time)?,
        price: f.price("p")?,
        quantity: f.quantity("q")?,
        side: taker(f.flag("m")?),
    })
}

fn quote(tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("bookTicker", tree)?;
    let quote = Quote {
        bid: f.price("b")?,
        bid_quantity: f.quantity("B")?,
        ask: f.price("a")?,
        ask_quantity: f.quantity("A")?,
        update_id: Some(f.unsigned("u")?),
        time: Some(f.read("T", time)?),
    };
    told(&f, &f.symbol("s")?, EventKind::Quote(quote))
}

fn depth(tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("depthUpdate", tree)?;
    let (first_update_id, last_update_id) = (f.unsigned("U")?, f.unsigned("u")?);
    let previous = f.unsigned("pu")?;
    if last_update_id < first_update_id {
        return Err(f.bad("u", f.get("u")?));
    }
    if first_update_id <= previous {
        return Err(f.bad("pu", f.get("pu")?));
    }
    let delta = BookDelta {
        first_update_id,
        last_update_id,
        previous_update_id: Some(previous),
        time: Some(f.read("T", time)?),
        bids: f.levels("b")?,
        asks: f.levels("a")?,
        checksum: None,
    };
    told(&f, &f.symbol("s")?, EventKind::BookDelta(delta))
}

fn candle(market: Market, tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("kline", tree)?;
    let symbol = f.symbol("s")?;
    let k = Fields::in_text("kline", f.get("k")?)?;
    if k.symbol("s")? != symbol {
        return Err(k.bad("s", k.get("s")?));
    }
    let timeframe = k.read("i", |name| {
        let timeframe = name.text()?.parse().ok()?;
        TIMEFRAMES.contains(&timeframe).then_some(timeframe)
    })?;
    let (amount, taker_amount) = (k.notional("q")?, k.notional("Q")?);
    // of contracts in their coin `q` is the volume in that coin, which is no quote volume
    let of_quote = market == Market::Usd;
    let candle = VenueCandle {
        timeframe,
        open_time: k.read("t", time)?,
        close_time: k.read("T", time)?,
        open: k.price("o")?,
        high: k.price("h")?,
        low: k.price("l")?,
        close: k.price("c")?,
        volume: k.quantity("v")?,
        quote_volume: of_quote.then_some(amount),
        trades: Some(k.unsigned("n")?),
        taker_buy_volume: Some(k.quantity("V")?),
        taker_buy_quote_volume: of_quote.then_some(taker_amount),
        first_id: k.read("f", id_or_none)?,
        last_id: k.read("L", id_or_none)?,
        closed: Some(k.flag("x")?),
    };
    told(&f, &symbol, EventKind::Candle(Box::new(candle)))
}

fn ticker(market: Market, tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("24hrTicker", tree)?;
    let amount = f.notional("q")?;
    let ticker = Ticker {
        last: f.price("c")?,
        last_quantity: Some(f.quantity("Q")?),
        open: Some(f.price("o")?),
        high: Some(f.price("h")?),
        low: Some(f.price("l")?),
        volume: Some(f.quantity("v")?),
        quote_volume: (market == Market::Usd).then_some(amount),
        change: Some(f.price("p")?),
        change_percent: Some(f.decimal("P")?),
        weighted_average: Some(f.price("w")?),
        previous_close: None,
        quote: None,
        open_time: Some(f.read("O", time)?),
        close_time: Some(f.read("C", time)?),
        first_id: f.read("F", id_or_none)?,
        last_id: f.read("L", id_or_none)?,
        trades: Some(f.unsigned("n")?),
    };
    told(&f, &f.symbol("s")?, EventKind::Ticker(Box::new(ticker)))
}

/// Dated contracts have no funding: an empty rate, and 0 for its time.
fn mark(tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("markPriceUpdate", tree)?;
    let sent = f.read("E", time)?;
    let state = ContractState {
        time: Some(sent),
        mark: Some(f.price("p")?),
        index: f.optional("i", price_in_text)?,
        settlement: f.optional("P", price_in_text)?,
        funding_rate: f.optional("r", crate::json::value::decimal_in_text)?,
        funding_time: some_time(f.optional("T", time)?),
        next_funding_rate: None,
        open_interest: None,
        open_interest_value: None,
    };
    told(&f, &f.symbol("s")?, EventKind::Contract(Box::new(state)))
}

pub(super) fn price_in_text(found: &Json<'_>) -> Option<Price> {
    crate::json::value::decimal_in_text(found).map(Price)
}

/// A time, where 0 stands for none.
pub(super) fn some_time(time: Option<Timestamp>) -> Option<Timestamp> {
    time.filter(|time| time.nanos() > 0)
}

/// What was executed where something was (`ap`, `z`), else what was ordered (`p`, `q`).
fn liquidation(tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("forceOrder", tree)?;
    let o = Fields::in_text("forceOrder", f.get("o")?)?;
    let (average, filled) = (o.price("ap")?, o.quantity("z")?);
    let (price, quantity) = (o.price("p")?, o.quantity("q")?);
    let positive = |a: Price, b: Price| if a.0.is_positive() { a } else { b };
    let more = |a: Quantity, b: Quantity| if a.0.is_positive() { a } else { b };
    let side = o.read("S", |found| match found.text()? {
        "BUY" => Some(Side::Buy),
        "SELL" => Some(Side::Sell),
        _ => None,
    })?;
    let liquidation = Liquidation {
        time: o.read("T", time)?,
        side,
        price: positive(average, price),
        quantity: more(filled, quantity),
    };
    told(&f, &o.symbol("s")?, EventKind::Liquidation(liquidation))
}
