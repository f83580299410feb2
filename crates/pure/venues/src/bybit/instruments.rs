//! `instruments-info`: the instruments of a market.

use quantflow_model::{
    ContractSize, ContractUnit, Decimal, Instrument, InstrumentStatus, Price, Quantity, Symbol,
    Timestamp, VenueId, VenueSymbol,
};
use quantflow_wire::DecodeError;

use super::Market;
use crate::json::value::{decimal_in_text, millis};
use crate::json::{Fields, Json};

const MESSAGE: &str = "instruments-info";

/// The instruments, and how many were left out because our grammar cannot name them.
pub(super) fn decode(
    market: Market,
    venue: &VenueId,
    items: &[Json<'_>],
) -> Result<(Vec<Instrument>, u64), DecodeError> {
    let mut instruments = Vec::with_capacity(items.len());
    let mut unnamed = 0;
    for item in items {
        match instrument(market, venue, &Fields::in_text(MESSAGE, item)?)? {
            Some(instrument) => instruments.push(instrument),
            None => unnamed += 1,
        }
    }
    Ok((instruments, unnamed))
}

fn instrument(
    market: Market,
    venue: &VenueId,
    f: &Fields<'_, '_>,
) -> Result<Option<Instrument>, DecodeError> {
    let venue_symbol = f.symbol("symbol")?;
    let prices = Fields::in_text(MESSAGE, f.get("priceFilter")?)?;
    let lots = Fields::in_text(MESSAGE, f.get("lotSizeFilter")?)?;
    let positive = |f: &Fields<'_, '_>, field| {
        let number = f.optional(field, decimal_in_text)?;
        Ok::<_, DecodeError>(number.filter(|number| number.is_positive()))
    };
    let (lot, least) = match market {
        Market::Spot => ("basePrecision", "minOrderAmt"),
        _ => ("qtyStep", "minNotionalValue"),
    };
    let Some(name) = name(market, &venue_symbol, f)? else {
        return Ok(None);
    };
    let Ok(symbol) = Symbol::new(venue, &name) else {
        return Ok(None);
    };
    Ok(Some(Instrument {
        symbol,
        venue_symbol,
        status: match f.text("status")? {
            "Trading" => InstrumentStatus::Trading,
            "PreLaunch" | "Settling" | "Delivering" => InstrumentStatus::Halted,
            "Closed" => InstrumentStatus::Closed,
            _ => InstrumentStatus::Unknown,
        },
        tick: positive(&prices, "tickSize")?.map(Price),
        lot: positive(&lots, lot)?.map(Quantity),
        minimum_notional: positive(&lots, least)?.map(Into::into),
        // elsewhere quantities are in the base
        contract: (market == Market::Inverse).then_some(ContractSize {
            amount: Decimal::whole(1),
            of: ContractUnit::Quote,
        }),
    }))
}

/// Our name of it; `None` where the venue's has another form than we know.
fn name(
    market: Market,
    symbol: &VenueSymbol,
    f: &Fields<'_, '_>,
) -> Result<Option<String>, DecodeError> {
    let (base, quote) = (f.text("baseCoin")?, f.text("quoteCoin")?);
    if market == Market::Spot {
        return Ok(Some(format!("{base}/{quote}")));
    }
    let settle = f.text("settleCoin")?;
    let day = || {
        let time: Timestamp = f.read("deliveryTime", millis)?;
        Ok::<_, DecodeError>(time.date().replace('-', ""))
    };
    if market == Market::Option {
        let Some(strike) = symbol.as_str().split('-').nth(2) else {
            return Ok(None);
        };
        let kind = match f.text("optionsType")? {
            "Call" => "C",
            "Put" => "P",
            _ => return Ok(None),
        };
        let day = day()?;
        return Ok(Some(format!(
            "{base}/{quote}:{settle}-{day}-{strike}-{kind}"
        )));
    }
    Ok(match f.text("contractType")? {
        "LinearPerpetual" | "InversePerpetual" => Some(format!("{base}/{quote}:{settle}")),
        "LinearFutures" | "InverseFutures" => Some(format!("{base}/{quote}:{settle}-{}", day()?)),
        _ => None,
    })
}
