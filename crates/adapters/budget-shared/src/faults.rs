//! [`Severable`]: a store that can be cut off from its process, for tests of what the others see when
//! one dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use crate::store::{BudgetStore, StoreError};
use crate::visit::{Answer, Visit};

/// A store behind a switch. Once cut nothing reaches it any more: to the other processes this one is
/// dead, with whatever it held.
#[derive(Debug)]
pub struct Severable<S> {
    store: S,
    cut: Arc<AtomicBool>,
}

impl<S> Severable<S> {
    /// The store, and its switch: `true` cuts.
    pub fn new(store: S) -> (Self, Arc<AtomicBool>) {
        let cut = Arc::new(AtomicBool::new(false));
        let severable = Self {
            store,
            cut: Arc::clone(&cut),
        };
        (severable, cut)
    }

    fn reachable(&self) -> Result<(), StoreError> {
        if self.cut.load(Ordering::Relaxed) {
            return Err(StoreError::Refused("it is cut off".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl<S: BudgetStore> BudgetStore for Severable<S> {
    async fn visit(&self, visit: &Visit) -> Result<Answer, StoreError> {
        self.reachable()?;
        let answer = self.store.visit(visit).await;
        self.reachable()?; // the store served it, and nobody learns
        answer
    }
}
