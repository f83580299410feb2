//! Binance's request limits: as documented, as `exchangeInfo` tells them, and what headers say of
//! their use.

use std::time::Duration;

use quantflow_wire::{Limit, LimitScope, Query, Response};
use serde::Deserialize;

use crate::http::{header, retry_after};

const WEIGHT: &str = "weight-1m";
const RAW: &str = "raw-5m";

/// What the documents say. The venue's own word ([`told`]) replaces it.
pub(super) fn documented() -> Vec<Limit> {
    let minutes = Duration::from_mins;
    let limit = |name: &str, amount, window, weighted, scope| Limit {
        name: name.into(),
        amount,
        window,
        weighted,
        scope,
    };
    vec![
        limit(WEIGHT, 6_000, minutes(1), true, LimitScope::Address),
        limit(RAW, 61_000, minutes(5), false, LimitScope::Address),
        limit(
            "connections-5m",
            300,
            minutes(5),
            false,
            LimitScope::Connection,
        ),
    ]
}

/// The limits that an answer tells: `exchangeInfo` does, and a venue behind a proxy or for a better
/// customer may allow other amounts than the documents. `None` for any other answer, and where the
/// answer names none of ours.
pub(super) fn told(query: &Query, body: &[u8]) -> Option<Vec<Limit>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Told {
        rate_limits: Vec<Rate>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Rate {
        #[serde(rename = "rateLimitType")]
        kind: String,
        interval: String,
        interval_num: u32,
        limit: u32,
    }
    if !matches!(query, Query::Instruments) {
        return None;
    }
    let told: Told = serde_json::from_slice(body).ok()?;
    let mut limits = documented();
    let mut found = false;
    for rate in told.rate_limits.iter().filter(|rate| rate.limit > 0) {
        let name = match (
            rate.kind.as_str(),
            rate.interval.as_str(),
            rate.interval_num,
        ) {
            ("REQUEST_WEIGHT", "MINUTE", 1) => WEIGHT,
            ("RAW_REQUESTS", "MINUTE", 5) => RAW,
            // orders are not ours, and a window that the headers do not count cannot be kept in step
            _ => continue,
        };
        for limit in limits.iter_mut().filter(|limit| limit.name == name) {
            limit.amount = rate.limit;
            found = true;
        }
    }
    found.then_some(limits)
}

/// In the order of [`documented`]; only the weight is told.
pub(super) fn used(response: &Response) -> Vec<Option<u32>> {
    let weight = header(response, "x-mbx-used-weight-1m").and_then(|text| text.parse().ok());
    vec![weight, None, None]
}

/// `Retry-After` counts for every refusal. Where a 429, 418 or 403 lacks it, the shortest time that
/// the documents name: the window of the weight, the shortest ban, the firewall's window.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_venue_tells_replaces_what_the_documents_say() {
        let body = br#"{"rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 12000},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 1},
            {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 0}
        ], "symbols": []}"#;
        let limits = told(&Query::Instruments, body).unwrap();
        let amounts: Vec<_> = limits.iter().map(|l| (l.name.as_str(), l.amount)).collect();
        assert_eq!(
            amounts,
            [
                ("weight-1m", 12_000),
                ("raw-5m", 61_000),
                ("connections-5m", 300)
            ],
            "a limit of nothing is no limit that could be meant"
        );
    }

    #[test]
    fn other_answers_tell_nothing() {
        assert_eq!(told(&Query::ServerTime, br#"{"rateLimits": []}"#), None);
        assert_eq!(told(&Query::Instruments, br#"{"rateLimits": []}"#), None);
        assert_eq!(told(&Query::Instruments, b"<html>"), None);
    }
}
