#![doc = include_str!("../../../../../docs/venues/bitmex.md")]

mod answer;
mod description;
mod levels;
mod names;
mod request;
mod rows;
mod socket;

use std::time::Duration;

use quantflow_model::{Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    Bindings, Codec, DecodeError, Event, HttpRequest, Input, Query, RequestError, Response, Route,
    SubscribePlan, Subscription, VenueDescription,
};

use crate::http;

/// BitMEX: a [`Codec`].
#[derive(Debug)]
pub struct Bitmex {
    description: VenueDescription,
}

impl Bitmex {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "bitmex";

    /// A venue of this id that speaks BitMEX's protocol.
    pub fn new(id: VenueId) -> Self {
        Self {
            description: description::description(id),
        }
    }
}

impl Codec for Bitmex {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, _: &Symbol) -> Option<VenueSymbol> {
        None // `XBTUSD` and `XBTU21` follow from no name: the list of instruments says
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
            Input::Message { bytes, bindings } => socket::decode(bytes, bindings)?,
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
        http::stay_away(response, Duration::from_mins(1))
    }

    fn bind(&self, message: &[u8], bindings: &mut Bindings) -> bool {
        levels::bind(message, bindings)
    }

    fn resubscribe(&self, subscription: &Subscription) -> Vec<String> {
        request::resubscribe(&self.description.id, subscription)
    }
}
