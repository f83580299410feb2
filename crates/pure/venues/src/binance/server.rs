//! The venue's side of the conversation: requests read back into queries and streams. The replay
//! venue stands behind this, so that an unmodified client of the venue can talk to a recording.

use quantflow_model::{Timestamp, TradeId, VenueSymbol};
use quantflow_wire::{Channel, Query};

use super::value::time_of;
use super::{error_body, names, request};
use crate::json::Json;

/// Why the venue refuses a request: its status, its code and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The venue's code.
    pub code: i64,
    /// The venue's words.
    pub message: String,
}

impl Refusal {
    fn new(status: u16, code: i64, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// A symbol that the venue does not list.
    pub fn unknown_symbol() -> Self {
        Self::new(400, -1121, "Invalid symbol.")
    }

    /// Too much weight used.
    pub fn too_many_requests() -> Self {
        Self::new(
            429,
            -1003,
            "Too much request weight used; current limit is 6000 request weight per 1 MINUTE.",
        )
    }

    /// The body that says so.
    pub fn body(&self) -> Vec<u8> {
        error_body(self.code, &self.message)
    }
}

/// What a client asks for over a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketRequest {
    /// Add streams, by name; answered with `{"result":null,"id":…}`.
    Subscribe {
        /// Their names, unchecked.
        streams: Vec<String>,
        /// The client's number of the request.
        id: Option<u64>,
    },
    /// Remove streams; answered the same way.
    Unsubscribe {
        /// Their names, unchecked.
        streams: Vec<String>,
        /// The client's number of the request.
        id: Option<u64>,
    },
    /// List the streams.
    List {
        /// The client's number of the request.
        id: Option<u64>,
    },
}

/// Reads the path and query string of a request: the inverse of
/// [`Codec::request`](quantflow_wire::Codec::request), with the venue's defaults where a parameter
/// is left out. Parameters that we do not know are ignored.
///
/// A time range on trades without an id means aggregates from that time; a limit over the venue's
/// is cut to it, as the venue does.
///
/// # Errors
/// With the answer that the venue gives.
pub fn read_target(target: &str) -> Result<Query, Refusal> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let endpoint = path
        .strip_prefix("/api/v3/")
        .ok_or_else(|| Refusal::new(404, -1000, "Not found."))?;
    let parameters = Parameters::of(query)?;
    match endpoint {
        "time" => Ok(Query::ServerTime),
        "exchangeInfo" => Ok(Query::Instruments),
        "klines" | "uiKlines" => {
            let name = parameters.needed("interval")?;
            Ok(Query::Candles {
                symbol: parameters.symbol()?,
                timeframe: request::timeframe(name)
                    .ok_or_else(|| Refusal::new(400, -1120, "Invalid interval."))?,
                from: parameters.time("startTime")?,
                to: parameters.time("endTime")?.map(after),
                limit: parameters.limit(500, 1_000)?,
            })
        }
        "trades" => Ok(Query::RecentTrades {
            symbol: parameters.symbol()?,
            limit: parameters.limit(500, 1_000)?,
        }),
        "historicalTrades" => {
            let (symbol, limit) = (parameters.symbol()?, parameters.limit(500, 1_000)?);
            Ok(match parameters.number("fromId")? {
                Some(from) => Query::TradesFromId {
                    symbol,
                    from: TradeId(u128::from(from)),
                    limit,
                },
                None => Query::RecentTrades { symbol, limit },
            })
        }
        "aggTrades" => aggregates(&parameters),
        "depth" => Ok(Query::Book {
            symbol: parameters.symbol()?,
            limit: parameters.limit(100, 5_000)?,
        }),
        "ticker/24hr" => Ok(Query::Ticker {
            symbol: parameters.optional_symbol()?,
        }),
        "ticker/bookTicker" => Ok(Query::BestQuote {
            symbol: parameters.optional_symbol()?,
        }),
        _ => Err(Refusal::new(404, -1000, "Not found.")),
    }
}

/// Without bounds the newest aggregates: those up to the end of time.
fn aggregates(parameters: &Parameters<'_>) -> Result<Query, Refusal> {
    let (symbol, limit) = (parameters.symbol()?, parameters.limit(500, 1_000)?);
    let (from, to) = (parameters.time("startTime")?, parameters.time("endTime")?);
    if let Some(id) = parameters.number("fromId")? {
        if from.is_some() || to.is_some() {
            return Err(Refusal::new(
                400,
                -1128,
                "Combination of optional parameters invalid.",
            ));
        }
        return Ok(Query::AggregateTradesFromId {
            symbol,
            from: TradeId(u128::from(id)),
            limit,
        });
    }
    Ok(Query::AggregateTrades {
        symbol,
        from: from.unwrap_or(Timestamp::MIN),
        to: to.map_or(Timestamp::MAX, after),
        limit,
    })
}

/// The venue's bounds are inclusive in milliseconds, ours end before.
fn after(last: Timestamp) -> Timestamp {
    last.plus_nanos(1_000_000)
}

struct Parameters<'a>(Vec<(&'a str, String)>);

impl<'a> Parameters<'a> {
    fn of(query: &'a str) -> Result<Self, Refusal> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                let value = unescape(value).ok_or_else(|| illegal(key))?;
                Ok((key, value))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn get(&self, key: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value.as_str())
    }

    fn needed(&self, key: &'static str) -> Result<&str, Refusal> {
        self.get(key)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                let words = format!(
                    "Mandatory parameter '{key}' was not sent, was empty/null, or malformed."
                );
                Refusal::new(400, -1102, words)
            })
    }

    fn symbol(&self) -> Result<VenueSymbol, Refusal> {
        symbol(self.needed("symbol")?)
    }

    fn optional_symbol(&self) -> Result<Option<VenueSymbol>, Refusal> {
        self.get("symbol").map(symbol).transpose()
    }

    fn number(&self, key: &'static str) -> Result<Option<u64>, Refusal> {
        self.get(key)
            .map(|value| value.parse().map_err(|_| illegal(key)))
            .transpose()
    }

    fn time(&self, key: &'static str) -> Result<Option<Timestamp>, Refusal> {
        self.number(key)?
            .map(|number| time_of(number).ok_or_else(|| illegal(key)))
            .transpose()
    }

    fn limit(&self, default: u32, most: u32) -> Result<u32, Refusal> {
        match self.number("limit")? {
            None => Ok(default),
            Some(0) => Err(illegal("limit")),
            Some(limit) => Ok(u32::try_from(limit).unwrap_or(most).min(most)),
        }
    }
}

fn symbol(text: &str) -> Result<VenueSymbol, Refusal> {
    VenueSymbol::new(text).ok_or_else(|| illegal("symbol"))
}

fn illegal(parameter: &str) -> Refusal {
    let words = format!(
        "Illegal characters found in parameter '{}'.",
        parameter.chars().take(32).collect::<String>()
    );
    Refusal::new(400, -1100, words)
}

/// A name or a value of a query, its escapes undone: `%XX`, and `+` for a space. `None` where one is
/// malformed, or what comes out is no UTF-8: the venue calls those illegal characters.
pub fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'%' => {
                let (hex, tail) = rest.split_first_chunk::<2>()?;
                let hex = std::str::from_utf8(hex).ok()?;
                bytes.push(u8::from_str_radix(hex, 16).ok()?);
                rest = tail;
            }
            b'+' => bytes.push(b' '),
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}

/// Reads a stream's name: the symbol in upper case, and the channel. `None` when the venue has no
/// such stream, or we do not serve it.
pub fn read_stream(name: &str) -> Option<(VenueSymbol, Channel)> {
    let (symbol, suffix) = name.split_once('@')?;
    let symbol = VenueSymbol::new(&symbol.to_ascii_uppercase())?;
    names::channel(suffix).map(|channel| (symbol, channel))
}

/// Reads a message that a client sends over a socket.
///
/// # Errors
/// With the answer that the venue gives; it goes back over the socket, not as an HTTP status.
pub fn read_socket_request(message: &[u8]) -> Result<SocketRequest, Refusal> {
    let tree = Json::parse(message)
        .map_err(|error| Refusal::new(400, 3, format!("Invalid JSON: {error}")))?;
    let invalid = |words: &str| Refusal::new(400, 2, format!("Invalid request: {words}"));
    let method = tree
        .entry("method")
        .and_then(Json::text)
        .ok_or_else(|| invalid("missing field `method`"))?;
    let id = match tree.entry("id") {
        None | Some(Json::Null) => None,
        Some(id) => Some(
            id.unsigned()
                .ok_or_else(|| invalid("request ID must be an unsigned integer"))?,
        ),
    };
    let streams = || {
        let Some(Json::List(items)) = tree.entry("params") else {
            return Err(invalid("missing field `params`"));
        };
        let names = items.iter().map(|item| item.text().map(str::to_owned));
        names
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| invalid("stream names must be strings"))
    };
    match method {
        "SUBSCRIBE" => Ok(SocketRequest::Subscribe {
            streams: streams()?,
            id,
        }),
        "UNSUBSCRIBE" => Ok(SocketRequest::Unsubscribe {
            streams: streams()?,
            id,
        }),
        "LIST_SUBSCRIPTIONS" => Ok(SocketRequest::List { id }),
        other => Err(invalid(&format!(
            "unknown variant `{}`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`",
            other.chars().take(32).collect::<String>()
        ))),
    }
}
