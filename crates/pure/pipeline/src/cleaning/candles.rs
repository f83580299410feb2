//! Rules for a candle that a venue or a file gives.

use quantflow_model::{Candle, Decimal, Timeframe};

use super::trades::time_is_possible;
use super::{CANDLE_OFF_GRID, IMPOSSIBLE_CANDLE, Refusal};

/// Refuses a candle that contradicts itself or begins where none begins.
pub(crate) fn check(timeframe: Timeframe, candle: &Candle) -> Result<(), Refusal> {
    time_is_possible(candle.open_time)?;
    if timeframe.open_of(candle.open_time) != candle.open_time {
        return Err(CANDLE_OFF_GRID.refusal(format!(
            "no {timeframe} candle begins at {}",
            candle.open_time
        )));
    }
    let highest = candle.open.max(candle.close).max(candle.low);
    let lowest = candle.open.min(candle.close).min(candle.high);
    if candle.high < highest || candle.low > lowest {
        return Err(IMPOSSIBLE_CANDLE.refusal(format!(
            "open {}, high {}, low {}, close {}",
            candle.open, candle.high, candle.low, candle.close
        )));
    }
    let negative = |n: Option<Decimal>| n.is_some_and(Decimal::is_negative);
    if candle.volume.0.is_negative()
        || negative(candle.quote_volume.map(|n| n.0))
        || negative(candle.taker_buy_volume.map(|n| n.0))
        || negative(candle.taker_buy_quote_volume.map(|n| n.0))
    {
        return Err(IMPOSSIBLE_CANDLE.refusal(format!("volume {}", candle.volume)));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use quantflow_model::{CandleOrigin, CandleState, Timestamp};

    /// A candle of an hour, all of it at one price.
    pub(crate) fn candle(hour: i64, price: &str) -> Candle {
        let price = price.parse().unwrap();
        Candle {
            open_time: Timestamp::from_seconds(hour * 3_600),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: "1.5".parse().unwrap(),
            quote_volume: None,
            trades: Some(2),
            taker_buy_volume: None,
            taker_buy_quote_volume: None,
            first_trade: None,
            last_trade: None,
            state: CandleState::Closed,
            revision: 0,
            known: Timestamp::EPOCH,
            origin: CandleOrigin::Venue,
        }
    }

    #[test]
    fn a_candle_must_be_possible_and_on_the_grid() {
        let good = candle(1, "5");
        assert_eq!(check(Timeframe::H1, &good), Ok(()));
        let low = Candle {
            low: "6".parse().unwrap(),
            ..good
        };
        assert_eq!(
            check(Timeframe::H1, &low).unwrap_err().rule,
            "impossible-candle"
        );
        assert_eq!(
            check(Timeframe::H2, &good).unwrap_err().rule,
            "candle-off-grid"
        );
    }
}
