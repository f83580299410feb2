//! Which encoding and codec a column of a segment gets: the smallest of a few on a sample.
//!
//! No one encoding fits: ids and times are smallest as differences, lot-like quantities as a
//! dictionary, random ones as split bytes. The candidates stand fastest to read first, and a later
//! one must be smaller by more than a hundredth to be taken.

use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::errors::ParquetError;
use parquet::file::properties::{
    EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type};

use crate::values::{FileValues, Typed};

/// How many values are tried out: an eighth of them, within these bounds. Trying costs five times
/// what writing does.
const SAMPLE: (usize, usize) = (4_096, 65_536);

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

/// The symbols of a segment: long runs of few values.
pub(crate) const SYMBOLS: Choice = dictionary(Encoding::PLAIN, true);

/// The best way to write a column with values like these.
pub(crate) fn choose(
    values: &FileValues,
    field: &Type,
    page_rows: usize,
) -> Result<Choice, ParquetError> {
    let most = (values.values.len() / 8).clamp(SAMPLE.0, SAMPLE.1);
    let sample = values.values.sample(most, page_rows.min(most));
    let candidates: &[Choice] = match &sample {
        Typed::Text(_) => return Ok(SYMBOLS),
        Typed::Bool(_) => &BOOLS,
        Typed::Wide(_) => &WIDE,
        Typed::Int32(_) | Typed::Int64(_) => &INTEGERS,
    };
    if sample.len() < 64 {
        return Ok(candidates[0]); // page headers outweigh them: nothing to win
    }
    let mut best = (usize::MAX, candidates[0]);
    for &choice in candidates {
        let size = size_of(&sample, field, choice, page_rows)?;
        if size.saturating_add(size / 100) < best.0 {
            best = (size, choice);
        }
    }
    Ok(best.1)
}

/// The bytes of a sample written one way.
fn size_of(
    sample: &Typed,
    field: &Type,
    choice: Choice,
    page_rows: usize,
) -> Result<usize, ParquetError> {
    let info = field.get_basic_info();
    let required = Type::primitive_type_builder(field.name(), field.get_physical_type())
        .with_repetition(parquet::basic::Repetition::REQUIRED)
        .with_logical_type(info.logical_type_ref().cloned())
        .with_length(match field {
            Type::PrimitiveType { type_length, .. } => *type_length,
            Type::GroupType { .. } => -1,
        })
        .with_precision(match field {
            Type::PrimitiveType { precision, .. } => *precision,
            Type::GroupType { .. } => -1,
        })
        .with_scale(match field {
            Type::PrimitiveType { scale, .. } => *scale,
            Type::GroupType { .. } => -1,
        })
        .build()?;
    let schema = Type::group_type_builder("sample")
        .with_fields(vec![Arc::new(required)])
        .build()?;
    let builder = properties(page_rows).set_statistics_enabled(EnabledStatistics::None);
    let properties = apply(builder, field.name(), choice).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    if let Some(mut column) = group.next_column()? {
        write(column.untyped(), sample, None, page_rows)?;
        column.close()?;
    }
    let group = group.close()?;
    let size = group.column(0).compressed_size();
    writer.close()?;
    Ok(usize::try_from(size).unwrap_or(usize::MAX))
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

/// Sets how one column is written.
pub(crate) fn apply(
    builder: WriterPropertiesBuilder,
    name: &str,
    choice: Choice,
) -> WriterPropertiesBuilder {
    let path = ColumnPath::from(name);
    let codec = if choice.zstd {
        Compression::ZSTD(ZstdLevel::default())
    } else {
        Compression::UNCOMPRESSED
    };
    builder
        .set_column_encoding(path.clone(), choice.encoding)
        .set_column_dictionary_enabled(path.clone(), choice.dictionary)
        .set_column_compression(path, codec)
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
        (ColumnWriter::ByteArrayColumnWriter(writer), Typed::Text(values)) => {
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
