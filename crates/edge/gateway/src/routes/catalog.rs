//! `/symbols`, `/venues`, `/timeframes`.

use std::sync::Arc;
use std::time::Duration;

use quantflow_model as model;

use crate::answer::{Answer, Freshness};
use crate::dto::{Symbol, Timeframe, Venue};
use crate::endpoint::{Access, Call, Endpoint, Method, Place, QUERY, Returns, Run, TIME, cursor};
use crate::parameter::{Kind, Parameter};
use crate::problem::Problem;
use crate::shared::Shared;

pub(super) const SYMBOLS: Endpoint = Endpoint {
    name: "symbols",
    method: Method::Get,
    path: "/symbols",
    place: Place::Versioned,
    tag: "catalogues",
    summary: "Symbols that have data or could have",
    about: "Sorted by name.",
    parameters: &[
        QUERY,
        Parameter::new("venue", Kind::Venue, "Only symbols of this venue.", "demo"),
        Parameter::new(
            "limit",
            Kind::Integer {
                min: 1,
                max: 5000,
                default: 5000,
            },
            "At most so many.",
            "100",
        ),
        cursor("^[!-~]{1,160}$", "binance:ETH/USDT"),
        TIME,
    ],
    returns: Returns::Rows("Symbol"),
    errors: &[],
    per_minute: 120,
    ttl: 600,
    access: Access::Open,
    run: Run::Data(|shared, call| Box::pin(symbols(shared, call))),
};

pub(super) const VENUES: Endpoint = Endpoint {
    name: "venues",
    method: Method::Get,
    path: "/venues",
    place: Place::Versioned,
    tag: "catalogues",
    summary: "Venues that are known",
    about: "With their request budgets, channels and timeframes.",
    parameters: &[QUERY],
    returns: Returns::Rows("Venue"),
    errors: &[],
    per_minute: 120,
    ttl: 600,
    access: Access::Open,
    run: Run::Data(|shared, call| Box::pin(venues(shared, call))),
};

pub(super) const TIMEFRAMES: Endpoint = Endpoint {
    name: "timeframes",
    method: Method::Get,
    path: "/timeframes",
    place: Place::Versioned,
    tag: "catalogues",
    summary: "Timeframes of candles, shortest first",
    about: "Weeks open on Monday, months on the 1st, 3d at 1970-01-01; all in UTC.",
    parameters: &[QUERY],
    returns: Returns::Rows("Timeframe"),
    errors: &[],
    per_minute: 120,
    ttl: 600,
    access: Access::Open,
    run: Run::Data(|shared, call| Box::pin(timeframes(shared, call))),
};

/// While a symbol's ingestion is young its entry changes: the list is not kept for the full time, so that a chart of a
/// market that was just added is found.
const YOUNG: Duration = Duration::from_secs(10);

/// Whether every word of the query is in the text, in any case.
fn says(text: &str, query: Option<&str>) -> bool {
    let Some(query) = query else { return true };
    let text = text.to_ascii_lowercase();
    query
        .split_whitespace()
        .all(|word| text.contains(&word.to_ascii_lowercase()))
}

async fn symbols(shared: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let known = shared
        .directory
        .symbols(YOUNG, shared.since_start())
        .await?;
    let parameters = &call.parameters;
    let (query, venue) = (parameters.text("q"), parameters.text("venue"));
    let after = parameters.text("cursor");
    let limit = parameters.integer("limit");
    let matches = |view: &&quantflow_market::view::SymbolView| {
        let name = &view.symbol;
        let spelling = view
            .instrument
            .as_ref()
            .map_or("", |i| i.venue_symbol.as_str());
        venue.is_none_or(|venue| name.venue_str() == venue)
            && after.is_none_or(|after| name.as_str() > after)
            && says(&format!("{name} {spelling}"), query)
    };
    let mut found = known.views.iter().filter(matches);
    let page: Vec<_> = found.by_ref().take(limit).collect();
    let next = found
        .next()
        .and(page.last())
        .map(|last| last.symbol.to_string());
    let style = call.style();
    Ok(Answer::rows(
        page.into_iter()
            .map(|view| Symbol::of(view, style))
            .collect(),
    )
    .fresh(Freshness::For(YOUNG))
    .next(next))
}

async fn venues(shared: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let query = call.parameters.text("q");
    let rows = shared
        .venues
        .venues()
        .iter()
        .filter(|view| says(&format!("{} {}", view.id, view.name), query))
        .map(Venue::from)
        .collect();
    Ok(Answer::rows(rows).fresh(Freshness::For(YOUNG)))
}

async fn timeframes(_: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let query = call.parameters.text("q");
    let rows = model::Timeframe::ALL
        .into_iter()
        // 1m and 1M are two: case matters here
        .filter(|timeframe| query.is_none_or(|query| timeframe.name().contains(query)))
        .map(Timeframe::from)
        .collect();
    Ok(Answer::rows(rows))
}
