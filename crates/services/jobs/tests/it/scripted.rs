//! A work that does as it is told, and what it needs around it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use quantflow_jobs::{Engines, Logged, More, Step, Work, WorkError, Worker, WorkerOptions};
use quantflow_model::{Timestamp, TradeId};
use quantflow_seams::jobs::{
    By, ConnectorState, Cursor, Job, JobDatabase, JobId, JobKind, JobStore, NewConnector, NewJob,
    Page, Run, RunFilter, Schedule, WorkerId,
};
use quantflow_seams::{ClosedSegment, EventLog, LogError, LogSlice};
use quantflow_testkit::clock::ManualClock;
use quantflow_testkit::event_log_suite::chunk;
use quantflow_testkit::{MemoryJobs, MemoryLog};
use quantflow_wire::{LogPosition, PartitionId, Purpose, RecordChunk};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a step does.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Appends so many rows and moves the cursor behind them.
    Rows(u64, More),
    /// Says that the cursor is there.
    Cursor(u128),
    Fail(WorkError),
    Panic,
    /// Never ends.
    Hang,
}

/// A work that does as it is told; without a word it is up to date.
#[derive(Debug)]
pub(crate) struct Scripted {
    acts: Mutex<VecDeque<Act>>,
    /// The cursors that steps began at.
    pub(crate) seen: Mutex<Vec<Option<Cursor>>>,
    /// How many steps hang now; a dropped one hangs no more.
    pub(crate) hanging: watch::Sender<u32>,
    log: Arc<dyn EventLog>,
}

struct Hanging<'a>(&'a watch::Sender<u32>);

impl Drop for Hanging<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

pub(crate) fn partition() -> PartitionId {
    PartitionId::new("fake-0").unwrap()
}

pub(crate) fn id(number: u128) -> Cursor {
    Cursor::Id(TradeId(number))
}

#[async_trait]
impl Work for Scripted {
    async fn step(&self, job: &Job) -> Result<Step, WorkError> {
        self.seen.lock().unwrap().push(job.cursor);
        let act = self.acts.lock().unwrap().pop_front();
        let nothing = Step {
            logged: None,
            rows: 0,
            cursor: None,
            more: More::Later,
        };
        match act {
            None => Ok(nothing),
            Some(Act::Fail(error)) => Err(error),
            Some(Act::Panic) => panic!("as it was told"),
            Some(Act::Cursor(number)) => Ok(Step {
                cursor: Some(id(number)),
                ..nothing
            }),
            Some(Act::Hang) => {
                self.hanging.send_modify(|count| *count += 1);
                let _hanging = Hanging(&self.hanging);
                std::future::pending().await
            }
            Some(Act::Rows(rows, more)) => {
                let first = match job.cursor {
                    Some(Cursor::Id(id)) => id.0,
                    _ => 0,
                };
                let payloads: Vec<_> = (0..rows).map(|row| row.to_string()).collect();
                let at = self.log.append(&partition(), chunk(0, &payloads)).await;
                Ok(Step {
                    logged: Some(Logged {
                        partition: partition(),
                        end: at.unwrap().plus(rows),
                    }),
                    rows,
                    cursor: Some(id(first + u128::from(rows))),
                    more,
                })
            }
        }
    }
}

/// A log in memory whose records become durable when a test says so.
#[derive(Debug)]
pub(crate) struct SlowLog {
    memory: MemoryLog,
    pub(crate) synced: watch::Sender<bool>,
    pub(crate) waiting: watch::Sender<u32>,
}

#[async_trait]
impl EventLog for SlowLog {
    async fn append(&self, p: &PartitionId, chunk: RecordChunk) -> Result<LogPosition, LogError> {
        self.memory.append(p, chunk).await
    }
    async fn read(&self, p: &PartitionId, from: LogPosition) -> Result<LogSlice, LogError> {
        self.memory.read(p, from).await
    }
    fn start(&self, p: &PartitionId) -> LogPosition {
        self.memory.start(p)
    }
    fn end(&self, p: &PartitionId) -> LogPosition {
        self.memory.end(p)
    }
    fn durable(&self, p: &PartitionId) -> LogPosition {
        self.memory.start(p)
    }
    async fn wait_durable(&self, _: &PartitionId, _: LogPosition) -> Result<(), LogError> {
        self.waiting.send_modify(|count| *count += 1);
        let mut synced = self.synced.subscribe();
        let waited = synced.wait_for(|synced| *synced).await;
        waited.map(|_| ()).map_err(|_| LogError::Closed)
    }
    fn partitions(&self) -> Vec<PartitionId> {
        self.memory.partitions()
    }
    async fn closed_segments(&self, p: &PartitionId) -> Result<Vec<ClosedSegment>, LogError> {
        self.memory.closed_segments(p).await
    }
    async fn segment_bytes(
        &self,
        p: &PartitionId,
        segment: &ClosedSegment,
    ) -> Result<Vec<u8>, LogError> {
        self.memory.segment_bytes(p, segment).await
    }
    async fn remove_before(&self, p: &PartitionId, at: LogPosition) -> Result<(), LogError> {
        self.memory.remove_before(p, at).await
    }
    async fn close(&self) -> Result<(), LogError> {
        self.memory.close().await
    }
}

/// A worker on a database in memory, with a clock moved by hand.
pub(crate) struct Stage {
    pub(crate) clock: ManualClock,
    pub(crate) db: Arc<MemoryJobs>,
    pub(crate) log: Arc<SlowLog>,
    pub(crate) work: Arc<Scripted>,
    pub(crate) job: JobId,
    stop: watch::Sender<bool>,
}

impl Stage {
    /// With one job, each minute, due now.
    pub(crate) async fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        let clock = ManualClock::new(Timestamp::from_seconds(1_700_000_000));
        Self::with_database_clock(acts, clock.clone(), clock).await
    }

    /// Where the database's clock shows another time than the host's.
    pub(crate) async fn with_database_clock(
        acts: impl IntoIterator<Item = Act>,
        clock: ManualClock,
        of_database: ManualClock,
    ) -> Self {
        let db = Arc::new(MemoryJobs::new(Arc::new(of_database)));
        let log = Arc::new(SlowLog {
            memory: MemoryLog::default(),
            synced: watch::Sender::new(true),
            waiting: watch::Sender::new(0),
        });
        let work = Arc::new(Scripted {
            acts: Mutex::new(acts.into_iter().collect()),
            seen: Mutex::default(),
            hanging: watch::Sender::new(0),
            log: log.clone(),
        });
        let mut stage = Self {
            clock,
            db,
            log,
            work,
            job: JobId(0),
            stop: watch::Sender::new(false),
        };
        let connector = NewConnector {
            venue: "fake".parse().unwrap(),
            protocol: "fake".into(),
            state: ConnectorState::Enabled,
            settings: serde_json::Value::Null,
        };
        stage
            .db
            .create_connector(&stage.by(), connector)
            .await
            .unwrap();
        let job = NewJob {
            venue: "fake".parse().unwrap(),
            kind: JobKind::Trades {
                symbol: "fake:BTC/USD".parse().unwrap(),
            },
            schedule: Schedule::Every {
                period: Duration::from_mins(1),
            },
            purpose: Purpose::Live,
            cursor: None,
            due: stage.by().at,
        };
        stage.job = stage.db.create_job(&stage.by(), job).await.unwrap().id;
        stage
    }

    pub(crate) fn by(&self) -> By {
        use quantflow_seams::Clock;
        By {
            who: "test".into(),
            at: self.clock.now(),
        }
    }

    /// Begins a worker.
    pub(crate) fn work(&self, change: impl FnOnce(&mut WorkerOptions)) -> JoinHandle<()> {
        let mut options = WorkerOptions::new(WorkerId("worker".into()), 7);
        change(&mut options);
        let database: Arc<dyn JobDatabase> = self.db.clone();
        let engines = Engines {
            database,
            log: self.log.clone(),
            work: self.work.clone(),
            clock: Arc::new(self.clock.clone()),
        };
        tokio::spawn(Worker::new(engines, options).run(self.stop.subscribe()))
    }

    pub(crate) async fn stop(&self, worker: JoinHandle<()>) {
        self.stop.send_replace(true);
        worker.await.unwrap();
    }

    pub(crate) async fn job(&self) -> Job {
        self.db.job(self.job).await.unwrap()
    }

    /// Oldest first.
    pub(crate) async fn runs(&self) -> Vec<Run> {
        use quantflow_seams::jobs::JobHistory;
        let runs = self.db.runs(&RunFilter::default(), Page::first(100)).await;
        let mut runs = runs.unwrap();
        runs.reverse();
        runs
    }

    /// Lets all tasks run until they wait (the runtime has one thread).
    pub(crate) async fn settle(&self) {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }

    /// Moves time by so much, from one sleeper's wake to the next.
    pub(crate) async fn pass(&self, duration: Duration) {
        use quantflow_seams::Clock;
        let end = self.clock.now() + duration;
        loop {
            self.settle().await;
            match self.clock.next_wake().filter(|wake| *wake <= end) {
                Some(wake) => self.clock.set(wake),
                None => break,
            }
        }
        self.clock.set(end);
        self.settle().await;
    }
}
