//! Instruments: the venue's names and ours.

use quantflow_model::{
    Contract, Decimal, Instrument, InstrumentStatus, Price, Quantity, Symbol, VenueId, VenueSymbol,
};
use quantflow_wire::DecodeError;

use crate::json::value::flag;
use crate::json::{Fields, Json};

/// Decimals that a price of a perpetual has at the most, together with those of its size.
const PERPETUAL: u64 = 6;
/// The same of spot.
const SPOT: u64 = 8;

/// How the venue spells a perpetual of ours. Its names of thousands begin with a small letter (`kPEPE`)
/// and those of spot are numbers (`@107`): for both the list of instruments is needed.
pub(super) fn spell(venue: &VenueId, symbol: &Symbol) -> Option<VenueSymbol> {
    if symbol.venue_str() != venue.as_str() {
        return None;
    }
    match symbol.contract() {
        Contract::Perpetual {
            base,
            quote: "USDC",
            settle: "USDC",
        } if !base.starts_with('K') => VenueSymbol::new(base),
        _ => None,
    }
}

/// A step of so many decimals.
fn step(decimals: u64) -> Option<Decimal> {
    Decimal::new(1, u8::try_from(decimals).ok()?)
}

/// Prices have five significant digits and no more decimals than this: the smallest step there is.
fn instrument(
    symbol: Symbol,
    venue_symbol: VenueSymbol,
    delisted: bool,
    decimals: u64,
    most: u64,
) -> Instrument {
    Instrument {
        symbol,
        venue_symbol,
        status: if delisted {
            InstrumentStatus::Closed
        } else {
            InstrumentStatus::Trading
        },
        tick: step(most.saturating_sub(decimals)).map(Price),
        lot: step(decimals).map(Quantity),
        minimum_notional: None,
        contract: None,
    }
}

/// The names of the perpetuals, in the order in which their states stand.
pub(super) fn universe(meta: &Json<'_>) -> Result<Vec<VenueSymbol>, DecodeError> {
    let items = Fields::new("meta", meta)?.list("universe")?.iter();
    items
        .map(|item| Fields::new("universe", item)?.symbol("name"))
        .collect()
}

/// The perpetuals of the venue's own market, which is settled in USDC.
pub(super) fn perpetuals(venue: &VenueId, meta: &Json<'_>) -> Result<Vec<Instrument>, DecodeError> {
    let mut list = Vec::new();
    for item in Fields::new("meta", meta)?.list("universe")? {
        let f = Fields::new("universe", item)?;
        let name = f.symbol("name")?;
        let decimals = f.unsigned("szDecimals")?;
        let delisted = f.optional("isDelisted", flag)?.unwrap_or_default();
        let ours = format!("{}/USDC:USDC", name.as_str());
        if let Ok(symbol) = Symbol::new(venue, &ours) {
            list.push(instrument(symbol, name, delisted, decimals, PERPETUAL));
        }
    }
    Ok(list)
}

/// Pairs of tokens; each names its two by number.
pub(super) fn pairs(venue: &VenueId, meta: &Json<'_>) -> Result<Vec<Instrument>, DecodeError> {
    let f = Fields::new("spotMeta", meta)?;
    let mut tokens = Vec::new();
    for item in f.list("tokens")? {
        let token = Fields::new("token", item)?;
        tokens.push((
            token.unsigned("index")?,
            token.text("name")?,
            token.unsigned("szDecimals")?,
        ));
    }
    tokens.sort_unstable_by_key(|(index, ..)| *index);
    let mut list = Vec::new();
    for item in f.list("universe")? {
        let pair = Fields::new("universe", item)?;
        let name = pair.symbol("name")?;
        let numbers = pair.list("tokens")?;
        let token = |place: usize| {
            let number = numbers.get(place).and_then(Json::unsigned);
            let at = number.and_then(|n| tokens.binary_search_by_key(&n, |t| t.0).ok());
            at.map(|at| tokens[at])
                .ok_or_else(|| DecodeError::BadField {
                    message: "universe",
                    field: "tokens",
                    found: format!("{number:?}"),
                })
        };
        let ((_, base, decimals), (_, quote, _)) = (token(0)?, token(1)?);
        if let Ok(symbol) = Symbol::spot(venue, base, quote) {
            list.push(instrument(symbol, name, false, decimals, SPOT));
        }
    }
    Ok(list)
}
