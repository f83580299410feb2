//! What every [`Budget`](quantflow_seams::Budget) owes, one function a case;
//! [`budget_suite!`](crate::budget_suite!) stamps them out as tests for an engine, and
//! [`shared_budget_suite!`](crate::shared_budget_suite!) those of an engine that processes share. An
//! engine whose server takes long to start runs all of them as one test ([`run_all`],
//! [`run_all_shared`]).

mod bench;
mod limits;
mod load;
mod members;
mod members_load;
mod told;
mod waiting;

pub use bench::{Engine, Make, Meeting, MeetingPlaces, Who};
pub use limits::*;
pub use load::*;
pub use members::*;
pub use members_load::*;
pub use told::*;
pub use waiting::*;

/// Makes a list of cases: tests of a module, or one function that runs them all.
macro_rules! cases {
    ($(#[$doc:meta])* $all:ident($context:ty), $suite:ident, $($case:ident)*) => {
        $(#[$doc])*
        pub fn $all(context: &$context) {
            $(
                println!("case {}", stringify!($case));
                $case(context);
            )*
        }

        cases!(@suite ($) $suite, $($case)*);
    };
    (@suite ($dollar:tt) $suite:ident, $($case:ident)*) => {
        /// One test for each case of the suite, in a module of this name.
        #[macro_export]
        macro_rules! $suite {
            ($dollar name:ident, $dollar context:expr) => {
                mod $dollar name {
                    $(#[test]
                    fn $case() {
                        $crate::budget_suite::$case(&$dollar context);
                    })*
                }
            };
        }
    };
}

cases!(
    /// Every case of the suite, one after the other.
    run_all(Make),
    budget_suite,
    nothing_is_granted_before_the_limits_are_set
    what_never_fits_is_refused_at_once
    every_limit_holds_and_weights_count
    no_window_across_an_edge_holds_more
    urgent_purposes_go_first_and_each_is_first_come_first_served
    a_heavy_request_is_not_starved_by_light_ones
    impatience_is_told_at_once_and_takes_nothing
    who_goes_away_takes_nothing_and_lets_the_next_pass
    nothing_is_granted_while_the_venue_says_stay_away
    the_venues_count_raises_ours_and_never_lowers_it
    connections_and_requests_do_not_wait_for_one_another
    venues_do_not_share
    a_clock_set_back_neither_grants_more_nor_waits_for_ever
    polling_faster_than_the_refill_still_gets_the_refill
    new_limits_keep_what_was_granted
    windows_of_a_second_a_minute_and_a_day_hold_together
    random_arrivals_never_exceed_any_window
    a_saturated_budget_is_used_to_95_percent
);

cases!(
    /// Every case of the suite of shared engines, one after the other.
    run_all_shared(dyn MeetingPlaces),
    shared_budget_suite,
    processes_share_a_window
    the_urgent_of_another_process_go_first
    within_a_purpose_the_first_of_all_processes_is_first
    a_heavy_request_is_not_starved_by_another_process
    a_process_that_dies_takes_nothing_and_is_soon_in_nobodys_way
    who_goes_away_lets_another_process_pass
    all_processes_stay_away_when_one_was_told
    the_venues_count_told_to_one_counts_for_all
    addresses_have_budgets_of_their_own_and_keys_are_shared
    a_process_that_starts_again_knows_what_was_granted
    who_waits_anywhere_is_counted
    random_processes_never_exceed_any_window
    processes_together_use_95_percent_and_each_gets_its_share
);
