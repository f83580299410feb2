//! The scheduler and its workers: which job runs when, under whose lease, and what becomes of it.
//!
//! Written against seams only: jobs stand in a [`JobDatabase`](quantflow_seams::jobs::JobDatabase),
//! what comes goes into an [`EventLog`](quantflow_seams::EventLog), and what a job does is a
//! [`Work`], which the venues' side implements. Start at [`Worker`]: any number of them, in any
//! number of processes and hosts, share the jobs of one database.
//!
//! One step of a run: the work fetches a page and appends what came to the raw log; the run waits
//! until that is durable; only then the cursor moves, under the lease's token. A crash between any
//! two of these fetches the page again, which is harmless, for the pipeline de-duplicates.
//!
//! - `cron`, `due`: when a job is due next;
//! - `retry`: whether a failure is tried again, and when;
//! - `work`: what is run; `run`: one run under its lease; `worker`: the loop around it;
//! - `agreed`: the time that all workers of a database agree on.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod agreed;
mod cron;
mod due;
pub mod metrics;
mod retry;
mod run;
mod work;
mod worker;

pub use cron::{Cron, CronError};
pub use due::{ScheduleError, first_due, next_due};
pub use retry::{Jitter, RetryPolicy, Rule};
pub use work::{Logged, More, Step, Work, WorkError};
pub use worker::{Engines, Worker, WorkerOptions};
