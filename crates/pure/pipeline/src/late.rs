//! [`LateParts`]: what late trades of one record add to closed candles.
//!
//! Late trades are first put together by second and only at the end of the record brought to the
//! timeframes above, so that a candle gets one patch a record however many trades came late.

use std::collections::BTreeMap;

use quantflow_model::{RevisionCause, Timeframe};
use quantflow_wire::OrderRule;

use crate::fold::{Fold, Sink, second_of};
use crate::partial::{Partial, Row, Scales};

/// Late parts of one symbol, of one record.
#[derive(Debug, Clone, Default)]
pub(crate) struct LateParts {
    seconds: BTreeMap<i64, (Partial, RevisionCause)>,
    /// Parts that are patches already, by timeframe and open time.
    patches: BTreeMap<(u8, i64), (Partial, RevisionCause)>,
}

impl LateParts {
    pub(crate) fn is_empty(&self) -> bool {
        self.seconds.is_empty() && self.patches.is_empty()
    }

    /// Adds a trade whose second is closed.
    pub(crate) fn add(&mut self, row: &Row, order: OrderRule, reason: RevisionCause) {
        let open_time = second_of(row.time);
        self.seconds
            .entry(open_time)
            .and_modify(|(part, because)| {
                part.add(row, order);
                *because = (*because).max(reason);
            })
            .or_insert_with(|| {
                let end = open_time.saturating_add(1_000_000_000);
                (Partial::new(open_time, end, row), reason)
            });
    }

    /// Brings the seconds to the timeframes above, and hands out every patch in the order of
    /// timeframe and time.
    pub(crate) fn flush(
        &mut self,
        live: &mut Fold,
        order: OrderRule,
        mut emit: impl FnMut(Timeframe, &Partial, RevisionCause),
    ) {
        for (part, reason) in std::mem::take(&mut self.seconds).into_values() {
            route(&mut self.patches, live, Timeframe::S1, &part, order, reason);
        }
        for ((level, _), (part, reason)) in std::mem::take(&mut self.patches) {
            if let Some(level) = Timeframe::ALL.get(usize::from(level)) {
                emit(*level, &part, reason);
            }
        }
    }

    /// Carries everything at larger scales; `false`, unchanged, when a number does not fit.
    pub(crate) fn rescale(&mut self, from: Scales, to: Scales) -> bool {
        let mut copy = self.clone();
        let fits = copy
            .seconds
            .values_mut()
            .chain(copy.patches.values_mut())
            .all(|(part, _)| part.rescaled(from, to).map(|p| *part = p).is_some());
        if fits {
            *self = copy;
        }
        fits
    }
}

fn route(
    patches: &mut BTreeMap<(u8, i64), (Partial, RevisionCause)>,
    live: &mut Fold,
    level: Timeframe,
    part: &Partial,
    order: OrderRule,
    reason: RevisionCause,
) {
    live.route(level, part, order, &mut |level, open_time, end| {
        add_patch(patches, level, open_time, end, part, order, reason);
    });
}

fn add_patch(
    patches: &mut BTreeMap<(u8, i64), (Partial, RevisionCause)>,
    level: Timeframe,
    open_time: i64,
    end: i64,
    part: &Partial,
    order: OrderRule,
    reason: RevisionCause,
) {
    patches
        .entry((level.index() as u8, open_time))
        .and_modify(|(whole, because)| {
            whole.merge(part, order);
            *because = (*because).max(reason);
        })
        .or_insert((
            Partial {
                open_time,
                end,
                ..*part
            },
            reason,
        ));
}

/// Where the candles of a fold of history go: into the closed candles as patches, and where they
/// reach past what was closed when the history began, to the live fold.
pub(crate) struct BehindLive<'a> {
    pub(crate) late: &'a mut LateParts,
    pub(crate) live: &'a mut Fold,
    pub(crate) order: OrderRule,
}

impl Sink for BehindLive<'_> {
    fn closed(&mut self, level: Timeframe, candle: &Partial) {
        add_patch(
            &mut self.late.patches,
            level,
            candle.open_time,
            candle.end,
            candle,
            self.order,
            RevisionCause::Backfill,
        );
    }

    fn escaped(&mut self, parent: Timeframe, part: &Partial) {
        route(
            &mut self.late.patches,
            self.live,
            parent,
            part,
            self.order,
            RevisionCause::Backfill,
        );
    }
}
