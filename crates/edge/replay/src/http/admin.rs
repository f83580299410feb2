//! `/__replay/…`: what tests ask of the server that no venue tells.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use http::StatusCode;
use quantflow_model::{Symbol, TimeRange, Timeframe, Timestamp};
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::truth::Truth;
use crate::venue::Stage;

pub(super) fn router() -> Router<Arc<Stage>> {
    Router::new()
        .route("/state", get(state))
        .route("/trades", get(trades))
        .route("/candles", get(candles))
        .route("/faults", post(inject))
        .route("/faults", delete(heal))
}

fn wrong(what: impl std::fmt::Display) -> Response {
    (StatusCode::BAD_REQUEST, what.to_string()).into_response()
}

/// Market time, counts, the newest trade of each symbol, and the faults.
async fn state(State(stage): State<Arc<Stage>>) -> Json<Value> {
    let truth = Truth::new(Arc::clone(&stage));
    let symbols = truth.symbols().into_iter().map(|symbol| {
        let last = truth.last_trade(&symbol);
        json!({"symbol": symbol, "lastTrade": last})
    });
    let faults = stage.plan();
    let faults = faults.faults.iter().map(ToString::to_string);
    Json(json!({
        "marketTime": stage.pace.now(),
        "began": truth.began(),
        "counts": truth.counts(),
        "symbols": symbols.collect::<Vec<_>>(),
        "faults": faults.collect::<Vec<_>>(),
    }))
}

fn symbol_of(parameters: &HashMap<String, String>) -> Result<Symbol, String> {
    let text = parameters.get("symbol").ok_or("symbol is missing")?;
    text.parse().map_err(|error| format!("symbol: {error}"))
}

/// `?symbol=venue:BASE/QUOTE&from=ID&to=ID`
async fn trades(
    State(stage): State<Arc<Stage>>,
    Query(parameters): Query<HashMap<String, String>>,
) -> Response {
    let symbol = match symbol_of(&parameters) {
        Ok(symbol) => symbol,
        Err(error) => return wrong(error),
    };
    let id = |name: &str, or: u64| match parameters.get(name) {
        None => Ok(or),
        Some(text) => text.parse().map_err(|_| format!("{name} is no id: {text}")),
    };
    match (id("from", 0), id("to", u64::MAX)) {
        (Ok(from), Ok(to)) => Json(Truth::new(stage).trades(&symbol, from, to)).into_response(),
        (Err(error), _) | (_, Err(error)) => wrong(error),
    }
}

/// `?symbol=venue:BASE/QUOTE&timeframe=1m&from=TIME&to=TIME`
async fn candles(
    State(stage): State<Arc<Stage>>,
    Query(parameters): Query<HashMap<String, String>>,
) -> Response {
    let symbol = match symbol_of(&parameters) {
        Ok(symbol) => symbol,
        Err(error) => return wrong(error),
    };
    let timeframe = parameters.get("timeframe").map_or("1m", String::as_str);
    let timeframe: Timeframe = match timeframe.parse() {
        Ok(timeframe) => timeframe,
        Err(error) => return wrong(error),
    };
    let time = |name: &str, or: Timestamp| match parameters.get(name) {
        None => Ok(or),
        Some(text) => text.parse::<Timestamp>(),
    };
    match (time("from", stage.pace.from), time("to", Timestamp::MAX)) {
        (Ok(from), Ok(to)) => {
            let span = TimeRange::new(from, to);
            Json(Truth::new(stage).candles(&symbol, timeframe, span)).into_response()
        }
        (Err(error), _) | (_, Err(error)) => wrong(error),
    }
}

/// The body is a fault as the command line writes it; its time counts from now.
async fn inject(State(stage): State<Arc<Stage>>, body: String) -> Response {
    match body.trim().parse::<Fault>() {
        Ok(fault) => {
            let now = stage.pace.elapsed();
            stage.set_plan(|plan| {
                plan.faults.push(Fault {
                    at: now + fault.at,
                    ..fault
                });
            });
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => wrong(error),
    }
}

async fn heal(State(stage): State<Arc<Stage>>) -> StatusCode {
    stage.set_plan(|plan| plan.faults.clear());
    StatusCode::NO_CONTENT
}
