//! [`VenueState`]: what the store knows of one venue, and the rules of a visit. Pure: the time is
//! given.

use std::collections::BTreeMap;

use quantflow_wire::Purpose;

use crate::ring::Ring;
use crate::visit::{Answer, Ask, Asking, BOUNDED, EVEN, LEASE, POLL, Visit};

/// Beyond so many rings those that are empty are forgotten: addresses and keys come and go.
const MANY_RINGS: usize = 64;

/// What the store knows of one venue. Times are milliseconds of the store's clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VenueState {
    /// When it was last visited.
    pub(crate) seen: i64,
    /// Until when to stay away, or 0.
    pub(crate) stay_away: i64,
    /// What was granted, by bucket.
    pub(crate) rings: BTreeMap<String, Ring>,
    /// Who waits, by lane: the first of each process's queue.
    pub(crate) claims: [Vec<Claim>; 2],
}

/// The first of a process's queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) member: u64,
    pub(crate) purpose: Purpose,
    pub(crate) since: i64,
    /// How many wait in the process.
    pub(crate) waiting: u32,
    /// It cannot be its turn before then.
    pub(crate) earliest: i64,
    /// The limit that it waits for; `None`: for none, or for the whole venue.
    pub(crate) on: Option<String>,
    pub(crate) expires: i64,
}

impl Claim {
    fn is_before(&self, purpose: Purpose, since: i64) -> bool {
        self.purpose < purpose || (self.purpose == purpose && self.since + EVEN < since)
    }
}

impl VenueState {
    /// Serves a visit at `now`. Between two visits nothing else may change the state.
    pub fn visit(&mut self, now: i64, visit: &Visit) -> Answer {
        let lost = visit.known > self.seen;
        self.advance(now);
        if let Some(wait) = visit.stay_away {
            self.stay_away = self.stay_away.max(now.saturating_add(wait));
        }
        for term in &visit.terms {
            let ring = self.rings.entry(term.bucket.clone()).or_default();
            ring.retune(term);
            ring.expire(now);
            for back in &visit.returned {
                ring.give_back(back.at, term.cost(back.weight));
            }
        }
        for raise in &visit.raised {
            let ours = visit.terms.iter().any(|term| term.bucket == raise.bucket);
            if ours && let Some(ring) = self.rings.get_mut(&raise.bucket) {
                ring.raise(now, raise.sent, raise.used);
            }
        }
        self.forget_unused(visit);
        let mut answer = Answer {
            now,
            lost,
            next: now,
            ..Answer::default()
        };
        let lane = visit.lane.index();
        self.claims[lane].retain(|claim| claim.expires > now);
        if let Some(asking) = &visit.asking {
            self.claims[lane].retain(|claim| claim.member != visit.member);
            self.serve(visit, asking, &mut answer);
        }
        answer.stay_away = self.stay_away;
        let others = self.claims[lane].iter();
        let others = others.filter(|claim| claim.member != visit.member);
        answer.waiting_elsewhere = others.map(|claim| claim.waiting).sum();
        let terms = visit.terms.iter();
        answer.used = terms
            .map(|term| self.rings[&term.bucket].used(now))
            .collect();
        answer
    }

    /// Brings the state to `now`. A clock that was set back takes it along: what was granted is then
    /// taken for younger than it is, never for older.
    fn advance(&mut self, now: i64) {
        let back = self.seen - now;
        if self.seen > 0 && back > 0 {
            self.rings.values_mut().for_each(|ring| ring.shift(back));
            if self.stay_away > 0 {
                self.stay_away -= back;
            }
            for claim in self.claims.iter_mut().flatten() {
                claim.since -= back;
                claim.earliest -= back;
                claim.expires -= back;
            }
        }
        self.seen = now;
        if self.stay_away <= now {
            self.stay_away = 0;
        }
    }

    fn forget_unused(&mut self, visit: &Visit) {
        if self.rings.len() > MANY_RINGS {
            let ours = |bucket: &String| visit.terms.iter().any(|term| term.bucket == *bucket);
            self.rings.retain(|bucket, ring| {
                ring.expire(self.seen);
                ours(bucket) || !ring.entries.is_empty()
            });
        }
    }

    fn serve(&mut self, visit: &Visit, asking: &Asking, answer: &mut Answer) {
        let now = answer.now;
        let mut lead = None;
        while let Some(ask) = asking.asks.get(answer.granted)
            && !answer.lost
        {
            lead = self.ahead(visit, ask);
            if lead.is_some() || !self.has_room(visit, ask) {
                break;
            }
            for term in &visit.terms {
                if let Some(ring) = self.rings.get_mut(&term.bucket) {
                    ring.take(now, term.cost(ask.weight));
                }
            }
            answer.granted += 1;
        }
        let rest = &asking.asks[answer.granted..];
        let Some(first) = rest.first() else {
            return;
        };
        let (mut count, mut weight, mut on) = (0, 0, None);
        for ask in rest.iter().take(BOUNDED) {
            count += 1;
            weight += u64::from(ask.weight);
            let (earliest, by) = self.earliest(visit, count, weight);
            answer.not_before.push(earliest);
            if count == 1 {
                on = by;
            }
        }
        let earliest = answer.not_before[0];
        answer.next = match lead {
            _ if answer.lost => now,
            None => earliest,
            Some(lead) => earliest.max(lead.max(now) + POLL),
        };
        if first.patience == 0 || earliest - now > first.patience {
            return;
        }
        answer.claimed = true;
        let granted = u32::try_from(answer.granted).unwrap_or(u32::MAX);
        self.claims[visit.lane.index()].push(Claim {
            member: visit.member,
            purpose: first.purpose,
            since: now - first.waited,
            waiting: asking.waiting.saturating_sub(granted),
            earliest,
            on,
            expires: now + LEASE,
        });
    }

    /// Whether others are before this one: the time at which the last of them can be served at the
    /// earliest.
    fn ahead(&self, visit: &Visit, ask: &Ask) -> Option<i64> {
        let since = self.seen - ask.waited;
        let ours = |bucket: &String| visit.terms.iter().any(|term| term.bucket == *bucket);
        self.claims[visit.lane.index()]
            .iter()
            .filter(|claim| claim.is_before(ask.purpose, since))
            .filter(|claim| claim.on.as_ref().is_none_or(ours))
            .map(|claim| claim.earliest)
            .max()
    }

    fn has_room(&self, visit: &Visit, ask: &Ask) -> bool {
        let mut terms = visit.terms.iter();
        self.stay_away == 0
            && terms.all(|term| self.rings[&term.bucket].fits(term.cost(ask.weight)))
    }

    /// When so many who weigh so much together can have been served at the earliest, and which limit
    /// says so.
    fn earliest(&self, visit: &Visit, count: u64, weight: u64) -> (i64, Option<String>) {
        let mut latest = (self.seen.max(self.stay_away), None);
        for term in &visit.terms {
            let cost = if term.weighted { weight } else { count };
            let at = self.rings[&term.bucket].earliest(self.seen, cost);
            if at > latest.0 {
                latest = (at, Some(term.bucket.clone()));
            }
        }
        latest
    }
}
