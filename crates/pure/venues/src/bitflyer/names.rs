//! Products: the venue's names and ours.

use std::fmt::Write;

use quantflow_model::{Contract, Instrument, InstrumentStatus, Symbol, VenueId, VenueSymbol};
use quantflow_wire::DecodeError;

use crate::json::{Fields, Json};

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];

/// How the venue spells a symbol of ours: `BTC_JPY`, `FX_BTC_JPY`, `BTCJPY27MAR2020`.
pub(super) fn spell(venue: &VenueId, symbol: &Symbol) -> Option<VenueSymbol> {
    if symbol.venue_str() != venue.as_str() {
        return None;
    }
    let text = match symbol.contract() {
        Contract::Spot { base, quote } => format!("{base}_{quote}"),
        Contract::Perpetual {
            base,
            quote,
            settle,
        } if quote == settle => format!("FX_{base}_{quote}"),
        Contract::Future {
            base,
            quote,
            settle,
            expiry,
        } if quote == settle => {
            let month: usize = expiry.get(4..6)?.parse().ok()?;
            let month = MONTHS.get(month.checked_sub(1)?)?;
            let (year, day) = (expiry.get(..4)?, expiry.get(6..)?);
            format!("{base}{quote}{day}{month}{year}")
        }
        _ => return None,
    };
    VenueSymbol::new(&text)
}

/// A product's code as what follows a symbol's venue; `None` where it has another form.
fn ours(code: &str) -> Option<String> {
    if let Some(pair) = code.strip_prefix("FX_") {
        let (base, quote) = pair.split_once('_')?;
        return Some(format!("{base}/{quote}:{quote}"));
    }
    if let Some((base, quote)) = code.split_once('_') {
        return Some(format!("{base}/{quote}"));
    }
    // a future: two assets of three letters, and a date
    if code.len() != 15 || !code.is_ascii() {
        return None;
    }
    let (base, quote, date) = (&code[..3], &code[3..6], &code[6..]);
    let month = MONTHS.iter().position(|month| *month == &date[2..5])? + 1;
    let mut text = format!("{base}/{quote}:{quote}-{}", &date[5..]);
    let _ = write!(text, "{month:02}{}", &date[..2]); // a String never refuses text
    Some(text)
}

/// A product; `None` where our symbols cannot name it. The list says neither steps nor smallest orders.
pub(super) fn instrument(
    venue: &VenueId,
    item: &Json<'_>,
) -> Result<Option<Instrument>, DecodeError> {
    let f = Fields::new("market", item)?;
    let venue_symbol = f.symbol("product_code")?;
    let ours = ours(venue_symbol.as_str());
    let Some(symbol) = ours.and_then(|text| Symbol::new(venue, &text).ok()) else {
        return Ok(None);
    };
    Ok(Some(Instrument {
        symbol,
        venue_symbol,
        status: InstrumentStatus::Trading,
        tick: None,
        lot: None,
        minimum_notional: None,
        contract: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_there_and_back() {
        let venue: VenueId = "bitflyer".parse().unwrap();
        for (code, symbol) in [
            ("BTC_JPY", "BTC/JPY"),
            ("FX_BTC_JPY", "BTC/JPY:JPY"),
            ("BTCJPY27MAR2020", "BTC/JPY:JPY-20200327"),
        ] {
            assert_eq!(ours(code).as_deref(), Some(symbol));
            let symbol = Symbol::new(&venue, symbol).unwrap();
            assert_eq!(spell(&venue, &symbol), VenueSymbol::new(code));
        }
        for code in ["BTCJPY_MAT3M ", "BTCJPY", "BTCJPY27XXX2020", "ÄÄÄÄÄÄ27MAR"] {
            let named = ours(code).and_then(|text| Symbol::new(&venue, &text).ok());
            assert_eq!(named, None, "{code}");
        }
    }
}
