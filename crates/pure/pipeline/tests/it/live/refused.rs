//! What is refused, and what is marked and kept.

use quantflow_model::{Side, TradeFlags};
use quantflow_wire::{Channel, OrderRule};

use super::{Live, MINUTE, NAME, at};
use crate::fake::{trade, trade_line};

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
