//! `quantflow import`: a file's rows into the raw log, and from there into the store.
//!
//! An import is records like everything else: its beginning with the file's hash, its rows as CSV
//! lines, its end. What the pipeline makes of them follows from the log alone, so a rebuild makes the
//! same again. Memory is flat: a few thousand lines at a time.
//!
//! - `file`: a file whose columns have names;
//! - `archive`: a venue's zip, named after what it holds;
//! - `many`: a folder of those, or where the venue keeps them.

mod archive;
mod file;
mod importer;
pub(crate) mod journal;
mod many;
mod naming;
mod report;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use quantflow_model::VenueId;
use quantflow_wire::PartitionId;
use sha2::{Digest, Sha256};

use crate::arguments::ImportArguments;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::files::hex::hex;
use crate::terminal::Progress;

/// Imports a file, a venue's archive, or many of those.
pub(crate) async fn run(context: &Context, arguments: &ImportArguments) -> Outcome {
    let file = &arguments.file;
    let text = file.to_str().unwrap_or_default();
    if text.starts_with("https://") || text.starts_with("http://") {
        return many::url(context, arguments, text).await;
    }
    if file.is_dir() {
        return many::folder(context, arguments).await;
    }
    if arguments.span.from.is_some() || arguments.span.to.is_some() {
        return Err(
            Failure::usage("--from and --to choose among archives; a file is taken whole")
                .to_do("leave them out, or name a folder of archives or their URL"),
        );
    }
    if is_zip(file) {
        return archive::run(context, arguments).await;
    }
    file::run(context, arguments).await
}

fn is_zip(file: &Path) -> bool {
    file.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("zip"))
}

/// The venue that is named, and its part of the log.
fn venue_of(arguments: &ImportArguments) -> Outcome<(VenueId, PartitionId)> {
    let venue: VenueId = arguments.venue.parse().map_err(|error| {
        Failure::usage(format!("--venue {:?} is no venue's name", arguments.venue)).because(error)
    })?;
    let partition = PartitionId::new(venue.as_str())
        .ok_or_else(|| Failure::usage(format!("{venue} cannot name a partition of the log")))?;
    Ok((venue, partition))
}

fn file_name(file: &Path) -> String {
    file.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// The SHA-256 of a file in hex; `progress` counts its bytes.
fn hash(file: &Path, progress: &Progress) -> std::io::Result<String> {
    let mut file = File::open(file)?;
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
    Ok(hex(&hash.finalize()))
}
