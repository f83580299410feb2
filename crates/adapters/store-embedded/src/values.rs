//! A column of a file in the types of the Parquet writer and reader.

use bytes::Bytes;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use quantflow_model::{Decimal, Symbol};

use crate::rows::{Kind, Rows, View};
use crate::schema::{FileColumn, Physical};

/// The values of a column that are there, and for each row whether it has one.
#[derive(Debug)]
pub(crate) struct FileValues {
    pub(crate) values: Typed,
    /// 1 where a row has a value, 0 where not; `None`: all have.
    pub(crate) levels: Option<Vec<i16>>,
}

/// Values in the types of a file.
#[derive(Debug)]
pub(crate) enum Typed {
    Bool(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Wide(Vec<FixedLenByteArray>),
}

impl Typed {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Bool(values) => values.len(),
            Self::Int32(values) => values.len(),
            Self::Int64(values) => values.len(),
            Self::Wide(values) => values.len(),
        }
    }
}

/// A column of all rows, in the file's type and scale.
pub(crate) fn column<R: Rows>(pieces: &[(Symbol, R)], file: &FileColumn) -> FileValues {
    let rows = pieces.iter().map(|(_, rows)| rows.len()).sum();
    let mut levels = file.nullable.then(|| Vec::with_capacity(rows));
    let mut bools = Vec::new();
    let mut ints = Vec::new();
    let mut longs = Vec::new();
    let mut wides = Vec::new();
    match file.physical {
        Physical::Bool => bools.reserve(rows),
        Physical::Int32 => ints.reserve(rows),
        Physical::Int64 => longs.reserve(rows),
        Physical::Wide => wides.reserve(rows),
    }
    for (_, piece) in pieces {
        let def = R::COLUMNS[file.column];
        let (view, scale) = piece.view(file.column);
        let (times, over) = factors(scale, file.scale);
        let length = piece.len();
        // the common case: nothing is absent and the integers are narrow
        if let (View::Longs(values), Physical::Int64 | Physical::Int32, None) =
            (view, file.physical, &levels)
        {
            let (times, over) = (times as i64, over as i64);
            let wide = file.physical == Physical::Int64;
            match (times, over) {
                (1, 1) if wide => longs.extend_from_slice(values),
                (_, 1) if wide => longs.extend(values.iter().map(|v| v * times)),
                (_, _) if wide => longs.extend(values.iter().map(|v| v / over)),
                (_, 1) => ints.extend(values.iter().map(|v| (v * times) as i32)),
                _ => ints.extend(values.iter().map(|v| (v / over) as i32)),
            }
            continue;
        }
        if let (View::Bytes(values), Physical::Bool) = (view, file.physical) {
            let absent = |value: u8| levels.is_some() && def.absent.is(i128::from(value));
            bools.extend(values.iter().filter(|v| !absent(**v)).map(|v| *v == 1));
            if let Some(levels) = &mut levels {
                let present = |value: &u8| i16::from(!def.absent.is(i128::from(*value)));
                levels.extend(values.iter().map(present));
            }
            continue;
        }
        let marker = def.default.unwrap_or(def.absent.marker());
        for row in 0..length {
            let value = view.get(row, marker);
            let absent = def.absent.is(value);
            if let Some(levels) = &mut levels {
                levels.push(i16::from(!absent));
                if absent {
                    continue;
                }
            }
            // one of them is 1; a division of 128 bits is slow
            let value = if over == 1 {
                value * times
            } else {
                value / over
            };
            match file.physical {
                Physical::Bool => bools.push(value == 1),
                Physical::Int32 => ints.push(value as i32),
                Physical::Int64 => longs.push(value as i64),
                Physical::Wide => wides.push(value),
            }
        }
    }
    let values = match file.physical {
        Physical::Bool => Typed::Bool(bools),
        Physical::Int32 => Typed::Int32(ints),
        Physical::Int64 => Typed::Int64(longs),
        Physical::Wide => Typed::Wide(wide_bytes(&wides)),
    };
    FileValues { values, levels }
}

/// By what to multiply, and by what to divide first, to come from one scale to another.
fn factors(from: u8, to: u8) -> (i128, i128) {
    let power = |exponent| Decimal::power_of_ten(exponent).unwrap_or(1);
    if to >= from {
        (power(to - from), 1)
    } else {
        (1, power(from - to))
    }
}

/// Big-endian two's complement of 16 bytes each, as Parquet's decimals are.
fn wide_bytes(values: &[i128]) -> Vec<FixedLenByteArray> {
    let mut all = Vec::with_capacity(values.len() * 16);
    for value in values {
        all.extend_from_slice(&value.to_be_bytes());
    }
    let all = Bytes::from(all);
    (0..values.len())
        .map(|at| FixedLenByteArray::from(ByteArray::from(all.slice(at * 16..at * 16 + 16))))
        .collect()
}

/// How a column's integers in a file are turned into those in memory: times become nanoseconds.
pub(crate) fn memory_scale(kind: Kind, file_scale: u8) -> (i64, u8) {
    match (kind, file_scale) {
        (Kind::Time, 3) => (1_000_000, 9),
        (Kind::Time, 6) => (1_000, 9),
        (Kind::Time, _) => (1, 9),
        (_, scale) => (1, scale),
    }
}
