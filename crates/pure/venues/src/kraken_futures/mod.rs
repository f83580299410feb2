#![doc = include_str!("../../../../../docs/venues/kraken-futures.md")]

mod answer;
mod description;
mod instruments;
mod message;
mod names;
mod request;
mod route;

use std::time::Duration;

use quantflow_model::{Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    Codec, DecodeError, Event, HttpRequest, Input, Query, RequestError, Response, Route,
    SubscribePlan, Subscription, VenueDescription,
};

use crate::reading::Unnamed;

/// Kraken Futures: a [`Codec`].
#[derive(Debug)]
pub struct KrakenFutures {
    description: VenueDescription,
    unnamed: Unnamed,
}

impl KrakenFutures {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "kraken-futures";

    /// A venue of this id that speaks Kraken Futures' protocol.
    pub fn new(id: VenueId) -> Self {
        Self {
            description: description::description(id),
            unnamed: Unnamed::default(),
        }
    }

    /// Contracts left out since this was made, because their names do not fit our grammar of symbols.
    pub fn unnamed_instruments(&self) -> u64 {
        self.unnamed.count()
    }
}

impl Codec for KrakenFutures {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        let ours = symbol.venue_str() == self.description.id.as_str();
        ours.then(|| names::spell(symbol)).flatten()
    }

    fn route<'a>(&self, input: &Input<'a>) -> Route<'a> {
        route::route(input)
    }

    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        match *input {
            Input::Message { bytes, .. } => events.extend(message::decode(bytes)?),
            Input::Answer { query, body } => {
                let (said, unnamed) = answer::decode(&self.description.id, query, body)?;
                self.unnamed.add(unnamed);
                events.extend(said);
            }
        }
        Ok(())
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

    fn used_limits(&self, _: &Response) -> Vec<Option<u32>> {
        vec![None; self.description.limits.len()] // the venue does not say
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        request::stay_away(response)
    }
}
