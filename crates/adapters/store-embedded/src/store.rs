//! [`EmbeddedStore`]: opening, committing, and the synchronous forms of the queries for candles and
//! trades.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

use quantflow_model::{CandleBatch, Symbol, Timestamp, TradeBatch};
use quantflow_seams::{CandleQuery, Commit, StoreError, TradeQuery};
use quantflow_wire::LogRange;
use rusqlite::{Connection, TransactionBehavior};

use crate::build::{Builder, Input, NewSegment};
use crate::catalogue::{self, Catalogue};
use crate::error;
use crate::options::{Step, StoreOptions};
use crate::pick;
use crate::records;
use crate::rows::Rows;
use crate::scan::{Files, Scan};
use crate::segment::{Group, Segment};
use crate::segment_read::SegmentCache;
use crate::tail::{GroupTail, Tail};
use crate::view::View;

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
    /// Held while segments are merged or removed. Taken after `flushing`.
    pub(crate) merging: Mutex<()>,
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
            merging: Mutex::new(()),
            writer: Mutex::new(Writer {
                connection,
                sequence,
            }),
            _lock: lock,
        };
        inner.remove_orphans()?;
        Ok(Self {
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

    fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let rows: usize = commit.trades.iter().map(|(_, b)| b.len()).sum::<usize>()
            + commit
                .candles
                .iter()
                .map(|(_, _, b)| b.len())
                .sum::<usize>();
        let waiting = {
            let view = self.view();
            view.tail.rows_of(&commit.partition) + view.frozen.rows_of(&commit.partition)
        };
        let to_files = rows > self.options.small_commit_rows
            || (rows > 0 && waiting + rows > self.options.tail_rows.saturating_mul(4));
        let flushing = to_files.then(|| held(&self.flushing));
        let mut writer = self.writer();
        let standing = catalogue::standing(&writer.connection, &commit.partition)
            .map_err(|e| self.catalogue.failed(&e))?;
        if let Some((stands, _)) = standing
            && stands != commit.from
        {
            return Err(StoreError::Conflict {
                partition: commit.partition,
                from: commit.from,
                stands,
            });
        }
        if commit.to < commit.from {
            return Err(StoreError::Failed {
                place: commit.partition.to_string(),
                detail: format!("a commit from {} back to {}", commit.from, commit.to),
            });
        }
        let sequence = writer.sequence + 1;
        let incoming = arrange(&commit, sequence)?;
        let outcome = if flushing.is_some() {
            self.commit_to_files(&mut writer, &commit, incoming, sequence)
        } else {
            self.commit_to_tail(&mut writer, &commit, incoming, sequence)
        };
        if outcome.is_ok() {
            writer.sequence = sequence;
        }
        outcome
    }

    fn commit_to_tail(
        &self,
        writer: &mut Writer,
        commit: &Commit,
        incoming: Tail,
        sequence: u64,
    ) -> Result<(), StoreError> {
        let body = incoming.pack();
        self.transact(writer, |transaction| {
            if !incoming.is_empty() {
                catalogue::insert_tail(transaction, sequence, &commit.partition, &body)?;
            }
            records::write(transaction, commit)?;
            catalogue::set_sequence(transaction, sequence)
        })?;
        let mut view = self.view_mut();
        view.tail.absorb(incoming);
        view.learn(commit);
        Ok(())
    }

    /// Writes the commit to files at once, and the partition's tail with it. The caller holds
    /// `flushing`, so nothing is frozen.
    fn commit_to_files(
        &self,
        writer: &mut Writer,
        commit: &Commit,
        incoming: Tail,
        sequence: u64,
    ) -> Result<(), StoreError> {
        let mut all = self.view().tail.clone().take(&commit.partition);
        all.absorb(incoming);
        let built = self.build_tail(&all)?;
        self.transact(writer, |transaction| {
            for new in &built {
                catalogue::insert_segment(transaction, &new.segment, &new.sums)?;
            }
            catalogue::remove_tail(transaction, &commit.partition, sequence)?;
            records::write(transaction, commit)?;
            catalogue::set_sequence(transaction, sequence)
        })?;
        let mut view = self.view_mut();
        view.tail.take(&commit.partition);
        for new in &built {
            new.publish(&mut view);
        }
        view.learn(commit);
        Ok(())
    }

    /// Files of everything in a tail.
    pub(crate) fn build_tail(&self, tail: &Tail) -> Result<Vec<NewSegment>, StoreError> {
        let builder = self.builder();
        let mut built = Vec::new();
        for (group, rows) in &tail.trades {
            built.extend(builder.build(group, Input::of_tail(rows), Timestamp::MIN)?);
        }
        for (group, rows) in &tail.candles {
            built.extend(builder.build(group, Input::of_tail(rows), Timestamp::MIN)?);
        }
        Ok(built)
    }

    pub(crate) fn trade_scan(&self, query: &TradeQuery) -> TradeScan {
        let parts = self.view().trade_parts(&query.symbol, query.range);
        let left = query.limit.unwrap_or(usize::MAX);
        let wanted = query.limit.map(|limit| limit as u64);
        TradeScan {
            scan: Scan::new(parts, query.range, query.newest_first, wanted),
            left,
        }
    }

    pub(crate) fn candle_scan(&self, query: &CandleQuery) -> CandleScan {
        let parts = self
            .view()
            .candle_parts(&query.symbol, query.timeframe, query.range);
        let backward = query.from_end && query.limit.is_some();
        let wanted = query.limit.map(|limit| limit as u64);
        CandleScan {
            scan: Scan::new(parts, query.range, backward, wanted),
            query: query.clone(),
            backward,
            left: query.limit.unwrap_or(usize::MAX),
            reversed: None,
        }
    }
}

impl NewSegment {
    /// Shows a segment that the catalogue names now.
    pub(crate) fn publish(&self, view: &mut View) {
        self.segment.gone.store(false, Ordering::Release);
        view.add_segment(&self.segment);
    }
}

impl View {
    fn learn(&mut self, commit: &Commit) {
        for instrument in &commit.instruments {
            self.instruments
                .insert(instrument.symbol.clone(), instrument.clone());
        }
    }
}

/// A commit's rows by group and symbol, each in order.
fn arrange(commit: &Commit, sequence: u64) -> Result<Tail, StoreError> {
    let log = LogRange {
        from: commit.from,
        to: commit.to,
    };
    let group = |symbol: &Symbol, timeframe| Group {
        partition: commit.partition.clone(),
        venue: symbol.venue(),
        timeframe,
    };
    let mut tail = Tail::default();
    let trades = commit.trades.iter().map(|(s, b)| ((s, None), b));
    for ((symbol, _), batches) in by_series(trades) {
        for batch in batches {
            tail.trades
                .entry(group(symbol, None))
                .or_insert_with(|| GroupTail::new(sequence))
                .add(symbol, in_order(symbol, batch)?, sequence, log);
        }
    }
    let candles = commit.candles.iter().map(|(s, t, b)| ((s, Some(*t)), b));
    for ((symbol, timeframe), batches) in by_series(candles) {
        for batch in batches {
            tail.candles
                .entry(group(symbol, timeframe))
                .or_insert_with(|| GroupTail::new(sequence))
                .add(symbol, in_order(symbol, batch)?, sequence, log);
        }
    }
    Ok(tail)
}

type SeriesKey<'a> = (&'a Symbol, Option<quantflow_model::Timeframe>);

/// The batches of each series as one, so that of two rows of a commit that compare equal the later
/// stays later; as several only where they do not fit together.
fn by_series<'a, R: Rows>(
    batches: impl Iterator<Item = (SeriesKey<'a>, &'a R)>,
) -> BTreeMap<SeriesKey<'a>, Vec<Cow<'a, R>>> {
    let mut series: BTreeMap<SeriesKey<'a>, Vec<Cow<'a, R>>> = BTreeMap::new();
    for (key, batch) in batches.filter(|(_, batch)| !batch.is_empty()) {
        let found = series.entry(key).or_default();
        let joined = batch.is_sound()
            && found.last_mut().is_some_and(|last| {
                last.is_sound() && last.to_mut().extend(batch, 0..batch.len()).is_some()
            });
        if !joined {
            found.push(Cow::Borrowed(batch));
        }
    }
    series
}

fn in_order<R: Rows>(symbol: &Symbol, batch: Cow<'_, R>) -> Result<R, StoreError> {
    let refused = |detail: &str| StoreError::Inexact {
        what: format!("a batch of {symbol}"),
        detail: detail.to_owned(),
    };
    if !batch.is_sound() {
        return Err(refused("its columns differ in length"));
    }
    if batch.times().contains(&i64::MAX) {
        return Err(refused("no query reaches the last instant of time"));
    }
    Ok(if batch.is_sorted() {
        batch.into_owned()
    } else {
        batch.sorted()
    })
}

/// Trades as they are read.
#[derive(Debug)]
pub(crate) struct TradeScan {
    scan: Scan<TradeBatch>,
    left: usize,
}

impl TradeScan {
    pub(crate) fn next(&mut self, inner: &Inner) -> Result<Option<TradeBatch>, StoreError> {
        if self.left == 0 {
            return Ok(None);
        }
        let Some(mut rows) = self.scan.next(inner.files())? else {
            return Ok(None);
        };
        if rows.len() > self.left {
            rows.truncate(self.left);
        }
        self.left -= rows.len();
        Ok(Some(rows))
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        self.scan.is_in_memory()
    }
}

/// Candles as they are read, one row each.
#[derive(Debug)]
pub(crate) struct CandleScan {
    scan: Scan<CandleBatch>,
    query: CandleQuery,
    backward: bool,
    left: usize,
    /// What was read last first, to be given first first.
    reversed: Option<Vec<CandleBatch>>,
}

impl CandleScan {
    pub(crate) fn next(&mut self, inner: &Inner) -> Result<Option<CandleBatch>, StoreError> {
        if !self.backward {
            return self.read(inner);
        }
        // the limit bounds what is gathered
        let mut gathered = if let Some(gathered) = self.reversed.take() {
            gathered
        } else {
            let mut gathered = Vec::new();
            while let Some(mut rows) = self.read(inner)? {
                rows.reverse();
                gathered.push(rows);
            }
            gathered
        };
        let next = gathered.pop();
        self.reversed = Some(gathered);
        Ok(next)
    }

    fn read(&mut self, inner: &Inner) -> Result<Option<CandleBatch>, StoreError> {
        while self.left > 0 {
            let Some(rows) = self.scan.next(inner.files())? else {
                return Ok(None);
            };
            let mut rows = pick::newest(rows, &self.query, self.backward);
            if rows.is_empty() {
                continue;
            }
            if rows.len() > self.left {
                rows.truncate(self.left);
            }
            self.left -= rows.len();
            return Ok(Some(rows));
        }
        Ok(None)
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        self.scan.is_in_memory()
    }
}
