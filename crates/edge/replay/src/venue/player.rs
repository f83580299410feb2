//! The walk: takes events from the market when their time has come, moves the boards, and gives
//! messages to who listens.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use quantflow_model::Timestamp;
use quantflow_venues::binance::TimeUnit;
use quantflow_wire::EventKind;
use tokio::sync::mpsc::error::TrySendError;

use super::board::{Board, Book};
use super::hub::Hub;
use super::stage::{Stage, count, lock};
use super::streams::{StreamKey, StreamKind};
use crate::market::{Feed, MarketEvent};
use crate::server::AtEnd;
use crate::speech::{self, event};

/// Events of one step: small enough that others get at the boards, large enough to be cheap.
const STEP: usize = 1_024;
/// A step is not taken more often than this.
const GRAIN: Duration = Duration::from_millis(1);
/// With faults planned, clients are told the time this often, for a cut happens by it.
const PULSE: Duration = Duration::from_millis(20);

const SECOND: i64 = 1_000_000_000;

/// Plays the market until the server shuts down.
pub(crate) async fn play(stage: Arc<Stage>) {
    let mut feed = stage.market.feed(stage.pace.from);
    let mut walk = Walk {
        next_second: stage.pace.from.seconds() + 1,
        stage: &stage,
    };
    loop {
        if stage.shutdown.is_cancelled() {
            return;
        }
        if stage.pace.is_max() && !lock(&stage.hub).has_listeners() {
            tokio::select! {
                () = stage.stir.notified() => continue,
                () = stage.shutdown.cancelled() => return,
            }
        }
        let full = walk.step(feed.as_mut());
        let faulty = !stage.plan().faults.is_empty();
        let deliveries = lock(&stage.hub).take(stage.pace.now(), faulty);
        for (client, to, delivery) in deliveries {
            if stage.pace.is_max() {
                tokio::select! {
                    // a client that left is no reason to wait
                    _ = to.send(delivery) => {}
                    () = stage.shutdown.cancelled() => return,
                }
            } else if let Err(TrySendError::Full(_)) = to.try_send(delivery) {
                // as the venue does: who does not keep up is cut
                count(&stage.counters.too_slow);
                lock(&stage.hub).leave(client);
            }
        }
        if full {
            tokio::task::yield_now().await;
            continue;
        }
        let next = feed.next_time();
        if next.is_none() && stage.options.at_end == AtEnd::Close {
            // what is on its way still arrives: the sockets end when they have told it
            stage.finished.store(true, Ordering::Release);
            lock(&stage.hub).dismiss();
            while stage.open_connections.load(Ordering::Acquire) > 0 {
                tokio::select! {
                    () = stage.stir.notified() => {}
                    () = stage.shutdown.cancelled() => return,
                }
            }
            stage.shutdown.cancel();
            return;
        }
        let wait = if stage.pace.is_max() {
            // at the end of a recording: nothing comes any more
            Duration::from_hours(1)
        } else {
            let second = Timestamp::from_seconds(walk.next_second);
            let next = next.map_or(second, |next| next.min(second));
            let wait = stage.pace.until(next).max(GRAIN);
            if faulty { wait.min(PULSE) } else { wait }
        };
        tokio::select! {
            () = stage.pace.clock.sleep(wait) => {}
            () = stage.stir.notified() => {}
            () = stage.shutdown.cancelled() => return,
        }
    }
}

struct Walk<'a> {
    stage: &'a Stage,
    /// The next whole second of the market, whose timers have not run.
    next_second: i64,
}

impl Walk<'_> {
    /// Takes what is due; whether there is more.
    fn step(&mut self, feed: &mut dyn Feed) -> bool {
        let stage = self.stage;
        let max = stage.pace.is_max();
        let mut boards = lock(&stage.boards);
        let mut hub = lock(&stage.hub);
        let now = stage.pace.now();
        for _ in 0..STEP {
            let due = feed.next_time().filter(|time| max || *time <= now);
            let reached = match due {
                Some(time) => time,
                None if max => return false,
                None => now,
            };
            if reached.seconds() >= self.next_second {
                // timers ask the market through the stage, which locks for itself
                drop((boards, hub));
                self.timers(reached);
                boards = lock(&stage.boards);
                hub = lock(&stage.hub);
            }
            let Some(event) = due.and_then(|_| feed.next()) else {
                return false;
            };
            if max {
                stage.pace.reach(event.time);
            }
            if let Some(board) = boards.get_mut(event.listing) {
                tell(stage, board, &mut hub, event);
            }
        }
        true
    }

    /// Runs the timers of all whole seconds up to an instant.
    fn timers(&mut self, reached: Timestamp) {
        let timed = |key: &&StreamKey| {
            !matches!(
                key.kind,
                StreamKind::Trade | StreamKind::Aggregate | StreamKind::Quote
            )
        };
        while self.next_second <= reached.seconds() {
            let mut keys: Vec<StreamKey> = lock(&self.stage.hub)
                .keys()
                .filter(timed)
                .copied()
                .collect();
            if keys.is_empty() {
                // nobody hears them: a recording's hole of a week costs nothing
                self.next_second = reached.seconds() + 1;
                return;
            }
            keys.sort_unstable();
            let now = Timestamp::from_seconds(self.next_second);
            self.next_second += 1;
            for key in keys {
                self.on_second(key, now);
            }
        }
    }

    fn on_second(&self, key: StreamKey, now: Timestamp) {
        let stage = self.stage;
        match (key.kind, key.listing) {
            (StreamKind::Candles(timeframe), Some(listing)) => {
                let mark = stage.mark(listing);
                let last = timeframe.open_of(now.plus_nanos(-1));
                let closes = timeframe.end_of(last) == now;
                let open = timeframe.open_of(now);
                let even = now.seconds() % 2 == 0;
                let goes_on = even && timeframe.fixed_nanos() != Some(SECOND) && !closes;
                let candle = if closes {
                    stage.candle(listing, timeframe, last, now, Some(true), mark)
                } else if goes_on {
                    stage.candle(listing, timeframe, open, now, Some(false), mark)
                } else {
                    return;
                };
                if let Some(candle) = candle {
                    self.emit(key, listing, now, &EventKind::Candle(Box::new(candle)));
                }
            }
            (StreamKind::Ticker, Some(listing)) => {
                if let Some(ticker) = stage.ticker(listing, now) {
                    self.emit(key, listing, now, &EventKind::Ticker(Box::new(ticker)));
                }
            }
            (StreamKind::MiniTicker, Some(listing)) => {
                if let Some(ticker) = stage.ticker(listing, now) {
                    let symbol = stage.symbol(listing);
                    lock(&stage.hub).emit(&key, |unit| {
                        text(speech::mini_ticker(symbol, now, &ticker, unit))
                    });
                }
            }
            (StreamKind::Ticker | StreamKind::MiniTicker, None) => {
                let tickers: Vec<_> = (0..stage.market.listings().len())
                    .filter_map(|listing| Some((listing, stage.ticker(listing, now)?)))
                    .collect();
                lock(&stage.hub).emit(&key, |unit| {
                    let parts = tickers.iter().filter_map(|(listing, ticker)| {
                        let symbol = stage.symbol(*listing);
                        let bytes = if key.kind == StreamKind::Ticker {
                            let kind = EventKind::Ticker(Box::new(*ticker));
                            stage.speech.message(&event(symbol, now, kind), unit).ok()?
                        } else {
                            speech::mini_ticker(symbol, now, ticker, unit)
                        };
                        String::from_utf8(bytes).ok()
                    });
                    let parts: Vec<String> = parts.collect();
                    Some(format!("[{}]", parts.join(",")).into())
                });
            }
            (StreamKind::AveragePrice, Some(listing)) => {
                let Some((price, last)) = crate::http::average_price(stage, listing, now) else {
                    return;
                };
                let symbol = stage.symbol(listing);
                lock(&stage.hub).emit(&key, |unit| {
                    let body = format!(
                        "{{\"e\":\"avgPrice\",\"E\":{},\"s\":\"{symbol}\",\"i\":\"5m\",\"w\":\"{}\",\"T\":{}}}",
                        unit.of(now),
                        price.0.padded(8),
                        unit.of(last),
                    );
                    Some(body.into())
                });
            }
            (StreamKind::Depth(1_000), Some(listing)) => {
                let gathered = lock(&stage.boards)
                    .get_mut(listing)
                    .and_then(|board| board.slow.take());
                if let Some(delta) = gathered {
                    self.emit(key, listing, now, &EventKind::BookDelta(delta));
                }
            }
            (StreamKind::Levels(levels, 1_000), Some(listing)) => {
                let boards = lock(&stage.boards);
                let mut hub = lock(&stage.hub);
                if let Some(board) = boards.get(listing) {
                    levels_of(stage, board, &mut hub, key, levels);
                }
            }
            _ => {}
        }
    }

    fn emit(&self, key: StreamKey, listing: usize, now: Timestamp, kind: &EventKind) {
        let event = event(self.stage.symbol(listing), now, kind.clone());
        lock(&self.stage.hub).emit(&key, |unit| say(self.stage, &event, unit));
    }
}

fn text(bytes: Vec<u8>) -> Option<Utf8Bytes> {
    String::from_utf8(bytes).ok().map(Utf8Bytes::from)
}

fn say(stage: &Stage, event: &quantflow_wire::Event, unit: TimeUnit) -> Option<Utf8Bytes> {
    match stage.speech.message(event, unit) {
        Ok(bytes) => text(bytes),
        Err(error) => {
            tracing::warn!(%error, "the venue has no words for an event");
            None
        }
    }
}

fn levels_of(stage: &Stage, board: &Board, hub: &mut Hub, key: StreamKey, levels: u8) {
    let Some(book) = &board.book else { return };
    let query = quantflow_wire::Query::Book {
        symbol: stage.symbol(key.listing.unwrap_or_default()).clone(),
        limit: u32::from(levels),
    };
    let said = quantflow_wire::Event {
        symbol: None,
        sent: None,
        kind: EventKind::BookSnapshot(book.snapshot(usize::from(levels))),
    };
    hub.emit(&key, |unit| {
        let body = stage
            .speech
            .answer(&query, std::slice::from_ref(&said), unit);
        text(body.ok()?)
    });
}

/// Moves a listing's board by an event, and gives its message to who listens.
fn tell(stage: &Stage, board: &mut Board, hub: &mut Hub, happened: MarketEvent) {
    let listing = happened.listing;
    if let Some(mark) = happened.mark {
        board.mark = board.mark.max(mark);
    }
    let kind = match &happened.kind {
        EventKind::Trade(_) => StreamKind::Trade,
        EventKind::AggregateTrade(_) => StreamKind::Aggregate,
        EventKind::Quote(quote) => {
            board.quote = Some(*quote);
            StreamKind::Quote
        }
        EventKind::BookSnapshot(snapshot) => {
            board.book = Some(Book::of(snapshot));
            return;
        }
        EventKind::BookDelta(delta) => {
            if let Some(book) = &mut board.book {
                book.apply(delta);
            }
            let slow = StreamKey {
                listing: Some(listing),
                kind: StreamKind::Depth(1_000),
            };
            if hub.wants(&slow) {
                board.slow.add(delta);
            } else {
                // nobody hears it; who comes later begins with what comes later
                board.slow.take();
            }
            for levels in [5, 10, 20] {
                let key = StreamKey {
                    listing: Some(listing),
                    kind: StreamKind::Levels(levels, 100),
                };
                if hub.wants(&key) {
                    levels_of(stage, board, hub, key, levels);
                }
            }
            StreamKind::Depth(100)
        }
        _ => return,
    };
    let key = StreamKey {
        listing: Some(listing),
        kind,
    };
    if hub.wants(&key) {
        let said = event(stage.symbol(listing), happened.time, happened.kind);
        hub.emit(&key, |unit| say(stage, &said, unit));
    }
}
