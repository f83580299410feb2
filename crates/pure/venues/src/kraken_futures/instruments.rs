//! The venue's contracts.

use quantflow_model::{
    ContractSize, ContractUnit, Decimal, Instrument, InstrumentStatus, Price, Quantity, VenueId,
};
use quantflow_wire::DecodeError;

use super::names::{self, Kind};
use crate::json::{Fields, Json, value};

const MESSAGE: &str = "instruments";

/// The contracts, and how many were left out: names that are not ours to write. Indices, which stand
/// among them, are no instruments.
pub(super) fn decode(
    venue: &VenueId,
    answer: &Fields<'_, '_>,
) -> Result<(Vec<Instrument>, u64), DecodeError> {
    let (mut instruments, mut unnamed) = (Vec::new(), 0);
    for item in answer.list("instruments")? {
        let f = Fields::new(MESSAGE, item)?;
        if f.text("type")?.contains("index") {
            continue;
        }
        match contract(venue, &f)? {
            Some(instrument) => instruments.push(instrument),
            None => unnamed += 1,
        }
    }
    Ok((instruments, unnamed))
}

fn contract(venue: &VenueId, f: &Fields<'_, '_>) -> Result<Option<Instrument>, DecodeError> {
    let venue_symbol = f.symbol("symbol")?;
    let base = f.optional("base", value::text)?;
    let quote = f.optional("quote", value::text)?;
    let tick = f.price("tickSize")?;
    let size = f.decimal("contractSize")?;
    let lot = f.optional("contractValueTradePrecision", step)?;
    let halted = f.optional("postOnly", value::flag)? == Some(true);
    let status = match f.flag("tradeable")? {
        true if halted => InstrumentStatus::Halted,
        true => InstrumentStatus::Trading,
        false => InstrumentStatus::Closed,
    };
    let named = names::symbol(venue, venue_symbol.as_str(), base.zip(quote));
    Ok(named.map(|(symbol, kind)| Instrument {
        symbol,
        venue_symbol,
        status,
        tick: Some(tick).filter(|Price(tick)| tick.is_positive()),
        lot,
        minimum_notional: None,
        contract: Some(ContractSize {
            amount: size,
            of: match kind {
                Kind::Inverse => ContractUnit::Quote,
                Kind::Linear => ContractUnit::Base,
            },
        }),
    }))
}

/// The step of quantities of so many decimals; below zero they come in tens, hundreds, …
fn step(found: &Json<'_>) -> Option<Quantity> {
    let decimals = found.integer()?;
    let places = u8::try_from(decimals.unsigned_abs()).ok()?;
    if decimals < 0 {
        return Decimal::new(Decimal::power_of_ten(places)?, 0).map(Quantity);
    }
    Decimal::new(1, places).map(Quantity)
}
