//! A live feed: when candles close, what makes them change, and what answers prove.

use quantflow_model::{
    CandleState, Filling, LedgerKind, RevisionCause, Side, Timeframe, Timestamp, Trade, TradeFlags,
    TradeId,
};
use quantflow_pipeline::{ClosedCandle, Effect, FeedState, Output, RepairHow};
use quantflow_wire::{
    Channel, Connected, Disconnected, LogPosition, OrderRule, Purpose, Query, RecordKind,
};

use crate::fake::{aggregate_line, answer, spelled, symbol, trade, trade_line};
use crate::faults::{Owned, World, pipeline};

const NAME: &str = "ABC";
/// A whole minute, in ms.
const MINUTE: i64 = 1_723_161_300_000;

/// A world whose outputs are looked at one record at a time.
struct Live {
    pipeline: quantflow_pipeline::Pipeline,
    out: Output,
    offset: u64,
    received: i64,
}

impl Live {
    fn new(order: OrderRule, channel: Channel) -> Self {
        let mut live = Self {
            pipeline: pipeline(order),
            out: Output::default(),
            offset: 0,
            received: MINUTE,
        };
        live.subscribe(1, channel);
        live
    }

    fn apply(&mut self, kind: RecordKind, connection: u32, payload: Vec<u8>) -> &Output {
        self.offset += 1;
        self.out.clear();
        let owned = Owned {
            kind,
            received: self.received,
            connection,
            payload,
        };
        let position = LogPosition {
            epoch: 1,
            offset: self.offset,
        };
        self.pipeline
            .apply(position, &owned.record(), &mut self.out);
        &self.out
    }

    fn subscribe(&mut self, connection: u32, channel: Channel) {
        let subscribed = quantflow_wire::Subscribed {
            subscriptions: vec![crate::fake::subscription(NAME, channel)],
        };
        let payload = serde_json::to_vec(&subscribed).unwrap();
        self.apply(RecordKind::Subscribed, connection, payload);
    }

    fn text(&mut self, received: i64, text: &str) -> &Output {
        self.received = received;
        self.apply(RecordKind::Text, 1, text.as_bytes().to_vec())
    }

    /// A trade, received when it happened.
    fn trade(&mut self, trade: &Trade) -> &Output {
        self.text(trade.time.millis(), &trade_line(NAME, trade))
    }

    fn tick(&mut self, received: i64) -> &Output {
        self.received = received;
        self.apply(RecordKind::Tick, 0, Vec::new())
    }

    fn answer(&mut self, query: Query, status: u16, body: &str) -> &Output {
        let payload = answer(query, Purpose::Repair, status, body);
        self.apply(RecordKind::Exchange, 0, payload)
    }

    fn slot(&self) -> quantflow_pipeline::SymbolSlot {
        self.pipeline.slot(&symbol(NAME)).unwrap()
    }
}

fn closed(out: &Output) -> Vec<Timeframe> {
    out.candles.iter().map(|c| c.timeframe).collect()
}

fn at(id: u128, millis: i64) -> Trade {
    trade(id, MINUTE + millis, 500 + id as i64, 10, Side::Buy)
}

fn from_id(from: u128, limit: u32) -> Query {
    Query::TradesFromId {
        symbol: spelled(NAME),
        from: TradeId(from),
        limit,
    }
}

#[test]
fn a_trade_past_its_end_closes_a_candle_and_what_is_above_it() {
    use Timeframe::{M1, M3, S1, S5, S15, S30};
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
    assert!(live.trade(&at(1, 100)).candles.is_empty());
    assert!(live.trade(&at(2, 900)).candles.is_empty());
    assert_eq!(closed(live.trade(&at(3, 1_000))), [S1]);
    let open = live.pipeline.open_candle(live.slot(), M1).unwrap();
    assert_eq!((open.state, open.trades), (CandleState::Open, Some(3)));
    let out = live.trade(&at(4, 60_000));
    assert_eq!(closed(out), [S1, S5, S15, S30, M1]);
    let ClosedCandle { candle, .. } = out.candles[4];
    assert_eq!(
        (candle.trades, candle.state),
        (Some(3), CandleState::Closed)
    );
    assert_eq!(candle.open_time, Timestamp::from_millis(MINUTE));
    assert!(live.pipeline.open_candle(live.slot(), M3).is_some());
}

#[test]
fn a_quiet_market_closes_by_the_venues_clock() {
    use Timeframe::{M1, S1, S5, S15, S30};
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
    live.trade(&at(1, 54_500));
    for second in 55..57 {
        assert!(
            live.tick(MINUTE + second * 1_000 + 900).candles.is_empty(),
            "within the grace"
        );
    }
    assert_eq!(closed(live.tick(MINUTE + 57_000)), [S1, S5]);
    for second in 58..62 {
        assert!(live.tick(MINUTE + second * 1_000).candles.is_empty());
    }
    assert_eq!(closed(live.tick(MINUTE + 62_000)), [S15, S30, M1]);
    // nothing was traded since, so there is no further candle of a minute
    for second in 63..130 {
        let again = closed(live.tick(MINUTE + second * 1_000));
        assert!(!again.contains(&M1) && !again.contains(&S1), "{second}");
    }
}

#[test]
fn a_stepped_host_clock_closes_nothing_early() {
    for step in [-7_200_000, 7_200_000] {
        let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
        for second in 0..5 {
            live.trade(&at(second as u128, second * 1_000));
        }
        // the clock steps, nothing happens, and trades go on in the venue's time
        assert!(
            live.tick(MINUTE + 4_100 + step).candles.is_empty(),
            "{step}"
        );
        for second in 5..20_i64 {
            let trade = at(second as u128, second * 1_000);
            let out = live.text(MINUTE + second * 1_000 + step, &trade_line(NAME, &trade));
            assert_eq!(out.counts.late, 0, "{step} {second}");
            assert_eq!(closed(out)[0], Timeframe::S1, "{step} {second}");
        }
        // and quiet times are timed again
        let mut found = Vec::new();
        for second in 20..24 {
            found.extend(closed(live.tick(MINUTE + second * 1_000 + step)));
        }
        assert!(found.contains(&Timeframe::S5), "{step}: {found:?}");
    }
}

#[test]
fn a_late_trade_revises_what_is_closed_and_joins_what_is_open() {
    use Timeframe::{M1, M3, S1, S5, S15, S30};
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
    live.trade(&at(1, 10_100));
    live.trade(&at(3, 70_000));
    assert_eq!(live.pipeline.open_holes(live.slot()).len(), 1);
    for second in 71..75 {
        live.tick(MINUTE + second * 1_000);
    }
    let late = at(2, 10_500);
    let out = live.text(MINUTE + 75_000, &trade_line(NAME, &late));
    let patched: Vec<_> = out.patches.iter().map(|p| p.timeframe).collect();
    assert_eq!(patched, [S1, S5, S15, S30, M1]);
    assert!(out.patches.iter().all(|p| p.partial.state
        == CandleState::Revised(RevisionCause::Late)
        && p.partial.trades == Some(1)));
    assert!(out.trades[0].1.flags.has(TradeFlags::LATE));
    let open = live.pipeline.open_candle(live.slot(), M3).unwrap();
    assert_eq!((open.trades, open.close), (Some(3), at(3, 0).price));
}

#[test]
fn an_empty_answer_proves_absence_only_when_the_hole_is_old() {
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
    live.trade(&at(1, 0));
    live.trade(&at(5, 1_000));
    live.tick(MINUTE + 2_000);
    assert!(matches!(
        live.out.effects[..],
        [Effect::Repair {
            how: RepairHow::SingleTrades,
            ..
        }]
    ));
    // the venue's REST side knows only up to 2 yet
    let out = live.answer(from_id(2, 3), 200, &trade_line(NAME, &at(2, 0)));
    assert!(matches!(
        out.ledger[0].kind,
        LedgerKind::Filled {
            with: Filling::Trades,
            ..
        }
    ));
    assert_eq!(live.pipeline.open_holes(live.slot())[0].from, TradeId(3));
    // some progress: asked for again at once, then after the retry time
    assert_eq!(live.out.effects.len(), 1);
    assert!(live.tick(MINUTE + 3_000).effects.is_empty());
    for second in 4..70 {
        live.tick(MINUTE + second * 1_000);
    }
    let out = live.answer(from_id(3, 2), 200, "");
    let [LedgerKind::Unfillable { from, to, .. }] = &out
        .ledger
        .iter()
        .map(|e| e.kind.clone())
        .collect::<Vec<_>>()[..]
    else {
        panic!("{:?}", out.ledger)
    };
    assert_eq!((*from, *to), (TradeId(3), TradeId(4)));
    assert!(live.pipeline.open_holes(live.slot()).is_empty());
    // if one comes after all, it is let in
    let out = live.text(MINUTE + 71_000, &trade_line(NAME, &at(3, 500)));
    assert_eq!(out.trades.len(), 1);
    assert!(matches!(
        out.ledger[0].kind,
        LedgerKind::Filled {
            from: TradeId(3),
            ..
        }
    ));
}

#[test]
fn a_later_trade_in_an_answer_proves_absence_at_once() {
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
    live.trade(&at(1, 0));
    live.trade(&at(5, 1_000));
    let body = trade_line(NAME, &at(4, 900)) + &trade_line(NAME, &at(5, 1_000));
    let out = live.answer(from_id(2, 3), 200, &body);
    let kinds: Vec<_> = out.ledger.iter().map(|e| &e.kind).collect();
    assert!(
        kinds.iter().any(|k| matches!(
            k,
            LedgerKind::Unfillable {
                from: TradeId(2),
                to: TradeId(3),
                ..
            }
        )),
        "{kinds:?}"
    );
}

#[test]
fn failures_are_facts_and_are_tried_again() {
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
    live.trade(&at(1, 0));
    live.trade(&at(3, 1_000));
    live.tick(MINUTE + 2_000);
    let out = live.answer(from_id(2, 1), 429, "{\"code\":-1003,\"msg\":\"slow down\"}");
    assert_eq!(
        (
            out.counts.failed_requests,
            out.quarantine.len(),
            out.effects.len()
        ),
        (1, 0, 0)
    );
    let mut asked = 0;
    for second in 3..23 {
        asked += live.tick(MINUTE + second * 1_000).effects.len();
    }
    assert_eq!(asked, 2, "every ten seconds");
    let out = live.answer(from_id(2, 1), 400, "{\"code\":-2015,\"msg\":\"key\"}");
    assert!(
        matches!(
            out.effects[..],
            [Effect::Repair {
                how: RepairHow::Aggregates,
                ..
            }]
        ),
        "asked in the other way at once: {:?}",
        out.effects
    );
    assert!(live.pipeline.repairs_with_aggregates());
}

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
fn aggregates_are_a_source_where_no_single_trades_are() {
    let trades: Vec<Trade> = (1..=6)
        .map(|id| trade(id, MINUTE + i64::from(id > 3) * 1_500, 500, 10, Side::Sell))
        .collect();
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::AggregateTrades);
    live.text(MINUTE + 10, &aggregate_line(NAME, 1, &trades[..3]));
    let out = live.text(MINUTE + 1_510, &aggregate_line(NAME, 2, &trades[3..]));
    let (_, row) = out.trades[0];
    assert_eq!((row.count, row.last_id()), (3, TradeId(6)));
    assert!(row.flags.has(TradeFlags::AGGREGATE));
    assert_eq!(out.candles[0].candle.trades, Some(3));
    assert_eq!(out.candles[0].candle.last_trade.unwrap().id, TradeId(3));
    // once single trades come too, aggregates are not needed
    live.subscribe(1, Channel::Trades);
    let out = live.text(MINUTE + 2_000, &aggregate_line(NAME, 3, &trades[3..]));
    assert_eq!(out.counts.unused_aggregates, 1);
}

#[test]
fn another_content_under_a_known_id_is_refused() {
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
    live.trade(&at(1, 0));
    assert_eq!(live.trade(&at(1, 0)).counts.duplicates, 1);
    let other = trade(1, MINUTE, 1, 1, Side::Sell);
    let out = live.text(MINUTE + 5, &trade_line(NAME, &other));
    assert_eq!(out.quarantine[0].rule, "duplicate-id-differs");
    let tally = live.pipeline.take_dirty_tallies().remove(0);
    assert_eq!(
        (tally.count, tally.duplicates, tally.quarantined),
        (1, 1, 1)
    );
}

#[test]
fn rubbish_stands_in_quarantine_with_its_frame() {
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
    live.trade(&at(1, 0));
    for (text, rule) in [
        (
            "T ABC 2 1723161300000000000 -5 1 B".to_owned(),
            "price-not-positive",
        ),
        (
            "T ABC 2 1723161300000000000 5 0 B".to_owned(),
            "quantity-not-positive",
        ),
        (
            "T ABC 2 1723171300000000000 5 1 B".to_owned(),
            "time-travel-ahead",
        ),
        (
            "T ABC 2 1723151300000000000 5 1 B".to_owned(),
            "time-travel-behind",
        ),
        (
            "T ABC 99999999999 1723161300000000000 5 1 B".to_owned(),
            "implausible-id-jump",
        ),
        (
            "T XYZ 2 1723161300000000000 5 1 B".to_owned(),
            "unknown-symbol",
        ),
        ("T ABC 2 what 5 1 B".to_owned(), "bad-field"),
        ("Z ABC".to_owned(), "unknown-message"),
    ] {
        let out = live.text(MINUTE + 10, &text);
        assert_eq!(out.quarantine.len(), 1, "{text}");
        assert_eq!(out.quarantine[0].rule, rule, "{text}");
        assert_eq!(out.quarantine[0].frame, text.as_bytes());
        assert!(out.trades.is_empty());
    }
    // none of them moved the ids: the next one is still the next
    assert_eq!(live.trade(&at(2, 100)).trades.len(), 1);
    assert!(live.pipeline.open_holes(live.slot()).is_empty());
}

#[test]
fn a_price_outside_the_band_is_marked_and_kept() {
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
    for i in 0..40 {
        let usual = trade(
            i,
            MINUTE + i as i64 * 5_000,
            10_000 + i as i64,
            10,
            Side::Buy,
        );
        assert!(
            !live.trade(&usual).trades[0]
                .1
                .flags
                .has(TradeFlags::OUTLIER)
        );
    }
    let out = live.trade(&trade(40, MINUTE + 200_000, 1_000, 10, Side::Buy));
    assert!(out.trades[0].1.flags.has(TradeFlags::OUTLIER));
    assert_eq!(out.counts.flagged, 1);
}

#[test]
fn our_candles_are_compared_with_the_venues() {
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
    live.trade(&at(1, -500));
    live.trade(&at(2, 1_000));
    live.trade(&at(3, 30_000));
    let theirs = |volume: &str, minute: i64| {
        format!(
            "K ABC 1m {} 5.02 5.03 5.02 5.03 {volume} 1.005 2 0.2 1.005",
            minute * 1_000_000
        )
    };
    // theirs may come before ours is closed…
    assert!(
        live.text(MINUTE + 60_000, &theirs("0.2", MINUTE))
            .ledger
            .is_empty()
    );
    live.trade(&at(4, 60_100));
    // …or after, and differ
    live.trade(&at(5, 61_000));
    live.trade(&at(6, 120_000));
    let differs = format!(
        "K ABC 1m {} 5.04 5.05 5.04 5.05 7 1.009 2 0.2 1.009",
        (MINUTE + 60_000) * 1_000_000
    );
    let out = live.text(MINUTE + 120_100, &differs);
    let LedgerKind::Differs {
        timeframe, fields, ..
    } = &out.ledger[0].kind
    else {
        panic!("{:?}", out.ledger)
    };
    assert_eq!(*timeframe, Timeframe::M1);
    assert_eq!(fields[..], [("volume".into(), "0.2".into(), "7".into())]);
    let tally = live.pipeline.take_dirty_tallies().pop().unwrap();
    assert_eq!((tally.candles_equal, tally.candles_different), (1, 1));
}

#[test]
fn a_candle_with_a_hole_is_compared_once_it_is_whole() {
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
    let theirs = format!(
        "K ABC 1m {} 5.02 5.03 5.02 5.03 0.2 1.005 2 0.2 1.005",
        MINUTE * 1_000_000
    );
    live.text(MINUTE - 900, &theirs);
    live.trade(&at(1, -500));
    live.trade(&at(2, 1_000));
    live.trade(&at(4, 60_100));
    for second in 61..66 {
        live.tick(MINUTE + second * 1_000);
    }
    assert_eq!(live.pipeline.take_dirty_tallies()[0].candles_equal, 0);
    let out = live.answer(from_id(3, 1), 200, &trade_line(NAME, &at(3, 30_000)));
    assert!(
        out.patches
            .iter()
            .all(|p| p.partial.state == CandleState::Revised(RevisionCause::Repair))
    );
    assert!(out.trades[0].1.flags.has(TradeFlags::REPAIRED));
    assert_eq!(live.pipeline.take_dirty_tallies()[0].candles_equal, 1);
}

#[test]
fn a_book_that_does_not_continue_asks_for_a_snapshot_of_its_symbol() {
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::Book);
    let out = live.text(MINUTE, "D ABC 10 11 1 9 1 1 12 1");
    assert!(matches!(out.effects[..], [Effect::BookSnapshot { .. }]));
    let book = Query::Book {
        symbol: spelled(NAME),
        limit: 5,
    };
    let out = live.answer(book.clone(), 200, "S ABC 10 1 8 1 1 12 3");
    assert_eq!(out.tops[0].1.bid.to_string(), "9");
    assert_eq!(
        live.pipeline.book_top(live.slot()).unwrap().update_id,
        Some(11)
    );
    assert_eq!(
        live.text(MINUTE + 10, "D ABC 12 12 1 9 0 0").tops[0]
            .1
            .bid
            .to_string(),
        "8"
    );
    // a moment after the last snapshot another is too much to ask; a second after it is not
    let out = live.text(MINUTE + 20, "D ABC 14 14 0 0");
    assert!(out.effects.is_empty());
    assert!(live.pipeline.book_top(live.slot()).is_none());
    let out = live.tick(MINUTE + 1_020);
    assert!(matches!(out.effects[..], [Effect::BookSnapshot { .. }]));
    live.answer(book, 200, "S ABC 14 1 7 1 1 12 3");
    assert_eq!(live.pipeline.book(live.slot(), 5).unwrap().bids.len(), 1);
}

#[test]
fn a_feed_without_contiguous_ids_enters_its_down_times() {
    let mut live = Live::new(OrderRule::TimeThenId, Channel::Trades);
    assert_eq!(live.pipeline.feed(live.slot()), FeedState::Live);
    live.trade(&at(1, 0));
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
    live.received = MINUTE + 9_000;
    live.subscribe(2, Channel::Trades);
    let LedgerKind::FeedDown { from, to, reason } = &live.out.ledger[0].kind else {
        panic!("{:?}", live.out.ledger)
    };
    assert_eq!(to.since(*from), 4_000_000_000);
    assert_eq!(reason, "silent");
}

#[test]
fn where_order_is_by_time_late_trades_revise_and_repeats_are_dropped() {
    let mut world = World::new(OrderRule::TimeThenId);
    let truth: Vec<Trade> = [(7, 0), (3, 100), (9, 2_500), (8, 2_600), (20, 9_000)]
        .map(|(id, millis)| at(id, millis))
        .to_vec();
    for i in [0, 2, 3, 2, 1, 4, 0] {
        world.message(truth[i].time.millis() + 30, &[truth[i]]);
    }
    for _ in 0..80 {
        world.tick(1_000);
    }
    let slot = world.pipeline.slot(&symbol(NAME)).unwrap();
    world.store.assert_is(&truth, &world.pipeline, slot);
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
