//! Under load: random arrivals, and a budget that is wanted by all.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use quantflow_model::Timestamp;
use quantflow_seams::Clock;
use quantflow_wire::{LimitScope, Purpose};

use super::bench::{Bench, Make, PATIENT, limit, run, unweighted};

/// Whoever asks, whenever and for whatever: over every window, no more than the amount.
pub fn random_arrivals_never_exceed_any_window(make: &Make) {
    let arrival = (
        0..3_000_u64,
        1..=20_u32,
        0..4_usize,
        0..20_000_u64,
        any::<bool>(),
    );
    let case = (prop::collection::vec(arrival, 1..150), 20..60_u32, 1..8_u32);
    proptest!(ProptestConfig::with_cases(make.cases), |((arrivals, amount, count) in case)| {
        let granted = Arc::new(Mutex::new(Vec::new()));
        run(async {
            let limits = [limit("weight", amount, 7), unweighted("count", count, 1, LimitScope::Key)];
            let bench = Bench::with_limits(make, &limits).await;
            let mut tasks = Vec::new();
            for (gap, weight, purpose, patience, goes_away) in arrivals {
                bench.clock.advance(Duration::from_millis(gap / 4));
                let purpose = [Purpose::Live, Purpose::Repair, Purpose::Interactive, Purpose::Backfill][purpose];
                let (budget, venue, granted) = (Arc::clone(&bench.budget), bench.venue.clone(), Arc::clone(&granted));
                let task = tokio::spawn(async move {
                    let patience = Duration::from_millis(patience);
                    if let Ok(grant) = budget.acquire(&venue, weight, purpose, patience).await {
                        granted.lock().unwrap().push((grant.at, weight));
                    }
                });
                bench.settle().await;
                if goes_away { task.abort() } else { tasks.push(task) }
            }
            bench.run_until(|| tasks.iter().all(tokio::task::JoinHandle::is_finished)).await;
            assert_eq!(bench.budget.usage(&bench.venue).await[0].waiting, 0);
        });
        let granted = granted.lock().unwrap();
        for (limit_amount, window, weighted) in [(amount, 7, true), (count, 1, false)] {
            let most = most_in_a_window(&granted, Duration::from_secs(window), weighted);
            prop_assert!(most <= u64::from(limit_amount), "{most} of {limit_amount} in {window} s");
        }
    });
}

/// The most that any half-open window of this length holds.
pub(super) fn most_in_a_window(
    granted: &[(Timestamp, u32)],
    window: Duration,
    weighted: bool,
) -> u64 {
    let mut sorted = granted.to_vec();
    sorted.sort_unstable();
    let (mut inside, mut sum, mut most) = (VecDeque::new(), 0, 0);
    for (at, weight) in sorted {
        let cost = if weighted { u64::from(weight) } else { 1 };
        inside.push_back((at, cost));
        sum += cost;
        while inside
            .front()
            .is_some_and(|(first, _)| *first + window <= at)
        {
            sum -= inside.pop_front().map_or(0, |(_, cost)| cost);
        }
        most = most.max(sum);
    }
    most
}

/// Never exceeding is easy for a budget that grants nothing.
pub fn a_saturated_budget_is_used_to_95_percent(make: &Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-10s", 100, 10)]).await;
        let begun = bench.clock.now();
        let used = Arc::new(Mutex::new(0_u64));
        for worker in 0..20_u32 {
            let (budget, venue, used) = (
                Arc::clone(&bench.budget),
                bench.venue.clone(),
                Arc::clone(&used),
            );
            tokio::spawn(async move {
                let weight = 1 + worker % 5;
                while budget
                    .acquire(&venue, weight, Purpose::Backfill, PATIENT)
                    .await
                    .is_ok()
                {
                    *used.lock().unwrap() += u64::from(weight);
                }
            });
        }
        let end = begun + Duration::from_mins(10);
        bench.run_until(|| bench.clock.now() >= end).await;
        let (used, allowed) = (*used.lock().unwrap(), 100 * 60);
        assert!(used * 100 >= allowed * 95, "{used} of {allowed}");
    });
}
