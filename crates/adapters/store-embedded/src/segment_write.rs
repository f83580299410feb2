//! Writes a segment's file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::EnabledStatistics;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use quantflow_model::Symbol;
use quantflow_seams::StoreError;

use crate::blocks::{SummedFile, Sums};
use crate::encoding;
use crate::error;
use crate::options::{Faults, Step};
use crate::rows::Rows;
use crate::schema::{SYMBOL, Schema};
use crate::shape::Shape;
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

    fn try_write_group<R: Rows>(
        &mut self,
        pieces: &[(Symbol, R)],
    ) -> Result<(), parquet::errors::ParquetError> {
        if self.writer.is_none() {
            let Some(file) = self.file.take() else {
                return Ok(());
            };
            self.writer = Some(open_writer(file, &self.schema, pieces)?);
        }
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        let mut group = writer.next_row_group()?;
        let mut columns = std::iter::once(None).chain(self.schema.columns.iter().map(Some));
        while let (Some(mut column), Some(which)) = (group.next_column()?, columns.next()) {
            let values = match which {
                None => values::symbols(pieces),
                Some(file) => values::column(pieces, file),
            };
            encoding::write(
                column.untyped(),
                &values.values,
                values.levels.as_deref(),
                R::PAGE_ROWS,
            )?;
            column.close()?;
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
fn open_writer<R: Rows>(
    file: File,
    schema: &Schema,
    pieces: &[(Symbol, R)],
) -> Result<SerializedFileWriter<SummedFile>, parquet::errors::ParquetError> {
    let mut builder = encoding::apply(
        encoding::properties(R::PAGE_ROWS),
        SYMBOL,
        encoding::SYMBOLS,
    );
    for (at, column) in schema.columns.iter().enumerate() {
        let field = &schema.parquet.get_fields()[at + 1];
        let choice = encoding::choose(&values::column(pieces, column), field, R::PAGE_ROWS)?;
        builder = encoding::apply(builder, R::COLUMNS[column.column].name, choice);
        if column.column == R::TIME {
            // the page index of the time is what finds a span of a series
            let path = ColumnPath::from(field.name());
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
