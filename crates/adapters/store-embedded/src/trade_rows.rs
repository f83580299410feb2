//! Trades as [`Rows`].

use std::cmp::Ordering;
use std::ops::Range;

use quantflow_model::{Integers, TradeBatch};

use crate::rows::{Absent, ColumnDef, Kind, Loaded, Rows, View};

impl Rows for TradeBatch {
    const COLUMNS: &'static [ColumnDef] = &[
        ColumnDef::new("id", Kind::Id, Absent::Never),
        ColumnDef::new("time", Kind::Time, Absent::Never),
        ColumnDef::new("price", Kind::Number, Absent::Never),
        ColumnDef::new("quantity", Kind::Number, Absent::Never),
        ColumnDef::new("taker_buy", Kind::TakerBuy, Absent::NoSide),
        ColumnDef::new("flags", Kind::Int, Absent::Never).default_of(0),
        ColumnDef::new("count", Kind::Int, Absent::Never).default_of(1),
    ];
    const TIME: usize = 1;
    const GROUPED: bool = false;
    const PAGE_ROWS: usize = 16_384;

    fn len(&self) -> usize {
        self.times.len()
    }

    fn times(&self) -> &[i64] {
        &self.times
    }

    #[inline]
    fn compare(&self, row: usize, other: &Self, other_row: usize) -> Ordering {
        self.times[row]
            .cmp(&other.times[other_row])
            .then_with(|| match (&self.ids, &other.ids) {
                (Integers::Narrow(ours), Integers::Narrow(theirs)) => {
                    ours[row].cmp(&theirs[other_row])
                }
                (ours, theirs) => ours.get(row).cmp(&theirs.get(other_row)),
            })
    }

    fn view(&self, column: usize) -> (View<'_>, u8) {
        match column {
            0 => (View::of(&self.ids), 0),
            1 => (View::Longs(&self.times), 9),
            2 => (View::of(self.prices.integers()), self.prices.scale()),
            3 => (
                View::of(self.quantities.integers()),
                self.quantities.scale(),
            ),
            4 => (View::Bytes(&self.sides), 0),
            5 if self.flags.is_empty() => (View::Empty, 0),
            5 => (View::Bytes(&self.flags), 0),
            _ if self.counts.is_empty() => (View::Empty, 0),
            _ => (View::Words(&self.counts), 0),
        }
    }

    fn assemble(columns: Vec<Loaded>, rows: usize) -> Option<Self> {
        let [id, time, price, quantity, side, flags, count] =
            <[Loaded; 7]>::try_from(columns).ok()?;
        let counts = match count {
            Loaded::Same { value: 1, .. } => Vec::new(),
            other => other.into_words(),
        };
        let counts = if counts.iter().all(|&count| count == 1) {
            Vec::new()
        } else {
            counts
        };
        let batch = Self {
            ids: id.into_integers(),
            times: time.into_longs(),
            prices: price.into_number()?,
            quantities: quantity.into_number()?,
            sides: side.into_bytes(),
            flags: flags.into_bytes(),
            counts,
        };
        (batch.times.len() == rows && batch.is_sound()).then_some(batch)
    }

    fn extend(&mut self, other: &Self, rows: Range<usize>) -> Option<()> {
        self.extend_from(other, rows)
    }

    fn truncate(&mut self, rows: usize) {
        Self::truncate(self, rows);
    }

    fn reverse(&mut self) {
        Self::reverse(self);
    }
}
