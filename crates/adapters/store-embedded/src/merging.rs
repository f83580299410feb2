//! [`Merging`]: a merge that has begun, done some of it at a time.

use std::sync::Arc;
use std::time::Duration;

use quantflow_model::{CandleBatch, Timestamp, TradeBatch};
use quantflow_seams::StoreError;

use crate::build::{Builder, Building, NewSegment};
use crate::plan::Input;
use crate::segment::Segment;

/// A merge that has begun. What it made so far goes with it when it is dropped; nothing else has
/// changed by then.
#[derive(Debug)]
pub(crate) struct Merging {
    old: Vec<Arc<Segment>>,
    new: New,
}

#[derive(Debug)]
enum New {
    Trades(Box<Building<TradeBatch>>),
    Candles(Box<Building<CandleBatch>>),
}

impl Merging {
    /// Of segments of one group, at least one.
    pub(crate) fn of(old: Vec<Arc<Segment>>) -> Self {
        let group = &old[0].group;
        let new = if group.timeframe.is_none() {
            let inputs = Input::of_segments(&old);
            New::Trades(Box::new(Building::begin(group, inputs, Timestamp::MIN)))
        } else {
            let inputs = Input::of_segments(&old);
            New::Candles(Box::new(Building::begin(group, inputs, Timestamp::MIN)))
        };
        Self { old, new }
    }

    /// The segments that are merged.
    pub(crate) fn old(&self) -> &[Arc<Segment>] {
        &self.old
    }

    /// Goes on for about so long; says whether it is done.
    pub(crate) fn work(
        &mut self,
        builder: &Builder<'_>,
        time: Duration,
    ) -> Result<bool, StoreError> {
        match &mut self.new {
            New::Trades(building) => building.work(builder, time),
            New::Candles(building) => building.work(builder, time),
        }
    }

    /// The segments that were merged, and what they became.
    pub(crate) fn into_parts(self) -> (Vec<Arc<Segment>>, Vec<NewSegment>) {
        let new = match self.new {
            New::Trades(building) => building.into_built(),
            New::Candles(building) => building.into_built(),
        };
        (self.old, new)
    }
}
