//! [`Importer`]: rows into the raw log, and from there into the store.

use std::time::Duration;

use quantflow_model::Symbol;
use quantflow_seams::LogError;
use quantflow_wire::{
    ImportBegin, ImportKind, LogPosition, PartitionId, Record, RecordChunk, RecordKind,
};

use tokio::sync::watch;

use super::journal::{Entry, Journal, Step};
use crate::access::{self, Local};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::files::FileRows;
use crate::terminal::Progress;
use crate::terminal::progress::Unit;

/// Lines a record: a refused row is named by its record and its place in it.
pub(super) const LINES: usize = 5_000;
/// The connection that imports from the command line have in the log: an import that was cut off
/// ends when the next one begins.
const CONNECTION: u32 = u32::MAX;
/// How long to wait before rows for which the log had no room are offered again.
const RETRY: Duration = Duration::from_secs(1);

/// A file that is ready to be imported.
pub(super) struct Piece {
    /// Its name, for people.
    pub(super) file: String,
    pub(super) symbol: Symbol,
    pub(super) kind: ImportKind,
    /// Of its bytes, in hex.
    pub(super) sha256: String,
    pub(super) rows: FileRows,
}

/// What was written to the log.
pub(super) struct Written {
    pub(super) rows: u64,
    /// The place of the first record with rows.
    pub(super) first: LogPosition,
    /// The place after the last record.
    pub(super) end: LogPosition,
    /// The file, for the lines of its rows.
    pub(super) file: FileRows,
}

/// Writes to a data folder that it holds.
pub(super) struct Importer<'a> {
    pub(super) context: &'a Context,
    pub(super) local: &'a Local,
    pub(super) partition: PartitionId,
    /// Whether each file has a bar of its own.
    pub(super) bars: bool,
    stop: watch::Receiver<bool>,
}

/// The first Ctrl-C asks the import to end in good order, the second ends the process at once: the
/// log is whole at any moment.
fn stop_on_interrupt() -> watch::Receiver<bool> {
    let (asked, stop) = watch::channel(false);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if asked.send_replace(true) {
                std::process::exit(130);
            }
        }
        // without signals nobody asks; whoever waits for it waits on
        std::future::pending::<()>().await;
    });
    stop
}

impl<'a> Importer<'a> {
    pub(super) fn new(
        context: &'a Context,
        local: &'a Local,
        partition: PartitionId,
        bars: bool,
    ) -> Self {
        Self {
            context,
            local,
            partition,
            bars,
            stop: stop_on_interrupt(),
        }
    }

    /// Whether the user asked it to end.
    pub(super) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Returns once the user asks it to end.
    pub(super) async fn stopped(&self) {
        let mut stop = self.stop.clone();
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Imports a file and enters it in the list of those that were.
    ///
    /// # Errors
    /// When the log, the store or the list cannot be written, or the file cannot be read to its end.
    pub(super) async fn take(
        &self,
        journal: &mut Journal,
        piece: Piece,
        cannot: &impl Fn() -> Failure,
    ) -> Outcome<Written> {
        let Piece {
            file,
            symbol,
            kind,
            sha256,
            rows,
        } = piece;
        // the pipeline passes over a file that it knows: a further time has a further name
        let times = journal.times(&sha256, &symbol);
        let named = if times == 0 {
            sha256.clone()
        } else {
            format!("{sha256}#{}", times + 1)
        };
        let begin = ImportBegin {
            symbol: symbol.clone(),
            kind,
            columns: rows.columns().to_vec(),
            file: file.clone(),
            sha256: named,
        };
        let entry = |step, rows| Entry {
            step,
            sha256: sha256.clone(),
            symbol: symbol.clone(),
            file: file.clone(),
            rows,
            at: self.local.engines.clock.now(),
        };
        journal
            .add(entry(Step::Begun, 0))
            .map_err(|e| cannot().because(e))?;
        let written = self.write(&begin, rows, cannot).await?;
        // an append is durable a moment later: a list that says more than the log would keep what a
        // kill took from ever being imported
        let log = &self.local.engines.log;
        log.wait_durable(&self.partition, written.end)
            .await
            .map_err(|error| cannot().because(error))?;
        journal
            .add(entry(Step::Done, written.rows))
            .map_err(|e| cannot().because(e))?;
        self.catch_up().await?;
        Ok(written)
    }

    /// Writes the records of the import. When the file fails midway its import is ended in the log,
    /// so that nothing waits for the rest.
    async fn write(
        &self,
        begin: &ImportBegin,
        mut file: FileRows,
        cannot: &impl Fn() -> Failure,
    ) -> Outcome<Written> {
        let payload = serde_json::to_vec(begin).map_err(|error| cannot().because(error))?;
        let at = self.append(RecordKind::ImportBegin, 0, &payload).await?;
        let total = file.total_bytes();
        let progress = self.bar("reading", Unit::Bytes, total);
        let (mut rows, mut sequence) = (0_u64, 1_u32);
        let mut lines = Vec::with_capacity(512 << 10);
        let outcome = loop {
            lines.clear();
            if self.is_stopped() {
                break Err("it was interrupted".to_owned());
            }
            match file.next_lines(LINES, &mut lines) {
                Ok(0) => break Ok(()),
                Ok(count) => rows += count as u64,
                Err(error) => break Err(error.to_string()),
            }
            self.append(RecordKind::ImportRows, sequence, &lines)
                .await?;
            sequence = sequence.wrapping_add(1);
            progress.set(file.bytes_read());
        };
        let last = self.append(RecordKind::ImportEnd, sequence, &[]).await?;
        progress.done();
        if let Err(error) = outcome {
            self.catch_up().await?;
            return Err(cannot()
                .because(error)
                .because(format!("{rows} rows before it are imported"))
                .to_do(
                    "import it again when that is mended: rows that are there are not taken twice",
                ));
        }
        Ok(Written {
            rows,
            first: at.plus(1),
            end: last.plus(1),
            file,
        })
    }

    async fn append(
        &self,
        kind: RecordKind,
        sequence: u32,
        payload: &[u8],
    ) -> Outcome<LogPosition> {
        let cannot = || Failure::new("cannot write to the raw log");
        let mut chunk = RecordChunk::with_capacity(payload.len() + 64);
        let record = Record {
            kind,
            received: self.local.engines.clock.now(),
            connection: CONNECTION,
            sequence,
            payload,
        };
        chunk
            .push(&record)
            .map_err(|error| cannot().because(error))?;
        let (log, clock) = (&self.local.engines.log, &self.local.engines.clock);
        let mut told = false;
        loop {
            match log.append(&self.partition, chunk.clone()).await {
                Err(error @ LogError::Full { .. }) => {
                    // as the store does: there may be room soon, and a second Ctrl-C ends it
                    if !told {
                        self.context.terminal.note(&format!("waiting: {error}"));
                    }
                    told = true;
                    clock.sleep(RETRY).await;
                }
                appended => {
                    return appended.map_err(|error| {
                        cannot()
                            .because(error)
                            .to_do("import the file again once that is mended")
                    });
                }
            }
        }
    }

    async fn catch_up(&self) -> Outcome {
        let Local {
            settings, engines, ..
        } = self.local;
        let mut partition = access::open_partition(settings, engines, &self.partition).await?;
        if self.bars {
            return access::catch_up(self.context, engines, &self.partition, &mut partition).await;
        }
        access::catch_up_silently(engines, &self.partition, &mut partition).await
    }

    /// Merges the small segments that many commits left. Nothing depends on it.
    pub(super) async fn tidy(&self) {
        loop {
            match self.local.engines.store.maintain().await {
                Ok(done) if done.more => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!("cannot merge segments now: {error}");
                    return;
                }
            }
        }
    }

    /// A bar of one file's work, where each has one.
    pub(super) fn bar(&self, what: &str, unit: Unit, length: u64) -> Progress {
        if self.bars {
            Progress::new(&self.context.terminal, what, unit, Some(length))
        } else {
            Progress::hidden()
        }
    }
}
