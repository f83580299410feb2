//! What came of an import: what is new in the store, and what was refused, line by line.

use std::collections::BTreeMap;

use quantflow_model::{DayTally, Symbol, TimeRange};
use quantflow_seams::QuarantineQuery;
use quantflow_wire::LogPosition;
use serde_json::Value;

use super::importer::{Importer, LINES, Written};
use crate::failure::{Failure, Outcome};
use crate::terminal::{Cell, Listing};

/// Refused rows that are shown one by one.
const SHOWN: usize = 20;
/// Rows of the quarantine that are read at once.
const PAGE: usize = 1_000;

/// A property of the result: its name, its name in JSON, its value.
pub(super) type Property = (&'static str, &'static str, Cell);

/// Sums over all days of a symbol.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Totals {
    pub(super) trades: u64,
    duplicates: u64,
    flagged: u64,
}

impl Totals {
    /// What has come since.
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            trades: self.trades.saturating_sub(before.trades),
            duplicates: self.duplicates.saturating_sub(before.duplicates),
            flagged: self.flagged.saturating_sub(before.flagged),
        }
    }

    /// Of several symbols together.
    pub(super) fn plus(&self, other: &Self) -> Self {
        Self {
            trades: self.trades + other.trades,
            duplicates: self.duplicates + other.duplicates,
            flagged: self.flagged + other.flagged,
        }
    }
}

/// What the quarantine has of an import.
#[derive(Debug, Default)]
pub(super) struct Refused {
    by_rule: BTreeMap<String, u64>,
    examples: Vec<String>,
}

/// What came of one file or of many.
#[derive(Debug, Default)]
pub(super) struct Grand {
    pub(super) rows: u64,
    refused: Refused,
}

impl Grand {
    /// Adds a file; with a name where there are several.
    pub(super) fn add(&mut self, written: &Written, refused: Refused, file: Option<&str>) {
        self.rows += written.rows;
        for (rule, count) in refused.by_rule {
            *self.refused.by_rule.entry(rule).or_insert(0) += count;
        }
        let room = SHOWN.saturating_sub(self.refused.examples.len());
        let examples = refused.examples.into_iter().take(room);
        self.refused
            .examples
            .extend(examples.map(|line| match file {
                Some(file) => format!("{file}: {line}"),
                None => line,
            }));
    }

    /// How many rows were refused.
    fn refused(&self) -> u64 {
        self.refused.by_rule.values().sum()
    }
}

impl Importer<'_> {
    /// What the store has of a symbol.
    pub(super) async fn totals(&self, symbol: &Symbol) -> Outcome<Totals> {
        let store = &self.local.engines.store;
        let tallies = store.tallies(symbol, TimeRange::ALL).await;
        let tallies: Vec<DayTally> =
            tallies.map_err(|error| Failure::new("cannot read the store").because(error))?;
        Ok(tallies.iter().fold(Totals::default(), |sum, day| Totals {
            trades: sum.trades + day.count,
            duplicates: sum.duplicates + day.duplicates,
            flagged: sum.flagged + day.flagged,
        }))
    }

    /// Says what came of it. `trades`: what has come of those, and whether each row is one;
    /// `more` stands behind the rest.
    pub(super) fn report(
        &self,
        file: &str,
        about: Vec<Property>,
        trades: Option<(Totals, bool)>,
        grand: &Grand,
        more: Vec<Property>,
    ) -> Outcome {
        let count = grand.refused();
        let mut properties = vec![("file", "file", Cell::text(file))];
        properties.extend(about);
        properties.push(("rows", "rows", Cell::Whole(grand.rows)));
        if let Some((since, single)) = trades {
            // a row of several trades is no number to hold against trades
            let known = if single {
                let rest = grand.rows.saturating_sub(count);
                rest.saturating_sub(since.trades)
            } else {
                since.duplicates
            };
            properties.extend([
                ("new_trades", "newTrades", Cell::Whole(since.trades)),
                ("known_already", "knownAlready", Cell::Whole(known)),
                ("flagged", "flagged", Cell::Whole(since.flagged)),
            ]);
        }
        properties.push(("refused", "refused", Cell::Whole(count)));
        if count > 0 {
            let by_rule = grand.refused.by_rule.iter();
            let rules = by_rule.map(|(rule, n)| (rule.clone(), Value::from(*n)));
            let rules = Value::Object(rules.collect());
            properties.push(("refused_by_rule", "refusedByRule", Cell::Json(rules)));
        }
        properties.extend(more);
        self.context.terminal.show(&Listing::one(properties))?;
        for line in &grand.refused.examples {
            self.context.terminal.note(line);
        }
        if count > grand.refused.examples.len() as u64 {
            let more = count - grand.refused.examples.len() as u64;
            self.context
                .terminal
                .note(&format!("… and {more} more rows in quarantine"));
        }
        if count > 0 && count >= grand.rows {
            return Err(Failure::new(format!("no row of {file} was taken"))
                .because("every row is in quarantine, for the reasons above")
                .to_do("check --kind, the columns and the values"));
        }
        Ok(())
    }

    /// What the quarantine has of this import, the first rows with their lines.
    pub(super) async fn refused(&self, symbol: &Symbol, written: &Written) -> Outcome<Refused> {
        let mut refused = Refused::default();
        let mut lines: Vec<(u64, String)> = Vec::new();
        let mut before = None;
        'pages: loop {
            let query = QuarantineQuery {
                symbol: Some(symbol.clone()),
                limit: PAGE,
                before,
            };
            let page = self.local.engines.store.quarantine(&query).await;
            let page = page.map_err(|e| Failure::new("cannot read the quarantine").because(e))?;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            let full = page.len() == PAGE;
            for row in page {
                let entry = row.entry;
                let at = LogPosition {
                    epoch: entry.epoch,
                    offset: entry.offset,
                };
                if entry.partition != self.partition.as_str() || at >= written.end {
                    continue;
                }
                // newest first: what is older than the import ends the search
                if at.plus(1) < written.first {
                    break 'pages;
                }
                *refused.by_rule.entry(entry.rule.clone()).or_insert(0) += 1;
                if at >= written.first {
                    let record = at.offset - written.first.offset;
                    let number = record * LINES as u64 + u64::from(entry.part) + 1;
                    let frame = String::from_utf8_lossy(&entry.frame[..entry.frame.len().min(80)]);
                    let line = written.file.line_of(number);
                    lines.push((
                        line,
                        format!("line {line}: {}: {} ({frame})", entry.rule, entry.reason),
                    ));
                    // the first lines of the file are what is shown
                    if lines.len() > 50 * SHOWN {
                        lines.sort_unstable();
                        lines.truncate(SHOWN);
                    }
                } else {
                    lines.push((0, format!("{}: {}", entry.rule, entry.reason)));
                }
            }
            if !full {
                break;
            }
        }
        lines.sort_unstable();
        refused.examples = lines
            .into_iter()
            .take(SHOWN)
            .map(|(_, line)| line)
            .collect();
        Ok(refused)
    }
}
