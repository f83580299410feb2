//! Tables as an Arrow IPC stream. Exact numbers are Decimal128 with the smallest scale that is exact for the answer.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampNanosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, Schema, TimeUnit};

use super::{Cell, ColumnKind, Table, WriteError};

/// Decimal digits of a Decimal128 column.
const PRECISION: u8 = 38;

/// How a column is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Decimal(u8),
    Real,
    Whole,
    Time,
    Bool,
}

/// Writes batches of rows.
pub(crate) struct Writer {
    schema: Arc<Schema>,
    kinds: Vec<Kind>,
    stream: StreamWriter<Vec<u8>>,
}

impl Writer {
    pub(super) fn new(table: &dyn Table) -> Result<Self, WriteError> {
        let columns = table.columns();
        let kinds: Vec<Kind> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| kind_of(table, at, column.kind))
            .collect();
        let fields: Vec<Field> = columns
            .iter()
            .zip(&kinds)
            .map(|(column, kind)| Field::new(column.name.as_ref(), data_type(*kind), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let stream = StreamWriter::try_new(Vec::new(), &schema)?;
        Ok(Self {
            schema,
            kinds,
            stream,
        })
    }

    pub(super) fn rows(
        &mut self,
        table: &dyn Table,
        rows: Range<usize>,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        if !rows.is_empty() {
            let arrays = self
                .kinds
                .iter()
                .enumerate()
                .map(|(column, kind)| array(table, rows.clone(), column, *kind))
                .collect::<Result<Vec<_>, _>>()?;
            let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays)?;
            self.stream.write(&batch)?;
        }
        out.append(self.stream.get_mut());
        Ok(())
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.stream.finish()?;
        out.append(self.stream.get_mut());
        Ok(())
    }
}

/// A column of exact numbers that no one scale holds in 38 digits is written as text, which is exact too.
fn kind_of(table: &dyn Table, column: usize, kind: ColumnKind) -> Kind {
    match kind {
        ColumnKind::Text => Kind::Text,
        ColumnKind::Real => Kind::Real,
        ColumnKind::Whole => Kind::Whole,
        ColumnKind::Time => Kind::Time,
        ColumnKind::Bool => Kind::Bool,
        ColumnKind::Decimal => {
            let numbers = || {
                (0..table.rows()).filter_map(|row| match table.cell(row, column) {
                    Cell::Decimal(number) => Some(number),
                    _ => None,
                })
            };
            let scale = numbers().map(|n| n.scale()).max().unwrap_or(0);
            if numbers().all(|n| n.at_scale(scale).is_some()) {
                Kind::Decimal(scale)
            } else {
                Kind::Text
            }
        }
    }
}

fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::Utf8,
        Kind::Decimal(scale) => DataType::Decimal128(PRECISION, scale as i8),
        Kind::Real => DataType::Float64,
        Kind::Whole => DataType::Int64,
        Kind::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        Kind::Bool => DataType::Boolean,
    }
}

fn array(
    table: &dyn Table,
    rows: Range<usize>,
    column: usize,
    kind: Kind,
) -> Result<ArrayRef, WriteError> {
    let cells = rows.map(|row| table.cell(row, column));
    Ok(match kind {
        Kind::Text => {
            let mut builder = StringBuilder::new();
            for cell in cells {
                match cell {
                    Cell::Text(text) => builder.append_value(text),
                    Cell::Decimal(number) => builder.append_value(number.to_string()),
                    _ => builder.append_null(),
                }
            }
            Arc::new(builder.finish())
        }
        Kind::Decimal(scale) => {
            let mut builder =
                Decimal128Builder::new().with_precision_and_scale(PRECISION, scale as i8)?;
            for cell in cells {
                builder.append_option(match cell {
                    Cell::Decimal(number) => number.at_scale(scale),
                    _ => None,
                });
            }
            Arc::new(builder.finish())
        }
        Kind::Real => {
            let mut builder = Float64Builder::new();
            for cell in cells {
                builder.append_option(match cell {
                    Cell::Real(number) if !number.is_nan() => Some(number),
                    _ => None,
                });
            }
            Arc::new(builder.finish())
        }
        Kind::Whole => {
            let mut builder = Int64Builder::new();
            for cell in cells {
                builder.append_option(match cell {
                    Cell::Whole(number) => Some(number),
                    _ => None,
                });
            }
            Arc::new(builder.finish())
        }
        Kind::Time => {
            let mut builder = TimestampNanosecondBuilder::new().with_timezone("UTC");
            for cell in cells {
                builder.append_option(match cell {
                    Cell::Time(time) => Some(time.nanos()),
                    _ => None,
                });
            }
            Arc::new(builder.finish())
        }
        Kind::Bool => {
            let mut builder = BooleanBuilder::new();
            for cell in cells {
                builder.append_option(match cell {
                    Cell::Bool(yes) => Some(yes),
                    _ => None,
                });
            }
            Arc::new(builder.finish())
        }
    })
}
