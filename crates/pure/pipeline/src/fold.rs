//! [`Fold`]: trades to one-second candles, and closed candles upward to all longer timeframes.
//!
//! Each trade touches one candle; a candle that closes is added to those above it
//! ([`Timeframe::base`]). Ends of a parent and of its last child are equal, so one frontier a
//! symbol says what is closed: every candle whose end is not after it.

use quantflow_model::{Timeframe, Timestamp};
use quantflow_wire::OrderRule;
use serde::{Deserialize, Serialize};

use crate::partial::{Partial, Row, Scales};

const SECOND: i64 = 1_000_000_000;
const LEVELS: usize = Timeframe::ALL.len();

/// The whole second at or before an instant.
#[inline]
pub(crate) fn second_of(nanos: i64) -> i64 {
    nanos.saturating_sub(nanos.rem_euclid(SECOND))
}

/// What each timeframe is folded into.
pub(crate) const fn parents(level: Timeframe) -> &'static [Timeframe] {
    use Timeframe::{
        D1, D3, H1, H2, H4, H6, H8, H12, M1, M3, M5, M15, M30, Mo1, S1, S5, S15, S30, W1,
    };
    match level {
        S1 => &[S5],
        S5 => &[S15],
        S15 => &[S30],
        S30 => &[M1],
        M1 => &[M3, M5],
        M5 => &[M15],
        M15 => &[M30],
        M30 => &[H1],
        H1 => &[H2],
        H2 => &[H4, H6],
        H4 => &[H8],
        H6 => &[H12],
        H12 => &[D1],
        D1 => &[D3, W1, Mo1],
        M3 | H8 | D3 | W1 | Mo1 => &[],
    }
}

/// What becomes of candles that close.
pub(crate) trait Sink {
    /// A candle's time is over.
    fn closed(&mut self, level: Timeframe, candle: &Partial);
    /// A closed candle belongs into a parent that reaches past the fold's horizon.
    fn escaped(&mut self, parent: Timeframe, part: &Partial);
}

/// Candles of all timeframes of one symbol, as far as they are open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fold {
    /// Every candle that ends here or before is closed. A whole second.
    closed_until: i64,
    /// Candles that end after this are not this fold's to build.
    horizon: i64,
    /// Open one-second candles by time; one, unless a hole keeps some waiting.
    seconds: Vec<Partial>,
    /// The closed children of open candles, by timeframe.
    levels: [Option<Partial>; LEVELS],
    /// The smallest end in `levels`.
    next_end: i64,
}

impl Default for Fold {
    fn default() -> Self {
        Self::before(i64::MAX)
    }
}

/// What became of a trade that was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is in an open candle.
    Open,
    /// Its candle is closed: see [`Fold::route`].
    Late,
}

impl Fold {
    /// An empty fold of candles that end at the horizon or before.
    pub(crate) fn before(horizon: i64) -> Self {
        Self {
            closed_until: i64::MIN,
            horizon,
            seconds: Vec::new(),
            levels: [None; LEVELS],
            next_end: i64::MAX,
        }
    }

    /// Up to where everything is closed.
    #[inline]
    pub(crate) fn closed_until(&self) -> i64 {
        self.closed_until
    }

    pub(crate) fn horizon(&self) -> i64 {
        self.horizon
    }

    /// The earliest end of an open candle; the largest number when none is open.
    #[inline]
    pub(crate) fn deadline(&self) -> i64 {
        self.seconds
            .first()
            .map_or(self.next_end, |s| s.end.min(self.next_end))
    }

    /// The end of the longest candle that holds the newest open part; `None` when nothing is open.
    pub(crate) fn last_end(&self) -> Option<i64> {
        let parts = self.levels.iter().flatten().chain(&self.seconds);
        let newest = Timestamp::from_nanos(parts.map(|p| p.open_time).max()?);
        [Timeframe::D3, Timeframe::W1, Timeframe::Mo1]
            .into_iter()
            .map(|level| level.range_of(newest).end.nanos())
            .max()
    }

    /// Adds a trade to its one-second candle, unless that is closed.
    #[inline]
    pub(crate) fn add(&mut self, row: &Row, order: OrderRule) -> Added {
        if let Some(last) = self.seconds.last_mut()
            && (last.open_time..last.end).contains(&row.time)
        {
            last.add(row, order);
            return Added::Open;
        }
        if row.time < self.closed_until {
            return Added::Late;
        }
        let open_time = second_of(row.time);
        match self
            .seconds
            .binary_search_by_key(&open_time, |s| s.open_time)
        {
            Ok(at) => self.seconds[at].add(row, order),
            Err(at) => {
                let candle = Partial::new(open_time, open_time.saturating_add(SECOND), row);
                self.seconds.insert(at, candle);
            }
        }
        Added::Open
    }

    /// Closes every candle that ends at `until` (a whole second) or before, children before
    /// parents.
    pub(crate) fn advance(&mut self, until: i64, order: OrderRule, sink: &mut impl Sink) {
        if until <= self.closed_until {
            return;
        }
        let mut closed = 0;
        while let Some(&second) = self.seconds.get(closed)
            && second.end <= until
        {
            self.close_levels(second.open_time, order, sink);
            sink.closed(Timeframe::S1, &second);
            self.fold_up(Timeframe::S1, &second, order, sink);
            closed += 1;
        }
        self.seconds.drain(..closed);
        self.close_levels(until, order, sink);
        self.closed_until = until;
    }

    /// Closes longer candles that end at `until` or before.
    #[inline]
    fn close_levels(&mut self, until: i64, order: OrderRule, sink: &mut impl Sink) {
        if self.next_end > until {
            return;
        }
        // ascending, so that a child reaches its parent before the parent closes
        for level in Timeframe::ALL {
            if let Some(candle) = self.levels[level.index()].take_if(|c| c.end <= until) {
                sink.closed(level, &candle);
                self.fold_up(level, &candle, order, sink);
            }
        }
        self.next_end = self
            .levels
            .iter()
            .flatten()
            .map(|c| c.end)
            .min()
            .unwrap_or(i64::MAX);
    }

    #[inline]
    fn fold_up(
        &mut self,
        level: Timeframe,
        part: &Partial,
        order: OrderRule,
        sink: &mut impl Sink,
    ) {
        for &parent in parents(level) {
            if !self.put(parent, part, order) {
                sink.escaped(parent, part);
            }
        }
    }

    /// Adds a part to the open candle of a level; `false` when that ends past the horizon.
    #[inline]
    fn put(&mut self, level: Timeframe, part: &Partial, order: OrderRule) -> bool {
        if let Some(candle) = &mut self.levels[level.index()]
            && (candle.open_time..candle.end).contains(&part.open_time)
        {
            candle.merge(part, order);
            return true;
        }
        let range = level.range_of(Timestamp::from_nanos(part.open_time));
        let end = range.end.nanos();
        if end > self.horizon {
            return false;
        }
        self.levels[level.index()] = Some(Partial {
            open_time: range.start.nanos(),
            end,
            ..*part
        });
        self.next_end = self.next_end.min(end);
        true
    }

    /// Brings a part that came late where it belongs: from `level` upward, `patch` gets it for each
    /// candle that is closed, and the first candle on each way up that is open takes it in.
    pub(crate) fn route(
        &mut self,
        level: Timeframe,
        part: &Partial,
        order: OrderRule,
        patch: &mut impl FnMut(Timeframe, i64, i64),
    ) {
        let range = level.range_of(Timestamp::from_nanos(part.open_time));
        if range.end.nanos() > self.closed_until {
            // the live fold has no horizon, so it takes every part
            self.put(level, part, order);
            return;
        }
        patch(level, range.start.nanos(), range.end.nanos());
        for &parent in parents(level) {
            self.route(parent, part, order, patch);
        }
    }

    /// The newest open candle of a timeframe as of now: its closed children and its open ones.
    pub(crate) fn open(&self, level: Timeframe, order: OrderRule) -> Option<Partial> {
        let parts = || {
            std::iter::successors(Some(level), |level| level.base())
                .filter_map(|l| self.levels[l.index()].as_ref())
                .chain(&self.seconds)
        };
        let newest = parts().map(|p| p.open_time).max()?;
        let range = level.range_of(Timestamp::from_nanos(newest));
        let mut all = parts().filter(|p| range.contains(Timestamp::from_nanos(p.open_time)));
        let mut whole = Partial {
            open_time: range.start.nanos(),
            end: range.end.nanos(),
            ..*all.next()?
        };
        all.for_each(|part| whole.merge(part, order));
        Some(whole)
    }

    /// Carries everything at larger scales; `false`, unchanged, when a number does not fit.
    pub(crate) fn rescale(&mut self, from: Scales, to: Scales) -> bool {
        let mut copy = self.clone();
        let fits = copy
            .seconds
            .iter_mut()
            .chain(copy.levels.iter_mut().flatten())
            .all(|part| part.rescaled(from, to).map(|p| *part = p).is_some());
        if fits {
            *self = copy;
        }
        fits
    }
}
