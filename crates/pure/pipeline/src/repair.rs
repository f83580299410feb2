//! Repair: when a hole is asked for, and what an answer proves.

use std::collections::{BTreeMap, BTreeSet};

use quantflow_model::{Hole, LedgerKind, TimeRange, Timestamp, TradeId, VenueSymbol};
use quantflow_wire::{Codec, Event, EventKind, OrderRule, Outcome, Query, RepairHow, Response};

use crate::context::Context;
use crate::coverage::as_hole;
use crate::options::PipelineOptions;
use crate::output::Effect;
use crate::symbol::SymbolState;

/// A venue's REST side may be so far behind its streams.
const SPAN_ALLOWANCE: i64 = 1_000_000_000;
/// Why trades are given up that are older than all that a venue gives.
const TOO_OLD: &str = "the venue gives its newest trades only, and these are older";

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
    let how = how_to_ask(codec, &venue_symbol, repairs);
    let symbol = &symbol.symbol;
    effects.extend(asked.into_iter().map(|hole| Effect::Repair {
        symbol: symbol.clone(),
        venue_symbol: venue_symbol.clone(),
        hole,
        how,
    }));
    next
}

/// Asks for the times without a feed that are due. Returns when the next one will be.
pub(crate) fn ask_spans(
    symbol: &mut SymbolState,
    elapsed: i64,
    options: &PipelineOptions,
    effects: &mut Vec<Effect>,
) -> i64 {
    let Some(venue_symbol) = &symbol.core.venue_symbol else {
        return i64::MAX;
    };
    // what was traded at the end of the span must have reached the venue's REST side
    let allowance = SPAN_ALLOWANCE.saturating_add(options.reorder_allowance_ns);
    let spans = &mut symbol.core.spans;
    let (due, next) = spans.ask(elapsed, allowance, options.repair_retry_ns);
    effects.extend(due.into_iter().map(|span| Effect::RepairSpan {
        symbol: symbol.symbol.clone(),
        venue_symbol: venue_symbol.clone(),
        span: TimeRange::new(span.asked_from(), Timestamp::from_nanos(span.to)),
    }));
    next
}

/// The best way to have missing trades that the venue offers.
fn how_to_ask(codec: Option<&dyn Codec>, symbol: &VenueSymbol, repairs: &Repairs) -> RepairHow {
    let offers = |query: &Query| codec.is_some_and(|codec| codec.request(query).is_ok());
    let (from, to) = (Timestamp::EPOCH, Timestamp::from_seconds(1));
    let (symbol, limit) = (symbol.clone(), 1);
    if !repairs.singles_refused {
        let id = TradeId(1);
        let by_id = |from| Query::TradesFromId {
            symbol: symbol.clone(),
            from,
            limit,
        };
        if offers(&by_id(id)) {
            return RepairHow::SingleTrades;
        }
        let before = |before| Query::TradesBeforeId {
            symbol: symbol.clone(),
            before,
            limit,
        };
        if offers(&before(id)) {
            return RepairHow::TradesBefore;
        }
        let by_time = Query::Trades {
            symbol: symbol.clone(),
            from: Some(from),
            to: Some(to),
            limit,
        };
        if offers(&by_time) {
            return RepairHow::TradesByTime;
        }
    }
    let aggregates = Query::AggregateTrades {
        symbol,
        from,
        to,
        limit,
    };
    if repairs.singles_refused || offers(&aggregates) {
        RepairHow::Aggregates
    } else {
        RepairHow::NewestTrades
    }
}

/// What an answer says of ids: ranges that it holds, ascending, and where it is known to be whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    rows: Vec<(u128, u128)>,
    /// The times of its first and last row.
    times: Option<(Timestamp, Timestamp)>,
    /// Whether the venue gives no older trades than its newest ones.
    gives_no_others: bool,
    /// Fewer rows than asked for: nothing more lies past the last one.
    exhausted: bool,
    asked: Asked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Everything from this id upward.
    From(u128),
    /// Everything below this id.
    Before(u128),
    /// Everything in this span of time.
    Span(Timestamp, Timestamp),
    /// Upward from an aggregate's id, which says nothing of trade ids.
    Upward,
    /// The newest trades.
    Newest,
}

impl Answered {
    /// What an answer to a question about trades holds; `None` for any other question.
    pub(crate) fn of(query: &Query, events: &[Event], codec: &dyn Codec) -> Option<Self> {
        let (asked, limit) = match query {
            Query::TradesFromId { from, limit, .. } => (Asked::From(from.0), *limit),
            Query::TradesBeforeId { before, limit, .. } => (Asked::Before(before.0), *limit),
            Query::Trades {
                from, to, limit, ..
            } => {
                let from = from.unwrap_or(Timestamp::EPOCH);
                (Asked::Span(from, to.unwrap_or(Timestamp::MAX)), *limit)
            }
            Query::RecentTrades { limit, .. } => (Asked::Newest, *limit),
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
        let page = codec.page_limit(query);
        let exhausted = (rows.len() as u64) < u64::from(limit.min(page));
        let times = events.iter().filter_map(Event::venue_time);
        let times = times.fold(None, |all, time| match all {
            None => Some((time, time)),
            Some((first, last)) => Some((time.min(first), time.max(last))),
        });
        let gives_no_others = asked == Asked::Newest
            && query.symbol().is_some_and(|symbol| {
                let how = how_to_ask(Some(codec), symbol, &Repairs::default());
                how == RepairHow::NewestTrades
            });
        // somebody looked at them; holes of ids are asked for in a better way
        let by_id = codec.describe().order == OrderRule::ContiguousIds;
        if asked == Asked::Newest && by_id && !gives_no_others {
            return None;
        }
        Some(Self {
            rows,
            times,
            gives_no_others,
            exhausted,
            asked,
        })
    }

    /// Gives up what the answer proves not to exist. Its rows were let in before, so whatever is
    /// still missing where the answer is whole is not to be had.
    pub(crate) fn settle(&self, symbol: &mut SymbolState, context: &mut Context<'_>) {
        if symbol.core.spans.is_open() {
            self.settle_spans(symbol, context);
        }
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
                Asked::Before(end) => {
                    let first = if past_the_last {
                        Some(0)
                    } else {
                        self.rows.first().map(|row| row.0)
                    };
                    first.map(|first| (first, end.saturating_sub(1)))
                }
                Asked::Newest if self.gives_no_others => newest.map(|newest| (0, newest)),
                Asked::Span(start, end)
                    if past_the_last && start <= after.min(before) && end > after.max(before) =>
                {
                    Some((0, u128::MAX))
                }
                Asked::Span(..) | Asked::Upward | Asked::Newest => {
                    self.rows.first().zip(newest).map(|(row, end)| (row.0, end))
                }
            };
            let Some((low, high)) = whole else {
                continue;
            };
            let (low, high) = (low.max(from), high.min(to));
            if low <= high {
                let refused = self.rows.iter().any(|row| row.0 <= high && row.1 >= low);
                let below = self.rows.first().is_some_and(|row| high < row.0);
                let why = if self.gives_no_others && below {
                    TOO_OLD
                } else if refused {
                    "the venue's answer was refused by a cleaning rule: see the quarantine"
                } else {
                    "the venue answers without these trades: it has none with these ids"
                };
                symbol.give_up(context, low, high, why);
            }
        }
    }

    /// Settles the times without a feed over which the answer is whole.
    fn settle_spans(&self, symbol: &mut SymbolState, context: &mut Context<'_>) {
        // the venue's REST side may be a little behind
        let now = context.clock.unwrap_or(context.received.nanos()) - SPAN_ALLOWANCE;
        let nanos = |time: Timestamp| time.nanos();
        let rows = self.times.map(|(first, last)| (nanos(first), nanos(last)));
        let (whole, nothing_older) = match (self.asked, rows) {
            (Asked::Span(from, to), _) if self.exhausted => (
                Some((nanos(from).saturating_sub(1), nanos(to).min(now))),
                false,
            ),
            (Asked::Newest, _) if self.exhausted => (Some((i64::MIN, now)), false),
            (Asked::Newest, Some((first, _))) => (Some((first, now)), self.gives_no_others),
            (Asked::Span(..), rows) => (rows, false),
            // by ids: their order in time is not known well enough
            _ => (None, false),
        };
        let Some((from, to)) = whole else {
            return;
        };
        let time = Timestamp::from_nanos;
        for (from, to) in symbol.core.spans.settle(from, to) {
            let (from, to) = (time(from), time(to));
            context.learn(&symbol.symbol, LedgerKind::SpanFilled { from, to });
        }
        if nothing_older {
            for (from, to) in symbol.core.spans.settle(i64::MIN, from.saturating_add(1)) {
                let (from, to, reason) = (time(from), time(to), TOO_OLD.to_owned());
                context.learn(
                    &symbol.symbol,
                    LedgerKind::SpanUnfillable { from, to, reason },
                );
            }
        }
    }
}
