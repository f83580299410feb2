//! What is looked at while it runs, and at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use quantflow_log_embedded::{EmbeddedLog, LogOptions};
use quantflow_seams::EventLog;
use quantflow_seams::jobs::{Job, JobDatabase, JobFilter, JobId, Page, Run, RunFilter, Token};

use super::venue::{partition, place, value};

/// Looks on.
#[derive(Debug, Default)]
pub(super) struct Watch {
    faults: BTreeMap<&'static str, u32>,
    cursors: BTreeMap<JobId, u64>,
    looks: u32,
}

impl Watch {
    pub(super) fn struck(&mut self, what: &'static str) {
        *self.faults.entry(what).or_default() += 1;
    }

    /// No cursor goes back, as anybody sees it from outside.
    pub(super) async fn look(&mut self, database: &dyn JobDatabase) {
        let filter = JobFilter::default();
        let jobs = match database.jobs(&filter, Page::first(1_000)).await {
            Ok(jobs) => jobs,
            Err(error) => {
                assert!(error.is_transient(), "{error}");
                return;
            }
        };
        self.looks += 1;
        for job in jobs {
            let now = place(job.cursor);
            let before = self.cursors.insert(job.id, now).unwrap_or(0);
            assert!(before <= now, "a cursor went back from {before}: {job:?}");
        }
    }

    /// Everything, at the end.
    pub(super) async fn judge(self, database: &dyn JobDatabase, folder: &Path, workers: u64) {
        let filter = JobFilter::default();
        let jobs = database.jobs(&filter, Page::first(1_000)).await.unwrap();
        let mut outcomes: BTreeMap<&str, u32> = BTreeMap::new();
        for job in &jobs {
            let runs = all_runs(database, job.id).await;
            check_history(job, &runs);
            for run in runs {
                *outcomes.entry(run.outcome.unwrap().as_str()).or_default() += 1;
            }
        }
        let logged = Logged::read(folder, workers).await;
        let (mut held, mut beyond) = (0, 0);
        for job in &jobs {
            let end = place(job.cursor);
            let none = BTreeSet::new();
            let rows = logged.rows.get(&job.id.0).unwrap_or(&none);
            let inside = rows.range(..end).count() as u64;
            assert_eq!(inside, end, "rows of job {} are lost", job.id);
            held += inside;
            beyond += rows.len() as u64 - inside;
        }
        assert!(held > 0);
        println!("faults: {:?}", self.faults);
        println!(
            "runs: {outcomes:?}, all ended; cursors looked at {} times",
            self.looks
        );
        println!(
            "rows: {held} of {} jobs, 0 lost, 0 with two contents; {} records in the logs, of them {} fetched again, {beyond} past a cursor",
            jobs.len(),
            logged.records,
            logged.records - held - beyond,
        );
    }
}

async fn all_runs(database: &dyn JobDatabase, job: JobId) -> Vec<Run> {
    let filter = RunFilter {
        job: Some(job),
        ..RunFilter::default()
    };
    let mut runs: Vec<Run> = Vec::new();
    loop {
        let past = runs.last().map(|run| run.id.0);
        let page = Page { past, limit: 1_000 };
        let page = database.runs(&filter, page).await.unwrap();
        if page.is_empty() {
            runs.reverse();
            return runs;
        }
        runs.extend(page);
    }
}

/// One run a token, each with its end; each goes on where the one before stood; what it says it
/// brought is how far the cursor moved under it.
fn check_history(job: &Job, runs: &[Run]) {
    let tokens: Vec<_> = runs.iter().map(|run| run.token).collect();
    let expected: Vec<_> = (1..=job.token.0).map(Token).collect();
    assert_eq!(tokens, expected, "job {}: a lease has no run", job.id);
    let mut stood = 0;
    for run in runs {
        assert!(run.ended.is_some() && run.outcome.is_some(), "{run:?}");
        let (before, after) = (place(run.cursor_before), place(run.cursor_after));
        assert_eq!(
            before, stood,
            "{run:?} does not go on where the last one stood"
        );
        assert!(after >= before, "{run:?}");
        assert_eq!(run.rows.0, after - before, "{run:?}");
        stood = after;
    }
    assert_eq!(stood, place(job.cursor), "job {}", job.id);
}

/// What stands in the logs of all workers.
#[derive(Debug, Default)]
struct Logged {
    records: u64,
    /// By job, each row once: a row's content is checked against the venue's.
    rows: BTreeMap<u64, BTreeSet<u64>>,
}

impl Logged {
    async fn read(folder: &Path, workers: u64) -> Self {
        let mut all = Self::default();
        for number in 0..workers {
            let folder = folder.join(format!("worker{number}"));
            let (log, _repairs) = EmbeddedLog::open(&folder, LogOptions::default()).unwrap();
            let (mut at, end) = (log.start(&partition()), log.end(&partition()));
            while at < end {
                let slice = log.read(&partition(), at).await.unwrap();
                let same_epoch = slice.first.epoch == at.epoch;
                let skip = if same_epoch {
                    at.offset - slice.first.offset
                } else {
                    0
                };
                for record in slice.chunk.iter().skip(skip as usize) {
                    all.take(record.payload);
                }
                at = slice.next();
            }
            log.close().await.unwrap();
        }
        all
    }

    fn take(&mut self, payload: &[u8]) {
        let text = std::str::from_utf8(payload).unwrap();
        let numbers: Vec<u64> = text.split(' ').map(|text| text.parse().unwrap()).collect();
        let [job, row, content] = numbers[..] else {
            panic!("{text:?}");
        };
        assert_eq!(content, value(job, row), "a row has another content");
        self.records += 1;
        self.rows.entry(job).or_default().insert(row);
    }
}
