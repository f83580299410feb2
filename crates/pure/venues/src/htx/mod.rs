#![doc = include_str!("../../../../../docs/venues/htx.md")]

mod answer;
mod description;
mod instruments;
mod message;
mod names;
mod packed;
mod request;
mod route;
mod rows;
mod subscribe;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quantflow_model::{Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    Codec, DecodeError, Event, HttpRequest, Input, Query, RequestError, Response, Route,
    SubscribePlan, Subscription, VenueDescription,
};

use crate::http;

/// One of HTX's markets: they have hosts of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Market {
    /// Spot.
    Spot,
    /// Perpetuals and futures settled in USDT; quantities are contracts.
    Linear,
}

/// One of HTX's markets (Huobi until 2023): a [`Codec`].
#[derive(Debug)]
pub struct Htx {
    market: Market,
    description: VenueDescription,
    unnamed_instruments: AtomicU64,
}

impl Htx {
    /// A venue of this id that speaks the protocol of one of HTX's markets.
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
            Self::Spot => "htx-spot",
            Self::Linear => "htx-linear",
        }
    }
}

impl Codec for Htx {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        (symbol.venue_str() == self.description.id.as_str())
            .then(|| names::spell(self.market, symbol))
            .flatten()
    }

    fn route<'a>(&self, input: &Input<'a>) -> Route<'a> {
        route::route(input)
    }

    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        match *input {
            Input::Message { bytes, .. } => {
                let bytes = packed::unpacked(bytes)?;
                events.extend(message::decode(self.market, &bytes)?);
            }
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
        subscribe::resubscribe(self.market, subscription)
    }

    fn used_limits(&self, _response: &Response) -> Vec<Option<u32>> {
        vec![None; self.description.limits.len()]
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        http::stay_away(response, Duration::from_secs(10))
    }

    fn reply(&self, message: &[u8]) -> Option<String> {
        message::reply(&packed::unpacked(message).ok()?)
    }
}
