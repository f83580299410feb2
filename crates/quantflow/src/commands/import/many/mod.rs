//! Many archives in one run: a folder of them, or where the venue keeps them.
//!
//! They come one after the other in order of time, as [`Ready`]: a file, known already, missing, or
//! refused. Each is read whole before any of it is taken; one that is refused keeps none of the
//! others from being taken, and is named at the end. Nothing of a run is kept but what the list of
//! imports and the log have, so the same command goes on where an earlier one ended, however it did.

mod fetch;
mod folder;
mod run;
mod site;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures_util::stream;
use quantflow_model::{Symbol, TimeRange};

use self::run::Run;
use self::site::Site;
use super::importer::Importer;
use super::journal::{Journal, Taken};
use super::naming::{Names, is_spot};
use super::{is_zip, venue_of};
use crate::access::{self, range_of};
use crate::arguments::{ImportArguments, ImportRows};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::files::archive::name::{ArchiveName, Contents, Period};
use crate::files::archive::{ArchiveError, checksum};
use crate::venues;

/// Where fetched files lie until they are imported, below the data folder.
const FETCHED: &str = "fetched";
/// An archive that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    symbol: Symbol,
    name: ArchiveName,
}

/// What came of looking for it.
#[derive(Debug)]
enum Found {
    File {
        path: PathBuf,
        /// What its checksum file says.
        expected: Option<String>,
        /// Whether it is ours to take away.
        temporary: bool,
    },
    /// It was imported before.
    Known,
    /// There is none.
    Missing,
    /// There is one that is not taken.
    Refused(ArchiveError),
}

/// The next archive.
#[derive(Debug)]
struct Ready {
    wanted: Wanted,
    found: Found,
}

/// The days (UTC) that reach into a span.
fn days(range: TimeRange) -> impl Iterator<Item = Period> {
    let mut next = range.start.start_of_day();
    std::iter::from_fn(move || {
        let day = (next < range.end).then(|| Period::day_of(next))?;
        next = day.range().end;
        Some(day)
    })
}

/// Imports a folder of archives.
pub(super) async fn folder(context: &Context, arguments: &ImportArguments) -> Outcome {
    let (venue, partition) = venue_of(arguments)?;
    let range = range_of(arguments.span)?;
    let settings = context.settings()?;
    let mut names = Names {
        codec: venues::codec_of(&settings, &venue)?,
        venue,
        known: Vec::new(),
    };
    if !settings.data_dir.exists() {
        // a folder that means nothing must not make one
        folder::choose(&arguments.file, arguments, &names, range)?;
    }
    let local = access::to_write(context, "import").await?;
    names.known = local.known().await?;
    let chosen = folder::choose(&arguments.file, arguments, &names, range)?;
    for note in &chosen.notes {
        context.terminal.note(note);
    }
    let journal = Journal::open(&local.settings.data_dir)?;
    let importer = Importer::new(context, &local, partition, false);
    let total = chosen
        .files
        .iter()
        .map(|(wanted, _)| wanted.name.period.days());
    let total = total.sum();
    let again = arguments.again;
    let known: BTreeMap<Symbol, Taken> = chosen
        .files
        .iter()
        .map(|(wanted, _)| (wanted.symbol.clone(), journal.taken(&wanted.symbol)))
        .collect();
    let files = chosen.files.into_iter().map(move |(wanted, path)| {
        let found = match checksum::read_beside(&path) {
            // its checksum says enough: it need not be read
            Ok(Some(hash))
                if !again
                    && known
                        .get(&wanted.symbol)
                        .is_some_and(|k| k.hashes.contains(&hash)) =>
            {
                Found::Known
            }
            Ok(expected) => Found::File {
                path,
                expected,
                temporary: false,
            },
            Err(error) => Found::Refused(error),
        };
        Ok(Ready { wanted, found })
    });
    Run::lacking(chosen.missing)
        .all(&importer, journal, arguments, total, stream::iter(files))
        .await?
        .end(&importer, arguments, chosen.contents)
        .await
}

/// Imports archives from where a venue keeps them.
pub(super) async fn url(context: &Context, arguments: &ImportArguments, url: &str) -> Outcome {
    let (venue, partition) = venue_of(arguments)?;
    let range = range_of(arguments.span)?;
    let (asked, contents) = what(arguments, url)?;
    let settings = context.settings()?;
    let mut names = Names {
        codec: venues::codec_of(&settings, &venue)?,
        venue,
        known: Vec::new(),
    };
    if !settings.data_dir.exists() {
        names.asked(asked)?;
    }
    let local = access::to_write(context, "import").await?;
    names.known = local.known().await?;
    let symbol = names.asked(asked)?;
    let own = names.spelled(&symbol);
    let periods = site::periods(range, local.engines.clock.now());
    if periods.is_empty() {
        return Err(Failure::usage("no day of that time is over")
            .because("a day's archive comes once it is over")
            .to_do("choose an earlier --from and --to"));
    }
    let journal = Journal::open(&local.settings.data_dir)?;
    let taken = if arguments.again {
        Taken::default()
    } else {
        journal.taken(&symbol)
    };
    let fetched = Fetched::new(&local.settings.data_dir)?;
    let total = periods.iter().map(|period| period.days()).sum();
    let base = site::market_url(url, is_spot(&symbol));
    let site = Site::new(base, (symbol, own), contents, taken, fetched.0.clone());
    let importer = Importer::new(context, &local, partition, false);
    let (receive, task) = site.start(periods, local.engines.clock.clone());
    let archives = stream::unfold(receive, async |mut receive| {
        let next = receive.recv().await?;
        Some((next, receive))
    });
    let ran = Run::default()
        .all(&importer, journal, arguments, total, Box::pin(archives))
        .await;
    // nothing more is wanted, whether it ended or was ended
    task.abort();
    let _ = task.await;
    ran?.end(&importer, arguments, contents).await
}

/// What is asked for of a site, which cannot be looked through: the flags must say it.
fn what<'a>(arguments: &'a ImportArguments, url: &str) -> Outcome<(&'a str, Contents)> {
    let need = |flag: &str, such: &str| {
        Err(Failure::usage(format!("{flag} is needed with a URL"))
            .because("archives there cannot be listed: they are asked for by name")
            .to_do(format!("say which, such as {such}")))
    };
    if is_zip(Path::new(url)) || url.contains(['?', '#']) {
        return Err(
            Failure::usage(format!("{url} is not the address before data/"))
                .to_do("name that, and choose with --symbol, --kind, --timeframe, --from and --to"),
        );
    }
    let Some(symbol) = arguments.symbol.as_deref() else {
        return need("--symbol", "--symbol BTC/USDT");
    };
    if arguments.span.from.is_none() {
        return need("--from", "--from 2024-01-01");
    }
    let contents = match (arguments.kind, arguments.timeframe) {
        (Some(ImportRows::Trades), None) => Contents::Trades,
        (Some(ImportRows::AggTrades), None) => Contents::Aggregates,
        (Some(ImportRows::Candles), Some(timeframe)) => Contents::Klines(timeframe),
        (Some(ImportRows::Candles), None) => return need("--timeframe", "--timeframe 1m"),
        (Some(_), Some(_)) => {
            return Err(Failure::usage("trades have no timeframe")
                .to_do("leave --timeframe out, or use --kind candles"));
        }
        (None, _) => return need("--kind", "--kind trades"),
    };
    Ok((symbol, contents))
}

/// The folder of fetched files; gone with its owner. What an earlier process left there is part of
/// no import that ended, and is fetched again.
struct Fetched(PathBuf);

impl Fetched {
    fn new(data_dir: &Path) -> Outcome<Self> {
        let folder = data_dir.join(FETCHED);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).map_err(|error| {
            Failure::new(format!("cannot make the folder {}", folder.display())).because(error)
        })?;
        Ok(Self(folder))
    }
}

impl Drop for Fetched {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
