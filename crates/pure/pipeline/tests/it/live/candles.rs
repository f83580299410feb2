//! When candles close, what revises them, and how they compare with the venue's.

use quantflow_model::{
    CandleState, LedgerKind, RevisionCause, Timeframe, Timestamp, Trade, TradeFlags,
};
use quantflow_pipeline::ClosedCandle;
use quantflow_wire::{Channel, OrderRule};

use super::{Live, MINUTE, NAME, at, closed, from_id};
use crate::fake::{symbol, trade_line};
use crate::faults::World;

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
