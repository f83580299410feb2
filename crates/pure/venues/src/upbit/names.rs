//! Markets: the venue's names (`KRW-BTC`, the quote first) and ours.

use quantflow_model::{
    Contract, Instrument, InstrumentStatus, Notional, Quantity, Symbol, VenueId, VenueSymbol,
};
use quantflow_wire::DecodeError;

use crate::json::{Fields, Json};

/// The smallest order of each quote currency, by the venue's rules of orders.
const SMALLEST: [(&str, &str); 3] = [("KRW", "5000"), ("BTC", "0.00005"), ("USDT", "0.5")];

pub(super) fn spell(venue: &VenueId, symbol: &Symbol) -> Option<VenueSymbol> {
    match symbol.contract() {
        Contract::Spot { base, quote } if symbol.venue_str() == venue.as_str() => {
            VenueSymbol::new(&format!("{quote}-{base}"))
        }
        _ => None,
    }
}

/// A market; `None` where our symbols cannot name it. What is listed trades. Steps of prices follow from
/// the price, so there is none; amounts have eight decimals.
pub(super) fn instrument(
    venue: &VenueId,
    item: &Json<'_>,
) -> Result<Option<Instrument>, DecodeError> {
    let f = Fields::new("market", item)?;
    let venue_symbol = f.symbol("market")?;
    let Some((quote, base)) = venue_symbol.as_str().split_once('-') else {
        return Err(f.bad("market", f.get("market")?));
    };
    let Ok(symbol) = Symbol::spot(venue, base, quote) else {
        return Ok(None);
    };
    let smallest = SMALLEST.iter().find(|(known, _)| *known == quote);
    let smallest = smallest.and_then(|(_, amount)| amount.parse().ok());
    Ok(Some(Instrument {
        symbol,
        status: InstrumentStatus::Trading,
        tick: None,
        lot: "0.00000001".parse().ok().map(Quantity),
        minimum_notional: smallest.map(Notional),
        contract: None,
        venue_symbol,
    }))
}
