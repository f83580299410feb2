//! [`Publisher`]: shows what happened to those who listen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use quantflow_model::{Candle, Quote, Symbol, TimeRange, Timeframe, Timestamp, Trade};
use quantflow_pipeline::{Output, SymbolSlot};
use quantflow_wire::LogPosition;
use tokio::time::Instant;

use crate::hot::{Hot, Shared};
use crate::stream::{ChannelKey, Hub, StreamSeq, Update, UpdateData};
use crate::view::{BookView, CandleView, Health};

/// Levels a side that the book channel carries.
pub(crate) const BOOK_LEVELS: usize = 20;

/// Shows what happened to those who listen: trades and quotes at once, what moves with every trade
/// (open candles, prices, books) at most once an interval, always ending with the newest state.
#[derive(Debug)]
pub(crate) struct Publisher {
    shared: Arc<Shared>,
    hub: Hub,
    interval: Duration,
    /// The last place that each channel used.
    places: BTreeMap<ChannelKey, StreamSeq>,
    /// Symbols that moved since the last time open candles and prices were shown.
    moved: BTreeSet<SymbolSlot>,
    due: Option<Instant>,
    /// How symbols fared when that was last looked at.
    healths: BTreeMap<SymbolSlot, Health>,
}

impl Publisher {
    pub(crate) fn new(shared: Arc<Shared>, hub: Hub, interval: Duration) -> Self {
        Self {
            shared,
            hub,
            interval,
            places: BTreeMap::new(),
            moved: BTreeSet::new(),
            due: None,
            healths: BTreeMap::new(),
        }
    }

    /// When [`Publisher::flush`] is to be called; `None` while nothing waits.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Shows what a slice of the log brought; it ended at `position`.
    pub(crate) fn publish(&mut self, position: LogPosition, output: &Output) {
        if self.hub.is_empty() {
            return;
        }
        let mut trades: BTreeMap<SymbolSlot, Vec<Trade>> = BTreeMap::new();
        for (slot, trade) in &output.trades {
            trades.entry(*slot).or_default().push(*trade);
        }
        let mut closed: BTreeMap<(SymbolSlot, Timeframe), Vec<Candle>> = BTreeMap::new();
        for candle in &output.candles {
            closed
                .entry((candle.slot, candle.timeframe))
                .or_default()
                .push(candle.candle);
        }
        let quotes: BTreeMap<SymbolSlot, Quote> = output.quotes.iter().copied().collect();
        let books = output.book_deltas.iter().map(|(slot, _)| *slot);
        self.moved
            .extend(books.chain(output.book_snapshots.iter().map(|(slot, _)| *slot)));
        let mut updates: Vec<(ChannelKey, UpdateData)> = Vec::new();
        {
            let hot = self.shared.lock();
            let named = |slot: SymbolSlot| hot.pipeline.symbol(slot).cloned();
            for ((slot, timeframe), mut candles) in closed {
                self.moved.insert(slot);
                let Some(symbol) = named(slot) else { continue };
                let key = ChannelKey::Candles(symbol, timeframe);
                if self.hub.is_wanted(&key) {
                    candles.sort_by_key(|candle| (candle.open_time, candle.revision));
                    let views = candles.iter().map(|c| view(&hot, slot, timeframe, c));
                    updates.push((key, UpdateData::Candles(views.collect())));
                }
            }
            for (slot, rows) in trades {
                self.moved.insert(slot);
                let Some(symbol) = named(slot) else { continue };
                updates.push((ChannelKey::Trades(symbol), UpdateData::Trades(rows)));
            }
            for (slot, quote) in quotes {
                self.moved.insert(slot);
                let Some(symbol) = named(slot) else { continue };
                updates.push((ChannelKey::Quotes(symbol), UpdateData::Quotes(vec![quote])));
            }
        }
        for (key, data) in updates {
            if self.hub.is_wanted(&key) {
                self.send(&key, position, data);
            }
        }
        if !self.moved.is_empty() && self.due.is_none() {
            // the first move after a pause is shown at once
            self.flush(Timestamp::MAX);
            self.due = Some(Instant::now() + self.interval);
        }
    }

    /// Shows the newest open candles, prices and books of what moved.
    pub(crate) fn flush(&mut self, now: Timestamp) {
        self.due = None;
        let moved = std::mem::take(&mut self.moved);
        if moved.is_empty() {
            return;
        }
        self.due = Some(Instant::now() + self.interval);
        let wanted = self.hub.wanted();
        let mut updates: Vec<(ChannelKey, UpdateData)> = Vec::new();
        let position = {
            let mut hot = self.shared.lock();
            for key in wanted {
                match &key {
                    ChannelKey::Candles(symbol, timeframe) => {
                        let slot = hot.pipeline.slot(symbol).filter(|s| moved.contains(s));
                        let open = slot.and_then(|slot| {
                            let open = hot.pipeline.open_candle(slot, *timeframe)?;
                            Some(view(&hot, slot, *timeframe, &open))
                        });
                        updates.extend(open.map(|open| (key, UpdateData::Candles(vec![open]))));
                    }
                    ChannelKey::Book(symbol) => {
                        let slot = hot.pipeline.slot(symbol).filter(|s| moved.contains(s));
                        let book = slot.and_then(|_| book(&hot, symbol, BOOK_LEVELS));
                        updates.extend(book.map(|book| (key, UpdateData::Book(book))));
                    }
                    ChannelKey::Prices => {
                        let now = if now == Timestamp::MAX {
                            hot.last_content
                        } else {
                            now
                        };
                        let prices = moved
                            .iter()
                            .filter_map(|slot| hot.price(*slot, now, self.shared.silence_nanos))
                            .collect();
                        updates.push((key, UpdateData::Prices(prices)));
                    }
                    ChannelKey::Trades(_) | ChannelKey::Quotes(_) => {}
                }
            }
            hot.position
        };
        for (key, data) in updates {
            self.send(&key, position, data);
        }
    }

    /// Shows the prices of symbols that fare differently than a moment ago: a market that fell silent
    /// or was cut off moves no more, and nothing else would tell.
    pub(crate) fn watch(&mut self, now: Timestamp) {
        if !self.hub.is_wanted(&ChannelKey::Prices) {
            // who comes is told by the snapshot
            self.healths.clear();
            return;
        }
        let (prices, position) = {
            let mut hot = self.shared.lock();
            let silence = self.shared.silence_nanos;
            let mut prices = Vec::new();
            let healths: Vec<_> = hot.healths(now, silence).collect();
            for (slot, health) in healths {
                if self.healths.insert(slot, health) != Some(health) {
                    prices.extend(hot.price(slot, now, silence));
                }
            }
            (prices, hot.position)
        };
        if !prices.is_empty() {
            self.send(&ChannelKey::Prices, position, UpdateData::Prices(prices));
        }
    }

    fn send(&mut self, key: &ChannelKey, position: LogPosition, data: UpdateData) {
        let seq = next(&mut self.places, key, position);
        self.hub.publish(key, Update::new(seq, data));
    }
}

/// The next place of a channel at a position of the log.
fn next(
    places: &mut BTreeMap<ChannelKey, StreamSeq>,
    key: &ChannelKey,
    position: LogPosition,
) -> StreamSeq {
    // a snapshot of the same position is n 0: updates begin with 1
    let place = match places.get(key) {
        Some(last) if last.position == position => StreamSeq {
            position,
            n: last.n + 1,
        },
        _ => StreamSeq { position, n: 1 },
    };
    places.insert(key.clone(), place);
    place
}

fn view(hot: &Hot, slot: SymbolSlot, timeframe: Timeframe, candle: &Candle) -> CandleView {
    let span = TimeRange::new(candle.open_time, timeframe.end_of(candle.open_time));
    let complete = hot
        .kept(slot)
        .is_some_and(|kept| kept.completeness.is_complete(span))
        && hot.heard_until(slot).is_none_or(|until| span.end <= until);
    CandleView {
        candle: *candle,
        complete,
        filled: false,
    }
}

/// The best levels of a symbol's book.
pub(crate) fn book(hot: &Hot, symbol: &Symbol, levels: usize) -> Option<BookView> {
    let book = hot.pipeline.book(hot.pipeline.slot(symbol)?, levels)?;
    let levels = |side: &[quantflow_model::Level]| {
        side.iter()
            .map(|level| (level.price, level.quantity))
            .collect()
    };
    Some(BookView {
        update_id: book.last_update_id,
        time: book.time,
        bids: levels(&book.bids),
        asks: levels(&book.asks),
    })
}
