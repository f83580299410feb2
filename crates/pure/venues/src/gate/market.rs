//! [`Market`]: which of Gate's markets, and what each calls its things.

/// Which of the venue's markets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Market {
    /// Spot.
    Spot,
    /// Perpetual contracts settled in USDT; quantities count contracts.
    Futures,
}

impl Market {
    /// What the names of its channels begin with.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Spot => "spot.",
            Self::Futures => "futures.",
        }
    }

    /// Where paths begin.
    pub(super) const fn root(self) -> &'static str {
        match self {
            Self::Spot => "/api/v4/spot/",
            Self::Futures => "/api/v4/futures/usdt/",
        }
    }

    /// The field that names the symbol, in queries and most messages.
    pub(super) const fn symbol_key(self) -> &'static str {
        match self {
            Self::Spot => "currency_pair",
            Self::Futures => "contract",
        }
    }
}
