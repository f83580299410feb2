//! The venue's names: of assets, symbols, candles.

use quantflow_model::{Contract, Symbol, Timeframe, VenueSymbol};

use super::Market;

/// Our timeframes and the venue's names of them. Its longer candles begin by Singapore's day, which ours
/// do not; four hours fit both.
pub(super) const PERIODS: [(Timeframe, &str); 6] = [
    (Timeframe::M1, "1min"),
    (Timeframe::M5, "5min"),
    (Timeframe::M15, "15min"),
    (Timeframe::M30, "30min"),
    (Timeframe::H1, "60min"),
    (Timeframe::H4, "4hour"),
];

pub(super) fn period(timeframe: Timeframe) -> Option<&'static str> {
    let mut periods = PERIODS.iter();
    periods
        .find(|(of, _)| *of == timeframe)
        .map(|(_, name)| *name)
}

pub(super) fn timeframe(period: &str) -> Option<Timeframe> {
    let mut periods = PERIODS.iter();
    periods.find(|(_, name)| *name == period).map(|(of, _)| *of)
}

/// Assets of the spot market that have another name elsewhere, as ccxt's table of this venue has them.
const ASSETS: [(&str, &str); 8] = [
    ("BIFI", "BITCOINFILE"),
    ("GET", "THEMIS"),
    ("GTC", "GAMECOM"),
    ("HIT", "HITCHAIN"),
    ("NGL", "GFNGL"),
    ("PNT", "PENTA"),
    ("SBTC", "SUPERBITCOIN"),
    ("SOUL", "SOULSAVER"),
];

/// Our name of an asset.
pub(super) fn asset(theirs: &str) -> String {
    let theirs = theirs.to_ascii_uppercase();
    let known = ASSETS.iter().find(|(name, _)| *name == theirs);
    known.map_or(theirs, |(_, ours)| (*ours).to_owned())
}

/// The venue's name of an asset.
fn asset_of(ours: &str) -> String {
    let known = ASSETS.iter().find(|(_, name)| *name == ours);
    let theirs = known.map_or(ours, |(theirs, _)| theirs);
    theirs.to_ascii_lowercase()
}

pub(super) fn spell(market: Market, symbol: &Symbol) -> Option<VenueSymbol> {
    let name = match (market, symbol.contract()) {
        (Market::Spot, Contract::Spot { base, quote }) => {
            format!("{}{}", asset_of(base), asset_of(quote))
        }
        (
            Market::Linear,
            Contract::Perpetual {
                base,
                quote,
                settle,
            },
        ) if quote == settle => {
            format!("{base}-{quote}")
        }
        (
            Market::Linear,
            Contract::Future {
                base,
                quote,
                settle,
                expiry,
            },
        ) if quote == settle => {
            format!("{base}-{quote}-{}", expiry.strip_prefix("20")?)
        }
        _ => return None,
    };
    VenueSymbol::new(&name)
}
