//! What venues have in common when they say something: events, sides, and spans of time.

use quantflow_model::{Side, Timestamp, TradeFlags, VenueSymbol};
use quantflow_model::{Trade, TradeId};
use quantflow_wire::{DecodeError, Event, EventKind, Notice, Query, TradeEvent};

use crate::json::Json;
use crate::json::value;

/// An event about a symbol that does not say when it was sent.
pub(crate) fn about(symbol: &VenueSymbol, kind: EventKind) -> Event {
    sent_about(symbol, None, kind)
}

/// An event about a symbol.
pub(crate) fn sent_about(symbol: &VenueSymbol, sent: Option<Timestamp>, kind: EventKind) -> Event {
    Event {
        symbol: Some(symbol.clone()),
        sent,
        kind,
    }
}

/// An event that concerns all.
pub(crate) fn of_all(kind: EventKind) -> Event {
    Event {
        symbol: None,
        sent: None,
        kind,
    }
}

/// A word about the connection.
pub(crate) fn notice(notice: Notice) -> Event {
    of_all(EventKind::Notice(notice))
}

/// A plain trade.
pub(crate) fn trade(trade: Trade) -> EventKind {
    EventKind::Trade(TradeEvent {
        trade,
        orders: None,
    })
}

/// A single trade of which the venue says no more than these.
pub(crate) fn single(
    id: TradeId,
    time: Timestamp,
    price: quantflow_model::Price,
    quantity: quantflow_model::Quantity,
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

/// `buy` or `sell`, in any case.
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

/// `buy` or `sell`.
pub(crate) const fn side_text(side: Side) -> Option<&'static str> {
    match side {
        Side::Buy => Some("buy"),
        Side::Sell => Some("sell"),
        Side::Unknown => None,
    }
}

/// Whether a time lies in `[from, to)`, where either may be open.
pub(crate) fn within(time: Timestamp, from: Option<Timestamp>, to: Option<Timestamp>) -> bool {
    from.is_none_or(|from| time >= from) && to.is_none_or(|to| time < to)
}

/// Book levels, each a list that begins with price and quantity.
pub(crate) fn levels(
    message: &'static str,
    field: &'static str,
    list: &Json<'_>,
) -> Result<Vec<quantflow_model::Level>, DecodeError> {
    let bad = |found: &Json<'_>| DecodeError::BadField {
        message,
        field,
        found: found.shown(),
    };
    let items = list.items().ok_or_else(|| bad(list))?;
    items
        .iter()
        .map(|item| value::level(item).ok_or_else(|| bad(item)))
        .collect()
}

/// That a kind of message is not known, by its name.
pub(crate) fn unknown(name: &str) -> DecodeError {
    DecodeError::UnknownMessage(name.chars().take(64).collect())
}

/// The symbol that a question is about; what venues are asked about one symbol only names it.
pub(crate) fn asked(query: &Query) -> Result<&VenueSymbol, DecodeError> {
    query.symbol().ok_or_else(|| DecodeError::unasked(query))
}
