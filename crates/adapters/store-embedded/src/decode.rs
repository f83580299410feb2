//! Decodes rows of one column of a row group: only the pages they stand in, straight into integers.

use std::ops::Range;
use std::sync::Arc;

use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{
    BoolType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::page_index::offset_index::PageLocation;
use parquet::file::serialized_reader::SerializedPageReader;
use quantflow_model::Integers;

use crate::blocks::{CheckedFile, Prefetched};
use crate::schema::Physical;
use crate::zstd_pages::ZstdPages;

/// Rows that are decoded at once, on their way to where they stay: they fit a core's first caches.
const AT_ONCE: usize = 2048;

/// What stands for a side that is absent until it is turned into a code.
pub(crate) const NO_SIDE: i64 = 2;

/// One column of one row group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColumnChunk<'a> {
    pub(crate) file: &'a CheckedFile,
    pub(crate) metadata: &'a ColumnChunkMetaData,
    pub(crate) pages: &'a [PageLocation],
    /// Rows of the group.
    pub(crate) rows: usize,
    /// Whether its pages are compressed, whatever the metadata says.
    pub(crate) compressed: bool,
    pub(crate) physical: Physical,
    pub(crate) nullable: bool,
    /// What stands in memory where there is no value.
    pub(crate) marker: i64,
    /// By what a 64-bit value is multiplied: times become nanoseconds.
    pub(crate) unit: i64,
}

impl ColumnChunk<'_> {
    /// Adds rows of the group to a column.
    pub(crate) fn read(self, rows: Range<usize>, to: &mut Integers) -> Result<(), ParquetError> {
        let count = rows.len();
        if self.physical == Physical::Wide {
            let bytes = self.metadata.column_descr().type_length();
            if bytes != 16 {
                let detail = format!("a decimal of {bytes} bytes, not 16");
                return Err(ParquetError::General(detail));
            }
            let mut wide = Vec::with_capacity(count);
            let marker = i128::from(self.marker);
            self.decode::<FixedLenByteArrayType, _>(rows, &mut wide, marker, |bytes| {
                wide_of(bytes).unwrap_or(i128::MAX) // 16 bytes: as the column says
            })?;
            let wide = Integers::Wide(wide);
            if to.is_empty() {
                *to = wide;
            } else {
                to.extend_from(&wide, 0..count);
            }
            return Ok(());
        }
        let Integers::Narrow(narrow) = to else {
            let mut part = Integers::default();
            self.read(rows, &mut part)?;
            to.extend_from(&part, 0..count);
            return Ok(());
        };
        match (self.physical, self.unit) {
            (Physical::Bool, _) => {
                self.decode::<BoolType, _>(rows, narrow, NO_SIDE, |v| i64::from(*v))
            }
            (Physical::Int32, _) => {
                self.decode::<Int32Type, _>(rows, narrow, self.marker, |v| i64::from(*v))
            }
            (_, 1) => self.decode::<Int64Type, _>(rows, narrow, self.marker, |v| *v),
            (_, unit) => {
                self.decode::<Int64Type, _>(rows, narrow, self.marker, |v| v.wrapping_mul(unit))
            }
        }
    }

    /// One read of the file for the pages, and one more for a dictionary.
    fn decode<T: DataType, V: Copy>(
        self,
        rows: Range<usize>,
        to: &mut Vec<V>,
        marker: V,
        turn: impl Fn(&T::T) -> V + Copy,
    ) -> Result<(), ParquetError> {
        let mut column = self.reader::<T>(&rows)?;
        let skipped = column.skip_records(rows.start)?;
        if skipped != rows.start {
            return Err(ParquetError::General(format!(
                "{skipped} of {} rows could be skipped",
                rows.start
            )));
        }
        let count = rows.len();
        let before = to.len();
        let mut values: Vec<T::T> = Vec::with_capacity(count.min(AT_ONCE));
        let mut levels: Option<Vec<i16>> = self.nullable.then(Vec::new);
        let mut left = count;
        while left > 0 {
            values.clear();
            if let Some(levels) = &mut levels {
                levels.clear();
            }
            let (read, present, _) =
                column.read_records(left.min(AT_ONCE), levels.as_mut(), None, &mut values)?;
            if read == 0 || read > left {
                return Err(ParquetError::General(format!(
                    "{} of {count} rows could be read",
                    count - left
                )));
            }
            left -= read;
            match &levels {
                Some(levels) if present != read => {
                    let mut values = values.iter();
                    to.extend(levels.iter().map(|level| match level {
                        0 => marker,
                        _ => values.next().map_or(marker, turn),
                    }));
                }
                _ => to.extend(values.iter().map(turn)),
            }
        }
        if to.len() - before != count {
            return Err(ParquetError::General(format!(
                "{} values for {count} rows",
                to.len() - before
            )));
        }
        Ok(())
    }

    fn reader<T: DataType>(
        &self,
        rows: &Range<usize>,
    ) -> Result<ColumnReaderImpl<T>, ParquetError> {
        let pages = self.pages;
        let first = pages
            .partition_point(|page| page.first_row_index as usize <= rows.start)
            .saturating_sub(1);
        let end = pages.partition_point(|page| (page.first_row_index as usize) < rows.end);
        let (Some(from), Some(last)) = (pages.get(first), pages.get(end.wrapping_sub(1))) else {
            return Err(ParquetError::General("no page holds the rows".to_owned()));
        };
        let begin = from.offset as u64;
        let length = (last.offset as u64 + last.compressed_page_size as u64)
            .checked_sub(begin)
            .ok_or_else(|| ParquetError::General("pages out of order".to_owned()))?;
        let mut parts = vec![(begin, self.bytes(begin, length as usize)?)];
        let (start, whole) = self.metadata.byte_range();
        let data = pages[0].offset as u64;
        if data > start {
            parts.push((start, self.bytes(start, (data - start) as usize)?));
        }
        // Of the pages before those that are read the first stands for all: it tells where data
        // begins, and is skipped in one step.
        let mut named = Vec::with_capacity(end - first + 1);
        if first > 0 {
            named.push(pages[0].clone());
        }
        named.extend_from_slice(&pages[first..end]);
        let named_rows = pages
            .get(end)
            .map_or(self.rows, |next| next.first_row_index as usize);
        let pages = SerializedPageReader::new(
            Arc::new(Prefetched {
                length: start + whole,
                parts,
            }),
            self.metadata,
            named_rows,
            Some(named),
        )?;
        let column = self.metadata.column_descr_ptr();
        Ok(if self.compressed {
            ColumnReaderImpl::new(column, Box::new(ZstdPages(pages)))
        } else {
            ColumnReaderImpl::new(column, Box::new(pages))
        })
    }

    fn bytes(&self, start: u64, length: usize) -> Result<bytes::Bytes, ParquetError> {
        self.file
            .read(start, length)
            .map_err(|e| ParquetError::External(Box::new(e)))
    }
}

fn wide_of(bytes: &FixedLenByteArray) -> Option<i128> {
    Some(i128::from_be_bytes(bytes.data().try_into().ok()?))
}
