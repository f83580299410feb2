//! Reads rows of a segment's file: only the pages they stand in, each byte checked.

use std::ops::Range;
use std::sync::Arc;

use parquet::basic::{LogicalType, TimeUnit, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::offset_index::PageLocation;
use quantflow_model::Integers;
use quantflow_seams::StoreError;

use crate::blocks::CheckedFile;
use crate::decode::{ColumnChunk, NO_SIDE};
use crate::error;
use crate::rows::{Absent, Kind, Loaded, Rows};
use crate::schema::Physical;
use crate::segment::{Run, Segment};
use crate::values::memory_scale;
use crate::zstd_pages::{Compressed, without_codec};

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
    /// Which columns are compressed: the footer says that none is.
    compressed: Compressed,
    /// By place in [`Rows::COLUMNS`].
    leaves: Vec<Option<Leaf>>,
    /// The first row of each row group, and the end.
    starts: Vec<u64>,
}

impl OpenSegment {
    pub(crate) fn open<R: Rows>(segment: &Segment, sums: Arc<[u32]>) -> Result<Self, StoreError> {
        let name = segment.name.clone();
        let file = CheckedFile::open(&segment.path, &name, segment.bytes, sums)?;
        let (metadata, compressed) = ParquetMetaDataReader::new()
            .with_page_index_policy(PageIndexPolicy::Required)
            .parse_and_finish(&file)
            .and_then(without_codec)
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
            compressed,
            leaves,
            starts,
        })
    }

    /// Bytes that its footer takes in memory.
    pub(crate) fn memory_size(&self) -> usize {
        self.metadata.memory_size()
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
                    Loaded::Same {
                        value: value.wrapping_mul(unit),
                        scale,
                        rows: count,
                    }
                }
                None => self.read_column::<R>(at, in_file.clone())?,
            });
        }
        R::assemble(columns, count)
            .ok_or_else(|| error::damaged(&self.name, "its columns differ in length"))
    }

    /// Rows of the file, of whatever runs.
    pub(crate) fn read_all<R: Rows>(&self, rows: Range<u64>) -> Result<R, StoreError> {
        let count = (rows.end - rows.start) as usize;
        let mut columns = Vec::with_capacity(R::COLUMNS.len());
        for (at, def) in R::COLUMNS.iter().enumerate() {
            let may_be_empty = matches!(def.absent, Absent::Negative | Absent::MinusOne);
            columns.push(match (self.leaves[at], def.default) {
                (None, Some(value)) => Loaded::Same {
                    value,
                    scale: 0,
                    rows: count,
                },
                (None, None) if may_be_empty => Loaded::default(),
                _ => self.read_column::<R>(at, rows.clone())?,
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
        let count = (rows.end - rows.start) as usize;
        let mut integers = if leaf.physical == Physical::Wide {
            Integers::default()
        } else {
            Integers::with_capacity(count)
        };
        for (group, part) in self.groups_of(rows) {
            let Some(pages) = self.pages(group, leaf) else {
                return Err(error::damaged(&self.name, "it has no page index"));
            };
            let chunk = ColumnChunk {
                file: &self.file,
                metadata: self.metadata.row_group(group).column(leaf.index),
                pages,
                rows: (self.starts[group + 1] - self.starts[group]) as usize,
                compressed: self.compressed[group][leaf.index],
                physical: leaf.physical,
                nullable: leaf.nullable,
                marker: def.absent.marker(),
                unit,
            };
            chunk
                .read(part, &mut integers)
                .map_err(|e| of_reading(&self.name, e))?;
        }
        if def.kind == Kind::TakerBuy
            && let Integers::Narrow(sides) = &mut integers
        {
            for side in sides {
                *side = match *side {
                    1 => 1,
                    NO_SIDE => 0,
                    _ => 2,
                };
            }
        }
        Ok(Loaded::Each { integers, scale })
    }

    fn pages(&self, group: usize, leaf: Leaf) -> Option<&[PageLocation]> {
        let columns = self.metadata.offset_index()?.get(group)?;
        Some(columns.get(leaf.index)?.page_locations())
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
