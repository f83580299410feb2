//! Any appends, any restarts: what is read is what was appended.

use proptest::prelude::*;
use quantflow_log_embedded::LogOptions;
use quantflow_seams::EventLog;
use quantflow_testkit::event_log_suite::{chunk, noise, partition, read_to_end};
use quantflow_wire::{LogPosition, RecordChunk};
use tempfile::TempDir;

use crate::disk::{copy, open_fast, small};

#[derive(Debug, Clone)]
enum Step {
    /// Append records of these lengths.
    Append(Vec<usize>),
    /// Close and open again.
    Reopen,
    /// Wait until all is durable, and end as a killed process does.
    Crash,
    /// Read from this share of the log on.
    Read(f64),
    /// Remove what stands before this share of the log.
    Remove(f64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop::collection::vec(0_usize..1_500, 0..12).prop_map(Step::Append),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
        2 => (0.0..=1.0).prop_map(Step::Read),
        1 => (0.0..=1.0).prop_map(Step::Remove),
    ]
}

fn options() -> impl Strategy<Value = LogOptions> {
    (
        1_usize..5_000,
        200_u64..20_000,
        0_usize..30_000,
        1_usize..30_000,
    )
        .prop_map(
            |(block_bytes, segment_bytes, memory_bytes, queue_bytes)| LogOptions {
                block_bytes,
                segment_bytes,
                memory_bytes,
                queue_bytes,
                ..small()
            },
        )
}

/// The log beside what it should hold: the place of each record, and the record.
async fn run(options: LogOptions, steps: Vec<Step>) {
    let id = partition();
    let mut folder = TempDir::new().unwrap();
    let (mut log, _) = open_fast(folder.path(), options).unwrap();
    let mut places: Vec<LogPosition> = Vec::new();
    let mut records = RecordChunk::default();
    for step in steps
        .into_iter()
        .chain([Step::Read(0.0), Step::Reopen, Step::Read(0.0)])
    {
        match step {
            Step::Append(lengths) => {
                let number = records.len() as u32;
                let payloads: Vec<_> = lengths
                    .iter()
                    .enumerate()
                    .map(|(at, length)| noise(u64::from(number) + at as u64, *length))
                    .collect();
                let part = chunk(number, &payloads);
                let first = log.append(&id, part.clone()).await.unwrap();
                assert!(places.last().is_none_or(|last| *last < first) || part.is_empty());
                places.extend((0..part.len() as u64).map(|n| first.plus(n)));
                records.extend(&part);
            }
            Step::Reopen => {
                let before = (log.start(&id), log.end(&id));
                log.close().await.unwrap();
                drop(log);
                let repairs;
                (log, repairs) = open_fast(folder.path(), options).unwrap();
                assert_eq!(repairs, []);
                assert_eq!((log.start(&id), log.end(&id)), before);
            }
            Step::Crash => {
                log.wait_durable(&id, log.end(&id)).await.unwrap();
                let crashed = copy(folder.path());
                drop(log);
                folder = crashed;
                let repairs;
                (log, repairs) = open_fast(folder.path(), options).unwrap();
                // (a copy that is taken while a segment closes finds its next one empty)
                assert!(repairs.len() <= 1, "{repairs:?}");
                assert_eq!(log.end(&id).offset, records.len() as u64);
            }
            Step::Read(share) => {
                let kept = log.start(&id).offset;
                let from = kept + ((records.len() as u64 - kept) as f64 * share) as u64;
                let place = places.get(from as usize).copied().unwrap_or(log.end(&id));
                let rest = read_to_end(&log, &id, place).await.unwrap();
                assert!(rest.iter().eq(records.iter().skip(from as usize)));
            }
            Step::Remove(share) => {
                let at = (records.len() as f64 * share) as usize;
                let place = places.get(at).copied().unwrap_or(log.end(&id));
                let before = log.start(&id).offset;
                log.remove_before(&id, place).await.unwrap();
                assert!(log.start(&id).offset <= before.max(at as u64));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_read_is_what_was_appended(
        options in options(),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(run(options, steps));
    }
}
