//! A venue made up for these tests: its messages and answers are words.
//!
//! | bytes | meaning |
//! | --- | --- |
//! | `BTC 17` | trade 17 of BTC (a message, or a line of an answer) |
//! | `agg 5 40 44` | aggregate 5 with trades 40 to 44, as a line of an answer |
//! | `candle 60` | a one minute candle that opens at 60 s |
//! | `limit 200` | the venue's weight in a minute is 200 from now on (a line of an answer) |
//! | `time 1700000000000` | the venue's clock in milliseconds |
//! | `! soon` | a notice that the socket will be cut |
//! | `! heartbeat`, `! refused` | other notices |

use std::time::Duration;

use quantflow_model::{
    Notional, Price, Quantity, Side, Symbol, Timeframe, Timestamp, Trade, TradeFlags, TradeId,
    VenueSymbol,
};
use quantflow_wire::{
    AggregateTrade, BookRule, Channel, Codec, DecodeError, EncodeError, Encoded, Event, EventKind,
    HttpMethod, HttpRequest, Input, KeepAlive, Limit, LimitScope, Notice, OrderRule, Query,
    RequestError, Response, Route, SubscribePlan, Subscription, TradeEvent, VenueCandle,
    VenueDescription,
};

pub(crate) const SILENCE: Duration = Duration::from_secs(30);
pub(crate) const LIFETIME: Duration = Duration::from_mins(10);
pub(crate) const PAGE: u32 = 10;

#[derive(Debug)]
pub(crate) struct FakeCodec {
    pub(crate) description: VenueDescription,
    /// Messages to send for the streams, instead of naming them in the target.
    pub(crate) messages: Vec<String>,
    /// A sign of life that the venue wants.
    pub(crate) keep_alive: Option<KeepAlive>,
    /// Whether the venue must be asked where to connect.
    pub(crate) gives_addresses: bool,
    /// Whether a stream can begin anew on its socket.
    pub(crate) begins_anew: bool,
    /// Whether trades can be asked for by time.
    pub(crate) knows_spans: bool,
    /// Whether candles are given only up to a time that is said.
    pub(crate) wants_an_end: bool,
    /// Kinds of markets whose instruments are asked for apart.
    pub(crate) parts: Vec<&'static str>,
}

impl FakeCodec {
    pub(crate) fn new() -> Self {
        let limit = |name: &str, amount, scope| Limit {
            name: name.into(),
            amount,
            window: Duration::from_mins(1),
            weighted: true,
            scope,
        };
        Self {
            messages: Vec::new(),
            keep_alive: None,
            gives_addresses: false,
            begins_anew: false,
            knows_spans: true,
            wants_an_end: false,
            parts: Vec::new(),
            description: VenueDescription {
                book: BookRule::REQUESTED,
                binds: false,
                id: "fake".parse().unwrap(),
                name: "Fake".into(),
                protocol: "binance-spot",
                rest_url: "http://rest.fake".into(),
                ws_url: "ws://ws.fake".into(),
                order: OrderRule::ContiguousIds,
                limits: vec![
                    limit("connections", 60, LimitScope::Connection),
                    limit("weight", 100, LimitScope::Address),
                ],
                channels: vec![Channel::Trades],
                timeframes: vec![Timeframe::M1],
                silence: SILENCE,
                connection_lifetime: Some(LIFETIME),
                send_rate: 2,
                streams_per_connection: 2,
            },
        }
    }
}

fn event(kind: EventKind) -> Event {
    Event {
        symbol: None,
        sent: None,
        kind,
    }
}

fn line(text: &str) -> Result<Event, DecodeError> {
    let bad = || DecodeError::Malformed(text.chars().take(40).collect());
    let words: Vec<_> = text.split(' ').collect();
    let number = |word: &str| word.parse::<i64>().map_err(|_| bad());
    let id = |word: &str| number(word).map(|n| TradeId(n as u128));
    let price: Price = "1".parse().map_err(|_| bad())?;
    let quantity: Quantity = "1".parse().map_err(|_| bad())?;
    let notional: Notional = "1".parse().map_err(|_| bad())?;
    Ok(match words.as_slice() {
        ["!", "soon"] => event(EventKind::Notice(Notice::ShuttingDown)),
        ["address", url, seconds] => event(EventKind::Notice(Notice::SocketAddress {
            url: (*url).into(),
            ping: Some(Duration::from_secs(number(seconds)? as u64)),
        })),
        ["!", "heartbeat"] | ["!", "ping", _] => event(EventKind::Notice(Notice::Heartbeat)),
        ["!", "refused"] => event(EventKind::Notice(Notice::Refused {
            id: None,
            code: -7,
            message: "no such stream".into(),
        })),
        ["time", millis] => event(EventKind::ServerTime(Timestamp::from_millis(number(
            millis,
        )?))),
        ["agg", n, first, last] => event(EventKind::AggregateTrade(AggregateTrade {
            id: id(n)?,
            first_id: id(first)?,
            last_id: id(last)?,
            time: Timestamp::from_seconds(number(first)?),
            price,
            quantity,
            side: Side::Buy,
        })),
        ["candle", open] => event(EventKind::Candle(Box::new(VenueCandle {
            timeframe: Timeframe::M1,
            open_time: Timestamp::from_seconds(number(open)?),
            close_time: Timestamp::from_seconds(number(open)? + 60),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: quantity,
            quote_volume: Some(notional),
            trades: Some(1),
            taker_buy_volume: Some(quantity),
            taker_buy_quote_volume: Some(notional),
            first_id: None,
            last_id: None,
            closed: None,
        }))),
        [symbol, trade] => Event {
            symbol: VenueSymbol::new(symbol),
            ..event(EventKind::Trade(TradeEvent {
                trade: Trade {
                    id: id(trade)?,
                    time: Timestamp::from_seconds(number(trade)?),
                    price,
                    quantity,
                    side: Side::Buy,
                    flags: TradeFlags::NONE,
                    count: 1,
                },
                orders: None,
            }))
        },
        _ => return Err(bad()),
    })
}

impl Codec for FakeCodec {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        VenueSymbol::new(symbol.instrument())
    }

    fn route<'a>(&self, input: &Input<'a>) -> Route<'a> {
        let Input::Message { bytes, .. } = input else {
            return Route::All;
        };
        match std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.split_once(' '))
        {
            Some(("!", _)) => Route::All,
            Some((symbol, _)) => Route::Symbol(symbol),
            None => Route::Unknown,
        }
    }

    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        let (Input::Message { bytes, .. } | Input::Answer { body: bytes, .. }) = input;
        let text = std::str::from_utf8(bytes).map_err(|e| DecodeError::Malformed(e.to_string()))?;
        let said = text.lines().filter(|text| !text.starts_with("limit "));
        let lines: Result<Vec<_>, _> = said.map(line).collect();
        events.extend(lines?);
        Ok(())
    }

    fn encode(&self, _: &[Event], _: &Encoded<'_>) -> Result<Vec<u8>, EncodeError> {
        Err(EncodeError::NoSuchMessage {
            venue: self.description.id.clone(),
            what: "anything",
        })
    }

    fn request(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        let (target, weight) = match query {
            Query::ServerTime => ("/time".into(), 1),
            Query::Instruments => ("/instruments".into(), 20),
            Query::SocketAddress => ("/address".into(), 1),
            Query::InstrumentsOf { part, after } => {
                let after = after.as_deref().unwrap_or("first");
                (format!("/instruments/{part}/{after}"), 20)
            }
            Query::TradesFromId {
                symbol,
                from,
                limit,
            } => (format!("/trades/{}/{}/{limit}", symbol.as_str(), from.0), 5),
            Query::TradesBeforeId { before, limit, .. } => {
                (format!("/before/{}/{limit}", before.0), 5)
            }
            Query::Trades {
                from: Some(from),
                to: Some(to),
                limit,
                ..
            } if self.knows_spans => {
                let (from, to) = (from.millis(), to.millis());
                (format!("/span/{from}/{to}/{limit}"), 5)
            }
            Query::RecentTrades { limit, .. } => (format!("/newest/{limit}"), 5),
            Query::AggregateTrades {
                from, to, limit, ..
            } => (
                format!("/aggregates/{}/{}/{limit}", from.seconds(), to.seconds()),
                2,
            ),
            Query::AggregateTradesFromId { from, limit, .. } => {
                (format!("/aggregates-from/{}/{limit}", from.0), 2)
            }
            Query::Book { limit, .. } => (format!("/book/{limit}"), 5),
            Query::Candles {
                from: None,
                to,
                limit,
                ..
            } if to.is_some() || !self.wants_an_end => {
                let to = to.map_or_else(|| "now".to_owned(), |to| to.seconds().to_string());
                (format!("/candles/{to}/{limit}"), 2)
            }
            other => {
                return Err(RequestError::NotOffered {
                    venue: self.description.id.clone(),
                    what: format!("{other:?}"),
                });
            }
        };
        Ok(HttpRequest {
            method: HttpMethod::Get,
            target,
            headers: Vec::new(),
            body: Vec::new(),
            weight,
            key_header: matches!(query, Query::TradesFromId { .. }).then_some("key"),
        })
    }

    fn page_limit(&self, _: &Query) -> u32 {
        PAGE
    }

    fn subscribe(&self, wanted: &[Subscription]) -> Result<Vec<SubscribePlan>, RequestError> {
        let per_socket = self.description.streams_per_connection;
        let plans = wanted
            .chunks(per_socket)
            .enumerate()
            .map(|(n, part)| SubscribePlan {
                keep_alive: self.keep_alive.clone(),
                address: self.gives_addresses.then_some(Query::SocketAddress),
                target: format!("/stream/{n}"),
                messages: self.messages.clone(),
                subscriptions: part.to_vec(),
                label: format!("market-{}", n + 1).into(),
            });
        Ok(plans.collect())
    }

    fn instrument_queries(&self) -> Vec<Query> {
        let of = |part: &&str| Query::InstrumentsOf {
            part: (*part).into(),
            after: None,
        };
        match self.parts.as_slice() {
            [] => vec![Query::Instruments],
            parts => parts.iter().map(of).collect(),
        }
    }

    fn next_page(&self, query: &Query, body: &[u8]) -> Option<Query> {
        let Query::InstrumentsOf { part, .. } = query else {
            return None;
        };
        let text = std::str::from_utf8(body).ok()?;
        let after = text
            .lines()
            .find_map(|line| line.strip_prefix("limit next "))?;
        Some(Query::InstrumentsOf {
            part: part.clone(),
            after: Some(after.into()),
        })
    }

    fn reply(&self, message: &[u8]) -> Option<String> {
        let number = std::str::from_utf8(message).ok()?.strip_prefix("! ping ")?;
        Some(format!("pong {number}"))
    }

    fn resubscribe(&self, subscription: &Subscription) -> Vec<String> {
        let name = subscription.venue_symbol.as_str();
        if self.begins_anew {
            vec![format!("leave {name}"), format!("join {name}")]
        } else {
            Vec::new()
        }
    }

    fn used_limits(&self, response: &Response) -> Vec<Option<u32>> {
        let used = response.headers.iter().find(|(name, _)| name == "used");
        vec![None, used.and_then(|(_, value)| value.parse().ok())]
    }

    fn told_limits(&self, _: &Query, body: &[u8]) -> Option<Vec<Limit>> {
        let text = std::str::from_utf8(body).ok()?;
        let told = text.lines().find_map(|line| line.strip_prefix("limit "))?;
        let mut limits = self.description.limits.clone();
        limits[1].amount = told.parse().ok()?;
        Some(limits)
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        let told = response
            .headers
            .iter()
            .find(|(name, _)| name == "retry-after")?;
        told.1.parse().ok().map(Duration::from_secs)
    }
}
