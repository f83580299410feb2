//! [`EmbeddedStore`]: opening, committing, and the synchronous forms of the queries for candles and
//! trades.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

use quantflow_model::{CandleBatch, TradeBatch};
use quantflow_seams::{CandleQuery, Commit, StoreError, TradeQuery};
use rusqlite::{Connection, TransactionBehavior};

use crate::build::Builder;
use crate::catalogue::Catalogue;
use crate::error;
use crate::merging::Merging;
use crate::options::{Step, StoreOptions};
use crate::records;
use crate::rows::Rows;
use crate::segment::Segment;
use crate::segment_cache::{Files, SegmentCache};
use crate::tail::Tail;
use crate::view::View;
use crate::worker::Worker;

/// Rows that an answer has at most to be made on the calling thread of an async query, when all of
/// them are in memory.
pub(crate) const TINY: usize = 1024;

/// Series on a local disk.
///
/// A folder holds `catalog.db` (what is there), `trades/` and `candles/` (Parquet, readable by
/// other tools as they lie) and `lock`. One process at a time. Cloning is cheap and shares
/// everything; the folder is free for another process when the last clone is dropped.
///
/// A commit of a few rows goes into the catalogue and stays in memory for readers; housekeeping
/// ([`maintain`](quantflow_seams::SeriesStore::maintain)) writes what has gathered to files and
/// merges small files into larger ones. Neither changes any answer.
#[derive(Debug, Clone)]
pub struct EmbeddedStore {
    pub(crate) inner: Arc<Inner>,
    /// Commits.
    pub(crate) committer: Arc<Worker>,
    /// Keeps house: beside commits, for a merge takes long.
    pub(crate) keeper: Arc<Worker>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) folder: PathBuf,
    pub(crate) options: StoreOptions,
    pub(crate) catalogue: Catalogue,
    pub(crate) cache: SegmentCache,
    pub(crate) view: RwLock<View>,
    pub(crate) next_segment: AtomicU64,
    /// Held while the tail is written to files.
    pub(crate) flushing: Mutex<()>,
    /// Held while segments are merged or removed; a merge that has begun. Taken after `flushing`.
    pub(crate) merging: Mutex<Option<Merging>>,
    /// Taken last.
    writer: Mutex<Writer>,
    /// Keeps other processes out as long as it is open.
    _lock: File,
}

/// The one connection that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    /// The number of the last commit.
    pub(crate) sequence: u64,
}

impl EmbeddedStore {
    /// Opens the store in a folder, which is made when it is not there. Removes files that no
    /// commit names: what a crash left.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it open, [`StoreError::Newer`] when a newer
    /// version wrote it, [`StoreError::Corrupt`] when the catalogue is damaged.
    pub fn open(folder: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(|e| error::of_file(folder, &e))?;
        let lock = lock(folder)?;
        let (catalogue, connection) = Catalogue::open(&folder.join("catalog.db"))?;
        let mut view = View::default();
        let mut next = 1;
        for row in catalogue.segments()? {
            next = next.max(row.id + 1);
            view.add_segment(&Arc::new(Segment {
                id: row.id,
                group: row.group,
                path: folder.join(&row.name),
                name: row.name,
                rows: row.rows,
                bytes: row.bytes,
                runs: row.runs,
                gone: AtomicBool::new(false),
                keepsake: OnceLock::new(),
            }));
        }
        for row in catalogue.tail()? {
            let tail = Tail::unpack(&row.body, &row.partition).ok_or_else(|| {
                catalogue.damaged(format!(
                    "commit {} of the tail cannot be read",
                    row.sequence
                ))
            })?;
            view.tail.absorb(tail);
        }
        for instrument in records::instruments(&catalogue)? {
            view.instruments
                .insert(instrument.symbol.clone(), instrument);
        }
        let sequence = catalogue.sequence()?;
        let inner = Inner {
            folder: folder.to_owned(),
            cache: SegmentCache::new(options.metadata_cache),
            options,
            catalogue,
            view: RwLock::new(view),
            next_segment: AtomicU64::new(next),
            flushing: Mutex::new(()),
            merging: Mutex::new(None),
            writer: Mutex::new(Writer {
                connection,
                sequence,
            }),
            _lock: lock,
        };
        inner.remove_orphans()?;
        Ok(Self {
            committer: Arc::new(Worker::start("store-commit", folder)?),
            keeper: Arc::new(Worker::start("store-keep", folder)?),
            inner: Arc::new(inner),
        })
    }

    /// Candles of a query, on this thread: what [`candles`] streams, in one go. For answers that
    /// are known to be small; a limit bounds the memory.
    ///
    /// [`candles`]: quantflow_seams::SeriesStore::candles
    ///
    /// # Errors
    /// As the query's.
    pub fn candles_now(&self, query: &CandleQuery) -> Result<Vec<CandleBatch>, StoreError> {
        let mut scan = self.inner.candle_scan(query);
        let mut batches = Vec::new();
        while let Some(batch) = scan.next(&self.inner)? {
            batches.push(batch);
        }
        Ok(batches)
    }

    /// Trades of a query, on this thread: what [`trades`] streams, in one go. For answers that are
    /// known to be small; a limit bounds the memory.
    ///
    /// [`trades`]: quantflow_seams::SeriesStore::trades
    ///
    /// # Errors
    /// As the query's.
    pub fn trades_now(&self, query: &TradeQuery) -> Result<Vec<TradeBatch>, StoreError> {
        let mut scan = self.inner.trade_scan(query);
        let mut batches = Vec::new();
        while let Some(batch) = scan.next(&self.inner)? {
            batches.push(batch);
        }
        Ok(batches)
    }

    /// Commits on this thread: what [`commit`] does, which this blocks for.
    ///
    /// [`commit`]: quantflow_seams::SeriesStore::commit
    ///
    /// # Errors
    /// As the commit's.
    pub fn commit_now(&self, commit: Commit) -> Result<(), StoreError> {
        self.inner.commit(commit)
    }

    /// One step of housekeeping on this thread: what [`maintain`] does.
    ///
    /// [`maintain`]: quantflow_seams::SeriesStore::maintain
    ///
    /// # Errors
    /// As its.
    pub fn maintain_now(&self) -> Result<quantflow_seams::Maintenance, StoreError> {
        self.inner.maintain()
    }

    /// The bytes that the Parquet files take, by column: of trades, or of the candles of one
    /// timeframe. With the rows they hold.
    ///
    /// # Errors
    /// When a file cannot be opened.
    pub fn column_bytes(
        &self,
        timeframe: Option<quantflow_model::Timeframe>,
    ) -> Result<ColumnBytes, StoreError> {
        let segments: Vec<_> = self.inner.view().segments.values().cloned().collect();
        let mut found = ColumnBytes::default();
        for segment in segments {
            if segment.group.timeframe != timeframe {
                continue;
            }
            let open = match timeframe {
                None => self.inner.open_segment::<TradeBatch>(&segment)?,
                Some(_) => self.inner.open_segment::<CandleBatch>(&segment)?,
            };
            found.files += 1;
            found.rows += segment.rows;
            found.bytes += segment.bytes;
            for (name, bytes) in open.column_bytes() {
                *found.columns.entry(name).or_default() += bytes;
            }
        }
        Ok(found)
    }
}

/// What the files of a kind take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnBytes {
    /// Files.
    pub files: usize,
    /// Rows in them.
    pub rows: u64,
    /// Their bytes, all told.
    pub bytes: u64,
    /// Bytes of each column's pages.
    pub columns: BTreeMap<String, u64>,
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| error::of_file(&path, &e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
            place: folder.display().to_string(),
        }),
        Err(TryLockError::Error(fault)) => Err(error::of_file(&path, &fault)),
    }
}

/// A panic elsewhere does not make the data wrong: what is guarded is changed in one step at the end.
pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    pub(crate) fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn view_mut(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        held(&self.writer)
    }

    pub(crate) fn files(&self) -> Files<'_> {
        Files {
            cache: &self.cache,
            catalogue: &self.catalogue,
        }
    }

    pub(crate) fn open_segment<R: Rows>(
        &self,
        segment: &Segment,
    ) -> Result<Arc<crate::segment_read::OpenSegment>, StoreError> {
        self.cache.get::<R>(segment, &self.catalogue)
    }

    pub(crate) fn builder(&self) -> Builder<'_> {
        Builder {
            folder: &self.folder,
            options: &self.options,
            files: self.files(),
            next_segment: &self.next_segment,
        }
    }

    /// Runs a change of the catalogue in one transaction.
    pub(crate) fn transact<T>(
        &self,
        writer: &mut Writer,
        change: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        let path = self.catalogue.path();
        let failed = |e: rusqlite::Error| error::of_catalogue(path, &e);
        self.options.faults.at(Step::Begin, path)?;
        let transaction = writer
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let outcome = change(&transaction).map_err(failed)?;
        self.options.faults.at(Step::Commit, path)?;
        transaction.commit().map_err(failed)?;
        // the outcome is durable: no fault can take it back
        let _ = self.options.faults.at(Step::Publish, path);
        Ok(outcome)
    }
}
