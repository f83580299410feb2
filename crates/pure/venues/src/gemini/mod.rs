#![doc = include_str!("../../../../../docs/venues/gemini.md")]

mod answer;
mod description;
mod message;
mod request;
mod route;

use std::time::Duration;

use quantflow_model::{Contract, Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    Codec, DecodeError, Event, HttpRequest, Input, Query, RequestError, Response, Route,
    SubscribePlan, Subscription, VenueDescription,
};

use crate::http;
use crate::reading::Unnamed;

/// Gemini: a [`Codec`].
#[derive(Debug)]
pub struct Gemini {
    description: VenueDescription,
    unnamed: Unnamed,
}

impl Gemini {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "gemini";

    /// A venue of this id that speaks Gemini's protocol.
    pub fn new(id: VenueId) -> Self {
        Self {
            description: description::description(id),
            unnamed: Unnamed::default(),
        }
    }

    /// Instruments left out since this was made, because their names do not fit our grammar of symbols.
    pub fn unnamed_instruments(&self) -> u64 {
        self.unnamed.count()
    }
}

impl Codec for Gemini {
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
            Contract::Perpetual {
                base,
                quote,
                settle,
            } if settle == quote && symbol.venue_str() == self.description.id.as_str() => {
                VenueSymbol::new(&format!("{base}{quote}PERP"))
            }
            _ => None,
        }
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
        http::stay_away(response, Duration::from_mins(1))
    }
}
