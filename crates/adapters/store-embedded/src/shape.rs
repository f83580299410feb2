//! [`Shape`]: what the numbers of some rows need on disk, so that a file's columns can be given the
//! smallest exact scale and width before its rows are read.

use quantflow_model::Decimal;

use crate::pack::{Packer, Unpacker};
use crate::rows::{Absent, ColumnDef, Kind, Rows, View};

/// What the values of one column need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ColumnShape {
    /// Whether there is any value.
    pub(crate) any: bool,
    /// Whether some row has none.
    pub(crate) absent: bool,
    /// Digits before the point.
    pub(crate) whole: u8,
    /// Digits after it (of a time: 3, 6 or 9).
    pub(crate) scale: u8,
    /// The value of all rows (its integer at `scale`, or the mark of absence), if they are equal.
    pub(crate) constant: Option<i64>,
}

/// What the values of all columns need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape(pub(crate) Vec<ColumnShape>);

/// How many decimal digits a magnitude has; 0 for zero.
fn digits(magnitude: u128) -> u8 {
    magnitude.checked_ilog10().map_or(0, |log| log as u8 + 1)
}

/// Whether a value is a multiple of a power. 64 bits are several times faster to divide than 128.
#[inline]
fn divides(power: i128, value: i128) -> bool {
    match (i64::try_from(value), i64::try_from(power)) {
        (Ok(value), Ok(power)) => value % power == 0,
        _ => value % power == 0,
    }
}

impl ColumnShape {
    /// Digits in all.
    pub(crate) fn digits(self) -> u8 {
        self.whole.saturating_add(self.scale)
    }

    /// What both together need.
    fn with(self, other: Self) -> Self {
        let scale = self.scale.max(other.scale);
        Self {
            any: self.any || other.any,
            absent: self.absent || other.absent,
            whole: self.whole.max(other.whole),
            scale,
            // two equal constants at different scales are rare and lose only a shortcut
            constant: self
                .constant
                .filter(|_| self.constant == other.constant && self.scale == other.scale),
        }
    }

    fn of(def: &ColumnDef, view: View<'_>, scale: u8, rows: usize) -> Self {
        let marker = def.default.unwrap_or(def.absent.marker());
        if matches!(view, View::Empty) {
            return Self {
                any: def.absent == Absent::Never,
                absent: def.absent != Absent::Never,
                whole: 1,
                scale: if def.kind == Kind::Time { 3 } else { 0 },
                constant: Some(marker),
            };
        }
        if def.kind == Kind::Time {
            return Self::of_times(def, view, rows);
        }
        if let View::Longs(values) = view
            && let Some(shape) = Self::of_longs(def, values, scale)
        {
            return shape;
        }
        let (mut any, mut absent, mut magnitude) = (false, false, 0_u128);
        let first = view.get(0, marker);
        let mut constant = true;
        let mut strip = scale;
        let mut power = Decimal::power_of_ten(strip).unwrap_or(1);
        let mut look = |value: i128| {
            constant &= value == first;
            if def.absent.is(value) {
                absent = true;
                return;
            }
            any = true;
            magnitude = magnitude.max(value.unsigned_abs());
            while strip > 0 && !divides(power, value) {
                strip -= 1;
                power /= 10;
            }
        };
        match view {
            View::Longs(values) => values.iter().for_each(|&v| look(i128::from(v))),
            View::Wides(values) => values.iter().for_each(|&v| look(v)),
            View::Bytes(values) => {
                // each value once: there are few
                let mut seen = [false; 256];
                for &value in values {
                    seen[usize::from(value)] = true;
                }
                let seen = (0..).zip(seen).filter(|(_, seen)| *seen);
                seen.for_each(|(value, _)| look(value));
            }
            View::Words(values) => values.iter().for_each(|&v| look(i128::from(v))),
            View::Empty => {}
        }
        let scale = if any { scale - strip } else { 0 };
        magnitude /= power.unsigned_abs();
        let same = if any { first / power } else { first };
        Self {
            any,
            absent,
            whole: Self::whole(def, magnitude, scale),
            scale,
            constant: i64::try_from(same).ok().filter(|_| constant),
        }
    }

    /// Digits before the point of a number with that many after it.
    fn whole(def: &ColumnDef, magnitude: u128, scale: u8) -> u8 {
        let mut all = digits(magnitude);
        if def.kind == Kind::Id && magnitude <= i64::MAX as u128 {
            all = all.min(18); // 64-bit integers, not decimals
        }
        all.saturating_sub(scale)
    }

    /// The usual case, several times faster: 64 bits, and each row has a value.
    fn of_longs(def: &ColumnDef, values: &[i64], scale: u8) -> Option<Self> {
        let (first, rest) = values.split_first()?;
        let (least, most) = rest.iter().fold((*first, *first), |(least, most), value| {
            (least.min(*value), most.max(*value))
        });
        let none_absent = match def.absent {
            Absent::Never => true,
            Absent::Negative | Absent::MinusOne => least >= 0,
            Absent::NoSide => least >= 1 && most <= 2,
        };
        let mut power = i64::try_from(Decimal::power_of_ten(scale)?).ok()?;
        if !none_absent {
            return None;
        }
        let mut strip = scale;
        for value in values {
            while strip > 0 && value % power != 0 {
                strip -= 1;
                power /= 10;
            }
            if strip == 0 {
                break;
            }
        }
        let scale = scale - strip;
        let magnitude = least.unsigned_abs().max(most.unsigned_abs()) / power.unsigned_abs();
        Some(Self {
            any: true,
            absent: false,
            whole: Self::whole(def, u128::from(magnitude), scale),
            scale,
            constant: (least == most).then_some(first / power),
        })
    }

    fn of_times(def: &ColumnDef, view: View<'_>, rows: usize) -> Self {
        let View::Longs(values) = view else {
            return Self::default();
        };
        let (mut any, mut absent) = (false, false);
        let mut unit = 1_000_000;
        for &value in &values[..rows] {
            if def.absent.is(i128::from(value)) {
                absent = true;
                continue;
            }
            any = true;
            while unit > 1 && value % unit != 0 {
                unit /= 1_000;
            }
        }
        let constant = values.iter().all(|v| *v == values[0]);
        let kept = if any { values[0] / unit } else { values[0] };
        Self {
            any,
            absent,
            whole: 1,
            scale: match unit {
                1_000_000 => 3,
                1_000 => 6,
                _ => 9,
            },
            constant: constant.then_some(kept),
        }
    }
}

impl Shape {
    /// What these rows need.
    pub(crate) fn of<R: Rows>(rows: &R) -> Self {
        Self(
            R::COLUMNS
                .iter()
                .enumerate()
                .map(|(at, def)| {
                    let (view, scale) = rows.view(at);
                    ColumnShape::of(def, view, scale, rows.len())
                })
                .collect(),
        )
    }

    /// What both together need.
    pub(crate) fn with(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(a, b)| a.with(*b))
                .collect(),
        )
    }

    /// Whether every column fits 38 digits.
    pub(crate) fn fits(&self) -> bool {
        self.0.iter().all(|column| column.digits() <= 38)
    }

    /// What decides a file's types: rows that agree in it share a file at no cost.
    pub(crate) fn class<R: Rows>(&self) -> Vec<(u8, u8)> {
        self.0
            .iter()
            .zip(R::COLUMNS)
            .map(|(column, def)| match def.kind {
                Kind::Number if column.any => (column.scale, width(column.digits())),
                Kind::Time if column.any => (column.scale, 0),
                Kind::Id => (0, width(column.digits()).max(1)),
                _ => (0, 0),
            })
            .collect()
    }

    pub(crate) fn pack(&self, packer: &mut Packer) {
        for column in &self.0 {
            let flags = u64::from(column.any)
                | u64::from(column.absent) << 1
                | u64::from(column.constant.is_some()) << 2;
            packer.unsigned(flags);
            packer.unsigned(u64::from(column.whole));
            packer.unsigned(u64::from(column.scale));
            if let Some(value) = column.constant {
                packer.signed(value);
            }
        }
    }

    pub(crate) fn unpack<R: Rows>(unpacker: &mut Unpacker<'_>) -> Option<Self> {
        let mut columns = Vec::with_capacity(R::COLUMNS.len());
        for _ in R::COLUMNS {
            let flags = unpacker.unsigned()?;
            let whole = u8::try_from(unpacker.unsigned()?).ok()?;
            let scale = u8::try_from(unpacker.unsigned()?).ok()?;
            columns.push(ColumnShape {
                any: flags & 1 != 0,
                absent: flags & 2 != 0,
                whole,
                scale,
                constant: if flags & 4 == 0 {
                    None
                } else {
                    Some(unpacker.signed()?)
                },
            });
        }
        Some(Self(columns))
    }
}

/// 0: 32 bits, 1: 64 bits, 2: 128 bits.
pub(crate) fn width(digits: u8) -> u8 {
    match digits {
        0..=9 => 0,
        10..=18 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The way through 64 bits finds what the way through 128 does.
        #[test]
        fn narrow_and_wide_values_have_one_shape(
            values in prop::collection::vec(prop_oneof![
                any::<i64>(), -3_i64..4, (-1000_i64..1000).prop_map(|v| v * 1000), Just(i64::MIN),
            ], 1..20),
            scale in 0_u8..25,
            kind in prop_oneof![Just(Kind::Number), Just(Kind::Id), Just(Kind::Int)],
            absent in prop_oneof![Just(Absent::Never), Just(Absent::Negative), Just(Absent::NoSide)],
        ) {
            let def = ColumnDef::new("value", kind, absent);
            let wide: Vec<i128> = values.iter().map(|&v| i128::from(v)).collect();
            prop_assert_eq!(
                ColumnShape::of(&def, View::Longs(&values), scale, values.len()),
                ColumnShape::of(&def, View::Wides(&wide), scale, values.len())
            );
        }
    }
}
