//! What goes over a live connection, as JSON or MessagePack. An update is encoded once for all who get it.

use std::sync::Arc;

use bytes::Bytes;
use quantflow_market::stream::{StreamSeq, Update, UpdateData};
use quantflow_model::Symbol;
use serde::{Serialize, Serializer};

use crate::dto::{Book, Candle, IndicatorRow, Price, Quote, TimeStyle, Trade};
use crate::problem::Problem;

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Json,
    MessagePack,
}

impl Wire {
    /// Writes a message.
    pub(crate) fn write(self, message: &impl Serialize) -> Result<Bytes, Problem> {
        match self {
            Self::Json => serde_json::to_vec(message)
                .map(Bytes::from)
                .map_err(|e| Problem::internal(&e)),
            Self::MessagePack => rmp_serde::to_vec_named(message)
                .map(Bytes::from)
                .map_err(|e| Problem::internal(&e)),
        }
    }
}

/// What a channel says.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Data {
    Prices(Vec<Price>),
    Trades(Vec<Trade>),
    Candles(Vec<Candle>),
    Quotes(Vec<Quote>),
    Book(Book),
    Indicators(Vec<IndicatorRow>),
}

impl Data {
    /// What the market role says, as it is written. Trades need the symbol, which is the channel's.
    pub(crate) fn of(data: &UpdateData, symbol: Option<&Symbol>) -> Self {
        const STYLE: TimeStyle = TimeStyle::Text;
        match data {
            UpdateData::Prices(prices) => {
                Self::Prices(prices.iter().map(|p| Price::of(p, STYLE)).collect())
            }
            UpdateData::Trades(trades) => Self::Trades(
                symbol
                    .map(|symbol| trades.iter().map(|t| Trade::of(symbol, t, STYLE)).collect())
                    .unwrap_or_default(),
            ),
            UpdateData::Candles(candles) => {
                Self::Candles(candles.iter().map(|view| Candle::of(view, STYLE)).collect())
            }
            UpdateData::Quotes(quotes) => Self::Quotes(quotes.iter().map(Quote::from).collect()),
            UpdateData::Book(book) => Self::Book(book.into()),
        }
    }
}

/// A place in a channel, as text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seq(pub(crate) StreamSeq);

impl Serialize for Seq {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// An update.
#[derive(Debug, Serialize)]
pub(crate) struct UpdateMessage<'a> {
    pub(crate) channel: &'a str,
    pub(crate) seq: Seq,
    pub(crate) data: Data,
}

/// What is said besides updates.
#[derive(Debug, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub(crate) enum Said<'a> {
    Subscribed {
        channel: &'a str,
        seq: Seq,
        snapshot: Data,
    },
    Unsubscribed {
        channel: &'a str,
    },
    Resumed {
        channel: &'a str,
        seq: Seq,
    },
    Reset {
        channel: &'a str,
        seq: Seq,
        snapshot: Data,
    },
    Dropped {
        channel: &'a str,
        count: u64,
    },
    Pong,
    Error {
        code: &'static str,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<&'a str>,
        #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
        details: &'a serde_json::Map<String, serde_json::Value>,
    },
}

impl<'a> Said<'a> {
    pub(crate) fn error(problem: &'a Problem, channel: Option<&'a str>) -> Self {
        Self::Error {
            code: problem.code.name(),
            message: &problem.message,
            channel,
            details: &problem.details,
        }
    }
}

/// An update's message, made by the first who needs it. `name` is the channel's one spelling, which all share.
pub(crate) fn update(
    wire: Wire,
    update: &Arc<Update>,
    name: &str,
    symbol: Option<&Symbol>,
) -> Result<Bytes, Problem> {
    let kept = match wire {
        Wire::Json => &update.json,
        Wire::MessagePack => &update.msgpack,
    };
    if let Some(bytes) = kept.get() {
        return Ok(bytes.clone());
    }
    let message = UpdateMessage {
        channel: name,
        seq: Seq(update.seq),
        data: Data::of(&update.data, symbol),
    };
    let bytes = wire.write(&message)?;
    Ok(kept.get_or_init(|| bytes).clone())
}
