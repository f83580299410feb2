//! `/history/{symbol}`.

use std::sync::Arc;

use quantflow_market::view::TradeRequest;
use quantflow_model::{TimeRange, Timestamp, TradeId};

use super::candles::range_of;
use crate::answer::{Answer, Freshness};
use crate::dto::Trade;
use crate::endpoint::{
    Access, Call, Endpoint, FROM, Method, Place, Returns, Run, SYMBOL, SYMBOL_VENUE, TIME, TO,
    cursor,
};
use crate::parameter::{Kind, Parameter};
use crate::problem::{Code, Problem};
use crate::shared::Shared;

pub(super) const HISTORY: Endpoint = Endpoint {
    name: "history",
    method: Method::Get,
    path: "/history/{symbol}",
    place: Place::Versioned,
    tag: "market data",
    summary: "Trades, newest first",
    about: "By the venue's time, then id. `nextCursor` (and the header `Link`) leads to older ones.",
    parameters: &[
        SYMBOL,
        SYMBOL_VENUE,
        FROM,
        TO,
        Parameter::new(
            "limit",
            Kind::Integer {
                min: 1,
                max: 10_000,
                default: 500,
            },
            "At most so many.",
            "100",
        ),
        cursor(
            "^-?[0-8]?[0-9]{1,18}\\.[0-9]{1,38}$",
            "1795168829998000000.999999",
        ),
        TIME,
    ],
    returns: Returns::Rows("Trade"),
    errors: &[Code::SymbolNotFound],
    per_minute: 60,
    ttl: 3600,
    access: Access::Open,
    run: Run::Data(|shared, call| Box::pin(history(shared, call))),
};

async fn history(shared: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let symbol = call.symbol()?.clone();
    let range = range_of(&call)?;
    let before = call
        .parameters
        .text("cursor")
        .map(read_cursor)
        .transpose()?;
    let request = TradeRequest {
        symbol,
        range,
        limit: call.parameters.integer("limit"),
        before,
    };
    let page = shared.market.trades(&request).await?;
    let style = call.style();
    let rows = page
        .trades
        .iter()
        .map(|t| Trade::of(&request.symbol, t, style))
        .collect();
    Ok(Answer::rows(rows)
        .fresh(freshness(&shared, range, before.map(|(time, _)| time)))
        .next(page.next.map(|(time, id)| format!("{}.{id}", time.nanos()))))
}

/// Trades of a time that is long over hold; a gap in them may still be filled, which takes seconds.
fn freshness(shared: &Shared, range: TimeRange, before: Option<Timestamp>) -> Freshness {
    let end = before.map_or(range.end, |before| before.min(range.end));
    let age = shared.clock.now().since(end);
    if age > 600_000_000_000 {
        Freshness::Endpoint
    } else {
        Freshness::Moving
    }
}

fn read_cursor(text: &str) -> Result<(Timestamp, TradeId), Problem> {
    let parts = text.split_once('.').and_then(|(time, id)| {
        Some((
            Timestamp::from_nanos(time.parse().ok()?),
            TradeId(id.parse().ok()?),
        ))
    });
    parts.ok_or_else(|| Parameter::bad_cursor(text))
}
