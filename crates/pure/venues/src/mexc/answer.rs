//! Answers of REST API v3, which resembles Binance's and says less.

use quantflow_model::{
    BookSnapshot, Decimal, Instrument, InstrumentStatus, Notional, Price, Quantity, Quote, Side,
    Symbol, Trade, TradeFlags, VenueId, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Query, Ticker, TradeEvent, VenueCandle};

use super::identity::Identity;
use crate::ask::{event, list};
use crate::json::{Fields, Json, Row, value};

/// Decimals of a ratio as percent.
const HUNDRED: Decimal = Decimal::whole(100);

pub(super) fn decode(
    venue: &VenueId,
    query: &Query,
    body: &[u8],
) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(body)?;
    if let (Some(code), Some(message)) = (
        tree.entry("code").and_then(Json::integer),
        tree.entry("msg"),
    ) {
        let message = message.text().unwrap_or_default().to_owned();
        return Err(DecodeError::Venue { code, message });
    }
    let tree = &tree;
    match query {
        Query::ServerTime => {
            let time = Fields::new("time", tree)?.read("serverTime", value::millis)?;
            Ok(vec![event(None, Some(time), EventKind::ServerTime(time))])
        }
        Query::Instruments => {
            let f = Fields::new("exchangeInfo", tree)?;
            let sent = f.optional("serverTime", value::millis)?;
            let mut found = Vec::new();
            for item in f.list("symbols")? {
                found.extend(instrument(venue, &Fields::new("exchangeInfo", item)?)?);
            }
            Ok(vec![event(None, sent, EventKind::Instruments(found))])
        }
        Query::Candles {
            symbol, timeframe, ..
        } => {
            let rows = list("klines", tree)?.iter();
            rows.map(|row| {
                let candle = candle(&Row::new("klines", row)?, *timeframe)?;
                Ok(event(
                    Some(symbol),
                    None,
                    EventKind::Candle(Box::new(candle)),
                ))
            })
            .collect()
        }
        Query::RecentTrades { symbol, .. } => {
            let mut identity = Identity::default();
            let rows = list("trades", tree)?.iter();
            rows.map(|row| {
                let kind = trade(&mut identity, &Fields::in_text("trades", row)?)?;
                Ok(event(Some(symbol), None, kind))
            })
            .collect()
        }
        Query::Book { symbol, .. } => {
            let f = Fields::in_text("depth", tree)?;
            let book = BookSnapshot {
                last_update_id: f.unsigned("lastUpdateId")?,
                time: f.optional("timestamp", value::millis)?,
                bids: f.levels("bids")?,
                asks: f.levels("asks")?,
                checksum: None,
            };
            Ok(vec![event(
                Some(symbol),
                None,
                EventKind::BookSnapshot(book),
            )])
        }
        Query::Ticker { symbol } => about("ticker/24hr", symbol.as_ref(), tree, ticker),
        Query::BestQuote { symbol } => about("ticker/bookTicker", symbol.as_ref(), tree, |f| {
            best_quote(f)?
                .map(EventKind::Quote)
                .ok_or(DecodeError::Missing {
                    message: "ticker/bookTicker",
                    field: "bidPrice, bidQty, askPrice or askQty",
                })
        }),
        other => Err(DecodeError::unasked(other)),
    }
}

/// One object, or a list of them; about another symbol than was asked for is refused.
fn about<'t, 'a>(
    message: &'static str,
    asked: Option<&VenueSymbol>,
    tree: &'t Json<'a>,
    kind: impl Fn(&Fields<'t, 'a>) -> Result<EventKind, DecodeError>,
) -> Result<Vec<Event>, DecodeError> {
    let items = match tree {
        Json::List(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let read = |item| {
        let f = Fields::in_text(message, item)?;
        let symbol = f.symbol("symbol")?;
        if asked.is_some_and(|asked| *asked != symbol) {
            return Err(f.bad("symbol", f.get("symbol")?));
        }
        Ok(event(Some(&symbol), None, kind(&f)?))
    };
    items.iter().map(read).collect()
}

fn trade(identity: &mut Identity, f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    let (price, quantity) = (f.price("price")?, f.quantity("qty")?);
    let time = f.read("time", value::millis)?;
    let side = if f.flag("isBuyerMaker")? {
        Side::Sell
    } else {
        Side::Buy
    };
    let trade = Trade {
        id: identity.of(time, price, quantity, side),
        time,
        price,
        quantity,
        side,
        flags: TradeFlags::NONE,
        count: 1,
    };
    Ok(EventKind::Trade(TradeEvent {
        trade,
        orders: None,
    }))
}

/// `[open time, open, high, low, close, volume, close time, quote volume]`; the close time is where the
/// next candle begins.
fn candle(
    row: &Row<'_, '_>,
    timeframe: quantflow_model::Timeframe,
) -> Result<VenueCandle, DecodeError> {
    let price = |at, name| row.read(at, name, value::price);
    let prices = [
        price(1, "open")?,
        price(2, "high")?,
        price(3, "low")?,
        price(4, "close")?,
    ];
    let open_time = row.read(0, "open time", value::millis)?;
    let volume = row.read(5, "volume", value::quantity)?;
    Ok(VenueCandle {
        quote_volume: row.optional(7, "quote volume", value::notional)?,
        ..VenueCandle::bare(timeframe, open_time, prices, volume)
    })
}

/// `None` where a side is empty or its amount is not told.
fn best_quote(f: &Fields<'_, '_>) -> Result<Option<Quote>, DecodeError> {
    let bid = f.optional("bidPrice", value::price)?;
    let ask = f.optional("askPrice", value::price)?;
    let bid_quantity = f.optional("bidQty", value::quantity)?;
    let ask_quantity = f.optional("askQty", value::quantity)?;
    let all = bid.zip(bid_quantity).zip(ask.zip(ask_quantity));
    Ok(all.map(|((bid, bid_quantity), (ask, ask_quantity))| Quote {
        bid,
        bid_quantity,
        ask,
        ask_quantity,
        update_id: None,
        time: None,
    }))
}

fn ticker(f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    let change = f.optional("priceChangePercent", value::decimal)?;
    Ok(EventKind::Ticker(Box::new(Ticker {
        last: f.price("lastPrice")?,
        last_quantity: None,
        open: f.optional("openPrice", value::price)?,
        high: f.optional("highPrice", value::price)?,
        low: f.optional("lowPrice", value::price)?,
        volume: f.optional("volume", value::quantity)?,
        quote_volume: f.optional("quoteVolume", value::notional)?,
        change: f.optional("priceChange", value::price)?,
        change_percent: change.and_then(|change| change.checked_mul(HUNDRED)),
        weighted_average: None,
        previous_close: f.optional("prevClosePrice", value::price)?,
        quote: best_quote(f)?,
        open_time: f.optional("openTime", value::millis)?,
        close_time: f.optional("closeTime", value::millis)?,
        first_id: None,
        last_id: None,
        trades: f.optional("count", Json::unsigned)?,
    })))
}

/// `10^-digits`.
fn step(f: &Fields<'_, '_>, field: &'static str) -> Result<Decimal, DecodeError> {
    f.read(field, |digits| {
        Decimal::new(1, u8::try_from(digits.unsigned()?).ok()?)
    })
}

/// `None` when our grammar of symbols cannot name its assets.
fn instrument(venue: &VenueId, f: &Fields<'_, '_>) -> Result<Option<Instrument>, DecodeError> {
    let (base, quote) = (f.text("baseAsset")?, f.text("quoteAsset")?);
    let venue_symbol = f.symbol("symbol")?;
    let status = match f.text("status")? {
        "1" | "ENABLED" => InstrumentStatus::Trading,
        "2" | "PAUSE" => InstrumentStatus::Halted,
        "3" | "OFFLINE" => InstrumentStatus::Closed,
        _ => InstrumentStatus::Unknown,
    };
    let tick = step(f, "quotePrecision")?;
    let lot = step(f, "baseAssetPrecision")?;
    let least = f.optional("quoteAmountPrecision", value::notional)?;
    let symbol = Symbol::spot(venue, base, quote);
    Ok(symbol.ok().map(|symbol| Instrument {
        symbol,
        venue_symbol,
        status,
        tick: Some(Price(tick)),
        lot: Some(Quantity(lot)),
        minimum_notional: least.filter(|least: &Notional| least.0.is_positive()),
        contract: None,
    }))
}
