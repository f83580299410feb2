//! What the pipeline asks for: missing trades ([`RepairRequest`]), times without a feed
//! ([`SpanRequest`]) and order books ([`BookSnapshotRequest`]). How pages of trades are asked for is in
//! `fetch`.
//!
//! The answers go into the raw log and nowhere else: that is how the pipeline learns of them, of
//! refusals and of what the venue does not have.

use std::sync::Arc;

use quantflow_model::{Hole, Symbol, TimeRange, Timestamp, TradeId, VenueSymbol};
use quantflow_wire::{Purpose, Query, RepairHow};

use crate::ask::AskError;
use crate::metrics;
use crate::queue::{Job, Queue, Turn, TurnEnd};
use crate::shared::Shared;

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

/// A time without a feed: what was traded in it should be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanRequest {
    /// Our name.
    pub symbol: Symbol,
    /// The venue's name.
    pub venue_symbol: VenueSymbol,
    /// When: from the time of the last trade that is held.
    pub span: TimeRange,
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

impl Job for SpanRequest {
    type Key = (Symbol, Timestamp, Timestamp);

    fn key(&self) -> Self::Key {
        (self.symbol.clone(), self.span.start, self.span.end)
    }

    fn is_part_of(&self, (symbol, start, end): &Self::Key) -> bool {
        *symbol == self.symbol && *start <= self.span.start && self.span.end <= *end
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
            RepairHow::TradesBefore => shared.fetch_downward(&turn.job).await,
            RepairHow::TradesByTime => {
                let (symbol, span) = (&turn.job.venue_symbol, turn.job.span);
                shared.fetch_by_time(symbol, span).await
            }
            RepairHow::NewestTrades => shared.fetch_newest(&turn.job.venue_symbol).await.map(drop),
            RepairHow::Aggregates => shared.fetch_aggregates(&turn.job).await,
        };
        shared.end_turn(&queue, turn, result);
    }
}

/// Fetches what was traded in times without a feed, one after another, for ever.
pub(crate) async fn spans(shared: Arc<Shared>, queue: Arc<Queue<SpanRequest>>) {
    loop {
        let turn = queue.next().await;
        let result = shared.fetch_span(&turn.job).await;
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
}
