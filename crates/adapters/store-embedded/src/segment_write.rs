//! Writes a segment's file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::EnabledStatistics;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, SchemaDescriptor};
use quantflow_model::Symbol;
use quantflow_seams::StoreError;

use crate::blocks::{SummedFile, Sums};
use crate::column_chunk::Chunk;
use crate::encoding::{self, Choice};
use crate::error;
use crate::options::{Faults, Step};
use crate::rows::Rows;
use crate::schema::Schema;
use crate::shape::Shape;
use crate::symbol_column;
use crate::values;

/// The format of the files; stands in each as `quantflow.format`.
pub(crate) const FORMAT: u32 = 1;

/// What the codes mean, for whoever opens a file with another tool.
const LEGEND: &str = "rows are sorted by symbol, then time (trades: then id; candles: then origin, \
    revision). taker_buy: true the taker bought, false sold, null unknown. flags: 1 outlier, 2 late, \
    4 repaired, 8 aggregate; absent: 0. count: how many of the venue's trades a row stands for; \
    absent: 1. state: 0 open, 1 closed, 2 revised. origin: 0 from trades, 1 the venue's. Of rows with \
    one symbol, origin and open_time the highest revision is the newest.";

/// A file that is being written under a temporary name.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    path: PathBuf,
    temporary: PathBuf,
    schema: Schema,
    faults: Faults,
    file: Option<File>,
    writer: Option<SerializedFileWriter<SummedFile>>,
    /// How each column of the schema is written.
    choices: Vec<Choice>,
    rows: u64,
    done: bool,
}

/// A file that lies on disk under its name, and is not yet in the catalogue.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) sums: Vec<u32>,
}

impl SegmentWriter {
    /// Begins a file whose rows need no more than `shape`.
    pub(crate) fn create<R: Rows>(
        path: &Path,
        shape: &Shape,
        faults: &Faults,
    ) -> Result<Self, StoreError> {
        let schema = Schema::of::<R>(shape).map_err(|e| error::of_writing(path, &e))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|e| error::of_file(folder, &e))?;
        let temporary = path.with_extension("parquet.tmp");
        faults.at(Step::WriteFile, &temporary)?;
        let file = File::create(&temporary).map_err(|e| error::of_file(&temporary, &e))?;
        Ok(Self {
            path: path.to_owned(),
            temporary,
            schema,
            faults: faults.clone(),
            file: Some(file),
            writer: None,
            choices: Vec::new(),
            rows: 0,
            done: false,
        })
    }

    /// Writes a row group: pieces by symbol, each in order. A symbol may continue from the last
    /// group into this one.
    pub(crate) fn write_group<R: Rows>(
        &mut self,
        pieces: &[(Symbol, R)],
    ) -> Result<(), StoreError> {
        let path = self.temporary.clone();
        self.try_write_group(pieces)
            .map_err(|e| error::of_writing(&path, &e))
    }

    fn try_write_group<R: Rows>(&mut self, pieces: &[(Symbol, R)]) -> Result<(), ParquetError> {
        if self.writer.is_none() {
            let Some(file) = self.file.take() else {
                return Ok(());
            };
            self.choices = choose(&self.schema, pieces)?;
            self.writer = Some(open_writer::<R>(file, &self.schema, &self.choices)?);
        }
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        let properties = Arc::clone(writer.properties());
        let columns = writer.schema_descr().columns().to_vec();
        let mut group = writer.next_row_group()?;
        symbol_column::encode(&columns[0], pieces)?.append_to(&mut group)?;
        for ((file, choice), column) in self
            .schema
            .columns
            .iter()
            .zip(&self.choices)
            .zip(&columns[1..])
        {
            let values = values::column(pieces, file);
            Chunk::encode(column, &properties, &values, R::PAGE_ROWS, choice.zstd)?
                .append_to(&mut group)?;
        }
        self.rows += u64::try_from(group.close()?.num_rows()).unwrap_or(0);
        Ok(())
    }

    /// Ends the file, makes it durable and gives it its name.
    pub(crate) fn finish(mut self) -> Result<Written, StoreError> {
        let temporary = self.temporary.clone();
        let failed = |e: &std::io::Error| error::of_file(&temporary, e);
        let Some(mut writer) = self.writer.take() else {
            return Err(StoreError::Failed {
                place: temporary.display().to_string(),
                detail: "a segment without rows".to_owned(),
            });
        };
        // not `into_inner` alone: of a disk that is full it tells only in words
        writer
            .finish()
            .map_err(|e| error::of_writing(&temporary, &e))?;
        self.faults.at(Step::SyncFile, &temporary)?;
        let summed = writer.inner_mut();
        summed.file.sync_all().map_err(|e| failed(&e))?;
        let (bytes, sums) = std::mem::take(&mut summed.sums).finish();
        drop(writer);
        self.faults.at(Step::Rename, &temporary)?;
        std::fs::rename(&temporary, &self.path).map_err(|e| failed(&e))?;
        self.done = true;
        if let Some(folder) = self.path.parent() {
            self.faults.at(Step::SyncFolder, folder)?;
            sync_folder(folder)?;
        }
        Ok(Written {
            rows: self.rows,
            bytes,
            sums,
        })
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(|e| error::of_file(folder, &e))
}

impl Drop for SegmentWriter {
    fn drop(&mut self) {
        if !self.done {
            // what cannot be removed now is removed when the store is opened next
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// Chooses each column's encoding on a sample of the first row group.
fn choose<R: Rows>(schema: &Schema, pieces: &[(Symbol, R)]) -> Result<Vec<Choice>, ParquetError> {
    let sample = encoding::sample(pieces);
    let descriptor = SchemaDescriptor::new(Arc::clone(&schema.parquet));
    let columns = schema.columns.iter().zip(&descriptor.columns()[1..]);
    columns
        .map(|(file, column)| encoding::choose(values::column(&sample, file), column, R::PAGE_ROWS))
        .collect()
}

fn open_writer<R: Rows>(
    file: File,
    schema: &Schema,
    choices: &[Choice],
) -> Result<SerializedFileWriter<SummedFile>, ParquetError> {
    let mut builder = encoding::properties(R::PAGE_ROWS);
    for (column, choice) in schema.columns.iter().zip(choices) {
        let name = R::COLUMNS[column.column].name;
        builder = encoding::apply(builder, name, *choice);
        if column.column == R::TIME {
            // the page index of the time is what finds a span of a series
            let path = ColumnPath::from(name);
            builder = builder.set_column_statistics_enabled(path, EnabledStatistics::Page);
        }
    }
    let time = schema.columns.iter().position(|c| c.column == R::TIME);
    let sorting = [Some(0), time.map(|at| at + 1)];
    let properties = builder
        .set_sorting_columns(Some(
            sorting
                .into_iter()
                .flatten()
                .map(|at| SortingColumn {
                    column_idx: at as i32,
                    descending: false,
                    nulls_first: false,
                })
                .collect(),
        ))
        .set_key_value_metadata(Some(vec![
            KeyValue::new("quantflow.format".to_owned(), FORMAT.to_string()),
            KeyValue::new("quantflow.legend".to_owned(), LEGEND.to_owned()),
        ]))
        .build();
    let summed = SummedFile {
        file,
        sums: Sums::default(),
    };
    SerializedFileWriter::new(summed, Arc::clone(&schema.parquet), Arc::new(properties))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use quantflow_model::{
        Price, Quantity, Side, Timestamp, Trade, TradeBatch, TradeFlags, TradeId,
    };

    use super::*;

    /// A file below the size of the writer's buffer meets the disk only when it ends.
    #[test]
    fn a_small_file_on_a_full_disk_says_that_the_disk_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        std::os::unix::fs::symlink("/dev/full", folder.path().join("a.parquet.tmp")).unwrap();
        let mut batch = TradeBatch::default();
        let trade = Trade {
            id: TradeId(1),
            time: Timestamp::from_seconds(1),
            price: Price("1.5".parse().unwrap()),
            quantity: Quantity("2".parse().unwrap()),
            side: Side::Buy,
            flags: TradeFlags::NONE,
            count: 1,
        };
        batch.push(&trade).unwrap();
        let shape = Shape::of(&batch);
        let mut writer =
            SegmentWriter::create::<TradeBatch>(&path, &shape, &Faults::default()).unwrap();
        let outcome = writer
            .write_group(&[("a:B/C".parse().unwrap(), batch)])
            .and_then(|()| writer.finish().map(|_| ()));
        assert!(
            matches!(&outcome, Err(StoreError::Full { place }) if place.contains("a.parquet")),
            "{outcome:?}"
        );
    }
}
