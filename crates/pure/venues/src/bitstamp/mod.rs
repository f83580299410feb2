#![doc = include_str!("../../../../../docs/venues/bitstamp.md")]

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

use crate::assets::Assets;
use crate::reading::Unnamed;

/// The venue's names of assets, as ccxt has them.
const ASSETS: Assets = Assets(&[("UST", "USTC")]);

/// Bitstamp: a [`Codec`].
#[derive(Debug)]
pub struct Bitstamp {
    description: VenueDescription,
    unnamed: Unnamed,
}

impl Bitstamp {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "bitstamp";

    /// A venue of this id that speaks Bitstamp's protocol.
    pub fn new(id: VenueId) -> Self {
        Self {
            description: description::description(id),
            unnamed: Unnamed::default(),
        }
    }

    /// Markets left out since this was made: perpetuals, and names that do not fit our grammar of symbols.
    pub fn unnamed_instruments(&self) -> u64 {
        self.unnamed.count()
    }
}

impl Codec for Bitstamp {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        match symbol.contract() {
            Contract::Spot { base, quote }
                if symbol.venue_str() == self.description.id.as_str() =>
            {
                let [base, quote] = [base, quote].map(|asset| ASSETS.theirs(asset));
                VenueSymbol::new(&format!("{base}{quote}").to_ascii_lowercase())
            }
            _ => None,
        }
    }

    fn route<'a>(&self, input: &Input<'a>) -> Route<'a> {
        route::route(input)
    }

    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        match *input {
            Input::Message { bytes, .. } => events.push(message::decode(bytes)?),
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
        request::stay_away(response)
    }
}
