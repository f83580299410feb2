//! Answers of the REST API of 2022.

use quantflow_model::{
    BookSnapshot, Decimal, Instrument, InstrumentStatus, Level, Notional, Price, Quantity, Quote,
    Symbol, VenueId, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Query, Ticker, VenueCandle};

use super::message;
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
        tree.entry("message").and_then(Json::text),
    ) {
        let message = message.to_owned();
        return Err(DecodeError::Venue { code, message });
    }
    if is_old(&tree) {
        return Err(DecodeError::UnknownMessage(
            "an answer of the API before 2022, which is not asked".into(),
        ));
    }
    let tree = &tree;
    match query {
        Query::ServerTime => {
            let time = Fields::new("timestamp", tree)?.read("serverTime", value::millis)?;
            Ok(vec![event(None, Some(time), EventKind::ServerTime(time))])
        }
        Query::Instruments => {
            let mut found = Vec::new();
            for item in list("markets", tree)? {
                found.extend(market(venue, &Fields::new("markets", item)?)?);
            }
            Ok(vec![event(None, None, EventKind::Instruments(found))])
        }
        Query::Candles {
            symbol, timeframe, ..
        } => {
            let rows = list("candles", tree)?.iter();
            rows.map(|row| {
                let candle = candle(&Row::new("candles", row)?, *timeframe)?;
                Ok(event(
                    Some(symbol),
                    None,
                    EventKind::Candle(Box::new(candle)),
                ))
            })
            .collect()
        }
        Query::RecentTrades { symbol, .. } => {
            let rows = list("trades", tree)?.iter();
            rows.map(|row| {
                let kind = message::trade(&Fields::in_text("trades", row)?)?;
                Ok(event(Some(symbol), None, kind))
            })
            .collect()
        }
        Query::Book { symbol, .. } => Ok(vec![book(symbol, &Fields::new("orderBook", tree)?)?]),
        Query::Ticker { symbol } => about(symbol.as_ref(), tree, ticker),
        Query::BestQuote { symbol } => about(symbol.as_ref(), tree, |f| {
            best_quote(f)?
                .map(EventKind::Quote)
                .ok_or(DecodeError::Missing {
                    message: "ticker24h",
                    field: "bid, bidQuantity, ask or askQuantity",
                })
        }),
        other => Err(DecodeError::unasked(other)),
    }
}

/// Whether this is an answer of the API that ended in 2022: objects with a flag `isFrozen` by their
/// names, or trades with a number over all markets.
fn is_old(tree: &Json<'_>) -> bool {
    match tree {
        Json::Object(entries) => entries.first().is_some_and(|(_, first)| {
            first.entry("isFrozen").is_some() || first.entry("txFee").is_some()
        }),
        Json::List(items) => items
            .first()
            .is_some_and(|first| first.entry("globalTradeID").is_some()),
        _ => false,
    }
}

/// One ticker, or a list of them; about another symbol than was asked for is refused.
fn about<'t, 'a>(
    asked: Option<&VenueSymbol>,
    tree: &'t Json<'a>,
    kind: impl Fn(&Fields<'t, 'a>) -> Result<EventKind, DecodeError>,
) -> Result<Vec<Event>, DecodeError> {
    let items = match tree {
        Json::List(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let read = |item| {
        let f = Fields::in_text("ticker24h", item)?;
        let symbol = f.symbol("symbol")?;
        if asked.is_some_and(|asked| *asked != symbol) {
            return Err(f.bad("symbol", f.get("symbol")?));
        }
        Ok(event(
            Some(&symbol),
            f.optional("ts", value::millis)?,
            kind(&f)?,
        ))
    };
    items.iter().map(read).collect()
}

fn best_quote(f: &Fields<'_, '_>) -> Result<Option<Quote>, DecodeError> {
    let bid = f.optional("bid", value::price)?;
    let ask = f.optional("ask", value::price)?;
    let bid_quantity = f.optional("bidQuantity", value::quantity)?;
    let ask_quantity = f.optional("askQuantity", value::quantity)?;
    let all = bid.zip(bid_quantity).zip(ask.zip(ask_quantity));
    let time = f.optional("ts", value::millis)?;
    Ok(all.map(|((bid, bid_quantity), (ask, ask_quantity))| Quote {
        bid,
        bid_quantity,
        ask,
        ask_quantity,
        update_id: None,
        time,
    }))
}

/// Answers have the best quote too, messages have none.
pub(super) fn ticker(f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    let change = f.optional("dailyChange", value::decimal)?;
    Ok(EventKind::Ticker(Box::new(Ticker {
        last: f.price("close")?,
        last_quantity: None,
        open: Some(f.price("open")?),
        high: Some(f.price("high")?),
        low: Some(f.price("low")?),
        volume: Some(f.quantity("quantity")?),
        quote_volume: Some(f.notional("amount")?),
        change: None,
        change_percent: change.and_then(|change| change.checked_mul(HUNDRED)),
        weighted_average: None,
        previous_close: None,
        quote: best_quote(f)?,
        open_time: Some(f.read("startTime", value::millis)?),
        close_time: Some(f.read("closeTime", value::millis)?),
        first_id: None,
        last_id: None,
        trades: Some(f.unsigned("tradeCount")?),
    })))
}

/// `10^-digits`.
fn step(f: &Fields<'_, '_>, field: &'static str) -> Result<Decimal, DecodeError> {
    f.read(field, |digits| {
        Decimal::new(1, u8::try_from(digits.unsigned()?).ok()?)
    })
}

/// `None` when our grammar of symbols cannot name its assets.
fn market(venue: &VenueId, f: &Fields<'_, '_>) -> Result<Option<Instrument>, DecodeError> {
    let (base, quote) = (f.text("baseCurrencyName")?, f.text("quoteCurrencyName")?);
    let venue_symbol = f.symbol("symbol")?;
    let status = match f.text("state")? {
        "NORMAL" => InstrumentStatus::Trading,
        "PAUSE" | "POST_ONLY" => InstrumentStatus::Halted,
        _ => InstrumentStatus::Unknown,
    };
    let limits = Fields::new("markets", f.get("symbolTradeLimit")?)?;
    let (tick, lot) = (
        step(&limits, "priceScale")?,
        step(&limits, "quantityScale")?,
    );
    let least = limits.optional("minAmount", value::notional)?;
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

/// `[low, high, open, close, amount, quantity, taker bought for, taker bought, trades, sent, average,
/// interval, start, end]`
fn candle(
    row: &Row<'_, '_>,
    timeframe: quantflow_model::Timeframe,
) -> Result<VenueCandle, DecodeError> {
    let price = |at, name| row.read(at, name, value::price);
    let prices = [
        price(2, "open")?,
        price(1, "high")?,
        price(0, "low")?,
        price(3, "close")?,
    ];
    let name = super::description::name(timeframe);
    row.read(11, "interval", |found| (found.text() == name).then_some(()))?;
    let open_time = row.read(12, "start time", value::millis)?;
    let volume = row.read(5, "quantity", value::quantity)?;
    Ok(VenueCandle {
        close_time: row.read(13, "close time", value::millis)?,
        quote_volume: Some(row.read(4, "amount", value::notional)?),
        trades: Some(row.read(8, "trade count", Json::unsigned)?),
        taker_buy_volume: Some(row.read(7, "taker quantity", value::quantity)?),
        taker_buy_quote_volume: Some(row.read(6, "taker amount", value::notional)?),
        ..VenueCandle::bare(timeframe, open_time, prices, volume)
    })
}

/// `["price", "quantity", "price", …]` for each side; answers have no number of an update.
fn book(symbol: &VenueSymbol, f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let side = |field| {
        let items = f.list(field)?;
        let level = |pair: &[Json<'_>]| match pair {
            [price, quantity] => Some(Level {
                price: value::price(price)?,
                quantity: value::quantity(quantity)?,
            }),
            _ => None,
        };
        items
            .chunks(2)
            .map(|pair| level(pair).ok_or_else(|| f.bad(field, &pair[0])))
            .collect::<Result<Vec<_>, _>>()
    };
    let book = BookSnapshot {
        last_update_id: 0,
        time: Some(f.read("time", value::millis)?),
        bids: side("bids")?,
        asks: side("asks")?,
        checksum: None,
    };
    let sent = f.optional("ts", value::millis)?;
    Ok(event(Some(symbol), sent, EventKind::BookSnapshot(book)))
}
