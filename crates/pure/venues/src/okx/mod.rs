#![doc = include_str!("../../../../../docs/venues/okx.md")]

mod answer;
mod checksum;
mod description;
mod encode;
mod encode_answer;
mod instruments;
mod message;
mod names;
mod request;
mod route;
mod rows;
mod server;
mod subscribe;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quantflow_model::{BookChecksum, Level, Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    Codec, DecodeError, EncodeError, Encoded, Event, HttpRequest, Input, Query, RequestError,
    Response, Route, SubscribePlan, Subscription, VenueDescription,
};

use crate::http;

pub use server::{Refusal, SocketRequest, Stream, read_socket_request, read_target};

/// OKX, API v5: a [`Codec`] of its spot, swap, futures and option markets.
#[derive(Debug)]
pub struct Okx {
    description: VenueDescription,
    unnamed_instruments: AtomicU64,
}

impl Okx {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "okx-v5";

    /// A venue of this id that speaks OKX's protocol.
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

impl Codec for Okx {
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

    fn encode(&self, events: &[Event], as_what: &Encoded<'_>) -> Result<Vec<u8>, EncodeError> {
        let writer = encode::Writer::new(&self.description.id);
        match as_what {
            // the venue has no other wrapping than that of every message
            Encoded::Message | Encoded::Combined => writer.message(events),
            Encoded::Answer(query) => writer.answer(events, query),
        }
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

    fn resubscribe(&self, subscription: &Subscription) -> Vec<String> {
        subscribe::resubscribe(&self.description, subscription)
    }

    fn used_limits(&self, _response: &Response) -> Vec<Option<u32>> {
        vec![None; self.description.limits.len()]
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        http::stay_away(response, Duration::from_secs(10))
    }

    fn instrument_queries(&self) -> Vec<Query> {
        request::instrument_queries()
    }

    fn next_page(&self, query: &Query, body: &[u8]) -> Option<Query> {
        answer::next_page(query, body)
    }

    fn book_checksum(&self, _: &BookChecksum, bids: &[Level], asks: &[Level]) -> Option<u32> {
        Some(checksum::checksum(bids, asks))
    }
}
