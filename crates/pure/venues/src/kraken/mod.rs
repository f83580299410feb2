#![doc = include_str!("../../../../../docs/venues/kraken.md")]

mod answer;
mod checksum;
mod description;
mod encode;
mod encode_answer;
mod instruments;
mod message;
mod message_v1;
mod names;
mod request;
mod route;
mod server;

use std::time::Duration;

use quantflow_model::{BookChecksum, Contract, Level, Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    Bindings, Codec, DecodeError, EncodeError, Encoded, Event, HttpRequest, Input, Query,
    RequestError, Response, Route, SubscribePlan, Subscription, VenueDescription,
};

use crate::reading::Unnamed;

pub use encode_answer::error_body;
pub use server::{
    Refusal, SocketRequest, Streams, pong, read_socket_request, read_target, rest_name,
};

/// Kraken's spot market: a [`Codec`].
#[derive(Debug)]
pub struct Kraken {
    description: VenueDescription,
    unnamed: Unnamed,
}

impl Kraken {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "kraken-spot";

    /// A venue of this id that speaks Kraken's spot protocol.
    pub fn new(id: VenueId) -> Self {
        Self {
            description: description::description(id),
            unnamed: Unnamed::default(),
        }
    }

    /// Instruments left out since this was made: dark pools, and pairs whose assets' names do not fit
    /// our grammar of symbols.
    pub fn unnamed_instruments(&self) -> u64 {
        self.unnamed.count()
    }
}

impl Codec for Kraken {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        match symbol.contract() {
            Contract::Spot { base, quote }
                if symbol.venue_str() == self.description.id.as_str() =>
            {
                names::spell(base, quote)
            }
            _ => None,
        }
    }

    fn route<'a>(&self, input: &Input<'a>) -> Route<'a> {
        route::route(input)
    }

    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        let venue = &self.description.id;
        let said = match *input {
            Input::Message { bytes, bindings } => message::decode(venue, bytes, bindings)?,
            Input::Answer { query, body } => answer::decode(venue, query, body)?,
        };
        self.unnamed.add(said.unnamed);
        events.extend(said.events);
        Ok(())
    }

    fn encode(&self, events: &[Event], as_what: &Encoded<'_>) -> Result<Vec<u8>, EncodeError> {
        encode::encode(&self.description.id, events, as_what)
    }

    fn request(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        request::request(&self.description, query)
    }

    fn page_limit(&self, query: &Query) -> u32 {
        request::page_limit(query)
    }

    fn next_page(&self, query: &Query, body: &[u8]) -> Option<Query> {
        answer::next_page(query, body)
    }

    fn subscribe(&self, wanted: &[Subscription]) -> Result<Vec<SubscribePlan>, RequestError> {
        request::subscribe(&self.description, wanted)
    }

    fn resubscribe(&self, subscription: &Subscription) -> Vec<String> {
        request::resubscribe(subscription)
    }

    fn bind(&self, message: &[u8], bindings: &mut Bindings) -> bool {
        message::bind(message, bindings)
    }

    fn used_limits(&self, _: &Response) -> Vec<Option<u32>> {
        vec![None; self.description.limits.len()] // the venue does not say
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        request::stay_away(response)
    }

    fn book_checksum(&self, check: &BookChecksum, bids: &[Level], asks: &[Level]) -> Option<u32> {
        checksum::of_book(*check, bids, asks)
    }
}
