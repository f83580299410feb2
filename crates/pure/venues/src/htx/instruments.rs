//! The venue's instruments: `common/symbols` of spot, `swap_contract_info` of linear contracts.

use quantflow_model::{
    ContractSize, ContractUnit, Decimal, Instrument, InstrumentStatus, Symbol, VenueId, VenueSymbol,
};
use quantflow_wire::DecodeError;

use super::Market;
use super::names::asset;
use crate::json::value::{decimal, symbol, unsigned};
use crate::json::{Fields, Json};

/// The instruments, and how many were left out because our grammar cannot name them.
pub(super) fn decode(
    market: Market,
    venue: &VenueId,
    items: &[Json<'_>],
) -> Result<(Vec<Instrument>, u64), DecodeError> {
    let mut instruments = Vec::with_capacity(items.len());
    let mut unnamed = 0;
    for item in items {
        let f = Fields::new("instruments", item)?;
        let read = match market {
            Market::Spot => spot(venue, &f)?,
            Market::Linear => linear(venue, &f)?,
        };
        match read {
            Some(instrument) => instruments.push(instrument),
            None => unnamed += 1,
        }
    }
    Ok((instruments, unnamed))
}

/// One unit of the last of so many decimals.
fn step(found: &Json<'_>) -> Option<Decimal> {
    Decimal::new(1, u8::try_from(unsigned(found)?).ok()?)
}

fn positive(f: &Fields<'_, '_>, field: &'static str) -> Result<Option<Decimal>, DecodeError> {
    let number = f.optional(field, decimal)?;
    Ok(number.filter(|number| number.is_positive()))
}

fn spot(venue: &VenueId, f: &Fields<'_, '_>) -> Result<Option<Instrument>, DecodeError> {
    let (base, quote) = (f.text("base-currency")?, f.text("quote-currency")?);
    let venue_symbol = match f.optional("symbol", symbol)? {
        Some(symbol) => Some(symbol),
        // rows of 2018 have none
        None => VenueSymbol::new(&format!("{base}{quote}")),
    };
    let tick = f.read("price-precision", step)?;
    let lot = f.read("amount-precision", step)?;
    let status = match f.optional("state", Json::text)? {
        Some("online") => InstrumentStatus::Trading,
        Some("suspend" | "pre-online" | "transfer-board") => InstrumentStatus::Halted,
        Some("offline") => InstrumentStatus::Closed,
        _ => InstrumentStatus::Unknown,
    };
    let least = positive(f, "min-order-value")?;
    let (Ok(symbol), Some(venue_symbol)) = (
        Symbol::spot(venue, &asset(base), &asset(quote)),
        venue_symbol,
    ) else {
        return Ok(None);
    };
    Ok(Some(Instrument {
        symbol,
        venue_symbol,
        status,
        tick: Some(tick.into()),
        lot: Some(lot.into()),
        minimum_notional: least.map(Into::into),
        contract: None,
    }))
}

fn linear(venue: &VenueId, f: &Fields<'_, '_>) -> Result<Option<Instrument>, DecodeError> {
    let venue_symbol = f.symbol("contract_code")?;
    let size = positive(f, "contract_size")?;
    let tick = positive(f, "price_tick")?;
    let status = match f.unsigned("contract_status")? {
        1 => InstrumentStatus::Trading,
        2..=6 | 9 => InstrumentStatus::Halted,
        0 | 7 | 8 => InstrumentStatus::Closed,
        _ => InstrumentStatus::Unknown,
    };
    let mut parts = venue_symbol.as_str().split('-');
    let name = match (parts.next(), parts.next(), parts.next()) {
        (Some(base), Some(quote), None) => format!("{base}/{quote}:{quote}"),
        (Some(base), Some(quote), Some(day)) => format!("{base}/{quote}:{quote}-20{day}"),
        _ => return Ok(None),
    };
    let Ok(symbol) = Symbol::new(venue, &name) else {
        return Ok(None);
    };
    Ok(Some(Instrument {
        symbol,
        venue_symbol,
        status,
        tick: tick.map(Into::into),
        // whole contracts
        lot: Some(Decimal::whole(1).into()),
        minimum_notional: None,
        contract: size.map(|amount| ContractSize {
            amount,
            of: ContractUnit::Base,
        }),
    }))
}
