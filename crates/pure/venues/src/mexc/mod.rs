#![doc = include_str!("../../../../../docs/venues/mexc.md")]

mod answer;
mod description;
mod identity;
mod message;
mod protobuf;
mod request;

use std::time::Duration;

use quantflow_model::{Contract, Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    Codec, DecodeError, Event, HttpRequest, Input, Query, RequestError, Response, Route,
    SubscribePlan, Subscription, VenueDescription,
};

/// MEXC's spot market: a [`Codec`].
#[derive(Debug)]
pub struct Mexc {
    description: VenueDescription,
}

impl Mexc {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "mexc-spot";

    /// A venue of this id that speaks MEXC's protocol.
    pub fn new(id: VenueId) -> Self {
        Self {
            description: description::description(id),
        }
    }
}

impl Codec for Mexc {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        match symbol.contract() {
            Contract::Spot { base, quote }
                if symbol.venue_str() == self.description.id.as_str() =>
            {
                VenueSymbol::new(&format!("{base}{quote}"))
            }
            _ => None,
        }
    }

    fn route<'a>(&self, input: &Input<'a>) -> Route<'a> {
        match *input {
            Input::Answer { query, .. } => query
                .symbol()
                .map_or(Route::All, |symbol| Route::Symbol(symbol.as_str())),
            Input::Message { bytes, .. } => message::route(bytes),
        }
    }

    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        events.extend(match *input {
            Input::Message { bytes, .. } => message::decode(bytes)?,
            Input::Answer { query, body } => answer::decode(&self.description.id, query, body)?,
        });
        Ok(())
    }

    fn request(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        request::request(self, query)
    }

    fn page_limit(&self, query: &Query) -> u32 {
        request::page_limit(query)
    }

    fn subscribe(&self, wanted: &[Subscription]) -> Result<Vec<SubscribePlan>, RequestError> {
        request::subscribe(self, wanted)
    }

    fn used_limits(&self, _response: &Response) -> Vec<Option<u32>> {
        vec![None] // no header says it
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        match response.status {
            403 => Some(Duration::from_mins(5)), // the firewall
            _ => crate::http::stay_away(response, description::WINDOW),
        }
    }
}
