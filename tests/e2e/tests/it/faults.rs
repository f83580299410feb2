//! Faults: whatever goes wrong on the way, what is answered is what truly happened.
//!
//! `QUANTFLOW_FAULT_SEEDS` says how many seeds (2 unless set), `QUANTFLOW_FAULT_FIRST` the first.

use std::sync::Arc;
use std::time::Duration;

use quantflow_e2e::bench::play;
use quantflow_e2e::compare::differences;
use quantflow_e2e::spine::{Spine, setup};
use quantflow_log_embedded::read_segment;
use quantflow_market::{MarketQueries, RawSource, canonical_hashes, rebuild};
use quantflow_model::{TimeRange, Timestamp};
use quantflow_replay::{FaultPlan, ReplayOptions};
use quantflow_seams::{Clock, EventLog, LogError, SeriesStore, SystemClock};
use quantflow_testkit::MemoryArchive;
use quantflow_testkit::memory_store::MemoryStore;

/// How much of the market is played with faults.
const MARKET: Duration = Duration::from_mins(1);
/// How long after the last fault everything must be as it truly was.
const RECOVERY: Duration = Duration::from_secs(30);

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().expect(name))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_last_fault_everything_is_as_it_truly_was() {
    let (first, count) = (
        number("QUANTFLOW_FAULT_FIRST", 1),
        number("QUANTFLOW_FAULT_SEEDS", 2),
    );
    let runs: Vec<_> = (first..first + count)
        .map(|seed| tokio::spawn(one(seed)))
        .collect();
    let mut failed = Vec::new();
    for (seed, run) in (first..).zip(runs) {
        match run.await {
            Ok(Ok(line)) => println!("seed {seed}: {line}"),
            Ok(Err(faults)) => failed.push(format!("seed {seed}: {faults:#?}")),
            Err(panic) => failed.push(format!("seed {seed}: {panic}")),
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {count} seeds failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

async fn one(seed: u64) -> Result<String, Vec<String>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let faults = FaultPlan::chaos(seed, MARKET);
    let ends = faults.ends().unwrap();
    let options = ReplayOptions {
        faults,
        ..ReplayOptions::default()
    };
    let server = play(seed, options).await;
    let folder = tempfile::tempdir().unwrap();
    let spine = Spine::start(folder.path(), &server, seed).await;
    let truth = server.truth();
    clock.sleep(MARKET.max(ends)).await;

    // everything that had happened by now has to be there within the time of recovery
    let until = server.market_now() - Duration::from_millis(1);
    let deadline = clock.now() + RECOVERY;
    let mut wrong;
    loop {
        wrong = Vec::new();
        for symbol in truth.symbols() {
            wrong.extend(differences(&spine.market, &truth, &symbol, until).await);
        }
        if wrong.is_empty() || clock.now() >= deadline {
            break;
        }
        clock.sleep(Duration::from_millis(500)).await;
    }
    let took = RECOVERY.as_secs_f64() - deadline.since(clock.now()) as f64 / 1e9;
    let (mut found, mut open) = (0, 0);
    for symbol in truth.symbols() {
        for certificate in spine
            .market
            .completeness(&symbol, TimeRange::ALL)
            .await
            .unwrap()
        {
            found += certificate.missing.len();
            let is_open = |m: &&quantflow_market::view::MissingRange| m.state.name() == "found";
            open += certificate.missing.iter().filter(is_open).count();
        }
    }
    if open > 0 && wrong.is_empty() {
        wrong.push(format!("{open} holes are still open in the ledger"));
    }
    let counts = truth.counts();
    if counts.banned > 0 {
        wrong.push(format!("a ban was triggered: {counts:?}"));
    }
    let (log, store) = spine.stop().await;
    wrong.extend(rebuilt(&log, &store).await);
    server.shutdown().await;
    if wrong.is_empty() {
        Ok(format!(
            "equal {took:.1} s after the last fault; {found} holes; {} cuts, {} dropped, {} garbled, {} faulty answers",
            counts.cuts, counts.dropped, counts.garbled, counts.fault_answers
        ))
    } else {
        Err(wrong)
    }
}

/// What a rebuild from the raw log says differently from the store.
async fn rebuilt(
    log: &Arc<quantflow_log_embedded::EmbeddedLog>,
    store: &Arc<quantflow_store_embedded::EmbeddedStore>,
) -> Vec<String> {
    let again: Arc<MemoryStore> = Arc::new(MemoryStore::default());
    let source = RawSource {
        log: Arc::clone(log) as _,
        archive: Arc::new(MemoryArchive::default()),
        read_segment: |bytes| {
            let failed = |error: quantflow_log_embedded::SegmentError| LogError::Failed {
                place: "a segment".to_owned(),
                detail: error.to_string(),
            };
            read_segment(bytes)
                .map_err(failed)?
                .collect::<Result<_, _>>()
                .map_err(failed)
        },
    };
    let end = store
        .checkpoint(&setup().partition)
        .await
        .unwrap()
        .unwrap()
        .position;
    assert!(end <= log.end(&setup().partition));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    rebuild(
        setup(),
        &source,
        Arc::clone(&again) as _,
        clock,
        end,
        |_| {},
    )
    .await
    .unwrap();
    let all = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let ours = canonical_hashes(store.as_ref(), |_| true, all)
        .await
        .unwrap();
    let theirs = canonical_hashes(again.as_ref(), |_| true, all)
        .await
        .unwrap();
    assert!(!ours.is_empty());
    quantflow_market::differences(&ours, &theirs)
}
