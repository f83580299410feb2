//! Rules for single trades: signs, times, and jumps of ids.

use quantflow_model::{Timestamp, Trade};

use crate::cleaning::{
    AHEAD_OF_CLOCK, BEHIND_PREVIOUS, EMPTY_AGGREGATE, ID_JUMP, IMPOSSIBLE_TIME, PRICE_NOT_POSITIVE,
    QUANTITY_NOT_POSITIVE, Refusal,
};
use crate::options::PipelineOptions;

/// 1800-01-01 and 2200-01-01 in nanoseconds.
const EARLIEST: i64 = -5_364_662_400_000_000_000;
const LATEST: i64 = 7_258_118_400_000_000_000;

/// What is wrong with a trade whatever came before it. `clock`: the venue's time, where it is known.
#[inline]
pub(crate) fn check(
    trade: &Trade,
    clock: Option<i64>,
    options: &PipelineOptions,
) -> Result<(), Refusal> {
    if !trade.price.0.is_positive() {
        return Err(PRICE_NOT_POSITIVE.refusal(format!("price {}", trade.price)));
    }
    if !trade.quantity.0.is_positive() {
        return Err(QUANTITY_NOT_POSITIVE.refusal(format!("quantity {}", trade.quantity)));
    }
    if trade.count == 0 {
        return Err(EMPTY_AGGREGATE.refusal(format!("trade {} stands for no trade", trade.id)));
    }
    time_is_possible(trade.time)?;
    if let Some(now) = clock
        && trade.time.nanos() > now.saturating_add(options.max_ahead_ns)
    {
        let now = Timestamp::from_nanos(now);
        return Err(AHEAD_OF_CLOCK.refusal(format!("time {}, venue's clock {now}", trade.time)));
    }
    Ok(())
}

/// Refuses times that no market has, on which arithmetic could fail.
#[inline]
pub(crate) fn time_is_possible(time: Timestamp) -> Result<(), Refusal> {
    if (EARLIEST..LATEST).contains(&time.nanos()) {
        Ok(())
    } else {
        Err(IMPOSSIBLE_TIME.refusal(format!("time {time}")))
    }
}

/// What is wrong with a trade that follows another (by id) whose time was `previous`.
#[inline]
pub(crate) fn check_follows(
    trade: &Trade,
    previous: Timestamp,
    options: &PipelineOptions,
) -> Result<(), Refusal> {
    if previous.since(trade.time) > options.max_behind_ns {
        return Err(BEHIND_PREVIOUS.refusal(format!(
            "time {}, the trade before it was at {previous}",
            trade.time
        )));
    }
    Ok(())
}

/// What is wrong with a trade that leaves ids out.
pub(crate) fn check_jump(
    trade: &Trade,
    expected: u128,
    previous: Timestamp,
    options: &PipelineOptions,
) -> Result<(), Refusal> {
    let jump = trade.id.0.saturating_sub(expected);
    let seconds = trade.time.since(previous).max(0) as u128 / 1_000_000_000;
    let plausible = u128::from(options.id_jump_base)
        .saturating_add(seconds.saturating_mul(u128::from(options.id_jump_per_second)));
    if jump > plausible {
        return Err(ID_JUMP.refusal(format!(
            "id {}, expected {expected} {seconds} s after the trade before it",
            trade.id
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantflow_model::{Side, TradeFlags, TradeId};

    fn trade(price: &str, quantity: &str, seconds: i64) -> Trade {
        Trade {
            id: TradeId(7),
            time: Timestamp::from_seconds(seconds),
            price: price.parse().unwrap(),
            quantity: quantity.parse().unwrap(),
            side: Side::Buy,
            flags: TradeFlags::NONE,
            count: 1,
        }
    }

    #[test]
    fn each_rule_refuses_what_it_names() {
        let options = PipelineOptions::default();
        let clock = Some(1_000_000_000_000);
        for (trade, rule) in [
            (trade("-1", "1", 1_000), "price-not-positive"),
            (trade("0", "1", 1_000), "price-not-positive"),
            (trade("1", "0.0", 1_000), "quantity-not-positive"),
            (trade("1", "-2", 1_000), "quantity-not-positive"),
            (trade("1", "1", 1_061), "time-travel-ahead"),
            (trade("1", "1", 9_000_000_000), "impossible-time"),
            (trade("1", "1", -9_000_000_000), "impossible-time"),
        ] {
            assert_eq!(
                check(&trade, clock, &options).unwrap_err().rule,
                rule,
                "{trade:?}"
            );
        }
        let none = Trade {
            count: 0,
            ..trade("1", "1", 1_000)
        };
        assert_eq!(
            check(&none, clock, &options).unwrap_err().rule,
            "empty-aggregate"
        );
        assert_eq!(check(&trade("1", "1", 1_060), clock, &options), Ok(()));
        assert_eq!(check(&trade("1", "1", 5_000), None, &options), Ok(()));
    }

    #[test]
    fn a_trade_may_step_back_a_little_but_not_far() {
        let options = PipelineOptions::default();
        let previous = Timestamp::from_seconds(10_000);
        assert_eq!(
            check_follows(&trade("1", "1", 9_400), previous, &options),
            Ok(())
        );
        let refusal = check_follows(&trade("1", "1", 9_399), previous, &options).unwrap_err();
        assert_eq!(refusal.rule, "time-travel-behind");
    }

    #[test]
    fn a_jump_is_plausible_by_the_time_that_passed() {
        let options = PipelineOptions::default();
        let at = |id, seconds| Trade {
            id: TradeId(id),
            ..trade("1", "1", seconds)
        };
        let previous = Timestamp::from_seconds(0);
        assert_eq!(check_jump(&at(1_000_008, 0), 8, previous, &options), Ok(()));
        let refusal = check_jump(&at(1_000_009, 0), 8, previous, &options).unwrap_err();
        assert_eq!(refusal.rule, "implausible-id-jump");
        assert_eq!(check_jump(&at(1_100_008, 1), 8, previous, &options), Ok(()));
    }
}
