#![doc = include_str!("../../../../../docs/venues/gate.md")]

mod answer;
mod contracts;
mod description;
mod market;
mod message;
mod request;

use std::time::Duration;

use quantflow_model::{Contract, Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    Codec, DecodeError, Event, HttpRequest, Input, Query, RequestError, Response, Route,
    SubscribePlan, Subscription, VenueDescription,
};

pub use market::Market;

/// Gate's spot market and its futures settled in USDT: a [`Codec`] for each.
#[derive(Debug)]
pub struct Gate {
    description: VenueDescription,
    market: Market,
}

impl Gate {
    /// The name of the protocol of the spot market.
    pub const SPOT: &'static str = "gate-spot";
    /// The name of the protocol of perpetual contracts settled in USDT.
    pub const FUTURES: &'static str = "gate-futures";

    /// A venue of this id that speaks the protocol of this market.
    pub fn new(id: VenueId, market: Market) -> Self {
        Self {
            description: description::description(id, market),
            market,
        }
    }
}

impl Codec for Gate {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        if symbol.venue_str() != self.description.id.as_str() {
            return None;
        }
        match (self.market, symbol.contract()) {
            (Market::Spot, Contract::Spot { base, quote }) => {
                VenueSymbol::new(&format!("{base}_{quote}"))
            }
            (
                Market::Futures,
                Contract::Perpetual {
                    base,
                    quote: "USDT",
                    settle: "USDT",
                },
            ) => VenueSymbol::new(&format!("{base}_USDT")),
            _ => None,
        }
    }

    fn route<'a>(&self, input: &Input<'a>) -> Route<'a> {
        match *input {
            Input::Answer { query, .. } => query
                .symbol()
                .map_or(Route::All, |symbol| Route::Symbol(symbol.as_str())),
            Input::Message { bytes, .. } => message::route(self.market, bytes),
        }
    }

    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        events.extend(match *input {
            Input::Message { bytes, .. } => message::decode(self.market, bytes)?,
            Input::Answer { query, body } => {
                answer::decode(&self.description.id, self.market, query, body)?
            }
        });
        Ok(())
    }

    fn request(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        request::request(self, query)
    }

    fn page_limit(&self, query: &Query) -> u32 {
        request::page_limit(self.market, query)
    }

    fn subscribe(&self, wanted: &[Subscription]) -> Result<Vec<SubscribePlan>, RequestError> {
        request::subscribe(self, wanted)
    }

    fn used_limits(&self, response: &Response) -> Vec<Option<u32>> {
        description::used(response)
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        crate::http::stay_away(response, description::WINDOW)
    }
}
