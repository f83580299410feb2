//! Certificates: what is known of each day of a symbol.

use std::collections::{BTreeMap, BTreeSet};

use quantflow_model::{
    DayTally, LedgerEvent, LedgerKind, Symbol, TimeRange, Timeframe, Timestamp, TradeId,
};

use crate::completeness::Completeness;
use crate::view::{Certificate, Reconciled};

/// A day in nanoseconds.
pub(crate) const DAY_NANOS: i64 = 86_400_000_000_000;

/// A certificate for every day that has a tally or a missing range, oldest first. `minutes` says
/// how many 1m candles of ours each day has.
pub(crate) fn certificates(
    symbol: &Symbol,
    events: &[LedgerEvent],
    mut tallies: BTreeMap<Timestamp, DayTally>,
    minutes: &BTreeMap<Timestamp, u64>,
) -> Vec<Certificate> {
    let ledger = Completeness::of(events, None);
    let days: BTreeSet<Timestamp> = tallies.keys().copied().collect();
    days.into_iter()
        .map(|day| {
            let span = TimeRange::new(day, day.plus_nanos(DAY_NANOS));
            let tally = tallies.remove(&day);
            let count = |of: fn(&DayTally) -> u64| tally.as_ref().map_or(0, of);
            let (equal, different) = (count(|t| t.candles_equal), count(|t| t.candles_different));
            let ours = minutes.get(&day).copied().unwrap_or(0);
            Certificate {
                symbol: symbol.clone(),
                day,
                first_id: tally.as_ref().and_then(|t| t.first_id),
                last_id: tally.as_ref().and_then(|t| t.last_id),
                count: count(|t| t.count),
                missing: ledger.missing_in(span).cloned().collect(),
                duplicates: count(|t| t.duplicates),
                quarantined: count(|t| t.quarantined),
                flagged: count(|t| t.flagged),
                late: count(|t| t.late),
                reconciled: Reconciled {
                    timeframe: Timeframe::M1,
                    equal,
                    different,
                    not_compared: ours.saturating_sub(equal + different),
                },
            }
        })
        .collect()
}

/// Whether a ledger event tells about a span; `missing` are the id ranges that may lie in it.
pub(crate) fn concerns(
    event: &LedgerEvent,
    span: TimeRange,
    missing: &[(TradeId, TradeId)],
) -> bool {
    let touches = |from: TradeId, to: TradeId| {
        missing
            .iter()
            .any(|(first, last)| from <= *last && *first <= to)
    };
    match &event.kind {
        LedgerKind::Began { first } => span.contains(first.time),
        LedgerKind::Found(hole) => hole.span().overlaps(span),
        LedgerKind::Filled { from, to, .. } | LedgerKind::Unfillable { from, to, .. } => {
            touches(*from, *to)
        }
        LedgerKind::Differs { open_time, .. } | LedgerKind::Outage { open_time, .. } => {
            span.contains(*open_time)
        }
        LedgerKind::FeedDown { from, to, .. }
        | LedgerKind::SpanFilled { from, to }
        | LedgerKind::SpanUnfillable { from, to, .. } => {
            TimeRange::new(*from, to.plus_nanos(1)).overlaps(span)
        }
    }
}
