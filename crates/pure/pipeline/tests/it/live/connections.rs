//! What begins and ends with connections, and with the life that made them.

use quantflow_model::{LedgerKind, Timeframe};
use quantflow_pipeline::FeedState;
use quantflow_wire::{Channel, Connected, Disconnected, OrderRule, RecordKind};

use super::{Live, MINUTE, NAME, at, closed};
use crate::fake::symbol;

#[test]
fn a_new_connection_asks_for_what_is_missing() {
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
    live.trade(&at(1, 0));
    live.trade(&at(3, 1_000));
    live.tick(MINUTE + 2_000);
    assert!(live.tick(MINUTE + 3_000).effects.is_empty());
    let connected = Connected {
        url: "ws://fake".into(),
        attempt: 1,
    };
    let out = live.apply(
        RecordKind::Connected,
        2,
        serde_json::to_vec(&connected).unwrap(),
    );
    assert_eq!(out.effects.len(), 1);
}

#[test]
fn a_feed_without_contiguous_ids_enters_its_down_times() {
    let mut live = Live::new(OrderRule::TimeThenId, Channel::Trades);
    assert_eq!(live.pipeline.feed(live.slot()), FeedState::Live);
    live.trade(&at(1, 0));
    for second in 1..=5 {
        live.tick(MINUTE + second * 1_000);
    }
    let gone = Disconnected {
        reason: "silent".into(),
        detail: String::new(),
    };
    live.received = MINUTE + 5_000;
    live.apply(
        RecordKind::Disconnected,
        1,
        serde_json::to_vec(&gone).unwrap(),
    );
    assert!(matches!(
        live.pipeline.feed(live.slot()),
        FeedState::Down { .. }
    ));
    for second in 6..=9 {
        live.tick(MINUTE + second * 1_000);
    }
    live.subscribe(2, Channel::Trades);
    let LedgerKind::FeedDown { from, to, reason } = &live.out.ledger[0].kind else {
        panic!("{:?}", live.out.ledger)
    };
    // in the venue's time: from the last trade, for it was noticed late, until the stream must be there
    assert_eq!(*from, at(1, 0).time);
    let lag = MINUTE - at(1, 0).time.millis();
    assert_eq!(to.millis(), MINUTE + 9_000 - lag + 2_000);
    assert_eq!(reason, "silent");
}

#[test]
fn an_import_that_was_cut_off_ends_with_the_life_that_made_it() {
    use quantflow_wire::{ImportBegin, ImportKind};

    let columns = ["ts_ms", "price", "qty", "side", "trade_id"];
    for ends in [0, 7] {
        let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
        let begin = ImportBegin {
            symbol: symbol(NAME),
            kind: ImportKind::Trades,
            columns: columns.map(str::to_owned).to_vec(),
            file: "a.csv".into(),
            sha256: "a".into(),
        };
        live.received = MINUTE + 86_400_000;
        let payload = serde_json::to_vec(&begin).unwrap();
        live.apply(RecordKind::ImportBegin, 7, payload);
        let rows = format!("{},5,1,buy,1\n{},6,1,buy,2", MINUTE, MINUTE + 500);
        live.apply(RecordKind::ImportRows, 7, rows.into_bytes());
        assert!(live.pipeline.is_importing());
        assert!(
            closed(live.tick(MINUTE + 86_401_000)).is_empty(),
            "a further row may still belong to the candle"
        );
        let restart = Disconnected {
            reason: "restart".into(),
            detail: String::new(),
        };
        let payload = serde_json::to_vec(&restart).unwrap();
        let out = live.apply(RecordKind::Disconnected, ends, payload);
        assert!(closed(out).contains(&Timeframe::S1), "connection {ends}");
        assert!(!live.pipeline.is_importing());
        // it was not complete, so the same file may be imported
        let begin = ImportBegin {
            sha256: "a".into(),
            ..begin
        };
        live.apply(
            RecordKind::ImportBegin,
            8,
            serde_json::to_vec(&begin).unwrap(),
        );
        let rows = format!("{},5,1,buy,1\n{},7,1,buy,3", MINUTE, MINUTE + 1_500);
        let out = live.apply(RecordKind::ImportRows, 8, rows.into_bytes());
        assert_eq!(out.counts.repeated_rows, 0);
        assert_eq!(out.trades.len(), 1, "one row is new");
    }
}
