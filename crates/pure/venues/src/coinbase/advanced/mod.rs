//! Coinbase Advanced: the shop's API to the same market, with other messages.

mod answer;
mod message;
mod request;

use std::time::Duration;

use quantflow_model::{Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    BookRule, BookSequence, Channel, Codec, DecodeError, Event, HttpRequest, Input, Limit,
    LimitScope, OrderRule, Query, RequestError, Response, Route, SnapshotBy, SubscribePlan,
    Subscription, VenueDescription,
};

use super::spell;
use crate::http;
use crate::reading::Unnamed;

/// Streams on one socket. The venue names no limit.
const STREAMS_PER_CONNECTION: usize = 100;

/// Coinbase Advanced: a [`Codec`].
#[derive(Debug)]
pub struct CoinbaseAdvanced {
    description: VenueDescription,
    unnamed: Unnamed,
}

impl CoinbaseAdvanced {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "coinbase-advanced";

    /// A venue of this id that speaks Coinbase Advanced's protocol.
    pub fn new(id: VenueId) -> Self {
        Self {
            description: description(id),
            unnamed: Unnamed::default(),
        }
    }

    /// Products left out since this was made: futures, and names that do not fit our grammar of symbols.
    pub fn unnamed_instruments(&self) -> u64 {
        self.unnamed.count()
    }
}

fn description(id: VenueId) -> VenueDescription {
    let name = if id.as_str() == "coinbase-advanced" {
        "Coinbase Advanced".into()
    } else {
        id.as_str().into()
    };
    let limit = |name: &str, amount, scope| Limit {
        name: name.into(),
        amount,
        window: Duration::from_secs(1),
        weighted: false,
        scope,
    };
    let timeframes = request::TIMEFRAMES.map(|(timeframe, _)| timeframe);
    VenueDescription {
        id,
        name,
        protocol: CoinbaseAdvanced::PROTOCOL,
        rest_url: "https://api.coinbase.com".into(),
        ws_url: "wss://advanced-trade-ws.coinbase.com".into(),
        order: OrderRule::TimeThenId,
        limits: vec![
            limit("requests-1s", 10, LimitScope::Address),
            limit("connections-1s", 750, LimitScope::Connection),
        ],
        channels: vec![
            Channel::Trades,
            Channel::Book,
            Channel::Ticker,
            Channel::Candles(message::CANDLES),
        ],
        timeframes: timeframes.to_vec(),
        // a beat each second
        silence: Duration::from_secs(15),
        connection_lifetime: None,
        send_rate: 8,
        streams_per_connection: STREAMS_PER_CONNECTION,
        book: BookRule {
            snapshot: SnapshotBy::Stream,
            sequence: BookSequence::None,
            depth: None,
        },
        binds: false,
    }
}

impl Codec for CoinbaseAdvanced {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        spell(&self.description.id, symbol)
    }

    fn route<'a>(&self, input: &Input<'a>) -> Route<'a> {
        message::route(input)
    }

    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        match *input {
            Input::Message { bytes, .. } => events.extend(message::decode(bytes)?),
            Input::Answer { query, body } => {
                let (said, unnamed) = answer::decode(&self.description.id, query, body)?;
                self.unnamed.add(unnamed);
                events.extend(said);
            }
        }
        Ok(())
    }

    fn request(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        request::request(&self.description, query)
    }

    fn page_limit(&self, query: &Query) -> u32 {
        request::page_limit(query)
    }

    fn subscribe(&self, wanted: &[Subscription]) -> Result<Vec<SubscribePlan>, RequestError> {
        request::subscribe(&self.description, wanted)
    }

    fn resubscribe(&self, subscription: &Subscription) -> Vec<String> {
        request::resubscribe(subscription)
    }

    fn used_limits(&self, _: &Response) -> Vec<Option<u32>> {
        vec![None; self.description.limits.len()] // the venue does not say
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        http::stay_away(response, Duration::from_secs(1))
    }
}
