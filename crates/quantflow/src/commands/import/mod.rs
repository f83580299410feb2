//! `quantflow import`: a file's rows into the raw log, and from there into the store.
//!
//! An import is records like everything else: its beginning with the file's hash, its rows as CSV
//! lines, its end. What the pipeline makes of them follows from the log alone, so a rebuild makes the
//! same again. Memory is flat: a few thousand lines at a time.

pub(crate) mod journal;
mod report;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quantflow_model::{Symbol, VenueId};
use quantflow_seams::LogError;
use quantflow_wire::{
    ImportBegin, ImportKind, LogPosition, PartitionId, Record, RecordChunk, RecordKind,
};
use sha2::{Digest, Sha256};

use self::journal::{Before, Entry, Journal, Step};
use crate::access::{self, Local};
use crate::arguments::{ImportArguments, Kind};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::files::hex::hex;
use crate::files::{FileError, FileRows};
use crate::terminal::Progress;
use crate::terminal::progress::Unit;
use crate::venues;

/// Lines a record: a refused row is named by its record and its place in it.
const LINES: usize = 5_000;
/// The connection that imports from the command line have in the log: an import that was cut off
/// ends when the next one begins.
const CONNECTION: u32 = u32::MAX;
/// How long to wait before rows for which the log had no room are offered again.
const RETRY: Duration = Duration::from_secs(1);

/// Imports a file.
pub(crate) async fn run(context: &Context, arguments: &ImportArguments) -> Outcome {
    let file = &arguments.file;
    let cannot = || Failure::new(format!("cannot import {}", file.display()));
    let venue: VenueId = arguments.venue.parse().map_err(|error| {
        Failure::usage(format!("--venue {:?} is no venue's name", arguments.venue)).because(error)
    })?;
    let partition = PartitionId::new(venue.as_str())
        .ok_or_else(|| Failure::usage(format!("{venue} cannot name a partition of the log")))?;
    let kind = match (arguments.kind, arguments.timeframe) {
        (Kind::Trades, None) => ImportKind::Trades,
        (Kind::Candles, Some(timeframe)) => ImportKind::Candles(timeframe),
        (Kind::Trades, Some(_)) => {
            return Err(Failure::usage("trades have no timeframe")
                .to_do("leave --timeframe out, or use --kind candles"));
        }
        (Kind::Candles, None) => return Err(Failure::usage("--kind candles needs --timeframe")),
    };
    // the file before the folder: a wrong file must change nothing
    let rows =
        FileRows::open(file, arguments.kind).map_err(|e| refused(cannot(), &e, arguments.kind))?;
    let settings = context.settings()?;
    let codec = venues::codec_of(&settings, &venue)?;
    if !settings.data_dir.exists() {
        // a name that means nothing must not make a folder
        venues::import_symbol(&arguments.symbol, &venue, codec.as_deref(), &[])?;
    }
    let local = access::to_write(context, "import").await?;
    let known = local.known().await?;
    let symbol = venues::import_symbol(&arguments.symbol, &venue, codec.as_deref(), &known)?;
    let sha256 = hash(context, file).map_err(|error| cannot().because(error))?;
    let mut journal = Journal::open(&local.settings.data_dir).map_err(|e| cannot().because(e))?;
    match journal.before(&sha256, &symbol) {
        Before::Done(at) if !arguments.again => {
            return Err(cannot()
                .because(format!("the same file was imported for {symbol} at {at}"))
                .to_do("nothing needs to be done; --again reads it once more (rows that are there are dropped)"));
        }
        Before::CutOff => context.terminal.note(
            "note: an earlier import of this file was cut off; rows that came then are not taken twice",
        ),
        Before::Never | Before::Done(_) => {}
    }
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
        file: file_name(file),
        sha256: named,
    };
    let importer = Importer {
        context,
        local: &local,
        partition,
        symbol: symbol.clone(),
    };
    let before = importer.totals().await?;
    let entry = |step, rows| Entry {
        step,
        sha256: sha256.clone(),
        symbol: symbol.clone(),
        file: file_name(file),
        rows,
        at: local.engines.clock.now(),
    };
    journal
        .add(entry(Step::Begun, 0))
        .map_err(|e| cannot().because(e))?;
    let written = importer.write(&begin, rows, &cannot).await?;
    journal
        .add(entry(Step::Done, written.rows))
        .map_err(|e| cannot().because(e))?;
    importer.catch_up().await?;
    importer.tidy().await;
    importer.report(arguments, &before, &written).await
}

fn refused(failure: Failure, error: &FileError, kind: Kind) -> Failure {
    let failure = failure.because(error);
    match error.to_do(kind) {
        Some(to_do) => failure.to_do(to_do),
        None => failure,
    }
}

fn file_name(file: &Path) -> String {
    file.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn hash(context: &Context, file: &Path) -> std::io::Result<String> {
    let mut file = File::open(file)?;
    let length = file.metadata()?.len();
    let progress = Progress::new(&context.terminal, "hashing", Unit::Bytes, Some(length));
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        progress.add(read as u64);
    }
    progress.done();
    Ok(hex(&hash.finalize()))
}

/// The first Ctrl-C asks the import to end in good order, the second ends the process at once: the
/// log is whole at any moment.
fn stop_on_interrupt() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if asked.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        }
    });
    stop
}

/// What was written to the log.
struct Written {
    rows: u64,
    /// The place of the first record with rows.
    first: LogPosition,
    /// The place after the last record.
    end: LogPosition,
    /// The file, for the lines of its rows.
    file: FileRows,
}

struct Importer<'a> {
    context: &'a Context,
    local: &'a Local,
    partition: PartitionId,
    symbol: Symbol,
}

impl Importer<'_> {
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
        let progress = Progress::new(&self.context.terminal, "reading", Unit::Bytes, Some(total));
        let (mut rows, mut sequence) = (0_u64, 1_u32);
        let mut lines = Vec::with_capacity(512 << 10);
        let stop = stop_on_interrupt();
        let outcome = loop {
            lines.clear();
            if stop.load(Ordering::Relaxed) {
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
        access::catch_up(self.context, engines, &self.partition, &mut partition).await
    }

    /// Merges the small segments that many commits left. Nothing depends on it.
    async fn tidy(&self) {
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
}
