//! [`Market`]: what is traded, as a value that never changes; [`Feed`]: a walk along it.

use std::fmt::Debug;

use quantflow_model::{Instrument, TimeRange, Timestamp};
use quantflow_wire::EventKind;

use crate::row::{AggregateRow, Bar, Row, Units};

/// One instrument of a market, with the units of its rows.
#[derive(Debug, Clone)]
pub struct Listing {
    /// What the venue says of it.
    pub instrument: Instrument,
    /// What the whole numbers of its rows mean.
    pub units: Units,
}

/// How far a walk has come in one listing: so many of its trades have happened. Opaque; only the
/// market that gave it can read it. Larger is later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mark(pub u64);

/// A whole market over its whole time: pure and unchanging, so that any part of it can be asked for
/// at any time and twice the same is said. What "has happened" is the caller's to say by a [`Mark`].
///
/// Rows come back in ascending order of id, aggregates of aggregate id. Listings are named by their
/// place in [`Market::listings`]; one out of range has no rows.
pub trait Market: Debug + Send + Sync + 'static {
    /// What is traded.
    fn listings(&self) -> &[Listing];

    /// The first instant that anything is known of.
    fn begins(&self) -> Timestamp;

    /// The instant of the last event; `None` when it never ends.
    fn ends(&self) -> Option<Timestamp>;

    /// Where a server begins to play, unless it is told: `None` is the present of its clock.
    fn plays_from(&self) -> Option<Timestamp>;

    /// A walk along all events from the instant on.
    fn feed(&self, from: Timestamp) -> Box<dyn Feed>;

    /// The mark of a walk that has passed all trades before the instant.
    fn mark_at(&self, listing: usize, instant: Timestamp) -> Mark;

    /// At most `limit` trades with an id from `from` on.
    fn rows_from(&self, listing: usize, from: u64, limit: usize, until: Mark) -> Vec<Row>;

    /// The newest `limit` trades.
    fn newest_rows(&self, listing: usize, limit: usize, until: Mark) -> Vec<Row>;

    /// All trades in the span.
    fn rows_in(&self, listing: usize, span: TimeRange, until: Mark) -> Vec<Row>;

    /// At most `limit` aggregates with an aggregate id from `from` on.
    fn aggregates_from(
        &self,
        listing: usize,
        from: u64,
        limit: usize,
        until: Mark,
    ) -> Vec<AggregateRow>;

    /// The newest `limit` aggregates.
    fn newest_aggregates(&self, listing: usize, limit: usize, until: Mark) -> Vec<AggregateRow>;

    /// At most `limit` aggregates in the span, the oldest of them.
    fn aggregates_in(
        &self,
        listing: usize,
        span: TimeRange,
        limit: usize,
        until: Mark,
    ) -> Vec<AggregateRow>;

    /// What the trades in the span add up to; `None` where there is none. May be kept from an
    /// earlier call, but is always exactly the sum of [`Market::rows_in`].
    fn bar(&self, listing: usize, span: TimeRange, until: Mark) -> Option<Bar>;
}

/// Something that happens in a market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketEvent {
    /// When the venue says it, which orders a walk.
    pub time: Timestamp,
    /// To which listing.
    pub listing: usize,
    /// What: a trade, an aggregate, a quote, a book or a change of one.
    pub kind: EventKind,
    /// How far the walk has come in this listing with a trade; `None` for anything else.
    pub mark: Option<Mark>,
}

/// A walk along a market's events. Times never go back.
pub trait Feed: Debug + Send {
    /// When the next event happens; `None` at the end.
    fn next_time(&mut self) -> Option<Timestamp>;

    /// The next event.
    fn next(&mut self) -> Option<MarketEvent>;
}
