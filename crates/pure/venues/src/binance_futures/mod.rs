#![doc = include_str!("../../../../../docs/venues/binance-futures.md")]

mod answer;
mod description;
mod instruments;
mod limits;
mod message;
mod request;
mod route;

use std::time::Duration;

use quantflow_model::{Contract, Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    Codec, DecodeError, Event, HttpRequest, Input, Limit, Query, RequestError, Response, Route,
    SubscribePlan, Subscription, VenueDescription,
};

/// Binance's futures markets: a [`Codec`] for each of the two.
#[derive(Debug)]
pub struct BinanceFutures {
    description: VenueDescription,
    market: Market,
}

/// Which of the two markets: what contracts are margined in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Market {
    /// In a stablecoin: linear contracts, quantities in the base asset.
    Usd,
    /// In the base asset: inverse contracts, quantities in contracts of a fixed value in USD.
    Coin,
}

impl BinanceFutures {
    /// The name of the protocol of contracts margined in stablecoins.
    pub const USD: &'static str = "binance-usdm";
    /// The name of the protocol of contracts margined in their coin.
    pub const COIN: &'static str = "binance-coinm";

    /// A venue of this id that speaks the protocol of this market.
    pub fn new(id: VenueId, market: Market) -> Self {
        Self {
            description: description::description(id, market),
            market,
        }
    }
}

impl Codec for BinanceFutures {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        if symbol.venue_str() != self.description.id.as_str() {
            return None;
        }
        let (pair, ending) = match symbol.contract() {
            Contract::Perpetual {
                base,
                quote,
                settle,
            } if self.market.settles(base, quote, settle) => {
                let ending = match self.market {
                    Market::Usd => String::new(),
                    Market::Coin => "_PERP".into(),
                };
                (format!("{base}{quote}"), ending)
            }
            Contract::Future {
                base,
                quote,
                settle,
                expiry,
            } if self.market.settles(base, quote, settle) => {
                (format!("{base}{quote}"), format!("_{}", expiry.get(2..)?))
            }
            _ => return None,
        };
        VenueSymbol::new(&(pair + &ending))
    }

    fn route<'a>(&self, input: &Input<'a>) -> Route<'a> {
        route::route(input)
    }

    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        match *input {
            Input::Message { bytes, .. } => {
                events.push(message::decode(self.market, bytes)?);
            }
            Input::Answer { query, body } => {
                events.extend(answer::decode(
                    &self.description.id,
                    self.market,
                    query,
                    body,
                )?);
            }
        }
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
        limits::used(response)
    }

    fn told_limits(&self, query: &Query, body: &[u8]) -> Option<Vec<Limit>> {
        limits::told(query, body)
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        limits::stay_away(response)
    }
}

impl Market {
    /// Where paths begin.
    const fn root(self) -> &'static str {
        match self {
            Self::Usd => "/fapi/v1/",
            Self::Coin => "/dapi/v1/",
        }
    }

    /// Whether this is what such a contract is paid in here.
    fn settles(self, base: &str, quote: &str, settle: &str) -> bool {
        match self {
            Self::Usd => settle == quote,
            Self::Coin => settle == base,
        }
    }
}
