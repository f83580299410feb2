//! [`Symbol`]: our name of a tradable thing; [`VenueId`]: who trades it.

use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Contract;

/// A venue's name: 1 to 32 of `a-z 0-9 _ -`, beginning with a letter or digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VenueId(CompactString);

/// Our name of a tradable thing, `venue:INSTRUMENT`.
///
/// | kind | form | example |
/// | --- | --- | --- |
/// | spot, FX | `BASE/QUOTE` | `binance:BTC/USDT`, `fx:EUR/USD` |
/// | perpetual | `BASE/QUOTE:SETTLE` | `binance:BTC/USDT:USDT` |
/// | future | `BASE/QUOTE:SETTLE-YYYYMMDD` | `deribit:BTC/USD:BTC-20261225` |
/// | option | `BASE/QUOTE:SETTLE-YYYYMMDD-STRIKE-C` or `-P` | `deribit:BTC/USD:BTC-20261225-100000-C` |
/// | equity, index | `TICKER` | `nasdaq:AAPL`, `nyse:BRK-B`, `index:^GSPC` |
///
/// Assets and tickers are 1 to 24 of `A-Z 0-9 . _ ^ = & -` (an asset has no `-`) and are written in
/// upper case. In URLs and folders `/` becomes `-` ([`Symbol::url_form`]).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    text: CompactString,
    venue_length: u8,
}

/// Text that is no symbol or venue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SymbolError {
    /// There is no `venue:` in front.
    #[error("{0:?} names no venue: write venue:BASE/QUOTE, such as binance:BTC/USDT")]
    NoVenue(String),
    /// The venue's name has another form.
    #[error("{0:?} is no venue name: 1 to 32 of a-z 0-9 _ -")]
    BadVenue(String),
    /// What follows the venue is no instrument.
    #[error(
        "{0:?} is no instrument: BASE/QUOTE, BASE/QUOTE:SETTLE[-YYYYMMDD[-STRIKE-C]] or TICKER"
    )]
    BadInstrument(String),
}

fn excerpt(text: &str) -> String {
    text.chars().take(80).collect()
}

impl VenueId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VenueId {
    type Err = SymbolError;

    fn from_str(text: &str) -> Result<Self, SymbolError> {
        let fits = (1..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
            && text.as_bytes()[0].is_ascii_alphanumeric();
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(SymbolError::BadVenue(excerpt(text)))
        }
    }
}

impl Symbol {
    /// Puts a venue and an instrument (`BTC/USDT`) together; lower case is raised.
    ///
    /// # Errors
    /// When the instrument does not follow the grammar.
    pub fn new(venue: &VenueId, instrument: &str) -> Result<Self, SymbolError> {
        let instrument = instrument.to_ascii_uppercase();
        if Contract::parse(&instrument).is_none() {
            return Err(SymbolError::BadInstrument(excerpt(&instrument)));
        }
        let mut text = CompactString::from(venue.as_str());
        text.push(':');
        text.push_str(&instrument);
        Ok(Self {
            text,
            venue_length: venue.as_str().len() as u8,
        })
    }

    /// The spot symbol of two assets.
    ///
    /// # Errors
    /// When an asset's name does not follow the grammar.
    pub fn spot(venue: &VenueId, base: &str, quote: &str) -> Result<Self, SymbolError> {
        Self::new(venue, &format!("{base}/{quote}"))
    }

    /// All of it: `binance:BTC/USDT`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The venue's name.
    pub fn venue(&self) -> VenueId {
        VenueId(self.text[..usize::from(self.venue_length)].into())
    }

    /// The venue's name as text.
    pub fn venue_str(&self) -> &str {
        &self.text[..usize::from(self.venue_length)]
    }

    /// What follows the venue: `BTC/USDT`.
    pub fn instrument(&self) -> &str {
        &self.text[usize::from(self.venue_length) + 1..]
    }

    /// What kind of instrument it is, in parts.
    pub fn contract(&self) -> Contract<'_> {
        Contract::parse(self.instrument()).unwrap_or(Contract::Ticker(self.instrument()))
    }

    /// As in URLs and folders: `binance:BTC-USDT`.
    pub fn url_form(&self) -> String {
        self.text.replace('/', "-")
    }

    /// What URL text may mean, likeliest first: itself, and with its first `-` read as `/`.
    /// (`nyse:BRK-B` is a ticker, `binance:BTC-USDT` a pair; who knows the symbols chooses.)
    ///
    /// # Errors
    /// When neither reading is a symbol.
    pub fn from_url(text: &str) -> Result<Vec<Self>, SymbolError> {
        let mut readings = Vec::with_capacity(2);
        if !text.contains('/') && text.contains('-') {
            let at = text.find(':').unwrap_or(0);
            let (venue, instrument) = text.split_at(at);
            readings.extend(format!("{venue}{}", instrument.replacen('-', "/", 1)).parse());
        }
        match text.parse() {
            Ok(symbol) => readings.push(symbol),
            Err(error) if readings.is_empty() => return Err(error),
            Err(_) => {}
        }
        Ok(readings)
    }
}

impl FromStr for Symbol {
    type Err = SymbolError;

    fn from_str(text: &str) -> Result<Self, SymbolError> {
        let (venue, instrument) = text
            .split_once(':')
            .ok_or_else(|| SymbolError::NoVenue(excerpt(text)))?;
        Self::new(&venue.parse()?, instrument)
    }
}

macro_rules! as_text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }
    };
}
as_text!(VenueId);
as_text!(Symbol);

macro_rules! parsed_text {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
parsed_text!(VenueId);
parsed_text!(Symbol);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_and_printed() {
        for text in [
            "binance:BTC/USDT",
            "binance:BTC/USDT:USDT",
            "deribit:BTC/USD:BTC-20261225",
            "deribit:BTC/USD:BTC-20261225-100000-C",
            "deribit:XRP/USDC:USDC-20261225-0.55-P",
            "nasdaq:AAPL",
            "nyse:BRK-B",
            "index:^GSPC",
            "fx:EUR/USD",
            "binance:1000SATS/USDT",
        ] {
            let symbol: Symbol = text.parse().unwrap();
            assert_eq!(symbol.to_string(), text);
            assert!(
                Symbol::from_url(&symbol.url_form())
                    .unwrap()
                    .contains(&symbol),
                "{text}"
            );
        }
        let lower: Symbol = "binance:btc/usdt".parse().unwrap();
        assert_eq!(lower.as_str(), "binance:BTC/USDT");
        assert_eq!(
            lower.contract(),
            Contract::Spot {
                base: "BTC",
                quote: "USDT"
            }
        );
    }

    #[test]
    fn refuses_what_is_no_symbol() {
        for text in [
            "",
            "BTCUSDT",
            ":BTC/USDT",
            "Binance:BTC/USDT",
            "binance:",
            "binance:BTC/",
            "binance:BTC/USDT/X",
            "binance:BTC USDT",
            "deribit:BTC/USD:BTC-20261325",
            "deribit:BTC/USD:BTC-20261225-0100-C",
            "deribit:BTC/USD:BTC-20261225-100-X",
            "deribit:BTC/USD:BTC-20261225-100-C-1",
            "../etc:BTC/USDT",
            "binance:BTC/ÜSDT",
        ] {
            assert!(text.parse::<Symbol>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_url_may_mean_a_pair_or_a_ticker() {
        let readings = Symbol::from_url("nyse:BRK-B").unwrap();
        assert_eq!(readings.len(), 2);
        assert_eq!(readings[0].as_str(), "nyse:BRK/B");
        assert_eq!(readings[1].as_str(), "nyse:BRK-B");
    }
}
