//! What a venue said, put together: the parts of events that most venues leave alike.

use quantflow_model::{
    Price, Quantity, Quote, Side, Timestamp, Trade, TradeFlags, TradeId, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Notice, Ticker, TradeEvent};

use crate::json::Json;

/// An event about a symbol.
pub(crate) fn about(symbol: &VenueSymbol, sent: Option<Timestamp>, kind: EventKind) -> Event {
    Event {
        symbol: Some(symbol.clone()),
        sent,
        kind,
    }
}

/// An event about no symbol, or about all.
pub(crate) const fn about_all(sent: Option<Timestamp>, kind: EventKind) -> Event {
    Event {
        symbol: None,
        sent,
        kind,
    }
}

/// A word about the connection.
pub(crate) const fn notice(notice: Notice) -> Event {
    about_all(None, EventKind::Notice(notice))
}

/// A single trade, as the venue published it.
pub(crate) const fn trade(
    id: TradeId,
    time: Timestamp,
    price: Price,
    quantity: Quantity,
    side: Side,
) -> EventKind {
    EventKind::Trade(TradeEvent {
        trade: Trade {
            id,
            time,
            price,
            quantity,
            side,
            flags: TradeFlags::NONE,
            count: 1,
        },
        orders: None,
    })
}

/// Statistics of which only the last price is known yet.
pub(crate) const fn ticker(last: Price) -> Ticker {
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

/// A best bid and offer without number and time.
pub(crate) const fn quote(
    (bid, bid_quantity): (Price, Quantity),
    (ask, ask_quantity): (Price, Quantity),
) -> Quote {
    Quote {
        bid,
        bid_quantity,
        ask,
        ask_quantity,
        update_id: None,
        time: None,
    }
}

/// The items of a list of a known kind.
pub(crate) fn items<'t, 'a>(
    message: &'static str,
    list: &'t Json<'a>,
) -> Result<&'t [Json<'a>], DecodeError> {
    list.items().ok_or_else(|| DecodeError::BadField {
        message,
        field: "",
        found: list.shown(),
    })
}

/// Candles in the order in which [`Query::Candles`](quantflow_wire::Query::Candles) wants them, of a
/// venue that may answer the newest first.
pub(crate) fn oldest_first(candles: &mut [Event]) {
    candles.sort_by_key(|event| match &event.kind {
        EventKind::Candle(candle) => candle.open_time,
        _ => Timestamp::MIN,
    });
}

/// Text from a venue, shortened for an error.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(80).collect()
}
