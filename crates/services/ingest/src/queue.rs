//! [`Queue`]: jobs that wait, each known once.

use std::collections::{HashSet, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::status::JobCounts;

/// What became of a job that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submitted {
    /// It waits for its turn.
    Queued,
    /// One that brings the same, or more, waits or is under way already; nothing was added.
    Known,
    /// Too many wait. It was not taken; hand it in again later.
    Full,
}

/// Something that is done once, however often it is asked for meanwhile.
pub(crate) trait Job: Clone + Debug + Send + Sync + 'static {
    /// Jobs with the same key are the same job.
    type Key: Clone + Eq + Hash + Debug + Send;

    fn key(&self) -> Self::Key;

    /// Whether another job, which waits or is under way, brings all that this one would.
    fn is_part_of(&self, other: &Self::Key) -> bool {
        self.key() == *other
    }
}

/// Jobs that wait, first come first served. Bounded: what is full refuses (see [`Submitted::Full`]).
#[derive(Debug)]
pub(crate) struct Queue<J: Job> {
    state: Mutex<State<J>>,
    wake: Notify,
    capacity: usize,
}

#[derive(Debug)]
struct State<J: Job> {
    waiting: VecDeque<Turn<J>>,
    known: HashSet<J::Key>,
    counts: JobCounts,
}

/// A job and how often it was given up for the time being.
#[derive(Debug, Clone)]
pub(crate) struct Turn<J> {
    pub(crate) job: J,
    pub(crate) turn: u32,
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnEnd {
    Done,
    Failed,
    /// It goes to the end of the queue.
    Again,
}

impl<J: Job> Queue<J> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                known: HashSet::new(),
                counts: JobCounts::default(),
            }),
            wake: Notify::new(),
            capacity,
        }
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn submit(&self, job: J) -> Submitted {
        let mut state = self.state();
        // jobs are handed in seldom, and the bound keeps this short
        if state.known.iter().any(|other| job.is_part_of(other)) {
            return Submitted::Known;
        }
        if state.waiting.len() >= self.capacity {
            state.counts.refused += 1;
            return Submitted::Full;
        }
        state.known.insert(job.key());
        state.waiting.push_back(Turn { job, turn: 1 });
        drop(state);
        self.wake.notify_one();
        Submitted::Queued
    }

    /// The next job; waits for one. Cancel-safe.
    pub(crate) async fn next(&self) -> Turn<J> {
        loop {
            if let Some(turn) = self.pop() {
                return turn;
            }
            self.wake.notified().await;
        }
    }

    fn pop(&self) -> Option<Turn<J>> {
        let mut state = self.state();
        let turn = state.waiting.pop_front()?;
        state.counts.running += 1;
        if !state.waiting.is_empty() {
            self.wake.notify_one(); // one permit stands for all that wait
        }
        Some(turn)
    }

    pub(crate) fn ended(&self, turn: Turn<J>, end: TurnEnd) {
        let mut state = self.state();
        state.counts.running -= 1;
        match end {
            TurnEnd::Done => state.counts.done += 1,
            TurnEnd::Failed => state.counts.failed += 1,
            TurnEnd::Again => {
                // it was known all the time: it may exceed the bound by those under way, not more
                state.waiting.push_back(Turn {
                    turn: turn.turn + 1,
                    ..turn
                });
                drop(state);
                self.wake.notify_one();
                return;
            }
        }
        state.known.remove(&turn.job.key());
    }

    pub(crate) fn counts(&self) -> JobCounts {
        let state = self.state();
        JobCounts {
            waiting: state.waiting.len(),
            ..state.counts
        }
    }
}
