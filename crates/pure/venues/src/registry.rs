//! [`Registry`]: which venues there are, and which protocol each speaks.

use std::str::FromStr;
use std::sync::Arc;

use quantflow_model::VenueId;
use quantflow_wire::Codec;

use crate::alphavantage::AlphaVantage;
use crate::binance::BinanceSpot;
use crate::binance_futures::{self, BinanceFutures};
use crate::bitfinex::Bitfinex;
use crate::bitflyer::Bitflyer;
use crate::bitmex::Bitmex;
use crate::bitstamp::Bitstamp;
use crate::bybit::{Bybit, Market};
use crate::coinbase::{CoinbaseAdvanced, CoinbaseExchange};
use crate::coingecko::CoinGecko;
use crate::deribit::Deribit;
use crate::ecb::Ecb;
use crate::gate::{self, Gate};
use crate::gemini::Gemini;
use crate::htx::{self, Htx};
use crate::hyperliquid::Hyperliquid;
use crate::kraken::Kraken;
use crate::kraken_futures::KrakenFutures;
use crate::kucoin::Kucoin;
use crate::mexc::Mexc;
use crate::okx::Okx;
use crate::poloniex::Poloniex;
use crate::stooq::Stooq;
use crate::upbit::Upbit;
use crate::yahoo::Yahoo;

/// Builds a codec that speaks a protocol under a venue's id.
pub type Factory = fn(VenueId) -> Arc<dyn Codec>;

/// The venues and protocols that are built in, and any that are added.
///
/// A protocol is code; a venue is an id that speaks one. Two venues may speak the same protocol and
/// are never mixed: each codec puts its own id into the symbols that it names.
///
/// ```
/// use quantflow_venues::Registry;
/// let registry = Registry::builtin();
/// let demo = registry.speak("binance-spot", "demo".parse()?)?;
/// assert_eq!(demo.describe().id.as_str(), "demo");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Registry {
    protocols: Vec<(&'static str, Factory)>,
    venues: Vec<(VenueId, &'static str)>,
}

/// A protocol that is not built in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no protocol {asked:?}; there are: {known}")]
pub struct UnknownProtocol {
    /// What was asked for.
    pub asked: String,
    /// The names that there are.
    pub known: String,
}

impl Registry {
    /// What this build knows. A new venue is one line here.
    pub fn builtin() -> Self {
        let venues: [(&str, &'static str, Factory); 32] = [
            ("binance", BinanceSpot::PROTOCOL, |id| {
                Arc::new(BinanceSpot::new(id))
            }),
            ("alphavantage", AlphaVantage::PROTOCOL, |id| {
                Arc::new(AlphaVantage::new(id))
            }),
            ("binance-coinm", BinanceFutures::COIN, |id| {
                Arc::new(BinanceFutures::new(id, binance_futures::Market::Coin))
            }),
            ("binance-usdm", BinanceFutures::USD, |id| {
                Arc::new(BinanceFutures::new(id, binance_futures::Market::Usd))
            }),
            ("bitfinex", Bitfinex::PROTOCOL, |id| {
                Arc::new(Bitfinex::new(id))
            }),
            ("bitflyer", Bitflyer::PROTOCOL, |id| {
                Arc::new(Bitflyer::new(id))
            }),
            ("bitmex", Bitmex::PROTOCOL, |id| Arc::new(Bitmex::new(id))),
            ("bitstamp", Bitstamp::PROTOCOL, |id| {
                Arc::new(Bitstamp::new(id))
            }),
            ("bybit", Market::Spot.protocol(), |id| {
                Arc::new(Bybit::new(id, Market::Spot))
            }),
            ("bybit-inverse", Market::Inverse.protocol(), |id| {
                Arc::new(Bybit::new(id, Market::Inverse))
            }),
            ("bybit-linear", Market::Linear.protocol(), |id| {
                Arc::new(Bybit::new(id, Market::Linear))
            }),
            ("bybit-option", Market::Option.protocol(), |id| {
                Arc::new(Bybit::new(id, Market::Option))
            }),
            ("coinbase", CoinbaseExchange::PROTOCOL, |id| {
                Arc::new(CoinbaseExchange::new(id))
            }),
            ("coinbase-advanced", CoinbaseAdvanced::PROTOCOL, |id| {
                Arc::new(CoinbaseAdvanced::new(id))
            }),
            ("coingecko", CoinGecko::PROTOCOL, |id| {
                Arc::new(CoinGecko::new(id))
            }),
            ("deribit", Deribit::PROTOCOL, |id| {
                Arc::new(Deribit::new(id))
            }),
            ("ecb", Ecb::PROTOCOL, |id| Arc::new(Ecb::new(id))),
            ("gate", Gate::SPOT, |id| {
                Arc::new(Gate::new(id, gate::Market::Spot))
            }),
            ("gate-futures", Gate::FUTURES, |id| {
                Arc::new(Gate::new(id, gate::Market::Futures))
            }),
            ("gemini", Gemini::PROTOCOL, |id| Arc::new(Gemini::new(id))),
            ("htx", htx::Market::Spot.protocol(), |id| {
                Arc::new(Htx::new(id, htx::Market::Spot))
            }),
            ("htx-linear", htx::Market::Linear.protocol(), |id| {
                Arc::new(Htx::new(id, htx::Market::Linear))
            }),
            ("hyperliquid", Hyperliquid::PROTOCOL, |id| {
                Arc::new(Hyperliquid::new(id))
            }),
            ("kraken", Kraken::PROTOCOL, |id| Arc::new(Kraken::new(id))),
            ("kraken-futures", KrakenFutures::PROTOCOL, |id| {
                Arc::new(KrakenFutures::new(id))
            }),
            ("kucoin", Kucoin::PROTOCOL, |id| Arc::new(Kucoin::new(id))),
            ("mexc", Mexc::PROTOCOL, |id| Arc::new(Mexc::new(id))),
            ("okx", Okx::PROTOCOL, |id| Arc::new(Okx::new(id))),
            ("poloniex", Poloniex::PROTOCOL, |id| {
                Arc::new(Poloniex::new(id))
            }),
            ("stooq", Stooq::PROTOCOL, |id| Arc::new(Stooq::new(id))),
            ("upbit", Upbit::PROTOCOL, |id| Arc::new(Upbit::new(id))),
            ("yahoo", Yahoo::PROTOCOL, |id| Arc::new(Yahoo::new(id))),
        ];
        let add = |all: Self, (venue, protocol, factory): (&str, _, _)| {
            all.with(venue, protocol, factory)
        };
        venues.into_iter().fold(Self::default(), add)
    }

    /// Adds a protocol, and the venue that it is named after. A venue id that is none adds only the
    /// protocol.
    #[must_use]
    pub fn with(mut self, venue: &str, protocol: &'static str, factory: Factory) -> Self {
        self.protocols.push((protocol, factory));
        if let Ok(id) = VenueId::from_str(venue) {
            self.venues.push((id, protocol));
        }
        self
    }

    /// The ids of the venues, in the order in which they were added.
    pub fn venues(&self) -> impl Iterator<Item = &VenueId> {
        self.venues.iter().map(|(id, _)| id)
    }

    /// The names of the protocols.
    pub fn protocols(&self) -> impl Iterator<Item = &'static str> {
        self.protocols.iter().map(|(name, _)| *name)
    }

    /// The codec of a venue; `None` when there is no such venue.
    pub fn codec(&self, venue: &VenueId) -> Option<Arc<dyn Codec>> {
        let (id, protocol) = self.venues.iter().find(|(id, _)| id == venue)?;
        self.speak(protocol, id.clone()).ok()
    }

    /// A codec that speaks a protocol under an id of your choice.
    ///
    /// # Errors
    /// When there is no such protocol.
    pub fn speak(&self, protocol: &str, id: VenueId) -> Result<Arc<dyn Codec>, UnknownProtocol> {
        match self.protocols.iter().find(|(name, _)| *name == protocol) {
            Some((_, factory)) => Ok(factory(id)),
            None => Err(UnknownProtocol {
                asked: protocol.chars().take(64).collect(),
                known: self.protocols().collect::<Vec<_>>().join(", "),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_venue_is_found_by_id_and_a_protocol_by_name() {
        let registry = Registry::builtin();
        for id in registry.venues() {
            let codec = registry.codec(id).unwrap();
            assert_eq!(&codec.describe().id, id);
            let protocol = codec.describe().protocol;
            let other = registry.speak(protocol, "other".parse().unwrap()).unwrap();
            assert_eq!(other.describe().id.as_str(), "other", "{protocol}");
        }
        let once = |names: Vec<&str>| {
            let mut names = names;
            names.sort_unstable();
            names.windows(2).all(|pair| pair[0] != pair[1])
        };
        assert!(once(registry.venues().map(VenueId::as_str).collect()));
        assert!(once(registry.protocols().collect()));
        assert!(registry.codec(&"demo".parse().unwrap()).is_none());
        let error = registry.speak("fix", "demo".parse().unwrap()).unwrap_err();
        let all = registry.protocols().collect::<Vec<_>>().join(", ");
        assert_eq!(
            error.to_string(),
            format!("no protocol \"fix\"; there are: {all}")
        );
    }
}
