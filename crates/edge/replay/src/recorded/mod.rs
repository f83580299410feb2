//! [`RecordedMarket`]: a market that was recorded.
//!
//! All of a recording is held in memory (48 bytes a trade): a million trades are 50 MB. Candles are
//! sums over its trades, taken anew each time.

mod build;
mod capture;
mod csv;
mod feed;
mod tape;

use std::sync::Arc;

pub use build::RecordingError;
use quantflow_model::{Symbol, TimeRange, Timestamp};
use quantflow_wire::EventKind;

use self::feed::RecordedFeed;
use self::tape::Tape;
use crate::market::{Feed, Listing, Mark, Market};
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
