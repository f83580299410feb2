//! [`MemoryBudget`]: the seam over [`VenueBudget`], with the waiting.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::{Budget, BudgetError, BudgetUse, Clock, Grant};
use quantflow_wire::{Limit, Purpose};
use tokio::sync::Notify;

use crate::kept::Keeper;
use crate::venue::{Lane, Ticket, VenueBudget, Verdict};

/// The request budgets of all venues, in this process.
///
/// What was granted is kept in files ([`MemoryBudget::kept_in`]) or forgotten when the process ends;
/// then the venue's own count, which comes with its first answer, brings it back (see
/// [`Budget::correct`]).
#[derive(Debug)]
pub struct MemoryBudget {
    clock: Arc<dyn Clock>,
    venues: Mutex<HashMap<VenueId, VenueBudget>>,
    keeper: Option<Keeper>,
}

impl MemoryBudget {
    /// An empty budget: nothing is granted until a venue's limits are set.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            venues: Mutex::default(),
            keeper: None,
        }
    }

    /// As [`MemoryBudget::new`], with what was granted in earlier lives: it is kept in a file a venue
    /// in `folder`, written before each grant is handed out.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn kept_in(clock: Arc<dyn Clock>, folder: &Path) -> io::Result<Self> {
        Ok(Self {
            keeper: Some(Keeper::new(folder)?),
            ..Self::new(clock)
        })
    }

    fn keep(&self, venue: &VenueId, budget: &VenueBudget) {
        if let Some(keeper) = &self.keeper {
            keeper.write(venue, &budget.kept());
        }
    }

    fn venues(&self) -> MutexGuard<'_, HashMap<VenueId, VenueBudget>> {
        // a panic inside the lock leaves plain numbers, which are still whole
        self.venues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on a venue's budget, brought to the present. The clock is read inside the lock, so
    /// that times reach the logs in order.
    fn with<T>(
        &self,
        venue: &VenueId,
        work: impl FnOnce(&mut VenueBudget, Timestamp) -> T,
    ) -> Option<T> {
        let mut venues = self.venues();
        let budget = venues.get_mut(venue)?;
        let now = self.clock.now();
        budget.advance(now);
        Some(work(budget, now))
    }

    async fn wait(
        &self,
        venue: &VenueId,
        lane: Lane,
        weight: u32,
        purpose: Purpose,
        patience: Duration,
    ) -> Result<Grant, BudgetError> {
        let wake = Arc::new(Notify::new());
        let queued = self.with(venue, |budget, now| {
            (budget.queue(lane, purpose, weight, Arc::clone(&wake)), now)
        });
        let (ticket, since) = queued.ok_or_else(|| BudgetError::NotConfigured(venue.clone()))?;
        // from here on the place is given up on every way out, also when the caller goes away
        let _place = Place {
            budget: self,
            venue,
            lane,
            ticket,
        };
        let deadline = since + patience;
        loop {
            let step = self.with(venue, |budget, now| {
                let verdict = budget.take(lane, ticket, now);
                if verdict == Verdict::Granted {
                    self.keep(venue, budget);
                }
                (now, verdict, budget.not_before(lane, ticket, now))
            });
            let (now, verdict, not_before) =
                step.ok_or_else(|| BudgetError::NotConfigured(venue.clone()))?;
            let until = match verdict {
                Verdict::Granted => return Ok(Grant { at: now }),
                Verdict::Never { limit, amount } => {
                    return Err(BudgetError::NeverFits {
                        weight,
                        limit,
                        amount,
                    });
                }
                Verdict::At(at) => at,
                Verdict::Behind => deadline,
            };
            if not_before > deadline || now >= deadline {
                return Err(BudgetError::TooLong {
                    venue: venue.clone(),
                    wait: between(now, not_before),
                });
            }
            tokio::select! {
                () = self.clock.sleep(between(now, until.min(deadline))) => {}
                () = wake.notified() => {}
            }
        }
    }
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_nanos(u64::try_from(to.since(from)).unwrap_or(0))
}

/// A place in a queue, given up when dropped.
struct Place<'a> {
    budget: &'a MemoryBudget,
    venue: &'a VenueId,
    lane: Lane,
    ticket: Ticket,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(budget) = self.budget.venues().get_mut(self.venue) {
            budget.leave(self.lane, self.ticket);
        }
    }
}

#[async_trait]
impl Budget for MemoryBudget {
    async fn configure(&self, venue: &VenueId, limits: &[Limit]) -> Result<(), BudgetError> {
        let mut venues = self.venues();
        let known = venues.contains_key(venue);
        let budget = venues.entry(venue.clone()).or_default();
        budget.configure(limits);
        if let Some(keeper) = self.keeper.as_ref().filter(|_| !known) {
            budget.recall(keeper.read(venue), self.clock.now());
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

    async fn correct(&self, venue: &VenueId, limit: &str, used: u32, sent: Timestamp) {
        // whoever waits for a grant that is now later wakes at the old time and waits on
        self.with(venue, |budget, now| {
            budget.correct(limit, used, sent, now);
            self.keep(venue, budget);
        });
    }

    async fn stay_away(&self, venue: &VenueId, until: Timestamp) {
        self.with(venue, |budget, _| {
            budget.stay_away(until);
            self.keep(venue, budget);
        });
    }

    async fn usage(&self, venue: &VenueId) -> Vec<BudgetUse> {
        self.with(venue, |budget, now| budget.usage(now))
            .unwrap_or_default()
    }
}
