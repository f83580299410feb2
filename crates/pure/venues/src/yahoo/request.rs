//! Queries as requests: the chart of a ticker.

use quantflow_model::{Timeframe, VenueId, VenueSymbol};
use quantflow_wire::{HttpRequest, Query, RequestError};

use crate::ask::{Asking, Tick, Ticks, check_limit, ticks};

/// A timeframe, its name, and days with rows.
type Named = (Timeframe, &'static str, Option<(i64, u32)>);

/// A timeframe of the source: its name, and for those within a day the days that may be asked for at
/// once with the rows that these surely hold (a session is six hours at the least, and of seven days
/// three have one). Its hours begin where a session does, which is seldom where ours do.
const NAMES: [Named; 7] = [
    (Timeframe::M1, "1m", Some((7, 1_000))),
    (Timeframe::M5, "5m", Some((55, 1_500))),
    (Timeframe::M15, "15m", Some((55, 500))),
    (Timeframe::M30, "30m", Some((55, 250))),
    (Timeframe::D1, "1d", None),
    (Timeframe::W1, "1wk", None),
    (Timeframe::Mo1, "1mo", None),
];

/// Spans that may be asked for by name, with the days that each surely holds.
const RANGES: [(i64, &str); 6] = [
    (5, "5d"),
    (28, "1mo"),
    (89, "3mo"),
    (365, "1y"),
    (1_825, "5y"),
    (i64::MAX, "max"),
];

/// Rows of days and longer that are asked for at once: the source sets no limit.
const ROWS: u32 = 10_000;

/// Seconds by which a day of an exchange may begin before or after that day in UTC.
const AROUND: i64 = 14 * 3_600;

const DAY: i64 = 86_400;

pub(super) fn timeframes() -> Vec<Timeframe> {
    NAMES.iter().map(|(timeframe, _, _)| *timeframe).collect()
}

/// Whether candles are called by their date, not by the instant at which they begin.
pub(super) fn dated(timeframe: Timeframe) -> bool {
    matches!(timeframe, Timeframe::D1 | Timeframe::W1 | Timeframe::Mo1)
}

pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::Candles { timeframe, .. } => {
            let found = NAMES.iter().find(|(known, _, _)| known == timeframe);
            found.map_or(0, |(_, _, page)| page.map_or(ROWS, |(_, rows)| rows))
        }
        Query::Ticker { symbol: Some(_) } => 1,
        _ => 0,
    }
}

fn chart<'a>(venue: &'a VenueId, symbol: &VenueSymbol) -> Result<Asking<'a>, RequestError> {
    let mut ask = Asking::new(venue, "/v8/finance/chart/");
    ask.segment(symbol.as_str())?;
    Ok(ask)
}

pub(super) fn request(venue: &VenueId, query: &Query) -> Result<HttpRequest, RequestError> {
    match query {
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            let mut ask = chart(venue, symbol)?;
            let found = NAMES.iter().find(|(known, _, _)| known == timeframe);
            let Some((_, name, page)) = found else {
                return Err(ask.not_offered(format!("candles of {timeframe}")));
            };
            check_limit(venue, *limit, page_limit(query))?;
            ask.pair("interval", name);
            let length = timeframe.approximate_nanos() / Tick::SECOND.0;
            let reach = match page {
                Some((days, _)) => days * DAY,
                // two thirds of all days have a session, at least
                None => length.saturating_mul(i64::from(*limit)).saturating_mul(3) / 2 + DAY * 5,
            };
            let around = if page.is_none() { AROUND } else { 0 };
            span(
                &mut ask,
                ticks(venue, Tick::SECOND, *from, *to)?,
                reach,
                around,
            );
            ask.pair("events", "div|split");
            ask.pair("includePrePost", "false");
            Ok(ask.get(1))
        }
        Query::Ticker {
            symbol: Some(symbol),
        } => {
            let mut ask = chart(venue, symbol)?;
            ask.pair("interval", "1d");
            ask.pair("range", "1d");
            Ok(ask.get(1))
        }
        other => Err(RequestError::not_offered(venue, other)),
    }
}

/// Both bounds belong to what is asked for. Of dated candles the days around are asked for too: which
/// of them belong to the span is seen when their exchange's offset is known.
fn span(ask: &mut Asking<'_>, (first, last): Ticks, reach: i64, around: i64) {
    let (first, last) = match (first, last) {
        (None, None) => {
            let days = reach / DAY + 1;
            let found = RANGES.iter().find(|(holds, _)| days <= *holds);
            ask.pair("range", found.map_or("max", |(_, name)| *name));
            return;
        }
        (Some(first), None) => (first, first.saturating_add(reach)),
        (None, Some(last)) => (last.saturating_sub(reach), last),
        (Some(first), Some(last)) => (first, last),
    };
    ask.number("period1", first.saturating_sub(around).max(0));
    ask.number("period2", last.saturating_add(around));
}
