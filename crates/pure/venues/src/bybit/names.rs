//! The venue's names: of symbols, of markets, of candles.

use quantflow_model::{Contract, OptionKind, Symbol, Timeframe, VenueSymbol};

use super::Market;

/// Our timeframes and the venue's names of them.
pub(super) const INTERVALS: [(Timeframe, &str); 13] = [
    (Timeframe::M1, "1"),
    (Timeframe::M3, "3"),
    (Timeframe::M5, "5"),
    (Timeframe::M15, "15"),
    (Timeframe::M30, "30"),
    (Timeframe::H1, "60"),
    (Timeframe::H2, "120"),
    (Timeframe::H4, "240"),
    (Timeframe::H6, "360"),
    (Timeframe::H12, "720"),
    (Timeframe::D1, "D"),
    (Timeframe::W1, "W"),
    (Timeframe::Mo1, "M"),
];

pub(super) fn interval(timeframe: Timeframe) -> Option<&'static str> {
    let mut all = INTERVALS.iter();
    all.find(|(of, _)| *of == timeframe).map(|(_, name)| *name)
}

pub(super) fn timeframe(interval: &str) -> Option<Timeframe> {
    let mut all = INTERVALS.iter();
    all.find(|(_, name)| *name == interval).map(|(of, _)| *of)
}

impl Market {
    /// As the venue names it in requests and paths.
    pub(super) const fn category(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::Linear => "linear",
            Self::Inverse => "inverse",
            Self::Option => "option",
        }
    }
}

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];

/// `20250630` as the venue writes it: `30JUN25`, and without a zero in front of a day.
fn day(expiry: &str) -> Option<String> {
    let year = expiry.get(2..4)?;
    let month: usize = expiry.get(4..6)?.parse().ok()?;
    let day: u8 = expiry.get(6..8)?.parse().ok()?;
    Some(format!("{day}{}{year}", MONTHS.get(month.checked_sub(1)?)?))
}

/// The venue's spelling, where it follows from our name. Inverse futures are named by quarter
/// (`BTCUSDZ24`), which does not.
pub(super) fn spell(market: Market, symbol: &Symbol) -> Option<VenueSymbol> {
    let name = match (market, symbol.contract()) {
        (Market::Spot, Contract::Spot { base, quote }) => format!("{base}{quote}"),
        (
            Market::Linear,
            Contract::Perpetual {
                base,
                quote,
                settle,
            },
        ) if quote == settle => match settle {
            "USDC" => format!("{base}PERP"),
            _ => format!("{base}{quote}"),
        },
        (
            Market::Linear,
            Contract::Future {
                base,
                quote,
                settle,
                expiry,
            },
        ) if quote == settle => {
            let day = day(expiry)?;
            match settle {
                "USDC" => format!("{base}-{day}"),
                _ => format!("{base}{quote}-{day}"),
            }
        }
        (
            Market::Inverse,
            Contract::Perpetual {
                base,
                quote,
                settle,
            },
        ) if base == settle => {
            format!("{base}{quote}")
        }
        (
            Market::Option,
            Contract::Option {
                base,
                settle,
                expiry,
                strike,
                kind,
                ..
            },
        ) => {
            let kind = match kind {
                OptionKind::Call => 'C',
                OptionKind::Put => 'P',
            };
            let day = day(expiry)?;
            match settle {
                "USDC" => format!("{base}-{day}-{strike}-{kind}"),
                settle => format!("{base}-{day}-{strike}-{kind}-{settle}"),
            }
        }
        _ => return None,
    };
    VenueSymbol::new(&name)
}
