//! [`Shared`]: what the callers of a process and the tasks that visit the store for them work on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use compact_str::CompactString;
use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::{BudgetError, Clock};
use quantflow_wire::{Limit, LimitScope};

use crate::budget::Member;
use crate::queue::{Queue, between, millis};
use crate::store::{BudgetStore, StoreError};
use crate::visit::{Answer, Lane, Term, Visit};

/// The longest ban that a venue gives, and so the longest that is believed.
const LONGEST_AWAY: Duration = Duration::from_hours(72);

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
    pub(crate) stay_away: Option<Timestamp>,
}

impl Venue {
    pub(crate) fn set_limits(&mut self, limits: &[Limit]) {
        self.limits = limits.to_vec();
    }

    pub(crate) fn queue(&mut self, lane: Lane) -> &mut Queue {
        &mut self.queues[lane.index()]
    }

    pub(crate) fn limits(&self, lane: Lane) -> impl Iterator<Item = &Limit> {
        let connections = lane == Lane::Connections;
        let limits = self.limits.iter();
        limits.filter(move |limit| (limit.scope == LimitScope::Connection) == connections)
    }

    /// What to tell who asks for more than a limit ever allows.
    pub(crate) fn never(&self, lane: Lane, weight: u32) -> Option<BudgetError> {
        let cost = |limit: &Limit| if limit.weighted { weight } else { 1 };
        let mut limits = self.limits(lane);
        let limit = limits.find(|limit| cost(limit) > limit.amount)?;
        Some(BudgetError::NeverFits {
            weight,
            limit: limit.name.clone(),
            amount: limit.amount,
        })
    }
}

impl Shared {
    pub(crate) fn new(store: Box<dyn BudgetStore>, clock: Arc<dyn Clock>, member: Member) -> Self {
        Self {
            store,
            clock,
            member,
            venues: Mutex::default(),
            busy: AtomicUsize::new(0),
        }
    }

    /// How many visits of the store are under way.
    pub(crate) fn visits(&self) -> usize {
        self.busy.load(Ordering::Acquire)
    }

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
