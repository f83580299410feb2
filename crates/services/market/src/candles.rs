//! Putting candles together: what is stored, what is hot, ours and the venue's.

use std::collections::BTreeMap;

use quantflow_model::{
    Candle, CandleOrigin, CandleState, Notional, Quantity, TimeRange, Timeframe, Timestamp,
};

use crate::completeness::Completeness;
use crate::view::{CandleRequest, CandleView};

/// A page says of so many candles before its first that they are absent, at the most.
const MOST_ABSENT: usize = 5_000;

/// Candles of one timeframe by open time, ours and the venue's beside each other.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    rows: BTreeMap<Timestamp, Versions>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Versions {
    ours: Option<Candle>,
    venues: Option<Candle>,
}

impl Merged {
    /// Takes a candle; of two with the same origin the newer revision stays.
    pub(crate) fn insert(&mut self, candle: &Candle) {
        let versions = self.rows.entry(candle.open_time).or_default();
        let slot = match candle.origin {
            CandleOrigin::Trades => &mut versions.ours,
            CandleOrigin::Venue => &mut versions.venues,
        };
        if slot.is_none_or(|known| known.revision <= candle.revision) {
            *slot = Some(*candle);
        }
    }

    /// How many open times.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether a candle of ours has something missing, so that the venue's own would be better.
    pub(crate) fn wants_venue(&self, timeframe: Timeframe, ledger: &Completeness) -> bool {
        self.rows.values().any(|versions| {
            versions.venues.is_none()
                && versions
                    .ours
                    .is_none_or(|ours| !is_complete(&ours, timeframe, ledger))
        })
    }

    /// The best of each: ours where nothing is missing in it, else the venue's, else ours. A candle
    /// of the venue without trades adds nothing where we know ourselves that nothing was traded.
    pub(crate) fn best(self, timeframe: Timeframe, ledger: &Completeness) -> Vec<CandleView> {
        let best = |versions: Versions| {
            let ours = versions.ours.map(|candle| CandleView {
                complete: is_complete(&candle, timeframe, ledger),
                candle,
                filled: false,
            });
            let venues = versions.venues.map(|candle| CandleView {
                candle,
                complete: candle.state != CandleState::Open,
                filled: false,
            });
            match (ours, venues) {
                (Some(ours), Some(venues)) if !ours.complete && venues.complete => Some(venues),
                (Some(ours), _) => Some(ours),
                (None, venues) => venues.filter(|view| {
                    let end = timeframe.end_of(view.candle.open_time);
                    let span = TimeRange::new(view.candle.open_time, end);
                    !view.candle.is_empty() || !ledger.is_complete(span)
                }),
            }
        };
        self.rows.into_values().filter_map(best).collect()
    }
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

/// Where a page of candles has none, or one of ours that is over and not whole, ascending: before its
/// first, between two, and after its last as far as the page reaches.
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
    let opens = candles
        .iter()
        .filter(|view| view.complete || view.candle.state == CandleState::Open)
        .map(|view| view.candle.open_time);
    let full = candles.len() > request.limit || (from_end && candles.len() == request.limit);
    let first = candles.first().map(|view| view.candle.open_time);
    let mut known = match first {
        Some(first) if from_end && full => first,
        first if from_end => {
            let missing = (request.limit - candles.len()).min(MOST_ABSENT) as i64;
            let before = first.unwrap_or(end);
            let length = timeframe.approximate_nanos();
            timeframe.open_of(before.plus_nanos(-length.saturating_mul(missing)))
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
    let mut gaps = Vec::new();
    for open_time in opens {
        if known < open_time {
            gaps.push(TimeRange::new(known, open_time));
        }
        known = timeframe.end_of(open_time);
    }
    if known < end && (from_end || !full) {
        gaps.push(TimeRange::new(known, end));
    }
    gaps
}

/// Puts a candle that carries the close before into every span up to `end` without one; at most
/// `limit` candles come back. Such a candle is complete where it is known that nothing was traded.
pub(crate) fn fill(
    candles: Vec<CandleView>,
    timeframe: Timeframe,
    end: Timestamp,
    limit: usize,
    is_known_empty: impl Fn(TimeRange) -> bool,
) -> Vec<CandleView> {
    let mut filled: Vec<CandleView> = Vec::with_capacity(candles.len());
    let mut candles = candles.into_iter().peekable();
    while let Some(candle) = candles.next() {
        filled.push(candle);
        let until = candles.peek().map_or(end, |next| next.candle.open_time);
        let mut open_time = timeframe.end_of(candle.candle.open_time);
        // asked once for all of it where that is enough
        let all = open_time < until && is_known_empty(TimeRange::new(open_time, until));
        while open_time < until && filled.len() < limit {
            let end = timeframe.end_of(open_time);
            filled.push(CandleView {
                candle: carried(&candle.candle, open_time),
                complete: all || is_known_empty(TimeRange::new(open_time, end)),
                filled: true,
            });
            open_time = end;
        }
        if filled.len() >= limit {
            break;
        }
    }
    filled.truncate(limit);
    filled
}

/// The candle of a span without trades: the close before, and nothing traded.
fn carried(before: &Candle, open_time: Timestamp) -> Candle {
    Candle {
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
    }
}

#[cfg(test)]
mod tests {
    use quantflow_model::{LedgerEvent, LedgerKind, TradeId, TradeKey};

    use super::*;

    fn candle(minute: i64, close: &str, origin: CandleOrigin, revision: u32) -> Candle {
        let price = close.parse().unwrap();
        Candle {
            open_time: Timestamp::from_seconds(minute * 60),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: "1".parse().unwrap(),
            quote_volume: None,
            trades: Some(1),
            taker_buy_volume: None,
            taker_buy_quote_volume: None,
            first_trade: None,
            last_trade: None,
            state: CandleState::Closed,
            revision,
            known: Timestamp::EPOCH,
            origin,
        }
    }

    fn began(minute: i64) -> Completeness {
        let first = TradeKey {
            time: Timestamp::from_seconds(minute * 60),
            id: TradeId(1),
        };
        let symbol = "demo:BTC/USDT".parse().unwrap();
        let kind = LedgerKind::Began { first };
        Completeness::of(
            &[LedgerEvent {
                symbol,
                known: Timestamp::EPOCH,
                kind,
            }],
            None,
        )
    }

    #[test]
    fn ours_wins_where_it_is_complete_and_the_venues_where_it_is_not() {
        use CandleOrigin::{Trades, Venue};
        let mut merged = Merged::default();
        for (minute, close, origin, revision) in [
            (1, "10", Trades, 0),
            (1, "11", Venue, 0),
            (2, "20", Trades, 0),
            (2, "21", Venue, 0),
            (3, "30", Trades, 0),
            (3, "31", Trades, 1),
            (0, "1", Venue, 0),
        ] {
            merged.insert(&candle(minute, close, origin, revision));
        }
        let ledger = began(2);
        assert!(merged.wants_venue(Timeframe::M1, &began(4)));
        let shown: Vec<_> = merged
            .best(Timeframe::M1, &ledger)
            .iter()
            .map(|view| (view.candle.close.to_string(), view.complete))
            .collect();
        let expected = [("1", true), ("11", true), ("20", true), ("31", true)];
        assert_eq!(
            shown,
            expected.map(|(close, complete)| (close.to_owned(), complete))
        );
    }

    #[test]
    fn a_candle_of_the_venue_without_trades_is_told_where_we_do_not_know() {
        let mut merged = Merged::default();
        for minute in [1, 2] {
            merged.insert(&Candle {
                trades: Some(0),
                ..candle(minute, "10", CandleOrigin::Venue, 0)
            });
        }
        let best = merged.best(Timeframe::M1, &began(2));
        let shown: Vec<_> = best.iter().map(|v| v.candle.open_time.seconds()).collect();
        assert_eq!(shown, [60]);
    }

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
        let filled = fill(candles, Timeframe::M1, end, 100, known_empty);
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
        assert_eq!(fill(candles, Timeframe::M1, end, 3, known_empty).len(), 3);
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
            let filled = fill(vec![view(1), view(4)], Timeframe::M1, end, 10, known_empty);
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
