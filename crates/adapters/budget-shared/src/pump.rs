//! [`pump`]: the task that visits the store as long as somebody waits.

use std::sync::Arc;
use std::time::Duration;

use quantflow_model::VenueId;
use quantflow_seams::BudgetError;
use tokio::time::Instant;

use crate::budget::ended;
use crate::queue::Prepared;
use crate::shared::Shared;
use crate::store::StoreError;
use crate::visit::{LATE, Lane, Visit};

/// Between two tries of a store that failed.
const RETRY: Duration = Duration::from_millis(50);

/// Serves a lane's queue until nobody waits and nothing is to be told. One runs for a queue at a
/// time; it is not cancelled by callers that go away, so that what a visit brought is never lost.
pub(crate) async fn pump(shared: Arc<Shared>, venue: VenueId, lane: Lane) {
    let mut serving = Serving {
        shared: &shared,
        venue: &venue,
        lane,
        done: false,
    };
    let mut failing: Option<Instant> = None;
    while let Some((visit, prepared, wake)) = serving.next_visit() {
        // a duration of the process, not a time of the rules
        let began = Instant::now();
        let busy = shared.busy();
        let wait = match shared.visit(&visit).await {
            Ok(answer) => {
                failing = None;
                let late = began.elapsed() > LATE;
                let now = shared.clock.now();
                let mut venues = shared.venues();
                venues.get_mut(&venue).map_or(Duration::ZERO, |state| {
                    let queue = state.queue(lane);
                    queue.settle(&venue, &prepared, &answer, now, late)
                })
            }
            Err(error) => {
                let since = *failing.get_or_insert(began);
                let give_up = !matches!(error, StoreError::Connection(_))
                    || since.elapsed() >= shared.member.answer_within;
                if serving.failed(prepared, give_up.then_some(error)) {
                    return;
                }
                tokio::time::sleep(RETRY).await;
                continue;
            }
        };
        drop(busy);
        if !wait.is_zero() {
            tokio::select! {
                () = shared.clock.sleep(wait) => {}
                () = wake.notified() => {}
            }
        }
    }
}

/// That a task serves a queue; who waits must not wait for ever if it ends in another way than by
/// itself.
struct Serving<'a> {
    shared: &'a Shared,
    venue: &'a VenueId,
    lane: Lane,
    done: bool,
}

impl Serving<'_> {
    fn next_visit(&mut self) -> Option<(Visit, Prepared, Arc<tokio::sync::Notify>)> {
        let mut venues = self.shared.venues();
        let state = venues.get_mut(self.venue)?;
        let mut visit = self.shared.plain_visit(self.venue, state, self.lane);
        let queue = state.queue(self.lane);
        let Some(mut prepared) = queue.prepare(self.shared.clock.now()) else {
            queue.pumping = false;
            self.done = true;
            return None;
        };
        visit.asking = Some(prepared.asking.clone());
        visit.returned = std::mem::take(&mut prepared.returned);
        visit.raised.clone_from(&prepared.raised);
        Some((visit, prepared, Arc::clone(&queue.wake)))
    }

    /// Takes a failed visit back. With `gave_up` all who wait are told, and this was the last try: whoever
    /// comes next makes another.
    fn failed(&mut self, prepared: Prepared, gave_up: Option<StoreError>) -> bool {
        let mut venues = self.shared.venues();
        let Some(state) = venues.get_mut(self.venue) else {
            return true;
        };
        let queue = state.queue(self.lane);
        queue.failed(prepared);
        let Some(error) = gave_up else {
            return false;
        };
        queue.tell_all(&BudgetError::Unavailable(error.to_string()));
        queue.pumping = false;
        self.done = true;
        true
    }
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        if let Some(state) = self.shared.venues().get_mut(self.venue) {
            let queue = state.queue(self.lane);
            queue.pumping = false;
            queue.tell_all(&ended());
        }
    }
}
