//! [`Stage`]: all that the parts of the server share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use quantflow_model::{
    Decimal, Price, Quantity, TimeRange, Timeframe, Timestamp, TradeId, VenueSymbol,
};
use quantflow_wire::{Ticker, VenueCandle};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::board::Board;
use super::hub::Hub;
use crate::fault::{FaultKind, FaultPlan};
use crate::limit::Limiter;
use crate::market::{Mark, Market};
use crate::pace::Pace;
use crate::row::{Bar, Row};
use crate::server::ReplayOptions;
use crate::speech::Speech;

/// What happened on the wire, counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) limited: AtomicU64,
    pub(crate) banned: AtomicU64,
    pub(crate) fault_answers: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) refused_connections: AtomicU64,
    pub(crate) cuts: AtomicU64,
    pub(crate) too_slow: AtomicU64,
    pub(crate) too_talkative: AtomicU64,
    pub(crate) messages: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) duplicated: AtomicU64,
    pub(crate) reordered: AtomicU64,
    pub(crate) delayed: AtomicU64,
    pub(crate) garbled: AtomicU64,
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// All that the parts of the server share. Locks are held for short sections without `await`;
/// who needs both takes `boards` before `hub`.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) market: Arc<dyn Market>,
    pub(crate) speech: Speech,
    pub(crate) pace: Pace,
    pub(crate) options: ReplayOptions,
    pub(crate) counters: Counters,
    pub(crate) boards: Mutex<Vec<Board>>,
    pub(crate) hub: Mutex<Hub>,
    pub(crate) limiter: Mutex<Limiter>,
    pub(crate) faults: RwLock<Arc<FaultPlan>>,
    /// Somebody subscribed, or a fault was put in: the walk looks around.
    pub(crate) stir: Notify,
    pub(crate) shutdown: CancellationToken,
    /// The recording is over, and the server ends.
    pub(crate) finished: AtomicBool,
    pub(crate) open_connections: AtomicUsize,
    /// Everything that runs.
    pub(crate) tasks: TaskTracker,
    pub(crate) next_connection: AtomicU64,
    listings: HashMap<VenueSymbol, usize>,
}

/// Whatever a panic elsewhere left is still true of the venue: each section changes one thing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stage {
    pub(crate) fn new(
        market: Arc<dyn Market>,
        speech: Speech,
        pace: Pace,
        options: ReplayOptions,
    ) -> Self {
        let listings = market.listings();
        let boards = (0..listings.len()).map(|listing| Board {
            mark: market.mark_at(listing, pace.from),
            ..Board::default()
        });
        Self {
            boards: Mutex::new(boards.collect()),
            listings: (0..)
                .zip(listings)
                .map(|(i, l)| (l.instrument.venue_symbol.clone(), i))
                .collect(),
            limiter: Mutex::new(Limiter::new(options.limits.clone())),
            faults: RwLock::new(Arc::new(options.faults.clone())),
            market,
            speech,
            pace,
            options,
            counters: Counters::default(),
            hub: Mutex::default(),
            stir: Notify::new(),
            shutdown: CancellationToken::new(),
            finished: AtomicBool::new(false),
            open_connections: AtomicUsize::new(0),
            tasks: TaskTracker::new(),
            next_connection: AtomicU64::new(1),
        }
    }

    /// The place of a symbol.
    pub(crate) fn listing(&self, symbol: &VenueSymbol) -> Option<usize> {
        self.listings.get(symbol).copied()
    }

    /// The venue's spelling of a listing.
    pub(crate) fn symbol(&self, listing: usize) -> &VenueSymbol {
        &self.market.listings()[listing].instrument.venue_symbol
    }

    pub(crate) fn plan(&self) -> Arc<FaultPlan> {
        Arc::clone(&self.faults.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another plan in place.
    pub(crate) fn set_plan(&self, change: impl FnOnce(&mut FaultPlan)) {
        let mut plan = self.faults.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = (**plan).clone();
        change(&mut changed);
        *plan = Arc::new(changed);
        drop(plan);
        self.stir.notify_one();
    }

    /// The time that the venue says, which a fault may put wrong.
    pub(crate) fn said_time(&self) -> Timestamp {
        let now = self.pace.now();
        let elapsed = self.pace.elapsed();
        self.plan()
            .on(elapsed)
            .fold(now, |time, fault| match fault {
                FaultKind::Skew(by) => time.plus_nanos(by),
                _ => time,
            })
    }

    /// Which trades of a listing have happened.
    pub(crate) fn mark(&self, listing: usize) -> Mark {
        lock(&self.boards).get(listing).map_or(Mark(0), |b| b.mark)
    }

    /// The newest trade that has happened before `mark`.
    pub(crate) fn last_row(&self, listing: usize, mark: Mark) -> Option<Row> {
        self.market.newest_rows(listing, 1, mark).pop()
    }

    /// The candle that opens at `open`, as the venue shows it at `now`; a span without trades
    /// stands at the price before. `None` before the first trade.
    pub(crate) fn candle(
        &self,
        listing: usize,
        timeframe: Timeframe,
        open: Timestamp,
        now: Timestamp,
        closed: Option<bool>,
        mark: Mark,
    ) -> Option<VenueCandle> {
        let span = TimeRange::new(open, timeframe.end_of(open));
        // of a span that is over the venue knows all, also what its streams have yet to tell
        let until = if span.end <= now {
            Mark(u64::MAX)
        } else {
            mark
        };
        let units = self.market.listings().get(listing)?.units;
        let bar = if let Some(bar) = self.market.bar(listing, span, until) {
            bar
        } else {
            let before = self.market.mark_at(listing, open);
            Bar::empty_at(self.last_row(listing, before)?.price)
        };
        Some(units.candle(&bar, timeframe, open, closed))
    }

    /// Statistics of the 24 hours before `now`. `None` when nothing was ever traded.
    pub(crate) fn ticker(&self, listing: usize, now: Timestamp) -> Option<Ticker> {
        let (mark, quote) = {
            let boards = lock(&self.boards);
            let board = boards.get(listing)?;
            (board.mark, board.quote)
        };
        let start = Timestamp::from_millis((now - Duration::from_hours(24)).millis());
        let units = self.market.listings().get(listing)?.units;
        let last = self.last_row(listing, mark)?;
        let before = self.last_row(listing, self.market.mark_at(listing, start).min(mark));
        let bar = self.market.bar(listing, TimeRange::new(start, now), mark);
        let bar = bar.unwrap_or_else(|| Bar::empty_at(last.price));
        let change = i128::from(bar.close) - i128::from(bar.open);
        let thousandths = match i128::from(bar.open) {
            0 => 0,
            open => (change * 200_000 + open * change.signum()) / (open * 2),
        };
        // quote / volume, eight digits after the point, rounded to the nearest
        let average = match bar.volume {
            0 => units.price(bar.close),
            volume => {
                let scaled = bar.quote * 10_i128.pow(8) / 10_i128.pow(u32::from(units.price_scale));
                Price(Decimal::new((scaled + volume / 2) / volume, 8).unwrap_or_default())
            }
        };
        let id = |id: u64| (bar.trades > 0).then_some(TradeId(u128::from(id)));
        Some(Ticker {
            last: units.price(bar.close),
            last_quantity: Some(Quantity(
                units.quantity(i128::from(last.quantity)).decimal(),
            )),
            open: Some(units.price(bar.open)),
            high: Some(units.price(bar.high)),
            low: Some(units.price(bar.low)),
            volume: Some(units.quantity(bar.volume)),
            quote_volume: Some(units.notional(bar.quote)),
            change: Some(units.price(change as i64)),
            change_percent: Decimal::new(thousandths, 3),
            weighted_average: Some(average),
            previous_close: Some(
                before.map_or(units.price(bar.open), |row| units.price(row.price)),
            ),
            quote: Some(quote.unwrap_or_else(crate::speech::no_quote)),
            open_time: Some(start),
            close_time: Some(now),
            first_id: id(bar.first_id),
            last_id: id(bar.last_id),
            trades: Some(bar.trades),
        })
    }
}
