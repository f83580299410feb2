//! Where a page of candles has none: which spans the venue may be asked for, and what is carried on
//! over them.

use quantflow_model::{Candle, CandleState, Notional, Quantity, TimeRange, Timeframe, Timestamp};

use crate::view::{CandleRequest, CandleView};

/// A page says of so many candles before its first that they are absent, at the most.
const MOST_ABSENT: usize = 5_000;

/// Where a page of candles has none, or one of ours that is over and not whole, ascending: before its
/// first, between two, and after its last as far as the page reaches. Of each as much as fills a page,
/// at the end where the reader begins.
pub(crate) fn gaps(
    request: &CandleRequest,
    candles: &[CandleView],
    now: Timestamp,
) -> Vec<TimeRange> {
    let timeframe = request.timeframe;
    if request.range.is_empty() {
        return Vec::new();
    }
    // whole candles only: of the one that is being made less is missing
    let end = timeframe.open_of(request.range.end.min(now));
    let from_end = request.range.start == Timestamp::MIN;
    let full = candles.len() > request.limit || (from_end && candles.len() == request.limit);
    let first = candles.first().map(|view| view.candle.open_time);
    let most = |candles: usize| {
        let candles = candles.min(MOST_ABSENT) as i64;
        timeframe.approximate_nanos().saturating_mul(candles)
    };
    let mut known = match first {
        Some(first) if from_end && full => first,
        first if from_end => {
            let missing = most(request.limit - candles.len());
            timeframe.open_of(first.unwrap_or(end).plus_nanos(-missing))
        }
        _ => {
            let start = timeframe.open_of(request.range.start);
            if start == request.range.start {
                start
            } else {
                timeframe.end_of(start)
            }
        }
    };
    let page = most(request.limit);
    let clipped = |start: Timestamp, end: Timestamp| {
        if from_end {
            TimeRange::new(start.max(timeframe.open_of(end.plus_nanos(-page))), end)
        } else {
            TimeRange::new(start, end.min(timeframe.open_of(start.plus_nanos(page))))
        }
    };
    let mut gaps = Vec::new();
    let is_known = |view: &&CandleView| view.complete || view.candle.state == CandleState::Open;
    for view in candles.iter().filter(is_known) {
        let open_time = view.candle.open_time;
        if known < open_time {
            gaps.push(clipped(known, open_time));
        }
        known = timeframe.end_of(open_time);
    }
    if known < end && (from_end || !full) {
        gaps.push(clipped(known, end));
    }
    gaps
}

/// Puts a candle that carries the close before into every span up to `end` without one, and keeps
/// `limit` candles of one end. Such a candle is complete where it is known that nothing was traded.
pub(crate) fn fill(
    candles: Vec<CandleView>,
    timeframe: Timeframe,
    end: Timestamp,
    limit: usize,
    from_end: bool,
    is_known_empty: impl Fn(TimeRange) -> bool,
) -> Vec<CandleView> {
    let until: Vec<Timestamp> = candles
        .iter()
        .skip(1)
        .map(|next| next.candle.open_time)
        .chain([end])
        .collect();
    let pairs = candles.into_iter().zip(until);
    let mut filled: Vec<CandleView> = Vec::new();
    if from_end {
        for (view, until) in pairs.rev() {
            let after = timeframe.end_of(view.candle.open_time);
            // asked once for all of it where that is enough
            let all = after < until && is_known_empty(TimeRange::new(after, until));
            let mut next = until;
            while next > after && filled.len() < limit {
                let open_time = timeframe.open_of(next.plus_nanos(-1));
                let span = TimeRange::new(open_time, timeframe.end_of(open_time));
                let complete = all || is_known_empty(span);
                filled.push(carried(&view.candle, open_time, complete));
                next = open_time;
            }
            if filled.len() >= limit {
                break;
            }
            filled.push(view);
        }
        filled.reverse();
        return filled;
    }
    for (view, until) in pairs {
        if filled.len() >= limit {
            break;
        }
        filled.push(view);
        let mut open_time = timeframe.end_of(view.candle.open_time);
        let all = open_time < until && is_known_empty(TimeRange::new(open_time, until));
        while open_time < until && filled.len() < limit {
            let end = timeframe.end_of(open_time);
            let complete = all || is_known_empty(TimeRange::new(open_time, end));
            filled.push(carried(&view.candle, open_time, complete));
            open_time = end;
        }
    }
    filled
}

/// The candle of a span without trades: the close before, and nothing traded.
fn carried(before: &Candle, open_time: Timestamp, complete: bool) -> CandleView {
    let candle = Candle {
        open_time,
        open: before.close,
        high: before.close,
        low: before.close,
        close: before.close,
        volume: Quantity::ZERO,
        quote_volume: Some(Notional::ZERO),
        trades: Some(0),
        taker_buy_volume: before.taker_buy_volume.map(|_| Quantity::ZERO),
        taker_buy_quote_volume: before.taker_buy_quote_volume.map(|_| Notional::ZERO),
        first_trade: None,
        last_trade: None,
        state: CandleState::Closed,
        revision: 0,
        known: before.known,
        origin: before.origin,
    };
    CandleView {
        candle,
        complete,
        filled: true,
    }
}

#[cfg(test)]
mod tests {
    use quantflow_model::CandleOrigin;

    use super::*;
    use crate::completeness::Completeness;
    use crate::sample::{began, candle};

    #[test]
    fn spans_without_trades_are_filled_with_the_close_before() {
        let view = |minute, close| CandleView {
            candle: candle(minute, close, CandleOrigin::Trades, 0),
            complete: true,
            filled: false,
        };
        let end = Timestamp::from_seconds(6 * 60);
        let ledger = began(0);
        let candles = vec![view(1, "10"), view(4, "40")];
        let known_empty = |span: TimeRange| ledger.is_complete(span);
        let filled = fill(candles, Timeframe::M1, end, 100, false, known_empty);
        let shown: Vec<_> = filled
            .iter()
            .map(|v| {
                (
                    v.candle.open_time.seconds() / 60,
                    v.candle.close.to_string(),
                    v.filled,
                )
            })
            .collect();
        let expected = [
            (1, "10", false),
            (2, "10", true),
            (3, "10", true),
            (4, "40", false),
            (5, "40", true),
        ];
        assert_eq!(shown, expected.map(|(m, c, f)| (m, c.to_owned(), f)));
        let candles = vec![view(1, "10")];
        assert_eq!(
            fill(candles, Timeframe::M1, end, 3, false, known_empty).len(),
            3
        );
    }

    #[test]
    fn where_nothing_is_known_what_is_filled_is_not_complete() {
        let view = |minute| CandleView {
            candle: candle(minute, "10", CandleOrigin::Venue, 0),
            complete: true,
            filled: false,
        };
        let completes = |ledger: Completeness| {
            let end = Timestamp::from_seconds(5 * 60);
            let known_empty = |span| ledger.is_complete(span);
            let filled = fill(
                vec![view(1), view(4)],
                Timeframe::M1,
                end,
                10,
                false,
                known_empty,
            );
            [filled[1].complete, filled[2].complete]
        };
        assert_eq!(completes(began(9)), [false, false]);
        assert_eq!(completes(began(3)), [false, true]);
        assert_eq!(completes(began(0)), [true, true]);
    }

    /// The minutes in which a page of these candles has gaps, at minute 10.
    fn absent(from: Option<i64>, to: Option<i64>, limit: usize, held: &[i64]) -> Vec<(i64, i64)> {
        let at = |minute: i64| Timestamp::from_seconds(minute * 60);
        let request = CandleRequest {
            symbol: "demo:BTC/USDT".parse().unwrap(),
            timeframe: Timeframe::M1,
            range: TimeRange::new(
                from.map_or(Timestamp::MIN, at),
                to.map_or(Timestamp::MAX, at),
            ),
            limit,
            as_of: None,
            fill: false,
        };
        let view = |minute: &i64| CandleView {
            candle: candle(minute.abs(), "10", CandleOrigin::Trades, 0),
            complete: *minute >= 0,
            filled: false,
        };
        let candles: Vec<_> = held.iter().map(view).collect();
        let now = at(10).plus_nanos(30_000_000_000);
        let gaps = gaps(&request, &candles, now);
        let minutes = |span: &TimeRange| (span.start.seconds() / 60, span.end.seconds() / 60);
        gaps.iter().map(minutes).collect()
    }

    #[test]
    fn a_page_says_where_it_has_no_candles() {
        let whole = [3, 4, 5, 6, 7, 8, 9];
        assert_eq!(absent(None, None, 7, &whole), []);
        assert_eq!(absent(Some(3), None, 500, &whole), []);
        assert_eq!(absent(None, None, 9, &whole), [(1, 3)], "before it");
        assert_eq!(absent(Some(1), Some(6), 500, &[3, 4, 5]), [(1, 3)]);
        assert_eq!(absent(None, Some(9), 3, &[4, 5, 8]), [(6, 8)], "inside");
        assert_eq!(absent(Some(2), Some(8), 500, &[2, 3]), [(4, 8)], "after it");
        assert_eq!(absent(None, None, 2, &[6, 7]), [(8, 10)], "up to now");
        assert_eq!(absent(None, None, 4, &[]), [(6, 10)]);
        // a page that goes on with another says nothing of what comes after it
        assert_eq!(absent(Some(2), Some(8), 2, &[2, 4, 5]), [(3, 4)]);
        // half a minute of the first is not asked for, and the open one is not absent
        assert_eq!(absent(Some(4), Some(4), 9, &[]), []);
        // one of ours that is over and not whole is wanted from the venue
        assert_eq!(
            absent(Some(3), Some(6), 500, &[-3, 4, -5]),
            [(3, 4), (5, 6)]
        );
    }

    #[test]
    fn filling_from_the_end_keeps_the_newest() {
        let view = |minute, close| CandleView {
            candle: candle(minute, close, CandleOrigin::Trades, 0),
            complete: true,
            filled: false,
        };
        let end = Timestamp::from_seconds(6 * 60 + 30);
        let filled = |limit| {
            let candles = vec![view(1, "10"), view(4, "40")];
            let filled = fill(candles, Timeframe::M1, end, limit, true, |_| true);
            let shown = filled
                .iter()
                .map(|v| (v.candle.open_time.seconds() / 60, v.filled));
            shown.collect::<Vec<_>>()
        };
        let all = [
            (1, false),
            (2, true),
            (3, true),
            (4, false),
            (5, true),
            (6, true),
        ];
        assert_eq!(filled(100), all);
        for limit in 1..6 {
            assert_eq!(filled(limit), all[6 - limit..], "{limit}");
        }
    }

    #[test]
    fn of_a_long_gap_as_much_as_a_page_is_asked_for() {
        // three minutes are wanted from the beginning: what comes after them is another page's
        assert_eq!(absent(Some(1), None, 3, &[8, 9]), [(1, 4)]);
        assert_eq!(absent(None, Some(9), 3, &[1, 8]), [(0, 1), (5, 8)]);
    }
}
