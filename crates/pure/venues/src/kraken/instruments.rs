//! The venue's pairs: of the REST API and of the socket's `instrument` channel.

use quantflow_model::{
    Decimal, Instrument, InstrumentStatus, Notional, Price, Quantity, VenueId, VenueSymbol,
};
use quantflow_wire::DecodeError;

use super::names;
use crate::json::{Fields, Json, value};

const REST: &str = "AssetPairs";
const CHANNEL: &str = "instrument";

/// The pairs of `AssetPairs`, and how many were left out: dark pools, which have no name over the
/// socket, and names that are not ours to write.
pub(super) fn of_answer(
    venue: &VenueId,
    result: &Json<'_>,
) -> Result<(Vec<Instrument>, u64), DecodeError> {
    let Json::Object(pairs) = result else {
        return Err(DecodeError::BadField {
            message: REST,
            field: "result",
            found: result.shown(),
        });
    };
    let read = |(_, pair)| of_pair(venue, &Fields::new(REST, pair)?);
    counted(pairs.iter().map(|(name, pair)| (name, pair)).map(read))
}

fn counted(
    found: impl Iterator<Item = Result<Option<Instrument>, DecodeError>>,
) -> Result<(Vec<Instrument>, u64), DecodeError> {
    let (mut instruments, mut unnamed) = (Vec::new(), 0);
    for instrument in found {
        match instrument? {
            Some(instrument) => instruments.push(instrument),
            None => unnamed += 1,
        }
    }
    Ok((instruments, unnamed))
}

fn of_pair(venue: &VenueId, f: &Fields<'_, '_>) -> Result<Option<Instrument>, DecodeError> {
    let Some(pair) = f.optional("wsname", value::text)? else {
        return Ok(None);
    };
    let step = |decimals: u64| {
        let decimals = u8::try_from(decimals).ok()?;
        Decimal::new(1, decimals)
    };
    let tick = match f.optional("tick_size", value::decimal)? {
        Some(tick) => tick,
        None => f.read("pair_decimals", |v| step(v.unsigned()?))?,
    };
    let lot = f.read("lot_decimals", |v| step(v.unsigned()?))?;
    let minimum = f.optional("costmin", value::decimal)?;
    let status = f.optional("status", value::text)?;
    let names = names::modern(pair).and_then(|pair| {
        let symbol = names::symbol(venue, &pair)?;
        Some((symbol, VenueSymbol::new(&pair)?))
    });
    Ok(names.map(|(symbol, venue_symbol)| Instrument {
        symbol,
        venue_symbol,
        // answers before 2022 do not say
        status: status.map_or(InstrumentStatus::Unknown, status_of),
        tick: Some(Price(tick)),
        lot: Some(Quantity(lot)),
        minimum_notional: minimum.filter(|n| n.is_positive()).map(Notional),
        contract: None,
    }))
}

/// The pairs of the channel's `data`.
pub(super) fn of_channel(
    venue: &VenueId,
    data: &Json<'_>,
) -> Result<(Vec<Instrument>, u64), DecodeError> {
    let pairs = Fields::new(CHANNEL, data)?.list("pairs")?;
    counted(pairs.iter().map(|pair| {
        let f = Fields::new(CHANNEL, pair)?;
        let venue_symbol = f.symbol("symbol")?;
        let status = status_of(f.text("status")?);
        let tick = f.optional("price_increment", value::price)?;
        let lot = f.optional("qty_increment", value::quantity)?;
        let minimum_notional = f.optional("cost_min", value::notional)?;
        let symbol = names::symbol(venue, venue_symbol.as_str());
        Ok(symbol.map(|symbol| Instrument {
            symbol,
            venue_symbol,
            status,
            tick,
            lot,
            minimum_notional,
            contract: None,
        }))
    }))
}

/// Orders are taken with some restriction or none: it trades. `reduce_only` and `limit_only` still
/// match orders, `post_only` and `cancel_only` do not.
fn status_of(text: &str) -> InstrumentStatus {
    match text {
        "online" | "limit_only" | "reduce_only" => InstrumentStatus::Trading,
        "cancel_only" | "post_only" | "maintenance" | "work_in_progress" => {
            InstrumentStatus::Halted
        }
        "delisted" => InstrumentStatus::Closed,
        _ => InstrumentStatus::Unknown,
    }
}
