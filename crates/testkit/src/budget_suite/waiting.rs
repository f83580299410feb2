//! Who is served when: order, patience, going away.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use quantflow_seams::BudgetError;
use quantflow_wire::Purpose;

use super::bench::{Bench, Make, PATIENT, limit, run};

/// Live before Repair before Interactive before Backfill, each in the order of arrival.
pub fn urgent_purposes_go_first_and_each_is_first_come_first_served(make: &Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1s", 1, 1)]).await;
        bench.now(1).await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let arrivals = [
            Purpose::Backfill,
            Purpose::Interactive,
            Purpose::Repair,
            Purpose::Backfill,
            Purpose::Live,
            Purpose::Repair,
            Purpose::Interactive,
            Purpose::Live,
        ];
        for (number, purpose) in arrivals.into_iter().enumerate() {
            let (budget, venue) = (Arc::clone(&bench.budget), bench.venue.clone());
            let order = Arc::clone(&order);
            tokio::spawn(async move {
                budget.acquire(&venue, 1, purpose, PATIENT).await.unwrap();
                order.lock().unwrap().push((purpose, number));
            });
            bench.settle().await;
        }
        bench
            .run_until(|| order.lock().unwrap().len() == arrivals.len())
            .await;
        let served = order.lock().unwrap().clone();
        let mut expected = served.clone();
        expected.sort_unstable();
        assert_eq!(served, expected);
    });
}

/// Within a purpose the first in the queue is next, however light the others are.
pub fn a_heavy_request_is_not_starved_by_light_ones(make: &Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1m", 10, 60)]).await;
        bench.now(5).await.unwrap();
        let heavy = bench.ask(10, Purpose::Backfill, PATIENT).await;
        let light = bench.ask(1, Purpose::Backfill, PATIENT).await;
        assert!(!light.is_finished(), "it fits, but is not first");
        let heavy = bench.finish(heavy).await.unwrap();
        let light = bench.finish(light).await.unwrap();
        assert!(heavy.at <= light.at);
    });
}

/// A wait that would be too long is told at once when that is certain, else when it is.
pub fn impatience_is_told_at_once_and_takes_nothing(make: &Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1m", 10, 60)]).await;
        bench.now(10).await.unwrap();
        let certain = bench.ask(1, Purpose::Live, Duration::from_secs(30)).await;
        assert!(certain.is_finished());
        let error = certain.await.unwrap().unwrap_err();
        assert!(
            matches!(error, BudgetError::TooLong { wait, .. } if wait >= Duration::from_secs(59)),
            "{error}"
        );

        let first = bench.ask(10, Purpose::Backfill, PATIENT).await;
        // room comes in time, but a more urgent one takes it
        let second = bench
            .ask(10, Purpose::Backfill, Duration::from_secs(90))
            .await;
        assert!(second.is_finished(), "two windows are ahead of it");
        bench.finish(first).await.unwrap();
        bench.advance(70);
        assert_eq!(bench.used().await, 0, "who gave up took nothing");
        bench.now(10).await.unwrap();
    });
}

/// Cancel safety: dropping the future frees the place, and takes nothing.
pub fn who_goes_away_takes_nothing_and_lets_the_next_pass(make: &Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1m", 10, 60)]).await;
        bench.now(5).await.unwrap();
        let heavy = bench.ask(10, Purpose::Backfill, PATIENT).await;
        let light = bench.ask(5, Purpose::Backfill, PATIENT).await;
        assert!(!light.is_finished());
        heavy.abort();
        bench.settle().await;
        assert!(light.is_finished(), "without the passing of time");
        light.await.unwrap().unwrap();
        let usage = &bench.budget.usage(&bench.venue).await[0];
        assert_eq!((usage.used, usage.waiting), (10, 0));
    });
}
