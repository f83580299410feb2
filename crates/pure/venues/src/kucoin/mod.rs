#![doc = include_str!("../../../../../docs/venues/kucoin.md")]

mod answer;
mod description;
mod instruments;
mod message;
mod names;
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

/// KuCoin's spot market: a [`Codec`].
#[derive(Debug)]
pub struct Kucoin {
    description: VenueDescription,
    unnamed_instruments: AtomicU64,
}

impl Kucoin {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "kucoin-spot";

    /// A venue of this id that speaks KuCoin's spot protocol.
    pub fn new(id: VenueId) -> Self {
        Self {
            description: description::description(id),
            unnamed_instruments: AtomicU64::new(0),
        }
    }

    /// Instruments left out since this was made because their names do not fit our grammar of symbols.
    pub fn unnamed_instruments(&self) -> u64 {
        self.unnamed_instruments.load(Ordering::Relaxed)
    }
}

impl Codec for Kucoin {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        (symbol.venue_str() == self.description.id.as_str())
            .then(|| names::spell(symbol))
            .flatten()
    }

    fn route<'a>(&self, input: &Input<'a>) -> Route<'a> {
        route::route(input)
    }

    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        match *input {
            Input::Message { bytes, .. } => events.extend(message::decode(bytes)?),
            Input::Answer { query, body } => {
                let answer = answer::decode(&self.description.id, query, body)?;
                self.unnamed_instruments
                    .fetch_add(answer.unnamed_instruments, Ordering::Relaxed);
                events.extend(answer.events);
            }
        }
        Ok(())
    }

    fn request(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        request::request(&self.description.id, query)
    }

    fn page_limit(&self, query: &Query) -> u32 {
        request::page_limit(query)
    }

    fn subscribe(&self, wanted: &[Subscription]) -> Result<Vec<SubscribePlan>, RequestError> {
        subscribe::subscribe(&self.description, wanted)
    }

    fn used_limits(&self, response: &Response) -> Vec<Option<u32>> {
        let number = |name| http::header(response, name)?.parse::<u32>().ok();
        let used = match (
            number("gw-ratelimit-limit"),
            number("gw-ratelimit-remaining"),
        ) {
            (Some(limit), Some(left)) => Some(limit.saturating_sub(left)),
            _ => None,
        };
        vec![used, None]
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        // the window's end is told in milliseconds
        let reset = http::header(response, "gw-ratelimit-reset").and_then(|ms| ms.parse().ok());
        let otherwise = reset.map_or(Duration::from_secs(30), Duration::from_millis);
        http::stay_away(response, otherwise)
    }
}
