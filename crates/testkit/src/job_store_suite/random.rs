//! Random operations of several workers and operators, with time moved by hand.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use quantflow_seams::jobs::{
    Cursor, FailureClass, Finish, Held, Job, JobId, JobResult, JobStatus, JobStoreError, Next,
    Rows, RunId, RunOutcome,
};

use super::Harness;
use super::bench::{Bench, at, by, id, new_job, succeeded};

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    Wait(i64),
    Claim {
        worker: usize,
        limit: u32,
    },
    Reclaim,
    Renew(usize),
    /// Forward by so many; a negative number tries to go back.
    Advance(usize, i64),
    Succeed(usize),
    Fail(usize, bool),
    Release(usize),
    Pause(usize),
    Resume(usize),
    RunNow(usize),
    Rewind(usize, u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let held = 0..12_usize;
    let job = 0..JOBS;
    let step = prop_oneof![
        3 => (0..25_i64).prop_map(Step::Wait),
        4 => (0..3_usize, 1..3_u32).prop_map(|(worker, limit)| Step::Claim { worker, limit }),
        2 => Just(Step::Reclaim),
        2 => held.clone().prop_map(Step::Renew),
        5 => (held.clone(), -2..6_i64).prop_map(|(held, by)| Step::Advance(held, by)),
        2 => held.clone().prop_map(Step::Succeed),
        1 => (held.clone(), any::<bool>()).prop_map(|(held, hard)| Step::Fail(held, hard)),
        1 => held.prop_map(Step::Release),
        1 => job.clone().prop_map(Step::Pause),
        2 => job.clone().prop_map(Step::Resume),
        1 => job.clone().prop_map(Step::RunNow),
        1 => (job, 0..9_u8).prop_map(|(job, to)| Step::Rewind(job, to)),
    ];
    prop::collection::vec(step, 1..80)
}

const JOBS: usize = 4;
/// How many sequences; each has a database of its own.
const SEQUENCES: u32 = 12;

/// A job has one live lease, tokens grow, a cursor goes back only by a rewind, each run ends once,
/// what a lost lease says changes nothing, the audit has every change.
pub async fn random_operations_keep_the_invariants(harness: &dyn Harness) {
    let mut runner = TestRunner::new(Config::default());
    for _ in 0..SEQUENCES {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let mut world = World::new(harness).await;
        for (done, step) in steps.iter().enumerate() {
            let before = world.bench.jobs().await;
            world.take(step, &before).await;
            let problem = world.check(&before, step).await;
            let so_far = &steps[..=done];
            assert!(problem.is_none(), "{} after {so_far:?}", problem.unwrap());
        }
    }
}

struct World {
    bench: Bench,
    now: i64,
    ids: Vec<JobId>,
    /// All that was ever given out, newest last.
    given: Vec<Held>,
    ended: BTreeMap<RunId, RunOutcome>,
    changes: usize,
    rewound: Option<JobId>,
}

impl World {
    async fn new(harness: &dyn Harness) -> Self {
        let bench = Bench::new(harness, &["one", "two"]).await;
        let mut ids = Vec::new();
        for number in 0..JOBS {
            let venue = ["one", "two"][number % 2];
            let new = new_job(venue, u32::try_from(number).unwrap(), number as i64);
            ids.push(bench.job(new).await.id);
        }
        Self {
            bench,
            now: 10,
            ids,
            given: Vec::new(),
            ended: BTreeMap::new(),
            changes: 2 + JOBS,
            rewound: None,
        }
    }

    /// Recent ones more often: those that live.
    fn held(&self, number: usize) -> Option<Held> {
        let back = number % self.given.len().max(1);
        self.given.iter().rev().nth(back).copied()
    }

    async fn take(&mut self, step: &Step, before: &[Job]) {
        let db = std::sync::Arc::clone(&self.bench.db);
        let now = at(self.now);
        self.rewound = None;
        match *step {
            Step::Wait(seconds) => self.now += seconds,
            Step::Claim { worker, limit } => {
                let name = ["ann", "ben", "cid"][worker];
                for claim in self.bench.claim_as(name, self.now, limit).await {
                    let was = before.iter().find(|job| job.id == claim.job.id).unwrap();
                    assert!(was.is_due(now), "only what is due is claimed: {was:?}");
                    assert_eq!(claim.held.token.0, was.token.0 + 1);
                    self.given.push(claim.held);
                }
            }
            Step::Reclaim => {
                for orphan in db.reclaim(now, 10).await.unwrap() {
                    assert!(orphan.expired <= now);
                    let old = self.ended.insert(orphan.held.run, RunOutcome::Lost);
                    assert_eq!(old, None, "a run ends once");
                }
            }
            Step::Renew(number) => {
                if let Some(held) = self.held(number) {
                    let lease = super::bench::LEASE;
                    let result = db.renew(&held, now, lease).await;
                    Self::told(&held, before, result.is_ok(), &result);
                }
            }
            Step::Advance(number, forward) => {
                if let Some(held) = self.held(number) {
                    let stood = before.iter().find(|job| job.id == held.job).unwrap();
                    let stood = place(stood.cursor);
                    let to = id(u128::try_from((stood + forward).max(0)).unwrap());
                    let result = db.advance(&held, now, &to, Rows(1)).await;
                    let back = matches!(result, Err(JobStoreError::Cursor { .. }));
                    assert!(!back || forward < 0);
                    Self::told(&held, before, result.is_ok() || back, &result);
                }
            }
            Step::Succeed(number) => {
                let finish = succeeded(Next::Due(at(self.now + 5)));
                self.finish(number, before, &finish, RunOutcome::Succeeded)
                    .await;
            }
            Step::Fail(number, hard) => {
                let next = if hard { Next::Error } else { Next::Due(now) };
                let finish = Finish::failed(FailureClass::Venue, "503", Rows(2), next);
                self.finish(number, before, &finish, RunOutcome::Failed)
                    .await;
            }
            Step::Release(number) => {
                if let Some(held) = self.held(number) {
                    let said = self.ended.get(&held.run) == Some(&RunOutcome::Released);
                    let result = db.release(&held, now).await;
                    if said {
                        assert!(result.is_ok(), "said twice");
                    } else if Self::told(&held, before, result.is_ok(), &result) {
                        self.ended.insert(held.run, RunOutcome::Released);
                    }
                }
            }
            Step::Pause(job) => {
                let was = &before[job];
                let result = db.pause(&by(self.now), self.ids[job]).await;
                if was.status != JobStatus::Paused && result.is_ok() {
                    self.changes += 1;
                    if let Some(lease) = &was.lease {
                        self.ended.insert(lease.run, RunOutcome::Cancelled);
                    }
                }
            }
            Step::Resume(job) => {
                let result = db.resume(&by(self.now), self.ids[job]).await;
                let stopped = matches!(before[job].status, JobStatus::Paused | JobStatus::Error);
                self.changes += usize::from(stopped && result.is_ok());
            }
            Step::RunNow(job) => {
                let result = db.run_now(&by(self.now), self.ids[job]).await;
                self.changes += usize::from(result.is_ok());
            }
            Step::Rewind(job, to) => {
                let to = Some(id(u128::from(to)));
                let result = db.rewind(&by(self.now), self.ids[job], to).await;
                self.changes += usize::from(result.is_ok());
                self.rewound = result.is_ok().then(|| self.ids[job]);
            }
        }
    }

    async fn finish(&mut self, number: usize, before: &[Job], finish: &Finish, as_: RunOutcome) {
        let Some(held) = self.held(number) else {
            return;
        };
        let said = self.ended.get(&held.run) == Some(&as_);
        let now = at(self.now);
        let result = self.bench.db.finish(&held, now, finish).await;
        if said {
            assert!(result.is_ok(), "said twice");
        } else if Self::told(&held, before, result.is_ok(), &result) {
            self.ended.insert(held.run, as_);
        }
    }

    /// A word was taken if and only if its lease was the live one; says whether it was.
    fn told<T: std::fmt::Debug>(
        held: &Held,
        before: &[Job],
        taken: bool,
        result: &JobResult<T>,
    ) -> bool {
        let job = before.iter().find(|job| job.id == held.job).unwrap();
        let live = job
            .lease
            .as_ref()
            .is_some_and(|lease| lease.run == held.run);
        assert_eq!(live, taken, "{held:?} of {job:?}: {result:?}");
        let lost = matches!(result, Err(JobStoreError::LeaseLost { .. }));
        assert!(taken || lost, "{result:?}");
        taken
    }

    async fn check(&self, before: &[Job], step: &Step) -> Option<String> {
        let jobs = self.bench.jobs().await;
        let runs = self.bench.runs().await;
        for (was, job) in before.iter().zip(&jobs) {
            if job.token < was.token {
                return Some(format!("a token shrank: {was:?} {job:?}"));
            }
            let back = place(job.cursor) < place(was.cursor);
            if back && self.rewound != Some(job.id) {
                return Some(format!("a cursor went back: {was:?} {job:?}"));
            }
            let open: Vec<_> = runs
                .iter()
                .filter(|run| run.job == job.id && run.ended.is_none())
                .map(|run| run.id)
                .collect();
            let lease: Vec<_> = job.lease.iter().map(|lease| lease.run).collect();
            if open != lease || (job.status == JobStatus::Running) != job.lease.is_some() {
                return Some(format!("runs {open:?} are under way, and {job:?}"));
            }
        }
        for run in &runs {
            if run.outcome != self.ended.get(&run.id).copied() {
                let told = self.ended.get(&run.id);
                return Some(format!("{run:?} should have ended as {told:?}"));
            }
        }
        let mut tokens: Vec<_> = runs.iter().map(|run| (run.job, run.token)).collect();
        tokens.sort_unstable();
        tokens.dedup();
        if tokens.len() != runs.len() {
            return Some("two runs of a job have one token".to_owned());
        }
        let entries = self.bench.entries().await;
        (entries != self.changes)
            .then(|| format!("{} changes, {entries} entries ({step:?})", self.changes))
    }
}

/// A cursor as a number; before all where there is none.
fn place(cursor: Option<Cursor>) -> i64 {
    match cursor {
        Some(Cursor::Id(id)) => i64::try_from(id.0).unwrap(),
        Some(Cursor::Time(time)) => time.nanos(),
        None => -1,
    }
}
