//! [`VenueBudget`]: the limits of one venue and who waits for them. Synchronous: the lock around
//! it is never held over an await.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use compact_str::CompactString;
use quantflow_model::Timestamp;
use quantflow_seams::BudgetUse;
use quantflow_wire::{Limit, LimitScope, Purpose};
use tokio::sync::Notify;

use crate::kept::Kept;
use crate::window::Window;

/// The longest ban that a venue gives.
const LONGEST_AWAY: Duration = Duration::from_hours(72);

/// What is asked for. Requests and new connections have limits of their own and never wait for one
/// another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Requests,
    Connections,
}

/// A place in a lane's queue: more urgent first, then first come first served.
pub(crate) type Ticket = (Purpose, u64);

/// What can be said to somebody who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was taken.
    Granted,
    /// Not before then.
    At(Timestamp),
    /// Somebody else is first; one is woken when that changes.
    Behind,
    /// Never, under the limits as they are.
    Never { limit: CompactString, amount: u32 },
}

#[derive(Debug, Default)]
pub(crate) struct VenueBudget {
    requests: LaneState,
    connections: LaneState,
    stay_away: Option<Timestamp>,
    last_seen: Option<Timestamp>,
    tickets: u64,
}

#[derive(Debug, Default)]
struct LaneState {
    limits: Vec<LimitState>,
    queue: BTreeMap<Ticket, Waiter>,
}

#[derive(Debug)]
struct LimitState {
    name: CompactString,
    weighted: bool,
    window: Window,
}

#[derive(Debug)]
struct Waiter {
    weight: u32,
    wake: Arc<Notify>,
}

impl LimitState {
    fn cost(&self, weight: u32) -> u64 {
        if self.weighted { u64::from(weight) } else { 1 }
    }
}

impl VenueBudget {
    /// Sets the limits; a limit of the same name keeps its log.
    pub(crate) fn configure(&mut self, limits: &[Limit]) {
        for lane in [Lane::Requests, Lane::Connections] {
            let state = self.lane_mut(lane);
            let mut old: BTreeMap<_, _> = std::mem::take(&mut state.limits)
                .into_iter()
                .map(|limit| (limit.name, limit.window))
                .collect();
            state.limits = limits
                .iter()
                .filter(|limit| {
                    (limit.scope == LimitScope::Connection) == (lane == Lane::Connections)
                })
                .map(|limit| LimitState {
                    name: limit.name.clone(),
                    weighted: limit.weighted,
                    window: match old.remove(&limit.name) {
                        Some(window) => window.retuned(limit.amount, limit.window),
                        None => Window::new(limit.amount, limit.window),
                    },
                })
                .collect();
            state.wake_all();
        }
    }

    /// Brings the logs to `now`. A clock that was set back takes them with it: what was granted is
    /// then taken for younger than it is, never for older.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        if let Some(last) = self.last_seen
            && now < last
        {
            let back = Duration::from_nanos(last.since(now).unsigned_abs());
            self.stay_away = self.stay_away.map(|until| until - back);
            for limit in self.limits_mut() {
                limit.window.shift(back);
            }
        }
        self.last_seen = Some(now);
        for limit in self.limits_mut() {
            limit.window.expire(now);
        }
        self.stay_away = self.stay_away.filter(|until| *until > now);
    }

    /// Takes a place in the queue.
    pub(crate) fn queue(
        &mut self,
        lane: Lane,
        purpose: Purpose,
        weight: u32,
        wake: Arc<Notify>,
    ) -> Ticket {
        let ticket = (purpose, self.tickets);
        self.tickets += 1;
        self.lane_mut(lane)
            .queue
            .insert(ticket, Waiter { weight, wake });
        ticket
    }

    /// Gives the place up; whoever is first then is woken.
    pub(crate) fn leave(&mut self, lane: Lane, ticket: Ticket) {
        let state = self.lane_mut(lane);
        if state.queue.remove(&ticket).is_some() {
            state.wake_first();
        }
    }

    /// Takes for `ticket` if it is its turn and there is room; the place is given up then.
    pub(crate) fn take(&mut self, lane: Lane, ticket: Ticket, now: Timestamp) -> Verdict {
        let stay_away = self.stay_away;
        let state = self.lane_mut(lane);
        let Some(weight) = state.queue.get(&ticket).map(|waiter| waiter.weight) else {
            return Verdict::Behind;
        };
        if let Some((limit, amount)) = state.never(weight) {
            return Verdict::Never { limit, amount };
        }
        if state.queue.first_key_value().map(|(first, _)| *first) != Some(ticket) {
            return Verdict::Behind;
        }
        let at = state
            .earliest(now, weight, 0, 0)
            .max(stay_away.unwrap_or(now));
        if at > now {
            return Verdict::At(at);
        }
        for limit in &mut state.limits {
            let cost = limit.cost(weight);
            limit.window.take(now, cost);
        }
        state.queue.remove(&ticket);
        state.wake_first();
        Verdict::Granted
    }

    /// A time before which `ticket` is surely not served, with those who stand before it.
    pub(crate) fn not_before(&self, lane: Lane, ticket: Ticket, now: Timestamp) -> Timestamp {
        let state = self.lane(lane);
        let ahead = state.queue.range(..ticket);
        let (count, weight) = ahead.fold((0, 0), |(count, weight), (_, waiter)| {
            (count + 1, weight + u64::from(waiter.weight))
        });
        let own = state.queue.get(&ticket).map_or(0, |waiter| waiter.weight);
        state
            .earliest(now, own, count, weight)
            .max(self.stay_away.unwrap_or(now))
    }

    /// See [`quantflow_seams::Budget::correct`].
    pub(crate) fn correct(&mut self, limit: &str, used: u32, sent: Timestamp, now: Timestamp) {
        for state in self.limits_mut().filter(|state| state.name == limit) {
            state.window.raise(now, sent, u64::from(used));
        }
    }

    /// Nothing is granted before `until`; a shorter time than the one told before changes nothing.
    pub(crate) fn stay_away(&mut self, until: Timestamp) {
        self.stay_away = self.stay_away.max(Some(until));
    }

    /// What is to be known in a next life.
    pub(crate) fn kept(&self) -> Kept {
        let lanes = [&self.requests, &self.connections].into_iter();
        Kept {
            stay_away: self.stay_away,
            granted: lanes
                .flat_map(|lane| &lane.limits)
                .map(|limit| (limit.name.clone(), limit.window.kept()))
                .collect(),
        }
    }

    /// Takes in what an earlier life was granted; what lies ahead of the clock counts for now.
    pub(crate) fn recall(&mut self, kept: Kept, now: Timestamp) {
        // a clock that was set back must not make a venue unreachable for years
        self.stay_away = kept.stay_away.map(|until| until.min(now + LONGEST_AWAY));
        for (name, granted) in kept.granted {
            for limit in self.limits_mut().filter(|limit| limit.name == name) {
                for &(at, cost) in &granted {
                    limit.window.take(at.min(now), cost);
                }
            }
        }
        self.advance(now);
    }

    pub(crate) fn usage(&self, now: Timestamp) -> Vec<BudgetUse> {
        [&self.requests, &self.connections]
            .into_iter()
            .flat_map(|lane| {
                lane.limits.iter().map(|limit| BudgetUse {
                    limit: limit.name.clone(),
                    used: limit.window.used(now),
                    amount: limit.window.amount(),
                    window: limit.window.length(),
                    stay_away_until: self.stay_away,
                    waiting: lane.queue.len(),
                })
            })
            .collect()
    }

    fn lane(&self, lane: Lane) -> &LaneState {
        match lane {
            Lane::Requests => &self.requests,
            Lane::Connections => &self.connections,
        }
    }

    fn lane_mut(&mut self, lane: Lane) -> &mut LaneState {
        match lane {
            Lane::Requests => &mut self.requests,
            Lane::Connections => &mut self.connections,
        }
    }

    fn limits_mut(&mut self) -> impl Iterator<Item = &mut LimitState> {
        let requests = self.requests.limits.iter_mut();
        requests.chain(self.connections.limits.iter_mut())
    }
}

impl LaneState {
    /// The limit that can never hold this weight.
    fn never(&self, weight: u32) -> Option<(CompactString, u32)> {
        let limit = self
            .limits
            .iter()
            .find(|limit| limit.cost(weight) > u64::from(limit.window.amount()))?;
        Some((limit.name.clone(), limit.window.amount()))
    }

    /// When `weight` fits under every limit, behind `count` others that weigh `ahead` together.
    fn earliest(&self, now: Timestamp, weight: u32, count: u64, ahead: u64) -> Timestamp {
        self.limits
            .iter()
            .map(|limit| {
                let before = if limit.weighted { ahead } else { count };
                limit.window.earliest(now, before + limit.cost(weight))
            })
            .fold(now, Timestamp::max)
    }

    fn wake_first(&self) {
        if let Some((_, first)) = self.queue.first_key_value() {
            first.wake.notify_one();
        }
    }

    fn wake_all(&self) {
        for waiter in self.queue.values() {
            waiter.wake.notify_one();
        }
    }
}
