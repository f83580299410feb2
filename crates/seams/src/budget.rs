//! [`Budget`]: what may be asked of a venue, shared by all who ask.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use compact_str::CompactString;
use quantflow_model::{Timestamp, VenueId};
use quantflow_wire::{Limit, Purpose};

/// What may be asked of each venue, shared by all who ask it. Never exceeded: over any window of a
/// limit's length (not only from edge to edge) no more than its amount is granted.
///
/// Owed by an implementation: more urgent purposes are served first; within one, first come first
/// served; a waiting caller that goes away takes nothing.
///
/// A budget may be shared by processes and hosts. Then limits of an address (and of connections) are
/// shared by those that have it, limits of a key by those that use it: an engine is told at its opening
/// who its process is. Every request counts against the key's limits. Within a purpose, callers of
/// different processes that come a quarter of a second apart or less may be served in either order; a
/// process that dies while it waits takes nothing, and is in nobody's way after two seconds.
#[async_trait]
pub trait Budget: Debug + Send + Sync + 'static {
    /// Sets a venue's limits. Until this is called nothing is granted for the venue.
    async fn configure(&self, venue: &VenueId, limits: &[Limit]) -> Result<(), BudgetError>;

    /// Waits until a request of this weight may be sent, and takes it. Cancel-safe.
    ///
    /// # Errors
    /// [`BudgetError::TooLong`] when the wait would pass `patience`; nothing is taken then.
    async fn acquire(
        &self,
        venue: &VenueId,
        weight: u32,
        purpose: Purpose,
        patience: Duration,
    ) -> Result<Grant, BudgetError>;

    /// Waits until a socket may be opened, and takes it: new connections have limits of their own
    /// ([`LimitScope::Connection`](quantflow_wire::LimitScope::Connection)) and wait only for one
    /// another. Otherwise as [`Budget::acquire`].
    async fn acquire_connection(
        &self,
        venue: &VenueId,
        patience: Duration,
    ) -> Result<Grant, BudgetError>;

    /// The venue's own count of what is used, by limit name: ours is raised to it, never lowered
    /// below what was granted since `sent`, which is [`Grant::at`] of the request whose answer told.
    async fn correct(&self, venue: &VenueId, limit: &str, used: u32, sent: Timestamp);

    /// The venue told us to stay away until then (by the caller's clock): nothing is granted before,
    /// to any process.
    async fn stay_away(&self, venue: &VenueId, until: Timestamp);

    /// What is used now; nothing where a shared store does not answer.
    async fn usage(&self, venue: &VenueId) -> Vec<BudgetUse>;
}

/// Leave to send one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// When it was given, by the budget's clock: that of the store where hosts share one, so that
    /// theirs need not agree. For [`Budget::correct`]; not to be compared with other clocks.
    pub at: Timestamp,
}

/// How much of a limit is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetUse {
    /// The limit.
    pub limit: CompactString,
    /// Used in the window that ends now.
    pub used: u32,
    /// How much there is.
    pub amount: u32,
    /// How long a window is.
    pub window: Duration,
    /// Until when the venue told us to stay away, if it did.
    pub stay_away_until: Option<Timestamp>,
    /// How many wait.
    pub waiting: usize,
}

/// Why a request may not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// The venue's limits are not set.
    #[error("no limits are set for {0}")]
    NotConfigured(VenueId),
    /// The request weighs more than a whole window allows.
    #[error("a weight of {weight} is more than {limit} allows in a window ({amount})")]
    NeverFits {
        /// The request's weight.
        weight: u32,
        /// The limit.
        limit: CompactString,
        /// Its amount.
        amount: u32,
    },
    /// The wait would be longer than the caller's patience.
    #[error("the budget of {venue} is used up for the next {wait:?}")]
    TooLong {
        /// Which venue.
        venue: VenueId,
        /// How long the wait would be.
        wait: Duration,
    },
    /// The shared store of the budget does not answer; nothing was taken.
    #[error("the budget's store does not answer: {0}")]
    Unavailable(String),
}
