#![doc = include_str!("../../../../../docs/venues/bitfinex.md")]

mod answer;
mod checksum;
mod description;
mod names;
mod request;
mod rows;
mod socket;

use std::time::Duration;

use quantflow_model::{BookChecksum, Level, Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    Bindings, Codec, DecodeError, Event, HttpRequest, Input, Query, RequestError, Response, Route,
    SubscribePlan, Subscription, VenueDescription,
};

use crate::http;

/// Bitfinex, version 2 of its API: a [`Codec`].
#[derive(Debug)]
pub struct Bitfinex {
    description: VenueDescription,
}

impl Bitfinex {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "bitfinex";

    /// A venue of this id that speaks Bitfinex's protocol.
    pub fn new(id: VenueId) -> Self {
        Self {
            description: description::description(id),
        }
    }
}

impl Codec for Bitfinex {
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
            Input::Message { bytes, bindings } => socket::route(bytes, bindings),
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

    fn used_limits(&self, _: &Response) -> Vec<Option<u32>> {
        vec![None; self.description.limits.len()] // its answers do not say
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        http::stay_away(response, Duration::from_mins(1))
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

    fn bind(&self, message: &[u8], bindings: &mut Bindings) -> bool {
        socket::bind(message, bindings)
    }

    fn book_checksum(&self, _: &BookChecksum, bids: &[Level], asks: &[Level]) -> Option<u32> {
        Some(checksum::checksum(bids, asks))
    }
}
