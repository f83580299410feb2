//! The venue's side of the conversation: requests read back into queries and streams. The replay venue
//! stands behind this, so that an unmodified client of the venue can talk to a recording.

use quantflow_model::{Timestamp, TradeId, VenueSymbol};
use quantflow_wire::{Channel, Query};

use super::names::{self, Market};
use super::request::{LEVELS, NEWEST_CANDLES, NEWEST_TRADES, PAGE};
use crate::binance::unescape;
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
        Self::new(200, 51_001, "Instrument ID doesn't exist.")
    }

    /// Too many requests.
    pub fn too_many_requests() -> Self {
        Self::new(429, 50_011, "Too Many Requests")
    }

    fn bad(parameter: &str) -> Self {
        Self::new(400, 51_000, format!("Parameter {parameter} error"))
    }

    /// The body that says so.
    pub fn body(&self) -> Vec<u8> {
        serde_json::json!({"code": self.code.to_string(), "msg": self.message, "data": []})
            .to_string()
            .into_bytes()
    }
}

/// A channel of a symbol, as a client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// The symbol; of channels for a whole market or family `None`.
    pub symbol: Option<VenueSymbol>,
    /// `instType` or `instFamily` and its value, where the client named one.
    pub whole: Option<(&'static str, String)>,
    /// The venue's name of the channel.
    pub channel: String,
    /// What it is to us; `None` for a channel that we do not know.
    pub what: Option<Channel>,
}

impl Stream {
    /// What says that it was taken: the venue says so of each channel of a request apart.
    pub fn acknowledgement(&self, id: Option<u64>) -> Vec<u8> {
        let mut arg = serde_json::json!({"channel": self.channel});
        if let Some(symbol) = &self.symbol {
            arg["instId"] = symbol.as_str().into();
        }
        if let Some((kind, name)) = &self.whole {
            arg[*kind] = name.as_str().into();
        }
        let mut body = serde_json::json!({"event": "subscribe", "arg": arg, "connId": "a4d3ae55"});
        if let Some(id) = id {
            body["id"] = id.to_string().into();
        }
        body.to_string().into_bytes()
    }
}

/// What a client says over a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketRequest {
    /// `ping`; answered with `pong`.
    Ping,
    /// Add channels; each answered with an event `subscribe`.
    Subscribe {
        /// Which.
        streams: Vec<Stream>,
        /// The client's number of the request.
        id: Option<u64>,
    },
    /// Remove channels.
    Unsubscribe {
        /// Which.
        streams: Vec<Stream>,
        /// The client's number of the request.
        id: Option<u64>,
    },
}

/// Reads what a client sends over a socket.
///
/// # Errors
/// With the refusal that the venue sends.
pub fn read_socket_request(text: &[u8]) -> Result<SocketRequest, Refusal> {
    let bad = || Refusal::new(200, 60_012, "Invalid request");
    if text == b"ping" {
        return Ok(SocketRequest::Ping);
    }
    let tree = Json::parse(text).map_err(|_| bad())?;
    let id = tree.entry("id").and_then(crate::json::value::unsigned);
    let args = tree.entry("args").and_then(Json::items).ok_or_else(bad)?;
    let streams = args.iter().map(stream).collect::<Option<Vec<_>>>();
    let streams = streams.ok_or_else(bad)?;
    match tree.entry("op").and_then(Json::text) {
        Some("subscribe") => Ok(SocketRequest::Subscribe { streams, id }),
        Some("unsubscribe") => Ok(SocketRequest::Unsubscribe { streams, id }),
        _ => Err(bad()),
    }
}

fn stream(arg: &Json<'_>) -> Option<Stream> {
    let channel = arg.entry("channel")?.text()?;
    let symbol = match arg.entry("instId") {
        Some(symbol) => Some(VenueSymbol::new(symbol.text()?)?),
        None => None,
    };
    let what = match channel {
        "trades-all" => Some(Channel::Trades),
        "trades" => Some(Channel::AggregateTrades),
        "bbo-tbt" => Some(Channel::Quotes),
        "books" => Some(Channel::Book),
        "tickers" => Some(Channel::Ticker),
        "mark-price" | "funding-rate" | "open-interest" | "opt-summary" => Some(Channel::Contract),
        "liquidation-orders" => Some(Channel::Liquidations),
        other => other
            .strip_prefix("candle")
            .and_then(names::timeframe)
            .map(Channel::Candles),
    };
    let whole = ["instType", "instFamily"]
        .into_iter()
        .find_map(|kind| Some((kind, arg.entry(kind)?.text()?.to_owned())));
    Some(Stream {
        symbol,
        whole,
        channel: channel.to_owned(),
        what,
    })
}

/// Reads the path and query string of a request: the inverse of
/// [`Codec::request`](quantflow_wire::Codec::request), with the venue's defaults where a parameter is
/// left out. Parameters that we do not know are ignored; a limit over the venue's is cut to it.
///
/// # Errors
/// With the answer that the venue gives.
pub fn read_target(target: &str) -> Result<Query, Refusal> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let p = Parameters::of(query)?;
    let endpoint = path
        .strip_prefix("/api/v5/")
        .ok_or_else(|| Refusal::new(404, 50_404, "Not Found"))?;
    Ok(match endpoint {
        "public/time" => Query::ServerTime,
        "public/instruments" => {
            let kind = p.needed("instType")?;
            let part = match p.get("instFamily").or_else(|| p.get("uly")) {
                Some(family) if kind == "OPTION" => format!("OPTION:{family}"),
                None if kind == "OPTION" => return Err(Refusal::bad("instFamily")),
                _ => kind.to_owned(),
            };
            Query::InstrumentsOf {
                part: part.into(),
                after: None,
            }
        }
        "market/candles" | "market/history-candles" => {
            let bar = p.get("bar").unwrap_or("1m");
            let most = if endpoint == "market/candles" {
                NEWEST_CANDLES
            } else {
                PAGE
            };
            Query::Candles {
                symbol: p.symbol()?,
                timeframe: names::timeframe(bar).ok_or_else(|| Refusal::bad("bar"))?,
                from: p.millis("before")?.map(|at| at.plus_nanos(1_000_000)),
                to: p.millis("after")?,
                limit: p.limit("limit", 100, most)?,
            }
        }
        "market/trades" => Query::RecentTrades {
            symbol: p.symbol()?,
            limit: p.limit("limit", 100, NEWEST_TRADES)?,
        },
        "market/history-trades" => {
            let (symbol, limit) = (p.symbol()?, p.limit("limit", PAGE, PAGE)?);
            match (p.get("type").unwrap_or("1"), p.get("after")) {
                ("1", Some(_)) => Query::TradesBeforeId {
                    symbol,
                    before: TradeId(u128::from(p.number("after")?.unwrap_or(0))),
                    limit,
                },
                ("2", Some(_)) => Query::Trades {
                    symbol,
                    from: None,
                    to: p.millis("after")?,
                    limit,
                },
                ("1" | "2", None) => Query::RecentTrades { symbol, limit },
                _ => return Err(Refusal::bad("type")),
            }
        }
        "market/books" => Query::Book {
            symbol: p.symbol()?,
            limit: p.limit("sz", 1, LEVELS)?,
        },
        "market/books-full" => Query::Book {
            symbol: p.symbol()?,
            limit: p.limit("sz", 1, 5_000)?,
        },
        "market/ticker" => Query::Ticker {
            symbol: Some(p.symbol()?),
        },
        "public/mark-price" => Query::Contract {
            symbol: Some(p.symbol()?),
        },
        "public/open-interest" => Query::OpenInterest {
            symbol: p.symbol()?,
        },
        "public/funding-rate-history" => {
            let symbol = p.symbol()?;
            if Market::of(&symbol) != Market::Swap {
                return Err(Refusal::unknown_symbol());
            }
            Query::FundingRates {
                symbol,
                from: p.millis("before")?.map(|at| at.plus_nanos(1_000_000)),
                to: p.millis("after")?,
                limit: p.limit("limit", PAGE, PAGE)?,
            }
        }
        _ => return Err(Refusal::new(404, 50_404, "Not Found")),
    })
}

/// The pairs of a query string.
struct Parameters<'q>(Vec<(&'q str, String)>);

impl<'q> Parameters<'q> {
    fn of(query: &'q str) -> Result<Self, Refusal> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((key, unescape(value)?))
        });
        let pairs: Option<Vec<_>> = pairs.collect();
        pairs.map(Self).ok_or_else(|| Refusal::bad("query"))
    }

    fn get(&self, key: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value.as_str())
    }

    fn needed(&self, key: &str) -> Result<&str, Refusal> {
        self.get(key).ok_or_else(|| Refusal::bad(key))
    }

    fn symbol(&self) -> Result<VenueSymbol, Refusal> {
        VenueSymbol::new(self.needed("instId")?).ok_or_else(|| Refusal::bad("instId"))
    }

    fn number(&self, key: &str) -> Result<Option<u64>, Refusal> {
        let number = |text: &str| text.parse().map_err(|_| Refusal::bad(key));
        self.get(key).map(number).transpose()
    }

    fn millis(&self, key: &str) -> Result<Option<Timestamp>, Refusal> {
        let number = self.number(key)?;
        let time = |number| i64::try_from(number).map_err(|_| Refusal::bad(key));
        Ok(number.map(time).transpose()?.map(Timestamp::from_millis))
    }

    fn limit(&self, key: &str, otherwise: u32, most: u32) -> Result<u32, Refusal> {
        let number = self.number(key)?.unwrap_or(u64::from(otherwise));
        Ok(u32::try_from(number.min(u64::from(most))).unwrap_or(most))
    }
}
