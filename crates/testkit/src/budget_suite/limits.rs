//! Limits hold: several at once, over every window, whatever the clock does.

use std::time::Duration;

use quantflow_model::VenueId;
use quantflow_seams::{BudgetError, Clock};
use quantflow_wire::{LimitScope, Purpose};

use super::bench::{Bench, Make, PATIENT, limit, run, unweighted};

/// Until a venue's limits are set nothing is granted for it.
pub fn nothing_is_granted_before_the_limits_are_set(make: &Make) {
    run(async {
        let bench = Bench::new(make).await;
        let error = bench.now(1).await.unwrap_err();
        assert_eq!(error, BudgetError::NotConfigured(bench.venue.clone()));
        let connection = bench.budget.acquire_connection(&bench.venue, PATIENT).await;
        assert_eq!(connection.unwrap_err(), error);
        assert!(bench.budget.usage(&bench.venue).await.is_empty());
    });
}

/// A weight above a whole window's amount is refused, not waited for.
pub fn what_never_fits_is_refused_at_once(make: &Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1m", 10, 60)]).await;
        let task = bench.ask(11, Purpose::Live, PATIENT).await;
        assert_eq!(
            task.await.unwrap().unwrap_err(),
            BudgetError::NeverFits {
                weight: 11,
                limit: "weight-1m".into(),
                amount: 10
            }
        );
        bench.now(10).await.unwrap();
    });
}

/// Several limits at once; one counts requests, the other weight.
pub fn every_limit_holds_and_weights_count(make: &Make) {
    run(async {
        let limits = [
            limit("weight-1m", 100, 60),
            unweighted("requests-1s", 3, 1, LimitScope::Address),
        ];
        let bench = Bench::with_limits(make, &limits).await;
        for _ in 0..3 {
            bench.now(30).await.unwrap();
        }
        let error = bench.now(1).await.unwrap_err();
        assert!(matches!(error, BudgetError::TooLong { .. }), "{error}");
        bench.advance(2);
        bench.now(10).await.unwrap();
        let BudgetError::TooLong { wait, .. } = bench.now(1).await.unwrap_err() else {
            panic!("the weight is used up");
        };
        assert!((57..=60).contains(&wait.as_secs()), "{wait:?}");
        let usage = bench.budget.usage(&bench.venue).await;
        let weight = usage.iter().find(|u| u.limit == "weight-1m").unwrap();
        assert_eq!((weight.used, weight.amount, weight.waiting), (100, 100, 0));
        let requests = usage.iter().find(|u| u.limit == "requests-1s").unwrap();
        assert_eq!((requests.used, requests.amount), (1, 3));
        assert_eq!(requests.window, Duration::from_secs(1));
    });
}

/// The fixed-period fault: twice the amount around the period's edge.
pub fn no_window_across_an_edge_holds_more(make: &Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1m", 10, 60)]).await;
        bench.advance(59);
        bench.now(10).await.unwrap();
        bench.advance(2);
        assert!(
            bench.now(1).await.is_err(),
            "61 s is another minute, but not another window"
        );
        bench.advance(57);
        assert!(bench.now(1).await.is_err());
        bench.advance(3);
        bench.now(10).await.unwrap();
    });
}

/// New sockets have limits of their own.
pub fn connections_and_requests_do_not_wait_for_one_another(make: &Make) {
    run(async {
        let limits = [
            limit("weight-1m", 10, 60),
            unweighted("connections-5m", 2, 300, LimitScope::Connection),
        ];
        let bench = Bench::with_limits(make, &limits).await;
        bench.now(10).await.unwrap();
        let connect = || {
            bench
                .budget
                .acquire_connection(&bench.venue, Duration::ZERO)
        };
        connect().await.unwrap();
        connect().await.unwrap();
        assert!(matches!(connect().await, Err(BudgetError::TooLong { .. })));
        bench.advance(62);
        bench.now(10).await.unwrap();
        assert!(connect().await.is_err());
        bench.advance(243);
        connect().await.unwrap();
    });
}

/// What one venue is asked is not another's.
pub fn venues_do_not_share(make: &Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1m", 10, 60)]).await;
        let other = "elsewhere".parse::<VenueId>().unwrap();
        bench
            .budget
            .configure(&other, &[limit("weight-1m", 5, 60)])
            .await
            .unwrap();
        bench.now(10).await.unwrap();
        let until = bench.clock.now() + Duration::from_mins(10);
        bench.budget.stay_away(&bench.venue, until).await;
        let grant = bench
            .budget
            .acquire(&other, 5, Purpose::Live, Duration::ZERO)
            .await;
        grant.unwrap();
    });
}

/// A host's clock may be set back; that must neither free the window nor block it for so long.
pub fn a_clock_set_back_neither_grants_more_nor_waits_for_ever(make: &Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1m", 10, 60)]).await;
        bench.now(10).await.unwrap();
        let day = Duration::from_hours(24);
        bench.clock.set(bench.clock.now() - day);
        assert!(bench.now(1).await.is_err());
        bench.advance(62);
        bench.now(10).await.unwrap();
    });
}

/// T-01: a caller that polls faster than one unit's time still gets all of the refill.
pub fn polling_faster_than_the_refill_still_gets_the_refill(make: &Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1m", 6, 60)]).await;
        let mut granted = 0;
        for _ in 0..2_400 {
            granted += u32::from(bench.now(1).await.is_ok()); // four a second for ten minutes
            bench.clock.advance(Duration::from_millis(250));
        }
        assert!((57..=60).contains(&granted), "{granted} of 60");
    });
}

/// Limits may change while running.
pub fn new_limits_keep_what_was_granted(make: &Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1m", 10, 60)]).await;
        bench.now(10).await.unwrap();
        let waiting = bench.ask(2, Purpose::Live, PATIENT).await;
        let more = [limit("weight-1m", 12, 60)];
        bench.budget.configure(&bench.venue, &more).await.unwrap();
        bench.settle().await;
        assert!(waiting.is_finished(), "the raised limit has room at once");
        waiting.await.unwrap().unwrap();
        assert!(bench.now(1).await.is_err());

        let waiting = bench.ask(12, Purpose::Live, PATIENT).await;
        let less = [limit("weight-1m", 11, 60)];
        bench.budget.configure(&bench.venue, &less).await.unwrap();
        bench.settle().await;
        assert!(waiting.is_finished(), "it can never be served now");
        let error = waiting.await.unwrap().unwrap_err();
        assert!(matches!(error, BudgetError::NeverFits { .. }), "{error}");
    });
}

/// M-028: windows of any length at once, each of its own.
pub fn windows_of_a_second_a_minute_and_a_day_hold_together(make: &Make) {
    run(async {
        let limits = [
            unweighted("requests-1s", 2, 1, LimitScope::Key),
            limit("weight-1m", 10, 60),
            limit("weight-1d", 35, 86_400),
        ];
        let bench = Bench::with_limits(make, &limits).await;
        let mut granted = 0;
        for _ in 0..600 {
            granted += u32::from(bench.now(1).await.is_ok()); // twice a second for five minutes
            bench.clock.advance(Duration::from_millis(500));
        }
        assert_eq!(granted, 35, "10 in each of three minutes, 5 in the fourth");
        let BudgetError::TooLong { wait, .. } = bench.now(1).await.unwrap_err() else {
            panic!("the day is used up");
        };
        let hours = wait.as_secs_f64() / 3_600.0;
        assert!((23.9..24.1).contains(&hours), "{wait:?}");
        bench.advance(87_000);
        for _ in 0..2 {
            bench.now(1).await.unwrap();
        }
        assert!(bench.now(1).await.is_err(), "two a second");
    });
}
