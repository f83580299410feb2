//! The venue's products.

use quantflow_model::{
    Instrument, InstrumentStatus, Notional, Price, Quantity, Symbol, VenueId, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind};

use super::ASSETS;
use crate::json::{Fields, Json, value};
use crate::reading::{general, rows};

const MESSAGE: &str = "products";

pub(super) fn decode(venue: &VenueId, tree: &Json<'_>) -> Result<(Vec<Event>, u64), DecodeError> {
    let found = rows(MESSAGE, tree, |item| {
        product(venue, &Fields::in_text(MESSAGE, item)?)
    })?;
    let all = found.len();
    let instruments: Vec<_> = found.into_iter().flatten().collect();
    let unnamed = (all - instruments.len()) as u64;
    Ok((vec![general(EventKind::Instruments(instruments))], unnamed))
}

/// `None` when our grammar of symbols cannot name its assets.
fn product(venue: &VenueId, f: &Fields<'_, '_>) -> Result<Option<Instrument>, DecodeError> {
    let venue_symbol: VenueSymbol = f.symbol("id")?;
    let base = ASSETS.ours(f.text("base_currency")?);
    let quote = ASSETS.ours(f.text("quote_currency")?);
    // answers before 2020 lack some of these
    let positive = |field| {
        let number = f.optional(field, value::decimal_in_text)?;
        Ok::<_, DecodeError>(number.filter(|n| n.is_positive()))
    };
    let tick = positive("quote_increment")?.map(Price);
    let lot = positive("base_increment")?.map(Quantity);
    let minimum_notional = positive("min_market_funds")?.map(Notional);
    let status = status(f)?;
    let Ok(symbol) = Symbol::spot(venue, base, quote) else {
        return Ok(None);
    };
    Ok(Some(Instrument {
        symbol,
        venue_symbol,
        status,
        tick,
        lot,
        minimum_notional,
        contract: None,
    }))
}

fn status(f: &Fields<'_, '_>) -> Result<InstrumentStatus, DecodeError> {
    let set = |field| {
        f.optional(field, value::flag)
            .map(|flag| flag == Some(true))
    };
    let halted = set("trading_disabled")? || set("cancel_only")? || set("auction_mode")?;
    Ok(match f.optional("status", value::text)? {
        Some("online") if halted => InstrumentStatus::Halted,
        Some("online") => InstrumentStatus::Trading,
        Some("offline" | "internal") => InstrumentStatus::Halted,
        Some("delisted") => InstrumentStatus::Closed,
        _ => InstrumentStatus::Unknown,
    })
}
