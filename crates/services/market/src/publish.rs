//! [`Publisher`]: shows what happened to those who listen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use quantflow_model::{Candle, Symbol, TimeRange, Timeframe, Timestamp, Trade};
use quantflow_pipeline::Output;
use quantflow_wire::LogPosition;
use tokio::time::Instant;

use crate::hot::{Hot, Shared};
use crate::stream::{ChannelKey, Hub, StreamSeq, Update, UpdateData};
use crate::view::{BookView, CandleView};

/// Levels a side that the book channel carries.
const BOOK_LEVELS: usize = 20;

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
    moved: BTreeSet<Symbol>,
    due: Option<Instant>,
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
        let mut trades: BTreeMap<Symbol, Vec<Trade>> = BTreeMap::new();
        let mut closed: BTreeMap<(Symbol, Timeframe), Vec<Candle>> = BTreeMap::new();
        {
            let hot = self.shared.lock();
            for (slot, trade) in &output.trades {
                let symbol = hot.pipeline.symbol(*slot);
                if let Some(rows) = trades.get_mut(symbol) {
                    rows.push(*trade);
                } else {
                    trades.insert(symbol.clone(), vec![*trade]);
                }
            }
            for candle in &output.candles {
                let key = (hot.pipeline.symbol(candle.slot).clone(), candle.timeframe);
                closed.entry(key).or_default().push(candle.candle);
            }
            for slot in &output.books {
                self.moved.insert(hot.pipeline.symbol(*slot).clone());
            }
            let mut quotes = BTreeMap::new();
            for (slot, quote) in &output.quotes {
                quotes.insert(hot.pipeline.symbol(*slot).clone(), *quote);
            }
            for (symbol, quote) in quotes {
                let key = ChannelKey::Quotes(symbol.clone());
                self.moved.insert(symbol);
                self.places.entry(key.clone()).or_default();
                if self.hub.is_wanted(&key) {
                    let seq = next(&mut self.places, &key, position);
                    self.hub.publish(&key, Update::new(seq, UpdateData::Quotes(vec![quote])));
                }
            }
        }
        for ((symbol, timeframe), mut candles) in closed {
            self.moved.insert(symbol.clone());
            let key = ChannelKey::Candles(symbol.clone(), timeframe);
            if self.hub.is_wanted(&key) {
                candles.sort_by_key(|candle| (candle.open_time, candle.revision));
                let views = {
                    let hot = self.shared.lock();
                    candles.iter().map(|c| view(&hot, &symbol, timeframe, *c)).collect()
                };
                self.send(&key, position, UpdateData::Candles(views));
            }
        }
        for (symbol, rows) in trades {
            self.moved.insert(symbol.clone());
            let key = ChannelKey::Trades(symbol);
            if self.hub.is_wanted(&key) {
                self.send(&key, position, UpdateData::Trades(rows));
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
            let hot = self.shared.lock();
            for key in wanted {
                match &key {
                    ChannelKey::Candles(symbol, timeframe) if moved.contains(symbol) => {
                        if let Some(open) = hot.open_candle(symbol, *timeframe) {
                            let view = view(&hot, symbol, *timeframe, open);
                            updates.push((key, UpdateData::Candles(vec![view])));
                        }
                    }
                    ChannelKey::Book(symbol) if moved.contains(symbol) => {
                        if let Some(book) = book(&hot, symbol) {
                            updates.push((key, UpdateData::Book(book)));
                        }
                    }
                    ChannelKey::Prices => {
                        let now = if now == Timestamp::MAX { hot.last_content } else { now };
                        let prices = moved
                            .iter()
                            .filter_map(|symbol| {
                                let kept = hot.symbols.get(symbol)?;
                                hot.price(symbol, kept, now, self.shared.silence_nanos)
                            })
                            .collect();
                        updates.push((key, UpdateData::Prices(prices)));
                    }
                    _ => {}
                }
            }
            hot.position
        };
        for (key, data) in updates {
            self.send(&key, position, data);
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
        Some(last) if last.position == position => StreamSeq { position, n: last.n + 1 },
        _ => StreamSeq { position, n: 1 },
    };
    places.insert(key.clone(), place);
    place
}

fn view(hot: &Hot, symbol: &Symbol, timeframe: Timeframe, candle: Candle) -> CandleView {
    let span = TimeRange::new(candle.open_time, timeframe.end_of(candle.open_time));
    let complete =
        hot.symbols.get(symbol).is_some_and(|kept| kept.completeness.is_complete(span));
    CandleView { candle, complete, filled: false }
}

/// The best levels of a symbol's book.
pub(crate) fn book(hot: &Hot, symbol: &Symbol) -> Option<BookView> {
    let book = hot.pipeline.book(symbol, BOOK_LEVELS)?;
    let levels = |side: &[quantflow_model::Level]| {
        side.iter().map(|level| (level.price, level.quantity)).collect()
    };
    Some(BookView {
        update_id: book.last_update_id,
        bids: levels(&book.bids),
        asks: levels(&book.asks),
    })
}
