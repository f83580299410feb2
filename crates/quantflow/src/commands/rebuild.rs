//! `quantflow rebuild [--check]`: the store computed anew from the raw log.
//!
//! The new store is made beside the old one, so that nothing is lost when it is interrupted; without
//! `--check` it then takes the old one's place, by renaming.

use std::path::Path;
use std::sync::Arc;

use quantflow_log_embedded::read_segment;
use quantflow_market::{
    CanonicalHashes, RawSource, RebuildError, canonical_hashes, differences, rebuild,
};
use quantflow_model::{Symbol, TimeRange};
use quantflow_seams::{LogError, SeriesStore};
use quantflow_store_embedded::{EmbeddedStore, StoreOptions};
use quantflow_wire::{LogPosition, PartitionId, RecordChunk};

use crate::access::{self, Local, range_of};
use crate::arguments::RebuildArguments;
use crate::config::Settings;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::run::engines::{Engines, series_dir};
use crate::run::series_swap::{old_dir, swap};
use crate::terminal::progress::Unit;
use crate::terminal::{Cell, Column, Listing, Progress};

/// The folder in which a store is computed anew.
const BESIDE: &str = "series.rebuild";
/// Computes the store anew, to compare it or to use it.
pub(crate) async fn run(context: &Context, arguments: &RebuildArguments) -> Outcome {
    let range = range_of(arguments.span)?;
    let settings = context.settings()?;
    if !arguments.check && (arguments.span.from.is_some() || arguments.span.to.is_some()) {
        return Err(Failure::usage("a rebuild is of everything")
            .because("later rows follow from earlier ones, so a part cannot be computed alone")
            .to_do("leave --from and --to out; with --check they say what is compared"));
    }
    if !settings.data_dir.exists() {
        return Err(Failure::new(format!(
            "there is no data in {}",
            settings.data_dir.display()
        ))
        .to_do("name the folder with --data-dir"));
    }
    access::refuse_if_served(&settings, "rebuild").await?;
    let beside = settings.data_dir.join(BESIDE);
    remove(&beside)?;
    let outcome = if arguments.check {
        check(context, settings, &beside, range).await
    } else {
        replace(context, settings, &beside).await
    };
    // left over only when something failed
    remove(&beside)?;
    outcome
}

fn remove(folder: &Path) -> Outcome {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::new(format!("cannot remove {}", folder.display())).because(error))
        }
        _ => Ok(()),
    }
}

async fn check(context: &Context, settings: Settings, beside: &Path, range: TimeRange) -> Outcome {
    let local = Local::open(context, settings).await?;
    let store = compute(context, &local.settings, &local.engines, beside).await?;
    let ours = hashes(local.engines.store.as_ref(), range).await?;
    let anew = hashes(store.as_ref(), range).await?;
    context.terminal.show(&compared(&ours, &anew))?;
    let differences = differences(&ours, &anew);
    if differences.is_empty() {
        let rows: u64 = ours.values().map(|(rows, _)| rows).sum();
        context
            .terminal
            .note(&format!("the same: {rows} rows in {} parts", ours.len()));
        return Ok(());
    }
    let mut failure = Failure::new("the store is not what its log makes");
    for difference in differences.iter().take(20) {
        failure = failure.because(difference);
    }
    Err(failure.to_do("`quantflow rebuild` puts what the log makes in its place"))
}

fn compared(ours: &CanonicalHashes, anew: &CanonicalHashes) -> Listing {
    let mut listing = Listing::new(vec![
        Column::new("part", "part"),
        Column::new("rows", "rows"),
        Column::new("sha256", "sha256"),
        Column::new("same", "same"),
    ]);
    for (part, (rows, hash)) in ours {
        listing.push(vec![
            Cell::text(part),
            Cell::Whole(*rows),
            Cell::text(hash),
            Cell::Flag(anew.get(part).is_some_and(|(_, other)| other == hash)),
        ]);
    }
    for (part, (rows, hash)) in anew.iter().filter(|(part, _)| !ours.contains_key(*part)) {
        listing.push(vec![
            Cell::text(part),
            Cell::Whole(*rows),
            Cell::text(hash),
            Cell::Flag(false),
        ]);
    }
    listing
}

async fn hashes(store: &dyn SeriesStore, range: TimeRange) -> Outcome<CanonicalHashes> {
    canonical_hashes(store, |_: &Symbol| true, range)
        .await
        .map_err(|error| Failure::new("cannot read a store to compare it").because(error))
}

async fn replace(context: &Context, settings: Settings, beside: &Path) -> Outcome {
    let engines = access::engines(context, &settings)?;
    let store = compute(context, &settings, &engines, beside).await?;
    let anew = hashes(store.as_ref(), TimeRange::ALL).await?;
    // both stores let go of their files before they are renamed
    drop(store);
    drop(engines);
    let series = series_dir(&settings.data_dir);
    let old = old_dir(&settings.data_dir);
    remove(&old)?;
    swap(&series, beside, &old, &settings.data_dir).map_err(|error| {
        Failure::new("cannot put the new store in the old one's place")
            .because(error)
            .to_do(format!(
                "the old one is whole: it is {} or {}",
                series.display(),
                old.display()
            ))
    })?;
    remove(&old)?;
    let rows: u64 = anew.values().map(|(rows, _)| rows).sum();
    context.terminal.show(&Listing::one(vec![
        ("rows", "rows", Cell::Whole(rows)),
        ("parts", "parts", Cell::Whole(anew.len() as u64)),
    ]))
}

/// Applies the whole log of every partition to a new store.
async fn compute(
    context: &Context,
    settings: &Settings,
    engines: &Engines,
    beside: &Path,
) -> Outcome<Arc<dyn SeriesStore>> {
    let store = EmbeddedStore::open(beside, StoreOptions::default()).map_err(|error| {
        Failure::new(format!("cannot make a store in {}", beside.display())).because(error)
    })?;
    let store: Arc<dyn SeriesStore> = Arc::new(store);
    let source = RawSource {
        log: Arc::clone(&engines.log),
        archive: Arc::clone(&engines.archive),
        read_segment: read,
    };
    for id in partitions(engines).await? {
        let end = engines.log.end(&id);
        let setup = access::setup(settings, &id)?;
        let progress = Progress::new(
            &context.terminal,
            &format!("rebuilding {id}"),
            Unit::Things("records"),
            Some(end.offset),
        );
        let clock = Arc::clone(&engines.clock);
        let done = rebuild(setup, &source, Arc::clone(&store), clock, end, |position| {
            progress.set(position.offset);
        });
        done.await.map_err(|error| cannot_rebuild(&id, &error))?;
        progress.done();
    }
    Ok(store)
}

/// Partitions of the log, and those that the lake alone has.
async fn partitions(engines: &Engines) -> Outcome<Vec<PartitionId>> {
    let mut ids = engines.log.partitions();
    let segments = engines.archive.list(None).await;
    let segments = segments.map_err(|error| Failure::new("cannot read the lake").because(error))?;
    ids.extend(segments.into_iter().map(|segment| segment.partition));
    ids.sort();
    ids.dedup();
    Ok(ids)
}

fn cannot_rebuild(id: &PartitionId, error: &RebuildError) -> Failure {
    let failure = Failure::new(format!("cannot rebuild {id}")).because(error);
    match error {
        RebuildError::Expired { .. } => failure.to_do(
            "what was computed then is still in the store, but cannot be computed anew; \
             lake.retention decides how long raw segments are kept",
        ),
        RebuildError::Gap { .. } | RebuildError::Archive(_) | RebuildError::Log(_) => {
            failure.to_do("`quantflow verify` names the damaged file; bring it back from a backup")
        }
        RebuildError::Partition(_) => failure,
    }
}

fn read(bytes: &[u8]) -> Result<Vec<(LogPosition, RecordChunk)>, LogError> {
    let damaged = |error: quantflow_log_embedded::SegmentError| LogError::Failed {
        place: "a segment of the lake".to_owned(),
        detail: error.to_string(),
    };
    read_segment(bytes)
        .map_err(damaged)?
        .map(|part| part.map_err(damaged))
        .collect()
}
