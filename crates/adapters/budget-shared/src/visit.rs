//! [`Visit`] and [`Answer`]: all that a process and the store say to one another.

use std::time::Duration;

use quantflow_model::VenueId;
use quantflow_wire::Purpose;

/// How many who wait are asked for in one visit.
pub const BATCH: usize = 64;
/// For how many who wait an answer says when it can be their turn at the earliest.
pub const BOUNDED: usize = 8;
/// Arrivals at different processes closer than this count as one moment, in ms.
pub const EVEN: i64 = 250;
/// How long a claim stands without being renewed, in ms.
pub const LEASE: i64 = 2_000;
/// How often a process that waits looks again when another is first, in ms.
pub const POLL: i64 = 10;
/// At the latest after so long a process that waits visits again.
pub const RENEW: Duration = Duration::from_millis(500);
/// A grant that took longer than this to come back from the store is not handed out: it counts from
/// when the store gave it.
pub const LATE: Duration = Duration::from_secs(1);

/// What is asked for. Requests and new connections have limits of their own and never wait for one
/// another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Requests.
    Requests,
    /// New sockets.
    Connections,
}

impl Lane {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Requests, Self::Connections];

    /// 0 or 1.
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// What a process tells the store, and asks of it, about one venue. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The venue.
    pub venue: VenueId,
    /// What is asked for.
    pub lane: Lane,
    /// Who asks: a number of the process's own.
    pub member: u64,
    /// The lane's limits.
    pub terms: Vec<Term>,
    /// The store's time when this process was last here, or 0. A store that does not remember so much
    /// lost something.
    pub known: i64,
    /// The queue; `None` leaves the claim as it is.
    pub asking: Option<Asking>,
    /// Grants that were not used.
    pub returned: Vec<GivenBack>,
    /// What the venue counted.
    pub raised: Vec<Raise>,
    /// For how long from now the venue told us to stay away.
    pub stay_away: Option<i64>,
}

/// A limit as the store counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The limit's name with what shares it: an address or a key.
    pub bucket: String,
    /// How much a window allows.
    pub amount: u32,
    /// The window's length.
    pub window: i64,
    /// Whether a request counts its weight, or 1.
    pub weighted: bool,
}

impl Term {
    /// What a request of this weight counts.
    pub const fn cost(&self, weight: u32) -> u32 {
        if self.weighted { weight } else { 1 }
    }
}

/// Who waits in a process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asking {
    /// The first of the queue, in its order, at the most [`BATCH`]. Empty: nobody waits any more.
    pub asks: Vec<Ask>,
    /// How many wait in all.
    pub waiting: u32,
}

/// One who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Why it asks.
    pub purpose: Purpose,
    /// For how long it has been waiting.
    pub waited: i64,
    /// For how long it will wait from now: who cannot be served in time makes no claim.
    pub patience: i64,
    /// What it weighs.
    pub weight: u32,
}

/// A grant that was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenBack {
    /// When it was given, by the store's clock.
    pub at: i64,
    /// What it weighed.
    pub weight: u32,
}

/// The venue's own count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raise {
    /// Of which limit.
    pub bucket: String,
    /// What is used.
    pub used: u32,
    /// When the request was granted whose answer told it, by the store's clock.
    pub sent: i64,
}

/// What the store says to a [`Visit`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The store's time.
    pub now: i64,
    /// How many of the asks were granted, from the first.
    pub granted: usize,
    /// The first who still waits stands in the store as this process's claim.
    pub claimed: bool,
    /// The store forgot what this process knows. Nothing was granted.
    pub lost: bool,
    /// Until when to stay away; 0: the venue did not say so.
    pub stay_away: i64,
    /// How many wait in other processes.
    pub waiting_elsewhere: u32,
    /// When to come again, if somebody still waits.
    pub next: i64,
    /// For each of the first [`BOUNDED`] who still wait: a time before which it is surely not its turn.
    pub not_before: Vec<i64>,
    /// What is used in the window that ends now, by term.
    pub used: Vec<u32>,
}
