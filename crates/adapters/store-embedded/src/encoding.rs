//! Which encoding and codec a column of a segment gets: the smallest of a few on a sample.
//!
//! No one encoding fits: ids and times are smallest as differences, lot-like quantities as a
//! dictionary, random ones as split bytes. The candidates stand fastest to read first, and a later
//! one must be smaller by more than a hundredth to be taken.

use std::borrow::Cow;
use std::sync::Arc;

use parquet::basic::Encoding;
use parquet::column::writer::ColumnWriter;
use parquet::errors::ParquetError;
use parquet::file::properties::{
    EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor, ColumnPath, SchemaDescriptor, Type};
use quantflow_model::Symbol;

use crate::column_chunk::Chunk;
use crate::rows::Rows;
use crate::values::{FileValues, Typed};

/// How many rows are tried out: a sixteenth of them, but not fewer than a run of neighbours. Trying
/// costs five times what writing does.
const SHARE: usize = 16;
const NEIGHBOURS: usize = 4_096;

/// A way to write a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) encoding: Encoding,
    pub(crate) dictionary: bool,
    pub(crate) zstd: bool,
}

const fn plain(encoding: Encoding, zstd: bool) -> Choice {
    Choice {
        encoding,
        dictionary: false,
        zstd,
    }
}

const fn dictionary(encoding: Encoding, zstd: bool) -> Choice {
    Choice {
        encoding,
        dictionary: true,
        zstd,
    }
}

const INTEGERS: [Choice; 5] = [
    plain(Encoding::DELTA_BINARY_PACKED, false),
    plain(Encoding::DELTA_BINARY_PACKED, true),
    plain(Encoding::BYTE_STREAM_SPLIT, true),
    // a dictionary that grows too large falls back to the encoding named here
    dictionary(Encoding::BYTE_STREAM_SPLIT, true),
    plain(Encoding::PLAIN, true),
];
const WIDE: [Choice; 3] = [
    plain(Encoding::BYTE_STREAM_SPLIT, true),
    dictionary(Encoding::BYTE_STREAM_SPLIT, true),
    plain(Encoding::PLAIN, true),
];
const BOOLS: [Choice; 3] = [
    plain(Encoding::PLAIN, false),
    plain(Encoding::PLAIN, true),
    plain(Encoding::RLE, true),
];

/// Rows to choose by: runs of neighbours, spread over all of them.
pub(crate) fn sample<R: Rows>(pieces: &[(Symbol, R)]) -> Cow<'_, [(Symbol, R)]> {
    let rows: usize = pieces.iter().map(|(_, rows)| rows.len()).sum();
    let runs = (rows / SHARE / NEIGHBOURS).max(1);
    if rows <= runs * NEIGHBOURS {
        return Cow::Borrowed(pieces);
    }
    let apart = (rows - NEIGHBOURS) / runs.max(2).saturating_sub(1);
    let mut sample = Vec::new();
    for start in (0..runs).map(|run| run * apart) {
        let mut at = 0;
        for (symbol, rows) in pieces {
            let from = start.saturating_sub(at).min(rows.len());
            let to = (start + NEIGHBOURS).saturating_sub(at).min(rows.len());
            if from < to {
                sample.push((symbol.clone(), rows.slice(from..to)));
            }
            at += rows.len();
        }
    }
    Cow::Owned(sample)
}

/// The best way to write a column with values like these.
pub(crate) fn choose(
    sample: FileValues,
    column: &ColumnDescriptor,
    page_rows: usize,
) -> Result<Choice, ParquetError> {
    let candidates: &[Choice] = match &sample.values {
        Typed::Bool(_) => &BOOLS,
        Typed::Wide(_) => &WIDE,
        Typed::Int32(_) | Typed::Int64(_) => &INTEGERS,
    };
    if sample.values.len() < 64 {
        return Ok(candidates[0]); // page headers outweigh them: nothing to win
    }
    // where no value is says nothing about how to write those that are
    let sample = FileValues {
        levels: None,
        ..sample
    };
    let column = required(column)?;
    let mut best = (usize::MAX, candidates[0]);
    for &choice in candidates {
        let builder = properties(page_rows).set_statistics_enabled(EnabledStatistics::None);
        let properties = Arc::new(apply(builder, column.name(), choice).build());
        let chunk = Chunk::encode(&column, &properties, &sample, page_rows, choice.zstd)?;
        let size = chunk.len();
        if size.saturating_add(size / 100) < best.0 {
            best = (size, choice);
        }
    }
    Ok(best.1)
}

/// The same column in which each row has a value.
fn required(column: &ColumnDescriptor) -> Result<ColumnDescPtr, ParquetError> {
    let info = column.self_type().get_basic_info();
    let field = Type::primitive_type_builder(column.name(), column.physical_type())
        .with_repetition(parquet::basic::Repetition::REQUIRED)
        .with_logical_type(info.logical_type_ref().cloned())
        .with_length(column.type_length())
        .with_precision(column.type_precision())
        .with_scale(column.type_scale())
        .build()?;
    let schema = Type::group_type_builder("sample")
        .with_fields(vec![Arc::new(field)])
        .build()?;
    Ok(SchemaDescriptor::new(Arc::new(schema)).column(0))
}

/// What all columns share.
pub(crate) fn properties(page_rows: usize) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        // pages of version 2 say each whether they are compressed: noise stays plain
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_created_by(concat!("quantflow ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_dictionary_enabled(false)
        .set_dictionary_page_size_limit(4 << 20)
        .set_data_page_row_count_limit(page_rows)
        .set_write_batch_size(page_rows)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(None)
}

/// Sets how one column is written, but for zstd: see [`Chunk`].
pub(crate) fn apply(
    builder: WriterPropertiesBuilder,
    name: &str,
    choice: Choice,
) -> WriterPropertiesBuilder {
    let path = ColumnPath::from(name);
    builder
        .set_column_encoding(path.clone(), choice.encoding)
        .set_column_dictionary_enabled(path, choice.dictionary)
}

/// Writes a column, never more than a page at once: the writer looks at its page limits only
/// between calls.
pub(crate) fn write(
    writer: &mut ColumnWriter<'_>,
    values: &Typed,
    levels: Option<&[i16]>,
    page_rows: usize,
) -> Result<(), ParquetError> {
    macro_rules! pages {
        ($writer:expr, $values:expr) => {{
            let mut at = 0;
            match levels {
                None => {
                    for page in $values.chunks(page_rows) {
                        $writer.write_batch(page, None, None)?;
                    }
                }
                Some(levels) => {
                    for page in levels.chunks(page_rows) {
                        let present = page.iter().filter(|&&level| level == 1).count();
                        $writer.write_batch(&$values[at..at + present], Some(page), None)?;
                        at += present;
                    }
                }
            }
        }};
    }
    match (writer, values) {
        (ColumnWriter::BoolColumnWriter(writer), Typed::Bool(values)) => pages!(writer, values),
        (ColumnWriter::Int32ColumnWriter(writer), Typed::Int32(values)) => pages!(writer, values),
        (ColumnWriter::Int64ColumnWriter(writer), Typed::Int64(values)) => pages!(writer, values),
        (ColumnWriter::FixedLenByteArrayColumnWriter(writer), Typed::Wide(values)) => {
            pages!(writer, values);
        }
        _ => {
            return Err(ParquetError::General(
                "a column's values and its type in the file differ".to_owned(),
            ));
        }
    }
    Ok(())
}
