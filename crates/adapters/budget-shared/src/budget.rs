//! [`SharedBudget`]: the seam over a [`BudgetStore`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use compact_str::CompactString;
use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::{Budget, BudgetError, BudgetUse, Clock, Grant};
use quantflow_wire::{Limit, Purpose};
use tokio::sync::oneshot;

use crate::pump::pump;
use crate::queue::{Reply, Ticket, Waiter};
use crate::shared::{Shared, Venue};
use crate::store::BudgetStore;
use crate::visit::{Lane, Raise};

/// Who a process is to the others with which it shares a store.
#[derive(Debug, Clone)]
pub struct Member {
    /// A number that no other process has: drawn at start.
    pub id: u64,
    /// The address that venues see, if the processes that share the store do not all have one. Limits
    /// of an address are shared by those who say the same here.
    pub address: CompactString,
    /// Which key is used with a venue, by a word for it (never the key): limits of a key are shared by
    /// those who say the same here.
    pub keys: HashMap<VenueId, CompactString>,
    /// How long to wait for the store before callers are told that it does not answer.
    pub answer_within: Duration,
}

impl Member {
    /// A process behind the same address and with the same keys as the others; two seconds for the
    /// store.
    pub fn new(id: u64) -> Self {
        Self {
            id,
            address: CompactString::default(),
            keys: HashMap::new(),
            answer_within: Duration::from_secs(2),
        }
    }
}

/// The request budgets of all venues, shared with other processes through a store. Cheap to clone.
///
/// Wants to be used within a tokio runtime: who waits is served by a task of its own.
#[derive(Debug, Clone)]
pub struct SharedBudget {
    shared: Arc<Shared>,
}

impl SharedBudget {
    /// A budget over `store`. `clock` is for waiting and for the times in the seam; what counts is
    /// timed by the store.
    pub fn new(store: impl BudgetStore, clock: Arc<dyn Clock>, member: Member) -> Self {
        Self {
            shared: Arc::new(Shared::new(Box::new(store), clock, member)),
        }
    }

    /// How many visits of the store are under way.
    pub fn visits(&self) -> usize {
        self.shared.visits()
    }

    /// Has a lane's queue served by a task, unless one does.
    fn serve(&self, name: &VenueId, venue: &mut Venue, lane: Lane) {
        let queue = venue.queue(lane);
        if queue.pumping {
            queue.wake.notify_one();
        } else {
            queue.pumping = true;
            tokio::spawn(pump(Arc::clone(&self.shared), name.clone(), lane));
        }
    }

    async fn wait(
        &self,
        venue: &VenueId,
        lane: Lane,
        weight: u32,
        purpose: Purpose,
        patience: Duration,
    ) -> Result<Grant, BudgetError> {
        let (reply, mut told) = oneshot::channel();
        let ticket = {
            let mut venues = self.shared.venues();
            let state = venues.get_mut(venue);
            let state = state.ok_or_else(|| BudgetError::NotConfigured(venue.clone()))?;
            if let Some(never) = state.never(lane, weight) {
                return Err(never);
            }
            let now = self.shared.clock.now();
            let waiter = Waiter {
                weight,
                since: now,
                deadline: now + patience,
                reply,
            };
            let (ticket, near) = state.queue(lane).join(purpose, waiter);
            if near || !state.queue(lane).pumping {
                self.serve(venue, state, lane);
            }
            ticket
        };
        let mut place = Place {
            budget: self,
            venue,
            lane,
            ticket,
            weight,
            told: Some(&mut told),
        };
        let reply = match place.told.as_mut() {
            Some(told) => (&mut **told).await,
            None => return Err(ended()), // never: it was put in above
        };
        place.told = None;
        reply.unwrap_or_else(|_| Err(ended()))
    }
}

/// What is told when the task that visits the store is gone: the runtime shuts down.
pub(crate) fn ended() -> BudgetError {
    BudgetError::Unavailable("the program is ending".to_owned())
}

/// A place in a queue; given up when dropped, with a grant that nobody took any more.
struct Place<'a> {
    budget: &'a SharedBudget,
    venue: &'a VenueId,
    lane: Lane,
    ticket: Ticket,
    weight: u32,
    /// `None` once the reply was taken.
    told: Option<&'a mut oneshot::Receiver<Reply>>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(told) = self.told.take() else {
            return;
        };
        let mut venues = self.budget.shared.venues();
        let Some(venue) = venues.get_mut(self.venue) else {
            return;
        };
        // sent under the same lock: it cannot come after this look
        let unused = told.try_recv().ok().and_then(Result::ok);
        let queue = venue.queue(self.lane);
        if let Some(grant) = &unused {
            queue.give_back(grant.at.millis(), self.weight);
        }
        let left = queue.leave(self.ticket);
        let pumping = queue.pumping;
        // after the runtime's end nobody can be told, and what is left lapses
        let told_by_task = tokio::runtime::Handle::try_current().is_ok();
        if (left && pumping) || (unused.is_some() && told_by_task) {
            self.budget.serve(self.venue, venue, self.lane);
        }
    }
}

#[async_trait]
impl Budget for SharedBudget {
    /// The limits are this process's view; a store that does not answer does not matter here.
    async fn configure(&self, venue: &VenueId, limits: &[Limit]) -> Result<(), BudgetError> {
        let mut venues = self.shared.venues();
        let state = venues.entry(venue.clone()).or_default();
        state.set_limits(limits);
        for lane in Lane::ALL {
            let mut queue = std::mem::take(state.queue(lane));
            queue.tell_those(|weight| state.never(lane, weight));
            *state.queue(lane) = queue;
            if state.queue(lane).pumping {
                self.serve(venue, state, lane);
            }
        }
        Ok(())
    }

    async fn acquire(
        &self,
        venue: &VenueId,
        weight: u32,
        purpose: Purpose,
        patience: Duration,
    ) -> Result<Grant, BudgetError> {
        self.wait(venue, Lane::Requests, weight, purpose, patience)
            .await
    }

    async fn acquire_connection(
        &self,
        venue: &VenueId,
        patience: Duration,
    ) -> Result<Grant, BudgetError> {
        self.wait(venue, Lane::Connections, 1, Purpose::Live, patience)
            .await
    }

    /// Told to the store with the next visit, which is soon.
    async fn correct(&self, venue: &VenueId, limit: &str, used: u32, sent: Timestamp) {
        let mut venues = self.shared.venues();
        let Some(state) = venues.get_mut(venue) else {
            return;
        };
        for lane in Lane::ALL {
            let found = state.limits(lane).find(|known| known.name == limit);
            let Some(bucket) = found.map(|found| self.shared.bucket(venue, found)) else {
                continue;
            };
            state.queue(lane).raise(Raise {
                bucket,
                used,
                sent: sent.millis(),
            });
            if !state.queue(lane).pumping {
                self.serve(venue, state, lane);
            }
        }
    }

    async fn stay_away(&self, venue: &VenueId, until: Timestamp) {
        let visit = {
            let mut venues = self.shared.venues();
            let Some(state) = venues.get_mut(venue) else {
                return;
            };
            state.stay_away = state.stay_away.max(Some(until));
            self.shared.plain_visit(venue, state, Lane::Requests)
        };
        if let Err(error) = self.shared.visit(&visit).await {
            // it goes with every visit until one succeeds, and nothing is granted without one
            tracing::warn!(venue = venue.as_str(), %error, "that the venue says to stay away could not be told to the other processes yet");
        }
    }

    async fn usage(&self, venue: &VenueId) -> Vec<BudgetUse> {
        let mut usage = Vec::new();
        for lane in Lane::ALL {
            let (visit, limits, waiting) = {
                let mut venues = self.shared.venues();
                let Some(state) = venues.get_mut(venue) else {
                    return usage;
                };
                let limits: Vec<Limit> = state.limits(lane).cloned().collect();
                if limits.is_empty() {
                    continue;
                }
                let mut visit = self.shared.plain_visit(venue, state, lane);
                visit.raised = state.queue(lane).take_raised();
                (visit, limits, state.queue(lane).len())
            };
            let answer = match self.shared.visit(&visit).await {
                Ok(answer) => answer,
                Err(error) => {
                    tracing::warn!(venue = venue.as_str(), %error, "what is used of its limits is not known");
                    continue;
                }
            };
            let away = u64::try_from(answer.stay_away - answer.now).unwrap_or(0);
            let away = (away > 0).then(|| self.shared.clock.now() + Duration::from_millis(away));
            let waiting = waiting + answer.waiting_elsewhere as usize;
            usage.extend(
                limits
                    .iter()
                    .zip(answer.used)
                    .map(|(limit, used)| BudgetUse {
                        limit: limit.name.clone(),
                        used,
                        amount: limit.amount,
                        window: limit.window,
                        stay_away_until: away,
                        waiting,
                    }),
            );
        }
        usage
    }
}
