#![doc = include_str!("../../../../../docs/venues/hyperliquid.md")]

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

/// Hyperliquid: a [`Codec`].
#[derive(Debug)]
pub struct Hyperliquid {
    description: VenueDescription,
}

impl Hyperliquid {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "hyperliquid";

    /// A venue of this id that speaks Hyperliquid's protocol.
    pub fn new(id: VenueId) -> Self {
        Self {
            description: description::description(id),
        }
    }
}

impl Codec for Hyperliquid {
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

    fn used_limits(&self, _: &Response) -> Vec<Option<u32>> {
        vec![None; self.description.limits.len()] // its answers do not say
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        http::stay_away(response, Duration::from_secs(10))
    }

    fn instrument_queries(&self) -> Vec<Query> {
        let parts = request::PARTS.iter();
        parts
            .map(|part| Query::InstrumentsOf {
                part: (*part).into(),
                after: None,
            })
            .collect()
    }

    fn resubscribe(&self, subscription: &Subscription) -> Vec<String> {
        request::resubscribe(&self.description.id, subscription)
    }
}
