//! Repair: when a hole is asked for, and what an answer proves.

use std::collections::{BTreeMap, BTreeSet};

use quantflow_model::{Hole, Timestamp, TradeId, VenueSymbol};
use quantflow_wire::{Codec, Event, EventKind, Outcome, Query, Response};

use crate::context::Context;
use crate::coverage::as_hole;
use crate::options::PipelineOptions;
use crate::output::{Effect, RepairHow};
use crate::symbol::SymbolState;

/// How holes are asked for. Not state: after a restart everything missing is asked for again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repairs {
    /// The venue refuses single trades: it wants a key for them.
    singles_refused: bool,
}

/// When each symbol is to be looked at again, by elapsed time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schedule {
    by_time: BTreeSet<(i64, u32)>,
    of: BTreeMap<u32, i64>,
}

impl Schedule {
    /// Looks at a symbol again at `due`; never when that is the largest number.
    pub(crate) fn set(&mut self, slot: u32, due: i64) {
        if let Some(before) = self.of.remove(&slot) {
            self.by_time.remove(&(before, slot));
        }
        if due != i64::MAX {
            self.of.insert(slot, due);
            self.by_time.insert((due, slot));
        }
    }

    /// The next symbol that is due.
    #[inline]
    pub(crate) fn pop(&mut self, elapsed: i64) -> Option<u32> {
        let &(due, slot) = self.by_time.first()?;
        if due > elapsed {
            return None;
        }
        self.set(slot, i64::MAX);
        Some(slot)
    }
}

impl Repairs {
    pub(crate) fn singles_refused(&self) -> bool {
        self.singles_refused
    }

    /// A request was not answered with data. Returns whether holes are to be asked for in another
    /// way now.
    pub(crate) fn refused(&mut self, query: &Query, outcome: &Outcome) -> bool {
        let Outcome::Response(response) = outcome else {
            return false;
        };
        let wants_key = matches!(query, Query::TradesFromId { .. }) && wants_key(response);
        let news = wants_key && !self.singles_refused;
        self.singles_refused |= wants_key;
        news
    }
}

/// Whether a refusal says that a key is needed.
fn wants_key(response: &Response) -> bool {
    #[derive(serde::Deserialize)]
    struct Body {
        code: i64,
    }
    if matches!(response.status, 401 | 403) {
        return true;
    }
    // the codes with which Binance's dialect says: bad key format, invalid key
    serde_json::from_slice::<Body>(&response.body)
        .is_ok_and(|body| matches!(body.code, -2014 | -2015))
}

/// Asks for the holes of a symbol that are due. Returns when the next one will be.
pub(crate) fn ask(
    symbol: &mut SymbolState,
    codec: Option<&dyn Codec>,
    repairs: &Repairs,
    elapsed: i64,
    options: &PipelineOptions,
    effects: &mut Vec<Effect>,
) -> i64 {
    let mut next = i64::MAX;
    let mut asked: Vec<Hole> = Vec::new();
    let holes = symbol.core.coverage.holes_mut();
    for (from, hole) in holes.filter(|(_, hole)| !hole.given_up) {
        let due = match hole.asked {
            None => hole.found.saturating_add(options.reorder_allowance_ns),
            Some(asked) => asked.saturating_add(options.repair_retry_ns),
        };
        // one that is nearly due goes with a neighbour that is
        let joins = asked.last().is_some_and(|all| {
            hole.to.saturating_sub(all.from.0) < u128::from(options.repair_page)
        });
        if due > elapsed && !(joins && hole.asked.is_none()) {
            next = next.min(due);
            continue;
        }
        hole.asked = Some(elapsed);
        next = next.min(elapsed.saturating_add(options.repair_retry_ns));
        let this = as_hole(from, hole);
        match asked.last_mut() {
            Some(all) if joins => {
                all.to = this.to;
                all.before = this.before;
            }
            _ => asked.push(this),
        }
    }
    if asked.is_empty() {
        return next;
    }
    let Some(venue_symbol) = symbol.core.venue_symbol.clone() else {
        return i64::MAX; // nobody to ask: the symbol is known from imports only
    };
    let how = if repairs.singles_refused || !offers_singles(codec, &venue_symbol) {
        RepairHow::Aggregates
    } else {
        RepairHow::SingleTrades
    };
    let symbol = &symbol.symbol;
    effects.extend(asked.into_iter().map(|hole| Effect::Repair {
        symbol: symbol.clone(),
        venue_symbol: venue_symbol.clone(),
        hole,
        how,
    }));
    next
}

fn offers_singles(codec: Option<&dyn Codec>, symbol: &VenueSymbol) -> bool {
    codec.is_some_and(|codec| {
        codec
            .request(&Query::TradesFromId {
                symbol: symbol.clone(),
                from: TradeId(0),
                limit: 1,
            })
            .is_ok()
    })
}

/// What an answer says of ids: ranges that it holds, ascending, and where it is known to be whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    rows: Vec<(u128, u128)>,
    /// Fewer rows than asked for: nothing more lies past the last one.
    exhausted: bool,
    asked: Asked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Everything from this id upward.
    From(u128),
    /// Everything in this span of time.
    Span(Timestamp, Timestamp),
    /// Upward from an aggregate's id, which says nothing of trade ids.
    Upward,
}

impl Answered {
    /// What an answer to a question about trades holds; `None` for any other question.
    pub(crate) fn of(query: &Query, events: &[Event], page: u32) -> Option<Self> {
        let (asked, limit) = match query {
            Query::TradesFromId { from, limit, .. } => (Asked::From(from.0), *limit),
            Query::AggregateTrades {
                from, to, limit, ..
            } => (Asked::Span(*from, *to), *limit),
            Query::AggregateTradesFromId { limit, .. } => (Asked::Upward, *limit),
            _ => return None,
        };
        let mut rows: Vec<(u128, u128)> = events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::Trade(event) => Some((event.trade.id.0, event.trade.last_id().0)),
                EventKind::AggregateTrade(trade) => Some((trade.first_id.0, trade.last_id.0)),
                _ => None,
            })
            .collect();
        rows.sort_unstable();
        let exhausted = (rows.len() as u64) < u64::from(limit.min(page));
        Some(Self {
            rows,
            exhausted,
            asked,
        })
    }

    /// Gives up what the answer proves not to exist. Its rows were let in before, so whatever is
    /// still missing where the answer is whole is not to be had.
    pub(crate) fn settle(&self, symbol: &mut SymbolState, context: &mut Context<'_>) {
        let holes: Vec<_> = symbol
            .core
            .coverage
            .holes()
            .filter(|(_, hole)| !hole.given_up)
            .map(|(from, hole)| (from, hole.to, hole.after, hole.before, hole.found))
            .collect();
        for (from, to, after, before, found) in holes {
            let old = context.elapsed.saturating_sub(found) >= context.options.absent_after_ns;
            let past_the_last = self.exhausted && old;
            let newest = self.rows.last().map(|row| row.1);
            // where the answer is whole: between its rows, and as far as it reached
            let whole = match self.asked {
                Asked::From(first) => {
                    let end = if past_the_last {
                        Some(u128::MAX)
                    } else {
                        newest
                    };
                    end.map(|end| (first, end))
                }
                Asked::Span(start, end)
                    if past_the_last && start <= after.min(before) && end > after.max(before) =>
                {
                    Some((0, u128::MAX))
                }
                Asked::Span(..) | Asked::Upward => {
                    self.rows.first().zip(newest).map(|(row, end)| (row.0, end))
                }
            };
            let Some((low, high)) = whole else {
                continue;
            };
            let (low, high) = (low.max(from), high.min(to));
            if low <= high {
                let refused = self.rows.iter().any(|row| row.0 <= high && row.1 >= low);
                let why = if refused {
                    "the venue's answer was refused by a cleaning rule: see the quarantine"
                } else {
                    "the venue answers without these trades: it has none with these ids"
                };
                symbol.give_up(context, low, high, why);
            }
        }
    }
}
