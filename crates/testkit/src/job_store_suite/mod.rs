//! What every [`JobDatabase`] owes, one case a function; [`job_store_suite!`](crate::job_store_suite!)
//! makes a test of each for an engine, and [`all`] runs them one after another for an engine whose
//! server should be started once.

mod bench;
mod fencing;
mod history;
mod jobs;
mod leases;
mod operators;
mod random;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quantflow_seams::jobs::JobDatabase;

pub use bench::Bench;
pub use fencing::*;
pub use history::*;
pub use jobs::*;
pub use leases::*;
pub use operators::*;
pub use random::*;

/// Makes empty databases.
#[async_trait]
pub trait Harness: Debug + Send + Sync {
    /// An empty one; each call gives another.
    async fn open(&self) -> Arc<dyn JobDatabase>;
}

/// The names of all cases, for the macros.
#[macro_export]
macro_rules! job_store_cases {
    ($then:path $(, $given:tt)*) => {
        $then! { $($given,)*
            connectors_are_made_changed_listed_and_removed,
            a_connector_with_jobs_stays,
            the_time_is_told,
            jobs_come_back_as_they_were_made,
            a_venue_has_one_job_for_each_thing,
            what_makes_no_sense_is_refused,
            jobs_are_listed_by_filter_and_page,
            a_job_is_changed_and_removed,
            a_paused_job_is_not_run,
            a_pause_ends_the_run_at_once,
            an_error_is_resumed,
            run_now_is_now,
            only_a_rewind_goes_back,
            a_backfill_is_asked_for_once_until_it_ended,
            what_changes_nothing_leaves_no_entry,
            every_change_has_its_entry,
            jobs_are_claimed_in_due_order,
            the_more_urgent_comes_first,
            venues_are_served_in_turn,
            a_backlog_does_not_starve_other_venues,
            a_disabled_connector_gets_no_leases,
            a_job_goes_to_one_worker,
            tokens_grow,
            a_lost_lease_changes_nothing,
            a_lease_that_is_over_counts_until_it_is_taken,
            a_renewal_never_shortens,
            a_cursor_never_goes_back,
            saying_it_twice_is_harmless,
            failures_are_counted_until_a_success,
            a_hard_failure_raises_an_event,
            a_released_job_stays_due,
            orphans_are_found_those_that_ended_first_first,
            a_job_that_is_done_is_not_claimed,
            runs_are_listed_by_filter_and_page,
            events_are_listed,
            old_history_is_pruned_and_the_audit_kept,
            workers_at_once_keep_the_order,
            random_operations_keep_the_invariants,
        }
    };
}

/// Makes a module of tests, one a case: `job_store_suite!(memory, Memory);`. The expression gives a
/// [`Harness`].
#[macro_export]
macro_rules! job_store_suite {
    ($engine:ident, $harness:expr) => {
        $crate::job_store_cases! { $crate::job_store_tests, $engine, $harness }
    };
}

/// Of [`job_store_suite!`](crate::job_store_suite!).
#[macro_export]
macro_rules! job_store_tests {
    ($engine:ident, $harness:expr, $($case:ident,)*) => {
        mod $engine {
            use super::*;
            $(
                #[test]
                fn $case() {
                    $crate::job_store_suite::run(
                        $crate::job_store_suite::$case(&$harness)
                    );
                }
            )*
        }
    };
}

macro_rules! run_each {
    ($harness:ident, $($case:ident,)*) => {
        $(
            println!("case {}", stringify!($case));
            within_minutes($case($harness)).await;
        )*
    };
}

/// Runs all cases, one after another, saying which.
pub async fn all(harness: &dyn Harness) {
    crate::job_store_cases! { run_each, harness }
}

/// Runs a case on several threads.
///
/// # Panics
/// When the case does, and when it takes minutes.
pub fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(within_minutes(case));
}

async fn within_minutes(case: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_mins(3), case)
        .await
        .expect("the case ends within three minutes");
}
