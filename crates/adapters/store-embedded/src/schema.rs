//! The Parquet columns of a segment: which there are, and how wide.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::schema::types::{Type, TypePtr};

use crate::rows::{Absent, Kind, Rows};
use crate::shape::{ColumnShape, Shape, width};

/// How a column's values lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Physical {
    Bool,
    Int32,
    Int64,
    Wide,
}

/// A column of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileColumn {
    /// Its place in [`Rows::COLUMNS`].
    pub(crate) column: usize,
    pub(crate) physical: Physical,
    /// Digits after the point (of a time: 3, 6 or 9).
    pub(crate) scale: u8,
    pub(crate) nullable: bool,
}

/// The columns of a file, after the symbol, which is always the first.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    pub(crate) columns: Vec<FileColumn>,
    pub(crate) parquet: TypePtr,
}

/// The name of the symbol's column.
pub(crate) const SYMBOL: &str = "symbol";

impl Schema {
    /// The narrowest columns that hold everything of a shape exactly.
    pub(crate) fn of<R: Rows>(shape: &Shape) -> Result<Self, ParquetError> {
        let mut columns = Vec::new();
        let mut fields = vec![Arc::new(
            Type::primitive_type_builder(SYMBOL, PhysicalType::BYTE_ARRAY)
                .with_repetition(Repetition::REQUIRED)
                .with_logical_type(Some(LogicalType::String))
                .build()?,
        )];
        for (at, def) in R::COLUMNS.iter().enumerate() {
            let needs = shape.0[at];
            let all_default =
                def.default.is_some() && needs.constant == def.default && needs.scale == 0;
            // a side that nobody knows is still a column: readers of many files expect it
            let no_value = !needs.any && def.absent != Absent::NoSide;
            if all_default || no_value {
                continue;
            }
            let column = FileColumn {
                column: at,
                physical: physical(def.kind, needs),
                scale: needs.scale,
                nullable: needs.absent,
            };
            fields.push(Arc::new(field(def.name, def.kind, column)?));
            columns.push(column);
        }
        let parquet = Type::group_type_builder("schema")
            .with_fields(fields)
            .build()?;
        Ok(Self {
            columns,
            parquet: Arc::new(parquet),
        })
    }
}

fn physical(kind: Kind, needs: ColumnShape) -> Physical {
    match (kind, width(needs.digits())) {
        (Kind::TakerBuy, _) => Physical::Bool,
        (Kind::Time, _) | (Kind::Id, 0 | 1) | (_, 1) => Physical::Int64,
        (_, 0) => Physical::Int32,
        _ => Physical::Wide,
    }
}

fn field(name: &str, kind: Kind, column: FileColumn) -> Result<Type, ParquetError> {
    let (physical, precision) = match column.physical {
        Physical::Bool => (PhysicalType::BOOLEAN, 0),
        Physical::Int32 => (PhysicalType::INT32, 9),
        Physical::Int64 => (PhysicalType::INT64, 18),
        Physical::Wide => (PhysicalType::FIXED_LEN_BYTE_ARRAY, 38),
    };
    let logical = match kind {
        Kind::Time => Some(LogicalType::timestamp(
            true,
            match column.scale {
                3 => TimeUnit::MILLIS,
                6 => TimeUnit::MICROS,
                _ => TimeUnit::NANOS,
            },
        )),
        Kind::Number => Some(LogicalType::decimal(i32::from(column.scale), precision)),
        Kind::Id if column.physical == Physical::Wide => Some(LogicalType::decimal(0, precision)),
        Kind::Id | Kind::Int | Kind::TakerBuy => None,
    };
    let repetition = if column.nullable {
        Repetition::OPTIONAL
    } else {
        Repetition::REQUIRED
    };
    let mut builder = Type::primitive_type_builder(name, physical)
        .with_repetition(repetition)
        .with_logical_type(logical.clone());
    if column.physical == Physical::Wide {
        builder = builder.with_length(16);
    }
    if matches!(logical, Some(LogicalType::Decimal(_))) {
        builder = builder
            .with_precision(precision)
            .with_scale(if kind == Kind::Number {
                i32::from(column.scale)
            } else {
                0
            });
    }
    builder.build()
}
