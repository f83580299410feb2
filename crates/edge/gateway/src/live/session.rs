//! [`Session`]: the channels that one client follows, whatever carries them.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{AbortHandle, Abortable, SelectAll};
use futures_util::{Stream, StreamExt as _};
use quantflow_market::stream::{ChannelKey, StreamSeq, Update};
use quantflow_model::Symbol;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::channel::Channel;
use super::encode::{self, Data, Said, Seq, Wire};
use super::indicators::IndicatorUpdate;
use super::protocol::Request;
use crate::problem::{Code, Problem};
use crate::shared::Shared;

/// The channels that one client follows.
pub(crate) struct Session {
    shared: Arc<Shared>,
    wire: Wire,
    /// By the name that the client gave.
    followed: BTreeMap<String, AbortHandle>,
    updates: SelectAll<Abortable<Updates>>,
}

type Updates = Pin<Box<dyn Stream<Item = Outgoing> + Send>>;

/// A message on its way to a client.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) bytes: Bytes,
    /// Where the client stands in a channel once it has it.
    pub(crate) place: Option<(Arc<str>, StreamSeq)>,
}

/// A channel's name as the client wrote it, and as all share it.
#[derive(Debug)]
struct Name {
    given: Arc<str>,
    /// Whether that is the one spelling, so that the shared encoding can be sent as it is.
    plain: bool,
    symbol: Option<Symbol>,
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>, wire: Wire) -> Self {
        Self {
            shared,
            wire,
            followed: BTreeMap::new(),
            updates: SelectAll::new(),
        }
    }

    pub(crate) fn wire(&self) -> Wire {
        self.wire
    }

    /// Does what a client says; appends what is to be said to it.
    pub(crate) async fn take(&mut self, request: Request, out: &mut Vec<Outgoing>) {
        match request {
            Request::Ping => self.say(&Said::Pong, out),
            Request::Subscribe(names) => {
                for name in names {
                    if let Err(problem) = self.follow(&name, None, out).await {
                        self.say(&Said::error(&problem, Some(&name)), out);
                    }
                }
            }
            Request::Unsubscribe(names) => {
                for name in names {
                    self.leave(&name);
                    self.say(&Said::Unsubscribed { channel: &name }, out);
                }
            }
            Request::Resume(name, seq) => {
                if let Err(problem) = self.follow(&name, Some(seq), out).await {
                    self.say(&Said::error(&problem, Some(&name)), out);
                }
            }
        }
    }

    /// Says something that is no update.
    pub(crate) fn say(&self, said: &Said<'_>, out: &mut Vec<Outgoing>) {
        // what cannot be written is a fault of ours, which `write` logs
        if let Ok(bytes) = self.wire.write(said) {
            out.push(Outgoing { bytes, place: None });
        }
    }

    fn leave(&mut self, name: &str) {
        if let Some(handle) = self.followed.remove(name) {
            handle.abort();
            self.shared
                .measure
                .live_channels
                .fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Follows a channel, from now or from a place on.
    ///
    /// # Errors
    /// When there is no such channel, or the client follows too many.
    pub(crate) async fn follow(
        &mut self,
        name: &str,
        after: Option<StreamSeq>,
        out: &mut Vec<Outgoing>,
    ) -> Result<(), Problem> {
        let most = self.shared.options.live.max_channels;
        if !self.followed.contains_key(name) && self.followed.len() >= most {
            return Err(Problem::new(
                Code::Unavailable,
                format!("a connection follows at most {most} channels: unsubscribe some, or open another"),
            )
            .with("limit", most));
        }
        let channel = Channel::read(&self.shared, name).await?;
        self.leave(name);
        let updates = match channel {
            Channel::Market(key) => self.follow_market(name, &key, after, out).await?,
            Channel::Indicators(key) => {
                let (snapshot, missed, receiver) = self
                    .shared
                    .indicators
                    .follow(&self.shared, &key, after)
                    .await?;
                let wire = self.wire;
                self.begin(
                    name,
                    after,
                    missed.is_some(),
                    snapshot.seq,
                    Data::Indicators(snapshot.rows),
                    out,
                );
                let given: Arc<str> = name.into();
                for update in missed.into_iter().flatten() {
                    out.extend(encode_indicators(wire, &given, &update));
                }
                let since = after.map_or(snapshot.seq, |after| after);
                indicator_updates(Arc::clone(&self.shared), receiver, wire, given, since)
            }
        };
        let (handle, registration) = AbortHandle::new_pair();
        self.updates.push(Abortable::new(updates, registration));
        self.followed.insert(name.to_owned(), handle);
        self.shared
            .measure
            .live_channels
            .fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn follow_market(
        &mut self,
        given: &str,
        key: &ChannelKey,
        after: Option<StreamSeq>,
        out: &mut Vec<Outgoing>,
    ) -> Result<Updates, Problem> {
        let (snapshot, subscriber) = self.shared.market.subscribe(key, after).await?;
        let symbol = match key {
            ChannelKey::Prices => None,
            ChannelKey::Trades(symbol)
            | ChannelKey::Candles(symbol, _)
            | ChannelKey::Quotes(symbol)
            | ChannelKey::Book(symbol) => Some(symbol.clone()),
        };
        let missed = subscriber.missed.filter(|_| after.is_some());
        let data = Data::of(&snapshot.data, symbol.as_ref());
        self.begin(given, after, missed.is_some(), snapshot.seq, data, out);
        let name = Name {
            given: given.into(),
            plain: given == key.to_string(),
            symbol,
        };
        let resumed = missed.is_some();
        for update in missed.into_iter().flatten() {
            out.extend(encode_market(self.wire, &name, &update));
        }
        // prices come from many partitions, whose places have no order among each other
        let since = (!resumed && *key != ChannelKey::Prices).then_some(snapshot.seq);
        Ok(market_updates(
            Arc::clone(&self.shared),
            subscriber.receiver,
            self.wire,
            name,
            since,
        ))
    }

    fn begin(
        &self,
        channel: &str,
        after: Option<StreamSeq>,
        replayed: bool,
        seq: StreamSeq,
        snapshot: Data,
        out: &mut Vec<Outgoing>,
    ) {
        let (said, place) = match after {
            None => (
                Said::Subscribed {
                    channel,
                    seq: Seq(seq),
                    snapshot,
                },
                seq,
            ),
            Some(after) if replayed => (
                Said::Resumed {
                    channel,
                    seq: Seq(after),
                },
                after,
            ),
            Some(_) => (
                Said::Reset {
                    channel,
                    seq: Seq(seq),
                    snapshot,
                },
                seq,
            ),
        };
        if let Ok(bytes) = self.wire.write(&said) {
            out.push(Outgoing {
                bytes,
                place: Some((channel.into(), place)),
            });
        }
    }

    /// The next update, from whichever channel; pending while there is none, and while none is followed.
    pub(crate) fn poll_update(&mut self, context: &mut Context<'_>) -> Poll<Outgoing> {
        match self.updates.poll_next_unpin(context) {
            Poll::Ready(Some(outgoing)) => Poll::Ready(outgoing),
            // nothing is followed: whoever takes a request polls again afterwards
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let followed = self.followed.len() as u64;
        self.shared
            .measure
            .live_channels
            .fetch_sub(followed, Ordering::Relaxed);
    }
}

fn encode_market(wire: Wire, name: &Name, update: &Arc<Update>) -> Option<Outgoing> {
    let bytes = if name.plain {
        encode::update(wire, update, &name.given, name.symbol.as_ref()).ok()?
    } else {
        let message = encode::UpdateMessage {
            channel: &name.given,
            seq: Seq(update.seq),
            data: Data::of(&update.data, name.symbol.as_ref()),
        };
        wire.write(&message).ok()?
    };
    let place = Some((Arc::clone(&name.given), update.seq));
    Some(Outgoing { bytes, place })
}

fn dropped(shared: &Shared, wire: Wire, channel: &str, count: u64) -> Option<Outgoing> {
    shared
        .measure
        .live_dropped
        .fetch_add(count, Ordering::Relaxed);
    let bytes = wire.write(&Said::Dropped { channel, count }).ok()?;
    Some(Outgoing { bytes, place: None })
}

/// Updates of a market channel as messages; when some were lost, that is said in their place.
fn market_updates(
    shared: Arc<Shared>,
    receiver: broadcast::Receiver<Arc<Update>>,
    wire: Wire,
    name: Name,
    since: Option<StreamSeq>,
) -> Updates {
    let state = (shared, receiver, name, since);
    Box::pin(futures_util::stream::unfold(
        state,
        move |mut state| async move {
            loop {
                let (shared, receiver, name, since) = &mut state;
                match receiver.recv().await {
                    Ok(update) => {
                        // updates up to the snapshot's place are in the snapshot
                        if since.is_some_and(|since| update.seq <= since) {
                            continue;
                        }
                        if let Some(outgoing) = encode_market(wire, name, &update) {
                            return Some((outgoing, state));
                        }
                    }
                    Err(RecvError::Lagged(count)) => {
                        if let Some(outgoing) = dropped(shared, wire, &name.given, count) {
                            return Some((outgoing, state));
                        }
                    }
                    Err(RecvError::Closed) => return None,
                }
            }
        },
    ))
}

fn encode_indicators(wire: Wire, name: &Arc<str>, update: &IndicatorUpdate) -> Option<Outgoing> {
    let message = encode::UpdateMessage {
        channel: name,
        seq: Seq(update.seq),
        data: Data::Indicators(update.rows.clone()),
    };
    let bytes = wire.write(&message).ok()?;
    let place = Some((Arc::clone(name), update.seq));
    Some(Outgoing { bytes, place })
}

fn indicator_updates(
    shared: Arc<Shared>,
    receiver: broadcast::Receiver<Arc<IndicatorUpdate>>,
    wire: Wire,
    name: Arc<str>,
    since: StreamSeq,
) -> Updates {
    let state = (shared, receiver, name);
    Box::pin(futures_util::stream::unfold(
        state,
        move |mut state| async move {
            loop {
                let (shared, receiver, name) = &mut state;
                match receiver.recv().await {
                    Ok(update) if update.seq <= since => {}
                    Ok(update) => {
                        if let Some(outgoing) = encode_indicators(wire, name, &update) {
                            return Some((outgoing, state));
                        }
                    }
                    Err(RecvError::Lagged(count)) => {
                        if let Some(outgoing) = dropped(shared, wire, name, count) {
                            return Some((outgoing, state));
                        }
                    }
                    Err(RecvError::Closed) => return None,
                }
            }
        },
    ))
}
