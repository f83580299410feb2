//! Live channels: what a client can subscribe to, and how it goes on after a cut.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use quantflow_model::{Quote, Symbol, Timeframe, Trade};
use quantflow_wire::LogPosition;
use rustc_hash::FxHashMap;
use tokio::sync::broadcast;

use crate::view::{BookView, CandleView, PriceView};

/// How many updates a channel keeps for clients that come back, and how far a slow client may fall
/// behind. When more come, the oldest are dropped; the client is told how many.
pub const CHANNEL_DEPTH: usize = 1024;

/// An update's place in its channel: derived from the log, so it is never used twice and means the
/// same on every gateway. Written `epoch-offset-n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct StreamSeq {
    /// The record that made it: the place after it.
    pub position: LogPosition,
    /// Which of the updates that the record made in this channel.
    pub n: u32,
}

impl fmt::Display for StreamSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}-{}-{}",
            self.position.epoch, self.position.offset, self.n
        )
    }
}

/// Text that is no sequence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a sequence: {0:?} (as it came with an update: epoch-offset-n)")]
pub struct SeqError(String);

impl FromStr for StreamSeq {
    type Err = SeqError;

    fn from_str(text: &str) -> Result<Self, SeqError> {
        let error = || SeqError(text.chars().take(64).collect());
        let mut parts = text.split('-');
        let mut part = || {
            parts
                .next()
                .and_then(|p| p.parse::<u64>().ok())
                .ok_or_else(error)
        };
        let (epoch, offset, n) = (part()?, part()?, part()?);
        let epoch = u32::try_from(epoch).map_err(|_| error())?;
        let n = u32::try_from(n).map_err(|_| error())?;
        if parts.next().is_some() {
            return Err(error());
        }
        Ok(Self {
            position: LogPosition { epoch, offset },
            n,
        })
    }
}

/// A live channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChannelKey {
    /// The newest prices of all symbols of a venue's partition or of all: `prices`.
    Prices,
    /// Trades as they come: `trades|binance:BTC/USDT`.
    Trades(Symbol),
    /// Candles as they move and close: `candles|binance:BTC/USDT|1m`.
    Candles(Symbol, Timeframe),
    /// Best bid and offer: `quotes|binance:BTC/USDT`.
    Quotes(Symbol),
    /// The best levels of the order book: `book|binance:BTC/USDT`.
    Book(Symbol),
}

impl fmt::Display for ChannelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prices => f.write_str("prices"),
            Self::Trades(symbol) => write!(f, "trades|{symbol}"),
            Self::Candles(symbol, timeframe) => write!(f, "candles|{symbol}|{timeframe}"),
            Self::Quotes(symbol) => write!(f, "quotes|{symbol}"),
            Self::Book(symbol) => write!(f, "book|{symbol}"),
        }
    }
}

/// What an update says.
#[derive(Debug, Clone, PartialEq)]
pub enum UpdateData {
    /// Prices that changed.
    Prices(Vec<PriceView>),
    /// Trades, in the venue's order.
    Trades(Vec<Trade>),
    /// Candles that moved or closed, ascending.
    Candles(Vec<CandleView>),
    /// Best bids and offers, the newest last; none while there is no quote yet.
    Quotes(Vec<Quote>),
    /// The book's best levels now.
    Book(BookView),
}

/// One update of a channel. Shared by all its subscribers; each encoding is made once.
#[derive(Debug)]
pub struct Update {
    /// Its place.
    pub seq: StreamSeq,
    /// What it says.
    pub data: UpdateData,
    /// Its encoding as JSON, made by the first who needs it.
    pub json: OnceLock<Bytes>,
    /// Its encoding as MessagePack, made by the first who needs it.
    pub msgpack: OnceLock<Bytes>,
}

impl Update {
    /// An update that nobody has encoded yet.
    pub fn new(seq: StreamSeq, data: UpdateData) -> Self {
        Self {
            seq,
            data,
            json: OnceLock::new(),
            msgpack: OnceLock::new(),
        }
    }
}

/// The channels, and who listens.
#[derive(Debug, Clone, Default)]
pub struct Hub {
    channels: Arc<Mutex<FxHashMap<ChannelKey, Arc<Channel>>>>,
}

#[derive(Debug)]
struct Channel {
    sender: broadcast::Sender<Arc<Update>>,
    recent: Mutex<VecDeque<Arc<Update>>>,
}

/// What a subscriber gets.
#[derive(Debug)]
pub struct Subscriber {
    /// What was missed since the place it named; `None` when that is not kept any more and the
    /// client has to begin with a snapshot.
    pub missed: Option<Vec<Arc<Update>>>,
    /// What comes from now on. `RecvError::Lagged(n)`: so many of the oldest were dropped.
    pub receiver: broadcast::Receiver<Arc<Update>>,
}

impl Hub {
    fn channel(&self, key: &ChannelKey) -> Arc<Channel> {
        let mut channels = lock(&self.channels);
        Arc::clone(channels.entry(key.clone()).or_insert_with(|| {
            Arc::new(Channel {
                sender: broadcast::Sender::new(CHANNEL_DEPTH),
                recent: Mutex::new(VecDeque::with_capacity(64)),
            })
        }))
    }

    /// Listens to a channel; with `after`, asks for what came after that place.
    pub fn subscribe(&self, key: &ChannelKey, after: Option<StreamSeq>) -> Subscriber {
        let channel = self.channel(key);
        let recent = lock(&channel.recent);
        // under the lock of `recent`, so that nothing falls between what was missed and what comes
        let receiver = channel.sender.subscribe();
        // places of one partition are ordered, so it is enough that the oldest kept is not past it;
        // prices come from many partitions: there only the very update can be found again
        let missed = after.and_then(|after| {
            let from = match key {
                ChannelKey::Prices => recent.iter().position(|u| u.seq == after)? + 1,
                _ if recent.front().is_some_and(|u| u.seq <= after) => {
                    recent.partition_point(|u| u.seq <= after)
                }
                _ => return None,
            };
            Some(recent.iter().skip(from).cloned().collect())
        });
        Subscriber { missed, receiver }
    }

    /// Whether anybody listens to a channel, or did so recently enough that updates are kept.
    pub fn is_wanted(&self, key: &ChannelKey) -> bool {
        lock(&self.channels).contains_key(key)
    }

    /// Whether no channel is kept: nobody listens.
    pub fn is_empty(&self) -> bool {
        lock(&self.channels).is_empty()
    }

    /// The channels that are kept.
    pub fn wanted(&self) -> Vec<ChannelKey> {
        lock(&self.channels).keys().cloned().collect()
    }

    /// Sends an update to all who listen, and keeps it for those who come back.
    pub fn publish(&self, key: &ChannelKey, update: Update) {
        let Some(channel) = lock(&self.channels).get(key).cloned() else {
            return;
        };
        let update = Arc::new(update);
        let mut recent = lock(&channel.recent);
        if recent.len() == CHANNEL_DEPTH {
            recent.pop_front();
        }
        recent.push_back(Arc::clone(&update));
        // an error means that nobody listens just now: the update waits in `recent`
        let _ = channel.sender.send(update);
    }

    /// Forgets channels to which nobody listens and whose last update is before `oldest`.
    pub fn sweep(&self, idle: impl Fn(&ChannelKey, Option<StreamSeq>) -> bool) {
        lock(&self.channels).retain(|key, channel| {
            channel.sender.receiver_count() > 0
                || !idle(key, lock(&channel.recent).back().map(|update| update.seq))
        });
    }
}

/// A poisoned lock only says that another thread panicked; the data behind these is still whole,
/// for every write to it is one call.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
