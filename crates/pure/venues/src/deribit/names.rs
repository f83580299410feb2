//! Instruments: the venue's names and ours.

use std::fmt::Write;

use quantflow_model::{
    Contract, ContractSize, ContractUnit, Decimal, Instrument, InstrumentStatus, OptionKind,
    Symbol, VenueId, VenueSymbol,
};
use quantflow_wire::DecodeError;

use crate::json::value::millis;
use crate::json::{Fields, Json};

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];

/// How the venue spells a symbol of ours: `BTC-PERPETUAL`, `BTC_USDC-25DEC26-100000-C`. Contracts that
/// are settled in their base name it alone.
pub(super) fn spell(venue: &VenueId, symbol: &Symbol) -> Option<VenueSymbol> {
    if symbol.venue_str() != venue.as_str() {
        return None;
    }
    let pair = |base: &str, quote: &str, settle: &str| match (settle == base, settle == quote) {
        (true, false) if quote == "USD" => Some(base.to_owned()),
        (false, true) => Some(format!("{base}_{quote}")),
        _ => None,
    };
    let text = match symbol.contract() {
        Contract::Spot { base, quote } => format!("{base}_{quote}"),
        Contract::Perpetual {
            base,
            quote,
            settle,
        } => format!("{}-PERPETUAL", pair(base, quote, settle)?),
        Contract::Future {
            base,
            quote,
            settle,
            expiry,
        } => format!("{}-{}", pair(base, quote, settle)?, date(expiry)?),
        Contract::Option {
            base,
            quote,
            settle,
            expiry,
            strike,
            kind,
        } => {
            let strike = strike.to_string().replace('.', "d");
            let kind = match kind {
                OptionKind::Call => 'C',
                OptionKind::Put => 'P',
            };
            let pair = pair(base, quote, settle)?;
            format!("{pair}-{}-{strike}-{kind}", date(expiry)?)
        }
        Contract::Ticker(_) => return None,
    };
    VenueSymbol::new(&text)
}

/// `20261225` as `25DEC26`; the day without a zero in front.
fn date(expiry: &str) -> Option<String> {
    let month: usize = expiry.get(4..6)?.parse().ok()?;
    let day = expiry.get(6..8)?.trim_start_matches('0');
    let month = MONTHS.get(month.checked_sub(1)?)?;
    Some(format!("{day}{month}{}", expiry.get(2..4)?))
}

/// Whether quantities of an instrument count US dollars: futures and perpetuals that are settled in
/// their base, whose names have neither a quote nor a strike.
pub(super) fn is_inverse(symbol: &VenueSymbol) -> bool {
    let name = symbol.as_str();
    !name.contains('_') && name.matches('-').count() == 1
}

/// An instrument; `None` for combinations of others, which our symbols do not name.
pub(super) fn instrument(
    venue: &VenueId,
    item: &Json<'_>,
) -> Result<Option<Instrument>, DecodeError> {
    let f = Fields::new("instrument", item)?;
    let venue_symbol = f.symbol("instrument_name")?;
    let kind = f.text("kind")?;
    let base = f.text("base_currency")?;
    let status = if f.flag("is_active")? {
        InstrumentStatus::Trading
    } else {
        InstrumentStatus::Closed
    };
    // options are quoted in what they are settled in; what their strikes count came later as a field of
    // its own, before it was always the dollar
    let quote = match (f.optional("counter_currency", Json::text)?, kind) {
        (Some(counter), _) => counter,
        (None, "option") => "USD",
        (None, _) => f.text("quote_currency")?,
    };
    let settle = f.optional("settlement_currency", Json::text)?;
    let settle = settle.unwrap_or(base);
    let name = match kind {
        "spot" => format!("{base}/{quote}"),
        "future" | "option" => {
            let mut name = format!("{base}/{quote}:{settle}");
            if f.text("settlement_period")? != "perpetual" {
                let expiry = f.read("expiration_timestamp", millis)?;
                name.push('-');
                name.push_str(&expiry.date().replace('-', ""));
            }
            if kind == "option" {
                let strike = f.decimal("strike")?;
                let letter = match f.text("option_type")? {
                    "call" => 'C',
                    "put" => 'P',
                    _ => return Err(f.bad("option_type", f.get("option_type")?)),
                };
                let _ = write!(name, "-{strike}-{letter}"); // a String never refuses text
            }
            name
        }
        _ => return Ok(None),
    };
    let contract = match kind {
        "spot" => None,
        // one dollar of a contract that is settled in its base; what the venue calls a contract is a
        // number of those, and no message counts in it alone
        "future" if settle == base => Some(ContractUnit::Quote),
        _ => Some(ContractUnit::Base),
    };
    let Ok(symbol) = Symbol::new(venue, &name) else {
        return Ok(None);
    };
    Ok(Some(Instrument {
        symbol,
        venue_symbol,
        status,
        tick: Some(f.price("tick_size")?),
        lot: Some(f.quantity("min_trade_amount")?),
        minimum_notional: None,
        contract: contract.map(|of| ContractSize {
            amount: Decimal::ONE,
            of,
        }),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_spelt_as_the_venue_does() {
        let venue: VenueId = "deribit".parse().unwrap();
        for (ours, theirs) in [
            ("BTC/USD:BTC", Some("BTC-PERPETUAL")),
            ("XRP/USDC:USDC", Some("XRP_USDC-PERPETUAL")),
            ("BTC/USDC", Some("BTC_USDC")),
            ("BTC/USD:BTC-20260605", Some("BTC-5JUN26")),
            (
                "BTC/USD:BTC-20241227-100000-C",
                Some("BTC-27DEC24-100000-C"),
            ),
            (
                "XRP/USDC:USDC-20230630-0.625-P",
                Some("XRP_USDC-30JUN23-0d625-P"),
            ),
            ("BTC/EUR:BTC", None),
            ("BTC", None),
        ] {
            let symbol = Symbol::new(&venue, ours).unwrap();
            let spelt = spell(&venue, &symbol);
            assert_eq!(spelt.as_ref().map(VenueSymbol::as_str), theirs, "{ours}");
        }
    }

    #[test]
    fn dollars_are_counted_where_a_future_is_settled_in_its_base() {
        for (name, inverse) in [
            ("BTC-PERPETUAL", true),
            ("BTC-5JUN26", true),
            ("BTC_USDC-PERPETUAL", false),
            ("BTC-27DEC24-100000-C", false),
            ("BTC_USDC", false),
        ] {
            assert_eq!(is_inverse(&VenueSymbol::new(name).unwrap()), inverse);
        }
    }
}
