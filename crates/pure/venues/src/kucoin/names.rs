//! The venue's names: of assets, symbols, candles.

use quantflow_model::{Contract, Symbol, Timeframe, VenueSymbol};

/// Our timeframes and the venue's names of them. Its weeks and months are left out: the documents do not
/// say where they begin.
pub(super) const TYPES: [(Timeframe, &str); 12] = [
    (Timeframe::M1, "1min"),
    (Timeframe::M3, "3min"),
    (Timeframe::M5, "5min"),
    (Timeframe::M15, "15min"),
    (Timeframe::M30, "30min"),
    (Timeframe::H1, "1hour"),
    (Timeframe::H2, "2hour"),
    (Timeframe::H4, "4hour"),
    (Timeframe::H6, "6hour"),
    (Timeframe::H8, "8hour"),
    (Timeframe::H12, "12hour"),
    (Timeframe::D1, "1day"),
];

pub(super) fn kind(timeframe: Timeframe) -> Option<&'static str> {
    let mut types = TYPES.iter();
    types
        .find(|(of, _)| *of == timeframe)
        .map(|(_, name)| *name)
}

pub(super) fn timeframe(kind: &str) -> Option<Timeframe> {
    let mut types = TYPES.iter();
    types.find(|(_, name)| *name == kind).map(|(of, _)| *of)
}

/// Assets that have another name here than elsewhere, as ccxt's table of this venue has them.
const ASSETS: [(&str, &str); 3] = [("BIFI", "BIFIF"), ("VAI", "VAIOT"), ("WAX", "WAXP")];

/// Our name of an asset.
pub(super) fn asset(theirs: &str) -> &str {
    let known = ASSETS.iter().find(|(name, _)| *name == theirs);
    known.map_or(theirs, |(_, ours)| ours)
}

/// The venue's part of a symbol's name for our asset. Symbols kept the first name of an asset that was
/// renamed later.
fn part(ours: &str) -> &str {
    if ours == "BSV" {
        return "BCHSV";
    }
    let known = ASSETS.iter().find(|(_, name)| *name == ours);
    known.map_or(ours, |(theirs, _)| theirs)
}

pub(super) fn spell(symbol: &Symbol) -> Option<VenueSymbol> {
    match symbol.contract() {
        Contract::Spot { base, quote } => {
            VenueSymbol::new(&format!("{}-{}", part(base), part(quote)))
        }
        _ => None,
    }
}
