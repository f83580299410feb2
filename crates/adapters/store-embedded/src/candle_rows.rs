//! Candles as [`Rows`].

use std::cmp::Ordering;
use std::ops::Range;

use quantflow_model::{CandleBatch, DecimalColumn};

use crate::rows::{Absent, ColumnDef, Kind, Loaded, Rows, View};

const fn required(name: &'static str, kind: Kind) -> ColumnDef {
    ColumnDef::new(name, kind, Absent::Never)
}

const fn optional(name: &'static str, kind: Kind) -> ColumnDef {
    ColumnDef::new(name, kind, Absent::Negative)
}

impl Rows for CandleBatch {
    const COLUMNS: &'static [ColumnDef] = &[
        required("open_time", Kind::Time),
        required("open", Kind::Number),
        required("high", Kind::Number),
        required("low", Kind::Number),
        required("close", Kind::Number),
        required("volume", Kind::Number),
        optional("quote_volume", Kind::Number),
        optional("trades", Kind::Int),
        optional("taker_buy_volume", Kind::Number),
        optional("taker_buy_quote_volume", Kind::Number),
        optional("first_trade_id", Kind::Id),
        ColumnDef::new("first_trade_time", Kind::Time, Absent::MinusOne),
        optional("last_trade_id", Kind::Id),
        ColumnDef::new("last_trade_time", Kind::Time, Absent::MinusOne),
        required("state", Kind::Int),
        required("revision", Kind::Int),
        required("known", Kind::Time),
        required("origin", Kind::Int),
    ];
    const TIME: usize = 0;
    const GROUPED: bool = true;
    const PAGE_ROWS: usize = 4096;

    fn len(&self) -> usize {
        self.open_times.len()
    }

    fn times(&self) -> &[i64] {
        &self.open_times
    }

    #[inline]
    fn compare(&self, row: usize, other: &Self, other_row: usize) -> Ordering {
        let key = |batch: &Self, row: usize| {
            (
                batch.open_times[row],
                batch.origins[row],
                batch.revisions[row],
                batch.known[row],
            )
        };
        key(self, row).cmp(&key(other, other_row))
    }

    fn view(&self, column: usize) -> (View<'_>, u8) {
        let number = DecimalColumn::scale;
        match column {
            0 => (View::Longs(&self.open_times), 9),
            1 => (View::of(self.open.integers()), number(&self.open)),
            2 => (View::of(self.high.integers()), number(&self.high)),
            3 => (View::of(self.low.integers()), number(&self.low)),
            4 => (View::of(self.close.integers()), number(&self.close)),
            5 => (View::of(self.volume.integers()), number(&self.volume)),
            6 => (
                View::of(self.quote_volume.integers()),
                number(&self.quote_volume),
            ),
            7 => (optional_longs(&self.trades), 0),
            8 => (
                View::of(self.taker_buy_volume.integers()),
                number(&self.taker_buy_volume),
            ),
            9 => (
                View::of(self.taker_buy_quote_volume.integers()),
                number(&self.taker_buy_quote_volume),
            ),
            10 => (View::of(&self.first_ids), 0),
            11 => (optional_longs(&self.first_times), 9),
            12 => (View::of(&self.last_ids), 0),
            13 => (optional_longs(&self.last_times), 9),
            14 => (View::Bytes(&self.states), 0),
            15 => (View::Words(&self.revisions), 0),
            16 => (View::Longs(&self.known), 9),
            _ => (View::Bytes(&self.origins), 0),
        }
    }

    fn assemble(columns: Vec<Loaded>, rows: usize) -> Option<Self> {
        let mut columns = columns.into_iter();
        let mut next = || columns.next();
        let batch = Self {
            open_times: next()?.into_longs(),
            open: next()?.into_number()?,
            high: next()?.into_number()?,
            low: next()?.into_number()?,
            close: next()?.into_number()?,
            volume: next()?.into_number()?,
            quote_volume: next()?.into_number()?,
            trades: next()?.into_longs(),
            taker_buy_volume: next()?.into_number()?,
            taker_buy_quote_volume: next()?.into_number()?,
            first_ids: next()?.into_integers(),
            first_times: next()?.into_longs(),
            last_ids: next()?.into_integers(),
            last_times: next()?.into_longs(),
            states: next()?.into_bytes(),
            revisions: next()?.into_words(),
            known: next()?.into_longs(),
            origins: next()?.into_bytes(),
        };
        (batch.open_times.len() == rows && batch.is_sound()).then_some(batch)
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

fn optional_longs(values: &[i64]) -> View<'_> {
    if values.is_empty() {
        View::Empty
    } else {
        View::Longs(values)
    }
}
