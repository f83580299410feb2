//! What the answers and messages of many venues share: lists of rows, events around what they say,
//! and instruments whose names are not ours to write.

use std::sync::atomic::{AtomicU64, Ordering};

use quantflow_model::{Level, Quantity, Quote, Side, Timestamp, Trade, TradeFlags, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Notice, Route, Ticker, TradeEvent};

use crate::json::{Fields, Json, value};

/// Something said of a symbol.
pub(crate) fn said(symbol: &VenueSymbol, sent: Option<Timestamp>, kind: EventKind) -> Event {
    Event {
        symbol: Some(symbol.clone()),
        sent,
        kind,
    }
}

/// Something said of no symbol.
pub(crate) fn general(kind: EventKind) -> Event {
    Event {
        symbol: None,
        sent: None,
        kind,
    }
}

/// A word about the connection.
pub(crate) fn notice(notice: Notice) -> Event {
    general(EventKind::Notice(notice))
}

/// That a request over the socket was refused, in words without a code.
pub(crate) fn refused(id: Option<u64>, message: &str) -> Event {
    notice(Notice::Refused {
        id,
        code: 0,
        message: shortened(message),
    })
}

/// The venue's own error, in words without a code.
pub(crate) fn venue_error(message: &str) -> DecodeError {
    DecodeError::Venue {
        code: 0,
        message: shortened(message),
    }
}

/// As much of a venue's words as an error carries.
pub(crate) fn shortened(message: &str) -> String {
    message.chars().take(400).collect()
}

/// A kind of message that is not known, by its name.
pub(crate) fn unknown(name: &str) -> DecodeError {
    DecodeError::UnknownMessage(name.chars().take(64).collect())
}

/// Each item of a list; none is kept when one is bad.
pub(crate) fn rows<'t, 'a, T>(
    message: &'static str,
    list: &'t Json<'a>,
    row: impl FnMut(&'t Json<'a>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    match list.items() {
        Some(items) => items.iter().map(row).collect(),
        None => Err(DecodeError::BadField {
            message,
            field: "",
            found: list.shown(),
        }),
    }
}

/// Levels that begin with price and quantity, whatever stands behind those.
pub(crate) fn levels(f: &Fields<'_, '_>, field: &'static str) -> Result<Vec<Level>, DecodeError> {
    let items = f.list(field)?.iter();
    items
        .map(|item| value::level(item).ok_or_else(|| f.bad(field, item)))
        .collect()
}

/// A trade of which nothing else is known.
pub(crate) fn trade(trade: Trade) -> EventKind {
    EventKind::Trade(TradeEvent {
        trade,
        orders: None,
    })
}

/// One trade, unmarked.
pub(crate) fn single(
    id: quantflow_model::TradeId,
    time: Timestamp,
    price: quantflow_model::Price,
    quantity: Quantity,
    side: Side,
) -> Trade {
    Trade {
        id,
        time,
        price,
        quantity,
        side,
        flags: TradeFlags::NONE,
        count: 1,
    }
}

/// `buy` and `sell` in any case: the taker's side.
pub(crate) fn side(found: &Json<'_>) -> Option<Side> {
    let text = found.text()?;
    if text.eq_ignore_ascii_case("buy") {
        Some(Side::Buy)
    } else if text.eq_ignore_ascii_case("sell") {
        Some(Side::Sell)
    } else {
        None
    }
}

/// The other side: a venue that names the maker's means it for the taker.
pub(crate) const fn opposite(side: Side) -> Side {
    match side {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
        Side::Unknown => Side::Unknown,
    }
}

/// Statistics that know the last price only.
pub(crate) fn bare_ticker(last: quantflow_model::Price) -> Ticker {
    Ticker {
        last,
        last_quantity: None,
        open: None,
        high: None,
        low: None,
        volume: None,
        quote_volume: None,
        change: None,
        change_percent: None,
        weighted_average: None,
        previous_close: None,
        quote: None,
        open_time: None,
        close_time: None,
        first_id: None,
        last_id: None,
        trades: None,
    }
}

/// The best prices of a ticker that may not say how much stands there: those amounts are 0 then.
/// `None` where a price is missing, or 0 for nobody.
pub(crate) fn quote_of(
    bid: Option<quantflow_model::Price>,
    bid_quantity: Option<Quantity>,
    ask: Option<quantflow_model::Price>,
    ask_quantity: Option<Quantity>,
) -> Option<Quote> {
    let there = |price: Option<quantflow_model::Price>| price.filter(|p| !p.0.is_zero());
    Some(Quote {
        bid: there(bid)?,
        bid_quantity: bid_quantity.unwrap_or_default(),
        ask: there(ask)?,
        ask_quantity: ask_quantity.unwrap_or_default(),
        update_id: None,
        time: None,
    })
}

/// The symbol that all parts of a message name; all symbols where they differ. `None` where there is no
/// part, or one whose symbol cannot be told.
pub(crate) fn one_symbol<'a>(
    mut parts: impl Iterator<Item = Option<&'a str>>,
) -> Option<Route<'a>> {
    let first = parts.next()??;
    let mut one = true;
    for part in parts {
        one &= part? == first;
    }
    Some(if one {
        Route::Symbol(first)
    } else {
        Route::All
    })
}

/// How many instruments were left out because our grammar of symbols cannot write their names.
#[derive(Debug, Default)]
pub(crate) struct Unnamed(AtomicU64);

impl Unnamed {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
