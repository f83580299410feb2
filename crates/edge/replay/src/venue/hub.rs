//! [`Hub`]: who listens to what.

use std::collections::HashMap;

use axum::extract::ws::Utf8Bytes;
use quantflow_model::Timestamp;
use quantflow_venues::binance::TimeUnit;
use tokio::sync::mpsc;

use super::streams::StreamKey;
use crate::speech;

/// Messages of one step of the walk for one client.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// Market time of the step.
    pub(crate) now: Timestamp,
    pub(crate) messages: Vec<Utf8Bytes>,
}

#[derive(Debug)]
struct Client {
    to: mpsc::Sender<Delivery>,
    pending: Vec<Utf8Bytes>,
    /// Names as the client wrote them, in its order.
    names: Vec<String>,
    combined: bool,
    unit: TimeUnit,
}

#[derive(Debug)]
struct Seat {
    client: u64,
    name: String,
}

/// All clients and their streams.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    clients: HashMap<u64, Client>,
    seats: HashMap<StreamKey, Vec<Seat>>,
}

impl Hub {
    pub(crate) fn join(
        &mut self,
        client: u64,
        to: mpsc::Sender<Delivery>,
        combined: bool,
        unit: TimeUnit,
    ) {
        self.clients.insert(
            client,
            Client {
                to,
                pending: Vec::new(),
                names: Vec::new(),
                combined,
                unit,
            },
        );
    }

    pub(crate) fn leave(&mut self, client: u64) {
        self.clients.remove(&client);
        for seats in self.seats.values_mut() {
            seats.retain(|seat| seat.client != client);
        }
        self.seats.retain(|_, seats| !seats.is_empty());
    }

    pub(crate) fn has_listeners(&self) -> bool {
        !self.seats.is_empty()
    }

    /// Lets all clients go: each gets what was given to it, and then nothing more.
    pub(crate) fn dismiss(&mut self) {
        self.clients.clear();
        self.seats.clear();
    }

    /// Adds a stream; `key` is `None` for a name that the venue does not know: it is listed, and
    /// nothing comes.
    pub(crate) fn subscribe(&mut self, client: u64, name: &str, key: Option<StreamKey>) {
        let Some(known) = self.clients.get_mut(&client) else {
            return;
        };
        if known.names.iter().any(|n| n == name) {
            return;
        }
        known.names.push(name.to_owned());
        if let Some(key) = key {
            self.seats.entry(key).or_default().push(Seat {
                client,
                name: name.to_owned(),
            });
        }
    }

    pub(crate) fn unsubscribe(&mut self, client: u64, name: &str) {
        if let Some(known) = self.clients.get_mut(&client) {
            known.names.retain(|n| n != name);
        }
        for seats in self.seats.values_mut() {
            seats.retain(|seat| seat.client != client || seat.name != name);
        }
        self.seats.retain(|_, seats| !seats.is_empty());
    }

    pub(crate) fn names(&self, client: u64) -> Vec<String> {
        let client = self.clients.get(&client);
        client.map(|c| c.names.clone()).unwrap_or_default()
    }

    /// Whether a client wants its messages wrapped.
    pub(crate) fn is_combined(&self, client: u64) -> bool {
        self.clients.get(&client).is_some_and(|c| c.combined)
    }

    pub(crate) fn set_combined(&mut self, client: u64, combined: bool) {
        if let Some(client) = self.clients.get_mut(&client) {
            client.combined = combined;
        }
    }

    /// The streams that anybody listens to.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &StreamKey> {
        self.seats.keys()
    }

    #[inline]
    pub(crate) fn wants(&self, key: &StreamKey) -> bool {
        self.seats.contains_key(key)
    }

    /// Gives a message to all who listen; it is encoded once for each unit and wrapping that
    /// somebody wants. `encode` returns `None` when there is no such message.
    pub(crate) fn emit(
        &mut self,
        key: &StreamKey,
        mut encode: impl FnMut(TimeUnit) -> Option<Utf8Bytes>,
    ) {
        let Some(seats) = self.seats.get(key) else {
            return;
        };
        let mut plain: [Option<Utf8Bytes>; 2] = [None, None];
        let mut wrapped: [Option<(&str, Utf8Bytes)>; 2] = [None, None];
        for seat in seats {
            let Some(client) = self.clients.get_mut(&seat.client) else {
                continue;
            };
            let unit = client.unit as usize;
            if plain[unit].is_none() {
                plain[unit] = encode(client.unit);
            }
            let Some(message) = &plain[unit] else {
                continue;
            };
            if !client.combined {
                client.pending.push(message.clone());
                continue;
            }
            let text = match &wrapped[unit] {
                Some((name, text)) if *name == seat.name => text.clone(),
                _ => {
                    let text = speech::combined(&seat.name, message);
                    wrapped[unit] = Some((&seat.name, text.clone()));
                    text
                }
            };
            client.pending.push(text);
        }
    }

    /// Takes what is pending, with where it goes. With `all`, clients without messages get an empty
    /// delivery, which tells them the time.
    pub(crate) fn take(
        &mut self,
        now: Timestamp,
        all: bool,
    ) -> Vec<(u64, mpsc::Sender<Delivery>, Delivery)> {
        let mut deliveries = Vec::new();
        for (id, client) in &mut self.clients {
            if client.pending.is_empty() && !all {
                continue;
            }
            let messages = std::mem::take(&mut client.pending);
            deliveries.push((*id, client.to.clone(), Delivery { now, messages }));
        }
        deliveries
    }
}
