//! Every cleaning rule refuses what its sentence says: a rule that nothing provokes here is a defect.

use std::collections::BTreeSet;

use quantflow_model::{CandleState, RevisionCause, Timeframe};
use quantflow_pipeline::{ClosedCandle, Output, Pipeline, PipelineOptions, RULES};
use quantflow_wire::{
    Channel, ImportBegin, ImportKind, LogPosition, OrderRule, PartitionId, RecordKind, Subscribed,
};

use crate::fake::{subscription, symbol, venue};
use crate::faults::{Owned, pipeline};

const NAME: &str = "ABC";
/// A whole minute, in ms.
const MINUTE: i64 = 1_723_161_300_000;

struct Life {
    pipeline: Pipeline,
    offset: u64,
}

impl Life {
    fn new(channel: Channel) -> Self {
        let mut life = Self {
            pipeline: pipeline(OrderRule::ContiguousIds),
            offset: 0,
        };
        let subscribed = Subscribed {
            subscriptions: vec![subscription(NAME, channel)],
        };
        life.apply(
            RecordKind::Subscribed,
            &serde_json::to_string(&subscribed).unwrap(),
        );
        life.apply(RecordKind::Text, "T ABC 1 1723161300000000000 5 1 B");
        life
    }

    fn apply(&mut self, kind: RecordKind, payload: &str) -> Output {
        self.offset += 1;
        let owned = Owned {
            kind,
            received: MINUTE,
            connection: 1,
            payload: payload.as_bytes().to_vec(),
        };
        let mut out = Output::default();
        let position = LogPosition {
            epoch: 1,
            offset: self.offset,
        };
        self.pipeline.apply(position, &owned.record(), &mut out);
        out
    }
}

fn import() -> String {
    serde_json::to_string(&ImportBegin {
        symbol: symbol(NAME),
        kind: ImportKind::Trades,
        columns: ["ts_ms", "price", "qty", "side", "trade_id"]
            .map(str::to_owned)
            .to_vec(),
        file: "a.csv".to_owned(),
        sha256: "0".repeat(64),
    })
    .unwrap()
}

#[test]
fn every_rule_is_provoked_by_what_it_refuses() {
    use RecordKind::{ImportBegin, ImportRows, Text};
    let import = import();
    let huge = "1".repeat(38);
    let digits = format!("T ABC 2 1723161300000000000 {huge} {huge} B");
    let cases: [(&str, &[(RecordKind, &str)]); 17] = [
        (
            "price-not-positive",
            &[(Text, "T ABC 2 1723161300000000000 -5 1 B")],
        ),
        (
            "quantity-not-positive",
            &[(Text, "T ABC 2 1723161300000000000 5 0 B")],
        ),
        (
            "impossible-time",
            &[(Text, "T ABC 2 -9000000000000000000 5 1 B")],
        ),
        (
            "time-travel-ahead",
            &[(Text, "T ABC 2 1723171300000000000 5 1 B")],
        ),
        (
            "time-travel-behind",
            &[(Text, "T ABC 2 1723151300000000000 5 1 B")],
        ),
        (
            "implausible-id-jump",
            &[(Text, "T ABC 99999999999 1723161300000000000 5 1 B")],
        ),
        (
            "duplicate-id-differs",
            &[(Text, "T ABC 1 1723161300000000000 6 1 B")],
        ),
        ("too-many-digits", &[(Text, &digits)]),
        (
            "empty-aggregate",
            &[(Text, "A ABC 7 9 8 1723161300000000000 5 1 B")],
        ),
        ("crossed-quote", &[(Text, "Q ABC 1 6 1 5 1")]),
        (
            "stale-quote",
            &[(Text, "Q ABC 2 5 1 6 1"), (Text, "Q ABC 1 5 1 6 2")],
        ),
        ("quote-not-positive", &[(Text, "Q ABC 1 -5 1 6 1")]),
        (
            "impossible-candle",
            &[(Text, "K ABC 1m 1723161240000000000 5 4 3 5 1 5 1 1 5")],
        ),
        (
            "candle-off-grid",
            &[(Text, "K ABC 1m 1723161241000000000 5 5 5 5 1 5 1 1 5")],
        ),
        (
            "unknown-symbol",
            &[(Text, "T XYZ 2 1723161300000000000 5 1 B")],
        ),
        (
            "bad-row",
            &[(ImportBegin, &import), (ImportRows, "what,is,this\n")],
        ),
        ("bad-record", &[(ImportBegin, "{")]),
    ];
    let mut provoked = BTreeSet::from(["no-codec", "outlier"]); // below, and in `live`
    for (rule, records) in cases {
        // beside single trades aggregates are not looked at
        let channel = match rule {
            "empty-aggregate" => Channel::AggregateTrades,
            _ => Channel::Trades,
        };
        let mut life = Life::new(channel);
        let mut quarantine = Vec::new();
        for (kind, payload) in records {
            quarantine.extend(life.apply(*kind, payload).quarantine);
        }
        assert_eq!(quarantine.len(), 1, "{rule}: {quarantine:?}");
        assert_eq!(quarantine[0].rule, rule);
        provoked.insert(rule);
    }
    let all: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(provoked, all);
}

#[test]
fn bytes_of_a_venue_without_a_codec_are_kept_in_quarantine() {
    let mut life = Life::new(Channel::Trades);
    life.pipeline = Pipeline::new(
        PartitionId::new("fake").unwrap(),
        venue(),
        None,
        PipelineOptions::default(),
    );
    let out = life.apply(RecordKind::Text, "T ABC 1 1723161300000000000 5 1 B");
    assert_eq!(out.quarantine[0].rule, "no-codec");
    assert_eq!(out.counts.quarantined["no-codec"], 1);
}

#[test]
fn a_candle_that_the_venue_corrects_is_handed_on_and_its_repetition_is_not() {
    let mut life = Life::new(Channel::Trades);
    let candle = |close: &str| format!("K ABC 1m 1723161240000000000 5 9 1 {close} 1 5 1 1 5");
    // of longer timeframes it may be the last child
    let minutes = |out: &Output| {
        let of_a_minute = |c: &&ClosedCandle| c.timeframe == Timeframe::M1;
        out.candles.iter().filter(of_a_minute).count()
    };
    assert_eq!(minutes(&life.apply(RecordKind::Text, &candle("5"))), 1);
    let again = life.apply(RecordKind::Text, &candle("5"));
    assert_eq!((minutes(&again), again.counts.repeated_rows), (0, 1));
    let corrected = life.apply(RecordKind::Text, &candle("6"));
    assert_eq!(minutes(&corrected), 1);
    assert_eq!(corrected.counts.corrected_candles, 1);
}

#[test]
fn a_state_is_stored_by_a_code_that_means_it_alone() {
    let causes = [
        RevisionCause::Late,
        RevisionCause::Repair,
        RevisionCause::Backfill,
        RevisionCause::Venue,
    ];
    let states = [CandleState::Open, CandleState::Closed]
        .into_iter()
        .chain(causes.map(CandleState::Revised));
    for (code, state) in (0..).zip(states) {
        assert_eq!(state.code(), code);
        assert_eq!(CandleState::from_code(code), Some(state));
    }
    assert_eq!(CandleState::from_code(6), None);
}
