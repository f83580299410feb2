//! [`Run`]: archives as they come, each taken, passed over or refused, and what that comes to.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::{Stream, StreamExt};
use quantflow_model::Symbol;

use super::{Found, Ready, Wanted};
use crate::arguments::ImportArguments;
use crate::commands::import::archive::{Verified, verify};
use crate::commands::import::importer::{Importer, Piece};
use crate::commands::import::journal::{Before, Journal};
use crate::commands::import::naming::import_kind;
use crate::commands::import::report::{Grand, Totals};
use crate::failure::{Failure, Outcome};
use crate::files::archive::name::{ArchiveName, Contents};
use crate::files::archive::{Archive, ArchiveError};
use crate::terminal::progress::Unit;
use crate::terminal::{Cell, Progress};

/// Small segments are merged whenever so many archives came.
const TIDY_EVERY: u64 = 32;
/// Refused archives that are named one by one.
const NAMED: usize = 20;

/// What a run has come to.
#[derive(Debug, Default)]
pub(super) struct Run {
    imported: u64,
    known: u64,
    unverified: u64,
    empty: u64,
    missing: Vec<Wanted>,
    refused: Vec<String>,
    grand: Grand,
    before: BTreeMap<Symbol, Totals>,
}

impl Run {
    /// A run of which it is known beforehand what there is no archive of.
    pub(super) fn lacking(missing: Vec<Wanted>) -> Self {
        Self {
            missing,
            ..Self::default()
        }
    }

    /// Takes every archive that comes.
    pub(super) async fn all(
        mut self,
        importer: &Importer<'_>,
        mut journal: Journal,
        arguments: &ImportArguments,
        total_days: u64,
        mut archives: impl Stream<Item = Outcome<Ready>> + Unpin,
    ) -> Outcome<Self> {
        let terminal = &importer.context.terminal;
        let progress = Progress::new(
            terminal,
            "importing",
            Unit::Things("days"),
            Some(total_days),
        );
        loop {
            let next = tokio::select! {
                next = archives.next() => next,
                () = importer.stopped() => Some(Err(
                    Failure::new(format!("cannot import all of {}", arguments.file.display()))
                        .because("it was interrupted"),
                )),
            };
            let Some(next) = next else { break };
            let taken = match next {
                Ok(ready) => {
                    let days = ready.wanted.name.period.days();
                    let taken = self.one(importer, &mut journal, arguments, ready).await;
                    progress.add(days);
                    taken
                }
                Err(failure) => Err(failure),
            };
            if let Err(failure) = taken {
                progress.done();
                importer.tidy().await;
                let imported = self.imported;
                let to_do = match &failure.to_do {
                    Some(to_do) => format!("{to_do}; run the same command again: it goes on"),
                    None => "run the same command again: it goes on from there".to_owned(),
                };
                return Err(failure
                    .because(format!("{imported} archives were imported before that"))
                    .to_do(to_do));
            }
        }
        progress.done();
        importer.tidy().await;
        Ok(self)
    }

    /// Takes an archive, or says why not.
    async fn one(
        &mut self,
        importer: &Importer<'_>,
        journal: &mut Journal,
        arguments: &ImportArguments,
        ready: Ready,
    ) -> Outcome {
        let Ready { wanted, found } = ready;
        match found {
            Found::Known => self.known += 1,
            Found::Missing => self.missing.push(wanted),
            Found::Refused(error) => self.refuse(&error),
            Found::File {
                path,
                expected,
                temporary,
            } => {
                let taken = self
                    .file(importer, journal, arguments, wanted, &path, expected)
                    .await;
                if temporary {
                    let _ = std::fs::remove_file(&path);
                }
                taken?;
            }
        }
        Ok(())
    }

    async fn file(
        &mut self,
        importer: &Importer<'_>,
        journal: &mut Journal,
        arguments: &ImportArguments,
        wanted: Wanted,
        path: &Path,
        expected: Option<String>,
    ) -> Outcome {
        let Wanted { symbol, name } = wanted;
        let verified = Archive::open(path).and_then(|archive| {
            archive.name()?;
            let size = archive.size();
            let bar = |what: &str| importer.bar(what, Unit::Bytes, size);
            verify(
                archive,
                path,
                name.contents,
                Some(&name),
                expected.as_deref(),
                bar,
            )
        });
        let Verified {
            checked,
            sha256,
            by_checksum,
        } = match verified {
            Ok(verified) => verified,
            Err(error) => {
                self.refuse(&error);
                return Ok(());
            }
        };
        if matches!(journal.before(&sha256, &symbol), Before::Done(_)) && !arguments.again {
            self.known += 1;
            return Ok(());
        }
        self.empty += u64::from(checked.rows == 0);
        self.unverified += u64::from(!by_checksum);
        let rows = match checked.into_rows() {
            Ok(rows) => rows,
            Err(error) => {
                self.refuse(&error);
                return Ok(());
            }
        };
        if !self.before.contains_key(&symbol) {
            let totals = importer.totals(&symbol).await?;
            self.before.insert(symbol.clone(), totals);
        }
        let file = name.file();
        let piece = Piece {
            file: file.clone(),
            symbol: symbol.clone(),
            kind: import_kind(name.contents),
            sha256,
            rows,
        };
        let cannot = || Failure::new(format!("cannot import {file}"));
        let written = importer.take(journal, piece, &cannot).await?;
        let refused = importer.refused(&symbol, &written).await?;
        self.grand.add(&written, refused, Some(&file));
        self.imported += 1;
        if self.imported.is_multiple_of(TIDY_EVERY) {
            importer.tidy().await;
        }
        Ok(())
    }

    fn refuse(&mut self, error: &ArchiveError) {
        self.refused.push(format!("{error} ({})", error.to_do()));
    }

    /// Says what came of it.
    pub(super) async fn end(
        self,
        importer: &Importer<'_>,
        arguments: &ImportArguments,
        contents: Contents,
    ) -> Outcome {
        let terminal = &importer.context.terminal;
        let source = arguments.file.display().to_string();
        let mut since = Totals::default();
        for (symbol, before) in &self.before {
            since = since.plus(&importer.totals(symbol).await?.since(before));
        }
        let missing = spans(&self.missing);
        let trades = !matches!(contents, Contents::Klines(_));
        let nothing = self.imported + self.known == 0;
        importer.report(
            &source,
            vec![
                ("contents", "contents", Cell::text(contents.to_string())),
                ("archives", "archives", Cell::Whole(self.imported)),
                ("passed_over", "passedOver", Cell::Whole(self.known)),
            ],
            trades.then_some((since, contents == Contents::Trades)),
            &self.grand,
            vec![
                ("unverified", "unverified", Cell::Whole(self.unverified)),
                ("empty", "empty", Cell::Whole(self.empty)),
                ("missing", "missing", Cell::Json(missing.clone().into())),
                (
                    "refused_archives",
                    "refusedArchives",
                    Cell::Whole(self.refused.len() as u64),
                ),
            ],
        )?;
        for span in &missing {
            terminal.note(&format!(
                "no archive for {span}: what was traded then is not here; an archive without rows would say that nothing was"
            ));
        }
        if self.empty > 0 {
            let empty = self.empty;
            terminal.note(&format!(
                "{empty} archives have no rows: nothing was traded"
            ));
        }
        if !self.refused.is_empty() {
            let mut failure = Failure::new(format!(
                "{} archives of {source} were not taken",
                self.refused.len()
            ));
            let more = self.refused.len().saturating_sub(NAMED);
            for refused in self.refused.into_iter().take(NAMED) {
                failure = failure.because(refused);
            }
            if more > 0 {
                failure = failure.because(format!("and {more} more"));
            }
            return Err(failure.to_do(
                "mend those and run the same command again: what is imported is passed over",
            ));
        }
        if nothing {
            return Err(Failure::new(format!("there is no archive in {source}"))
                .because("none of the days that were asked for has one")
                .to_do("check the address, --symbol, --kind, --timeframe, --from and --to"));
        }
        Ok(())
    }
}

/// Missing archives by name, neighbouring days together.
fn spans(missing: &[Wanted]) -> Vec<String> {
    let follows = |a: &Wanted, b: &Wanted| {
        a.symbol == b.symbol && a.name.period.range().end == b.name.period.range().start
    };
    missing
        .chunk_by(follows)
        .filter_map(|days| {
            let (first, last) = (days.first()?, days.last()?);
            let ArchiveName {
                symbol, contents, ..
            } = &first.name;
            Some(if first == last {
                format!("{symbol} {contents} {}", first.name.period)
            } else {
                format!(
                    "{symbol} {contents} {} to {}",
                    first.name.period, last.name.period
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_days_are_named_together() {
        let day = |text: &str| Wanted {
            symbol: "tape:A/B".parse().unwrap(),
            name: ArchiveName::parse(&format!("AB-1m-{text}.zip")).unwrap(),
        };
        let missing = ["2024-02-28", "2024-02-29", "2024-03-01", "2024-03-03"].map(day);
        assert_eq!(
            spans(&missing),
            [
                "AB 1m klines 2024-02-28 to 2024-03-01",
                "AB 1m klines 2024-03-03"
            ]
        );
    }
}
