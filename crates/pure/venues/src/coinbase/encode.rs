//! Events as the venue says them: the inverse of decoding, for the replay venue.

use quantflow_model::{
    BookSnapshot, Contract, Instrument, InstrumentStatus, Level, Side, Timeframe, Timestamp, Trade,
    VenueId, VenueSymbol,
};
use quantflow_wire::{EncodeError, Encoded, Event, EventKind, Notice, Query, Ticker};
use serde_json::{Value, json};

use super::ASSETS;
use crate::reading::opposite;

/// The body of a refusal: `{"message":"NotFound"}`.
pub fn error_body(message: &str) -> Vec<u8> {
    json!({ "message": message }).to_string().into_bytes()
}

pub(super) fn encode(
    venue: &VenueId,
    events: &[Event],
    as_what: &Encoded<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let said = match as_what {
        Encoded::Answer(Query::ServerTime) => clock(venue, events)?,
        Encoded::Answer(Query::Candles { timeframe, .. }) => candles(venue, events, *timeframe)?,
        Encoded::Answer(query) => answer(venue, events, query)?.to_string(),
        // one socket carries all products: a message is the same alone and beside others
        Encoded::Message | Encoded::Combined => {
            message(venue, one(events, "a message")?)?.to_string()
        }
    };
    Ok(said.into_bytes())
}

fn one<'e>(events: &'e [Event], what: &'static str) -> Result<&'e Event, EncodeError> {
    match events {
        [event] => Ok(event),
        _ => Err(EncodeError::Missing {
            what,
            field: "its one event",
        }),
    }
}

fn no_such(venue: &VenueId, what: &'static str) -> EncodeError {
    EncodeError::NoSuchMessage {
        venue: venue.clone(),
        what,
    }
}

fn needed<T>(value: Option<T>, what: &'static str, field: &'static str) -> Result<T, EncodeError> {
    value.ok_or(EncodeError::Missing { what, field })
}

fn message(venue: &VenueId, event: &Event) -> Result<Value, EncodeError> {
    if let EventKind::Notice(notice) = &event.kind {
        return notice_json(venue, notice, event);
    }
    let product = needed(event.symbol.as_ref(), "a message", "symbol")?;
    match &event.kind {
        EventKind::Trade(event) => matched(product, &event.trade),
        EventKind::Ticker(ticker) => ticker_message(product, ticker),
        EventKind::BookSnapshot(book) => Ok(json!({
            "type": "snapshot",
            "product_id": product,
            "bids": levels(&book.bids, None),
            "asks": levels(&book.asks, None),
            "time": book.time.map(instant),
        })),
        EventKind::BookDelta(delta) => {
            let of = |side: &str, levels: &[Level]| {
                let change = |l: &Level| json!([side, l.price, l.quantity]);
                levels.iter().map(change).collect::<Vec<_>>()
            };
            let mut changes = of("buy", &delta.bids);
            changes.extend(of("sell", &delta.asks));
            let time = needed(delta.time.or(event.sent), "l2update", "time")?;
            Ok(json!({
                "type": "l2update",
                "product_id": product,
                "changes": changes,
                "time": instant(time),
            }))
        }
        _ => Err(no_such(venue, "such an event")),
    }
}

/// The feed's number and the two orders are not kept with a trade: the first is the trade's own id
/// here, the orders are made of it.
fn matched(product: &VenueSymbol, trade: &Trade) -> Result<Value, EncodeError> {
    let id = id_number(trade)?;
    let order = |of: u64| format!("{of:08x}-0000-4000-8000-{:012x}", id & 0xffff_ffff_ffff);
    Ok(json!({
        "type": "match",
        "trade_id": id,
        "maker_order_id": order(1),
        "taker_order_id": order(2),
        "side": side_name(opposite(trade.side))?,
        "size": trade.quantity,
        "price": trade.price,
        "product_id": product,
        "sequence": id,
        "time": instant(trade.time),
    }))
}

fn id_number(trade: &Trade) -> Result<u64, EncodeError> {
    needed(u64::try_from(trade.id.0).ok(), "match", "an id of 64 bits")
}

fn side_name(side: Side) -> Result<&'static str, EncodeError> {
    match side {
        Side::Buy => Ok("buy"),
        Side::Sell => Ok("sell"),
        Side::Unknown => Err(EncodeError::Missing {
            what: "match",
            field: "the taker's side",
        }),
    }
}

/// The side of the last trade and the volume of thirty days are not kept: the former is left out, the
/// latter 0.
fn ticker_message(product: &VenueSymbol, ticker: &Ticker) -> Result<Value, EncodeError> {
    const WHAT: &str = "ticker";
    let mut said = json!({
        "type": "ticker",
        "sequence": ticker.quote.and_then(|q| q.update_id).unwrap_or_default(),
        "product_id": product,
        "price": ticker.last,
        "open_24h": needed(ticker.open, WHAT, "open")?,
        "volume_24h": needed(ticker.volume, WHAT, "volume")?,
        "low_24h": needed(ticker.low, WHAT, "low")?,
        "high_24h": needed(ticker.high, WHAT, "high")?,
        "volume_30d": "0",
        "best_bid": ticker.quote.map_or_else(|| json!("0"), |q| json!(q.bid)),
        "best_bid_size": ticker.quote.map_or_else(|| json!("0"), |q| json!(q.bid_quantity)),
        "best_ask": ticker.quote.map_or_else(|| json!("0"), |q| json!(q.ask)),
        "best_ask_size": ticker.quote.map_or_else(|| json!("0"), |q| json!(q.ask_quantity)),
    });
    if let Some(time) = ticker.close_time {
        said["time"] = instant(time).into();
    }
    if let Some(id) = ticker.last_id.and_then(|id| u64::try_from(id.0).ok()) {
        said["trade_id"] = id.into();
    }
    if let Some(size) = ticker.last_quantity {
        said["last_size"] = json!(size);
    }
    Ok(said)
}

fn notice_json(venue: &VenueId, notice: &Notice, event: &Event) -> Result<Value, EncodeError> {
    match notice {
        // which channels is not kept
        Notice::Subscribed { .. } => Ok(json!({"type": "subscriptions", "channels": []})),
        Notice::Refused { message, .. } => Ok(json!({"type": "error", "message": message})),
        Notice::Heartbeat => {
            let product = needed(event.symbol.as_ref(), "heartbeat", "symbol")?;
            let time = needed(event.sent, "heartbeat", "time")?;
            Ok(json!({
                "type": "heartbeat",
                "sequence": 0,
                "last_trade_id": 0,
                "product_id": product,
                "time": instant(time),
            }))
        }
        _ => Err(no_such(venue, "such a notice")),
    }
}

fn answer(venue: &VenueId, events: &[Event], query: &Query) -> Result<Value, EncodeError> {
    match query {
        Query::Instruments => match &one(events, "products")?.kind {
            EventKind::Instruments(list) => list.iter().map(product_json).collect(),
            _ => Err(no_such(venue, "such an event among its products")),
        },
        Query::RecentTrades { .. } | Query::TradesFromId { .. } | Query::TradesBeforeId { .. } => {
            newest_first(events, |event| match &event.kind {
                EventKind::Trade(event) => trade_row(&event.trade),
                _ => Err(no_such(venue, "such an event among trades")),
            })
        }
        Query::Book { .. } => match &one(events, "book")?.kind {
            EventKind::BookSnapshot(book) => Ok(book_json(book)),
            _ => Err(no_such(venue, "such an event as a book")),
        },
        Query::BestQuote { symbol: Some(_) } => match &one(events, "book")?.kind {
            EventKind::Quote(quote) => Ok(book_json(&BookSnapshot {
                last_update_id: quote.update_id.unwrap_or_default(),
                time: quote.time,
                bids: vec![Level {
                    price: quote.bid,
                    quantity: quote.bid_quantity,
                }],
                asks: vec![Level {
                    price: quote.ask,
                    quantity: quote.ask_quantity,
                }],
                checksum: None,
            })),
            _ => Err(no_such(venue, "such an event as a quote")),
        },
        Query::Ticker { symbol: Some(_) } => match &one(events, "ticker")?.kind {
            EventKind::Ticker(ticker) => ticker_answer(ticker),
            _ => Err(no_such(venue, "such an event as a ticker")),
        },
        other => Err(no_such(venue, other.name())),
    }
}

fn newest_first(
    events: &[Event],
    row: impl FnMut(&Event) -> Result<Value, EncodeError>,
) -> Result<Value, EncodeError> {
    events.iter().rev().map(row).collect()
}

/// Numbers outside of text, as this answer has them, and exact: no float writes them.
fn candles(venue: &VenueId, events: &[Event], timeframe: Timeframe) -> Result<String, EncodeError> {
    let row = |event: &Event| match &event.kind {
        EventKind::Candle(c) if c.timeframe == timeframe => Ok(format!(
            "[{},{},{},{},{},{}]",
            c.open_time.seconds(),
            c.low,
            c.high,
            c.open,
            c.close,
            c.volume
        )),
        _ => Err(no_such(venue, "such an event among candles")),
    };
    let rows: Vec<_> = events.iter().rev().map(row).collect::<Result<_, _>>()?;
    Ok(format!("[{}]", rows.join(",")))
}

fn clock(venue: &VenueId, events: &[Event]) -> Result<String, EncodeError> {
    let EventKind::ServerTime(time) = one(events, "time")?.kind else {
        return Err(no_such(venue, "such an event as its time"));
    };
    let time = Timestamp::from_millis(time.millis());
    let epoch = format!("{}.{:03}", time.seconds(), time.millis().rem_euclid(1_000));
    Ok(format!("{{\"iso\":\"{time:.3}\",\"epoch\":{epoch}}}"))
}

fn trade_row(trade: &Trade) -> Result<Value, EncodeError> {
    Ok(json!({
        "time": instant(trade.time),
        "trade_id": id_number(trade)?,
        "price": trade.price,
        "size": trade.quantity,
        "side": side_name(opposite(trade.side))?,
    }))
}

/// How many orders stand at a price is not kept: 1.
fn book_json(book: &BookSnapshot) -> Value {
    json!({
        "bids": levels(&book.bids, Some(1)),
        "asks": levels(&book.asks, Some(1)),
        "sequence": book.last_update_id,
        "auction_mode": false,
        "auction": null,
        "time": book.time.map(instant),
    })
}

fn ticker_answer(ticker: &Ticker) -> Result<Value, EncodeError> {
    const WHAT: &str = "ticker";
    let id = needed(ticker.last_id, WHAT, "last_id")?;
    let time = needed(ticker.close_time, WHAT, "close_time")?;
    Ok(json!({
        "trade_id": needed(u64::try_from(id.0).ok(), WHAT, "an id of 64 bits")?,
        "price": ticker.last,
        "size": needed(ticker.last_quantity, WHAT, "last_quantity")?,
        "bid": ticker.quote.map_or_else(|| json!("0"), |q| json!(q.bid)),
        "ask": ticker.quote.map_or_else(|| json!("0"), |q| json!(q.ask)),
        "volume": needed(ticker.volume, WHAT, "volume")?,
        "time": instant(time),
    }))
}

fn product_json(instrument: &Instrument) -> Result<Value, EncodeError> {
    let Contract::Spot { base, quote } = instrument.symbol.contract() else {
        return Err(EncodeError::Missing {
            what: "a product",
            field: "base and quote asset",
        });
    };
    let [base, quote] = [base, quote].map(|asset| ASSETS.theirs(asset));
    let mut said = json!({
        "id": instrument.venue_symbol,
        "base_currency": base,
        "quote_currency": quote,
        "display_name": format!("{base}/{quote}"),
        "margin_enabled": false,
        "post_only": false,
        "limit_only": false,
        "cancel_only": false,
        "trading_disabled": instrument.status == InstrumentStatus::Halted,
        "auction_mode": false,
        "status_message": "",
    });
    if let Some(tick) = instrument.tick {
        said["quote_increment"] = json!(tick);
    }
    if let Some(lot) = instrument.lot {
        said["base_increment"] = json!(lot);
    }
    if let Some(least) = instrument.minimum_notional {
        said["min_market_funds"] = json!(least);
    }
    match instrument.status {
        InstrumentStatus::Trading | InstrumentStatus::Halted => said["status"] = "online".into(),
        InstrumentStatus::Closed => said["status"] = "delisted".into(),
        InstrumentStatus::Unknown => {}
    }
    Ok(said)
}

fn levels(levels: &[Level], orders: Option<u32>) -> Value {
    let level = |l: &Level| match orders {
        Some(orders) => json!([l.price, l.quantity, orders]),
        None => json!([l.price, l.quantity]),
    };
    levels.iter().map(level).collect()
}

/// As the venue writes a time: to the microsecond.
fn instant(time: Timestamp) -> String {
    let micros = Timestamp::from_micros(time.micros());
    format!("{micros:.6}")
}
