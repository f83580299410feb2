//! What a venue's candle is in our model.

use quantflow_model::{Candle, CandleOrigin, CandleState, Timestamp, TradeKey};
use quantflow_wire::VenueCandle;

/// A venue's candle as one of ours, of origin `Venue`. It names the ids of its first and last trade
/// but not their times: the first stands at the candle's beginning, the last at its end.
pub(crate) fn candle_of(theirs: &VenueCandle, state: CandleState, known: Timestamp) -> Candle {
    Candle {
        open_time: theirs.open_time,
        open: theirs.open,
        high: theirs.high,
        low: theirs.low,
        close: theirs.close,
        volume: theirs.volume,
        quote_volume: theirs.quote_volume,
        trades: theirs.trades,
        taker_buy_volume: theirs.taker_buy_volume,
        taker_buy_quote_volume: theirs.taker_buy_quote_volume,
        first_trade: theirs.first_id.map(|id| TradeKey {
            time: theirs.open_time,
            id,
        }),
        last_trade: theirs.last_id.map(|id| TradeKey {
            time: theirs.timeframe.end_of(theirs.open_time).plus_nanos(-1),
            id,
        }),
        state,
        revision: 0,
        known,
        origin: CandleOrigin::Venue,
    }
}
