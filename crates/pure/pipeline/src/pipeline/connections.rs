//! Records of connections: made, subscribed, ended; and what streams therefore bring of each symbol.

use quantflow_model::{LedgerKind, Symbol, Timestamp};
use quantflow_wire::{Channel, Connected, Disconnected, Subscribed};

use super::Pipeline;
use crate::context::Context;
use crate::feed::Streams;
use crate::partial::Key;

/// A venue brings a stream so long after it was asked for, at the latest.
const SUBSCRIBING: i64 = 2_000_000_000;

impl Pipeline {
    /// A connection was made.
    pub(crate) fn take_connected(&mut self, context: &mut Context<'_>) {
        let Some(connected) = Self::json::<Connected>(context) else {
            return;
        };
        self.feeds
            .connected(context.connection, connected.url, context.received);
        self.dirty.feeds = true;
        // what could not be asked for while we were away is asked for now
        self.reissue_effects();
    }

    /// Streams were asked for.
    pub(crate) fn take_subscribed(&mut self, context: &mut Context<'_>) {
        let Some(subscribed) = Self::json::<Subscribed>(context) else {
            return;
        };
        let ours: Vec<_> = subscribed
            .subscriptions
            .into_iter()
            .filter(|s| s.symbol.venue_str() == self.fixed.venue.as_str())
            .collect();
        for subscription in &ours {
            self.slot_of(&subscription.symbol, Some(&subscription.venue_symbol));
        }
        let (symbols, by_symbol) = (&self.symbols, &self.by_symbol);
        let last_trade = |symbol: &Symbol| {
            let slot = *by_symbol.get(symbol)?;
            Some(symbols[slot as usize].core.last_trade.as_ref()?.key())
        };
        let again = self
            .feeds
            .subscribed(context.connection, ours, context.received, last_trade);
        for (symbol, from, reason) in again {
            self.feed_was_down(context, &symbol, from, &reason);
        }
        self.dirty.feeds = true;
        self.refresh_streams();
    }

    /// Where ids are contiguous holes say exactly what is missing; elsewhere only the time is known, and
    /// asked for. It begins where the last trade was, for a dead feed may be noticed late, and ends a
    /// little after the streams were asked for, for the venue takes its time.
    fn feed_was_down(
        &mut self,
        context: &mut Context<'_>,
        symbol: &Symbol,
        since: Timestamp,
        reason: &str,
    ) {
        if self.orders_by_id() {
            return;
        }
        let slot = self.slot_of(symbol, None);
        self.touch(slot);
        let core = &mut self.symbols[slot.index()].core;
        // trades have the venue's time
        let received = context.received.nanos();
        let ahead = received.saturating_sub(context.clock.unwrap_or(received));
        let since = since.plus_nanos(-ahead);
        let noticed_late = since.plus_nanos(-self.fixed.silence_ns);
        let last = core.last_trade.map(|trade| trade.key());
        let from = last.map_or(since, |last| last.time.max(noticed_late).min(since));
        let to = context.received.plus_nanos(SUBSCRIBING - ahead);
        let reason = reason.to_owned();
        context.learn(symbol, LedgerKind::FeedDown { from, to, reason });
        if let Some(last) = last {
            let after = Key {
                time: last.time.nanos(),
                id: last.id.0,
            };
            let (from, to) = (from.nanos(), to.nanos());
            core.spans.open(after, from, to, context.elapsed);
        }
    }

    /// A connection ended.
    pub(crate) fn take_disconnected(&mut self, context: &mut Context<'_>) {
        let Some(disconnected) = Self::json::<Disconnected>(context) else {
            return;
        };
        self.break_imports_off(context);
        // connection 0: whoever held the connections of an earlier life is gone, and they with it
        let gone = match context.connection {
            0 => self.feeds.connections().keys().copied().collect(),
            number => vec![number],
        };
        let carried: Vec<_> = gone
            .into_iter()
            .flat_map(|number| {
                self.feeds
                    .disconnected(number, context.received, &disconnected.reason)
            })
            .collect();
        for subscription in carried {
            if self.feeds.carries_book(&subscription.symbol) {
                continue;
            }
            let slot = self.by_symbol.get(&subscription.symbol);
            if let Some(book) = slot.and_then(|slot| self.books.get_mut(slot)) {
                book.lose();
                book.wanted = false;
            }
        }
        self.dirty.feeds = true;
        self.refresh_streams();
    }

    pub(crate) fn refresh_streams(&mut self) {
        self.streams.fill(Streams::default());
        let connections = self.feeds.connections().values();
        for subscription in connections.flat_map(|c| &c.subscriptions) {
            let Some(&slot) = self.by_symbol.get(&subscription.symbol) else {
                continue;
            };
            let streams = &mut self.streams[slot as usize];
            match subscription.channel {
                Channel::Trades => {
                    streams.trades = true;
                    streams.single_trades = true;
                }
                Channel::AggregateTrades => streams.trades = true,
                _ => {}
            }
        }
    }
}
