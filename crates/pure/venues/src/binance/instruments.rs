//! `exchangeInfo`: the venue's instruments, read and written.

use quantflow_model::{
    Contract, Instrument, InstrumentStatus, Notional, Price, Quantity, Symbol, Timestamp, VenueId,
};
use quantflow_wire::{DecodeError, EncodeError, Event, EventKind};
use serde_json::{Value, json};

use super::TimeUnit;
use super::answer::Answer;
use super::value::time;
use crate::json::{Fields, Json};

const MESSAGE: &str = "exchangeInfo";

pub(super) fn decode(venue: &VenueId, tree: &Json<'_>) -> Result<Answer, DecodeError> {
    let f = Fields::in_text(MESSAGE, tree)?;
    let sent = f.read("serverTime", time)?;
    let found = f.get("symbols")?;
    let Json::List(items) = found else {
        return Err(f.bad("symbols", found));
    };
    let mut instruments = Vec::with_capacity(items.len());
    let mut unnamed_instruments = 0;
    for item in items {
        match instrument(venue, &Fields::in_text(MESSAGE, item)?)? {
            Some(instrument) => instruments.push(instrument),
            None => unnamed_instruments += 1,
        }
    }
    Ok(Answer {
        events: vec![Event {
            symbol: None,
            sent: Some(sent),
            kind: EventKind::Instruments(instruments),
        }],
        unnamed_instruments,
    })
}

/// `None` when our grammar of symbols cannot name its assets.
fn instrument(venue: &VenueId, f: &Fields<'_, '_>) -> Result<Option<Instrument>, DecodeError> {
    if f.has("contractType") {
        // a perpetual of the same assets must not pass for the spot market
        return Err(DecodeError::UnknownMessage(
            "exchangeInfo with \"contractType\": of futures, not spot".into(),
        ));
    }
    let venue_symbol = f.symbol("symbol")?;
    let status = status_of(f.text("status")?);
    let (base, quote) = (f.text("baseAsset")?, f.text("quoteAsset")?);
    let filters = filters(f)?;
    let Ok(symbol) = Symbol::spot(venue, base, quote) else {
        return Ok(None);
    };
    Ok(Some(Instrument {
        symbol,
        venue_symbol,
        status,
        tick: filters.tick,
        lot: filters.lot,
        minimum_notional: filters.minimum_notional,
        contract: None,
    }))
}

#[derive(Default)]
struct Filters {
    tick: Option<Price>,
    lot: Option<Quantity>,
    minimum_notional: Option<Notional>,
}

/// A step or minimum of zero means that there is none.
fn filters(f: &Fields<'_, '_>) -> Result<Filters, DecodeError> {
    let found = f.get("filters")?;
    let Json::List(items) = found else {
        return Err(f.bad("filters", found));
    };
    let mut filters = Filters::default();
    for item in items {
        let filter = Fields::in_text(MESSAGE, item)?;
        let positive = |field| {
            let number = filter.decimal(field)?;
            Ok::<_, DecodeError>(number.is_positive().then_some(number))
        };
        match filter.text("filterType")? {
            "PRICE_FILTER" => filters.tick = positive("tickSize")?.map(Price),
            "LOT_SIZE" => filters.lot = positive("stepSize")?.map(Quantity),
            // NOTIONAL replaced MIN_NOTIONAL in 2023
            "NOTIONAL" | "MIN_NOTIONAL" => {
                filters.minimum_notional = positive("minNotional")?.map(Notional);
            }
            _ => {}
        }
    }
    Ok(filters)
}

fn status_of(text: &str) -> InstrumentStatus {
    match text {
        "TRADING" => InstrumentStatus::Trading,
        "HALT" | "AUCTION_MATCH" | "PRE_TRADING" | "POST_TRADING" | "END_OF_DAY" => {
            InstrumentStatus::Halted
        }
        // what a symbol that was taken off the exchange keeps for ever
        "BREAK" => InstrumentStatus::Closed,
        _ => InstrumentStatus::Unknown,
    }
}

const fn status_text(status: InstrumentStatus) -> &'static str {
    match status {
        InstrumentStatus::Trading => "TRADING",
        InstrumentStatus::Halted | InstrumentStatus::Unknown => "HALT",
        InstrumentStatus::Closed => "BREAK",
    }
}

/// The body of `exchangeInfo`. Fields that an instrument does not carry get the values that most of
/// the venue's own symbols have, so that its clients can load it.
pub(super) fn encode(
    instruments: &[Instrument],
    sent: Option<Timestamp>,
    unit: TimeUnit,
) -> Result<Vec<u8>, EncodeError> {
    let symbols = instruments.iter().map(symbol_json);
    let symbols = symbols.collect::<Result<Vec<_>, _>>()?;
    let limit = |kind: &str, interval: &str, number: u32, limit: u32| json!({"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit});
    let body = json!({
        "timezone": "UTC",
        "serverTime": unit.of(sent.unwrap_or_default()),
        "rateLimits": [
            limit("REQUEST_WEIGHT", "MINUTE", 1, 6_000),
            limit("ORDERS", "SECOND", 10, 100),
            limit("ORDERS", "DAY", 1, 200_000),
            limit("RAW_REQUESTS", "MINUTE", 5, 61_000),
        ],
        "exchangeFilters": [],
        "symbols": symbols,
    });
    Ok(body.to_string().into_bytes())
}

fn symbol_json(instrument: &Instrument) -> Result<Value, EncodeError> {
    let Contract::Spot { base, quote } = instrument.symbol.contract() else {
        return Err(EncodeError::Missing {
            what: "an instrument of spot",
            field: "base and quote asset",
        });
    };
    let padded =
        |number: Option<quantflow_model::Decimal>| number.unwrap_or_default().padded(8).to_string();
    let tick = padded(instrument.tick.map(Price::decimal));
    let lot = padded(instrument.lot.map(Quantity::decimal));
    let notional = padded(instrument.minimum_notional.map(Notional::decimal));
    Ok(json!({
        "symbol": instrument.venue_symbol,
        "status": status_text(instrument.status),
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": [
            "LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT",
            "TAKE_PROFIT_LIMIT"
        ],
        "icebergAllowed": true,
        "ocoAllowed": true,
        "otoAllowed": true,
        "quoteOrderQtyMarketAllowed": true,
        "allowTrailingStop": true,
        "cancelReplaceAllowed": true,
        "amendAllowed": true,
        "isSpotTradingAllowed": true,
        "isMarginTradingAllowed": false,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000",
             "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": "9000000.00000000",
             "stepSize": lot},
            {"filterType": "ICEBERG_PARTS", "limit": 10},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000",
             "maxQty": "9000000.00000000", "stepSize": "0.00000000"},
            {"filterType": "NOTIONAL", "minNotional": notional, "applyMinToMarket": true,
             "maxNotional": "9000000.00000000", "applyMaxToMarket": false, "avgPriceMins": 5},
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5}
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": [
            "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"
        ],
    }))
}
