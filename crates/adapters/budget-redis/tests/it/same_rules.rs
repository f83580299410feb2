//! The rules are written twice, in Rust and in Lua: whatever happens, both say the same.

use std::sync::Arc;

use proptest::prelude::*;
use quantflow_budget_redis::RedisStore;
use quantflow_budget_shared::{
    Ask, Asking, BudgetStore, GivenBack, Lane, Raise, Term, Time, VenueState, Visit,
};
use quantflow_model::Timestamp;
use quantflow_testkit::RedisServer;
use quantflow_testkit::clock::ManualClock;
use quantflow_wire::Purpose;

/// What the visits begin with.
const START: i64 = 1_700_000_000_000;

/// A visit, with times relative to when it happens.
#[derive(Debug, Clone)]
struct Step {
    passes: i64,
    lane: Lane,
    member: u64,
    buckets: (bool, bool, bool),
    amount: u32,
    known: bool,
    asking: Option<Asking>,
    returned: Vec<(i64, u32)>,
    raised: Vec<(usize, u32, i64)>,
    stay_away: Option<i64>,
}

fn asking() -> impl Strategy<Value = Asking> {
    let purpose = prop::sample::select(vec![
        Purpose::Live,
        Purpose::Repair,
        Purpose::Interactive,
        Purpose::Backfill,
    ]);
    let patience = prop_oneof![Just(0), 0..90_000_i64];
    let ask = (purpose, 0..5_000_i64, patience, 1..=30_u32);
    let ask = ask.prop_map(|(purpose, waited, patience, weight)| Ask {
        purpose,
        waited,
        patience,
        weight,
    });
    (prop::collection::vec(ask, 0..14), 0..100_u32).prop_map(|(mut asks, more)| {
        asks.sort_by_key(|ask| (ask.purpose, std::cmp::Reverse(ask.waited)));
        let waiting = asks.len() as u32 + more;
        Asking { asks, waiting }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let passes = prop_oneof![
        10 => 0..400_i64,
        10 => 0..4_000_i64,
        2 => 0..70_000_i64,
        1 => -20_000..0_i64,
    ];
    let lane = prop_oneof![4 => Just(Lane::Requests), 1 => Just(Lane::Connections)];
    (
        (
            passes,
            lane,
            0..4_u64,
            any::<(bool, bool, bool)>(),
            20..60_u32,
        ),
        any::<bool>(),
        prop::option::weighted(0.9, asking()),
        prop::collection::vec((-300..1_i64, 1..20_u32), 0..3),
        prop::collection::vec((0..3_usize, 0..70_u32, -3_000..100_i64), 0..3),
        prop::option::weighted(0.03, 0..5_000_i64),
    )
        .prop_map(
            |(
                (passes, lane, member, buckets, amount),
                known,
                asking,
                returned,
                raised,
                stay_away,
            )| {
                Step {
                    passes,
                    lane,
                    member: u64::MAX - member,
                    buckets,
                    amount,
                    known,
                    asking,
                    returned,
                    raised,
                    stay_away,
                }
            },
        )
}

/// The limits of the test: a weight a minute, requests in seven seconds, weight in 100 ms.
fn terms(lane: Lane, amount: u32, (first, second, third): (bool, bool, bool)) -> Vec<Term> {
    let term = |bucket: &str, amount, window, weighted| Term {
        bucket: format!("{bucket}@{}", lane.index()),
        amount,
        window,
        weighted,
    };
    let all = [
        (first, term("weight-1m", amount, 60_000, true)),
        (second, term("requests-7s", 5, 7_000, false)),
        (third, term("weight-100ms", amount, 100, true)),
    ];
    let chosen = all.into_iter().filter(|(chosen, _)| *chosen);
    chosen.map(|(_, term)| term).collect()
}

fn visit(step: &Step, now: i64, seen: i64) -> Visit {
    let all = terms(step.lane, step.amount, (true, true, true));
    Visit {
        venue: "somewhere".parse().unwrap(),
        lane: step.lane,
        member: step.member,
        terms: terms(step.lane, step.amount, step.buckets),
        known: if step.known { seen } else { 0 },
        asking: step.asking.clone(),
        returned: step
            .returned
            .iter()
            .map(|&(ago, weight)| GivenBack {
                at: now + ago,
                weight,
            })
            .collect(),
        raised: step
            .raised
            .iter()
            .map(|&(term, used, ago)| Raise {
                bucket: all[term].bucket.clone(),
                used,
                sent: now + ago,
            })
            .collect(),
        stay_away: step.stay_away,
    }
}

#[test]
fn script_and_rust_say_the_same_of_every_visit() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    let clock = ManualClock::new(Timestamp::from_millis(START));
    let number = std::cell::Cell::new(0);
    let granted = std::cell::Cell::new(0);
    proptest!(ProptestConfig::with_cases(150), |(steps in prop::collection::vec(step(), 1..60))| {
        number.set(number.get() + 1);
        let time = Time::Given(Arc::new(clock.clone()));
        let prefix = format!("case-{}:", number.get());
        let (mut state, mut seen, mut now) = (VenueState::default(), 0, START);
        runtime.block_on(async {
            let store = RedisStore::open(&server.url(), &prefix, time).await.unwrap();
            for step in &steps {
                now += step.passes;
                clock.set(Timestamp::from_millis(now));
                let visit = visit(step, now, seen);
                let rust = state.visit(now, &visit);
                let lua = store.visit(&visit).await.unwrap();
                prop_assert_eq!(&lua, &rust, "{:?}", visit);
                granted.set(granted.get() + rust.granted);
                seen = now;
                // a state that went through the database's bytes is the same one
                state = VenueState::from_bytes(&state.to_bytes().unwrap()).unwrap();
            }
            Ok(())
        })?;
    });
    assert!(granted.get() > 1_000, "the steps are not all refused");
}
