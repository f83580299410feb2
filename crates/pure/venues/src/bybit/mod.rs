#![doc = include_str!("../../../../../docs/venues/bybit.md")]

mod answer;
mod description;
mod instruments;
mod message;
mod names;
mod old;
mod request;
mod route;
mod rows;
mod subscribe;
mod ticker;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quantflow_model::{Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    Codec, DecodeError, Event, HttpRequest, Input, Query, RequestError, Response, Route,
    SubscribePlan, Subscription, VenueDescription,
};

use crate::http;

/// One of Bybit's markets. Each has its own socket, and the venue's names of symbols are only unique
/// within one: `BTCUSDT` is both a spot pair and a perpetual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Market {
    /// Spot.
    Spot,
    /// Perpetuals and futures settled in USDT and USDC; quantities are in the base.
    Linear,
    /// Perpetuals and futures settled in their base; quantities are in dollars.
    Inverse,
    /// Options.
    Option,
}

/// One of Bybit's markets, API v5: a [`Codec`].
#[derive(Debug)]
pub struct Bybit {
    market: Market,
    description: VenueDescription,
    unnamed_instruments: AtomicU64,
}

impl Bybit {
    /// A venue of this id that speaks the protocol of one of Bybit's markets.
    pub fn new(id: VenueId, market: Market) -> Self {
        Self {
            market,
            description: description::description(id, market),
            unnamed_instruments: AtomicU64::new(0),
        }
    }

    /// Instruments left out since this was made because their names do not fit our grammar of symbols.
    pub fn unnamed_instruments(&self) -> u64 {
        self.unnamed_instruments.load(Ordering::Relaxed)
    }
}

impl Market {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const fn protocol(self) -> &'static str {
        match self {
            Self::Spot => "bybit-spot",
            Self::Linear => "bybit-linear",
            Self::Inverse => "bybit-inverse",
            Self::Option => "bybit-option",
        }
    }
}

impl Codec for Bybit {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        (symbol.venue_str() == self.description.id.as_str())
            .then(|| names::spell(self.market, symbol))
            .flatten()
    }

    fn route<'a>(&self, input: &Input<'a>) -> Route<'a> {
        route::route(self.market, input)
    }

    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        match *input {
            Input::Message { bytes, .. } => events.extend(message::decode(self.market, bytes)?),
            Input::Answer { query, body } => {
                let answer = answer::decode(self.market, &self.description.id, query, body)?;
                self.unnamed_instruments
                    .fetch_add(answer.unnamed_instruments, Ordering::Relaxed);
                events.extend(answer.events);
            }
        }
        Ok(())
    }

    fn request(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        request::request(self.market, &self.description.id, query)
    }

    fn page_limit(&self, query: &Query) -> u32 {
        request::page_limit(self.market, query)
    }

    fn subscribe(&self, wanted: &[Subscription]) -> Result<Vec<SubscribePlan>, RequestError> {
        subscribe::subscribe(self.market, &self.description, wanted)
    }

    fn resubscribe(&self, subscription: &Subscription) -> Vec<String> {
        subscribe::resubscribe(self.market, &self.description, subscription)
    }

    fn used_limits(&self, _response: &Response) -> Vec<Option<u32>> {
        // the headers count by key and endpoint, which the public ones are not counted by
        vec![None; self.description.limits.len()]
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        match response.status {
            // the address is banned: the documents ask for ten minutes
            403 => Some(http::retry_after(response).unwrap_or(Duration::from_mins(10))),
            _ => http::stay_away(response, Duration::from_secs(5)),
        }
    }

    fn instrument_queries(&self) -> Vec<Query> {
        request::instrument_queries(self.market)
    }

    fn next_page(&self, query: &Query, body: &[u8]) -> Option<Query> {
        answer::next_page(query, body)
    }
}
