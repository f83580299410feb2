//! Archives of a folder: found at any depth, chosen by the flags.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use quantflow_model::{Symbol, TimeRange};

use super::Wanted;
use crate::arguments::ImportArguments;
use crate::commands::import::naming::{Names, is_asked, is_spot};
use crate::failure::{Failure, Outcome};
use crate::files::archive::name::{ArchiveName, Contents, Period};

/// Folders in folders are followed so far.
const DEEPEST: usize = 16;

/// A zip in the folder that is named as archives are.
#[derive(Debug)]
struct Seen {
    path: PathBuf,
    name: ArchiveName,
    /// Whether it lies where spot markets or futures do, if it lies in either.
    spot: Option<bool>,
}

/// What was chosen.
#[derive(Debug)]
pub(super) struct Chosen {
    /// In order of symbol and time.
    pub(super) files: Vec<(Wanted, PathBuf)>,
    /// Days between the first and the last, or of the span that was asked for, that none is of.
    pub(super) missing: Vec<Wanted>,
    pub(super) contents: Contents,
    /// What concerns the whole folder.
    pub(super) notes: Vec<String>,
}

/// Finds the archives of a folder that are asked for.
pub(super) fn choose(
    folder: &Path,
    arguments: &ImportArguments,
    names: &Names,
    range: TimeRange,
) -> Outcome<Chosen> {
    let shown = folder.display();
    let (mut seen, mut zips) = (Vec::new(), 0);
    walk(folder, folder, 0, &mut seen, &mut zips)?;
    if zips == 0 {
        return Err(Failure::new(format!("cannot import {shown}"))
            .because(format!("{shown} is a folder, without a zip in it or below"))
            .to_do("name a file in it, or a folder of a venue's archives"));
    }
    let all = seen.len() as u64;
    let asked = match &arguments.symbol {
        Some(text) => Some(names.asked(text)?),
        None => None,
    };
    let spelled = asked.as_ref().map(|symbol| names.spelled(symbol));
    seen.retain(|seen| {
        is_asked(arguments, seen.name.contents)
            && !seen.name.counts_contracts()
            && seen.name.period.range().overlaps(range)
            && spelled.as_ref().is_none_or(|own| seen.name.symbol == *own)
    });
    let mut symbols: BTreeMap<String, Symbol> = BTreeMap::new();
    for seen in &seen {
        if !symbols.contains_key(&seen.name.symbol) {
            let symbol = match &asked {
                Some(symbol) => symbol.clone(),
                None => names.called(&seen.name.symbol)?,
            };
            symbols.insert(seen.name.symbol.clone(), symbol);
        }
    }
    seen.retain(|seen| {
        seen.spot.is_none_or(|spot| {
            symbols
                .get(&seen.name.symbol)
                .is_some_and(|s| is_spot(s) == spot)
        })
    });
    let contents: BTreeSet<Contents> = seen.iter().map(|seen| seen.name.contents).collect();
    let contents = match contents.len() {
        0 => {
            return Err(Failure::new(format!("no archive of {shown} is asked for"))
                .because(format!(
                    "of {zips} zips {all} are named as archives of trades or klines; none is of this symbol, kind, timeframe and time"
                ))
                .to_do("check --symbol, --kind, --timeframe, --from and --to"));
        }
        1 => contents.into_iter().next(),
        _ => None,
    }
    .ok_or_else(|| {
        Failure::usage(format!("{shown} has several kinds of archives"))
            .because(several(&seen))
            .to_do("choose one with --kind (and --timeframe)")
    })?;
    let mut notes = Vec::new();
    if zips > all {
        let others = zips - all;
        notes.push(format!(
            "note: {others} zip{} of something else than trades and klines passed over",
            if others == 1 { "" } else { "s" }
        ));
    }
    seen.sort_by(|a, b| key(a).cmp(&key(b)));
    seen.dedup_by(|later, first| later.name == first.name);
    drop_days_of_months(&mut seen);
    let mut missing = Vec::new();
    for (own, symbol) in &symbols {
        let have: Vec<Period> = seen
            .iter()
            .filter(|seen| seen.name.symbol == *own)
            .map(|seen| seen.name.period)
            .collect();
        missing.extend(lacking(&have, range).into_iter().map(|period| Wanted {
            symbol: symbol.clone(),
            name: ArchiveName {
                symbol: own.clone(),
                contents,
                period,
            },
        }));
    }
    let files = seen
        .into_iter()
        .filter_map(|seen| {
            let symbol = symbols.get(&seen.name.symbol)?.clone();
            let name = seen.name;
            Some((Wanted { symbol, name }, seen.path))
        })
        .collect();
    Ok(Chosen {
        files,
        missing,
        contents,
        notes,
    })
}

/// By symbol, then time; a month before its days.
fn key(seen: &Seen) -> (&str, i64, bool) {
    let period = seen.name.period;
    let start = period.range().start.nanos();
    (&seen.name.symbol, start, !period.is_monthly())
}

fn several(seen: &[Seen]) -> String {
    let mut counts: BTreeMap<Contents, u64> = BTreeMap::new();
    for seen in seen {
        *counts.entry(seen.name.contents).or_insert(0) += 1;
    }
    let counts: Vec<String> = counts
        .into_iter()
        .map(|(contents, count)| format!("{count} of {contents}"))
        .collect();
    counts.join(", ")
}

/// A month's archive has all of its days: theirs need not be read too.
fn drop_days_of_months(seen: &mut Vec<Seen>) {
    let months: BTreeSet<(String, Period)> = seen
        .iter()
        .filter(|seen| seen.name.period.is_monthly())
        .map(|seen| (seen.name.symbol.clone(), seen.name.period))
        .collect();
    seen.retain(|seen| {
        let month = Period::month_of(seen.name.period.range().start);
        seen.name.period.is_monthly() || !months.contains(&(seen.name.symbol.clone(), month))
    });
}

/// Days of a span that none of these has; without bounds, from the first to the last of them.
fn lacking(have: &[Period], range: TimeRange) -> Vec<Period> {
    let (Some(first), Some(last)) = (
        have.iter().map(|period| period.range().start).min(),
        have.iter().map(|period| period.range().end).max(),
    ) else {
        return Vec::new();
    };
    let from = if range.start == TimeRange::ALL.start {
        first
    } else {
        range.start
    };
    let to = if range.end == TimeRange::ALL.end {
        last
    } else {
        range.end
    };
    let covered: BTreeSet<Period> = have.iter().flat_map(|period| period.each_day()).collect();
    super::days(TimeRange::new(from, to))
        .filter(|day| !covered.contains(day))
        .collect()
}

/// Finds zips below a folder. Links to folders are not followed: they may lead round in circles.
fn walk(root: &Path, folder: &Path, depth: usize, seen: &mut Vec<Seen>, zips: &mut u64) -> Outcome {
    let cannot = |error| {
        Failure::new(format!("cannot read the folder {}", folder.display()))
            .because(error)
            .to_do("make it readable for this user")
    };
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let path = entry.path();
        if entry.file_type().map_err(cannot)?.is_dir() {
            if depth < DEEPEST {
                walk(root, &path, depth + 1, seen, zips)?;
            }
            continue;
        }
        if !crate::commands::import::is_zip(&path) {
            continue;
        }
        *zips += 1;
        let file = entry.file_name();
        let Some(name) = file.to_str().and_then(ArchiveName::parse) else {
            continue;
        };
        let place = path
            .strip_prefix(root.parent().unwrap_or(root))
            .unwrap_or(&path);
        let parts: Vec<&str> = place.iter().filter_map(|part| part.to_str()).collect();
        // candles of mark prices and premiums have names like all others
        if parts.iter().any(|part| part.ends_with("Klines")) {
            continue;
        }
        let spot = if parts.contains(&"spot") {
            Some(true)
        } else {
            parts.contains(&"futures").then_some(false)
        };
        seen.push(Seen { path, name, spot });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Period {
        Period::day_of(text.parse().unwrap())
    }

    #[test]
    fn days_that_no_archive_has_are_found() {
        let have = [
            Period::month_of("2024-01-01".parse().unwrap()),
            day("2024-02-02"),
            day("2024-02-04"),
        ];
        let named = |range| -> Vec<String> {
            let days = lacking(&have, range).into_iter();
            days.map(|day| day.to_string()).collect()
        };
        assert_eq!(named(TimeRange::ALL), ["2024-02-01", "2024-02-03"]);
        let range = TimeRange::new("2024-02-04".parse().unwrap(), "2024-02-06".parse().unwrap());
        assert_eq!(named(range), ["2024-02-05"]);
        assert!(lacking(&[], range).is_empty());
    }
}
