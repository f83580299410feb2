//! Parquet files of trades or candles, with exact decimals and flat memory.
//!
//! A decimal column states its scale before its first row, so the rows are looked at twice: once for
//! the scales ([`Scales`]), once to write them.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{
    Compression, LogicalType, Repetition, TimeUnit as ParquetUnit, Type, ZstdLevel,
};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType,
    Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type as SchemaType, TypePtr};
use quantflow_market::view::CandleView;
use quantflow_model::{Decimal, Trade};

use super::{candles::state_name, trades::side_name};
use crate::arguments::TimeUnit;

/// Rows a row group: what is held in memory.
const GROUP: usize = 128 << 10;
/// Digits of a decimal in 64 bits, and in 128.
const NARROW: i32 = 18;
const WIDE: i32 = 38;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Field {
    /// Absent.
    None,
    /// A time in the file's unit.
    Time(i64),
    /// An exact number.
    Exact(Decimal),
    /// A number of a venue.
    Id(u128),
    /// A count.
    Count(u64),
    /// Text.
    Text(&'static str),
    /// Yes or no.
    Flag(bool),
}

/// The form of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Time,
    Exact,
    Id,
    Count,
    Text,
    Flag,
}

/// A table's columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    columns: &'static [(&'static str, Form)],
    unit: TimeUnit,
}

impl Table {
    /// Trades: the columns of the CSV.
    pub(crate) const fn trades(unit: TimeUnit) -> Self {
        let columns: &[(&str, Form)] = match unit {
            TimeUnit::Ms => &[
                ("ts_ms", Form::Time),
                ("price", Form::Exact),
                ("qty", Form::Exact),
                ("side", Form::Text),
                ("trade_id", Form::Id),
            ],
            TimeUnit::Ns => &[
                ("ts_ns", Form::Time),
                ("price", Form::Exact),
                ("qty", Form::Exact),
                ("side", Form::Text),
                ("trade_id", Form::Id),
            ],
        };
        Self { columns, unit }
    }

    /// Candles: the columns of the CSV.
    pub(crate) const fn candles(unit: TimeUnit) -> Self {
        let columns: &[(&str, Form)] = &[
            ("open_time", Form::Time),
            ("open", Form::Exact),
            ("high", Form::Exact),
            ("low", Form::Exact),
            ("close", Form::Exact),
            ("volume", Form::Exact),
            ("quote_volume", Form::Exact),
            ("trades", Form::Count),
            ("taker_buy_volume", Form::Exact),
            ("taker_buy_quote_volume", Form::Exact),
            ("first_trade_id", Form::Id),
            ("last_trade_id", Form::Id),
            ("state", Form::Text),
            ("complete", Form::Flag),
        ];
        Self { columns, unit }
    }

    /// A trade's row.
    pub(crate) fn trade(&self, trade: &Trade) -> Vec<Field> {
        vec![
            Field::Time(match self.unit {
                TimeUnit::Ms => trade.time.millis(),
                TimeUnit::Ns => trade.time.nanos(),
            }),
            Field::Exact(trade.price.0),
            Field::Exact(trade.quantity.0),
            match side_name(trade.side) {
                "" => Field::None,
                side => Field::Text(side),
            },
            Field::Id(trade.id.0),
        ]
    }

    /// A candle's row.
    pub(crate) fn candle(&self, view: &CandleView) -> Vec<Field> {
        let candle = &view.candle;
        let exact = |number: Option<Decimal>| number.map_or(Field::None, Field::Exact);
        vec![
            Field::Time(match self.unit {
                TimeUnit::Ms => candle.open_time.millis(),
                TimeUnit::Ns => candle.open_time.nanos(),
            }),
            Field::Exact(candle.open.0),
            Field::Exact(candle.high.0),
            Field::Exact(candle.low.0),
            Field::Exact(candle.close.0),
            Field::Exact(candle.volume.0),
            exact(candle.quote_volume.map(|n| n.0)),
            candle.trades.map_or(Field::None, Field::Count),
            exact(candle.taker_buy_volume.map(|n| n.0)),
            exact(candle.taker_buy_quote_volume.map(|n| n.0)),
            candle
                .first_trade
                .map_or(Field::None, |key| Field::Id(key.id.0)),
            candle
                .last_trade
                .map_or(Field::None, |key| Field::Id(key.id.0)),
            Field::Text(state_name(candle.state)),
            Field::Flag(view.complete),
        ]
    }
}

/// What the decimal columns need: found by looking at every row once.
#[derive(Debug, Clone)]
pub(crate) struct Scales {
    /// By column: the largest scale, and the most digits before the point.
    columns: Vec<(u8, u32)>,
}

impl Scales {
    /// Of no row yet.
    pub(crate) fn new(table: &Table) -> Self {
        Self {
            columns: vec![(0, 1); table.columns.len()],
        }
    }

    /// Takes a row into account.
    pub(crate) fn look(&mut self, row: &[Field]) {
        for (field, (scale, whole)) in row.iter().zip(&mut self.columns) {
            let (mantissa, own) = match field {
                Field::Exact(number) => (number.mantissa().unsigned_abs(), number.scale()),
                Field::Id(id) => (*id, 0),
                _ => continue,
            };
            let digits = mantissa.checked_ilog10().map_or(1, |log| log + 1);
            *scale = (*scale).max(own);
            *whole = (*whole).max(digits.saturating_sub(u32::from(own)).max(1));
        }
    }

    /// Scale, and whether 64 bits hold the column.
    fn of(&self, column: usize) -> (i32, bool) {
        let (scale, whole) = self.columns[column];
        let scale = i32::from(scale);
        (scale, scale + whole as i32 <= NARROW)
    }
}

/// Writes a file row by row.
pub(crate) struct ParquetFile<W: Write + Send> {
    table: Table,
    scales: Scales,
    writer: SerializedFileWriter<W>,
    /// The rows of the group, by column.
    held: Vec<Vec<Field>>,
}

impl<W: Write + Send> ParquetFile<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// When a column needs more than 38 digits, or nothing can be written.
    pub(crate) fn begin(table: Table, scales: Scales, out: W) -> Result<Self, ParquetError> {
        let mut fields = Vec::new();
        for (at, (name, form)) in table.columns.iter().enumerate() {
            fields.push(schema_of(
                name,
                *form,
                &table,
                scales.of(at),
                scales.columns[at],
            )?);
        }
        let root = SchemaType::group_type_builder("rows")
            .with_fields(fields)
            .build()?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_created_by(format!("quantflow {}", env!("CARGO_PKG_VERSION")))
            .build();
        let writer = SerializedFileWriter::new(out, Arc::new(root), Arc::new(properties))?;
        Ok(Self {
            held: vec![Vec::new(); table.columns.len()],
            table,
            scales,
            writer,
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn push(&mut self, row: Vec<Field>) -> Result<(), ParquetError> {
        for (column, field) in self.held.iter_mut().zip(row) {
            column.push(field);
        }
        if self
            .held
            .first()
            .is_some_and(|column| column.len() >= GROUP)
        {
            self.flush()?;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn finish(mut self) -> Result<W, ParquetError> {
        self.flush()?;
        self.writer.into_inner()
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        if self.held.first().is_none_or(Vec::is_empty) {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for (at, (_, form)) in self.table.columns.iter().enumerate() {
            let fields = std::mem::take(&mut self.held[at]);
            let levels: Vec<i16> = fields
                .iter()
                .map(|f| i16::from(*f != Field::None))
                .collect();
            let levels = (*form != Form::Time).then_some(levels.as_slice());
            let (scale, narrow) = self.scales.of(at);
            let scale = scale as u8;
            let present = fields.iter().filter(|f| **f != Field::None);
            let mut column = group
                .next_column()?
                .ok_or_else(|| ParquetError::General("a column too few".to_owned()))?;
            match form {
                Form::Exact | Form::Id if !narrow => {
                    let values: Option<Vec<_>> =
                        present.map(|f| Some(wide(integer(f, scale)?))).collect();
                    write::<FixedLenByteArrayType>(&mut column, values, levels)?;
                }
                Form::Text => {
                    let values = present.map(|f| match f {
                        Field::Text(text) => Some(ByteArray::from(*text)),
                        _ => None,
                    });
                    write::<ByteArrayType>(&mut column, values.collect(), levels)?;
                }
                Form::Flag => {
                    let values = present.map(|f| match f {
                        Field::Flag(flag) => Some(*flag),
                        _ => None,
                    });
                    write::<BoolType>(&mut column, values.collect(), levels)?;
                }
                Form::Time | Form::Count | Form::Exact | Form::Id => {
                    let values: Option<Vec<i64>> = present
                        .map(|f| i64::try_from(integer(f, scale)?).ok())
                        .collect();
                    write::<Int64Type>(&mut column, values, levels)?;
                }
            }
            column.close()?;
        }
        group.close()?;
        Ok(())
    }
}

fn write<T: DataType>(
    column: &mut parquet::file::writer::SerializedColumnWriter<'_>,
    values: Option<Vec<T::T>>,
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let values = values
        .ok_or_else(|| ParquetError::General("a value does not fit its column".to_owned()))?;
    column.typed::<T>().write_batch(&values, levels, None)?;
    Ok(())
}

fn integer(field: &Field, scale: u8) -> Option<i128> {
    match field {
        Field::Time(time) => Some(i128::from(*time)),
        Field::Exact(number) => number.at_scale(scale),
        Field::Id(id) => i128::try_from(*id).ok(),
        Field::Count(count) => Some(i128::from(*count)),
        Field::None | Field::Text(_) | Field::Flag(_) => None,
    }
}

fn wide(value: i128) -> FixedLenByteArray {
    FixedLenByteArray::from(value.to_be_bytes().to_vec())
}

fn schema_of(
    name: &str,
    form: Form,
    table: &Table,
    (scale, narrow): (i32, bool),
    (own_scale, whole): (u8, u32),
) -> Result<TypePtr, ParquetError> {
    let required = form == Form::Time;
    let repetition = if required {
        Repetition::REQUIRED
    } else {
        Repetition::OPTIONAL
    };
    let primitive =
        |physical| SchemaType::primitive_type_builder(name, physical).with_repetition(repetition);
    let built = match form {
        Form::Time => primitive(Type::INT64)
            .with_logical_type(Some(LogicalType::timestamp(
                true,
                match table.unit {
                    TimeUnit::Ms => ParquetUnit::MILLIS,
                    TimeUnit::Ns => ParquetUnit::NANOS,
                },
            )))
            .build()?,
        Form::Count => primitive(Type::INT64).build()?,
        Form::Flag => primitive(Type::BOOLEAN).build()?,
        Form::Text => primitive(Type::BYTE_ARRAY)
            .with_logical_type(Some(LogicalType::String))
            .build()?,
        Form::Id if narrow => primitive(Type::INT64).build()?,
        Form::Exact | Form::Id => {
            if u32::from(own_scale) + whole > WIDE as u32 {
                return Err(ParquetError::General(format!(
                    "the column {name} needs more than 38 digits to be exact: export as csv"
                )));
            }
            let (physical, precision, length) = if narrow {
                (Type::INT64, NARROW, 0)
            } else {
                (Type::FIXED_LEN_BYTE_ARRAY, WIDE, 16)
            };
            primitive(physical)
                .with_length(length)
                .with_precision(precision)
                .with_scale(scale)
                .with_logical_type(Some(LogicalType::decimal(scale, precision)))
                .build()?
        }
    };
    Ok(Arc::new(built))
}
