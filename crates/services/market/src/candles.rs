//! Putting candles together: what is stored, what is hot, ours and the venue's.

use quantflow_model::{Candle, CandleOrigin, CandleState, TimeRange, Timeframe};

use crate::completeness::Completeness;
use crate::view::CandleView;

/// The best of each candle, ascending, out of candles of one timeframe in any order, ours and the
/// venue's beside each other, of each the newest revision: ours where nothing is missing in it, else
/// the venue's, else ours. A candle of the venue without trades adds nothing where we know ourselves
/// that nothing was traded.
pub(crate) fn best(
    mut candles: Vec<Candle>,
    timeframe: Timeframe,
    ledger: &Completeness,
) -> Vec<CandleView> {
    // they mostly are in order, and then none is moved
    candles.sort_by_key(|candle| candle.open_time);
    let newest = |of_one: &[Candle], origin| {
        let of_origin = of_one.iter().filter(|candle| candle.origin == origin);
        // of equal ones the last
        let candle = *of_origin.max_by_key(|candle| candle.revision)?;
        Some(CandleView {
            complete: is_complete(&candle, timeframe, ledger),
            candle,
            filled: false,
        })
    };
    let mut best = Vec::with_capacity(candles.len());
    for of_one in candles.chunk_by(|a, b| a.open_time == b.open_time) {
        let ours = newest(of_one, CandleOrigin::Trades);
        let venues = || newest(of_one, CandleOrigin::Venue);
        best.extend(match ours {
            Some(ours) if ours.complete => Some(ours),
            Some(ours) => venues().filter(|view| view.complete).or(Some(ours)),
            None => venues().filter(|view| {
                let end = timeframe.end_of(view.candle.open_time);
                let span = TimeRange::new(view.candle.open_time, end);
                !view.candle.is_empty() || !ledger.is_complete(span)
            }),
        });
    }
    best
}

/// Whether the ledger knows of nothing missing in a candle.
pub(crate) fn is_complete(candle: &Candle, timeframe: Timeframe, ledger: &Completeness) -> bool {
    match candle.origin {
        CandleOrigin::Trades => {
            let end = timeframe.end_of(candle.open_time);
            ledger.is_complete(TimeRange::new(candle.open_time, end))
        }
        CandleOrigin::Venue => candle.state != CandleState::Open,
    }
}

/// One candle of a longer timeframe out of its children, of timeframe `base`, ascending. It is
/// complete when they all are and the ledger says of every child that is absent that nothing was
/// traded. `None` without children or when a sum has too many digits.
pub(crate) fn compose(
    span: TimeRange,
    state: CandleState,
    base: Timeframe,
    children: &[CandleView],
    ledger: &Completeness,
) -> Option<CandleView> {
    let first = children.first()?;
    let mut candle = Candle {
        open_time: span.start,
        state,
        ..first.candle
    };
    for child in &children[1..] {
        let by_id = candle.first_trade.is_some() && child.candle.first_trade.is_some();
        candle = candle.merge(&child.candle, by_id)?;
    }
    if children
        .iter()
        .any(|child| child.candle.origin == CandleOrigin::Venue)
    {
        candle.origin = CandleOrigin::Venue;
    }
    candle.revision = 0;
    let mut complete = children.iter().all(|child| child.complete);
    let mut known = span.start;
    for child in children {
        let open_time = child.candle.open_time;
        complete &= known == open_time || ledger.is_complete(TimeRange::new(known, open_time));
        known = base.end_of(open_time);
    }
    complete &= known >= span.end || ledger.is_complete(TimeRange::new(known, span.end));
    Some(CandleView {
        candle,
        complete,
        filled: false,
    })
}

#[cfg(test)]
mod tests {
    use quantflow_model::Timestamp;

    use super::*;
    use crate::sample::{began, candle};

    #[test]
    fn ours_wins_where_it_is_complete_and_the_venues_where_it_is_not() {
        use CandleOrigin::{Trades, Venue};
        let candles = [
            (1, "10", Trades, 0),
            (1, "11", Venue, 0),
            (2, "20", Trades, 0),
            (2, "21", Venue, 0),
            (3, "31", Trades, 1),
            (3, "30", Trades, 0),
            (4, "40", Trades, 2),
            (4, "41", Trades, 2),
            (0, "1", Venue, 0),
        ];
        let candles = candles
            .map(|(minute, close, origin, revision)| candle(minute, close, origin, revision));
        let shown: Vec<_> = best(candles.to_vec(), Timeframe::M1, &began(2))
            .iter()
            .map(|view| (view.candle.close.to_string(), view.complete))
            .collect();
        let expected = [
            ("1", true),
            ("11", true),
            ("20", true),
            ("31", true),
            ("41", true),
        ];
        assert_eq!(
            shown,
            expected.map(|(close, complete)| (close.to_owned(), complete))
        );
    }

    #[test]
    fn a_candle_of_the_venue_without_trades_is_told_where_we_do_not_know() {
        let candles = [1, 2].map(|minute| Candle {
            trades: Some(0),
            ..candle(minute, "10", CandleOrigin::Venue, 0)
        });
        let best = best(candles.to_vec(), Timeframe::M1, &began(2));
        let shown: Vec<_> = best.iter().map(|v| v.candle.open_time.seconds()).collect();
        assert_eq!(shown, [60]);
    }

    #[test]
    fn a_candle_put_together_is_complete_where_absent_children_are_known_to_be() {
        let view = |minute| CandleView {
            candle: candle(minute, "10", CandleOrigin::Venue, 0),
            complete: true,
            filled: false,
        };
        let span = TimeRange::new(Timestamp::EPOCH, Timestamp::from_seconds(5 * 60));
        let complete = |minutes: &[i64], began_at| {
            let children: Vec<_> = minutes.iter().map(|&minute| view(minute)).collect();
            let (state, base) = (CandleState::Closed, Timeframe::M1);
            let composed = compose(span, state, base, &children, &began(began_at));
            composed.unwrap().complete
        };
        assert!(complete(&[0, 1, 2, 3, 4], 9));
        assert!(
            !complete(&[0, 1, 3, 4], 9),
            "one is absent, and nobody knows why"
        );
        assert!(complete(&[0, 1, 3, 4], 2), "nothing was traded in it");
        assert!(!complete(&[1, 2, 3, 4], 1));
        assert!(!complete(&[0, 1, 2, 3], 9));
    }
}
