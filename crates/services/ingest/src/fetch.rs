//! Pages of trades: upward or downward by id, by time, as aggregates.

use std::time::Duration;

use quantflow_model::{TimeRange, Timestamp, TradeId, VenueSymbol};
use quantflow_wire::{AggregateTrade, Event, EventKind, Purpose, Query};

use crate::ask::AskError;
use crate::repair::{RepairRequest, SpanRequest};
use crate::shared::Shared;

/// Aggregates are looked for in steps of this much time until the first is found.
const AGGREGATE_STEP: Duration = Duration::from_hours(1);
/// The coarsest clock among venues' times of trades.
const TICK: Duration = Duration::from_millis(1);

impl Shared {
    /// Pages of single trades, from the first missing id to the last.
    pub(crate) async fn fetch_trades(&self, repair: &RepairRequest) -> Result<(), AskError> {
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

    /// Pages of single trades, from the last missing id down to the first.
    pub(crate) async fn fetch_downward(&self, repair: &RepairRequest) -> Result<(), AskError> {
        let mut before = repair.to.next();
        while before > repair.from {
            let events = self.trades_before(&repair.venue_symbol, before).await?;
            match events.iter().filter_map(trade_id).min() {
                Some(first) if first < before => before = first,
                // none, or only newer ones: the venue does not have them, as the log now shows
                _ => break,
            }
        }
        Ok(())
    }

    /// One page of the trades below an id.
    async fn trades_before(
        &self,
        symbol: &VenueSymbol,
        before: TradeId,
    ) -> Result<Vec<Event>, AskError> {
        let query = |limit| Query::TradesBeforeId {
            symbol: symbol.clone(),
            before,
            limit,
        };
        let limit = self.codec.page_limit(&query(1)).max(1);
        let how = self.stubbornness(Purpose::Repair);
        Ok(self.answer(&query(limit), how).await?.events)
    }

    /// The newest trades, as many as one answer holds.
    pub(crate) async fn fetch_newest(&self, symbol: &VenueSymbol) -> Result<Vec<Event>, AskError> {
        let query = |limit| Query::RecentTrades {
            symbol: symbol.clone(),
            limit,
        };
        let limit = self.codec.page_limit(&query(1)).max(1);
        let how = self.stubbornness(Purpose::Repair);
        Ok(self.answer(&query(limit), how).await?.events)
    }

    /// Pages of single trades of a span of time. Venues fill a page that is too small from the span's
    /// beginning or from its end: the first page tells which.
    pub(crate) async fn fetch_by_time(
        &self,
        symbol: &VenueSymbol,
        span: TimeRange,
    ) -> Result<(), AskError> {
        let how = self.stubbornness(Purpose::Repair);
        let TimeRange { mut start, mut end } = span;
        let mut upward = None;
        while start < end {
            let query = |limit| Query::Trades {
                symbol: symbol.clone(),
                from: Some(start),
                to: Some(end),
                limit,
            };
            let limit = self.codec.page_limit(&query(1)).max(1);
            let events = self.answer(&query(limit), how).await?.events;
            let Some((first, last)) = times(&events).filter(|_| events.len() >= limit as usize)
            else {
                break;
            };
            if last < start || first >= end {
                break; // not about the span: it would be asked for for ever
            }
            let upward = *upward.get_or_insert(first.since(start) <= end.since(last.min(end)));
            // rows of the same time as the last one may be left: they are asked for again, and where a
            // whole page has one time there is no way to have more of it
            if upward {
                start = if last > start { last } else { start + TICK };
            } else {
                let next = first + TICK;
                end = if next < end { next } else { first };
            }
        }
        Ok(())
    }

    /// What was traded in a span of time, in the best way that the venue offers.
    pub(crate) async fn fetch_span(&self, wanted: &SpanRequest) -> Result<(), AskError> {
        let symbol = &wanted.venue_symbol;
        let by_time = Query::Trades {
            symbol: symbol.clone(),
            from: Some(wanted.span.start),
            to: Some(wanted.span.end),
            limit: 1,
        };
        if self.codec.request(&by_time).is_ok() {
            return self.fetch_by_time(symbol, wanted.span).await;
        }
        self.fetch_newest(symbol).await.map(drop)
    }

    /// Aggregates: the first by time, then on by their own ids, until past the last missing trade.
    pub(crate) async fn fetch_aggregates(&self, repair: &RepairRequest) -> Result<(), AskError> {
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

/// The times of the first and the last trade.
fn times(events: &[Event]) -> Option<(Timestamp, Timestamp)> {
    let times = || events.iter().filter_map(Event::venue_time);
    times().min().zip(times().max())
}
