//! Reads rows of a segment's file: only the pages they stand in, each byte checked.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use parquet::basic::{LogicalType, TimeUnit, Type as PhysicalType};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{
    BoolType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use quantflow_model::Integers;
use quantflow_seams::StoreError;

use crate::blocks::{CheckedFile, Prefetched};
use crate::catalogue::Catalogue;
use crate::error;
use crate::rows::{Absent, Kind, Loaded, Rows};
use crate::schema::Physical;
use crate::segment::{Run, Segment};
use crate::values::memory_scale;

/// A column of an open file.
#[derive(Debug, Clone, Copy)]
struct Leaf {
    index: usize,
    physical: Physical,
    scale: u8,
    nullable: bool,
}

/// A file with its footer and page index in memory.
#[derive(Debug)]
pub(crate) struct OpenSegment {
    file: CheckedFile,
    name: String,
    metadata: ParquetMetaData,
    /// By place in [`Rows::COLUMNS`].
    leaves: Vec<Option<Leaf>>,
    /// The first row of each row group, and the end.
    starts: Vec<u64>,
}

/// Open files, the least recently used closed when their footers take too much memory.
#[derive(Debug)]
pub(crate) struct SegmentCache {
    capacity: usize,
    state: Mutex<CacheState>,
}

#[derive(Debug, Default)]
struct CacheState {
    open: HashMap<u64, (Arc<OpenSegment>, u64, usize)>,
    bytes: usize,
    clock: u64,
}

impl SegmentCache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            state: Mutex::default(),
        }
    }

    /// The open file of a segment; opens it when it is not.
    pub(crate) fn get<R: Rows>(
        &self,
        segment: &Segment,
        catalogue: &Catalogue,
    ) -> Result<Arc<OpenSegment>, StoreError> {
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.clock += 1;
            let now = state.clock;
            if let Some((open, used, _)) = state.open.get_mut(&segment.id) {
                *used = now;
                return Ok(Arc::clone(open));
            }
        }
        let sums = match segment.keepsake.get() {
            Some(sums) => Arc::clone(sums),
            None => match catalogue.sums(segment.id, &segment.name) {
                Ok(sums) => sums.into(),
                // taken out of the catalogue between the two looks
                Err(fault) => segment.keepsake.get().map(Arc::clone).ok_or(fault)?,
            },
        };
        let open = Arc::new(OpenSegment::open::<R>(segment, sums)?);
        let bytes = open.metadata.memory_size() + segment.bytes as usize / 1024;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = state.clock;
        if let Some((_, _, old)) = state
            .open
            .insert(segment.id, (Arc::clone(&open), now, bytes))
        {
            state.bytes -= old;
        }
        state.bytes += bytes;
        while state.bytes > self.capacity && state.open.len() > 1 {
            let oldest = state
                .open
                .iter()
                .filter(|(id, _)| **id != segment.id)
                .min_by_key(|(_, (_, used, _))| *used)
                .map(|(id, _)| *id);
            let Some((_, _, freed)) = oldest.and_then(|id| state.open.remove(&id)) else {
                break;
            };
            state.bytes -= freed;
        }
        Ok(open)
    }

    pub(crate) fn forget(&self, segment: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, freed)) = state.open.remove(&segment) {
            state.bytes -= freed;
        }
    }
}

impl OpenSegment {
    pub(crate) fn open<R: Rows>(segment: &Segment, sums: Arc<[u32]>) -> Result<Self, StoreError> {
        let name = segment.name.clone();
        let file = CheckedFile::open(&segment.path, &name, segment.bytes, sums)?;
        let metadata = ParquetMetaDataReader::new()
            .with_page_index_policy(PageIndexPolicy::Required)
            .parse_and_finish(&file)
            .map_err(|e| of_reading(&name, e))?;
        let mut leaves = vec![None; R::COLUMNS.len()];
        let schema = metadata.file_metadata().schema_descr();
        for (index, column) in schema.columns().iter().enumerate() {
            let place = R::COLUMNS.iter().position(|def| def.name == column.name());
            let Some(place) = place else { continue };
            leaves[place] = Some(Leaf {
                index,
                physical: match column.physical_type() {
                    PhysicalType::BOOLEAN => Physical::Bool,
                    PhysicalType::INT32 => Physical::Int32,
                    PhysicalType::INT64 => Physical::Int64,
                    _ => Physical::Wide,
                },
                scale: match column.logical_type_ref() {
                    Some(LogicalType::Timestamp(stamp)) => match stamp.unit {
                        TimeUnit::MILLIS => 3,
                        TimeUnit::MICROS => 6,
                        TimeUnit::NANOS => 9,
                    },
                    Some(LogicalType::Decimal(decimal)) => decimal.scale as u8,
                    _ => 0,
                },
                nullable: column.max_def_level() > 0,
            });
        }
        let mut starts = vec![0];
        for group in metadata.row_groups() {
            let last = starts.last().copied().unwrap_or(0);
            starts.push(last + group.num_rows() as u64);
        }
        if starts.last() != Some(&segment.rows) {
            return Err(error::damaged(
                &name,
                format!("it has {:?} rows, not {}", starts.last(), segment.rows),
            ));
        }
        Ok(Self {
            file,
            name,
            metadata,
            leaves,
            starts,
        })
    }

    /// The bytes on disk of each column, by name: what a benchmark reports.
    pub(crate) fn column_bytes(&self) -> Vec<(String, u64)> {
        let columns = self.metadata.file_metadata().schema_descr().columns();
        columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let bytes = self
                    .metadata
                    .row_groups()
                    .iter()
                    .map(|group| group.column(at).compressed_size() as u64)
                    .sum();
                (column.name().to_owned(), bytes)
            })
            .collect()
    }

    /// The rows whose pages lie in some bytes; `None` when bytes outside of all pages are among
    /// them: the footer's or a dictionary's, on which everything depends.
    pub(crate) fn rows_in(&self, bytes: &[Range<u64>]) -> Option<Vec<Range<u64>>> {
        let mut rows = Vec::new();
        let mut last_page = 0;
        for (group, columns) in self.metadata.offset_index()?.iter().enumerate() {
            for (leaf, column) in columns.iter().enumerate() {
                let pages = column.page_locations();
                let chunk = self.metadata.row_group(group).column(leaf);
                let (start, length) = chunk.byte_range();
                last_page = last_page.max(start + length);
                let data = pages.first()?.offset as u64;
                let hit = |from: u64, to: u64| bytes.iter().any(|b| b.start < to && from < b.end);
                if data > start && hit(start, data) {
                    rows.push(self.starts[group]..self.starts[group + 1]);
                }
                for (at, page) in pages.iter().enumerate() {
                    let from = page.offset as u64;
                    if hit(from, from + page.compressed_page_size as u64) {
                        let next = pages.get(at + 1).map_or(self.starts[group + 1], |next| {
                            self.starts[group] + next.first_row_index as u64
                        });
                        rows.push(self.starts[group] + page.first_row_index as u64..next);
                    }
                }
            }
        }
        bytes
            .iter()
            .all(|block| block.end <= last_page)
            .then_some(rows)
    }

    pub(crate) fn damaged_blocks(&self) -> Result<Vec<Range<u64>>, StoreError> {
        self.file.damaged_blocks()
    }

    /// Rows of a run, counted from the run's first.
    pub(crate) fn read<R: Rows>(&self, run: &Run, rows: Range<u64>) -> Result<R, StoreError> {
        let count = (rows.end - rows.start) as usize;
        let in_file = run.start + rows.start..run.start + rows.end;
        let mut columns = Vec::with_capacity(R::COLUMNS.len());
        for (at, def) in R::COLUMNS.iter().enumerate() {
            let shape = run.shape.0[at];
            let may_be_empty = matches!(def.absent, Absent::Negative | Absent::MinusOne);
            columns.push(match shape.constant {
                _ if !shape.any && may_be_empty => Loaded::default(),
                Some(value) => {
                    let (unit, scale) = if shape.any {
                        memory_scale(def.kind, shape.scale)
                    } else {
                        (1, shape.scale)
                    };
                    Loaded {
                        integers: Integers::Narrow(vec![value.wrapping_mul(unit); count]),
                        scale,
                    }
                }
                None => self.read_column::<R>(at, in_file.clone())?,
            });
        }
        R::assemble(columns, count)
            .ok_or_else(|| error::damaged(&self.name, "its columns differ in length"))
    }

    fn read_column<R: Rows>(&self, at: usize, rows: Range<u64>) -> Result<Loaded, StoreError> {
        let def = R::COLUMNS[at];
        let Some(leaf) = self.leaves[at] else {
            return Err(error::damaged(
                &self.name,
                format!("the column {} is missing", def.name),
            ));
        };
        let (unit, scale) = memory_scale(def.kind, leaf.scale);
        let mut integers = Integers::default();
        for (group, part) in self.groups_of(rows) {
            let loaded = self
                .read_part(group, leaf, part, def.absent.marker(), unit)
                .map_err(|e| of_reading(&self.name, e))?;
            if integers.is_empty() {
                integers = loaded;
            } else {
                integers.extend_from(&loaded, 0..loaded.len());
            }
        }
        if def.kind == Kind::TakerBuy
            && let Integers::Narrow(sides) = &mut integers
        {
            for side in sides {
                // null stays 0: unknown
                *side = match *side {
                    1 => 1,
                    2 => 0,
                    _ => 2,
                };
            }
        }
        Ok(Loaded { integers, scale })
    }

    /// The row groups that hold rows, each with the rows in it.
    fn groups_of(&self, rows: Range<u64>) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
        self.starts
            .windows(2)
            .enumerate()
            .filter_map(move |(group, bounds)| {
                let from = rows.start.max(bounds[0]);
                let to = rows.end.min(bounds[1]);
                (from < to).then(|| {
                    (
                        group,
                        (from - bounds[0]) as usize..(to - bounds[0]) as usize,
                    )
                })
            })
    }

    fn read_part(
        &self,
        group: usize,
        leaf: Leaf,
        rows: Range<usize>,
        marker: i64,
        unit: i64,
    ) -> Result<Integers, ParquetError> {
        let marker = match leaf.physical {
            Physical::Bool => 2, // told apart from false, and turned into 0 by the caller
            _ => marker,
        };
        Ok(match leaf.physical {
            Physical::Bool => {
                let (values, levels) = self.decode::<BoolType>(group, leaf, rows)?;
                let values = values.into_iter().map(i64::from).collect();
                Integers::Narrow(spread(values, levels, marker))
            }
            Physical::Int32 => {
                let (values, levels) = self.decode::<Int32Type>(group, leaf, rows)?;
                let values = values.into_iter().map(i64::from).collect();
                Integers::Narrow(spread(values, levels, marker))
            }
            Physical::Int64 => {
                let (mut values, levels) = self.decode::<Int64Type>(group, leaf, rows)?;
                if unit != 1 {
                    for value in &mut values {
                        *value = value.wrapping_mul(unit);
                    }
                }
                Integers::Narrow(spread(values, levels, marker))
            }
            Physical::Wide => {
                let (values, levels) = self.decode::<FixedLenByteArrayType>(group, leaf, rows)?;
                let values = values
                    .iter()
                    .map(wide)
                    .collect::<Option<Vec<_>>>()
                    .ok_or_else(|| ParquetError::General("a decimal of 16 bytes".to_owned()))?;
                Integers::Wide(spread(values, levels, i128::from(marker)))
            }
        })
    }

    /// The values and levels of rows of a row group, by way of only the pages they stand in: one
    /// read for them, and one more for a dictionary.
    #[allow(clippy::type_complexity)]
    fn decode<T: DataType>(
        &self,
        group: usize,
        leaf: Leaf,
        rows: Range<usize>,
    ) -> Result<(Vec<T::T>, Option<Vec<i16>>), ParquetError> {
        let chunk = self.metadata.row_group(group).column(leaf.index);
        let pages = self
            .metadata
            .offset_index()
            .and_then(|index| index.get(group)?.get(leaf.index))
            .ok_or_else(|| ParquetError::General("no page index".to_owned()))?
            .page_locations();
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
        let mut parts = vec![(begin, self.file_bytes(begin, length as usize)?)];
        let (start, _) = chunk.byte_range();
        let data = pages[0].offset as u64;
        if data > start {
            parts.push((start, self.file_bytes(start, (data - start) as usize)?));
        }
        let total = (self.starts[group + 1] - self.starts[group]) as usize;
        let reader = SerializedPageReader::new(
            Arc::new(Prefetched {
                length: start + length,
                parts,
            }),
            chunk,
            total,
            Some(pages.clone()),
        )?;
        let mut column = ColumnReaderImpl::<T>::new(chunk.column_descr_ptr(), Box::new(reader));
        let skipped = column.skip_records(rows.start)?;
        let count = rows.end - rows.start;
        let mut values = Vec::with_capacity(count);
        let mut levels = leaf.nullable.then(|| Vec::with_capacity(count));
        let (read, _, _) = column.read_records(count, levels.as_mut(), None, &mut values)?;
        if skipped != rows.start || read != count {
            return Err(ParquetError::General(format!(
                "{read} of {count} rows could be read"
            )));
        }
        Ok((values, levels))
    }

    fn file_bytes(&self, start: u64, length: usize) -> Result<bytes::Bytes, ParquetError> {
        self.file
            .read(start, length)
            .map_err(|e| ParquetError::External(Box::new(e)))
    }

    /// The first row of a run, counted from its first, whose time is not before `time`.
    pub(crate) fn lower_bound<R: Rows>(&self, run: &Run, time: i64) -> Result<u64, StoreError> {
        if time <= run.min {
            return Ok(0);
        }
        if time > run.max {
            return Ok(run.rows);
        }
        let (start, end) = (run.start, run.start + run.rows);
        let inner = self.inner_pages::<R>(start..end);
        let before = inner.partition_point(|(_, least)| *least < time);
        let search = |rows: Range<u64>| -> Result<u64, StoreError> {
            if rows.is_empty() {
                return Ok(rows.start);
            }
            let times = self.read_column::<R>(R::TIME, rows.clone())?.into_longs();
            Ok(rows.start + times.partition_point(|t| *t < time) as u64)
        };
        let head_end = inner.first().map_or(end, |(rows, _)| rows.start);
        let found = if before == 0 {
            search(start..head_end)?
        } else {
            let page = inner[before - 1].0.clone();
            let found = search(page.clone())?;
            if found == page.end && before == inner.len() {
                search(page.end..end)?
            } else {
                found
            }
        };
        Ok(found - start)
    }

    /// The pages of the time column that lie wholly inside rows, each with its least time.
    fn inner_pages<R: Rows>(&self, rows: Range<u64>) -> Vec<(Range<u64>, i64)> {
        let mut inner = Vec::new();
        let Some(leaf) = self.leaves[R::TIME] else {
            return inner;
        };
        let (unit, _) = memory_scale(Kind::Time, leaf.scale);
        for (group, _) in self.groups_of(rows.clone()) {
            let offsets = self.metadata.offset_index();
            let indexes = self.metadata.column_index();
            let pages = offsets.and_then(|index| index.get(group)?.get(leaf.index));
            let index = indexes.and_then(|index| index.get(group)?.get(leaf.index));
            let (Some(pages), Some(ColumnIndexMetaData::INT64(index))) = (pages, index) else {
                continue;
            };
            let pages = pages.page_locations();
            for (at, page) in pages.iter().enumerate() {
                let first = self.starts[group] + page.first_row_index as u64;
                let next = pages.get(at + 1).map_or(self.starts[group + 1], |next| {
                    self.starts[group] + next.first_row_index as u64
                });
                if first < rows.start || next > rows.end {
                    continue;
                }
                if let Some(least) = index.min_value(at) {
                    inner.push((first..next, least.wrapping_mul(unit)));
                }
            }
        }
        inner
    }
}

fn wide(bytes: &FixedLenByteArray) -> Option<i128> {
    Some(i128::from_be_bytes(bytes.data().try_into().ok()?))
}

/// Puts the mark of absence where a row has no value.
fn spread<T: Copy>(values: Vec<T>, levels: Option<Vec<i16>>, marker: T) -> Vec<T> {
    let Some(levels) = levels.filter(|levels| levels.len() != values.len()) else {
        return values;
    };
    let mut values = values.into_iter();
    levels
        .into_iter()
        .map(|level| match level {
            0 => marker,
            _ => values.next().unwrap_or(marker),
        })
        .collect()
}

/// A failure to read: a damaged block keeps its name, all else is damage too.
fn of_reading(name: &str, fault: ParquetError) -> StoreError {
    match fault {
        ParquetError::External(inner) => match inner.downcast::<StoreError>() {
            Ok(fault) => *fault,
            Err(other) => error::damaged(name, other),
        },
        other => error::damaged(name, other),
    }
}
