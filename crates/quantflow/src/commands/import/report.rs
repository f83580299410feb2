//! What came of an import: what is new in the store, and what was refused, line by line.

use std::collections::BTreeMap;

use quantflow_model::{DayTally, TimeRange};
use quantflow_seams::QuarantineQuery;
use quantflow_wire::LogPosition;
use serde_json::Value;

use super::{Importer, LINES, Written};
use crate::arguments::{ImportArguments, Kind};
use crate::failure::{Failure, Outcome};
use crate::terminal::{Cell, Listing};

/// Refused rows that are shown one by one.
const SHOWN: usize = 20;
/// Rows of the quarantine that are read at once.
const PAGE: usize = 1_000;

/// Sums over all days of a symbol.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Totals {
    trades: u64,
    duplicates: u64,
    late: u64,
    flagged: u64,
}

/// What the quarantine has of an import.
#[derive(Debug, Default)]
struct Refused {
    by_rule: BTreeMap<String, u64>,
    examples: Vec<String>,
}

impl Importer<'_> {
    /// What the store has of the symbol.
    pub(super) async fn totals(&self) -> Outcome<Totals> {
        let tallies = self
            .local
            .engines
            .store
            .tallies(&self.symbol, TimeRange::ALL)
            .await;
        let tallies: Vec<DayTally> =
            tallies.map_err(|error| Failure::new("cannot read the store").because(error))?;
        Ok(tallies.iter().fold(Totals::default(), |sum, day| Totals {
            trades: sum.trades + day.count,
            duplicates: sum.duplicates + day.duplicates,
            late: sum.late + day.late,
            flagged: sum.flagged + day.flagged,
        }))
    }

    /// Says what came of it.
    pub(super) async fn report(
        &self,
        arguments: &ImportArguments,
        before: &Totals,
        written: &Written,
    ) -> Outcome {
        let after = self.totals().await?;
        let refused = self.refused(written).await?;
        let count: u64 = refused.by_rule.values().sum();
        let by_rule = refused
            .by_rule
            .iter()
            .map(|(rule, n)| (rule.clone(), Value::from(*n)));
        let mut properties = vec![
            (
                "file",
                "file",
                Cell::text(arguments.file.display().to_string()),
            ),
            ("symbol", "symbol", Cell::text(self.symbol.as_str())),
            ("rows", "rows", Cell::Whole(written.rows)),
        ];
        if arguments.kind == Kind::Trades {
            let new = after.trades.saturating_sub(before.trades);
            let known = written.rows.saturating_sub(count).saturating_sub(new);
            properties.extend([
                ("new_trades", "newTrades", Cell::Whole(new)),
                ("known_already", "knownAlready", Cell::Whole(known)),
                (
                    "flagged",
                    "flagged",
                    Cell::Whole(after.flagged.saturating_sub(before.flagged)),
                ),
            ]);
        }
        properties.push(("refused", "refused", Cell::Whole(count)));
        if count > 0 {
            let rules = Value::Object(by_rule.collect());
            properties.push(("refused_by_rule", "refusedByRule", Cell::Json(rules)));
        }
        self.context.terminal.show(&Listing::one(properties))?;
        for line in &refused.examples {
            self.context.terminal.note(line);
        }
        if count > refused.examples.len() as u64 {
            let more = count - refused.examples.len() as u64;
            self.context
                .terminal
                .note(&format!("… and {more} more rows in quarantine"));
        }
        if count > 0 && count >= written.rows {
            return Err(
                Failure::new(format!("no row of {} was taken", arguments.file.display()))
                    .because("every row is in quarantine, for the reasons above")
                    .to_do("check --kind, the columns and the values"),
            );
        }
        Ok(())
    }

    /// What the quarantine has of this import, the first rows with their lines.
    async fn refused(&self, written: &Written) -> Outcome<Refused> {
        let mut refused = Refused::default();
        let mut lines: Vec<(u64, String)> = Vec::new();
        let mut before = None;
        'pages: loop {
            let query = QuarantineQuery {
                symbol: Some(self.symbol.clone()),
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
