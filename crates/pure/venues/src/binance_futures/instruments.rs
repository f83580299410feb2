//! `exchangeInfo` of the futures markets.

use quantflow_model::{
    ContractSize, ContractUnit, Decimal, Instrument, InstrumentStatus, Notional, Price, Quantity,
    Symbol, Timestamp, VenueId,
};
use quantflow_wire::{DecodeError, Event, EventKind};

use super::Market;
use crate::binance::value::time;
use crate::json::{Fields, Json, value};

const MESSAGE: &str = "exchangeInfo";

/// The delivery date of what is never delivered: 2100-12-25.
const NEVER: Timestamp = Timestamp::from_millis(4_133_404_800_000);

pub(super) fn decode(
    venue: &VenueId,
    market: Market,
    tree: &Json<'_>,
) -> Result<Event, DecodeError> {
    let f = Fields::in_text(MESSAGE, tree)?;
    let sent = f.read("serverTime", time)?;
    let mut instruments = Vec::new();
    for item in f.list("symbols")? {
        let item = Fields::in_text(MESSAGE, item)?;
        instruments.extend(instrument(venue, market, &item)?);
    }
    Ok(Event {
        symbol: None,
        sent: Some(sent),
        kind: EventKind::Instruments(instruments),
    })
}

/// `None` when our grammar of symbols cannot name its assets.
fn instrument(
    venue: &VenueId,
    market: Market,
    f: &Fields<'_, '_>,
) -> Result<Option<Instrument>, DecodeError> {
    let (base, quote) = (f.text("baseAsset")?, f.text("quoteAsset")?);
    let settle = f.text("marginAsset")?;
    let (kind, delivery) = (f.text("contractType")?, f.read("deliveryDate", time)?);
    let perpetual =
        kind.starts_with("PERPETUAL") || kind.ends_with("_PERPETUAL") || delivery == NEVER;
    let ours = if perpetual {
        format!("{base}/{quote}:{settle}")
    } else {
        let expiry = delivery.date().replace('-', "");
        format!("{base}/{quote}:{settle}-{expiry}")
    };
    let (status, contract) = match market {
        Market::Usd => (f.text("status")?, None),
        Market::Coin => {
            let amount = f.read("contractSize", value::decimal)?;
            let size = ContractSize {
                amount,
                of: ContractUnit::Quote,
            };
            (f.text("contractStatus")?, Some(size))
        }
    };
    let mut instrument = Instrument {
        symbol: match Symbol::new(venue, &ours) {
            Ok(symbol) => symbol,
            Err(_) => return Ok(None),
        },
        venue_symbol: f.symbol("symbol")?,
        status: status_of(status),
        tick: None,
        lot: None,
        minimum_notional: None,
        contract,
    };
    filters(f, &mut instrument)?;
    Ok(Some(instrument))
}

/// A step or minimum of zero means that there is none.
fn filters(f: &Fields<'_, '_>, instrument: &mut Instrument) -> Result<(), DecodeError> {
    for item in f.list("filters")? {
        let filter = Fields::in_text(MESSAGE, item)?;
        let positive = |field| {
            filter
                .decimal(field)
                .map(|number| Some(number).filter(|n: &Decimal| n.is_positive()))
        };
        match filter.text("filterType")? {
            "PRICE_FILTER" => instrument.tick = positive("tickSize")?.map(Price),
            "LOT_SIZE" => instrument.lot = positive("stepSize")?.map(Quantity),
            "MIN_NOTIONAL" => instrument.minimum_notional = positive("notional")?.map(Notional),
            _ => {}
        }
    }
    Ok(())
}

fn status_of(text: &str) -> InstrumentStatus {
    match text {
        "TRADING" => InstrumentStatus::Trading,
        "PENDING_TRADING" | "PRE_DELIVERING" | "DELIVERING" | "PRE_SETTLE" | "SETTLING" => {
            InstrumentStatus::Halted
        }
        "DELIVERED" | "CLOSE" => InstrumentStatus::Closed,
        _ => InstrumentStatus::Unknown,
    }
}
