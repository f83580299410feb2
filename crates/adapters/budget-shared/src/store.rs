//! [`BudgetStore`]: the one thing that differs between shared stores.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use quantflow_seams::Clock;

use crate::visit::{Answer, Visit};

/// Where processes meet.
#[async_trait]
pub trait BudgetStore: Debug + Send + Sync + 'static {
    /// Serves a visit in one atomic step, after the rules of
    /// [`VenueState::visit`](crate::VenueState::visit). May be dropped half way: then it is done as a
    /// whole or not at all.
    async fn visit(&self, visit: &Visit) -> Result<Answer, StoreError>;
}

/// By whose clock a store lives.
#[derive(Debug, Clone)]
pub enum Time {
    /// By the server's own: what hosts share, so that their clocks need not agree.
    Server,
    /// By one that is given: for a file of one host, and for tests.
    Given(Arc<dyn Clock>),
}

impl Time {
    /// The given clock's time in ms, if it is not the server's that counts.
    pub fn given(&self) -> Option<i64> {
        match self {
            Self::Server => None,
            Self::Given(clock) => Some(clock.now().millis()),
        }
    }
}

/// Why a store could not be visited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The URL says nothing that can be opened.
    #[error("{0}")]
    Url(String),
    /// It cannot be reached, or the connection was lost: tried again for a while.
    #[error("{0}")]
    Connection(String),
    /// It refused, or said what cannot be understood: told at once.
    #[error("{0}")]
    Refused(String),
}
