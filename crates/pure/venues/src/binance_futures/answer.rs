//! Answers of the REST API of the futures markets.

use quantflow_model::{
    BookSnapshot, ContractState, FundingRate, Quantity, Quote, Trade, TradeFlags, VenueId,
    VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Query, Ticker, TradeEvent, VenueCandle};

use super::message::{aggregate_of, price_in_text, some_time};
use super::{Market, instruments};
use crate::ask::{event, list};
use crate::binance::message::venue_error;
use crate::binance::scan::taker;
use crate::binance::value::{id_or_none, time};
use crate::json::value::decimal_in_text;
use crate::json::{Fields, Json, Row};

pub(super) fn decode(
    venue: &VenueId,
    market: Market,
    query: &Query,
    body: &[u8],
) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(body)?;
    if tree.entry("code").is_some() && tree.entry("msg").is_some() {
        let (code, message) = venue_error(&tree)?;
        return Err(DecodeError::Venue { code, message });
    }
    let tree = &tree;
    match query {
        Query::ServerTime => {
            let time = Fields::in_text("time", tree)?.read("serverTime", time)?;
            Ok(vec![event(None, Some(time), EventKind::ServerTime(time))])
        }
        Query::Instruments => Ok(vec![instruments::decode(venue, market, tree)?]),
        Query::Candles {
            symbol, timeframe, ..
        } => rows("klines", tree, |row| {
            let candle = candle(market, row, *timeframe)?;
            Ok(event(
                Some(symbol),
                None,
                EventKind::Candle(Box::new(candle)),
            ))
        }),
        Query::RecentTrades { symbol, .. } => rows("trades", tree, |row| {
            trade(symbol, &Fields::in_text("trades", row)?)
        }),
        Query::TradesFromId { symbol, .. } => rows("historicalTrades", tree, |row| {
            trade(symbol, &Fields::in_text("historicalTrades", row)?)
        }),
        Query::AggregateTrades { symbol, .. } | Query::AggregateTradesFromId { symbol, .. } => {
            rows("aggTrades", tree, |row| {
                let trade = aggregate_of(&Fields::in_text("aggTrades", row)?)?;
                Ok(event(Some(symbol), None, EventKind::AggregateTrade(trade)))
            })
        }
        Query::Book { symbol, .. } => book(symbol, tree).map(|event| vec![event]),
        Query::Ticker { symbol } => {
            about("ticker/24hr", symbol.as_ref(), tree, |f| ticker(market, f))
        }
        Query::BestQuote { symbol } => about("ticker/bookTicker", symbol.as_ref(), tree, quote),
        Query::Contract { symbol } => about("premiumIndex", symbol.as_ref(), tree, contract),
        Query::FundingRates { symbol, .. } => {
            about_rows("fundingRate", Some(symbol), tree, funding)
        }
        Query::OpenInterest { symbol } => about("openInterest", Some(symbol), tree, open_interest),
        other => Err(DecodeError::unasked(other)),
    }
}

/// Each element of a list; none is kept when one is bad.
fn rows<'t, 'a>(
    message: &'static str,
    tree: &'t Json<'a>,
    row: impl Fn(&'t Json<'a>) -> Result<Event, DecodeError>,
) -> Result<Vec<Event>, DecodeError> {
    list(message, tree)?.iter().map(row).collect()
}

/// An object, or a list of objects, each with its own symbol. Coin-margined contracts are answered
/// with a list even where one was asked for.
fn about<'t, 'a>(
    message: &'static str,
    asked: Option<&VenueSymbol>,
    tree: &'t Json<'a>,
    kind: impl Fn(&Fields<'t, 'a>) -> Result<EventKind, DecodeError>,
) -> Result<Vec<Event>, DecodeError> {
    match tree {
        Json::List(_) => about_rows(message, asked, tree, kind),
        one => Ok(vec![about_one(message, asked, one, &kind)?]),
    }
}

fn about_rows<'t, 'a>(
    message: &'static str,
    asked: Option<&VenueSymbol>,
    tree: &'t Json<'a>,
    kind: impl Fn(&Fields<'t, 'a>) -> Result<EventKind, DecodeError>,
) -> Result<Vec<Event>, DecodeError> {
    rows(message, tree, |item| about_one(message, asked, item, &kind))
}

fn about_one<'t, 'a>(
    message: &'static str,
    asked: Option<&VenueSymbol>,
    item: &'t Json<'a>,
    kind: impl Fn(&Fields<'t, 'a>) -> Result<EventKind, DecodeError>,
) -> Result<Event, DecodeError> {
    let f = Fields::in_text(message, item)?;
    let symbol = f.symbol("symbol")?;
    // an answer about another symbol must not be filed under the one that was asked for
    if asked.is_some_and(|asked| *asked != symbol) {
        return Err(f.bad("symbol", f.get("symbol")?));
    }
    let sent = f.optional("time", time)?;
    Ok(event(Some(&symbol), sent, kind(&f)?))
}

fn trade(symbol: &VenueSymbol, f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    if f.has("isBestMatch") {
        return Err(DecodeError::UnknownMessage(
            "trades with \"isBestMatch\": of spot, not futures".into(),
        ));
    }
    let trade = Trade {
        id: f.id("id")?,
        time: f.read("time", time)?,
        price: f.price("price")?,
        quantity: f.quantity("qty")?,
        side: taker(f.flag("isBuyerMaker")?),
        flags: TradeFlags::NONE,
        count: 1,
    };
    let kind = EventKind::Trade(TradeEvent {
        trade,
        orders: None,
    });
    Ok(event(Some(symbol), None, kind))
}

/// `[open time, open, high, low, close, volume, close time, amount, trades, taker buy volume, taker
/// buy amount, ignored]`
fn candle(
    market: Market,
    row: &Json<'_>,
    timeframe: quantflow_model::Timeframe,
) -> Result<VenueCandle, DecodeError> {
    let row = Row::new("klines", row)?;
    let number = |at, name| row.read(at, name, decimal_in_text);
    let (amount, taker_amount) = (number(7, "amount")?, number(10, "taker buy amount")?);
    let of_quote = market == Market::Usd;
    Ok(VenueCandle {
        timeframe,
        open_time: row.read(0, "open time", time)?,
        close_time: row.read(6, "close time", time)?,
        open: number(1, "open")?.into(),
        high: number(2, "high")?.into(),
        low: number(3, "low")?.into(),
        close: number(4, "close")?.into(),
        volume: number(5, "volume")?.into(),
        quote_volume: of_quote.then_some(amount.into()),
        trades: Some(row.read(8, "trades", Json::unsigned)?),
        taker_buy_volume: Some(number(9, "taker buy volume")?.into()),
        taker_buy_quote_volume: of_quote.then_some(taker_amount.into()),
        first_id: None,
        last_id: None,
        closed: None,
    })
}

fn book(symbol: &VenueSymbol, tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("depth", tree)?;
    if let Some(found) = f.optional("symbol", crate::json::value::symbol)?
        && found != *symbol
    {
        return Err(f.bad("symbol", f.get("symbol")?));
    }
    let book = BookSnapshot {
        last_update_id: f.unsigned("lastUpdateId")?,
        time: Some(f.read("T", time)?),
        bids: f.levels("bids")?,
        asks: f.levels("asks")?,
        checksum: None,
    };
    let sent = Some(f.read("E", time)?);
    Ok(event(Some(symbol), sent, EventKind::BookSnapshot(book)))
}

fn quote(f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    Ok(EventKind::Quote(Quote {
        bid: f.price("bidPrice")?,
        bid_quantity: f.quantity("bidQty")?,
        ask: f.price("askPrice")?,
        ask_quantity: f.quantity("askQty")?,
        update_id: f.optional("lastUpdateId", Json::unsigned)?,
        time: f.optional("time", time)?,
    }))
}

/// Coin-margined: `volume` counts contracts, and `baseVolume` stands where USD-margined ones have
/// `quoteVolume`.
fn ticker(market: Market, f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    let quote_volume = match market {
        Market::Usd => Some(f.notional("quoteVolume")?),
        Market::Coin => None,
    };
    Ok(EventKind::Ticker(Box::new(Ticker {
        last: f.price("lastPrice")?,
        last_quantity: Some(f.quantity("lastQty")?),
        open: Some(f.price("openPrice")?),
        high: Some(f.price("highPrice")?),
        low: Some(f.price("lowPrice")?),
        volume: Some(f.quantity("volume")?),
        quote_volume,
        change: Some(f.price("priceChange")?),
        change_percent: Some(f.decimal("priceChangePercent")?),
        weighted_average: Some(f.price("weightedAvgPrice")?),
        previous_close: None,
        quote: None,
        open_time: Some(f.read("openTime", time)?),
        close_time: Some(f.read("closeTime", time)?),
        first_id: f.read("firstId", id_or_none)?,
        last_id: f.read("lastId", id_or_none)?,
        trades: Some(f.unsigned("count")?),
    })))
}

/// Old answers lack the estimated settlement price; dated contracts have no rate, and 0 for its time.
fn contract(f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    Ok(EventKind::Contract(Box::new(ContractState {
        time: Some(f.read("time", time)?),
        mark: Some(f.price("markPrice")?),
        index: f.optional("indexPrice", price_in_text)?,
        settlement: f.optional("estimatedSettlePrice", price_in_text)?,
        funding_rate: f.optional("lastFundingRate", decimal_in_text)?,
        funding_time: some_time(Some(f.read("nextFundingTime", time)?)),
        ..ContractState::default()
    })))
}

fn funding(f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    Ok(EventKind::Funding(FundingRate {
        time: f.read("fundingTime", time)?,
        rate: f.decimal("fundingRate")?,
        mark: f.optional("markPrice", price_in_text)?,
    }))
}

fn open_interest(f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    let open = f.read("openInterest", decimal_in_text)?;
    Ok(EventKind::Contract(Box::new(ContractState {
        time: Some(f.read("time", time)?),
        open_interest: Some(Quantity(open)),
        ..ContractState::default()
    })))
}
