//! [`RecordedMarket`]: a market that was recorded.
//!
//! All of a recording is held in memory (48 bytes a trade): a million trades are 50 MB. Candles are
//! sums over its trades, taken anew each time.

mod build;
mod capture;
mod csv;

use std::sync::Arc;

pub use build::RecordingError;
use quantflow_model::{Symbol, TimeRange, Timestamp};
use quantflow_wire::{EventKind, TradeEvent};

use crate::market::{Feed, Listing, Mark, Market, MarketEvent};
use crate::row::{AggregateRow, Bar, Row};

/// A recorded market.
#[derive(Debug, Clone)]
pub struct RecordedMarket {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    listings: Vec<Listing>,
    tapes: Vec<Tape>,
    /// Everything in the order of the walk.
    items: Vec<Item>,
    begins: Timestamp,
    ends: Timestamp,
    unsided: u64,
    /// How long a lap is when the recording repeats itself.
    lap: Option<i64>,
}

/// One listing's trades.
#[derive(Debug)]
struct Tape {
    /// In the order of the walk: by time, then id.
    rows: Vec<Row>,
    /// Places in `rows` by id, where that is another order.
    by_id: Option<Vec<u32>>,
    /// By aggregate id; their ids count from 1.
    aggregates: Vec<AggregateRow>,
    /// For each aggregate, how many rows must have happened.
    aggregate_marks: Vec<u64>,
    /// How many ids a lap takes.
    ids: u64,
}

#[derive(Debug)]
struct Item {
    time: Timestamp,
    listing: u32,
    kind: ItemKind,
}

#[derive(Debug)]
enum ItemKind {
    Trade(u32),
    Aggregate(u32),
    Other(Box<EventKind>),
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
    fn row(&self, place: u64, length: Option<i64>) -> Option<Row> {
        let count = self.rows.len() as u64;
        if count == 0 || (place >= count && length.is_none()) {
            return None;
        }
        let row = *self.rows.get((place % count) as usize)?;
        Some(self.lap(place / count, length, row))
    }

    /// The row at a rank by id, with its place.
    fn ranked(&self, rank: u64, length: Option<i64>) -> Option<(Row, u64)> {
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
    fn rank_of(&self, id: u64, length: Option<i64>) -> u64 {
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
    fn place_of(&self, instant: Timestamp, length: Option<i64>) -> u64 {
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
    fn told(&self, until: Mark) -> u64 {
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

    fn aggregate(&self, place: u64, length: Option<i64>) -> Option<(AggregateRow, u64)> {
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

impl RecordedMarket {
    /// Trades from a file of ours: CSV `ts_ms,price,qty,side,trade_id` with a header line (also
    /// `ts_us` or `ts_ns`; an empty side is unknown), plain or gzip. With `repeat` it begins again at its
    /// end, ids and times going on.
    ///
    /// # Errors
    /// When a line is not such a trade, an id stands for two different trades, or there is none.
    pub fn from_trades_csv(
        bytes: &[u8],
        symbol: &Symbol,
        repeat: bool,
    ) -> Result<Self, RecordingError> {
        let mut builder = build::Builder::new(symbol)?;
        csv::read(bytes, &mut builder)?;
        builder.finish(repeat)
    }

    /// A capture of the venue's own messages, lines of `<receive time ns> <JSON>`, plain or gzip:
    /// trades, quotes and books of one symbol. Played by the venue's times.
    ///
    /// # Errors
    /// When a line is no message that the codec knows, or there is no trade.
    pub fn from_capture(
        bytes: &[u8],
        symbol: &Symbol,
        codec: &dyn quantflow_wire::Codec,
    ) -> Result<Self, RecordingError> {
        let mut builder = build::Builder::new(symbol)?;
        capture::read(bytes, codec, &mut builder)?;
        builder.finish(false)
    }

    /// How many trades came without a side. The venue's protocol cannot say so: they are served as
    /// bought where the price rose last and sold where it fell.
    pub fn unsided(&self) -> u64 {
        self.inner.unsided
    }

    fn of<T: Default>(&self, listing: usize, ask: impl FnOnce(&Tape) -> T) -> T {
        self.inner.tapes.get(listing).map(ask).unwrap_or_default()
    }
}

impl Market for RecordedMarket {
    fn listings(&self) -> &[Listing] {
        &self.inner.listings
    }

    fn begins(&self) -> Timestamp {
        self.inner.begins
    }

    fn ends(&self) -> Option<Timestamp> {
        self.inner.lap.is_none().then_some(self.inner.ends)
    }

    fn plays_from(&self) -> Option<Timestamp> {
        Some(self.inner.begins)
    }

    fn feed(&self, from: Timestamp) -> Box<dyn Feed> {
        let (mut lap, mut inside) = (0, from);
        if let Some(length) = self.inner.lap {
            lap = from.since(self.inner.begins).div_euclid(length).max(0);
            inside = from.plus_nanos(-lap * length);
        }
        // a book that was told before stays the book
        let books = self.inner.items.iter().enumerate();
        let books: Vec<usize> = books
            .filter(|(_, item)| item.time < inside)
            .filter(|(_, item)| {
                matches!(&item.kind, ItemKind::Other(k) if matches!(**k, EventKind::BookSnapshot(_) | EventKind::BookDelta(_)))
            })
            .map(|(i, _)| i)
            .collect();
        Box::new(RecordedFeed {
            next: self.inner.items.partition_point(|i| i.time < inside),
            market: Arc::clone(&self.inner),
            lap: lap as u64,
            from,
            books: books.into_iter(),
        })
    }

    fn mark_at(&self, listing: usize, instant: Timestamp) -> Mark {
        self.of(listing, |tape| Mark(tape.place_of(instant, self.inner.lap)))
    }

    fn rows_from(&self, listing: usize, from: u64, limit: usize, until: Mark) -> Vec<Row> {
        let length = self.inner.lap;
        self.of(listing, |tape| {
            let first = tape.rank_of(from, length);
            // by id a row may come before one that is later in the walk
            (first..)
                .map_while(|rank| tape.ranked(rank, length))
                .take_while(|(_, place)| *place < until.0 || tape.by_id.is_some())
                .take(if tape.by_id.is_some() {
                    tape.rows.len()
                } else {
                    limit
                })
                .filter(|(_, place)| *place < until.0)
                .map(|(row, _)| row)
                .take(limit)
                .collect()
        })
    }

    fn newest_rows(&self, listing: usize, limit: usize, until: Mark) -> Vec<Row> {
        let length = self.inner.lap;
        self.of(listing, |tape| {
            let first = until.0.saturating_sub(limit as u64);
            let mut rows: Vec<Row> = (first..until.0)
                .map_while(|place| tape.row(place, length))
                .collect();
            rows.sort_by_key(|row| row.id);
            rows
        })
    }

    fn rows_in(&self, listing: usize, span: TimeRange, until: Mark) -> Vec<Row> {
        let length = self.inner.lap;
        self.of(listing, |tape| {
            let from = tape.place_of(span.start, length);
            let mut rows: Vec<Row> = (from..until.0)
                .map_while(|place| tape.row(place, length))
                .take_while(|row| row.time < span.end)
                .collect();
            rows.sort_by_key(|row| row.id);
            rows
        })
    }

    fn aggregates_from(
        &self,
        listing: usize,
        from: u64,
        limit: usize,
        until: Mark,
    ) -> Vec<AggregateRow> {
        let length = self.inner.lap;
        self.of(listing, |tape| {
            (from.saturating_sub(1)..)
                .map_while(|place| tape.aggregate(place, length))
                .take_while(|(_, mark)| *mark <= until.0)
                .map(|(row, _)| row)
                .take(limit)
                .collect()
        })
    }

    fn newest_aggregates(&self, listing: usize, limit: usize, until: Mark) -> Vec<AggregateRow> {
        let length = self.inner.lap;
        self.of(listing, |tape| {
            let told = tape.told(until);
            (told.saturating_sub(limit as u64)..told)
                .map_while(|place| tape.aggregate(place, length))
                .map(|(row, _)| row)
                .collect()
        })
    }

    fn aggregates_in(
        &self,
        listing: usize,
        span: TimeRange,
        limit: usize,
        until: Mark,
    ) -> Vec<AggregateRow> {
        let length = self.inner.lap;
        self.of(listing, |tape| {
            let first = match &tape.by_id {
                // ids that go back in time: any of them may be inside
                Some(_) => 0,
                None => tape.told(Mark(tape.place_of(span.start, length))),
            };
            (first..)
                .map_while(|place| tape.aggregate(place, length))
                .take_while(|(row, _)| tape.by_id.is_some() || row.time < span.end)
                .filter(|(row, mark)| span.contains(row.time) && *mark <= until.0)
                .map(|(row, _)| row)
                .take(limit)
                .collect()
        })
    }

    fn bar(&self, listing: usize, span: TimeRange, until: Mark) -> Option<Bar> {
        let length = self.inner.lap;
        self.of(listing, |tape| {
            let mut bar = None;
            let mut place = tape.place_of(span.start, length);
            while place < until.0 {
                match tape.row(place, length) {
                    Some(row) if row.time < span.end => Bar::add_to(&mut bar, &Bar::of(&row)),
                    _ => break,
                }
                place += 1;
            }
            bar
        })
    }
}

/// A walk along a recording.
#[derive(Debug)]
struct RecordedFeed {
    market: Arc<Inner>,
    next: usize,
    lap: u64,
    from: Timestamp,
    /// Book events before the beginning, told at the beginning.
    books: std::vec::IntoIter<usize>,
}

impl RecordedFeed {
    fn shift(&self) -> i64 {
        self.market
            .lap
            .unwrap_or(0)
            .saturating_mul(i64::try_from(self.lap).unwrap_or(i64::MAX))
    }
}

impl Feed for RecordedFeed {
    fn next_time(&mut self) -> Option<Timestamp> {
        if !self.books.as_slice().is_empty() {
            return Some(self.from);
        }
        if self.next >= self.market.items.len() && self.market.lap.is_some() {
            self.lap += 1;
            self.next = 0;
        }
        let item = self.market.items.get(self.next)?;
        Some(item.time.plus_nanos(self.shift()))
    }

    fn next(&mut self) -> Option<MarketEvent> {
        let time = self.next_time()?;
        let at = if let Some(at) = self.books.next() {
            at
        } else {
            self.next += 1;
            self.next - 1
        };
        let item = self.market.items.get(at)?;
        let listing = item.listing as usize;
        let tape = self.market.tapes.get(listing)?;
        let units = self.market.listings.get(listing)?.units;
        let (kind, mark) = match &item.kind {
            ItemKind::Trade(place) => {
                let place = self.lap * tape.rows.len() as u64 + u64::from(*place);
                let row = tape.row(place, self.market.lap)?;
                let trade = units.trade(&row);
                let trade = TradeEvent {
                    trade,
                    orders: None,
                };
                (EventKind::Trade(trade), Some(Mark(place + 1)))
            }
            ItemKind::Aggregate(place) => {
                let place = self.lap * tape.aggregates.len() as u64 + u64::from(*place);
                let (row, _) = tape.aggregate(place, self.market.lap)?;
                (EventKind::AggregateTrade(units.aggregate(&row)), None)
            }
            ItemKind::Other(kind) => ((**kind).clone(), None),
        };
        Some(MarketEvent {
            time,
            listing,
            kind,
            mark,
        })
    }
}
