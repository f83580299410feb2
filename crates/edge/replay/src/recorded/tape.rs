//! [`Tape`]: one listing's trades, in the order of the walk and by id, over and over where the
//! recording repeats itself.

use quantflow_model::Timestamp;

use crate::market::Mark;
use crate::row::{AggregateRow, Row};

/// One listing's trades.
#[derive(Debug)]
pub(super) struct Tape {
    /// In the order of the walk: by time, then id.
    pub(super) rows: Vec<Row>,
    /// Places in `rows` by id, where that is another order.
    pub(super) by_id: Option<Vec<u32>>,
    /// By aggregate id; their ids count from 1.
    pub(super) aggregates: Vec<AggregateRow>,
    /// For each aggregate, how many rows must have happened.
    pub(super) aggregate_marks: Vec<u64>,
    /// How many ids a lap takes.
    pub(super) ids: u64,
}

impl Tape {
    fn lap(&self, lap: u64, length: Option<i64>, mut row: Row) -> Row {
        if lap > 0 {
            row.id += lap * self.ids;
            let shift = i64::try_from(lap).unwrap_or(i64::MAX);
            row.time = row
                .time
                .plus_nanos(length.unwrap_or(0).saturating_mul(shift));
        }
        row
    }

    /// The row at a place of the endless walk; `None` past the end.
    pub(super) fn row(&self, place: u64, length: Option<i64>) -> Option<Row> {
        let count = self.rows.len() as u64;
        if count == 0 || (place >= count && length.is_none()) {
            return None;
        }
        let row = *self.rows.get((place % count) as usize)?;
        Some(self.lap(place / count, length, row))
    }

    /// The row at a rank by id, with its place.
    pub(super) fn ranked(&self, rank: u64, length: Option<i64>) -> Option<(Row, u64)> {
        let count = self.rows.len() as u64;
        if count == 0 {
            return None;
        }
        let inside = (rank % count) as usize;
        let place = match &self.by_id {
            Some(by_id) => u64::from(*by_id.get(inside)?),
            None => inside as u64,
        };
        let place = rank / count * count + place;
        Some((self.row(place, length)?, place))
    }

    /// The rank of the first row whose id is at least `id`.
    pub(super) fn rank_of(&self, id: u64, length: Option<i64>) -> u64 {
        let count = self.rows.len() as u64;
        let Some((first, _)) = self.ranked(0, None) else {
            return 0;
        };
        let lap = match length {
            Some(_) => id.saturating_sub(first.id) / self.ids.max(1),
            None => 0,
        };
        let inside = id - (lap * self.ids).min(id);
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low.midpoint(high);
            let below = self
                .ranked(middle, None)
                .is_some_and(|(row, _)| row.id < inside);
            if below {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        lap * count + low
    }

    /// The place of the first row at or after the instant.
    pub(super) fn place_of(&self, instant: Timestamp, length: Option<i64>) -> u64 {
        let Some(first) = self.rows.first() else {
            return 0;
        };
        let count = self.rows.len() as u64;
        let lap = match length {
            Some(length) => u64::try_from(instant.since(first.time).div_euclid(length.max(1)))
                .unwrap_or_default(),
            None => 0,
        };
        let shift = length.unwrap_or(0).saturating_mul(lap as i64);
        let inside = instant.plus_nanos(-shift);
        lap * count + self.rows.partition_point(|row| row.time < inside) as u64
    }

    /// How many aggregates are complete at a mark, by their ids from the first on.
    pub(super) fn told(&self, until: Mark) -> u64 {
        let (rows, count) = (self.rows.len() as u64, self.aggregates.len() as u64);
        if rows == 0 {
            return 0;
        }
        let (laps, rest) = (until.0 / rows, until.0 % rows);
        let told = match &self.by_id {
            None => self.aggregate_marks.partition_point(|mark| *mark <= rest),
            Some(_) => self
                .aggregate_marks
                .iter()
                .take_while(|mark| **mark <= rest)
                .count(),
        };
        laps.saturating_mul(count).saturating_add(told as u64)
    }

    pub(super) fn aggregate(&self, place: u64, length: Option<i64>) -> Option<(AggregateRow, u64)> {
        let count = self.aggregates.len() as u64;
        if count == 0 || (place >= count && length.is_none()) {
            return None;
        }
        let (lap, inside) = (place / count, (place % count) as usize);
        let mut row = *self.aggregates.get(inside)?;
        let mark = self.aggregate_marks.get(inside)? + lap * self.rows.len() as u64;
        row.id += lap * count;
        row.first_id += lap * self.ids;
        row.last_id += lap * self.ids;
        row.time = row
            .time
            .plus_nanos(length.unwrap_or(0).saturating_mul(lap as i64));
        Some((row, mark))
    }
}
