//! What sources share that answer with a whole series: cutting it to what was asked for.

use quantflow_model::{Timeframe, Timestamp, VenueSymbol};
use quantflow_wire::{Event, EventKind, VenueCandle};

use crate::ask::event;

/// The candles of an answer that were asked for, oldest first: those with open time in `[from, to)`, and
/// of these the first `limit`, or the newest where no first time was given.
pub(crate) fn cut(
    symbol: &VenueSymbol,
    mut candles: Vec<VenueCandle>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    limit: u32,
) -> Vec<Event> {
    candles.retain(|candle| {
        from.is_none_or(|from| candle.open_time >= from)
            && to.is_none_or(|to| candle.open_time < to)
    });
    candles.sort_by_key(|candle| candle.open_time);
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    if from.is_some() {
        candles.truncate(most);
    } else {
        candles.drain(..candles.len().saturating_sub(most));
    }
    let candles = candles.into_iter();
    candles
        .map(|candle| event(Some(symbol), None, EventKind::Candle(Box::new(candle))))
        .collect()
}

/// Where the newest `limit` candles before a time begin, for venues that want both bounds.
pub(crate) fn newest_from(timeframe: Timeframe, to: Timestamp, limit: u32) -> Timestamp {
    let last = timeframe.open_of(to.plus_nanos(-1));
    let before = i64::from(limit.saturating_sub(1)).saturating_mul(timeframe.approximate_nanos());
    last.plus_nanos(-before).max(Timestamp::EPOCH)
}

/// Midnight UTC of a date, `YYYY-MM-DD`: what a day is called by, wherever it was.
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    let digits = text.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    (text.len() == 10 && digits).then(|| text.parse().ok())?
}

/// The same as compact text: `YYYYMMDD`.
pub(crate) fn compact(time: Timestamp) -> String {
    time.date().replace('-', "")
}

/// `YYYY-MM-DD HH:MM:SS` without an offset, as if it were UTC.
pub(crate) fn clock(text: &str) -> Option<Timestamp> {
    let (day, time) = text.split_once(' ')?;
    date(day)?;
    let shape = time.len() == 8
        && time.bytes().enumerate().all(|(at, byte)| match at {
            2 | 5 => byte == b':',
            _ => byte.is_ascii_digit(),
        });
    shape.then(|| format!("{day}T{time}Z").parse().ok())?
}

/// Whether a candle of ours begins there.
pub(crate) fn aligned(timeframe: Timeframe, time: Timestamp) -> bool {
    timeframe.open_of(time) == time
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_clocks_have_one_form() {
        let day = date("2020-01-02").unwrap();
        assert_eq!(day.seconds(), 1_577_923_200);
        assert_eq!(compact(day), "20200102");
        assert_eq!(
            clock("2020-01-02 00:01:00"),
            Some(day.plus_nanos(60_000_000_000))
        );
        for wrong in [
            "2020-1-2",
            "2020-13-01",
            "20200102",
            "2020-01-02x",
            "",
            "+020-01-02",
        ] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
        for wrong in [
            "2020-01-02",
            "2020-01-02 1:00:00",
            "2020-01-02 25:00:00",
            "x 00:00:00",
        ] {
            assert_eq!(clock(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_newest_candles_before_a_time_have_a_beginning() {
        let at = Timestamp::from_seconds;
        assert_eq!(newest_from(Timeframe::M1, at(600), 3), at(420));
        assert_eq!(newest_from(Timeframe::M1, at(601), 3), at(480));
        assert_eq!(newest_from(Timeframe::M1, at(60), 3), at(0));
    }

    #[test]
    fn a_series_is_cut_to_what_was_asked_for() {
        let symbol = VenueSymbol::new("A").unwrap();
        let day = |n: i64| Timestamp::from_seconds(86_400 * n);
        let series = || {
            let price = "1".parse().unwrap();
            let volume = "1".parse().unwrap();
            let days = [3, 1, 2, 4].into_iter();
            days.map(|n| VenueCandle::bare(Timeframe::D1, day(n), [price; 4], volume))
                .collect()
        };
        let opens = |from, to, limit| -> Vec<i64> {
            let events = cut(&symbol, series(), from, to, limit);
            let opens = events.iter().map(|event| match &event.kind {
                EventKind::Candle(candle) => candle.open_time.seconds() / 86_400,
                other => panic!("{other:?}"),
            });
            opens.collect()
        };
        assert_eq!(opens(None, None, 2), [3, 4]);
        assert_eq!(opens(Some(day(2)), None, 2), [2, 3]);
        assert_eq!(opens(Some(day(2)), Some(day(3)), 9), [2]);
        assert_eq!(opens(None, Some(day(3)), 9), [1, 2]);
    }
}
