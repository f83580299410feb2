//! `kill -9` of a process that appends.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use quantflow_log_embedded::{EmbeddedLog, FsyncPolicy, LogOptions};
use quantflow_seams::EventLog;
use quantflow_testkit::event_log_suite::{chunk, noise, partition, read_to_end};
use quantflow_wire::LogPosition;
use tempfile::TempDir;

use crate::disk::{copy, open_fast};

const FOLDER: &str = "QUANTFLOW_LOG_KILL_FOLDER";

fn options() -> LogOptions {
    LogOptions {
        fsync: FsyncPolicy::Interval(Duration::from_millis(1)),
        segment_bytes: 40_000,
        block_bytes: 3_000,
        ..LogOptions::default()
    }
}

/// The payload of a record tells its offset.
fn payload(offset: u64) -> Vec<u8> {
    let length = 20 + (offset * 37 % 300) as usize;
    [offset.to_le_bytes().to_vec(), noise(offset + 1, length)].concat()
}

/// The process that is killed: appends for ever, and says what is durable.
#[tokio::test]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return; // only of use when the test below starts it
    };
    let (log, _) = EmbeddedLog::open(folder.as_ref(), options()).unwrap();
    let id = partition();
    let mut told = log.durable(&id).offset;
    loop {
        let offset = log.end(&id).offset;
        let payloads: Vec<_> = (offset..offset + 1 + offset % 5).map(payload).collect();
        log.append(&id, chunk(offset as u32, &payloads))
            .await
            .unwrap();
        let durable = log.durable(&id).offset;
        if durable > told {
            told = durable;
            println!("durable {durable}");
        }
        // slow enough that the disk does not fill when nobody kills it
        if offset % 64 == 0 {
            log.wait_durable(&id, log.end(&id)).await.unwrap();
        }
    }
}

/// How often; `QUANTFLOW_LOG_KILLS` asks for more.
fn kills() -> u64 {
    let asked = std::env::var("QUANTFLOW_LOG_KILLS").ok();
    asked.and_then(|kills| kills.parse().ok()).unwrap_or(12)
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_durable() {
    let folder = TempDir::new().unwrap();
    let id = partition();
    for kill in 0..kills() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["kill::child", "--exact", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut durable = 0;
        let mut said = 0;
        // after another number of words each time
        while said < 1 + kill * 7 % 23 {
            let line = lines.next().expect("the child appends").unwrap();
            if let Some(offset) = line.strip_prefix("durable ") {
                durable = offset.parse().unwrap();
                said += 1;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            if let Some(offset) = line.strip_prefix("durable ") {
                durable = offset.parse().unwrap_or(durable); // the last word may be torn
            }
        }
        // a copy is looked at: the next process finds what this one left
        let copy = copy(folder.path());
        let (log, repairs) = open_fast(copy.path(), options()).unwrap();
        let end = log.end(&id);
        assert!(u64::from(end.epoch) <= kill);
        assert!(end.offset >= durable, "{end} < {durable}: {repairs:?}");
        let all = read_to_end(&log, &id, LogPosition::START).await.unwrap();
        assert_eq!(all.len() as u64, end.offset);
        for (offset, record) in all.iter().enumerate() {
            assert!(record.payload == payload(offset as u64), "record {offset}");
        }
    }
}
