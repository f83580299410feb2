//! A compact form of rows and small records in bytes, for the tail and for segments' indexes:
//! variable-length integers, columns as differences.

use quantflow_model::Integers;

use crate::rows::{Absent, Loaded, Rows, View};

/// Writes.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    pub(crate) bytes: Vec<u8>,
}

/// Reads what a [`Packer`] wrote; `None` on bytes that it would not write.
#[derive(Debug)]
pub(crate) struct Unpacker<'a> {
    bytes: &'a [u8],
}

impl Packer {
    #[inline]
    pub(crate) fn unsigned(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    #[inline]
    pub(crate) fn signed(&mut self, value: i64) {
        self.unsigned(((value << 1) ^ (value >> 63)) as u64);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.unsigned(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// A column: nothing, one value, differences, or 16 bytes a value.
    fn column(&mut self, view: View<'_>, scale: u8, rows: usize) {
        const EMPTY: u8 = 0;
        const CONSTANT: u8 = 1;
        const DELTA: u8 = 2;
        const WIDE: u8 = 3;
        let mut narrow = |values: &mut dyn Iterator<Item = i64>, constant: bool| {
            self.bytes.push(if constant { CONSTANT } else { DELTA });
            self.bytes.push(scale);
            let mut last = 0_i64;
            for value in values {
                self.signed(value.wrapping_sub(last));
                last = value;
                if constant {
                    break;
                }
            }
        };
        match view {
            View::Empty => self.bytes.push(EMPTY),
            _ if rows == 0 => self.bytes.push(EMPTY),
            View::Longs(v) => narrow(&mut v.iter().copied(), v.iter().all(|x| *x == v[0])),
            View::Bytes(v) => narrow(
                &mut v.iter().map(|&x| i64::from(x)),
                v.iter().all(|x| *x == v[0]),
            ),
            View::Words(v) => narrow(
                &mut v.iter().map(|&x| i64::from(x)),
                v.iter().all(|x| *x == v[0]),
            ),
            View::Wides(v) => {
                self.bytes.push(WIDE);
                self.bytes.push(scale);
                for value in v {
                    self.bytes.extend_from_slice(&value.to_le_bytes());
                }
            }
        }
    }

    pub(crate) fn rows<R: Rows>(&mut self, rows: &R) {
        self.unsigned(rows.len() as u64);
        for column in 0..R::COLUMNS.len() {
            let (view, scale) = rows.view(column);
            self.column(view, scale, rows.len());
        }
    }
}

impl<'a> Unpacker<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.bytes.is_empty()
    }

    #[inline]
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    #[inline]
    pub(crate) fn signed(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.unsigned()?).ok()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    #[expect(
        clippy::option_option,
        reason = "outer: bytes that are no column; inner: an empty one"
    )]
    fn column(&mut self, rows: usize) -> Option<Option<Loaded>> {
        let kind = self.take(1)?[0];
        if kind == 0 {
            return Some(None);
        }
        let scale = self.take(1)?[0];
        let integers = match kind {
            1 => {
                let value = self.signed()?;
                return Some(Some(Loaded::Same { value, scale, rows }));
            }
            2 => {
                let mut last = 0_i64;
                let mut values = Vec::with_capacity(rows.min(self.bytes.len()));
                for _ in 0..rows {
                    last = last.wrapping_add(self.signed()?);
                    values.push(last);
                }
                Integers::Narrow(values)
            }
            3 => {
                let bytes = self.take(rows.checked_mul(16)?)?;
                let (values, _) = bytes.as_chunks::<16>();
                Integers::Wide(values.iter().map(|v| i128::from_le_bytes(*v)).collect())
            }
            _ => return None,
        };
        Some(Some(Loaded::Each { integers, scale }))
    }

    pub(crate) fn rows<R: Rows>(&mut self) -> Option<R> {
        let rows = usize::try_from(self.unsigned()?).ok()?;
        if rows > 1 << 20 {
            return None; // no tail is so large: these bytes are no tail
        }
        let mut columns = Vec::with_capacity(R::COLUMNS.len());
        for def in R::COLUMNS {
            let column = self.column(rows)?;
            columns.push(match column {
                Some(column) => column,
                None if def.absent == Absent::Negative || def.absent == Absent::MinusOne => {
                    Loaded::default()
                }
                None => Loaded::Same {
                    value: def.default.unwrap_or(0),
                    scale: 0,
                    rows,
                },
            });
        }
        R::assemble(columns, rows)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quantflow_model::{Decimal, Price, Quantity, Side, Timestamp, Trade, TradeBatch, TradeId};

    use super::*;

    fn trades() -> impl Strategy<Value = TradeBatch> {
        let trade = (
            0..=u128::from(u64::MAX) << 8,
            any::<i64>(),
            any::<i64>(),
            0_u8..20,
            any::<i64>(),
            0_u8..3,
            1_u32..3,
        );
        prop::collection::vec(trade, 0..40).prop_map(|trades| {
            let mut batch = TradeBatch::default();
            for (id, time, price, scale, quantity, side, count) in trades {
                let trade = Trade {
                    id: TradeId(id),
                    time: Timestamp::from_nanos(time),
                    price: Price(Decimal::new(i128::from(price), scale).unwrap()),
                    quantity: Quantity(Decimal::new(i128::from(quantity), 8).unwrap()),
                    side: Side::from_code(side),
                    flags: quantflow_model::TradeFlags(side * 3),
                    count,
                };
                let _ = batch.push(&trade); // some do not fit beside the others
            }
            batch
        })
    }

    proptest! {
        #[test]
        fn rows_come_back_as_they_were(batch in trades()) {
            let mut packer = Packer::default();
            packer.rows(&batch);
            let mut unpacker = Unpacker::new(&packer.bytes);
            let back: TradeBatch = unpacker.rows().unwrap();
            prop_assert!(unpacker.is_done());
            prop_assert_eq!(
                back.iter().collect::<Vec<_>>(),
                batch.iter().collect::<Vec<_>>()
            );
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Unpacker::new(&bytes).rows::<TradeBatch>();
            let _ = Unpacker::new(&bytes).rows::<quantflow_model::CandleBatch>();
        }
    }
}
