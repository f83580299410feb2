//! Several processes under load: random ones that die, and a budget that all want.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use quantflow_model::Timestamp;
use quantflow_seams::Clock;
use quantflow_wire::{LimitScope, Purpose};

use super::bench::{MeetingPlaces, PATIENT, Processes, Who, limit, run, unweighted};
use super::load::most_in_a_window;

/// What happens at a moment.
#[derive(Debug, Clone)]
enum Event {
    /// A caller comes, and perhaps goes away at once.
    Ask {
        process: usize,
        weight: u32,
        purpose: Purpose,
        patience: u64,
        goes_away: bool,
    },
    /// A process dies, another starts.
    Dies { process: usize },
    /// An answer tells the venue's count.
    Told { process: usize, used: u32 },
}

fn event() -> impl Strategy<Value = (u64, Event)> {
    let purpose = prop::sample::select(vec![
        Purpose::Live,
        Purpose::Repair,
        Purpose::Interactive,
        Purpose::Backfill,
    ]);
    let ask = (
        0..3_usize,
        1..=20_u32,
        purpose,
        0..20_000_u64,
        any::<bool>(),
    );
    let ask = ask.prop_map(
        |(process, weight, purpose, patience, goes_away)| Event::Ask {
            process,
            weight,
            purpose,
            patience,
            goes_away,
        },
    );
    let event = prop_oneof![
        12 => ask,
        1 => (0..3_usize).prop_map(|process| Event::Dies { process }),
        2 => (0..3_usize, 0..80_u32).prop_map(|(process, used)| Event::Told { process, used }),
    ];
    (0..750_u64, event)
}

/// Whoever asks, whenever and for whatever, and whichever process dies when: over every window, no
/// more than the amount is handed out by all processes together.
pub fn random_processes_never_exceed_any_window(places: &dyn MeetingPlaces) {
    let case = (prop::collection::vec(event(), 1..120), 20..60_u32, 1..8_u32);
    proptest!(ProptestConfig::with_cases(places.cases()), |((events, amount, count) in case)| {
        let granted = Arc::new(Mutex::new(Vec::new()));
        run(random_life(places, events, amount, count, Arc::clone(&granted)));
        let granted = granted.lock().unwrap();
        for (limit_amount, window, weighted) in [(amount, 7, true), (count, 1, false)] {
            let most = most_in_a_window(&granted, Duration::from_secs(window), weighted);
            prop_assert!(most <= u64::from(limit_amount), "{most} of {limit_amount} in {window} s");
        }
    });
}

async fn random_life(
    places: &dyn MeetingPlaces,
    events: Vec<(u64, Event)>,
    amount: u32,
    count: u32,
    granted: Arc<Mutex<Vec<(Timestamp, u32)>>>,
) {
    let limits = [
        limit("weight", amount, 7),
        unweighted("count", count, 1, LimitScope::Key),
    ];
    let mut processes = Processes::start(places, 3, &limits).await;
    let mut alive = [0, 1, 2];
    let mut tasks = Vec::new();
    for (gap, event) in events {
        processes.advance(gap);
        match event {
            Event::Ask {
                process,
                weight,
                purpose,
                patience,
                goes_away,
            } => {
                let budget = Arc::clone(processes.budget(alive[process]));
                let (venue, granted) = (processes.venue.clone(), Arc::clone(&granted));
                let patience = Duration::from_millis(patience);
                let task = tokio::spawn(async move {
                    if let Ok(grant) = budget.acquire(&venue, weight, purpose, patience).await {
                        granted.lock().unwrap().push((grant.at, weight));
                    }
                });
                if goes_away && weight % 2 == 0 {
                    tokio::task::yield_now().await; // somewhere on its way
                    task.abort();
                } else {
                    processes.settle().await;
                    if goes_away {
                        task.abort();
                    } else {
                        tasks.push(task);
                    }
                }
            }
            Event::Dies { process } => {
                processes.kill(alive[process]);
                let id = processes.engines.len() as u64 + 1;
                alive[process] = processes.join(Who::number(id)).await;
            }
            Event::Told { process, used } => {
                let budget = processes.budget(alive[process]);
                let sent = processes.clock.now();
                budget.correct(&processes.venue, "weight", used, sent).await;
                processes.settle().await;
            }
        }
    }
    let done = || tasks.iter().all(tokio::task::JoinHandle::is_finished);
    processes.run_until(done).await;
    let usage = processes.budget(alive[0]).usage(&processes.venue).await;
    assert!(usage[0].used <= amount.max(80), "{usage:?}");
}

/// Never exceeding is easy for a budget that grants nothing; and fair is one whose processes all get
/// on.
pub fn processes_together_use_95_percent_and_each_gets_its_share(places: &dyn MeetingPlaces) {
    run(async {
        let processes = Processes::start(places, 4, &[limit("weight-10s", 100, 10)]).await;
        let begun = processes.clock.now();
        let used = Arc::new(Mutex::new(BTreeMap::<usize, u64>::new()));
        for caller in 0..40_usize {
            let process = caller % 4;
            let budget = Arc::clone(processes.budget(process));
            let (venue, used) = (processes.venue.clone(), Arc::clone(&used));
            tokio::spawn(async move {
                let weight = 1 + caller as u32 % 5;
                let ask = || budget.acquire(&venue, weight, Purpose::Backfill, PATIENT);
                while ask().await.is_ok() {
                    *used.lock().unwrap().entry(process).or_default() += u64::from(weight);
                }
            });
        }
        let end = begun + Duration::from_mins(2);
        processes.run_until(|| processes.clock.now() >= end).await;
        let used = used.lock().unwrap();
        let (sum, allowed) = (used.values().sum::<u64>(), 100 * 12);
        assert!(sum * 100 >= allowed * 95, "{sum} of {allowed}");
        for (process, share) in used.iter() {
            assert!(*share * 4 * 10 >= sum * 7, "{process}: {share} of {sum}");
        }
        assert_eq!(used.len(), 4);
    });
}
