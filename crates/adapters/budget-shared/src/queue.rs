//! [`Queue`]: who waits in this process for one lane of a venue, and what is still to be told to the
//! store. Synchronous: the lock around it is never held over an await.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::{BudgetError, Grant};
use quantflow_wire::Purpose;
use tokio::sync::{Notify, oneshot};

use crate::visit::{Answer, Ask, Asking, BATCH, GivenBack, RENEW, Raise};

/// News of the venue's count that wait for the next visit: the newest so many.
const MOST_RAISES: usize = 16;
/// Unused grants that wait for the next visit: more are let lapse, which only asks less.
const MOST_RETURNS: usize = 256;

/// A place in the queue: more urgent first, then first come first served.
pub(crate) type Ticket = (Purpose, u64);

/// What a caller is told.
pub(crate) type Reply = Result<Grant, BudgetError>;

#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) weight: u32,
    pub(crate) since: Timestamp,
    pub(crate) deadline: Timestamp,
    pub(crate) reply: oneshot::Sender<Reply>,
}

/// One lane's queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiters: BTreeMap<Ticket, Waiter>,
    tickets: u64,
    returned: Vec<GivenBack>,
    raised: Vec<Raise>,
    /// A claim of ours may stand in the store.
    claimed: bool,
    /// What was used when the store last told, by bucket: to tell it, should it forget.
    known: Option<(i64, Vec<(String, u32)>)>,
    /// Whether somebody visits the store for this queue.
    pub(crate) pumping: bool,
    pub(crate) wake: Arc<Notify>,
}

/// What a visit asks, and whom for.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) asking: Asking,
    pub(crate) returned: Vec<GivenBack>,
    pub(crate) raised: Vec<Raise>,
    /// The tickets of the asks, in their order.
    tickets: Vec<Ticket>,
    /// Who came later was not considered.
    before: u64,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.waiters.len()
    }

    /// The store's time when it was last visited, or 0.
    pub(crate) fn known_at(&self) -> i64 {
        self.known.as_ref().map_or(0, |(at, _)| *at)
    }

    /// Takes a place. Whether a visit is worth while: those far behind wait for their turn to be
    /// asked for.
    pub(crate) fn join(&mut self, purpose: Purpose, waiter: Waiter) -> (Ticket, bool) {
        let ticket = (purpose, self.tickets);
        self.tickets += 1;
        self.waiters.insert(ticket, waiter);
        let ahead = self.waiters.range(..ticket).take(BATCH).count();
        (ticket, ahead < BATCH)
    }

    /// Gives a place up. Whether somebody stood there.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> bool {
        self.waiters.remove(&ticket).is_some()
    }

    /// A grant that is not used.
    pub(crate) fn give_back(&mut self, at: i64, weight: u32) {
        if self.returned.len() < MOST_RETURNS {
            self.returned.push(GivenBack { at, weight });
        }
    }

    pub(crate) fn raise(&mut self, raise: Raise) {
        self.raised.push(raise);
        if self.raised.len() > MOST_RAISES {
            self.raised.remove(0);
        }
    }

    pub(crate) fn take_raised(&mut self) -> Vec<Raise> {
        std::mem::take(&mut self.raised)
    }

    /// What the next visit says; `None` when there is nothing to be said.
    pub(crate) fn prepare(&mut self, now: Timestamp) -> Option<Prepared> {
        let idle = self.waiters.is_empty() && self.returned.is_empty() && self.raised.is_empty();
        if idle && !self.claimed {
            return None;
        }
        let (mut asks, mut tickets) = (Vec::new(), Vec::new());
        for (ticket, waiter) in self.waiters.iter().take(BATCH) {
            tickets.push(*ticket);
            asks.push(Ask {
                purpose: ticket.0,
                waited: millis(between(waiter.since, now)),
                patience: millis(between(now, waiter.deadline)),
                weight: waiter.weight,
            });
        }
        Some(Prepared {
            asking: Asking {
                asks,
                waiting: u32::try_from(self.waiters.len()).unwrap_or(u32::MAX),
            },
            returned: std::mem::take(&mut self.returned),
            raised: self.take_raised(),
            tickets,
            before: self.tickets,
        })
    }

    /// The visit failed, and whether it was served nobody knows. News are told again; what was to be
    /// given back is let lapse, for giving it back twice would grant too much.
    pub(crate) fn failed(&mut self, prepared: Prepared) {
        self.claimed |= !prepared.asking.asks.is_empty();
        for raise in prepared.raised {
            self.raise(raise);
        }
    }

    /// Everybody who waits is told the same.
    pub(crate) fn tell_all(&mut self, error: &BudgetError) {
        for (_, waiter) in std::mem::take(&mut self.waiters) {
            // an error means that the caller went away
            let _ = waiter.reply.send(Err(error.clone()));
        }
    }

    /// Those for whom there is something to tell, by their weight, are told and leave.
    pub(crate) fn tell_those(&mut self, what: impl Fn(u32) -> Option<BudgetError>) {
        for (ticket, waiter) in std::mem::take(&mut self.waiters) {
            match what(waiter.weight) {
                // an error means that the caller went away
                Some(error) => drop(waiter.reply.send(Err(error))),
                None => {
                    self.waiters.insert(ticket, waiter);
                }
            }
        }
    }

    /// What the store knows of: kept, and told to it should it have lost everything.
    pub(crate) fn learn(&mut self, answer: &Answer, buckets: impl Iterator<Item = String>) {
        if let Some((at, used)) = self.known.take().filter(|_| answer.lost) {
            for (bucket, used) in used {
                self.raise(Raise {
                    bucket,
                    used,
                    sent: at,
                });
            }
        }
        self.known = Some((
            answer.now,
            buckets.zip(answer.used.iter().copied()).collect(),
        ));
    }

    /// Hands out what the visit brought, and tells those whose patience it exceeds. `late`: the
    /// answer took so long that its grants must not be used. Returns for how long to wait before the
    /// next visit, unless woken.
    pub(crate) fn settle(
        &mut self,
        venue: &VenueId,
        prepared: &Prepared,
        answer: &Answer,
        now: Timestamp,
        late: bool,
    ) -> Duration {
        let granted = answer.granted.min(prepared.tickets.len());
        let (served, rest) = prepared.tickets.split_at(granted);
        for (ticket, ask) in served.iter().zip(&prepared.asking.asks) {
            if late {
                self.give_back(answer.now, ask.weight);
                continue;
            }
            let grant = Grant {
                at: Timestamp::from_millis(answer.now),
            };
            let reply = self.waiters.remove(ticket).map(|waiter| waiter.reply);
            if reply.is_none_or(|reply| reply.send(Ok(grant)).is_err()) {
                self.give_back(answer.now, ask.weight);
            }
        }
        self.claimed = answer.claimed;
        let somebody_left = self.tell_impatient(venue, prepared, rest, answer, now);
        let unasked = self.waiters.len() > rest.len();
        if self.waiters.is_empty() || somebody_left || late || (rest.is_empty() && unasked) {
            return Duration::ZERO;
        }
        let wait = duration(answer.next - answer.now).min(RENEW);
        let deadlines = self.waiters.values().map(|waiter| waiter.deadline);
        let first = deadlines.min().map(|deadline| between(now, deadline));
        first.map_or(wait, |first| wait.min(first))
    }

    /// Tells those who cannot be served in time. Whether there were any.
    fn tell_impatient(
        &mut self,
        venue: &VenueId,
        prepared: &Prepared,
        rest: &[Ticket],
        answer: &Answer,
        now: Timestamp,
    ) -> bool {
        let mut left = false;
        let bound = answer.not_before.last().copied().unwrap_or(answer.now);
        for (place, ticket) in rest.iter().enumerate() {
            let not_before = answer.not_before.get(place).copied().unwrap_or(bound);
            let wait = duration(not_before - answer.now);
            let Some(waiter) = self.waiters.get(ticket) else {
                left = true;
                continue;
            };
            // once somebody left, what was said of those behind is no longer certain
            let certain = !left && now + wait > waiter.deadline;
            if certain || now >= waiter.deadline {
                self.refuse(*ticket, venue, wait);
                left = true;
            }
        }
        let wait = duration(bound - answer.now);
        let too_late = self.waiters.iter().filter(|(ticket, waiter)| {
            ticket.1 < prepared.before && now >= waiter.deadline && !rest.contains(ticket)
        });
        let too_late: Vec<Ticket> = too_late.map(|(ticket, _)| *ticket).collect();
        for ticket in too_late {
            self.refuse(ticket, venue, wait);
        }
        left && !self.waiters.is_empty()
    }

    fn refuse(&mut self, ticket: Ticket, venue: &VenueId, wait: Duration) {
        if let Some(waiter) = self.waiters.remove(&ticket) {
            // an error means that the caller went away
            let _ = waiter.reply.send(Err(BudgetError::TooLong {
                venue: venue.clone(),
                wait,
            }));
        }
    }
}

pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_nanos(u64::try_from(to.since(from)).unwrap_or(0))
}

/// Whole milliseconds, rounded down.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
