//! `quantflow verify`: what is there, what is missing, and whether every byte is as it was written.

mod depends;
mod fault;
mod files;

use std::collections::BTreeSet;

use quantflow_market::view::{Certificate, MissingState};
use quantflow_model::Symbol;
use serde_json::{Value, json};

use crate::access::{Access, range_of};
use crate::arguments::VerifyArguments;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::terminal::{Cell, Column, Listing};

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
    if arguments.files {
        return match &access {
            Access::Remote(_) => Err(Failure::new("cannot check the files")
                .because("the server that holds them is running")
                .to_do("stop it first, then do this again, then start it")),
            Access::Local(local) => {
                let checked = files::check(context, local).await?;
                context.terminal.show(&files::listing(&checked))?;
                files::conclude(context, local, &checked)
            }
        };
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
            let checked = files::check(context, local).await?;
            files::conclude(context, local, &checked)?;
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
