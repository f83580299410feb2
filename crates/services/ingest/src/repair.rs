//! What the pipeline asks for: missing trades ([`RepairRequest`]) and order books
//! ([`BookSnapshotRequest`]).
//!
//! The answers go into the raw log and nowhere else: that is how the pipeline learns of them, of
//! refusals and of what the venue does not have.

use std::sync::Arc;
use std::time::Duration;

use quantflow_model::{Hole, Symbol, TimeRange, TradeId, VenueSymbol};
use quantflow_wire::{AggregateTrade, Event, EventKind, Purpose, Query};

use crate::ask::AskError;
use crate::metrics;
use crate::queue::{Job, Queue, Turn, TurnEnd};
use crate::shared::Shared;

/// Aggregates are looked for in steps of this much time until the first is found.
const AGGREGATE_STEP: Duration = Duration::from_hours(1);

/// Trades that are missing and should be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairRequest {
    /// Our name.
    pub symbol: Symbol,
    /// The venue's name.
    pub venue_symbol: VenueSymbol,
    /// The first id that is missing.
    pub from: TradeId,
    /// The last id that is missing.
    pub to: TradeId,
    /// When the missing trades happened, as far as is known.
    pub span: TimeRange,
    /// What to ask for.
    pub how: RepairHow,
}

/// What to ask for to fill a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RepairHow {
    /// Single trades by id.
    SingleTrades,
    /// Aggregate trades over the span of time.
    Aggregates,
}

impl RepairRequest {
    /// For a hole of the ledger.
    pub fn of(symbol: Symbol, venue_symbol: VenueSymbol, hole: &Hole, how: RepairHow) -> Self {
        Self {
            symbol,
            venue_symbol,
            from: hole.from,
            to: hole.to,
            span: hole.span(),
            how,
        }
    }
}

/// An order book that should be fetched: the local one does not continue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookSnapshotRequest {
    /// Our name.
    pub symbol: Symbol,
    /// The venue's name.
    pub venue_symbol: VenueSymbol,
}

impl Job for RepairRequest {
    type Key = (Symbol, TradeId, TradeId, RepairHow);

    fn key(&self) -> Self::Key {
        (self.symbol.clone(), self.from, self.to, self.how)
    }

    /// A hole that shrank while it is being filled is asked for again by its rest.
    fn is_part_of(&self, (symbol, from, to, how): &Self::Key) -> bool {
        *symbol == self.symbol && *how == self.how && *from <= self.from && self.to <= *to
    }
}

impl Job for BookSnapshotRequest {
    type Key = Symbol;

    fn key(&self) -> Symbol {
        self.symbol.clone()
    }
}

/// Does repairs, one after another, for ever.
pub(crate) async fn repairs(shared: Arc<Shared>, queue: Arc<Queue<RepairRequest>>) {
    loop {
        let turn = queue.next().await;
        let result = match turn.job.how {
            RepairHow::SingleTrades => shared.fetch_trades(&turn.job).await,
            RepairHow::Aggregates => shared.fetch_aggregates(&turn.job).await,
        };
        shared.end_turn(&queue, turn, result);
    }
}

/// Fetches order books, one after another, for ever.
pub(crate) async fn books(shared: Arc<Shared>, queue: Arc<Queue<BookSnapshotRequest>>) {
    loop {
        let turn = queue.next().await;
        let query = |limit| Query::Book {
            symbol: turn.job.venue_symbol.clone(),
            limit,
        };
        let most = shared.codec.page_limit(&query(1));
        let query = query(shared.policy.book_levels.min(most));
        // in the order of their coming with missing trades, which must not wait for a venue's books
        let how = shared.stubbornness(Purpose::Repair);
        let result = shared.answer(&query, how).await.map(|_| ());
        shared.end_turn(&queue, turn, result);
    }
}

impl Shared {
    fn end_turn<J: Job>(&self, queue: &Queue<J>, turn: Turn<J>, result: Result<(), AskError>) {
        let end = match result {
            Ok(()) => TurnEnd::Done,
            Err(error) if error.is_transient() && turn.turn < self.policy.repair_turns => {
                tracing::warn!(job = ?turn.job, turn = turn.turn, %error, "put off");
                TurnEnd::Again
            }
            Err(error) => {
                tracing::warn!(job = ?turn.job, %error, "given up");
                TurnEnd::Failed
            }
        };
        queue.ended(turn, end);
        let venue = self.venue.as_str().to_owned();
        ::metrics::gauge!(metrics::REPAIRS_WAITING, "venue" => venue.clone())
            .set(queue.counts().waiting as f64);
        let result = match end {
            TurnEnd::Done => "done",
            TurnEnd::Failed => "failed",
            TurnEnd::Again => return,
        };
        let labels = [("venue", venue), ("result", result.to_owned())];
        ::metrics::counter!(metrics::REPAIRS, &labels).increment(1);
    }

    /// Pages of single trades, from the first missing id to the last.
    async fn fetch_trades(&self, repair: &RepairRequest) -> Result<(), AskError> {
        let how = self.stubbornness(Purpose::Repair);
        let mut from = repair.from;
        while from <= repair.to {
            let query = |limit| Query::TradesFromId {
                symbol: repair.venue_symbol.clone(),
                from,
                limit,
            };
            let most = self.codec.page_limit(&query(1)).max(1);
            let missing = (repair.to.0 - from.0).saturating_add(1);
            let limit = u32::try_from(missing).unwrap_or(u32::MAX).min(most);
            let events = self.answer(&query(limit), how).await?.events;
            let last = events.iter().filter_map(trade_id).max();
            match last {
                Some(last) if last >= from => from = TradeId(last.0.saturating_add(1)),
                // none, or only older ones: the venue does not have them, as the log now shows
                _ => break,
            }
        }
        Ok(())
    }

    /// Aggregates: the first by time, then on by their own ids, until past the last missing trade.
    async fn fetch_aggregates(&self, repair: &RepairRequest) -> Result<(), AskError> {
        let how = self.stubbornness(Purpose::Repair);
        let mut start = repair.span.start;
        let mut events = Vec::new();
        while events.is_empty() && start < repair.span.end {
            let end = (start + AGGREGATE_STEP).min(repair.span.end);
            let query = |limit| Query::AggregateTrades {
                symbol: repair.venue_symbol.clone(),
                from: start,
                to: end,
                limit,
            };
            let limit = self.codec.page_limit(&query(1)).max(1);
            events = self.answer(&query(limit), how).await?.events;
            start = end;
        }
        loop {
            let Some(last) = events
                .iter()
                .filter_map(aggregate)
                .max_by_key(|trade| trade.id)
            else {
                return Ok(());
            };
            if last.last_id >= repair.to || last.time >= repair.span.end {
                return Ok(());
            }
            let from = TradeId(last.id.0.saturating_add(1));
            let query = |limit| Query::AggregateTradesFromId {
                symbol: repair.venue_symbol.clone(),
                from,
                limit,
            };
            let limit = self.codec.page_limit(&query(1)).max(1);
            events = self.answer(&query(limit), how).await?.events;
            if !events
                .iter()
                .filter_map(aggregate)
                .any(|trade| trade.id >= from)
            {
                return Ok(()); // an answer that does not go on would go on for ever
            }
        }
    }
}

fn trade_id(event: &Event) -> Option<TradeId> {
    match &event.kind {
        EventKind::Trade(event) => Some(event.trade.id),
        _ => None,
    }
}

fn aggregate(event: &Event) -> Option<&AggregateTrade> {
    match &event.kind {
        EventKind::AggregateTrade(trade) => Some(trade),
        _ => None,
    }
}
