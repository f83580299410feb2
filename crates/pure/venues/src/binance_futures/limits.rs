//! Request limits of the futures markets.

use std::time::Duration;

use quantflow_wire::{Limit, LimitScope, Query, Response};

use crate::http::{header, retry_after};
use crate::json::Json;

const WEIGHT: &str = "weight-1m";

/// What the documents say: 2400 of weight a minute. [`told`] replaces it.
pub(super) fn documented() -> Vec<Limit> {
    vec![weight(2_400)]
}

fn weight(amount: u32) -> Limit {
    Limit {
        name: WEIGHT.into(),
        amount,
        window: Duration::from_mins(1),
        weighted: true,
        scope: LimitScope::Address,
    }
}

/// What `exchangeInfo` says of the weight a minute.
pub(super) fn told(query: &Query, body: &[u8]) -> Option<Vec<Limit>> {
    if !matches!(query, Query::Instruments) {
        return None;
    }
    let tree = Json::parse(body).ok()?;
    let rates = tree.entry("rateLimits")?.items()?;
    let of_minute = |rate: &&Json<'_>| {
        let text = |name| rate.entry(name).and_then(Json::text);
        text("rateLimitType") == Some("REQUEST_WEIGHT")
            && text("interval") == Some("MINUTE")
            && rate.entry("intervalNum").and_then(Json::unsigned) == Some(1)
    };
    let amount = rates.iter().find(of_minute)?.entry("limit")?.unsigned()?;
    let amount = u32::try_from(amount).ok().filter(|amount| *amount > 0)?;
    Some(vec![weight(amount)])
}

pub(super) fn used(response: &Response) -> Vec<Option<u32>> {
    vec![header(response, "x-mbx-used-weight-1m").and_then(|text| text.parse().ok())]
}

/// As the spot market has it: what `Retry-After` says of any refusal, else the window of the weight,
/// the shortest ban, the firewall's window.
pub(super) fn stay_away(response: &Response) -> Option<Duration> {
    let told = || retry_after(response);
    let at_least = |seconds| Some(told().unwrap_or(Duration::from_secs(seconds)));
    match response.status {
        429 => at_least(60),
        418 => at_least(120),
        403 => at_least(300),
        400.. => told(),
        _ => None,
    }
}
