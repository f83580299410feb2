#![doc = include_str!("../../../../../docs/venues/coinbase.md")]

mod advanced;
mod answer;
mod description;
mod encode;
mod instruments;
mod message;
mod request;
mod route;
mod server;

use std::time::Duration;

use quantflow_model::{Contract, Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    Codec, DecodeError, EncodeError, Encoded, Event, HttpRequest, Input, Query, RequestError,
    Response, Route, SubscribePlan, Subscription, VenueDescription,
};

use crate::assets::Assets;
use crate::http;
use crate::reading::Unnamed;

pub use advanced::CoinbaseAdvanced;
pub use encode::error_body;
pub use server::{Refusal, SocketRequest, Streams, read_socket_request, read_target};

/// Celo had another name when it was listed.
const ASSETS: Assets = Assets(&[("CGLD", "CELO")]);

/// Coinbase Exchange: a [`Codec`].
#[derive(Debug)]
pub struct CoinbaseExchange {
    description: VenueDescription,
    unnamed: Unnamed,
}

impl CoinbaseExchange {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "coinbase-exchange";

    /// A venue of this id that speaks Coinbase Exchange's protocol.
    pub fn new(id: VenueId) -> Self {
        Self {
            description: description::description(id),
            unnamed: Unnamed::default(),
        }
    }

    /// Instruments left out since this was made, because their assets' names do not fit our grammar
    /// of symbols.
    pub fn unnamed_instruments(&self) -> u64 {
        self.unnamed.count()
    }
}

/// The venue's name of a symbol, which both protocols use: `BASE-QUOTE`.
fn spell(venue: &VenueId, symbol: &Symbol) -> Option<VenueSymbol> {
    match symbol.contract() {
        Contract::Spot { base, quote } if symbol.venue_str() == venue.as_str() => {
            let [base, quote] = [base, quote].map(|asset| ASSETS.theirs(asset));
            VenueSymbol::new(&format!("{base}-{quote}"))
        }
        _ => None,
    }
}

impl Codec for CoinbaseExchange {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        spell(&self.description.id, symbol)
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

    fn encode(&self, events: &[Event], as_what: &Encoded<'_>) -> Result<Vec<u8>, EncodeError> {
        encode::encode(&self.description.id, events, as_what)
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
        http::stay_away(response, Duration::from_secs(1))
    }
}
