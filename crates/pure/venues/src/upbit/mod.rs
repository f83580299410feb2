#![doc = include_str!("../../../../../docs/venues/upbit.md")]

mod answer;
mod description;
mod market;
mod names;
mod request;
mod socket;

use std::time::Duration;

use quantflow_model::{Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    Codec, DecodeError, Event, HttpRequest, Input, Query, RequestError, Response, Route,
    SubscribePlan, Subscription, VenueDescription,
};

use crate::http;

/// Upbit: a [`Codec`].
#[derive(Debug)]
pub struct Upbit {
    description: VenueDescription,
}

impl Upbit {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "upbit";

    /// A venue of this id that speaks Upbit's protocol.
    pub fn new(id: VenueId) -> Self {
        Self {
            description: description::description(id),
        }
    }
}

impl Codec for Upbit {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        names::spell(&self.description.id, symbol)
    }

    fn route<'a>(&self, input: &Input<'a>) -> Route<'a> {
        match *input {
            Input::Answer { query, .. } => query
                .symbol()
                .map_or(Route::All, |symbol| Route::Symbol(symbol.as_str())),
            Input::Message { bytes, .. } => socket::route(bytes),
        }
    }

    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        events.extend(match *input {
            Input::Message { bytes, .. } => socket::decode(bytes)?,
            Input::Answer { query, body } => answer::decode(&self.description.id, query, body)?,
        });
        Ok(())
    }

    fn request(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        request::request(&self.description.id, query)
    }

    fn page_limit(&self, query: &Query) -> u32 {
        request::page_limit(query)
    }

    fn subscribe(&self, wanted: &[Subscription]) -> Result<Vec<SubscribePlan>, RequestError> {
        let description = &self.description;
        request::subscribe(&description.id, description.streams_per_connection, wanted)
    }

    fn used_limits(&self, response: &Response) -> Vec<Option<u32>> {
        description::used(response)
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        http::stay_away(response, Duration::from_secs(10))
    }
}
