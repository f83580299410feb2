//! Instruments: the venue's names and ours.

use quantflow_model::{
    ContractSize, ContractUnit, Decimal, Instrument, InstrumentStatus, Symbol, VenueId,
};
use quantflow_wire::DecodeError;

use crate::json::value::{decimal, flag, rfc3339};
use crate::json::{Fields, Json};

/// Our name of a currency. Settlement counts in small units, whose names end in small letters.
fn asset(theirs: &str) -> String {
    match theirs {
        "XBT" | "XBt" => "BTC".into(),
        "Gwei" => "ETH".into(),
        "LAMp" => "SOL".into(),
        other => other.to_ascii_uppercase(),
    }
}

/// What an instrument is, by the venue's code.
enum Kind {
    Spot,
    Perpetual,
    Future,
}

fn kind(code: &str) -> Option<Kind> {
    match code {
        "IFXXXP" => Some(Kind::Spot),
        "FFWCSX" | "FFWCSF" => Some(Kind::Perpetual),
        "FFCCSX" => Some(Kind::Future),
        // indices, spreads of two, contracts on predictions, options that are not traded any more
        _ => None,
    }
}

/// An instrument; `None` for what our symbols do not name.
pub(super) fn instrument(
    venue: &VenueId,
    item: &Json<'_>,
) -> Result<Option<Instrument>, DecodeError> {
    let f = Fields::new("instrument", item)?;
    let venue_symbol = f.symbol("symbol")?;
    let Some(kind) = kind(f.text("typ")?) else {
        return Ok(None);
    };
    let status = match f.text("state")? {
        "Open" => InstrumentStatus::Trading,
        "Closed" => InstrumentStatus::Halted,
        "Unlisted" | "Settled" | "Expired" | "Delisted" => InstrumentStatus::Closed,
        _ => InstrumentStatus::Unknown,
    };
    let (base, quote) = (
        asset(f.text("underlying")?),
        asset(f.text("quoteCurrency")?),
    );
    let settle = || f.text("settlCurrency").map(asset);
    let name = match kind {
        Kind::Spot => format!("{base}/{quote}"),
        Kind::Perpetual => format!("{base}/{quote}:{}", settle()?),
        Kind::Future => {
            let expiry = f.read("expiry", rfc3339)?.date().replace('-', "");
            format!("{base}/{quote}:{}-{expiry}", settle()?)
        }
    };
    let Ok(symbol) = Symbol::new(venue, &name) else {
        return Ok(None);
    };
    Ok(Some(Instrument {
        symbol,
        venue_symbol,
        status,
        tick: Some(f.price("tickSize")?),
        lot: Some(f.quantity("lotSize")?),
        minimum_notional: None,
        contract: contract(&f)?,
    }))
}

/// What one unit of a size is: of an inverse contract a part of the quote currency, else a part of the
/// base. A quanto contract is neither: it pays a fixed amount of bitcoin for a price in dollars.
fn contract(f: &Fields<'_, '_>) -> Result<Option<ContractSize>, DecodeError> {
    let size = |amount, of| Some(ContractSize { amount, of });
    if f.optional("isInverse", flag)? == Some(true) {
        let multiplier = f.optional("multiplier", decimal)?;
        let to_settle = f.optional("underlyingToSettleMultiplier", decimal)?;
        let parts = multiplier.zip(to_settle);
        return Ok(parts.and_then(|(a, b)| size(over(a, b)?, ContractUnit::Quote)));
    }
    if f.optional("isQuanto", flag)? == Some(true) {
        return Ok(None);
    }
    let per_base = f.optional("underlyingToPositionMultiplier", decimal)?;
    Ok(per_base.and_then(|per_base| size(over(Decimal::ONE, per_base)?, ContractUnit::Base)))
}

/// A quotient that has an end within 12 decimals; `None` of any other.
pub(super) fn over(part: Decimal, whole: Decimal) -> Option<Decimal> {
    if whole.is_zero() {
        return None;
    }
    // part / whole = (a × 10^s / b) × 10^-(s + scale of part - scale of whole)
    let (a, b) = (part.mantissa(), whole.mantissa());
    (0..=12_u8).find_map(|more| {
        let a = a.checked_mul(10_i128.checked_pow(u32::from(more))?)?;
        if a.checked_rem(b)? != 0 {
            return None;
        }
        let quotient = Decimal::new(a.checked_div(b)?, more.checked_add(part.scale())?)?;
        let unscale = 10_i128.checked_pow(u32::from(whole.scale()))?;
        quotient.checked_mul(Decimal::new(unscale, 0)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_exact_or_none() {
        let n = |text: &str| text.parse::<Decimal>().unwrap();
        for (a, b, quotient) in [
            ("-100000000", "-100000000", Some("1")),
            ("1", "100000000", Some("0.00000001")),
            ("32180", "3218000", Some("0.01")),
            ("0.00001814", "1814", Some("0.00000001")),
            ("1", "0.5", Some("2")),
            ("1", "3", None),
            ("1", "0", None),
        ] {
            assert_eq!(over(n(a), n(b)), quotient.map(n), "{a} / {b}");
        }
    }
}
