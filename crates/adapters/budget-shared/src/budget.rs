//! [`SharedBudget`]: the seam over a [`BudgetStore`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use compact_str::CompactString;
use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::{Budget, BudgetError, BudgetUse, Clock, Grant};
use quantflow_wire::{Limit, LimitScope, Purpose};
use tokio::sync::oneshot;

use crate::pump::pump;
use crate::queue::{Queue, Reply, Ticket, Waiter, between, millis};
use crate::store::{BudgetStore, StoreError};
use crate::visit::{Answer, Lane, Raise, Term, Visit};

/// The longest ban that a venue gives, and so the longest that is believed.
const LONGEST_AWAY: Duration = Duration::from_hours(72);

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

#[derive(Debug)]
pub(crate) struct Shared {
    store: Box<dyn BudgetStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) member: Member,
    venues: Mutex<HashMap<VenueId, Venue>>,
    busy: AtomicUsize,
}

#[derive(Debug, Default)]
pub(crate) struct Venue {
    limits: Vec<Limit>,
    queues: [Queue; 2],
    /// Told by the venue, and not by us to the store.
    stay_away: Option<Timestamp>,
}

impl Venue {
    pub(crate) fn queue(&mut self, lane: Lane) -> &mut Queue {
        &mut self.queues[lane.index()]
    }

    fn limits(&self, lane: Lane) -> impl Iterator<Item = &Limit> {
        let connections = lane == Lane::Connections;
        let limits = self.limits.iter();
        limits.filter(move |limit| (limit.scope == LimitScope::Connection) == connections)
    }
}

impl SharedBudget {
    /// A budget over `store`. `clock` is for waiting and for the times in the seam; what counts is
    /// timed by the store.
    pub fn new(store: impl BudgetStore, clock: Arc<dyn Clock>, member: Member) -> Self {
        Self {
            shared: Arc::new(Shared {
                store: Box::new(store),
                clock,
                member,
                venues: Mutex::default(),
                busy: AtomicUsize::new(0),
            }),
        }
    }

    /// How many visits of the store are under way.
    pub fn visits(&self) -> usize {
        self.shared.busy.load(Ordering::Acquire)
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
            for limit in state.limits(lane) {
                if limit.weighted && weight > limit.amount || limit.amount == 0 {
                    return Err(BudgetError::NeverFits {
                        weight,
                        limit: limit.name.clone(),
                        amount: limit.amount,
                    });
                }
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
        if (queue.leave(self.ticket) || unused.is_some()) && queue.pumping {
            queue.wake.notify_one();
        }
    }
}

impl Shared {
    pub(crate) fn venues(&self) -> MutexGuard<'_, HashMap<VenueId, Venue>> {
        // a panic inside the lock leaves queues that are still whole
        self.venues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A visit that says nothing but who comes and, if that is to be told, to stay away.
    pub(crate) fn plain_visit(&self, name: &VenueId, venue: &mut Venue, lane: Lane) -> Visit {
        let terms = venue.limits(lane).map(|limit| Term {
            bucket: self.bucket(name, limit),
            amount: limit.amount,
            window: millis(limit.window).max(1),
            weighted: limit.weighted,
        });
        let terms = terms.collect();
        let wait = venue
            .stay_away
            .map(|until| between(self.clock.now(), until).min(LONGEST_AWAY));
        Visit {
            venue: name.clone(),
            lane,
            member: self.member.id,
            terms,
            known: venue.queue(lane).known_at(),
            asking: None,
            returned: Vec::new(),
            raised: Vec::new(),
            // rounded up: what is left of a millisecond is waited for too
            stay_away: wait.map(|wait| millis(wait + Duration::from_nanos(999_999))),
        }
    }

    /// The limit's name with what shares it.
    pub(crate) fn bucket(&self, venue: &VenueId, limit: &Limit) -> String {
        match limit.scope {
            LimitScope::Key => {
                let key = self
                    .member
                    .keys
                    .get(venue)
                    .map_or("", CompactString::as_str);
                format!("{}#{key}", limit.name)
            }
            LimitScope::Address | LimitScope::Connection => {
                format!("{}@{}", limit.name, self.member.address)
            }
        }
    }

    /// Visits the store, in bounded time, and takes note of what it says.
    pub(crate) async fn visit(&self, visit: &Visit) -> Result<Answer, StoreError> {
        let _busy = Busy::new(&self.busy);
        let within = self.member.answer_within;
        let answer = tokio::time::timeout(within, self.store.visit(visit)).await;
        let answer = answer.unwrap_or_else(|_| {
            Err(StoreError::Connection(format!(
                "no answer within {within:?}"
            )))
        })?;
        let mut venues = self.venues();
        if let Some(venue) = venues.get_mut(&visit.venue) {
            if let Some(told) = visit.stay_away {
                let now = self.clock.now();
                let rest = |until: &Timestamp| millis(between(now, *until)) > told;
                venue.stay_away = venue.stay_away.filter(rest);
            }
            let buckets = visit.terms.iter().map(|term| term.bucket.clone());
            venue.queue(visit.lane).learn(&answer, buckets);
        }
        Ok(answer)
    }

    /// Counts as a visit under way.
    pub(crate) fn busy(&self) -> Busy<'_> {
        Busy::new(&self.busy)
    }
}

/// Counts a visit that is under way.
pub(crate) struct Busy<'a>(&'a AtomicUsize);

impl<'a> Busy<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[async_trait]
impl Budget for SharedBudget {
    /// The limits are this process's view; a store that does not answer does not matter here.
    async fn configure(&self, venue: &VenueId, limits: &[Limit]) -> Result<(), BudgetError> {
        let mut venues = self.shared.venues();
        let state = venues.entry(venue.clone()).or_default();
        state.limits = limits.to_vec();
        for lane in Lane::ALL {
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
                        stay_away_until: away,
                        waiting,
                    }),
            );
        }
        usage
    }
}
