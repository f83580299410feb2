//! Indicators over live candles: computed once a set, however many follow it.
//!
//! A feed follows its candles, holds the indicators' state at the last closed candle, warmed from history, and says
//! after each update what they are now. A candle that changes after it was closed makes the state anew from history.
//! A feed ends when nobody follows it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};

use quantflow_indicators::IndicatorSet;
use quantflow_market::stream::{ChannelKey, StreamSeq, UpdateData};
use quantflow_market::view::{CandleRequest, CandleView};
use quantflow_model::{CandleState, TimeRange, Timestamp};
use rustc_hash::FxHashMap;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::channel::IndicatorKey;
use crate::dto::{IndicatorRow, TimeStyle, state_name};
use crate::history::{BEGINNING, bar_of, fold};
use crate::lock;
use crate::problem::{Code, Problem};
use crate::shared::Shared;

/// Updates that a feed keeps for clients that come back, and how far a slow one may fall behind; then the oldest are
/// dropped and counted.
const DEPTH: usize = 512;
/// A state is put aside each so many closed candles, and so many are kept: a change of a recent candle then costs a
/// short way back, not all of history.
const ASIDE_EVERY: usize = 32;
const ASIDE: usize = 16;
/// Feeds at once.
const MOST_FEEDS: usize = 1024;

/// What indicators are after an update of their candles.
#[derive(Debug)]
pub(crate) struct IndicatorUpdate {
    pub(crate) seq: StreamSeq,
    pub(crate) rows: Vec<IndicatorRow>,
}

/// What they are at the moment of subscribing.
#[derive(Debug)]
pub(crate) struct IndicatorSnapshot {
    pub(crate) seq: StreamSeq,
    pub(crate) rows: Vec<IndicatorRow>,
}

/// All feeds that are followed.
#[derive(Debug, Default)]
pub(crate) struct LiveIndicators {
    feeds: Mutex<FxHashMap<IndicatorKey, Weak<Feed>>>,
    /// One feed is begun at a time, so that two clients do not begin the same.
    beginning: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Feed {
    sender: broadcast::Sender<Arc<IndicatorUpdate>>,
    recent: Mutex<Recent>,
}

#[derive(Debug)]
struct Recent {
    seq: StreamSeq,
    rows: Vec<IndicatorRow>,
    updates: VecDeque<Arc<IndicatorUpdate>>,
}

type Followed = (
    IndicatorSnapshot,
    Option<Vec<Arc<IndicatorUpdate>>>,
    broadcast::Receiver<Arc<IndicatorUpdate>>,
);

impl LiveIndicators {
    /// Follows a feed, beginning it if nobody does yet.
    pub(crate) async fn follow(
        &self,
        shared: &Arc<Shared>,
        key: &IndicatorKey,
        after: Option<StreamSeq>,
    ) -> Result<Followed, Problem> {
        if let Some(feed) = self.running(key) {
            return Ok(feed.follow(after));
        }
        let _beginning = self.beginning.lock().await;
        if let Some(feed) = self.running(key) {
            return Ok(feed.follow(after));
        }
        {
            let mut feeds = lock(&self.feeds);
            feeds.retain(|_, feed| feed.strong_count() > 0);
            if feeds.len() >= MOST_FEEDS {
                return Err(Problem::new(
                    Code::Unavailable,
                    format!(
                        "{MOST_FEEDS} sets of indicators are followed, and there may be no more"
                    ),
                )
                .retry_after(10));
            }
        }
        let (snapshot, subscriber) = shared
            .market
            .subscribe(
                &ChannelKey::Candles(key.symbol.clone(), key.timeframe),
                None,
            )
            .await?;
        let mut state = State::warm(shared, key).await?;
        let mut rows = state.rows_of_history();
        if let UpdateData::Candles(candles) = &snapshot.data {
            for view in candles {
                if let Step::Row(row) = state.step(view) {
                    rows.retain(|r| r.open_time != row.open_time);
                    rows.push(row);
                }
            }
        }
        keep_last(&mut rows);
        let feed = Arc::new(Feed {
            sender: broadcast::Sender::new(DEPTH),
            recent: Mutex::new(Recent {
                seq: snapshot.seq,
                rows,
                updates: VecDeque::with_capacity(64),
            }),
        });
        let followed = feed.follow(after);
        lock(&self.feeds).insert(key.clone(), Arc::downgrade(&feed));
        shared.tasks.spawn(run(
            Arc::clone(shared),
            key.clone(),
            feed,
            state,
            snapshot.seq,
            subscriber.receiver,
        ));
        Ok(followed)
    }

    fn running(&self, key: &IndicatorKey) -> Option<Arc<Feed>> {
        lock(&self.feeds).get(key).and_then(Weak::upgrade)
    }
}

impl Feed {
    fn follow(&self, after: Option<StreamSeq>) -> Followed {
        let recent = lock(&self.recent);
        // under the lock of `recent`, so that nothing falls between what was missed and what comes
        let receiver = self.sender.subscribe();
        let missed = after.and_then(|after| {
            let kept =
                after == recent.seq || recent.updates.front().is_some_and(|u| u.seq <= after);
            kept.then(|| {
                recent
                    .updates
                    .iter()
                    .filter(|u| u.seq > after)
                    .cloned()
                    .collect()
            })
        });
        let snapshot = IndicatorSnapshot {
            seq: recent.seq,
            rows: recent.rows.clone(),
        };
        (snapshot, missed, receiver)
    }

    fn publish(&self, seq: StreamSeq, rows: Vec<IndicatorRow>) {
        let mut recent = lock(&self.recent);
        recent.seq = seq;
        for row in &rows {
            recent.rows.retain(|r| r.open_time != row.open_time);
            recent.rows.push(row.clone());
        }
        keep_last(&mut recent.rows);
        if recent.updates.len() == DEPTH {
            recent.updates.pop_front();
        }
        let update = Arc::new(IndicatorUpdate { seq, rows });
        recent.updates.push_back(Arc::clone(&update));
        // an error means that nobody listens just now
        let _ = self.sender.send(update);
    }
}

/// A snapshot has the last closed candle and the open one.
fn keep_last(rows: &mut Vec<IndicatorRow>) {
    let more = rows.len().saturating_sub(2);
    rows.drain(..more);
}

async fn run(
    shared: Arc<Shared>,
    key: IndicatorKey,
    feed: Arc<Feed>,
    mut state: State,
    since: StreamSeq,
    mut receiver: broadcast::Receiver<Arc<quantflow_market::stream::Update>>,
) {
    loop {
        let received = tokio::select! {
            biased;
            () = shared.stopping.cancelled() => return,
            received = receiver.recv() => received,
        };
        // a client that just came counts: its receiver is made under the lock before it gets the feed
        if feed.sender.receiver_count() == 0 {
            lock(&shared.indicators.feeds).remove(&key);
            return;
        }
        let update = match received {
            Ok(update) if update.seq <= since => continue,
            Ok(update) => Some(update),
            Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => return,
        };
        let mut rows = Vec::new();
        // updates that were lost may have changed anything that is put aside
        let mut changed = update.is_none().then_some(Timestamp::MIN);
        if let Some(UpdateData::Candles(candles)) = update.as_ref().map(|u| &u.data) {
            for view in candles {
                match state.step(view) {
                    Step::Row(row) => rows.push(row),
                    Step::Old => {}
                    Step::Changed => {
                        let at = view.candle.open_time;
                        changed = Some(changed.map_or(at, |before: Timestamp| before.min(at)));
                    }
                }
            }
        }
        if let Some(changed) = changed {
            if let Err(problem) = state.again(&shared, changed).await {
                tracing::warn!(symbol = %key.symbol, code = problem.code.name(), "live indicators stopped: history cannot be read");
                lock(&shared.indicators.feeds).remove(&key);
                return;
            }
            rows = state.rows_of_history();
        }
        if let (Some(update), false) = (update, rows.is_empty()) {
            feed.publish(update.seq, rows);
        }
    }
}

/// What a candle did to a state.
enum Step {
    Row(IndicatorRow),
    /// It says nothing new.
    Old,
    /// A candle that is part of the state has changed, or one is missing before this.
    Changed,
}

/// The indicators' state at the last closed candle.
#[derive(Debug)]
struct State {
    key: IndicatorKey,
    names: Vec<String>,
    set: IndicatorSet,
    /// The last closed candle that is in the state, and its revision.
    last: Option<(Timestamp, u32)>,
    /// Closed candles since a state was put aside.
    steps: usize,
    aside: VecDeque<(Timestamp, u32, IndicatorSet)>,
    history: Vec<IndicatorRow>,
}

impl State {
    /// A state from all of history.
    async fn warm(shared: &Shared, key: &IndicatorKey) -> Result<Self, Problem> {
        let set = IndicatorSet::parse(&key.set).map_err(|e| Problem::internal(&e))?;
        let mut state = Self {
            key: key.clone(),
            names: set.columns(),
            set,
            last: None,
            steps: 0,
            aside: VecDeque::with_capacity(ASIDE),
            history: Vec::new(),
        };
        state.go_on(shared, BEGINNING).await?;
        Ok(state)
    }

    /// Makes the state anew from before a candle that changed.
    async fn again(&mut self, shared: &Shared, changed: Timestamp) -> Result<(), Problem> {
        while self.aside.back().is_some_and(|(last, ..)| *last >= changed) {
            self.aside.pop_back();
        }
        let from = if let Some((last, revision, set)) = self.aside.back() {
            self.set = set.clone();
            self.last = Some((*last, *revision));
            self.key.timeframe.end_of(*last)
        } else {
            self.set.reset();
            self.last = None;
            BEGINNING
        };
        self.steps = 0;
        self.go_on(shared, from).await
    }

    /// Takes the candles from a time on: first most of them in columns, then the last ones one by one.
    async fn go_on(&mut self, shared: &Shared, from: Timestamp) -> Result<(), Problem> {
        let now = shared.clock.now();
        let recent = self
            .key
            .timeframe
            .approximate_nanos()
            .saturating_mul((ASIDE * ASIDE_EVERY) as i64);
        let far = TimeRange::new(from, now.plus_nanos(-recent).max(from));
        let IndicatorKey {
            symbol, timeframe, ..
        } = self.key.clone();
        let mut last = self.last;
        if !far.is_empty() {
            let open = fold(
                shared,
                &symbol,
                timeframe,
                far,
                &mut self.set,
                |candles, _| {
                    last = candles
                        .last()
                        .map(|v| (v.candle.open_time, v.candle.revision))
                        .or(last);
                    true
                },
            )
            .await?;
            self.last = last;
            debug_assert!(open.is_empty(), "a candle that old is closed");
        }
        let request = CandleRequest {
            symbol,
            timeframe,
            range: TimeRange::new(far.end.max(BEGINNING), Timestamp::MAX),
            limit: usize::MAX,
            as_of: None,
            fill: false,
        };
        let page = shared.market.candles(&request).await?;
        let told = page.candles.len().saturating_sub(2);
        for (at, view) in page.candles.iter().enumerate() {
            if let (Step::Row(row), true) = (self.step(view), at >= told) {
                self.history.push(row);
            }
        }
        Ok(())
    }

    fn rows_of_history(&mut self) -> Vec<IndicatorRow> {
        std::mem::take(&mut self.history)
    }

    fn step(&mut self, view: &CandleView) -> Step {
        let candle = &view.candle;
        if let Some((last, revision)) = self.last {
            if candle.open_time < last || (candle.open_time == last && candle.revision > revision) {
                return Step::Changed;
            }
            if candle.open_time == last {
                return Step::Old;
            }
        }
        let bar = bar_of(view);
        let mut row = vec![f64::NAN; self.set.width()];
        if candle.state == CandleState::Open {
            self.set.peek(&bar, &mut row);
        } else {
            self.set.update(&bar, &mut row);
            self.last = Some((candle.open_time, candle.revision));
            self.steps += 1;
            if self.steps >= ASIDE_EVERY {
                self.put_aside(candle.open_time, candle.revision);
            }
        }
        let values = self
            .names
            .iter()
            .cloned()
            .zip(row.into_iter().map(|v| Some(v).filter(|v| v.is_finite())));
        Step::Row(IndicatorRow {
            open_time: TimeStyle::Text.of(candle.open_time),
            state: state_name(candle.state),
            values: values.collect(),
        })
    }

    fn put_aside(&mut self, last: Timestamp, revision: u32) {
        self.steps = 0;
        if self.aside.len() == ASIDE {
            self.aside.pop_front();
        }
        self.aside.push_back((last, revision, self.set.clone()));
    }
}
