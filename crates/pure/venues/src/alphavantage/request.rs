//! Queries as requests: one function of the source for each kind of thing.

use quantflow_model::{Timeframe, Timestamp, VenueId};
use quantflow_wire::{HttpRequest, Query, RequestError};

use super::answer::Kind;
use crate::ask::{Asking, Tick, check_limit, ticks};

/// The source's names of timeframes within a day.
const NAMES: [(Timeframe, &str); 5] = [
    (Timeframe::M1, "1min"),
    (Timeframe::M5, "5min"),
    (Timeframe::M15, "15min"),
    (Timeframe::M30, "30min"),
    (Timeframe::H1, "60min"),
];

/// Rows that are asked for at once: the source gives all it has.
pub(super) const ROWS: u32 = 10_000;

/// Rows of a short answer.
const COMPACT: u32 = 100;

/// What carries the key where the source is asked through its gateway.
const KEY_HEADER: &str = "X-RapidAPI-Key";

/// That gateway, which wants to be named.
pub(super) const GATEWAY: &str = "alpha-vantage.p.rapidapi.com";

pub(super) fn timeframes() -> Vec<Timeframe> {
    let within_a_day = NAMES.iter().map(|(timeframe, _)| *timeframe);
    within_a_day.chain([Timeframe::D1]).collect()
}

pub(super) fn request(venue: &VenueId, query: &Query) -> Result<HttpRequest, RequestError> {
    let Query::Candles {
        symbol,
        timeframe,
        from,
        to,
        limit,
    } = query
    else {
        return Err(RequestError::not_offered(venue, query));
    };
    check_limit(venue, *limit, ROWS)?;
    ticks(venue, Tick::SECOND, *from, *to)?;
    let mut ask = Asking::new(venue, "/query");
    let kind = Kind::of(symbol);
    let name = NAMES.iter().find(|(known, _)| known == timeframe);
    let function = match (kind, name, timeframe) {
        (Kind::Share, Some(_), _) => "TIME_SERIES_INTRADAY",
        (Kind::Share, None, Timeframe::D1) => "TIME_SERIES_DAILY",
        (Kind::Currency(..), Some(_), _) => "FX_INTRADAY",
        (Kind::Currency(..), None, Timeframe::D1) => "FX_DAILY",
        (Kind::Crypto(..), Some(_), _) => "CRYPTO_INTRADAY",
        (Kind::Crypto(..), None, Timeframe::D1) => "DIGITAL_CURRENCY_DAILY",
        _ => return Err(ask.not_offered(format!("candles of {timeframe}"))),
    };
    ask.pair("function", function);
    match kind {
        Kind::Share => ask.pair("symbol", symbol.as_str()),
        Kind::Currency(from, to) => {
            ask.pair("from_symbol", from);
            ask.pair("to_symbol", to);
        }
        Kind::Crypto(base, market) => {
            ask.pair("symbol", base);
            ask.pair("market", market);
        }
    }
    if let Some((_, name)) = name {
        ask.pair("interval", name);
        if matches!(kind, Kind::Share) {
            ask.pair("extended_hours", "false");
            // without bounds it tells the newest 30 days
            let newest = to.map(|to| to.plus_nanos(-1));
            if let Some(from) = from.or(newest) {
                month(&mut ask, from, *to)?;
            }
        }
    }
    let short = from.is_none() && to.is_none() && *limit <= COMPACT;
    if !matches!((kind, name), (Kind::Crypto(..), None)) {
        ask.pair("outputsize", if short { "compact" } else { "full" });
    }
    Ok(HttpRequest {
        headers: vec![("X-RapidAPI-Host".into(), GATEWAY.into())],
        key_header: Some(KEY_HEADER),
        ..ask.get(1)
    })
}

/// Times within the day of shares are given a month at once: the span must lie in one.
fn month(ask: &mut Asking<'_>, from: Timestamp, to: Option<Timestamp>) -> Result<(), RequestError> {
    let name = |time: Timestamp| time.date()[..7].to_owned();
    let last = to.map_or(from, |to| to.plus_nanos(-1));
    if name(from) != name(last) {
        let given = format!("{from} to {last}");
        return Err(ask.out_of_range("the span", given, "a part of one month"));
    }
    ask.pair("month", &name(from));
    Ok(())
}
