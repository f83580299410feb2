//! Answers of the REST API.

use quantflow_model::{ContractState, Timestamp, VenueId, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Query};

use super::message::split;
use super::{Market, instruments, rows};
use crate::json::value::millis;
use crate::json::{Fields, Json};
use crate::said::{self, asked, sent_about, unknown, within};

/// What an answer says.
pub(super) struct Answer {
    pub(super) events: Vec<Event>,
    pub(super) unnamed_instruments: u64,
}

pub(super) fn decode(
    market: Market,
    venue: &VenueId,
    query: &Query,
    body: &[u8],
) -> Result<Answer, DecodeError> {
    let tree = Json::parse(body)?;
    let f = envelope(&tree)?;
    let sent: Option<Timestamp> = f.optional("ts", millis)?;
    let mut unnamed_instruments = 0;
    let of_all = |kind| {
        vec![Event {
            symbol: None,
            sent,
            kind,
        }]
    };
    let events = match query {
        Query::Instruments => {
            let (list, unnamed) = instruments::decode(market, venue, f.list("data")?)?;
            unnamed_instruments = unnamed;
            of_all(EventKind::Instruments(list))
        }
        Query::ServerTime => {
            let field = match market {
                Market::Spot => "data",
                Market::Linear => "ts",
            };
            of_all(EventKind::ServerTime(f.read(field, millis)?))
        }
        Query::Ticker { symbol: None } | Query::BestQuote { symbol: None } => {
            all_tickers(market, query, &f, sent)?
        }
        _ => {
            let symbol = asked(query)?;
            if f.has("ch") {
                let found = f.get("ch")?;
                let of = found.plain_text().and_then(|topic| split(topic, "market"));
                // an answer about another symbol must not be filed under the one that was asked for
                if of.map(|(of, _)| of) != Some(symbol.as_str()) {
                    return Err(f.bad("ch", found));
                }
            }
            let kinds = about_one(market, query, symbol, &f, sent)?.into_iter();
            kinds.map(|kind| sent_about(symbol, sent, kind)).collect()
        }
    };
    Ok(Answer {
        events,
        unnamed_instruments,
    })
}

/// `{"status":"ok",…}`; errors are told in words.
fn envelope<'t, 'a>(tree: &'t Json<'a>) -> Result<Fields<'t, 'a>, DecodeError> {
    if tree.entry("status").is_none() {
        return Err(unknown(&format!(
            "an answer without status: {}",
            tree.names()
        )));
    }
    let f = Fields::new("answer", tree)?;
    match f.text("status")? {
        "ok" => Ok(f),
        "error" => {
            let first = |names: [&str; 2]| names.into_iter().find_map(|name| tree.entry(name));
            let found = first(["err-code", "err_code"]);
            let words = first(["err-msg", "err_msg"]).map(Json::shown);
            let code = found.and_then(crate::json::value::unsigned);
            let name = match code {
                Some(_) => None,
                None => found.map(Json::shown),
            };
            let message: Vec<_> = name.into_iter().chain(words).collect();
            Err(DecodeError::Venue {
                code: code.and_then(|code| i64::try_from(code).ok()).unwrap_or(0),
                message: message.join(": ").replace('"', ""),
            })
        }
        _ => Err(f.bad("status", f.get("status")?)),
    }
}

fn about_one(
    market: Market,
    query: &Query,
    symbol: &VenueSymbol,
    f: &Fields<'_, '_>,
    sent: Option<Timestamp>,
) -> Result<Vec<EventKind>, DecodeError> {
    let check = |row: &Fields<'_, '_>| {
        if row.symbol("contract_code")? == *symbol {
            Ok(())
        } else {
            Err(row.bad("contract_code", row.get("contract_code")?))
        }
    };
    match query {
        Query::Candles {
            timeframe,
            from,
            to,
            limit,
            ..
        } => {
            let mut candles = Vec::new();
            for item in f.list("data")? {
                let candle = rows::candle(market, &Fields::new("kline", item)?, *timeframe)?;
                if within(candle.open_time, *from, *to) {
                    candles.push(candle);
                }
            }
            // the newest first of spot, the oldest of contracts
            candles.sort_by_key(|candle| candle.open_time);
            if from.is_none() {
                let surplus = candles.len().saturating_sub(*limit as usize);
                candles.drain(..surplus);
            }
            let kind = |candle| EventKind::Candle(Box::new(candle));
            Ok(candles.into_iter().map(kind).collect())
        }
        Query::RecentTrades { .. } => {
            // the newest first, trades of one order together
            let mut kinds = Vec::new();
            for together in f.list("data")?.iter().rev() {
                let together = Fields::new("history/trade", together)?;
                for item in together.list("data")?.iter().rev() {
                    let trade = rows::trade(market, &Fields::new("history/trade", item)?)?;
                    kinds.push(said::trade(trade));
                }
            }
            Ok(kinds)
        }
        Query::Book { .. } => {
            let mut book = rows::snapshot(&Fields::new("depth", f.get("tick")?)?)?;
            book.time = book.time.or(sent);
            Ok(vec![EventKind::BookSnapshot(book)])
        }
        Query::Ticker { .. } => {
            let tick = Fields::new("detail/merged", f.get("tick")?)?;
            let ticker = rows::ticker(market, &tick, sent)?;
            Ok(vec![EventKind::Ticker(Box::new(ticker))])
        }
        Query::BestQuote { .. } => {
            let tick = Fields::new("detail/merged", f.get("tick")?)?;
            let quote = rows::quote(&tick, None, sent)?;
            Ok(quote.map(EventKind::Quote).into_iter().collect())
        }
        Query::Contract { .. } => {
            let row = Fields::new("swap_funding_rate", f.get("data")?)?;
            check(&row)?;
            let state = rows::contract(&row, sent)?;
            Ok(vec![EventKind::Contract(Box::new(state))])
        }
        Query::OpenInterest { .. } => {
            let mut kinds = Vec::new();
            for item in f.list("data")? {
                let row = Fields::new("swap_open_interest", item)?;
                check(&row)?;
                kinds.push(EventKind::Contract(Box::new(ContractState {
                    time: sent,
                    // `amount` is the same in the base
                    open_interest: Some(row.quantity("volume")?),
                    ..ContractState::default()
                })));
            }
            Ok(kinds)
        }
        Query::FundingRates { from, to, .. } => {
            let page = Fields::new("swap_historical_funding_rate", f.get("data")?)?;
            let mut kinds = Vec::new();
            for item in page.list("data")?.iter().rev() {
                let row = Fields::new("swap_historical_funding_rate", item)?;
                check(&row)?;
                let rate = rows::funding(&row)?;
                if within(rate.time, *from, *to) {
                    kinds.push(EventKind::Funding(rate));
                }
            }
            Ok(kinds)
        }
        other => Err(DecodeError::unasked(other)),
    }
}

fn all_tickers(
    market: Market,
    query: &Query,
    f: &Fields<'_, '_>,
    sent: Option<Timestamp>,
) -> Result<Vec<Event>, DecodeError> {
    let mut events = Vec::new();
    for item in f.list("data")? {
        let row = Fields::new("tickers", item)?;
        let symbol = row.symbol("symbol")?;
        let ticker = rows::ticker(market, &row, sent)?;
        let kind = match query {
            Query::BestQuote { .. } => ticker.quote.map(EventKind::Quote),
            _ => Some(EventKind::Ticker(Box::new(ticker))),
        };
        events.extend(kind.map(|kind| sent_about(&symbol, sent, kind)));
    }
    Ok(events)
}
