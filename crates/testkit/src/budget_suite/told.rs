//! What the venue tells: its own count, and to stay away.

use std::sync::Arc;
use std::time::Duration;

use quantflow_seams::{BudgetError, Clock};
use quantflow_wire::Purpose;

use super::bench::{Bench, Make, PATIENT, limit, run};

/// A ban is kept to, for requests and connections, and ends.
pub fn nothing_is_granted_while_the_venue_says_stay_away(make: &Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1m", 10, 60)]).await;
        let until = bench.clock.now() + Duration::from_mins(2);
        bench.budget.stay_away(&bench.venue, until).await;
        // a shorter word does not shorten a longer one
        let sooner = bench.clock.now() + Duration::from_secs(1);
        bench.budget.stay_away(&bench.venue, sooner).await;
        assert!(matches!(
            bench.now(1).await,
            Err(BudgetError::TooLong { .. })
        ));
        assert_eq!(
            bench.budget.usage(&bench.venue).await[0].stay_away_until,
            Some(until)
        );
        let connection = tokio::spawn({
            let (budget, venue) = (Arc::clone(&bench.budget), bench.venue.clone());
            async move { budget.acquire_connection(&venue, PATIENT).await }
        });
        let request = bench.ask(1, Purpose::Live, PATIENT).await;
        assert_eq!(bench.finish(request).await.unwrap().at, until);
        assert_eq!(bench.finish(connection).await.unwrap().at, until);
        assert_eq!(
            bench.budget.usage(&bench.venue).await[0].stay_away_until,
            None
        );
    });
}

/// Others may use the same address: the venue's count tells.
pub fn the_venues_count_raises_ours_and_never_lowers_it(make: &Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1m", 100, 60)]).await;
        let sent = bench.now(10).await.unwrap().at;
        bench.advance(1);
        bench.now(20).await.unwrap();
        bench
            .budget
            .correct(&bench.venue, "weight-1m", 50, sent)
            .await;
        assert_eq!(bench.used().await, 70, "40 of others, 20 since");
        let now = bench.clock.now();
        bench
            .budget
            .correct(&bench.venue, "weight-1m", 1, now)
            .await;
        bench
            .budget
            .correct(&bench.venue, "no-such-limit", 99, now)
            .await;
        assert_eq!(bench.used().await, 70);
        assert!(bench.now(31).await.is_err());
        bench.now(30).await.unwrap();
        bench.advance(62);
        assert_eq!(bench.used().await, 0, "what others used ages too");
    });
}
