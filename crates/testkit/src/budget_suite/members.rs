//! Several processes over one store: what they share, who is first, and who dies.

use std::time::Duration;

use quantflow_model::Timestamp;
use quantflow_seams::{BudgetError, Clock};
use quantflow_wire::{Limit, LimitScope, Purpose};

use super::bench::{MeetingPlaces, Processes, Who, limit, run, unweighted};

/// What one process was granted the others cannot have.
pub fn processes_share_a_window(places: &dyn MeetingPlaces) {
    run(async {
        let processes = Processes::start(places, 3, &[limit("weight-1m", 10, 60)]).await;
        processes.now(0, 4).await.unwrap();
        processes.advance(30_000);
        processes.now(1, 4).await.unwrap();
        processes.now(2, 2).await.unwrap();
        for process in 0..3 {
            let error = processes.now(process, 1).await.unwrap_err();
            assert!(matches!(error, BudgetError::TooLong { .. }), "{error}");
            let usage = processes.budget(process).usage(&processes.venue).await;
            assert_eq!((usage[0].used, usage[0].amount), (10, 10));
        }
        processes.advance(32_000);
        processes.now(0, 4).await.unwrap();
        assert!(processes.now(1, 1).await.is_err());
    });
}

/// A backfill of one process does not delay what is live in another, whichever is there first when
/// there is room.
pub fn the_urgent_of_another_process_go_first(places: &dyn MeetingPlaces) {
    for (patient, urgent) in [(0, 1), (1, 0)] {
        run(async {
            let processes = Processes::start(places, 2, &[limit("weight-1m", 10, 60)]).await;
            processes.now(patient, 10).await.unwrap();
            let backfill = processes.ask(patient, 6, Purpose::Backfill).await;
            processes.advance(5_000);
            let live = processes.ask(urgent, 5, Purpose::Live).await;
            let live = processes.finish(live).await.unwrap();
            assert!(!backfill.is_finished(), "only one of them fits");
            let backfill = processes.finish(backfill).await.unwrap();
            assert!(backfill.at.since(live.at) >= 60_000_000_000);
        });
    }
}

/// First come first served, whichever process they came to.
pub fn within_a_purpose_the_first_of_all_processes_is_first(places: &dyn MeetingPlaces) {
    run(async {
        let processes = Processes::start(places, 3, &[limit("weight-10s", 1, 10)]).await;
        processes.now(0, 1).await.unwrap();
        let mut waiting = Vec::new();
        for process in [1, 0, 2, 1, 2, 0] {
            waiting.push(processes.ask(process, 1, Purpose::Backfill).await);
            processes.advance(400);
        }
        let mut last = Timestamp::EPOCH;
        for (place, task) in waiting.into_iter().enumerate() {
            let grant = processes.finish(task).await.unwrap();
            assert!(grant.at > last, "number {place} was passed");
            last = grant.at;
        }
    });
}

/// Light requests of another process, that came later, do not starve it.
pub fn a_heavy_request_is_not_starved_by_another_process(places: &dyn MeetingPlaces) {
    run(async {
        let processes = Processes::start(places, 2, &[limit("weight-10s", 10, 10)]).await;
        for _ in 0..5 {
            processes.now(1, 2).await.unwrap();
            processes.advance(1_900);
        }
        let heavy = processes.ask(0, 10, Purpose::Backfill).await;
        processes.advance(300);
        let light = processes.ask(1, 1, Purpose::Backfill).await;
        assert!(!light.is_finished(), "it fits, but is not first");
        let heavy = processes.finish(heavy).await.unwrap();
        let light = processes.finish(light).await.unwrap();
        assert!(heavy.at <= light.at);
    });
}

/// A claim without its process is soon over.
pub fn a_process_that_dies_takes_nothing_and_is_soon_in_nobodys_way(places: &dyn MeetingPlaces) {
    run(async {
        let processes = Processes::start(places, 2, &[limit("weight-1m", 10, 60)]).await;
        processes.now(0, 5).await.unwrap();
        let dead = processes.ask(0, 10, Purpose::Live).await;
        processes.kill(0);
        processes.advance(300);
        let begun = processes.clock.now();
        let next = processes.ask(1, 5, Purpose::Backfill).await;
        let grant = processes.finish(next).await.unwrap();
        let waited = Duration::from_nanos(grant.at.since(begun).unsigned_abs());
        assert!(waited <= Duration::from_millis(2_500), "{waited:?}");
        assert!(processes.now(1, 1).await.is_err(), "5 and 5 are taken");
        processes.advance(62_000);
        processes.now(1, 10).await.unwrap();
        dead.abort();
    });
}

/// Cancel safety across processes.
pub fn who_goes_away_lets_another_process_pass(places: &dyn MeetingPlaces) {
    run(async {
        let processes = Processes::start(places, 2, &[limit("weight-1m", 10, 60)]).await;
        processes.now(0, 5).await.unwrap();
        let heavy = processes.ask(0, 10, Purpose::Repair).await;
        processes.advance(300);
        let light = processes.ask(1, 5, Purpose::Backfill).await;
        assert!(!light.is_finished());
        let begun = processes.clock.now();
        heavy.abort();
        let grant = processes.finish(light).await.unwrap();
        assert!(grant.at.since(begun) <= 500_000_000, "within half a second");
    });
}

/// Whoever was told.
pub fn all_processes_stay_away_when_one_was_told(places: &dyn MeetingPlaces) {
    run(async {
        let limits = [
            limit("weight-1m", 10, 60),
            unweighted("connections", 5, 60, LimitScope::Connection),
        ];
        let processes = Processes::start(places, 2, &limits).await;
        let waits = processes.ask(1, 1, Purpose::Live).await;
        processes.finish(waits).await.unwrap();
        let until = processes.clock.now() + Duration::from_secs(30);
        processes.budget(0).stay_away(&processes.venue, until).await;
        assert!(processes.now(1, 1).await.is_err());
        let socket = processes.budget(1);
        let socket = socket.acquire_connection(&processes.venue, Duration::ZERO);
        assert!(socket.await.is_err());
        let usage = processes.budget(1).usage(&processes.venue).await;
        assert_eq!(usage[0].stay_away_until, Some(until));
        let waits = processes.ask(1, 1, Purpose::Live).await;
        assert_eq!(processes.finish(waits).await.unwrap().at, until);
    });
}

/// The counter in an answer's head is the address's.
pub fn the_venues_count_told_to_one_counts_for_all(places: &dyn MeetingPlaces) {
    run(async {
        let processes = Processes::start(places, 2, &[limit("weight-1m", 100, 60)]).await;
        let sent = processes.now(0, 10).await.unwrap().at;
        processes.advance(1_000);
        processes.now(1, 20).await.unwrap();
        let venue = &processes.venue;
        let told = processes.budget(0).correct(venue, "weight-1m", 50, sent);
        told.await;
        processes.settle().await;
        let usage = processes.budget(1).usage(venue).await;
        assert_eq!(usage[0].used, 70, "40 of others, 20 since");
        assert!(processes.now(1, 31).await.is_err());
        processes.now(1, 30).await.unwrap();
    });
}

/// Limits are shared by those that they are meant for.
pub fn addresses_have_budgets_of_their_own_and_keys_are_shared(places: &dyn MeetingPlaces) {
    run(async {
        let limits = [
            limit("weight-1m", 10, 60),
            Limit {
                scope: LimitScope::Key,
                ..limit("key-1m", 16, 60)
            },
        ];
        let mut processes = Processes::start(places, 0, &limits).await;
        for (id, address, key) in [(1, "here", "ours"), (2, "there", "ours"), (3, "there", "")] {
            let (address, key) = (address.to_owned(), key.to_owned());
            processes.join(Who { id, address, key }).await;
        }
        processes.now(0, 10).await.unwrap();
        assert!(processes.now(0, 1).await.is_err(), "here is used up");
        // who waits here is in nobody's way there
        let waits = processes.ask(0, 5, Purpose::Live).await;
        processes.advance(300);
        processes.now(1, 6).await.unwrap();
        assert!(processes.now(1, 1).await.is_err(), "the key is used up");
        processes.now(2, 4).await.unwrap();
        assert!(processes.now(2, 1).await.is_err(), "there is used up");
        processes.finish(waits).await.unwrap();
    });
}

/// What was granted is the address's, not the process's.
pub fn a_process_that_starts_again_knows_what_was_granted(places: &dyn MeetingPlaces) {
    run(async {
        let mut processes = Processes::start(places, 0, &[limit("weight-1m", 10, 60)]).await;
        let mut granted = 0;
        for life in 0..20 {
            let process = processes.join(Who::number(life)).await;
            granted += u32::from(processes.now(process, 3).await.is_ok());
            processes.kill(process);
            processes.advance(1_000);
        }
        assert_eq!(granted, 3, "in the first 20 s, of 10 a minute");
    });
}

/// For whoever looks at the connectors.
pub fn who_waits_anywhere_is_counted(places: &dyn MeetingPlaces) {
    run(async {
        let processes = Processes::start(places, 2, &[limit("weight-1m", 10, 60)]).await;
        processes.now(0, 10).await.unwrap();
        let mut waiting = Vec::new();
        for process in [0, 1, 0, 1, 1] {
            waiting.push(processes.ask(process, 1, Purpose::Backfill).await);
        }
        processes.advance(600);
        processes.settle().await;
        for process in 0..2 {
            let usage = processes.budget(process).usage(&processes.venue).await;
            assert_eq!(usage[0].waiting, 5);
        }
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
        processes.settle().await;
        let usage = processes.budget(0).usage(&processes.venue).await;
        assert_eq!(usage[0].waiting, 0);
    });
}
