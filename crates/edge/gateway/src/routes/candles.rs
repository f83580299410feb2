//! `/chart/ohlc/{symbol}`, `/candles/{symbol}/{open_time}/provenance`.

use std::sync::Arc;
use std::time::Duration;

use quantflow_market::view::{CandlePage, CandleRequest};
use quantflow_model::{CandleState, TimeRange, Timestamp};

use crate::answer::{Answer, Freshness};
use crate::dto::{Candle, Provenance};
use crate::endpoint::{
    Access, Call, Endpoint, FROM, Method, Place, Returns, Run, SYMBOL, SYMBOL_VENUE, TIME,
    TIMEFRAME, TO, cursor,
};
use crate::parameter::{Kind, Parameter};
use crate::problem::{Code, Problem};
use crate::shared::Shared;
use crate::sources::HistoryOutcome;

pub(super) const OHLC: Endpoint = Endpoint {
    name: "ohlc",
    method: Method::Get,
    path: "/chart/ohlc/{symbol}",
    place: Place::Versioned,
    tag: "market data",
    summary: "Candles, oldest first",
    about: "Without `from` the newest `limit` before `to` (or now), the open one included; with `from` the oldest \
            `limit` from there, and `nextCursor` leads on. With `as_of` the answer is what it would have been then.",
    parameters: &[
        SYMBOL,
        SYMBOL_VENUE,
        TIMEFRAME,
        FROM,
        TO,
        Parameter::new(
            "limit",
            Kind::Integer {
                min: 1,
                max: 5000,
                default: 500,
            },
            "At most so many.",
            "100",
        ),
        cursor("^-?[0-8]?[0-9]{1,18}$", "1795168800000000000"),
        Parameter::new(
            "as_of",
            Kind::Time,
            "As it was known then.",
            "2026-11-20T12:00:00Z",
        ),
        Parameter::new(
            "fill",
            Kind::Word(&["none", "previous"]),
            "Whether spans without trades are filled with the close before; such rows are marked.",
            "none",
        ),
        TIME,
    ],
    returns: Returns::Rows("Candle"),
    errors: &[Code::SymbolNotFound],
    per_minute: 120,
    ttl: 300,
    access: Access::Open,
    run: Run::Data(|shared, call| Box::pin(ohlc(shared, call))),
};

pub(super) const PROVENANCE: Endpoint = Endpoint {
    name: "provenance",
    method: Method::Get,
    path: "/candles/{symbol}/{open_time}/provenance",
    place: Place::Versioned,
    tag: "data health",
    summary: "Where a candle comes from",
    about: "Its revisions with the time and reason of each, the parts of the raw log that hold its trades, and what \
            the ledger learned of its span.",
    parameters: &[
        SYMBOL,
        Parameter::new(
            "open_time",
            Kind::PathTime,
            "Where the candle begins.",
            "2026-11-20T10:00:00Z",
        ),
        SYMBOL_VENUE,
        TIMEFRAME,
        TIME,
    ],
    returns: Returns::Object("Provenance"),
    errors: &[Code::SymbolNotFound, Code::CandleNotFound],
    per_minute: 30,
    ttl: 0,
    access: Access::Open,
    run: Run::Data(|shared, call| Box::pin(provenance(shared, call))),
};

/// How long a reader waits for the venue's own older candles.
const HISTORY_PATIENCE: Duration = Duration::from_secs(5);
/// After so long a closed candle is not expected to change any more.
const SETTLED: i64 = 120_000_000_000;

/// The range of `from` and `to`.
pub(super) fn range_of(call: &Call) -> Result<TimeRange, Problem> {
    let from = call.parameters.time("from").unwrap_or(Timestamp::MIN);
    let to = call.parameters.time("to").unwrap_or(Timestamp::MAX);
    if from > to {
        return Err(Problem::parameter(
            "from",
            &from.to_string(),
            format!("before to, which is {to}"),
            "lies after to",
        ));
    }
    Ok(TimeRange::new(from, to))
}

async fn ohlc(shared: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let symbol = call.symbol()?.clone();
    let mut range = range_of(&call)?;
    if let Some(cursor) = call.parameters.text("cursor") {
        let next = cursor.parse().map_err(|_| Parameter::bad_cursor(cursor))?;
        range.start = range.start.max(Timestamp::from_nanos(next));
    }
    let request = CandleRequest {
        symbol,
        timeframe: call.parameters.timeframe(),
        range,
        limit: call.parameters.integer("limit"),
        as_of: call.parameters.time("as_of"),
        fill: call.parameters.is("fill", "previous"),
    };
    let mut page = shared.market.candles(&request).await?;
    if !page.absent.is_empty() && fetch_absent(&shared, &request, &page).await {
        page = shared.market.candles(&request).await?;
    }
    let freshness = freshness(&shared, &request, &page);
    let style = call.style();
    let rows = page
        .candles
        .iter()
        .map(|view| Candle::of(view, style))
        .collect();
    Ok(Answer::rows(rows)
        .fresh(freshness)
        .next(page.next.map(|next| next.nanos().to_string())))
}

/// Asks the venue for what a page should have and has not; whether some of it came.
async fn fetch_absent(shared: &Shared, request: &CandleRequest, page: &CandlePage) -> bool {
    let spans = match page.absent.len().saturating_sub(MOST_SPANS) {
        // those that the reader begins with
        more if request.range.start == Timestamp::MIN => &page.absent[more..],
        more => &page.absent[..page.absent.len() - more],
    };
    let asked = spans.iter().map(|span| {
        shared
            .history
            .request_history(&request.symbol, request.timeframe, *span)
    });
    let asked = futures_util::future::join_all(asked);
    let Ok(outcomes) = tokio::time::timeout(HISTORY_PATIENCE, asked).await else {
        tracing::debug!(symbol = %request.symbol, "older candles are still being fetched");
        return true;
    };
    for outcome in &outcomes {
        if let HistoryOutcome::Failed(why) = outcome {
            tracing::warn!(symbol = %request.symbol, cause = %why, "older candles could not be fetched");
        }
    }
    outcomes.contains(&HistoryOutcome::Added)
}

/// A venue is asked for at most this many spans for one answer; the others come with the next.
const MOST_SPANS: usize = 4;

/// A range that is over holds, as long as nothing in it is known to be missing; the open candle never does.
fn freshness(shared: &Shared, request: &CandleRequest, page: &CandlePage) -> Freshness {
    let now = shared.clock.now();
    if request
        .as_of
        .is_some_and(|as_of| now.since(as_of) > SETTLED)
    {
        return Freshness::Endpoint;
    }
    let over = now.since(request.range.end) > SETTLED;
    if !over
        || page
            .candles
            .iter()
            .any(|v| v.candle.state == CandleState::Open)
    {
        return Freshness::Moving;
    }
    let whole = !page.candles.is_empty()
        && page.absent.is_empty()
        && page.candles.iter().all(|view| view.complete);
    if whole {
        Freshness::Endpoint
    } else {
        // a gap may be filled at any time
        Freshness::For(Duration::from_secs(5))
    }
}

async fn provenance(shared: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let symbol = call.symbol()?;
    let timeframe = call.parameters.timeframe();
    let open_time = call.parameters.time("open_time").unwrap_or_default();
    let found = shared
        .market
        .provenance(symbol, timeframe, open_time)
        .await?;
    let found = found.ok_or_else(|| {
        let nearest = timeframe.open_of(open_time);
        let suggestions = if nearest == open_time {
            Vec::new()
        } else {
            vec![nearest.to_string()]
        };
        Problem::not_found(
            Code::CandleNotFound,
            format!("{symbol} has no {timeframe} candle that opens at {open_time}"),
            suggestions,
        )
    })?;
    let answer = Provenance::of(symbol, timeframe, open_time, &found, call.style());
    Ok(Answer::object(&answer)?.fresh(Freshness::Moving))
}
