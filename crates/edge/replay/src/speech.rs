//! The venue's words: events through its codec turned round, and the few things that it says and
//! our events do not cover.

use axum::extract::ws::Utf8Bytes;
use quantflow_model::{Quote, Timeframe, Timestamp, VenueId, VenueSymbol};
use quantflow_venues::binance::{BinanceSpot, TimeUnit};
use quantflow_wire::{Codec, EncodeError, Encoded, Event, EventKind, Query, Ticker};

/// Says events in the venue's words.
#[derive(Debug)]
pub(crate) struct Speech {
    millis: BinanceSpot,
    micros: BinanceSpot,
}

impl Speech {
    pub(crate) fn new(venue: &VenueId) -> Self {
        Self {
            millis: BinanceSpot::new(venue.clone()),
            micros: BinanceSpot::new(venue.clone()).with_time_unit(TimeUnit::Microseconds),
        }
    }

    const fn codec(&self, unit: TimeUnit) -> &BinanceSpot {
        match unit {
            TimeUnit::Milliseconds => &self.millis,
            TimeUnit::Microseconds => &self.micros,
        }
    }

    /// Whether the venue has candles of a timeframe.
    pub(crate) fn has_candles_of(&self, timeframe: Timeframe) -> bool {
        self.millis.describe().timeframes.contains(&timeframe)
    }

    /// A message on a raw stream.
    pub(crate) fn message(&self, event: &Event, unit: TimeUnit) -> Result<Vec<u8>, EncodeError> {
        self.codec(unit)
            .encode(std::slice::from_ref(event), &Encoded::Message)
    }

    /// The body that answers a query.
    pub(crate) fn answer(
        &self,
        query: &Query,
        events: &[Event],
        unit: TimeUnit,
    ) -> Result<Vec<u8>, EncodeError> {
        self.codec(unit).encode(events, &Encoded::Answer(query))
    }
}

/// An event of a symbol.
pub(crate) fn event(symbol: &VenueSymbol, sent: Timestamp, kind: EventKind) -> Event {
    Event {
        symbol: Some(symbol.clone()),
        sent: Some(sent),
        kind,
    }
}

/// A message on a combined stream.
pub(crate) fn combined(stream: &str, data: &str) -> Utf8Bytes {
    let mut text = String::with_capacity(stream.len() + data.len() + 24);
    text.push_str("{\"stream\":");
    // names come from clients: quoted as JSON
    text.push_str(&serde_json::Value::from(stream).to_string());
    text.push_str(",\"data\":");
    text.push_str(data);
    text.push('}');
    text.into()
}

/// `{"result":…,"id":…}`
pub(crate) fn result(result: &serde_json::Value, id: &serde_json::Value) -> Utf8Bytes {
    serde_json::json!({"result": result, "id": id})
        .to_string()
        .into()
}

/// `{"error":{"code":…,"msg":…},"id":…}`
pub(crate) fn socket_error(code: i64, message: &str, id: &serde_json::Value) -> Utf8Bytes {
    let error = serde_json::json!({"code": code, "msg": message});
    let body = if id.is_null() {
        serde_json::json!({"error": error})
    } else {
        serde_json::json!({"error": error, "id": id})
    };
    body.to_string().into()
}

/// The message of a `miniTicker` stream.
pub(crate) fn mini_ticker(
    symbol: &VenueSymbol,
    sent: Timestamp,
    ticker: &Ticker,
    unit: TimeUnit,
) -> Vec<u8> {
    let volume = ticker.quote_volume.unwrap_or_default();
    format!(
        "{{\"e\":\"24hrMiniTicker\",\"E\":{},\"s\":\"{symbol}\",\"c\":\"{}\",\"o\":\"{}\",\"h\":\"{}\",\"l\":\"{}\",\"v\":\"{}\",\"q\":\"{}\"}}",
        unit.of(sent),
        ticker.last.0.padded(8),
        ticker.open.unwrap_or_default().0.padded(8),
        ticker.high.unwrap_or_default().0.padded(8),
        ticker.low.unwrap_or_default().0.padded(8),
        ticker.volume.unwrap_or_default().0.padded(8),
        volume.0.padded(8),
    )
    .into_bytes()
}

/// No quote, as the venue says it: zeros.
pub(crate) fn no_quote() -> Quote {
    Quote {
        bid: quantflow_model::Price::ZERO,
        bid_quantity: quantflow_model::Quantity::ZERO,
        ask: quantflow_model::Price::ZERO,
        ask_quantity: quantflow_model::Quantity::ZERO,
        update_id: Some(0),
        time: None,
    }
}
