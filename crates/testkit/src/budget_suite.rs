//! What every [`Budget`] owes, one function a case; [`budget_suite!`](crate::budget_suite!) stamps
//! them out as tests for an engine.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::{Budget, BudgetError, Clock, Grant};
use quantflow_wire::{Limit, LimitScope, Purpose};

use crate::clock::ManualClock;

/// Makes an empty budget that lives by the given clock.
pub type Make = fn(Arc<dyn Clock>) -> Arc<dyn Budget>;

/// Long enough for every case.
const PATIENT: Duration = Duration::from_hours(24);

/// One test for each case of the suite.
#[macro_export]
macro_rules! budget_suite {
    ($name:ident, $make:expr) => {
        mod $name {
            $crate::budget_suite!(@cases $make,
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
                random_arrivals_never_exceed_any_window
                a_saturated_budget_is_used_to_95_percent
            );
        }
    };
    (@cases $make:expr, $($case:ident)*) => {
        $(#[test]
        fn $case() {
            $crate::budget_suite::$case($make);
        })*
    };
}

/// A budget, its clock, and a venue.
struct Bench {
    clock: ManualClock,
    budget: Arc<dyn Budget>,
    venue: VenueId,
}

impl Bench {
    fn new(make: Make) -> Self {
        let clock = ManualClock::new(Timestamp::from_seconds(1_700_000_000));
        let budget = make(Arc::new(clock.clone()));
        let venue = "somewhere".parse::<VenueId>().unwrap();
        Self {
            clock,
            budget,
            venue,
        }
    }

    async fn with_limits(make: Make, limits: &[Limit]) -> Self {
        let bench = Self::new(make);
        bench.budget.configure(&bench.venue, limits).await.unwrap();
        bench
    }

    /// Asks in a task of its own, which has queued up when this returns.
    async fn ask(&self, weight: u32, purpose: Purpose, patience: Duration) -> Asking {
        let (budget, venue) = (Arc::clone(&self.budget), self.venue.clone());
        let task =
            tokio::spawn(async move { budget.acquire(&venue, weight, purpose, patience).await });
        settle().await;
        task
    }

    async fn now(&self, weight: u32) -> Result<Grant, BudgetError> {
        let grant = self
            .budget
            .acquire(&self.venue, weight, Purpose::Interactive, Duration::ZERO);
        grant.await
    }

    /// Moves time from one sleeper's wake to the next until `done`.
    async fn run_until(&self, mut done: impl FnMut() -> bool) {
        settle().await;
        while !done() {
            let wake = self
                .clock
                .next_wake()
                .expect("somebody waits for the clock");
            self.clock.set(wake);
            settle().await;
        }
    }

    async fn finish(&self, task: Asking) -> Result<Grant, BudgetError> {
        self.run_until(|| task.is_finished()).await;
        task.await.unwrap()
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn used(&self) -> u32 {
        self.budget.usage(&self.venue).await[0].used
    }
}

type Asking = tokio::task::JoinHandle<Result<Grant, BudgetError>>;

/// Lets every task run until it waits (on a runtime with one thread).
async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(case);
}

fn limit(name: &str, amount: u32, seconds: u64) -> Limit {
    Limit {
        name: name.into(),
        amount,
        window: Duration::from_secs(seconds),
        weighted: true,
        scope: LimitScope::Address,
    }
}

fn unweighted(name: &str, amount: u32, seconds: u64, scope: LimitScope) -> Limit {
    Limit {
        weighted: false,
        scope,
        ..limit(name, amount, seconds)
    }
}

/// Until a venue's limits are set nothing is granted for it.
pub fn nothing_is_granted_before_the_limits_are_set(make: Make) {
    run(async {
        let bench = Bench::new(make);
        let error = bench.now(1).await.unwrap_err();
        assert_eq!(error, BudgetError::NotConfigured(bench.venue.clone()));
        let connection = bench.budget.acquire_connection(&bench.venue, PATIENT).await;
        assert_eq!(connection.unwrap_err(), error);
        assert!(bench.budget.usage(&bench.venue).await.is_empty());
    });
}

/// A weight above a whole window's amount is refused, not waited for.
pub fn what_never_fits_is_refused_at_once(make: Make) {
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
pub fn every_limit_holds_and_weights_count(make: Make) {
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
    });
}

/// The fixed-period fault: twice the amount around the period's edge.
pub fn no_window_across_an_edge_holds_more(make: Make) {
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

/// Live before Repair before Interactive before Backfill, each in the order of arrival.
pub fn urgent_purposes_go_first_and_each_is_first_come_first_served(make: Make) {
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
            settle().await;
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
pub fn a_heavy_request_is_not_starved_by_light_ones(make: Make) {
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
pub fn impatience_is_told_at_once_and_takes_nothing(make: Make) {
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
pub fn who_goes_away_takes_nothing_and_lets_the_next_pass(make: Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1m", 10, 60)]).await;
        bench.now(5).await.unwrap();
        let heavy = bench.ask(10, Purpose::Backfill, PATIENT).await;
        let light = bench.ask(5, Purpose::Backfill, PATIENT).await;
        assert!(!light.is_finished());
        heavy.abort();
        settle().await;
        assert!(light.is_finished(), "without the passing of time");
        light.await.unwrap().unwrap();
        let usage = &bench.budget.usage(&bench.venue).await[0];
        assert_eq!((usage.used, usage.waiting), (10, 0));
    });
}

/// A ban is kept to, for requests and connections, and ends.
pub fn nothing_is_granted_while_the_venue_says_stay_away(make: Make) {
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
pub fn the_venues_count_raises_ours_and_never_lowers_it(make: Make) {
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

/// New sockets have limits of their own.
pub fn connections_and_requests_do_not_wait_for_one_another(make: Make) {
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
        bench.advance(240);
        connect().await.unwrap();
    });
}

/// What one venue is asked is not another's.
pub fn venues_do_not_share(make: Make) {
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
pub fn a_clock_set_back_neither_grants_more_nor_waits_for_ever(make: Make) {
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
pub fn polling_faster_than_the_refill_still_gets_the_refill(make: Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1m", 6, 60)]).await;
        let mut granted = 0;
        for _ in 0..12_000 {
            granted += u32::from(bench.now(1).await.is_ok()); // every 50 ms for ten minutes
            bench.clock.advance(Duration::from_millis(50));
        }
        assert!((57..=60).contains(&granted), "{granted} of 60");
    });
}

/// Limits may change while running.
pub fn new_limits_keep_what_was_granted(make: Make) {
    run(async {
        let bench = Bench::with_limits(make, &[limit("weight-1m", 10, 60)]).await;
        bench.now(10).await.unwrap();
        let waiting = bench.ask(2, Purpose::Live, PATIENT).await;
        let more = [limit("weight-1m", 12, 60)];
        bench.budget.configure(&bench.venue, &more).await.unwrap();
        settle().await;
        assert!(waiting.is_finished(), "the raised limit has room at once");
        waiting.await.unwrap().unwrap();
        assert!(bench.now(1).await.is_err());
    });
}

/// Whoever asks, whenever and for whatever: over every window, no more than the amount.
pub fn random_arrivals_never_exceed_any_window(make: Make) {
    let arrival = (
        0..3_000_u64,
        1..=20_u32,
        0..4_usize,
        0..20_000_u64,
        any::<bool>(),
    );
    let case = (prop::collection::vec(arrival, 1..150), 20..60_u32, 1..8_u32);
    proptest!(ProptestConfig::with_cases(64), |((arrivals, amount, count) in case)| {
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
                settle().await;
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
fn most_in_a_window(granted: &[(Timestamp, u32)], window: Duration, weighted: bool) -> u64 {
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
pub fn a_saturated_budget_is_used_to_95_percent(make: Make) {
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
