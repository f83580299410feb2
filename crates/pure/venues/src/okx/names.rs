//! The venue's names: of symbols, of kinds of markets, of candles.

use quantflow_model::{Contract, OptionKind, Symbol, Timeframe, VenueSymbol};

/// Our timeframes and the venue's names of them. Its own longer candles begin by Hong Kong's day; those
/// that end in `utc` begin as ours do.
pub(super) const BARS: [(Timeframe, &str); 14] = [
    (Timeframe::S1, "1s"),
    (Timeframe::M1, "1m"),
    (Timeframe::M3, "3m"),
    (Timeframe::M5, "5m"),
    (Timeframe::M15, "15m"),
    (Timeframe::M30, "30m"),
    (Timeframe::H1, "1H"),
    (Timeframe::H2, "2H"),
    (Timeframe::H4, "4H"),
    (Timeframe::H6, "6Hutc"),
    (Timeframe::H12, "12Hutc"),
    (Timeframe::D1, "1Dutc"),
    (Timeframe::W1, "1Wutc"),
    (Timeframe::Mo1, "1Mutc"),
];

/// The venue's name of candles of a timeframe.
pub(super) fn bar(timeframe: Timeframe) -> Option<&'static str> {
    let mut bars = BARS.iter();
    bars.find(|(of, _)| *of == timeframe).map(|(_, name)| *name)
}

/// The timeframe by the venue's name.
pub(super) fn timeframe(bar: &str) -> Option<Timeframe> {
    let mut bars = BARS.iter();
    bars.find(|(_, name)| *name == bar).map(|(of, _)| *of)
}

/// The kinds of markets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Market {
    Spot,
    Swap,
    Futures,
    Option,
}

impl Market {
    /// As the venue's names of symbols tell: `BTC-USDT`, `BTC-USDT-SWAP`, `BTC-USD-241227`,
    /// `BTC-USD-241227-60000-C`.
    pub(super) fn of(symbol: &VenueSymbol) -> Self {
        let text = symbol.as_str();
        match text.split('-').count() {
            ..=2 => Self::Spot,
            3 if text.ends_with("-SWAP") => Self::Swap,
            3 => Self::Futures,
            _ => Self::Option,
        }
    }

    /// The venue's name of it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Spot => "SPOT",
            Self::Swap => "SWAP",
            Self::Futures => "FUTURES",
            Self::Option => "OPTION",
        }
    }
}

/// The family of a contract: the first two parts of its name.
pub(super) fn family(symbol: &VenueSymbol) -> &str {
    let text = symbol.as_str();
    let mut dashes = text.match_indices('-').map(|(at, _)| at);
    dashes.nth(1).map_or(text, |at| &text[..at])
}

/// The venue's spelling of a symbol. Contracts that settle in neither their base nor their quote have
/// names that do not follow from ours.
pub(super) fn spell(symbol: &Symbol) -> Option<VenueSymbol> {
    let inverse_or_linear = |base: &str, quote: &str, settle: &str| {
        settle == quote || (settle == base && quote == "USD")
    };
    let name = match symbol.contract() {
        Contract::Spot { base, quote } => format!("{base}-{quote}"),
        Contract::Perpetual {
            base,
            quote,
            settle,
        } if inverse_or_linear(base, quote, settle) => {
            format!("{base}-{quote}-SWAP")
        }
        Contract::Future {
            base,
            quote,
            settle,
            expiry,
        } if inverse_or_linear(base, quote, settle) => {
            format!("{base}-{quote}-{}", expiry.strip_prefix("20")?)
        }
        Contract::Option {
            base,
            quote,
            settle,
            expiry,
            strike,
            kind,
        } if inverse_or_linear(base, quote, settle) => {
            let kind = match kind {
                OptionKind::Call => 'C',
                OptionKind::Put => 'P',
            };
            format!(
                "{base}-{quote}-{}-{strike}-{kind}",
                expiry.strip_prefix("20")?
            )
        }
        _ => return None,
    };
    VenueSymbol::new(&name)
}
