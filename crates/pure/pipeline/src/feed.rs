//! [`Feeds`]: which connections stand, and what each carries.

use std::collections::BTreeMap;

use compact_str::CompactString;
use quantflow_model::{Symbol, Timestamp, TradeKey};
use quantflow_wire::{Bindings, Channel, Subscription};
use serde::{Deserialize, Serialize};

/// Whether a symbol's trades are being received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedState {
    /// Some connection carries its trades.
    Live,
    /// None does, since then (our time).
    Down {
        /// Since when.
        since: Timestamp,
    },
    /// Nothing was ever subscribed.
    Unknown,
}

/// A connection that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Where to.
    pub url: String,
    /// Since when, by our time.
    pub since: Timestamp,
    /// When it last brought something. Not state: it would change with every frame.
    #[serde(skip)]
    pub last_received: Timestamp,
    /// What it carries.
    pub subscriptions: Vec<Subscription>,
    /// What its messages refer to by number.
    #[serde(default)]
    pub bindings: Bindings,
}

/// The connections of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Feeds {
    connections: BTreeMap<u32, Connection>,
    /// Symbols whose trades no connection carries any more: since when, and why.
    down: BTreeMap<Symbol, (Timestamp, CompactString)>,
    /// The last trade that was known of a symbol when its trades began to be received (again): only
    /// a newer one tells whether something was missed before.
    began_after: BTreeMap<Symbol, TradeKey>,
}

/// What streams bring of a symbol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Streams {
    pub(crate) trades: bool,
    pub(crate) single_trades: bool,
}

impl Feeds {
    pub(crate) fn connections(&self) -> &BTreeMap<u32, Connection> {
        &self.connections
    }

    pub(crate) fn connected(&mut self, number: u32, url: String, received: Timestamp) {
        self.connections.insert(
            number,
            Connection {
                url,
                since: received,
                last_received: received,
                subscriptions: Vec::new(),
                bindings: Bindings::default(),
            },
        );
    }

    /// Streams were asked for; `last_trade` is what is known of a symbol. Returns symbols whose
    /// trades are received again: since when they were not, and why.
    pub(crate) fn subscribed(
        &mut self,
        number: u32,
        subscriptions: Vec<Subscription>,
        received: Timestamp,
        last_trade: impl Fn(&Symbol) -> Option<TradeKey>,
    ) -> Vec<(Symbol, Timestamp, CompactString)> {
        for symbol in subscriptions.iter().filter(|s| carries_trades(s)) {
            let symbol = &symbol.symbol;
            if let Some(last) = last_trade(symbol).filter(|_| !self.carries(symbol, carries_trades))
            {
                self.began_after.insert(symbol.clone(), last);
            }
        }
        let again = subscriptions
            .iter()
            .filter(|s| carries_trades(s))
            .filter_map(|s| {
                let (since, reason) = self.down.remove(&s.symbol)?;
                Some((s.symbol.clone(), since, reason))
            })
            .collect();
        let connection = self
            .connections
            .entry(number)
            .or_insert_with(|| Connection {
                url: String::new(),
                since: received,
                last_received: received,
                subscriptions: Vec::new(),
                bindings: Bindings::default(),
            });
        for subscription in subscriptions {
            if !connection.subscriptions.contains(&subscription) {
                connection.subscriptions.push(subscription);
            }
        }
        again
    }

    /// A connection ended. Returns what it carried.
    pub(crate) fn disconnected(
        &mut self,
        number: u32,
        received: Timestamp,
        reason: &CompactString,
    ) -> Vec<Subscription> {
        let Some(gone) = self.connections.remove(&number) else {
            return Vec::new();
        };
        for subscription in gone.subscriptions.iter().filter(|s| carries_trades(s)) {
            if !self.carries(&subscription.symbol, carries_trades) {
                self.down
                    .entry(subscription.symbol.clone())
                    .or_insert_with(|| (received, reason.clone()));
            }
        }
        gone.subscriptions
    }

    #[inline]
    pub(crate) fn heard(&mut self, number: u32, received: Timestamp) {
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.last_received = received;
        }
    }

    /// What messages of a connection refer to by number.
    pub(crate) fn bindings(&self, number: u32) -> &Bindings {
        let connection = self.connections.get(&number);
        connection.map_or(Bindings::NONE, |connection| &connection.bindings)
    }

    /// The same, to be changed; `None` where there is no such connection.
    pub(crate) fn bindings_mut(&mut self, number: u32) -> Option<&mut Bindings> {
        Some(&mut self.connections.get_mut(&number)?.bindings)
    }

    pub(crate) fn carries_book(&self, symbol: &Symbol) -> bool {
        self.carries(symbol, |s| s.channel == Channel::Book)
    }

    fn carries(&self, symbol: &Symbol, what: impl Fn(&Subscription) -> bool) -> bool {
        self.connections
            .values()
            .flat_map(|c| &c.subscriptions)
            .any(|s| s.symbol == *symbol && what(s))
    }

    /// The last trade that was known of a symbol when its trades began to be received (again).
    pub(crate) fn began_after(&self, symbol: &Symbol) -> Option<TradeKey> {
        self.began_after.get(symbol).copied()
    }

    pub(crate) fn state(&self, symbol: &Symbol) -> FeedState {
        if self.carries(symbol, carries_trades) {
            FeedState::Live
        } else if let Some((since, _)) = self.down.get(symbol) {
            FeedState::Down { since: *since }
        } else {
            FeedState::Unknown
        }
    }
}

fn carries_trades(subscription: &Subscription) -> bool {
    matches!(
        subscription.channel,
        Channel::Trades | Channel::AggregateTrades
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantflow_model::{TradeId, VenueSymbol};

    fn trades() -> Vec<Subscription> {
        vec![Subscription {
            symbol: "demo:A/B".parse().unwrap(),
            venue_symbol: VenueSymbol::new("AB").unwrap(),
            channel: Channel::Trades,
        }]
    }

    #[test]
    fn a_feed_is_down_only_when_no_connection_carries_it() {
        let symbol: Symbol = "demo:A/B".parse().unwrap();
        let at = Timestamp::from_seconds;
        let last = |time: i64| {
            let id = TradeId(1);
            move |_: &Symbol| Some(TradeKey { time: at(time), id })
        };
        let mut feeds = Feeds::default();
        assert_eq!(feeds.state(&symbol), FeedState::Unknown);
        feeds.connected(1, "ws://a".into(), at(1));
        assert!(feeds.subscribed(1, trades(), at(1), |_| None).is_empty());
        feeds.connected(2, "ws://a".into(), at(2));
        feeds.subscribed(2, trades(), at(2), last(2));
        feeds.disconnected(1, at(3), &"rotation".into());
        assert_eq!(feeds.state(&symbol), FeedState::Live);
        assert_eq!(feeds.began_after(&symbol), None, "it was carried all along");
        feeds.disconnected(2, at(4), &"closed".into());
        assert_eq!(feeds.state(&symbol), FeedState::Down { since: at(4) });
        let again = feeds.subscribed(3, trades(), at(9), last(3));
        assert_eq!(again, [(symbol.clone(), at(4), "closed".into())]);
        assert_eq!(feeds.began_after(&symbol), last(3)(&symbol));
    }
}
