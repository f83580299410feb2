//! A venue whose rows are the same whenever they are asked for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quantflow_jobs::{Logged, More, Step, Work, WorkError};
use quantflow_model::TradeId;
use quantflow_seams::jobs::{Cursor, FailureClass, Job};
use quantflow_seams::{Clock, EventLog, SystemClock};
use quantflow_wire::{PartitionId, Record, RecordChunk, RecordKind};

/// Asked for page after page until the file `over` is in the folder.
#[derive(Debug)]
pub(super) struct Venue {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) folder: PathBuf,
}

pub(super) fn partition() -> PartitionId {
    PartitionId::new("faults-0").unwrap()
}

/// What a row holds: not to be guessed from another.
pub(super) fn value(job: u64, row: u64) -> u64 {
    let mut mixed =
        job.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ row.wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^= mixed >> 31;
    mixed.wrapping_mul(0xc4ce_b9fe_1a85_ec53)
}

/// The first row that is not held yet.
pub(super) fn place(cursor: Option<Cursor>) -> u64 {
    match cursor {
        None => 0,
        Some(Cursor::Id(id)) => u64::try_from(id.0).unwrap(),
        Some(other) => panic!("{other}"),
    }
}

#[async_trait]
impl Work for Venue {
    async fn step(&self, job: &Job) -> Result<Step, WorkError> {
        let first = place(job.cursor);
        if self.folder.join("over").exists() {
            return Ok(Step {
                logged: None,
                rows: 0,
                cursor: None,
                more: More::Never,
            });
        }
        // what it does next depends on the row only, and now and then on nothing: a venue's mood
        let dice = value(job.id.0, first);
        let mood = SystemClock.now().nanos().unsigned_abs() / 1_000;
        tokio::time::sleep(Duration::from_millis(1 + dice % 8)).await;
        if mood.is_multiple_of(40) {
            return Err(WorkError::new(FailureClass::Network, "no answer"));
        }
        let rows = 1 + dice % 20;
        let log_failed =
            |error: &dyn std::fmt::Display| WorkError::new(FailureClass::Log, error.to_string());
        let mut chunk = RecordChunk::default();
        for row in first..first + rows {
            let payload = format!("{} {row} {}", job.id, value(job.id.0, row));
            chunk
                .push(&Record {
                    kind: RecordKind::Text,
                    received: SystemClock.now(),
                    connection: 1,
                    sequence: row as u32,
                    payload: payload.as_bytes(),
                })
                .map_err(|error| log_failed(&error))?;
        }
        let at = self.log.append(&partition(), chunk).await;
        let at = at.map_err(|error| log_failed(&error))?;
        Ok(Step {
            logged: Some(Logged {
                partition: partition(),
                end: at.plus(rows),
            }),
            rows,
            cursor: Some(Cursor::Id(TradeId(u128::from(first + rows)))),
            more: if dice.is_multiple_of(10) {
                More::Later
            } else {
                More::Now
            },
        })
    }
}
