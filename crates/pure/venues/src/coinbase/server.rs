//! The venue's side of the conversation: requests read back into queries and streams. The replay venue
//! stands behind this, so that an unmodified client of the venue can talk to a recording.

use quantflow_model::{Timestamp, TradeId, VenueSymbol};
use quantflow_wire::{Channel, Query};

use super::description::TIMEFRAMES;
use super::encode::error_body;
use super::request::{CANDLES, TRADES, seconds};
use crate::binance::unescape;
use crate::json::{Json, value};
use crate::parameters::Parameters;

/// Why the venue refuses a request: its status and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status; over a socket it means nothing.
    pub status: u16,
    /// The venue's words.
    pub message: String,
}

impl Refusal {
    fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    /// A product or a page that the venue does not have.
    pub fn not_found() -> Self {
        Self::new(404, "NotFound")
    }

    /// Too many requests.
    pub fn too_many_requests() -> Self {
        Self::new(429, "Public rate limit exceeded")
    }

    /// The body that says so.
    pub fn body(&self) -> Vec<u8> {
        error_body(&self.message)
    }

    /// The message over the socket that says so.
    pub fn socket_message(&self) -> Vec<u8> {
        serde_json::json!({
            "type": "error",
            "message": "Failed to subscribe",
            "reason": self.message,
        })
        .to_string()
        .into_bytes()
    }
}

/// What a client asks for over a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketRequest {
    /// Add streams; answered with `{"type":"subscriptions",…}`.
    Subscribe(Streams),
    /// Remove streams; answered the same way.
    Unsubscribe(Streams),
}

/// Streams of a request over a socket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Streams {
    /// Products and their channels.
    pub markets: Vec<(VenueSymbol, Channel)>,
    /// Products that shall beat once a second.
    pub heartbeats: Vec<VenueSymbol>,
}

/// Reads the path and query string of a request, with the venue's defaults where a parameter is left
/// out. Parameters that we do not know are ignored.
///
/// Trades from an id upward are asked for as those below one ([`Query::TradesBeforeId`]), as the venue
/// has no other way to ask.
///
/// # Errors
/// With the answer that the venue gives.
pub fn read_target(target: &str) -> Result<Query, Refusal> {
    let bad = |what: &str| Refusal::new(400, format!("invalid {what}"));
    let (path, parameters) = Parameters::of(target).ok_or_else(|| bad("escape"))?;
    match path {
        "/time" => return Ok(Query::ServerTime),
        "/products" => return Ok(Query::Instruments),
        _ => {}
    }
    let rest = path.strip_prefix("/products/");
    let (product, what) = rest
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(Refusal::not_found)?;
    let product = unescape(product).and_then(|name| VenueSymbol::new(&name));
    let symbol = product.ok_or_else(Refusal::not_found)?;
    match what {
        "candles" => candles(symbol, &parameters),
        "ticker" => Ok(Query::Ticker {
            symbol: Some(symbol),
        }),
        "book" => match parameters.get("level").unwrap_or("1") {
            "1" => Ok(Query::BestQuote {
                symbol: Some(symbol),
            }),
            "2" => Ok(Query::Book {
                symbol,
                limit: u32::MAX,
            }),
            _ => Err(bad("level")),
        },
        "trades" => {
            let limit = parameters.number("limit").ok_or_else(|| bad("limit"))?;
            let limit = limit.unwrap_or(TRADES).clamp(1, TRADES);
            if parameters.get("before").is_some() {
                return Err(bad("before: newer pages are not replayed"));
            }
            let below = parameters.number("after").ok_or_else(|| bad("after"))?;
            Ok(match below {
                Some(before) => Query::TradesBeforeId {
                    symbol,
                    before: TradeId(before),
                    limit,
                },
                None => Query::RecentTrades { symbol, limit },
            })
        }
        _ => Err(Refusal::not_found()),
    }
}

/// Both bounds or none; both are inclusive there.
fn candles(symbol: VenueSymbol, parameters: &Parameters<'_>) -> Result<Query, Refusal> {
    let bad = |what: &str| Refusal::new(400, format!("invalid {what}"));
    let length = parameters
        .number("granularity")
        .ok_or_else(|| bad("granularity"))?
        .unwrap_or(60_i64);
    let mut known = TIMEFRAMES.into_iter();
    let timeframe = known
        .find(|timeframe| seconds(*timeframe) == length)
        .ok_or_else(|| Refusal::new(400, "Unsupported granularity"))?;
    let time = |key: &str| -> Result<Option<Timestamp>, Refusal> {
        let text = parameters.get(key);
        text.map(|text| text.parse().map_err(|_| bad(key)))
            .transpose()
    };
    let (from, to) = match (time("start")?, time("end")?) {
        (Some(start), Some(end)) => {
            let count = (end.since(start) / 1_000_000_000).max(0) / length + 1;
            if count > i64::from(CANDLES) {
                return Err(Refusal::new(
                    400,
                    "granularity too small for the requested time range. Count of aggregations requested exceeds 300",
                ));
            }
            (Some(start), Some(end.plus_nanos(1)))
        }
        _ => (None, None),
    };
    Ok(Query::Candles {
        symbol,
        timeframe,
        from,
        to,
        limit: CANDLES,
    })
}

/// Reads a message that a client sends over a socket: channels by name with the products of the whole
/// message, or each with its own.
///
/// # Errors
/// With the venue's words; they go back over the socket.
pub fn read_socket_request(message: &[u8]) -> Result<SocketRequest, Refusal> {
    let bad = |what: &str| Refusal::new(400, what);
    let tree = Json::parse(message).map_err(|_| bad("Malformed JSON"))?;
    let products = |of: &Json<'_>| -> Result<Vec<VenueSymbol>, Refusal> {
        let Some(list) = of.entry("product_ids") else {
            return Ok(Vec::new());
        };
        let names = list.items().unwrap_or_default().iter();
        let names: Option<Vec<_>> = names.map(value::symbol).collect();
        names.ok_or_else(|| bad("product_ids must be strings"))
    };
    let of_all = products(&tree)?;
    let mut streams = Streams::default();
    let channels = tree.entry("channels").and_then(Json::items);
    for channel in channels.ok_or_else(|| bad("channels missing"))? {
        let (name, mut of) = match channel {
            Json::Text(name) => (name.as_ref(), Vec::new()),
            other => {
                let name = other.entry("name").and_then(Json::text);
                (
                    name.ok_or_else(|| bad("channel has no name"))?,
                    products(other)?,
                )
            }
        };
        if of.is_empty() {
            of.clone_from(&of_all);
        }
        let channel = match name {
            "heartbeat" => {
                streams.heartbeats.extend(of);
                continue;
            }
            "matches" => Channel::Trades,
            "level2" | "level2_batch" => Channel::Book,
            "ticker" | "ticker_batch" => Channel::Ticker,
            _ => {
                let name: String = name.chars().take(32).collect();
                return Err(bad(&format!("{name} is not a valid channel")));
            }
        };
        let of = of.into_iter();
        streams.markets.extend(of.map(|symbol| (symbol, channel)));
    }
    match tree.entry("type").and_then(Json::text) {
        Some("subscribe") => Ok(SocketRequest::Subscribe(streams)),
        Some("unsubscribe") => Ok(SocketRequest::Unsubscribe(streams)),
        _ => Err(bad("Type has to be either subscribe or unsubscribe")),
    }
}
