//! Runs of processes against a venue, and what is made of them.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use quantflow_model::Timestamp;
use quantflow_seams::{Clock, SystemClock};
use rand::{Rng, SeedableRng, rngs::SmallRng};

use crate::venue::{Arrival, Rule, StrictVenue};

/// How much is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    rule: Rule,
    windows: u32,
    processes: u32,
    symbols: u32,
}

impl Plan {
    pub(crate) fn of_environment() -> Self {
        let windows = std::env::var("QUANTFLOW_BUDGET_WINDOWS");
        if let Some(windows) = windows.ok().and_then(|windows| windows.parse().ok()) {
            let rule = Rule {
                amount: 6_000,
                window: Duration::from_mins(1),
                enforced: true,
            };
            return Self {
                rule,
                windows,
                processes: 8,
                symbols: 500,
            };
        }
        Self {
            rule: Rule {
                amount: 600,
                window: Duration::from_secs(2),
                enforced: false,
            },
            windows: 5,
            processes: 8,
            symbols: 500,
        }
    }
}

/// A process that backfills; killed with the value.
struct Backfiller(Child);

impl Backfiller {
    fn start(url: &str, venue: SocketAddr, member: u32, plan: &Plan) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_backfiller"))
            .args([url, &venue.to_string(), &member.to_string()])
            .args([plan.symbols.to_string(), plan.rule.amount.to_string()])
            .arg(plan.rule.window.as_millis().to_string())
            .stdin(Stdio::piped())
            .spawn();
        Self(child.unwrap())
    }

    fn runs(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Backfiller {
    fn drop(&mut self) {
        // errors mean that it ended by itself
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(work: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(work);
}

/// Several processes want all of the budget: nothing is refused, and 95 % is used.
pub(crate) fn backfill(store: &str, url: &str, plan: &Plan) {
    run(async {
        let venue = StrictVenue::start(plan.rule).await;
        let member = |number| Backfiller::start(url, venue.address, number, plan);
        let mut processes: Vec<_> = (1..=plan.processes).map(member).collect();
        let window = plan.rule.window;
        let first = until_the_first(&venue).await;
        let end = first + window * plan.windows;
        while SystemClock.now() < end {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(processes.iter_mut().all(Backfiller::runs), "one ended");
        let (arrivals, refused) = venue.counted();
        drop(processes);
        let inside = arrivals.iter().filter(|arrival| arrival.at < end);
        let used: u64 = inside.map(|arrival| u64::from(arrival.weight)).sum();
        let allowed = u64::from(plan.rule.amount) * u64::from(plan.windows);
        let share = used as f64 / allowed as f64 * 100.0;
        println!(
            "{store}: {} processes x {} symbols, {} windows of {window:?}: {used} of {allowed} used ({share:.1} %), \
             {refused} x 429 (counted by real minutes only); a full amount each {:.2} s; most in any window: {} by grant, {} by arrival, of {}",
            plan.processes,
            plan.symbols,
            plan.windows,
            cycle(&arrivals, plan),
            most(&arrivals, plan, |arrival| arrival.granted),
            most(&arrivals, plan, |arrival| arrival.at),
            plan.rule.amount,
        );
        assert_eq!(refused, 0, "answered with 429");
        assert_never_exceeded(&arrivals, plan);
        assert!(share >= 95.0, "{share:.1} % used");
        if plan.rule.enforced {
            let sustained = window.as_secs_f64() / cycle(&arrivals, plan);
            assert!(
                sustained >= 0.95,
                "{sustained} of the budget in the long run"
            );
        }
    });
}

/// Processes are killed at random, and others start: what they were granted counts all the same.
pub(crate) fn kills(store: &str, url: &str) {
    let plan = Plan {
        symbols: 50,
        processes: 4,
        windows: 3,
        ..Plan::of_environment()
    };
    let plan = Plan {
        rule: Rule {
            amount: 600,
            window: Duration::from_secs(2),
            enforced: false,
        },
        ..plan
    };
    run(async {
        let venue = StrictVenue::start(plan.rule).await;
        let mut number = 0;
        let mut start = || {
            number += 1;
            Backfiller::start(url, venue.address, number, &plan)
        };
        let mut processes: Vec<_> = (0..plan.processes).map(|_| start()).collect();
        let end = until_the_first(&venue).await + plan.rule.window * plan.windows;
        let mut random = SmallRng::seed_from_u64(7);
        while SystemClock.now() < end {
            let pause = random.random_range(50..400);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let victim = random.random_range(0..processes.len());
            processes[victim] = start(); // the one that is replaced is killed
        }
        let (arrivals, _) = venue.counted();
        drop(processes);
        println!(
            "{store}: {number} processes, {} requests; most in any window: {} of {}",
            arrivals.len(),
            most(&arrivals, &plan, |arrival| arrival.granted),
            plan.rule.amount
        );
        assert_never_exceeded(&arrivals, &plan);
        assert!(arrivals.len() > 300, "they got on");
    });
}

/// When the first request came.
async fn until_the_first(venue: &StrictVenue) -> Timestamp {
    let began = std::time::Instant::now();
    loop {
        if let Some(first) = venue.counted().0.first() {
            return first.at;
        }
        assert!(began.elapsed() < Duration::from_mins(2), "nobody asks");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// By the store's clock no window, and none that begins on the edge, ever held more than the amount.
fn assert_never_exceeded(arrivals: &[Arrival], plan: &Plan) {
    let most = most(arrivals, plan, |arrival| arrival.granted);
    assert!(most <= plan.rule.amount, "{most} of {}", plan.rule.amount);
}

/// The most that any half-open window of the rule's length holds.
fn most(arrivals: &[Arrival], plan: &Plan, time: impl Fn(&Arrival) -> Timestamp) -> u32 {
    let times = arrivals
        .iter()
        .map(|arrival| (time(arrival), arrival.weight));
    let mut times: Vec<(Timestamp, u32)> = times.collect();
    times.sort_unstable();
    let (mut first, mut sum, mut most) = (0, 0, 0);
    for &(at, weight) in &times {
        sum += weight;
        while times[first].0 + plan.rule.window <= at {
            sum -= times[first].1;
            first += 1;
        }
        most = most.max(sum);
    }
    most
}

/// How long a full amount took, in seconds, over the whole run but its first.
fn cycle(arrivals: &[Arrival], plan: &Plan) -> f64 {
    let amount = u64::from(plan.rule.amount);
    let (mut sum, mut full) = (0, Vec::new());
    for arrival in arrivals {
        sum += u64::from(arrival.weight);
        if sum >= amount * (full.len() as u64 + 1) {
            full.push(arrival.at);
        }
    }
    match (full.first(), full.last()) {
        (Some(first), Some(last)) if full.len() > 1 => {
            last.since(*first) as f64 / 1e9 / (full.len() - 1) as f64
        }
        _ => f64::INFINITY,
    }
}
