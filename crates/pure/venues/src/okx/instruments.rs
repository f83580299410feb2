//! `public/instruments`: the venue's instruments, read and written.

use quantflow_model::{
    Contract, ContractSize, ContractUnit, Instrument, InstrumentStatus, Price, Quantity, Symbol,
    VenueId, VenueSymbol,
};
use quantflow_wire::{DecodeError, EncodeError};
use serde_json::{Value, json};

use super::names::{self, Market};
use crate::json::value::{decimal_in_text, text};
use crate::json::{Fields, Json};

const MESSAGE: &str = "instruments";

/// The instruments, and how many were left out because our grammar cannot name them.
pub(super) fn decode(
    venue: &VenueId,
    items: &[Json<'_>],
) -> Result<(Vec<Instrument>, u64), DecodeError> {
    let mut instruments = Vec::with_capacity(items.len());
    let mut unnamed = 0;
    for item in items {
        match instrument(venue, &Fields::in_text(MESSAGE, item)?)? {
            Some(instrument) => instruments.push(instrument),
            None => unnamed += 1,
        }
    }
    Ok((instruments, unnamed))
}

fn instrument(venue: &VenueId, f: &Fields<'_, '_>) -> Result<Option<Instrument>, DecodeError> {
    let venue_symbol = f.symbol("instId")?;
    let market = f.text("instType")?;
    let status = status_of(f.text("state")?);
    let positive = |field| {
        let number = f.optional(field, decimal_in_text)?;
        Ok::<_, DecodeError>(number.filter(|number| number.is_positive()))
    };
    let (tick, lot) = (positive("tickSz")?, positive("lotSz")?);
    let (name, contract) = match market {
        "SPOT" | "MARGIN" => (
            format!("{}/{}", f.text("baseCcy")?, f.text("quoteCcy")?),
            None,
        ),
        "SWAP" | "FUTURES" | "OPTION" => {
            let pair = match f.optional("uly", text)? {
                Some(underlying) => underlying,
                None => f.text("instFamily")?,
            };
            let Some((base, quote)) = pair.split_once('-') else {
                return Err(f.bad("uly", f.get("uly")?));
            };
            let settle = f.text("settleCcy")?;
            let Some(behind) = behind(&venue_symbol, f)? else {
                return Ok(None);
            };
            let unit = if f.text("ctValCcy")? == quote {
                ContractUnit::Quote
            } else {
                ContractUnit::Base
            };
            let multiplier = positive("ctMult")?.unwrap_or(quantflow_model::Decimal::whole(1));
            let amount = positive("ctVal")?.and_then(|value| value.checked_mul(multiplier));
            let contract = amount.map(|amount| ContractSize { amount, of: unit });
            (format!("{base}/{quote}:{settle}{behind}"), contract)
        }
        other => {
            return Err(DecodeError::UnknownMessage(format!(
                "an instrument of the kind {:?}",
                other.chars().take(16).collect::<String>()
            )));
        }
    };
    let Ok(symbol) = Symbol::new(venue, &name) else {
        return Ok(None);
    };
    Ok(Some(Instrument {
        symbol,
        venue_symbol,
        status,
        tick: tick.map(Price),
        lot: lot.map(Quantity),
        minimum_notional: None,
        contract,
    }))
}

/// What stands behind the settlement in our name: nothing, `-YYYYMMDD`, `-YYYYMMDD-STRIKE-C`; `None`
/// where the venue's name has another form.
fn behind(symbol: &VenueSymbol, f: &Fields<'_, '_>) -> Result<Option<String>, DecodeError> {
    let parts: Vec<_> = symbol.as_str().split('-').collect();
    let date = |text: &str| (text.len() == 6).then(|| format!("-20{text}"));
    Ok(match (f.text("instType")?, parts.as_slice()) {
        ("SWAP", _) => Some(String::new()),
        ("FUTURES", [_, _, day]) => date(day),
        ("OPTION", [_, _, day, ..]) => {
            let strike = f.decimal("stk")?;
            let kind = f.text("optType")?;
            date(day).map(|day| format!("{day}-{strike}-{kind}"))
        }
        _ => None,
    })
}

fn status_of(text: &str) -> InstrumentStatus {
    match text {
        "live" => InstrumentStatus::Trading,
        "suspend" | "preopen" | "rebase" => InstrumentStatus::Halted,
        "expired" => InstrumentStatus::Closed,
        _ => InstrumentStatus::Unknown,
    }
}

const fn status_text(status: InstrumentStatus) -> &'static str {
    match status {
        InstrumentStatus::Trading => "live",
        InstrumentStatus::Halted => "suspend",
        InstrumentStatus::Closed => "expired",
        InstrumentStatus::Unknown => "test",
    }
}

/// A row that says this instrument. Fields that it does not carry get the values that they have most
/// often.
pub(super) fn row(instrument: &Instrument) -> Result<Value, EncodeError> {
    let unnamed = EncodeError::Missing {
        what: "an instrument",
        field: "assets",
    };
    let shown = |number: Option<quantflow_model::Decimal>| {
        number.map(|n| n.to_string()).unwrap_or_default()
    };
    let (base, quote, settle, strike, kind) = match instrument.symbol.contract() {
        Contract::Spot { base, quote } => (base, quote, "", String::new(), ""),
        Contract::Perpetual {
            base,
            quote,
            settle,
        }
        | Contract::Future {
            base,
            quote,
            settle,
            ..
        } => (base, quote, settle, String::new(), ""),
        Contract::Option {
            base,
            quote,
            settle,
            strike,
            kind,
            ..
        } => {
            let kind = match kind {
                quantflow_model::OptionKind::Call => "C",
                quantflow_model::OptionKind::Put => "P",
            };
            (base, quote, settle, strike.to_string(), kind)
        }
        Contract::Ticker(_) => return Err(unnamed),
    };
    let market = Market::of(&instrument.venue_symbol);
    let spot = market == Market::Spot;
    let size = instrument.contract;
    let unit = |of| {
        if of == ContractUnit::Quote {
            quote
        } else {
            base
        }
    };
    let kind_of_contract = match size {
        Some(_) if market == Market::Option => "",
        Some(size) if size.of == ContractUnit::Quote => "inverse",
        Some(_) => "linear",
        None => "",
    };
    Ok(json!({
        "instType": market.name(),
        "instId": instrument.venue_symbol,
        "uly": if spot { String::new() } else { format!("{base}-{quote}") },
        "instFamily": if spot { "" } else { names::family(&instrument.venue_symbol) },
        "baseCcy": if spot { base } else { "" },
        "quoteCcy": if spot { quote } else { "" },
        "settleCcy": settle,
        "ctVal": shown(size.map(|size| size.amount)),
        "ctMult": if size.is_some() { "1" } else { "" },
        "ctValCcy": size.map(|size| unit(size.of)).unwrap_or_default(),
        "ctType": kind_of_contract,
        "optType": kind,
        "stk": strike,
        "listTime": "1548133413000",
        "expTime": "",
        "lever": "10",
        "tickSz": shown(instrument.tick.map(Price::decimal)),
        "lotSz": shown(instrument.lot.map(Quantity::decimal)),
        "minSz": shown(instrument.lot.map(Quantity::decimal)),
        "alias": "",
        "state": status_text(instrument.status),
        "category": "1",
        "ruleType": "normal",
    }))
}
