//! `symbols`: the venue's instruments.

use quantflow_model::{Instrument, InstrumentStatus, Notional, Price, Quantity, Symbol, VenueId};
use quantflow_wire::DecodeError;

use super::names::asset;
use crate::json::value::decimal;
use crate::json::{Fields, Json};

/// The instruments, and how many were left out because our grammar cannot name them.
pub(super) fn decode(
    venue: &VenueId,
    items: &[Json<'_>],
) -> Result<(Vec<Instrument>, u64), DecodeError> {
    let mut instruments = Vec::with_capacity(items.len());
    let mut unnamed = 0;
    for item in items {
        let f = Fields::new("symbols", item)?;
        let positive = |field| {
            let number = f.optional(field, decimal)?;
            Ok::<_, DecodeError>(number.filter(|number| number.is_positive()))
        };
        // `minFunds` came in 2022; before, only the least amount of the quote was told
        let least = match positive("minFunds")? {
            Some(least) => Some(least),
            None => positive("quoteMinSize")?,
        };
        let venue_symbol = f.symbol("symbol")?;
        let (base, quote) = (f.text("baseCurrency")?, f.text("quoteCurrency")?);
        let (tick, lot) = (positive("priceIncrement")?, positive("baseIncrement")?);
        let status = if f.flag("enableTrading")? {
            InstrumentStatus::Trading
        } else {
            InstrumentStatus::Halted
        };
        let Ok(symbol) = Symbol::spot(venue, asset(base), asset(quote)) else {
            unnamed += 1;
            continue;
        };
        instruments.push(Instrument {
            symbol,
            venue_symbol,
            status,
            tick: tick.map(Price),
            lot: lot.map(Quantity),
            minimum_notional: least.map(Notional),
            contract: None,
        });
    }
    Ok((instruments, unnamed))
}
