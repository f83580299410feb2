//! Answers of the REST API.

use quantflow_model::{ContractState, Timestamp, VenueId, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Query};

use super::ticker::Said;
use super::{Market, instruments, rows};
use crate::bounds;
use crate::json::value::{millis, nanos};
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
    let (result, sent) = envelope(&tree)?;
    let mut unnamed_instruments = 0;
    let of_all = |kind| {
        vec![Event {
            symbol: None,
            sent,
            kind,
        }]
    };
    let events = match query {
        Query::InstrumentsOf { .. } => {
            let (list, unnamed) = instruments::decode(market, venue, result.list("list")?)?;
            unnamed_instruments = unnamed;
            of_all(EventKind::Instruments(list))
        }
        Query::ServerTime => of_all(EventKind::ServerTime(result.read("timeNano", nanos)?)),
        Query::Ticker { symbol } | Query::BestQuote { symbol } | Query::Contract { symbol } => {
            tickers(market, query, symbol.as_ref(), &result, sent)?
        }
        _ => {
            let symbol = asked(query)?;
            let kinds = about_one(market, query, symbol, &result)?.into_iter();
            kinds.map(|kind| sent_about(symbol, sent, kind)).collect()
        }
    };
    Ok(Answer {
        events,
        unnamed_instruments,
    })
}

/// `{"retCode":0,"retMsg":"OK","result":{…},"time":…}`; another code is an error.
fn envelope<'t, 'a>(
    tree: &'t Json<'a>,
) -> Result<(Fields<'t, 'a>, Option<Timestamp>), DecodeError> {
    if tree.entry("ret_code").is_some() {
        return Err(unknown("an answer of the API before v5"));
    }
    let f = Fields::in_text("answer", tree)?;
    let code = f.read("retCode", Json::integer)?;
    if code != 0 {
        let message = f.text("retMsg")?.to_owned();
        return Err(DecodeError::Venue { code, message });
    }
    let sent = f.optional("time", millis)?;
    Ok((Fields::in_text("result", f.get("result")?)?, sent))
}

fn about_one(
    market: Market,
    query: &Query,
    symbol: &VenueSymbol,
    result: &Fields<'_, '_>,
) -> Result<Vec<EventKind>, DecodeError> {
    // an answer about another symbol must not be filed under the one that was asked for
    if result.has("symbol") {
        rows::symbol_of(result, "symbol", symbol)?;
    }
    // the newest row comes first
    let rows = |read: &dyn Fn(&Json<'_>) -> Result<Option<EventKind>, DecodeError>| {
        let kinds = result.list("list")?.iter().rev().map(read);
        let kinds: Result<Vec<_>, DecodeError> = kinds.collect();
        Ok::<Vec<EventKind>, _>(kinds?.into_iter().flatten().collect())
    };
    match query {
        Query::Candles { timeframe, .. } => rows(&|row| {
            let candle = rows::candle(market, row, *timeframe)?;
            Ok(Some(EventKind::Candle(Box::new(candle))))
        }),
        Query::RecentTrades { .. } => rows(&|row| {
            let f = Fields::in_text("recent-trade", row)?;
            rows::symbol_of(&f, "symbol", symbol)?;
            Ok(Some(said::trade(rows::recent_trade(&f)?)))
        }),
        Query::Book { .. } => {
            rows::symbol_of(result, "s", symbol)?;
            let time = match result.optional("cts", millis)? {
                Some(time) => Some(time),
                None => result.optional("ts", millis)?,
            };
            Ok(vec![EventKind::BookSnapshot(rows::snapshot(result, time)?)])
        }
        Query::OpenInterest { .. } => rows(&|row| {
            let f = Fields::in_text("open-interest", row)?;
            Ok(Some(EventKind::Contract(Box::new(ContractState {
                time: Some(f.read("timestamp", millis)?),
                open_interest: Some(f.quantity("openInterest")?),
                ..ContractState::default()
            }))))
        }),
        Query::FundingRates { from, to, .. } => rows(&|row| {
            let f = Fields::in_text("funding", row)?;
            rows::symbol_of(&f, "symbol", symbol)?;
            let rate = rows::funding(&f)?;
            Ok(within(rate.time, *from, *to).then_some(EventKind::Funding(rate)))
        }),
        other => Err(DecodeError::unasked(other)),
    }
}

/// Of what all tickers say, the part that was asked for.
fn tickers(
    market: Market,
    query: &Query,
    asked: Option<&VenueSymbol>,
    result: &Fields<'_, '_>,
    sent: Option<Timestamp>,
) -> Result<Vec<Event>, DecodeError> {
    let mut events = Vec::new();
    for item in result.list("list")? {
        let f = Fields::in_text("tickers", item)?;
        if let Some(asked) = asked {
            rows::symbol_of(&f, "symbol", asked)?;
        }
        let symbol = f.symbol("symbol")?;
        let said = Said::of(market, &f, sent)?;
        let kind = match query {
            Query::Ticker { .. } => said
                .ticker
                .map(|ticker| EventKind::Ticker(Box::new(ticker))),
            Query::BestQuote { .. } => said.quote.map(EventKind::Quote),
            _ if market == Market::Option => {
                said.option.map(|state| EventKind::Option(Box::new(state)))
            }
            _ => said
                .contract
                .map(|state| EventKind::Contract(Box::new(state))),
        };
        events.extend(kind.map(|kind| sent_about(&symbol, sent, kind)));
    }
    Ok(events)
}

pub(super) fn next_page(query: &Query, body: &[u8]) -> Option<Query> {
    let tree = Json::parse(body).ok()?;
    let (result, _) = envelope(&tree).ok()?;
    match query {
        Query::InstrumentsOf { part, after } => {
            let cursor = result.optional("nextPageCursor", Json::text).ok()??;
            // a page that leads to itself would be asked for without end
            (after.as_deref() != Some(cursor)).then(|| Query::InstrumentsOf {
                part: part.clone(),
                after: Some(cursor.into()),
            })
        }
        Query::FundingRates { .. } => {
            let items = result.list("list").ok()?;
            let time = |item: Option<&Json<'_>>| millis(item?.entry("fundingRateTimestamp")?);
            bounds::older(
                query,
                items.len(),
                time(items.last())?,
                time(items.first())?,
            )
        }
        _ => None,
    }
}
