//! [`Asked`]: which candles venues were asked for, so that they are not asked again and again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use quantflow_model::{Symbol, TimeRange, Timeframe, Timestamp};

/// What is not over, or could not be had, is asked for again after so long.
const AGAIN: i64 = 5_000_000_000;
/// After so long the venue's candles of a span are not expected to change any more.
const SETTLED: i64 = 120_000_000_000;
/// So many spans of a symbol and timeframe are remembered, the newest.
const KEPT: usize = 64;

/// Spans of candles that venues were asked for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    spans: Mutex<BTreeMap<(Symbol, Timeframe), Vec<Span>>>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    range: TimeRange,
    at: Timestamp,
    /// Whether there is nothing more to come.
    is_settled: bool,
}

impl Asked {
    fn spans(&self) -> MutexGuard<'_, BTreeMap<(Symbol, Timeframe), Vec<Span>>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether asking for a span now would bring nothing new.
    pub(crate) fn has(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        range: TimeRange,
        now: Timestamp,
    ) -> bool {
        let spans = self.spans();
        let Some(spans) = spans.get(&(symbol.clone(), timeframe)) else {
            return false;
        };
        spans.iter().any(|span| {
            let fresh = span.is_settled || now.since(span.at).abs() < AGAIN;
            fresh && span.range.start <= range.start && range.end <= span.range.end
        })
    }

    /// Remembers that all that the venue has of a span came.
    pub(crate) fn came(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        range: TimeRange,
        now: Timestamp,
    ) {
        let settled = range.end.min(now.plus_nanos(-SETTLED));
        if range.start < settled {
            let range = TimeRange::new(range.start, settled);
            self.remember(symbol, timeframe, range, now, true);
        }
        self.remember(symbol, timeframe, range, now, false);
    }

    /// Remembers that a span cannot be had now.
    pub(crate) fn failed(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        range: TimeRange,
        now: Timestamp,
    ) {
        self.remember(symbol, timeframe, range, now, false);
    }

    fn remember(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        mut range: TimeRange,
        at: Timestamp,
        is_settled: bool,
    ) {
        let mut spans = self.spans();
        let spans = spans.entry((symbol.clone(), timeframe)).or_default();
        spans.retain(|span| {
            let old = !span.is_settled && at.since(span.at).abs() >= AGAIN;
            let touches = span.range.start <= range.end && range.start <= span.range.end;
            let joined = is_settled && span.is_settled && touches;
            if joined {
                let (start, end) = (span.range.start, span.range.end);
                range = TimeRange::new(range.start.min(start), range.end.max(end));
            }
            !old && !joined
        });
        if spans.len() == KEPT {
            spans.remove(0);
        }
        spans.push(Span {
            range,
            at,
            is_settled,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    fn span(from: i64, to: i64) -> TimeRange {
        TimeRange::new(at(from), at(to))
    }

    struct Case {
        asked: Asked,
        symbol: Symbol,
    }

    impl Case {
        fn new() -> Self {
            Self {
                asked: Asked::default(),
                symbol: "binance:BTC/USDT".parse().unwrap(),
            }
        }

        fn came(&self, range: TimeRange, now: i64) {
            self.asked.came(&self.symbol, Timeframe::M1, range, at(now));
        }

        fn has(&self, range: TimeRange, now: i64) -> bool {
            self.asked.has(&self.symbol, Timeframe::M1, range, at(now))
        }
    }

    #[test]
    fn what_came_of_the_past_is_never_asked_again_and_its_surroundings_are() {
        let case = Case::new();
        case.came(span(1_000, 2_000), 9_000);
        assert!(case.has(span(1_200, 1_800), 100_000));
        assert!(!case.has(span(900, 1_800), 9_000), "before it");
        assert!(!case.has(span(1_200, 2_001), 9_000), "after it");
        case.came(span(2_000, 3_000), 9_010);
        assert!(case.has(span(1_200, 2_800), 100_000), "both are one");
        let other = case
            .asked
            .has(&case.symbol, Timeframe::M3, span(1_200, 1_300), at(9_000));
        assert!(!other);
    }

    #[test]
    fn what_was_not_over_is_asked_again() {
        let case = Case::new();
        case.came(span(1_000, 2_000), 2_000);
        assert!(case.has(span(1_000, 2_000), 2_004));
        assert!(!case.has(span(1_000, 2_000), 2_005));
        assert!(case.has(span(1_000, 1_880), 2_005));
    }

    #[test]
    fn what_failed_is_asked_again_soon() {
        let case = Case::new();
        case.asked
            .failed(&case.symbol, Timeframe::M1, span(1_000, 2_000), at(9_000));
        assert!(case.has(span(1_000, 2_000), 9_004));
        assert!(!case.has(span(1_000, 2_000), 9_005));
    }

    #[test]
    fn so_many_are_remembered() {
        let case = Case::new();
        for n in 0..1_000 {
            case.came(span(n * 10, n * 10 + 5), 1_000_000 + n * 60);
        }
        let spans = case.asked.spans();
        assert!(spans.values().all(|spans| spans.len() <= KEPT));
    }
}
