//! The venue's side of the conversation: requests read back into queries and streams. The replay venue
//! stands behind this, so that an unmodified client of the venue can talk to a recording.

use quantflow_model::{Timestamp, VenueSymbol};
use quantflow_wire::{Channel, Query};
use serde_json::json;

use super::description::of_minutes;
use super::encode_answer::error_body;
use super::names;
use super::request::{CANDLES, LEVELS, TRADES};
use crate::json::{Json, value};
use crate::parameters::Parameters;

/// Why the venue refuses a request, in its words: `EQuery:Unknown asset pair`. Over REST they come with
/// status 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

impl Refusal {
    /// A pair that the venue does not list.
    pub fn unknown_pair() -> Self {
        Self("EQuery:Unknown asset pair".into())
    }

    /// Too many requests.
    pub fn too_many_requests() -> Self {
        Self("EAPI:Rate limit exceeded".into())
    }

    fn arguments(what: &str) -> Self {
        Self(format!("EGeneral:Invalid arguments:{what}"))
    }

    /// The body that says so.
    pub fn body(&self) -> Vec<u8> {
        error_body(&self.0)
    }

    /// The message over the socket that says so, to a request of this number.
    pub fn socket_message(&self, id: Option<u64>) -> Vec<u8> {
        let mut said = json!({"error": self.0, "method": "subscribe", "success": false});
        if let Some(id) = id {
            said["req_id"] = id.into();
        }
        said.to_string().into_bytes()
    }
}

/// What a client asks for over a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketRequest {
    /// Add streams of one channel; answered once for each pair.
    Subscribe(Streams),
    /// Remove them; answered the same way.
    Unsubscribe(Streams),
    /// A sign of life is wanted: [`pong`].
    Ping {
        /// The client's number of the request.
        id: Option<u64>,
    },
}

/// Streams of a request over a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streams {
    /// What of them.
    pub channel: Channel,
    /// The pairs, as version 2 writes them.
    pub pairs: Vec<VenueSymbol>,
    /// How many levels a side, of books.
    pub depth: u16,
    /// Whether the stream shall begin with what is there already.
    pub snapshot: bool,
    /// The client's number of the request.
    pub id: Option<u64>,
}

/// The answer to a ping.
pub fn pong(id: Option<u64>) -> Vec<u8> {
    let mut said = json!({"method": "pong"});
    if let Some(id) = id {
        said["req_id"] = id.into();
    }
    said.to_string().into_bytes()
}

/// What the REST API calls a pair: `XBTUSD` of `BTC/USD`. The symbols of [`read_target`] are such names.
pub fn rest_name(symbol: &VenueSymbol) -> String {
    names::for_rest(symbol).into_owned()
}

/// Reads the path and query string of a request. The symbol of the query is the pair as the client wrote
/// it: that of the symbol whose [`rest_name`] it is, and the answer is encoded under that name.
/// Parameters that we do not know are ignored.
///
/// # Errors
/// With the answer that the venue gives.
pub fn read_target(target: &str) -> Result<Query, Refusal> {
    let (path, parameters) = Parameters::of(target).ok_or_else(|| Refusal::arguments("escape"))?;
    let what = path
        .strip_prefix("/0/public/")
        .ok_or_else(|| Refusal("EGeneral:Unknown method".into()))?;
    let symbol = || {
        let pair = parameters.get("pair").and_then(VenueSymbol::new);
        pair.ok_or_else(|| Refusal::arguments("pair"))
    };
    let limit = |default: u32, most: u32| {
        let count = parameters.number("count");
        let count = count.ok_or_else(|| Refusal::arguments("count"))?;
        Ok(count.unwrap_or(default).clamp(1, most))
    };
    Ok(match what {
        "Time" => Query::ServerTime,
        "AssetPairs" => Query::Instruments,
        "OHLC" => {
            let minutes = parameters.number("interval");
            let minutes = minutes.and_then(|minutes| of_minutes(minutes.unwrap_or(1)));
            let since = parameters.number("since");
            let since: Option<i64> = since.ok_or_else(|| Refusal::arguments("since"))?;
            Query::Candles {
                symbol: symbol()?,
                timeframe: minutes.ok_or_else(|| Refusal::arguments("interval"))?,
                // after that second
                from: since.map(|since| Timestamp::from_seconds(since.saturating_add(1))),
                to: None,
                limit: CANDLES,
            }
        }
        "Trades" => {
            let since = parameters.number("since");
            let since: Option<i64> = since.ok_or_else(|| Refusal::arguments("since"))?;
            let (symbol, limit) = (symbol()?, limit(TRADES, TRADES)?);
            match since {
                Some(since) => Query::Trades {
                    symbol,
                    // after that nanosecond
                    from: Some(Timestamp::from_nanos(since.saturating_add(1))),
                    to: None,
                    limit,
                },
                None => Query::RecentTrades { symbol, limit },
            }
        }
        "Depth" => Query::Book {
            symbol: symbol()?,
            limit: limit(100, LEVELS)?,
        },
        "Ticker" => Query::Ticker {
            symbol: Some(symbol()?),
        },
        _ => return Err(Refusal("EGeneral:Unknown method".into())),
    })
}

/// Reads a message that a client sends over a socket of version 2.
///
/// # Errors
/// With the venue's words; they go back over the socket.
pub fn read_socket_request(message: &[u8]) -> Result<SocketRequest, Refusal> {
    let bad = |what: &str| Refusal(what.into());
    let tree = Json::parse(message).map_err(|_| bad("Malformed request"))?;
    let id = tree.entry("req_id").and_then(Json::unsigned);
    let method = tree.entry("method").and_then(Json::text);
    let method = method.ok_or_else(|| bad("Method not specified"))?;
    if method == "ping" {
        return Ok(SocketRequest::Ping { id });
    }
    let parameters = tree.entry("params");
    let parameters = parameters.ok_or_else(|| bad("Params not specified"))?;
    let number = |name| parameters.entry(name).and_then(Json::unsigned);
    let channel = match parameters.entry("channel").and_then(Json::text) {
        Some("trade") => Channel::Trades,
        Some("ticker") => Channel::Ticker,
        Some("book") => Channel::Book,
        Some("ohlc") => {
            let timeframe = of_minutes(number("interval").unwrap_or(1));
            Channel::Candles(
                timeframe.ok_or_else(|| bad("Subscription ohlc interval not supported"))?,
            )
        }
        _ => return Err(bad("Channel not supported")),
    };
    let pairs = parameters.entry("symbol").and_then(Json::items);
    let pairs = pairs.unwrap_or_default().iter().map(value::symbol);
    let pairs: Option<Vec<_>> = pairs.collect();
    let depth = number("depth").unwrap_or(10);
    let depth = u16::try_from(depth).ok();
    let streams = Streams {
        channel,
        pairs: pairs
            .filter(|pairs| !pairs.is_empty())
            .ok_or_else(|| bad("Symbol(s) not specified"))?,
        depth: depth
            .filter(|depth| [10, 25, 100, 500, 1_000].contains(depth))
            .ok_or_else(|| bad("Subscription depth not supported"))?,
        snapshot: parameters.entry("snapshot").and_then(value::flag) != Some(false),
        id,
    };
    match method {
        "subscribe" => Ok(SocketRequest::Subscribe(streams)),
        "unsubscribe" => Ok(SocketRequest::Unsubscribe(streams)),
        _ => Err(bad("Method not supported")),
    }
}
