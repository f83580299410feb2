//! Aggregate trades in imports: candles are exact, and the ledger says which trades are known
//! together only.

use quantflow_model::{Filling, LedgerKind, TradeFlags, TradeId};
use quantflow_pipeline::{Output, Pipeline};
use quantflow_wire::{ImportBegin, ImportKind, LogPosition, OrderRule, RecordKind};

use crate::fake::symbol;
use crate::faults::{Owned, pipeline};

/// A whole minute, in ms.
const MINUTE: i64 = 1_723_161_300_000;

struct Life {
    pipeline: Pipeline,
    offset: u64,
}

impl Life {
    fn new() -> Self {
        Self {
            pipeline: pipeline(OrderRule::ContiguousIds),
            offset: 0,
        }
    }

    fn apply(&mut self, kind: RecordKind, payload: &str) -> Output {
        self.offset += 1;
        let owned = Owned {
            kind,
            received: MINUTE,
            connection: 9,
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

    /// Imports lines of these columns.
    fn import(&mut self, name: &str, columns: &[&str], rows: &str) -> Output {
        let begin = ImportBegin {
            symbol: symbol("ABC"),
            kind: ImportKind::Trades,
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            file: name.to_owned(),
            sha256: name.to_owned(),
        };
        let begin = serde_json::to_string(&begin).unwrap();
        self.apply(RecordKind::ImportBegin, &begin);
        let out = self.apply(RecordKind::ImportRows, rows);
        self.apply(RecordKind::ImportEnd, "");
        out
    }
}

const AGGREGATES: [&str; 7] = [
    "",
    "price",
    "qty",
    "first_trade_id",
    "last_trade_id",
    "ts_ms",
    "buyer_maker",
];
const SINGLE: [&str; 5] = ["trade_id", "price", "qty", "ts_ms", "buyer_maker"];

fn filled(out: &Output) -> Vec<(u128, u128, Filling)> {
    let kinds = out.ledger.iter().map(|event| &event.kind);
    kinds
        .filter_map(|kind| match kind {
            LedgerKind::Filled { from, to, with } => Some((from.0, to.0, *with)),
            _ => None,
        })
        .collect()
}

#[test]
fn rows_of_several_trades_are_taken_as_such() {
    let mut life = Life::new();
    let out = life.import(
        "a",
        &AGGREGATES,
        "1,5,3,1,3,1723161300000,true\n2,6,1,4,4,1723161300100,false\n3,6,2,10,12,1723161300200,false",
    );
    let trades: Vec<_> = out
        .trades
        .iter()
        .map(|(_, trade)| {
            (
                trade.id,
                trade.count,
                trade.flags.has(TradeFlags::AGGREGATE),
            )
        })
        .collect();
    assert_eq!(
        trades,
        [
            (TradeId(1), 3, true),
            (TradeId(4), 1, false),
            (TradeId(10), 3, true)
        ]
    );
    let aggregates = Filling::Aggregates;
    assert_eq!(filled(&out), [(1, 4, aggregates), (10, 12, aggregates)]);
    let found = out.ledger.iter().any(|event| {
        matches!(&event.kind, LedgerKind::Found(hole) if (hole.from, hole.to) == (TradeId(5), TradeId(9)))
    });
    assert!(found, "{:?}", out.ledger);

    // what was missing between them comes as one row, and the same again brings nothing
    let out = life.import("b", &AGGREGATES, "9,6,5,5,9,1723161300150,false");
    assert_eq!(filled(&out), [(5, 9, aggregates)]);
    let out = life.import("c", &AGGREGATES, "1,5,3,1,3,1723161300000,true");
    assert_eq!((out.trades.len(), out.counts.duplicates), (0, 1));
}

#[test]
fn an_aggregate_that_cannot_be_split_leaves_its_hole_open() {
    let mut life = Life::new();
    life.import(
        "a",
        &SINGLE,
        "1,5,1,1723161300000,true\n5,5,1,1723161300100,true\n9,5,1,1723161300200,true",
    );
    let out = life.import("b", &AGGREGATES, "1,5,9,1,9,1723161300100,true");
    assert!(out.trades.is_empty());
    assert_eq!(out.quarantine.len(), 1);
    let reason = &out.quarantine[0].reason;
    assert!(
        reason.contains("several holes") && reason.contains("single trades"),
        "{reason}"
    );
    // the venue can still be asked, and a file of single trades fills it
    let out = life.import("c", &SINGLE, "3,5,1,1723161300050,true");
    assert_eq!(filled(&out), [(3, 3, Filling::Trades)]);
}
