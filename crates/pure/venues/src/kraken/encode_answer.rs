//! Events as the bodies of REST answers.

use std::fmt::Write;

use quantflow_model::{
    Contract, Decimal, Instrument, InstrumentStatus, Level, Side, Timestamp, Trade, VenueId,
};
use quantflow_wire::{EncodeError, Event, EventKind, Query, Ticker, VenueCandle};

use super::encode::{needed, no_such, put, text};
use super::names;

/// The body of a refusal: `{"error":["EQuery:Unknown asset pair"]}`.
pub fn error_body(message: &str) -> Vec<u8> {
    format!("{{\"error\":[{}]}}", text(message)).into_bytes()
}

/// The body that answers a query with these events.
pub(super) fn answer(
    venue: &VenueId,
    events: &[Event],
    query: &Query,
) -> Result<String, EncodeError> {
    let mut out = String::from("{\"error\":[],\"result\":{");
    let key = |out: &mut String| {
        if let Some(symbol) = query.symbol() {
            put!(out, "{}:", text(&names::for_rest(symbol)));
        }
    };
    match query {
        Query::ServerTime => {
            let EventKind::ServerTime(time) = one(events)?.kind else {
                return Err(no_such(venue, "such an event as its time"));
            };
            let (unix, words) = (time.seconds(), rfc1123(time));
            put!(out, "\"unixtime\":{unix},\"rfc1123\":\"{words}\"");
        }
        Query::Instruments => {
            let EventKind::Instruments(list) = &one(events)?.kind else {
                return Err(no_such(venue, "such an event among its pairs"));
            };
            for (at, instrument) in list.iter().enumerate() {
                put!(out, "{}", if at > 0 { "," } else { "" });
                pair(&mut out, instrument)?;
            }
        }
        Query::Candles { timeframe, .. } => {
            key(&mut out);
            list(&mut out, events, |out, event| match &event.kind {
                EventKind::Candle(c) if c.timeframe == *timeframe => candle(out, c),
                _ => Err(no_such(venue, "such an event among candles")),
            })?;
            // the last one that is over: the one before the newest
            let times = events.iter().rev().filter_map(|event| match &event.kind {
                EventKind::Candle(candle) => Some(candle.open_time),
                _ => None,
            });
            let last = times.take(2).last().unwrap_or_default();
            put!(out, ",\"last\":{}", last.seconds());
        }
        Query::RecentTrades { .. } | Query::Trades { .. } => {
            key(&mut out);
            let mut last = Timestamp::default();
            list(&mut out, events, |out, event| match &event.kind {
                EventKind::Trade(event) => {
                    last = event.trade.time;
                    trade(out, &event.trade)
                }
                _ => Err(no_such(venue, "such an event among trades")),
            })?;
            put!(out, ",\"last\":\"{}\"", last.nanos());
        }
        Query::Book { .. } => {
            let EventKind::BookSnapshot(book) = &one(events)?.kind else {
                return Err(no_such(venue, "such an event as a book"));
            };
            key(&mut out);
            out.push_str("{\"asks\":");
            levels(&mut out, &book.asks);
            out.push_str(",\"bids\":");
            levels(&mut out, &book.bids);
            out.push('}');
        }
        Query::Ticker { symbol: Some(_) } => {
            let EventKind::Ticker(said) = &one(events)?.kind else {
                return Err(no_such(venue, "such an event as a ticker"));
            };
            key(&mut out);
            ticker(&mut out, said)?;
        }
        other => return Err(no_such(venue, other.name())),
    }
    out.push_str("}}");
    Ok(out)
}

fn one(events: &[Event]) -> Result<&Event, EncodeError> {
    match events {
        [event] => Ok(event),
        _ => Err(EncodeError::Missing {
            what: "an answer",
            field: "its one event",
        }),
    }
}

fn list(
    out: &mut String,
    events: &[Event],
    mut row: impl FnMut(&mut String, &Event) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    out.push('[');
    for (at, event) in events.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        row(out, event)?;
    }
    out.push(']');
    Ok(())
}

/// `Tue, 11 Nov 25 00:17:04 +0000`
fn rfc1123(time: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = time.seconds();
    let day = usize::try_from(seconds.div_euclid(86_400).rem_euclid(7)).unwrap_or_default();
    let date = time.date();
    let mut parts = date.split('-');
    let mut part = || parts.next().unwrap_or_default();
    let (year, month, of_month) = (part(), part(), part());
    let month = month.parse::<usize>().unwrap_or(1).saturating_sub(1);
    let second = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let year = &year[year.len().saturating_sub(2)..];
    let (day, month) = (DAYS[day % 7], MONTHS[month % 12]);
    format!("{day}, {of_month} {month} {year} {hour:02}:{minute:02}:{second:02} +0000")
}

/// Decimals of a step: `None` where it is no power of ten.
fn decimals(step: Decimal) -> Option<u8> {
    (step.mantissa() == 1).then_some(step.scale())
}

fn pair(out: &mut String, instrument: &Instrument) -> Result<(), EncodeError> {
    const WHAT: &str = "a pair";
    if !matches!(instrument.symbol.contract(), Contract::Spot { .. }) {
        return Err(EncodeError::Missing {
            what: WHAT,
            field: "base and quote asset",
        });
    }
    let old = needed(
        names::old(instrument.venue_symbol.as_str()),
        WHAT,
        "a slash",
    )?;
    let (base, quote) = old.split_once('/').unwrap_or_default();
    let name = names::for_rest(&instrument.venue_symbol);
    let tick = needed(instrument.tick, WHAT, "tick")?.0;
    let lot = needed(instrument.lot, WHAT, "lot")?.0;
    let lot_decimals = needed(decimals(lot), WHAT, "a lot that is a power of ten")?;
    let status = match instrument.status {
        InstrumentStatus::Trading | InstrumentStatus::Unknown => "online",
        InstrumentStatus::Halted => "cancel_only",
        InstrumentStatus::Closed => "delisted",
    };
    put!(
        out,
        "{0}:{{\"altname\":{0},\"wsname\":{1},\"aclass_base\":\"currency\",\"base\":{2},\"aclass_quote\":\"currency\",\"quote\":{3},\"lot\":\"unit\",\"pair_decimals\":{4},\"lot_decimals\":{lot_decimals},\"lot_multiplier\":1",
        text(&name),
        text(&old),
        text(base),
        text(quote),
        tick.scale(),
    );
    if let Some(minimum) = instrument.minimum_notional {
        put!(out, ",\"costmin\":\"{minimum}\"");
    }
    put!(out, ",\"tick_size\":\"{tick}\",\"status\":\"{status}\"}}");
    Ok(())
}

/// The average price is not kept: the close.
fn candle(out: &mut String, c: &VenueCandle) -> Result<(), EncodeError> {
    put!(
        out,
        "[{},\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",{}]",
        c.open_time.seconds(),
        c.open,
        c.high,
        c.low,
        c.close,
        c.close,
        c.volume,
        needed(c.trades, "OHLC", "trades")?,
    );
    Ok(())
}

/// The kind of order is not kept: market.
fn trade(out: &mut String, trade: &Trade) -> Result<(), EncodeError> {
    let side = match trade.side {
        Side::Buy => "b",
        Side::Sell => "s",
        Side::Unknown => {
            return Err(EncodeError::Missing {
                what: "Trades",
                field: "the taker's side",
            });
        }
    };
    let time = Decimal::new(i128::from(trade.time.nanos()), 9).unwrap_or_default();
    put!(
        out,
        "[\"{}\",\"{}\",{time},\"{side}\",\"m\",\"\",{}]",
        trade.price,
        trade.quantity,
        trade.id,
    );
    Ok(())
}

/// When a level last changed is not kept: 0.
fn levels(out: &mut String, levels: &[Level]) {
    out.push('[');
    for (at, level) in levels.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        put!(out, "{comma}[\"{}\",\"{}\",0]", level.price, level.quantity);
    }
    out.push(']');
}

/// What is said of today is said as of 24 hours, and the first price of today is the last one where
/// it is not known: neither is kept.
fn ticker(out: &mut String, t: &Ticker) -> Result<(), EncodeError> {
    const WHAT: &str = "Ticker";
    let quote = needed(t.quote, WHAT, "quote")?;
    let twice = |number: Decimal| format!("[\"{number}\",\"{number}\"]");
    let trades = needed(t.trades, WHAT, "trades")?;
    let whole = |quantity: Decimal| {
        quantity.mantissa() / Decimal::power_of_ten(quantity.scale()).unwrap_or(1)
    };
    put!(
        out,
        "{{\"a\":[\"{}\",\"{}\",\"{}\"],\"b\":[\"{}\",\"{}\",\"{}\"],\"c\":[\"{}\",\"{}\"]",
        quote.ask,
        whole(quote.ask_quantity.0),
        quote.ask_quantity,
        quote.bid,
        whole(quote.bid_quantity.0),
        quote.bid_quantity,
        t.last,
        needed(t.last_quantity, WHAT, "last_quantity")?,
    );
    put!(
        out,
        ",\"v\":{},\"p\":{},\"t\":[{trades},{trades}],\"l\":{},\"h\":{},\"o\":\"{}\"}}",
        twice(needed(t.volume, WHAT, "volume")?.0),
        twice(needed(t.weighted_average, WHAT, "weighted_average")?.0),
        twice(needed(t.low, WHAT, "low")?.0),
        twice(needed(t.high, WHAT, "high")?.0),
        t.open.unwrap_or(t.last),
    );
    Ok(())
}
