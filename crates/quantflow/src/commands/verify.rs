//! `quantflow verify`: what is there, what is missing, and whether every byte is as it was written.

use std::collections::BTreeSet;

use quantflow_market::view::{Certificate, MissingState};
use quantflow_model::{Symbol, TimeRange, Timeframe};
use quantflow_seams::{ArchivedSegment, StoreError};
use quantflow_wire::{LogRange, PartitionId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::access::{Access, Local, range_of};
use crate::arguments::VerifyArguments;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::files::hex::hex;
use crate::terminal::progress::Unit;
use crate::terminal::{Cell, Column, Listing, Progress};

/// Holes that are named one by one.
const HOLES: usize = 50;

/// Shows the certificates of each day, and checks the files of the folder. Damage is a failure; what
/// the ledger knows to be missing is not: it is what was asked for.
pub(crate) async fn run(context: &Context, arguments: &VerifyArguments) -> Outcome {
    let range = range_of(arguments.span)?;
    let (access, damaged) = Access::to_check(context).await?;
    for failure in &damaged {
        context
            .terminal
            .complain(&format!("{}: {}", failure.what, failure.why.join(": ")));
    }
    let symbols: Vec<Symbol> = match &arguments.symbol {
        Some(text) => vec![access.symbol(text).await?],
        None => access
            .known()
            .await?
            .into_iter()
            .map(|known| known.symbol)
            .collect(),
    };
    let mut certificates = Vec::new();
    for symbol in &symbols {
        match access.certificates(symbol, range).await {
            Ok(days) => certificates.extend(days),
            // damage must not hide what is damaged: the files are looked at below
            Err(failure) if matches!(access, Access::Local(_)) => {
                let why = failure.why.join(": ");
                context
                    .terminal
                    .complain(&format!("{symbol}: {}: {why}", failure.what));
            }
            Err(failure) => return Err(failure),
        }
    }
    context.terminal.show(&listing(&certificates))?;
    say(context, &certificates);
    match &access {
        Access::Remote(_) => {
            context.terminal.note(
                "the files were not checked: the server that holds them is running (stop it to check them)",
            );
            Ok(())
        }
        Access::Local(local) => {
            check_files(context, local, &symbols).await?;
            // no file is damaged, and yet something could not be taken over
            damaged.into_iter().next().map_or(Ok(()), Err)
        }
    }
}

fn listing(certificates: &[Certificate]) -> Listing {
    let mut listing = Listing::new(vec![
        Column::new("symbol", "symbol"),
        Column::new("date", "date"),
        Column::new("first_id", "firstId"),
        Column::new("last_id", "lastId"),
        Column::new("count", "count"),
        Column::new("missing", "missingCount"),
        Column::new("filled", "filledCount"),
        Column::new("duplicates", "duplicates"),
        Column::new("quarantined", "quarantined"),
        Column::new("flagged", "flagged"),
        Column::new("late", "late"),
        Column::new("equal", "equal"),
        Column::new("different", "different"),
        Column::new("not_compared", "notCompared"),
        Column::new("holes", "missing"),
    ]);
    for day in certificates {
        let holes: Vec<Value> = day
            .missing
            .iter()
            .map(|hole| {
                json!({
                    "from": hole.from.to_string(),
                    "to": hole.to.to_string(),
                    "state": hole.state.name(),
                    "reason": hole.reason,
                    "since": hole.since.to_string(),
                })
            })
            .collect();
        listing.push(vec![
            Cell::text(day.symbol.as_str()),
            Cell::text(day.day.date()),
            Cell::of(day.first_id, Cell::id),
            Cell::of(day.last_id, Cell::id),
            Cell::Whole(day.count),
            Cell::Whole(missing(day, |state| state != MissingState::Filled)),
            Cell::Whole(missing(day, |state| state == MissingState::Filled)),
            Cell::Whole(day.duplicates),
            Cell::Whole(day.quarantined),
            Cell::Whole(day.flagged),
            Cell::Whole(day.late),
            Cell::Whole(day.reconciled.equal),
            Cell::Whole(day.reconciled.different),
            Cell::Whole(day.reconciled.not_compared),
            if holes.is_empty() {
                Cell::Empty
            } else {
                Cell::Json(Value::Array(holes))
            },
        ]);
    }
    listing
}

/// How many trades are missing in the states that count.
fn missing(day: &Certificate, counts: impl Fn(MissingState) -> bool) -> u64 {
    let ids = day
        .missing
        .iter()
        .filter(|hole| counts(hole.state))
        .map(|hole| hole.to.0.saturating_sub(hole.from.0).saturating_add(1));
    ids.fold(0_u64, |sum, n| {
        sum.saturating_add(u64::try_from(n).unwrap_or(u64::MAX))
    })
}

fn say(context: &Context, certificates: &[Certificate]) {
    let sum = |of: fn(&Certificate) -> u64| certificates.iter().map(of).sum::<u64>();
    let symbols: BTreeSet<&str> = certificates.iter().map(|day| day.symbol.as_str()).collect();
    let lost = |day: &Certificate| missing(day, |state| state != MissingState::Filled);
    context.terminal.note(&format!(
        "{} symbols, {} days: {} trades, {} missing, {} filled, {} duplicates, {} quarantined; 1m candles: {} equal the venue's, {} differ, {} not compared",
        symbols.len(),
        certificates.len(),
        sum(|day| day.count),
        certificates.iter().map(lost).sum::<u64>(),
        sum(|day| missing(day, |state| state == MissingState::Filled)),
        sum(|day| day.duplicates),
        sum(|day| day.quarantined),
        sum(|day| day.reconciled.equal),
        sum(|day| day.reconciled.different),
        sum(|day| day.reconciled.not_compared),
    ));
    let holes = certificates.iter().flat_map(|day| {
        day.missing
            .iter()
            .filter(|h| h.state != MissingState::Filled)
            .map(move |h| (day, h))
    });
    for (day, hole) in holes.take(HOLES) {
        context.terminal.note(&format!(
            "  {} {}: trades {} to {} {}: {} (known since {})",
            day.symbol,
            day.day.date(),
            hole.from,
            hole.to,
            hole.state.name(),
            hole.reason,
            hole.since
        ));
    }
}

/// Checks every file of store, lake and log, and says what depends on a damaged one.
async fn check_files(context: &Context, local: &Local, symbols: &[Symbol]) -> Outcome {
    let mut faults = store_faults(local).await?;
    let lake = lake_faults(context, local, symbols).await?;
    let log = log_faults(context, local, symbols).await?;
    faults.extend(lake.faults);
    faults.extend(log.faults);
    context.terminal.note(&format!(
        "files: the store's checked, {} segments in the lake, {} closed in the log; {} damaged",
        lake.segments,
        log.segments,
        faults.len()
    ));
    if faults.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::new(format!(
        "{} damaged in {}",
        faults.len(),
        local.settings.data_dir.display()
    ));
    for fault in faults {
        failure = failure.because(fault);
    }
    Err(failure.to_do(
        "damage in the store: `quantflow rebuild` computes it anew from the log; in the lake or log: \
         bring that file back from a backup, what depends on it stays readable meanwhile",
    ))
}

async fn store_faults(local: &Local) -> Outcome<Vec<String>> {
    local
        .engines
        .store
        .check()
        .await
        .map_err(|error| Failure::new("cannot check the store").because(error))
}

#[derive(Default)]
struct Checked {
    segments: usize,
    faults: Vec<String>,
}

async fn lake_faults(context: &Context, local: &Local, symbols: &[Symbol]) -> Outcome<Checked> {
    let cannot = |error| Failure::new("cannot check the lake").because(error);
    let segments = local.engines.archive.list(None).await.map_err(cannot)?;
    let progress = Progress::new(
        &context.terminal,
        "checking the lake",
        Unit::Things("segments"),
        Some(segments.len() as u64),
    );
    let mut checked = Checked {
        segments: segments.len(),
        faults: Vec::new(),
    };
    let mut previous: Option<&ArchivedSegment> = None;
    for segment in &segments {
        let follows = previous.filter(|before| before.partition == segment.partition);
        if let Some(before) = follows
            && before.sha256 != segment.previous_sha256
        {
            checked.faults.push(format!(
                "lake: {} does not follow {}: a segment between them is missing",
                segment.name, before.name
            ));
        }
        if let Err(error) = local.engines.archive.get(segment).await {
            let depends = depends(local, &segment.partition, segment.range, symbols).await;
            checked
                .faults
                .push(format!("lake: {error}; depends on it: {depends}"));
        }
        previous = Some(segment);
        progress.add(1);
    }
    progress.done();
    Ok(checked)
}

async fn log_faults(context: &Context, local: &Local, symbols: &[Symbol]) -> Outcome<Checked> {
    let log = &local.engines.log;
    let cannot = |error| Failure::new("cannot check the log").because(error);
    let mut checked = Checked::default();
    let progress = Progress::new(
        &context.terminal,
        "checking the log",
        Unit::Things("segments"),
        None,
    );
    for partition in log.partitions() {
        for segment in log.closed_segments(&partition).await.map_err(cannot)? {
            checked.segments += 1;
            progress.add(1);
            let bytes = match log.segment_bytes(&partition, &segment).await {
                Ok(bytes) => bytes,
                Err(error) => {
                    checked.faults.push(format!("log: {error}"));
                    continue;
                }
            };
            let found = hex(&Sha256::digest(&bytes));
            if found != segment.sha256 {
                let depends = depends(local, &partition, segment.range, symbols).await;
                checked.faults.push(format!(
                    "log: {partition}/{} is damaged: its SHA-256 is {found}, {} was stored; depends on it: {depends}",
                    segment.name, segment.sha256
                ));
            }
        }
    }
    progress.done();
    Ok(checked)
}

/// The symbols and days whose rows came from a part of the log.
async fn depends(
    local: &Local,
    partition: &PartitionId,
    range: LogRange,
    symbols: &[Symbol],
) -> String {
    let mut found = Vec::new();
    for symbol in symbols
        .iter()
        .filter(|symbol| symbol.venue_str() == partition.as_str())
    {
        match days(local, partition, range, symbol).await {
            Ok(days) if days.is_empty() => {}
            Ok(days) => found.push(format!("{symbol} {}", days.join(" "))),
            Err(error) => found.push(format!("{symbol} ({error})")),
        }
    }
    if found.is_empty() {
        return format!(
            "records {} to {} of {partition}, no trades",
            range.from, range.to
        );
    }
    found.join(", ")
}

async fn days(
    local: &Local,
    partition: &PartitionId,
    range: LogRange,
    symbol: &Symbol,
) -> Result<Vec<String>, StoreError> {
    let store = &local.engines.store;
    let mut days = Vec::new();
    for tally in store.tallies(symbol, TimeRange::ALL).await? {
        let day = TimeRange::new(tally.day, Timeframe::D1.end_of(tally.day));
        let sources = store.sources(symbol, day).await?;
        let touches = |(from, part): &(PartitionId, LogRange)| {
            from == partition && part.from < range.to && range.from < part.to
        };
        if sources.iter().any(touches) {
            days.push(tally.day.date());
        }
    }
    Ok(days)
}
