//! `/completeness/{symbol}`, `/quarantine`.

use std::sync::Arc;

use quantflow_model::{TimeRange, Timestamp};
use quantflow_seams::QuarantineQuery;

use super::candles::range_of;
use crate::answer::{Answer, Freshness};
use crate::dto::{Certificate, Quarantined};
use crate::endpoint::{
    Access, Call, Endpoint, FROM, Method, Place, Returns, Run, SYMBOL, SYMBOL_VENUE, TIME, TO,
    cursor,
};
use crate::parameter::{Kind, Parameter};
use crate::problem::{Code, Problem};
use crate::shared::Shared;

const DAY: i64 = 86_400_000_000_000;
/// Days that are meant when no start is given.
const DAYS: i64 = 30;
/// The longest range, in days.
const MOST_DAYS: i64 = 1000;

pub(super) const COMPLETENESS: Endpoint = Endpoint {
    name: "completeness",
    method: Method::Get,
    path: "/completeness/{symbol}",
    place: Place::Versioned,
    tag: "data health",
    summary: "What is known of each day: what is held, what is missing, how it compares",
    about: "One certificate a day (UTC) that overlaps the range, oldest first; the last 30 days unless said otherwise, \
            at most 1000.",
    parameters: &[SYMBOL, SYMBOL_VENUE, FROM, TO, TIME],
    returns: Returns::Rows("Certificate"),
    errors: &[Code::SymbolNotFound],
    per_minute: 60,
    ttl: 60,
    access: Access::Open,
    run: Run::Data(|shared, call| Box::pin(completeness(shared, call))),
};

pub(super) const QUARANTINE: Endpoint = Endpoint {
    name: "quarantine",
    method: Method::Get,
    path: "/quarantine",
    place: Place::Versioned,
    tag: "data health",
    summary: "What was refused, newest first",
    about: "Each with the rule, the reason, the bytes as they came and their place in the raw log.",
    parameters: &[
        Parameter::new(
            "symbol",
            Kind::Text(120),
            "Only of this symbol.",
            "demo:BTC-USDT",
        ),
        SYMBOL_VENUE,
        Parameter::new(
            "limit",
            Kind::Integer {
                min: 1,
                max: 1000,
                default: 100,
            },
            "At most so many.",
            "100",
        ),
        cursor("^[0-9]{1,18}$", "151"),
        TIME,
    ],
    returns: Returns::Rows("Quarantined"),
    errors: &[Code::SymbolNotFound],
    per_minute: 60,
    ttl: 0,
    access: Access::Open,
    run: Run::Data(|shared, call| Box::pin(quarantine(shared, call))),
};

async fn completeness(shared: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let asked = range_of(&call)?;
    let now = shared.clock.now();
    let end = if asked.end == Timestamp::MAX {
        now.plus_nanos(1)
    } else {
        asked.end
    };
    let start = if asked.start == Timestamp::MIN {
        end.start_of_day().plus_nanos(-(DAYS - 1) * DAY)
    } else {
        asked.start
    };
    if end.since(start) > MOST_DAYS * DAY {
        let allowed = format!("at most {MOST_DAYS} days from from to to");
        return Err(Problem::parameter(
            "from",
            &start.to_string(),
            allowed,
            "lies too far before to",
        ));
    }
    let certificates = shared
        .market
        .completeness(call.symbol()?, TimeRange::new(start, end))
        .await?;
    let style = call.style();
    Ok(Answer::rows(
        certificates
            .iter()
            .map(|c| Certificate::of(c, style))
            .collect(),
    ))
}

async fn quarantine(shared: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let parameters = &call.parameters;
    let symbol = match parameters.text("symbol") {
        Some(text) => {
            let venue = parameters.text("venue");
            Some(
                shared
                    .directory
                    .resolve(text, venue, shared.since_start())
                    .await?,
            )
        }
        None => None,
    };
    let before = match parameters.text("cursor") {
        Some(text) => Some(text.parse().map_err(|_| Parameter::bad_cursor(text))?),
        None => None,
    };
    let limit = parameters.integer("limit");
    let query = QuarantineQuery {
        symbol,
        limit,
        before,
    };
    let rows = shared.market.quarantine(&query).await?;
    let next = rows
        .last()
        .filter(|_| rows.len() == limit)
        .map(|row| row.id.to_string());
    let style = call.style();
    Ok(
        Answer::rows(rows.iter().map(|row| Quarantined::of(row, style)).collect())
            .fresh(Freshness::Moving)
            .next(next),
    )
}
