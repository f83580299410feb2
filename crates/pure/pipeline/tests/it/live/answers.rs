//! What is asked for, and what answers prove.

use quantflow_model::{Filling, LedgerKind, Side, Trade, TradeFlags, TradeId};
use quantflow_pipeline::{Effect, RepairHow};
use quantflow_wire::{Channel, OrderRule, Query};

use super::{Live, MINUTE, NAME, at, from_id};
use crate::fake::{aggregate_line, spelled, trade, trade_line};

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
