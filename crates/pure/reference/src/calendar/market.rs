//! The markets whose calendars are built in, one file each.

mod india;
mod london;
mod open;
mod tokyo;
mod united_states;
mod week;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::plan::Rules;

/// A market with a calendar of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Market {
    /// Stocks in the United States: the NYSE and Nasdaq keep the same days and hours.
    UnitedStates,
    /// The London Stock Exchange's order book.
    London,
    /// Stocks in India: the NSE and the BSE keep the same days and hours.
    India,
    /// Stocks on the Tokyo Stock Exchange.
    Tokyo,
    /// Foreign exchange over the counter: Sunday 17:00 to Friday 17:00 in New York.
    ForeignExchange,
    /// FX futures on CME Globex: Sunday 17:00 to Friday 16:00 in Chicago, an hour's pause each day.
    GlobexFx,
    /// What never closes, such as crypto: each UTC day is a session.
    AlwaysOpen,
}

/// A name that is no market's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no market is called {0:?}: one of united-states, london, india, tokyo, foreign-exchange, globex-fx, always-open, or a MIC such as XNYS"
)]
pub struct MarketError(String);

impl Market {
    /// Every market.
    pub const ALL: [Self; 7] = [
        Self::UnitedStates,
        Self::London,
        Self::India,
        Self::Tokyo,
        Self::ForeignExchange,
        Self::GlobexFx,
        Self::AlwaysOpen,
    ];

    /// Its name, as configuration and APIs write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnitedStates => "united-states",
            Self::London => "london",
            Self::India => "india",
            Self::Tokyo => "tokyo",
            Self::ForeignExchange => "foreign-exchange",
            Self::GlobexFx => "globex-fx",
            Self::AlwaysOpen => "always-open",
        }
    }

    /// The ISO 10383 codes of the exchanges that keep this calendar.
    pub const fn codes(self) -> &'static [&'static str] {
        match self {
            Self::UnitedStates => &["XNYS", "XNAS", "ARCX", "XASE", "BATS"],
            Self::London => &["XLON"],
            Self::India => &["XNSE", "XBOM"],
            Self::Tokyo => &["XTKS", "XJPX"],
            Self::GlobexFx => &["XCME"],
            Self::ForeignExchange | Self::AlwaysOpen => &[],
        }
    }

    pub(super) fn rules(self) -> &'static Rules {
        match self {
            Self::UnitedStates => &united_states::RULES,
            Self::London => &london::RULES,
            Self::India => &india::RULES,
            Self::Tokyo => &tokyo::RULES,
            Self::ForeignExchange => &week::FOREIGN_EXCHANGE,
            Self::GlobexFx => &week::GLOBEX_FX,
            Self::AlwaysOpen => &open::RULES,
        }
    }
}

impl fmt::Display for Market {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Market {
    type Err = MarketError;

    fn from_str(text: &str) -> Result<Self, MarketError> {
        let is = |name: &&str| name.eq_ignore_ascii_case(text);
        Self::ALL
            .into_iter()
            .find(|market| is(&market.name()) || market.codes().iter().any(is))
            .ok_or_else(|| MarketError(text.to_owned()))
    }
}
