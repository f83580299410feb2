//! A venue's archive: one zip, taken whole or not at all.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::importer::{Importer, Piece};
use super::journal::Journal;
use super::naming::{Names, contents_of, import_kind};
use super::report::Grand;
use super::{file_name, hash, venue_of};
use crate::access;
use crate::arguments::ImportArguments;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::files::archive::name::{ArchiveName, Contents};
use crate::files::archive::{Archive, ArchiveError, Checked, checksum};
use crate::terminal::progress::Unit;
use crate::terminal::{Cell, Progress};
use crate::venues;

/// An archive that is what its name and its checksum say.
pub(super) struct Verified {
    pub(super) checked: Checked,
    pub(super) sha256: String,
    /// Whether a checksum file said so.
    pub(super) by_checksum: bool,
}

/// Imports an archive.
pub(super) async fn run(context: &Context, arguments: &ImportArguments) -> Outcome {
    let file = &arguments.file;
    let shown = file_name(file);
    let cannot = || Failure::new(format!("cannot import {}", file.display()));
    let (venue, partition) = venue_of(arguments)?;
    // the file before the folder: a wrong file must change nothing
    let archive = Archive::open(file).map_err(|error| refused(cannot(), &error))?;
    let name = archive.name().map_err(|error| refused(cannot(), &error))?;
    let contents = contents_of(arguments, &shown, name.as_ref())?;
    let settings = context.settings()?;
    let codec = venues::codec_of(&settings, &venue)?;
    let mut names = Names {
        venue,
        codec,
        known: Vec::new(),
    };
    let asked = arguments.symbol.as_deref();
    if !settings.data_dir.exists() {
        // a name that means nothing must not make a folder
        names.symbol(asked, &shown, name.as_ref())?;
    }
    let expected = checksum::read_beside(file).map_err(|error| refused(cannot(), &error))?;
    let size = archive.size();
    let bar = |what: &str| Progress::new(&context.terminal, what, Unit::Bytes, Some(size));
    let verified = verify(
        archive,
        file,
        contents,
        name.as_ref(),
        expected.as_deref(),
        bar,
    )
    .map_err(|error| refused(cannot(), &error))?;
    let local = access::to_write(context, "import").await?;
    names.known = local.known().await?;
    let symbol = names.symbol(asked, &shown, name.as_ref())?;
    let mut journal = Journal::open(&local.settings.data_dir).map_err(|e| cannot().because(e))?;
    journal.let_in(context, &verified.sha256, &symbol, arguments.again, &cannot)?;
    if !verified.by_checksum {
        context.terminal.note(&format!(
            "note: no {shown}{} beside it: taken unverified",
            checksum::ENDING
        ));
    }
    if verified.checked.rows == 0 {
        context.terminal.note(&format!(
            "note: {shown} has no rows: nothing was traded, it says"
        ));
    }
    let importer = Importer::new(context, &local, partition, true);
    let before = importer.totals(&symbol).await?;
    let Verified {
        checked,
        sha256,
        by_checksum,
    } = verified;
    let piece = Piece {
        file: shown,
        symbol: symbol.clone(),
        kind: import_kind(contents),
        sha256,
        rows: checked
            .into_rows()
            .map_err(|error| refused(cannot(), &error))?,
    };
    let written = importer.take(&mut journal, piece, &cannot).await?;
    importer.tidy().await;
    let mut grand = Grand::default();
    grand.add(&written, importer.refused(&symbol, &written).await?, None);
    let since = importer.totals(&symbol).await?.since(&before);
    let trades = !matches!(contents, Contents::Klines(_));
    importer.report(
        &file.display().to_string(),
        vec![
            ("symbol", "symbol", Cell::text(symbol.as_str())),
            ("contents", "contents", Cell::text(contents.to_string())),
            ("verified", "verified", Cell::Flag(by_checksum)),
        ],
        trades.then_some((since, contents == Contents::Trades)),
        &grand,
        Vec::new(),
    )
}

/// Reads all of an archive: its hash, its checksum where one is expected, and every line's form.
/// `bar` makes what shows how far that is.
pub(super) fn verify(
    archive: Archive,
    file: &Path,
    contents: Contents,
    name: Option<&ArchiveName>,
    expected: Option<&str>,
    bar: impl Fn(&str) -> Progress,
) -> Result<Verified, ArchiveError> {
    let progress = bar("hashing");
    let sha256 = hash(file, &progress).map_err(|source| ArchiveError::Read {
        path: file.to_owned(),
        source,
    })?;
    progress.done();
    if let Some(expected) = expected {
        let from = format!("{}{}", file_name(file), checksum::ENDING);
        checksum::compare(file, &sha256, expected, from)?;
    }
    let read = Arc::new(AtomicU64::new(0));
    let progress = bar("checking");
    let checked = archive.check(contents, name, &read)?;
    progress.set(read.load(Ordering::Relaxed));
    progress.done();
    Ok(Verified {
        checked,
        sha256,
        by_checksum: expected.is_some(),
    })
}

/// Why an archive is not taken, and what to do.
pub(super) fn refused(failure: Failure, error: &ArchiveError) -> Failure {
    failure.because(error).to_do(error.to_do())
}
