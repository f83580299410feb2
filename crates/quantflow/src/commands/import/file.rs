//! A file whose columns have names: csv, jsonl, parquet.

use quantflow_wire::ImportKind;

use super::importer::{Importer, Piece};
use super::journal::{Before, Journal};
use super::report::Grand;
use super::{file_name, hash, venue_of};
use crate::access;
use crate::arguments::{ImportArguments, ImportRows, Kind};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::files::{FileError, FileRows};
use crate::terminal::progress::Unit;
use crate::terminal::{Cell, Progress};
use crate::venues;

/// Imports such a file.
pub(super) async fn run(context: &Context, arguments: &ImportArguments) -> Outcome {
    let file = &arguments.file;
    let cannot = || Failure::new(format!("cannot import {}", file.display()));
    let (venue, partition) = venue_of(arguments)?;
    let (rows_kind, kind) = kind_of(arguments)?;
    let asked = arguments.symbol.as_deref().ok_or_else(|| {
        Failure::usage(format!("whose rows are in {}?", file.display()))
            .to_do("say it with --symbol, such as --symbol BTC/USDT")
    })?;
    // the file before the folder: a wrong file must change nothing
    let rows = FileRows::open(file, rows_kind).map_err(|e| refused(cannot(), &e, rows_kind))?;
    let settings = context.settings()?;
    let codec = venues::codec_of(&settings, &venue)?;
    if !settings.data_dir.exists() {
        // a name that means nothing must not make a folder
        venues::import_symbol(asked, &venue, codec.as_deref(), &[])?;
    }
    let local = access::to_write(context, "import").await?;
    let known = local.known().await?;
    let symbol = venues::import_symbol(asked, &venue, codec.as_deref(), &known)?;
    let progress = Progress::new(
        &context.terminal,
        "hashing",
        Unit::Bytes,
        Some(rows.total_bytes()),
    );
    let sha256 = hash(file, &progress).map_err(|error| cannot().because(error))?;
    progress.done();
    let mut journal = Journal::open(&local.settings.data_dir).map_err(|e| cannot().because(e))?;
    journal.let_in(context, &sha256, &symbol, arguments.again, &cannot)?;
    let importer = Importer::new(context, &local, partition, true);
    let before = importer.totals(&symbol).await?;
    let piece = Piece {
        file: file_name(file),
        symbol: symbol.clone(),
        kind,
        sha256,
        rows,
    };
    let written = importer.take(&mut journal, piece, &cannot).await?;
    importer.tidy().await;
    let mut grand = Grand::default();
    grand.add(&written, importer.refused(&symbol, &written).await?, None);
    let since = importer.totals(&symbol).await?.since(&before);
    importer.report(
        &file.display().to_string(),
        vec![("symbol", "symbol", Cell::text(symbol.as_str()))],
        (kind == ImportKind::Trades).then_some((since, true)),
        &grand,
        Vec::new(),
    )
}

/// What is in it, by the flags alone.
fn kind_of(arguments: &ImportArguments) -> Outcome<(Kind, ImportKind)> {
    match (arguments.kind, arguments.timeframe) {
        (Some(ImportRows::Trades), None) => Ok((Kind::Trades, ImportKind::Trades)),
        (Some(ImportRows::Candles), Some(timeframe)) => {
            Ok((Kind::Candles, ImportKind::Candles(timeframe)))
        }
        (Some(ImportRows::Trades), Some(_)) => Err(Failure::usage("trades have no timeframe")
            .to_do("leave --timeframe out, or use --kind candles")),
        (Some(ImportRows::Candles), None) => {
            Err(Failure::usage("--kind candles needs --timeframe"))
        }
        (Some(ImportRows::AggTrades), _) => Err(Failure::usage(
            "aggregate trades are read from a venue's archives only",
        )
        .to_do("name the zip, or a folder of them")),
        (None, _) => Err(
            Failure::usage(format!("what is in {}?", arguments.file.display()))
                .to_do("say it with --kind trades, or with --kind candles and --timeframe"),
        ),
    }
}

fn refused(failure: Failure, error: &FileError, kind: Kind) -> Failure {
    let failure = failure.because(error);
    match error.to_do(kind) {
        Some(to_do) => failure.to_do(to_do),
        None => failure,
    }
}

impl Journal {
    /// Refuses a file that was imported, and says where an import of it was cut off.
    pub(super) fn let_in(
        &self,
        context: &Context,
        sha256: &str,
        symbol: &quantflow_model::Symbol,
        again: bool,
        cannot: &impl Fn() -> Failure,
    ) -> Outcome {
        match self.before(sha256, symbol) {
            Before::Done(at) if !again => {
                return Err(cannot()
                    .because(format!("the same file was imported for {symbol} at {at}"))
                    .to_do("nothing needs to be done; --again reads it once more (rows that are there are dropped)"));
            }
            Before::CutOff => context.terminal.note(
                "note: an earlier import of this file was cut off; rows that came then are not taken twice",
            ),
            Before::Never | Before::Done(_) => {}
        }
        Ok(())
    }
}
