//! What the ledger's events add up to: what is missing, and since when.
//!
//! Completeness is never stored with a candle. It is derived here from the ledger, so that a
//! hole found later, or filled later, tells of every candle that it touches, at any `as_of`.

use std::collections::BTreeMap;

use quantflow_model::{
    Filling, Hole, LedgerEvent, LedgerKind, TimeRange, Timestamp, TradeId, TradeKey,
};

use crate::view::{MissingRange, MissingState};

/// The state of one symbol's ledger: the sum of its events.
#[derive(Debug, Clone, Default)]
pub struct Completeness {
    /// The first trade that we have.
    began: Option<TradeKey>,
    /// Every missing range, by first id; never overlapping.
    ranges: BTreeMap<TradeId, MissingRange>,
    /// First ids of the ranges that are still missing.
    unresolved: Vec<TradeId>,
    /// When nothing was received of a venue whose ids do not say what is missing: something may
    /// have been traded, so nothing in these spans is known to be complete.
    down: Vec<TimeRange>,
    /// Nothing later is known to be complete: nothing is being received now, or nothing has come
    /// since it is.
    until: Option<Timestamp>,
    /// Whether ranges that were filled are kept.
    keeps_filled: bool,
}

impl Completeness {
    /// Remembers everything, for certificates.
    pub fn with_history() -> Self {
        Self {
            keeps_filled: true,
            ..Self::default()
        }
    }

    /// The sum of the events known at `as_of` (all when `None`), with history.
    pub fn of(events: &[LedgerEvent], as_of: Option<Timestamp>) -> Self {
        let mut sum = Self::with_history();
        for event in events
            .iter()
            .filter(|e| as_of.is_none_or(|as_of| e.known <= as_of))
        {
            sum.apply(event);
        }
        sum
    }

    /// Says that nothing past an instant is known to be complete.
    #[must_use]
    pub fn known_until(mut self, until: Option<Timestamp>) -> Self {
        self.until = until;
        self
    }

    /// Takes one more event.
    pub fn apply(&mut self, event: &LedgerEvent) {
        match &event.kind {
            LedgerKind::Began { first } => self.began = Some(*first),
            LedgerKind::Found(hole) => self.found(hole, event.known),
            LedgerKind::Filled { from, to, with } => {
                let reason = match with {
                    Filling::Trades => "filled with single trades",
                    Filling::Aggregates => {
                        "filled with aggregates: candles are exact, single trades are not known"
                    }
                };
                self.change(*from, *to, MissingState::Filled, reason, event.known);
            }
            LedgerKind::Unfillable { from, to, reason } => {
                self.change(*from, *to, MissingState::Unfillable, reason, event.known);
            }
            LedgerKind::FeedDown { from, to, .. } => self.down.push(TimeRange::new(*from, *to)),
            LedgerKind::SpanFilled { from, to } => self.was_filled(TimeRange::new(*from, *to)),
            // it stays a time of which nothing is known
            LedgerKind::SpanUnfillable { .. }
            | LedgerKind::Differs { .. }
            | LedgerKind::Outage { .. } => {}
        }
    }

    /// All that was traded in a time without a feed is there now.
    fn was_filled(&mut self, filled: TimeRange) {
        let parts = self.down.iter().flat_map(|down| {
            let before = TimeRange::new(down.start, down.end.min(filled.start));
            let after = TimeRange::new(down.start.max(filled.end), down.end);
            [before, after]
        });
        self.down = parts.filter(|part| part.start < part.end).collect();
    }

    fn found(&mut self, hole: &Hole, known: Timestamp) {
        let range = MissingRange {
            from: hole.from,
            to: hole.to,
            state: MissingState::Found,
            reason: "a jump in the trade ids".to_owned(),
            since: known,
            span: hole.span(),
        };
        self.ranges.insert(hole.from, range);
        self.refresh();
    }

    /// Sets the state of ids `from..=to` wherever they are missing, splitting ranges at the edges.
    fn change(
        &mut self,
        from: TradeId,
        to: TradeId,
        state: MissingState,
        reason: &str,
        known: Timestamp,
    ) {
        let touched: Vec<TradeId> = self
            .ranges
            .range(..=to)
            .rev()
            .take_while(|(_, range)| range.to >= from)
            .map(|(first, _)| *first)
            .collect();
        for first in touched {
            let Some(range) = self.ranges.remove(&first) else {
                continue;
            };
            if range.from < from {
                let before = MissingRange {
                    to: from.previous(),
                    ..range.clone()
                };
                self.ranges.insert(before.from, before);
            }
            if range.to > to {
                let after = MissingRange {
                    from: to.next(),
                    ..range.clone()
                };
                self.ranges.insert(after.from, after);
            }
            if state == MissingState::Filled && !self.keeps_filled {
                continue;
            }
            let changed = MissingRange {
                from: range.from.max(from),
                to: range.to.min(to),
                state,
                reason: reason.to_owned(),
                since: known,
                span: range.span,
            };
            self.ranges.insert(changed.from, changed);
        }
        self.refresh();
    }

    fn refresh(&mut self) {
        self.unresolved.clear();
        let missing = |range: &&MissingRange| range.state != MissingState::Filled;
        self.unresolved
            .extend(self.ranges.values().filter(missing).map(|range| range.from));
    }

    /// Whether everything in a span is there: the series began at or before it, nothing that is
    /// still missing may lie in it, and it is heard of to its end.
    pub fn is_complete(&self, span: TimeRange) -> bool {
        self.began.is_some_and(|began| began.time <= span.start)
            && self.until.is_none_or(|until| span.end <= until)
            && !self.is_touched(span)
    }

    /// Whether something that is still missing may lie in a span.
    pub fn is_touched(&self, span: TimeRange) -> bool {
        let missing = || {
            self.unresolved
                .iter()
                .filter_map(|first| self.ranges.get(first))
                .any(|range| range.span.overlaps(span))
        };
        missing() || self.down.iter().any(|down| down.overlaps(span))
    }

    /// Whether something is missing and still sought.
    pub fn is_filling(&self) -> bool {
        self.unresolved
            .iter()
            .filter_map(|first| self.ranges.get(first))
            .any(|range| range.state == MissingState::Found)
    }

    /// The first trade that we have.
    pub fn began(&self) -> Option<TradeKey> {
        self.began
    }

    /// What is or was missing and may lie in a span, by first id.
    pub fn missing_in(&self, span: TimeRange) -> impl Iterator<Item = &MissingRange> {
        self.ranges
            .values()
            .filter(move |range| range.span.overlaps(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(known: i64, kind: LedgerKind) -> LedgerEvent {
        LedgerEvent {
            symbol: "demo:BTC/USDT".parse().unwrap(),
            known: Timestamp::from_seconds(known),
            kind,
        }
    }

    fn seconds(from: i64, to: i64) -> TimeRange {
        TimeRange::new(Timestamp::from_seconds(from), Timestamp::from_seconds(to))
    }

    fn story() -> Vec<LedgerEvent> {
        let id = TradeId;
        let first = TradeKey {
            time: Timestamp::from_seconds(10),
            id: id(1),
        };
        let hole = Hole {
            from: id(5),
            to: id(9),
            after: Timestamp::from_seconds(100),
            before: Timestamp::from_seconds(130),
        };
        vec![
            event(10, LedgerKind::Began { first }),
            event(130, LedgerKind::Found(hole)),
            event(
                131,
                LedgerKind::Filled {
                    from: id(6),
                    to: id(7),
                    with: Filling::Trades,
                },
            ),
            event(
                140,
                LedgerKind::Unfillable {
                    from: id(5),
                    to: id(5),
                    reason: "gone".into(),
                },
            ),
            event(
                150,
                LedgerKind::Filled {
                    from: id(8),
                    to: id(9),
                    with: Filling::Trades,
                },
            ),
        ]
    }

    #[test]
    fn a_hole_is_split_as_its_parts_are_resolved() {
        let sum = Completeness::of(&story(), None);
        let shown: Vec<_> = sum
            .missing_in(TimeRange::ALL)
            .map(|r| (r.from.0, r.to.0, r.state.name(), r.since.seconds()))
            .collect();
        assert_eq!(
            shown,
            [
                (5, 5, "unfillable", 140),
                (6, 7, "filled", 131),
                (8, 9, "filled", 150)
            ]
        );
        assert!(!sum.is_filling());
        assert!(
            !sum.is_complete(seconds(120, 180)),
            "one trade is gone for good"
        );
        assert!(
            sum.is_complete(seconds(60, 100)),
            "the span ends before the hole begins"
        );
        assert!(sum.is_complete(seconds(131, 180)));
        assert!(!sum.is_complete(seconds(0, 60)), "the series began inside");
    }

    #[test]
    fn while_the_feed_was_down_nothing_is_known_to_be_complete() {
        let mut sum = Completeness::of(&story(), None);
        assert!(sum.is_complete(seconds(200, 260)));
        sum.apply(&event(
            300,
            LedgerKind::FeedDown {
                from: Timestamp::from_seconds(230),
                to: Timestamp::from_seconds(300),
                reason: "the socket was cut".into(),
            },
        ));
        assert!(!sum.is_complete(seconds(200, 260)));
        assert!(sum.is_complete(seconds(300, 360)));
        let filled = |from, to| LedgerKind::SpanFilled {
            from: Timestamp::from_seconds(from),
            to: Timestamp::from_seconds(to),
        };
        sum.apply(&event(301, filled(240, 250)));
        assert!(sum.is_complete(seconds(240, 250)));
        assert!(!sum.is_complete(seconds(200, 240)) && !sum.is_complete(seconds(249, 251)));
        sum.apply(&event(302, filled(0, 240)));
        assert!(sum.is_complete(seconds(200, 250)));
        sum.apply(&event(303, filled(250, 400)));
        assert!(sum.is_complete(seconds(200, 360)));
    }

    #[test]
    fn past_what_is_heard_nothing_is_known_to_be_complete() {
        let until = Timestamp::from_seconds(250);
        let sum = Completeness::of(&story(), None).known_until(Some(until));
        assert!(sum.is_complete(seconds(200, 250)));
        assert!(!sum.is_complete(seconds(200, 260)));
    }

    #[test]
    fn the_past_is_answered_as_it_was_known() {
        let at = |seconds| {
            let as_of = Timestamp::from_seconds(seconds);
            Completeness::of(&story(), Some(as_of))
        };
        assert!(at(129).is_complete(seconds(120, 180)));
        assert!(at(130).is_filling());
        assert!(!at(130).is_complete(seconds(120, 180)));
    }

    #[test]
    fn without_history_what_is_filled_is_forgotten() {
        let mut sum = Completeness::default();
        for event in story() {
            sum.apply(&event);
        }
        assert_eq!(sum.missing_in(TimeRange::ALL).count(), 1);
    }
}
