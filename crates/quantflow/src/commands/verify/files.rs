//! Checks every file of store, lake and log, and says what depends on a damaged one.

use quantflow_log_embedded::{DamagedPart, damaged_parts};
use quantflow_seams::{ArchiveError, ArchivedSegment};
use quantflow_wire::{LogRange, PartitionId};
use sha2::{Digest, Sha256};

use super::depends::Dependents;
use super::fault::{Fault, Lost};
use crate::access::Local;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::files::hex::hex;
use crate::terminal::progress::Unit;
use crate::terminal::{Cell, Column, Listing, Progress};

/// What was looked at, and what of it is damaged.
#[derive(Debug, Default)]
pub(super) struct Checked {
    lake_segments: usize,
    log_segments: usize,
    faults: Vec<Fault>,
}

/// Looks at every file.
///
/// # Errors
/// When an engine cannot be asked at all.
pub(super) async fn check(context: &Context, local: &Local) -> Outcome<Checked> {
    let mut checked = Checked::default();
    let faults = local.engines.store.check().await;
    let faults = faults.map_err(|error| Failure::new("cannot check the store").because(error))?;
    for fault in faults {
        checked.faults.push(Fault::new("store", fault));
    }
    lake(context, local, &mut checked).await?;
    log(context, local, &mut checked).await?;
    Ok(checked)
}

/// Says how it was found; damage is a failure.
///
/// # Errors
/// When something is damaged: with each file, what is lost and what depends on it.
pub(super) fn conclude(context: &Context, local: &Local, checked: &Checked) -> Outcome {
    context.terminal.note(&format!(
        "files: the store's checked, {} segments in the lake, {} closed in the log; {} damaged",
        checked.lake_segments,
        checked.log_segments,
        checked.faults.len()
    ));
    if checked.faults.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::new(format!(
        "{} damaged in {}",
        checked.faults.len(),
        local.settings.data_dir.display()
    ));
    for line in checked.faults.iter().flat_map(Fault::lines) {
        failure = failure.because(line);
    }
    Err(failure.to_do(
        "damage in the store: `quantflow rebuild` computes it anew from the log; in the lake or log: \
         bring that file back from a backup, what depends on it stays readable meanwhile",
    ))
}

/// A row for each damaged place.
pub(super) fn listing(checked: &Checked) -> Listing {
    let mut listing = Listing::new(vec![
        Column::new("place", "place"),
        Column::new("damage", "damage"),
        Column::new("from_byte", "fromByte"),
        Column::new("to_byte", "toByte"),
        Column::new("detail", "detail"),
        Column::new("partition", "partition"),
        Column::new("from_record", "fromRecord"),
        Column::new("to_record", "toRecord"),
        Column::new("received_from", "receivedFrom"),
        Column::new("received_to", "receivedTo"),
        Column::new("depends", "depends"),
    ]);
    for fault in &checked.faults {
        let place = || vec![Cell::text(fault.place), Cell::text(&fault.says)];
        if fault.lost.is_empty() {
            let mut row = place();
            row.resize(listing.columns.len(), Cell::Empty);
            listing.push(row);
        }
        for lost in &fault.lost {
            let part = &lost.part;
            let mut row = place();
            row.extend([
                Cell::Whole(part.bytes.start),
                Cell::Whole(part.bytes.end),
                Cell::text(&part.detail),
                Cell::text(lost.partition.as_str()),
            ]);
            if lost.has_records() {
                row.extend([
                    Cell::text(part.records.from.to_string()),
                    Cell::text(part.records.to.to_string()),
                    Cell::of(part.received.0, Cell::Time),
                    Cell::of(part.received.1, Cell::Time),
                    Cell::Json(lost.dependents.json()),
                ]);
            } else {
                row.resize(listing.columns.len(), Cell::Empty);
            }
            listing.push(row);
        }
    }
    listing
}

async fn lake(context: &Context, local: &Local, checked: &mut Checked) -> Outcome {
    let archive = &local.engines.archive;
    let segments = archive.list(None).await;
    let segments =
        segments.map_err(|error| Failure::new("cannot check the lake").because(error))?;
    let progress = Progress::new(
        &context.terminal,
        "checking the lake",
        Unit::Things("segments"),
        Some(segments.len() as u64),
    );
    checked.lake_segments = segments.len();
    let mut previous: Option<&ArchivedSegment> = None;
    for segment in &segments {
        let follows = previous.filter(|before| before.partition == segment.partition);
        if let Some(before) = follows
            && before.sha256 != segment.previous_sha256
        {
            let says = format!(
                "{} does not follow {}: a segment between them is missing",
                segment.name, before.name
            );
            checked.faults.push(Fault::new("lake", says));
        }
        if let Err(error) = archive.get(segment).await {
            let mut fault = Fault::new("lake", error.to_string());
            if matches!(error, ArchiveError::Corrupt { .. }) {
                // gone altogether: everything in it is lost
                let bytes = archive.get_as_it_lies(segment).await.unwrap_or_default();
                fault.lost = lost(local, &segment.partition, segment.range, &bytes).await;
            }
            checked.faults.push(fault);
        }
        previous = Some(segment);
        progress.add(1);
    }
    progress.done();
    Ok(())
}

async fn log(context: &Context, local: &Local, checked: &mut Checked) -> Outcome {
    let log = &local.engines.log;
    let cannot = |error| Failure::new("cannot check the log").because(error);
    let progress = Progress::new(
        &context.terminal,
        "checking the log",
        Unit::Things("segments"),
        None,
    );
    for partition in log.partitions() {
        for segment in log.closed_segments(&partition).await.map_err(cannot)? {
            checked.log_segments += 1;
            progress.add(1);
            let bytes = match log.segment_bytes(&partition, &segment).await {
                Ok(bytes) => bytes,
                Err(error) => {
                    checked.faults.push(Fault::new("log", error.to_string()));
                    continue;
                }
            };
            let found = hex(&Sha256::digest(&bytes));
            if found != segment.sha256 {
                let says = format!(
                    "{partition}/{} is damaged: its SHA-256 is {found}, {} was stored",
                    segment.name, segment.sha256
                );
                let mut fault = Fault::new("log", says);
                fault.lost = lost(local, &partition, segment.range, &bytes).await;
                checked.faults.push(fault);
            }
        }
    }
    progress.done();
    Ok(())
}

/// What of a segment cannot be read, and what was computed from it.
async fn lost(local: &Local, partition: &PartitionId, range: LogRange, bytes: &[u8]) -> Vec<Lost> {
    let mut parts = damaged_parts(bytes, range);
    if parts.is_empty() {
        // every block is whole, and yet the file is another: none of it can be trusted
        parts.push(DamagedPart {
            bytes: 0..bytes.len() as u64,
            records: range,
            received: (None, None),
            detail: "another file of this kind lies there".to_owned(),
        });
    }
    let mut lost = Vec::with_capacity(parts.len());
    for part in parts {
        let store = local.engines.store.as_ref();
        let dependents = Dependents::of(store, partition, part.records).await;
        lost.push(Lost {
            partition: partition.clone(),
            part,
            dependents,
        });
    }
    lost
}
