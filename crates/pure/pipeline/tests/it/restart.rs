//! Stopped anywhere and gone on from its state, a pipeline is as if it had never stopped; and
//! however records are batched, it says the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use quantflow_model::{CandleState, Timeframe};
use quantflow_pipeline::{Output, Pipeline, PipelineOptions, StateError};
use quantflow_wire::{
    Channel, Connected, Disconnected, ImportBegin, ImportKind, LogPosition, OrderRule, PartitionId,
    RecordKind,
};

use crate::fake::{Fake, candle_line, symbol, venue};
use crate::faults::{Owned, World, fates, market, pipeline, send};

type Pieces = BTreeMap<String, Vec<u8>>;

fn restore(order: OrderRule, state: &Pieces) -> Pipeline {
    let pieces: Vec<_> = state.clone().into_iter().collect();
    Pipeline::restore(
        PartitionId::new("fake").unwrap(),
        venue(),
        Some(Arc::new(Fake::new(order))),
        PipelineOptions::default(),
        &pieces,
    )
    .unwrap()
}

fn apply(pipeline: &mut Pipeline, records: &[Owned], from: u64) -> Output {
    let mut out = Output::default();
    for (i, owned) in records.iter().enumerate() {
        let position = LogPosition {
            epoch: 1,
            offset: from + i as u64,
        };
        pipeline.apply(position, &owned.record(), &mut out);
    }
    out
}

fn commit(pipeline: &mut Pipeline, state: &mut Pieces) {
    for (key, value) in pipeline.take_dirty_state() {
        if value.is_empty() {
            state.remove(&key);
        } else {
            state.insert(key, value);
        }
    }
}

/// What is committed of an output.
fn committed(out: &Output) -> Output {
    Output {
        effects: Vec::new(),
        tops: Vec::new(),
        book_deltas: Vec::new(),
        ..out.clone()
    }
}

fn join(mut first: Output, second: Output) -> Output {
    first.trades.extend(second.trades);
    first.quotes.extend(second.quotes);
    first.candles.extend(second.candles);
    first.patches.extend(second.patches);
    first.venue_candles.extend(second.venue_candles);
    first.ledger.extend(second.ledger);
    first.quarantine.extend(second.quarantine);
    first.book_snapshots.extend(second.book_snapshots);
    let (counts, more) = (&mut first.counts, second.counts);
    counts.records += more.records;
    counts.events += more.events;
    counts.trades += more.trades;
    counts.duplicates += more.duplicates;
    counts.late += more.late;
    counts.flagged += more.flagged;
    counts.repeated_quotes += more.repeated_quotes;
    counts.repeated_rows += more.repeated_rows;
    counts.corrected_candles += more.corrected_candles;
    counts.known_in_answers += more.known_in_answers;
    counts.left_to_stream += more.left_to_stream;
    counts.not_kept += more.not_kept;
    counts.book_checksums_differ += more.book_checksums_differ;
    counts.foreign_rows += more.foreign_rows;
    counts.unused_book_deltas += more.unused_book_deltas;
    counts.failed_requests += more.failed_requests;
    counts.unused_aggregates += more.unused_aggregates;
    for (rule, n) in more.quarantined {
        *counts.quarantined.entry(rule).or_default() += n;
    }
    first
}

/// Records of a life with everything in it: faults, repairs, quotes, venue candles, an import of
/// what came before, a lost connection, garbage.
fn life(
    truth: &[quantflow_model::Trade],
    faults: &[crate::faults::Fate],
) -> (Vec<Owned>, OrderRule) {
    let order = OrderRule::ContiguousIds;
    let mut world = World::new(order);
    let (before, live) = truth.split_at(truth.len() / 3);
    let (first, second) = live.split_at(live.len() / 2);
    if !first.is_empty() {
        send(&mut world, first, faults, true);
    }
    let json = |value: &dyn erased::Json| value.bytes();
    world.apply(
        RecordKind::Disconnected,
        json(&Disconnected {
            reason: "closed".into(),
            detail: String::new(),
        }),
    );
    world.apply(
        RecordKind::Connected,
        json(&Connected {
            url: "ws://fake".into(),
            attempt: 1,
        }),
    );
    world.subscribe(Channel::Trades);
    world.apply(RecordKind::Text, b"X ABC nonsense".to_vec());
    world.apply(RecordKind::Text, b"Q ABC 5 1 1 2 1".to_vec());
    world.apply(RecordKind::Text, b"Q ABC 4 1 1 2 1".to_vec());
    world.apply(
        RecordKind::ImportBegin,
        json(&ImportBegin {
            symbol: symbol("ABC"),
            kind: ImportKind::Trades,
            columns: ["ts_ms", "price", "qty", "side", "trade_id"]
                .map(str::to_owned)
                .to_vec(),
            file: "before.csv".into(),
            sha256: "aa".into(),
        }),
    );
    for rows in before.chunks(4) {
        let text: String = rows.iter().map(crate::truth::row).collect();
        world.apply(RecordKind::ImportRows, text.into_bytes());
    }
    world.apply(RecordKind::ImportRows, b"not,a,row".to_vec());
    world.apply(RecordKind::ImportEnd, Vec::new());
    if !second.is_empty() {
        send(&mut world, second, faults, true);
    }
    for (open, shape) in crate::truth::candles(truth, Timeframe::M1) {
        let candle = shape.candle(open, CandleState::Closed);
        let line = candle_line("ABC", Timeframe::M1, &candle);
        world.apply(RecordKind::Text, line.into_bytes());
    }
    world.tick(1_000);
    world.answer_repairs(truth, true);
    world.tick(1_000);
    (world.records, order)
}

/// Payloads of records that are JSON.
mod erased {
    pub(super) trait Json {
        fn bytes(&self) -> Vec<u8>;
    }
    impl<T: serde::Serialize> Json for T {
        fn bytes(&self) -> Vec<u8> {
            serde_json::to_vec(self).unwrap()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_stop_at_every_cut_changes_nothing(truth in market(40), faults in fates(20)) {
        let (records, order) = life(&truth, &faults);
        let mut whole = pipeline(order);
        let all = committed(&apply(&mut whole, &records, 0));
        let mut state = Pieces::new();
        commit(&mut whole, &mut state);
        let tallies = whole.take_dirty_tallies();

        for cut in 0..=records.len() {
            let mut first = pipeline(order);
            let before = apply(&mut first, &records[..cut], 0);
            let mut stored = Pieces::new();
            commit(&mut first, &mut stored);
            let early = first.take_dirty_tallies();
            let mut second = restore(order, &stored);
            let after = apply(&mut second, &records[cut..], cut as u64);
            let both = committed(&join(before, after));
            prop_assert_eq!(&both, &all, "cut at {}", cut);
            commit(&mut second, &mut stored);
            prop_assert_eq!(&stored, &state, "cut at {}", cut);
            let mut days: BTreeMap<_, _> = early.into_iter().map(|d| (d.day, d)).collect();
            days.extend(second.take_dirty_tallies().into_iter().map(|d| (d.day, d)));
            prop_assert_eq!(days.into_values().collect::<Vec<_>>(), tallies.clone());
        }
    }

    #[test]
    fn a_commit_after_any_records_changes_nothing(
        truth in market(60), faults in fates(20), every in 1_usize..9,
    ) {
        let (records, order) = life(&truth, &faults);
        let mut whole = pipeline(order);
        let all = apply(&mut whole, &records, 0);
        let mut state = Pieces::new();
        commit(&mut whole, &mut state);

        let mut pieces = pipeline(order);
        let (mut out, mut stored) = (Output::default(), Pieces::new());
        for (i, records) in records.chunks(every).enumerate() {
            out = join(out, apply(&mut pieces, records, (i * every) as u64));
            commit(&mut pieces, &mut stored);
        }
        prop_assert_eq!(committed(&out), committed(&all));
        prop_assert_eq!(stored, state);
    }

    /// Whatever the bytes of a record are, applying it does not fail, and its state can be read.
    #[test]
    fn rubbish_is_survived(
        truth in market(20),
        rubbish in prop::collection::vec(
            (1_u8..=11, prop::collection::vec(any::<u8>(), 0..60), any::<i64>(), 0_u32..3), 0..40
        ),
        lines in prop::collection::vec(line(), 0..40),
    ) {
        let mut world = World::new(OrderRule::ContiguousIds);
        world.message(truth[0].time.millis(), &truth[..1]);
        let mut records = world.records.clone();
        for (kind, payload, received, connection) in rubbish {
            let kind = RecordKind::from_code(kind).unwrap();
            records.push(Owned { kind, received: received / 1_000_000, connection, payload });
        }
        for (i, text) in lines.into_iter().enumerate() {
            let payload = text.into_bytes();
            let received = truth[0].time.millis() + i as i64;
            records.push(Owned { kind: RecordKind::Text, received, connection: 1, payload });
        }
        for order in [OrderRule::ContiguousIds, OrderRule::TimeThenId, OrderRule::Arrival] {
            let mut whole = pipeline(order);
            apply(&mut whole, &records, 0);
            let mut state = Pieces::new();
            commit(&mut whole, &mut state);
            let restored = restore(order, &state);
            prop_assert_eq!(restored.symbols().len(), whole.symbols().len());
        }
    }
}

/// Lines that decode, with extreme numbers in them.
fn line() -> impl Strategy<Value = String> {
    let number = || {
        prop_oneof![
            any::<i64>().prop_map(|n| n.to_string()),
            (0_i64..300).prop_map(|n| n.to_string()),
            any::<u128>().prop_map(|n| (n >> 2).to_string()),
            Just("0.00000000000000000000000000000000000001".to_owned()),
            Just("99999999999999999999999999999999999999".to_owned()),
            Just("1723161255000000000".to_owned()),
        ]
    };
    let kind = prop::sample::select(vec!["T", "A", "Q", "S", "D", "K"]);
    (kind, prop::collection::vec(number(), 11)).prop_map(|(kind, numbers)| {
        let numbers = numbers.join(" ");
        let timeframe = if kind == "K" { "1m " } else { "" };
        format!("{kind} ABC {timeframe}{numbers} B\n")
    })
}

#[test]
fn a_state_of_another_version_or_with_other_options_is_refused() {
    let mut pipeline = pipeline(OrderRule::ContiguousIds);
    let state = pipeline.take_dirty_state();
    let again = |state: &[(String, Vec<u8>)], options: PipelineOptions| {
        Pipeline::restore(
            PartitionId::new("fake").unwrap(),
            venue(),
            None,
            options,
            state,
        )
    };
    assert!(again(&state, PipelineOptions::default()).is_ok());
    let other = PipelineOptions {
        close_grace_ns: 1,
        ..PipelineOptions::default()
    };
    assert!(matches!(again(&state, other), Err(StateError::Options)));
    let mut damaged = state.clone();
    damaged[0].1.truncate(3);
    assert!(matches!(
        again(&damaged, PipelineOptions::default()),
        Err(StateError::Damaged { .. })
    ));
    let mut newer = state;
    newer[0].1[0] = 9;
    assert!(again(&newer, PipelineOptions::default()).is_err());
}
