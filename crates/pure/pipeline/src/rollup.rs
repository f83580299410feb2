//! [`VenueSeries`]: candles that a venue or an import gives, and the longer ones rolled up from
//! them.
//!
//! A candle is given once: the same again is dropped and counted, and one of the last few that comes
//! with other values is handed on as the venue's correction (what was rolled up from it stays as it
//! was: a roll-up cannot be taken apart). Longer
//! timeframes are rolled up from every timeframe that tiles them and is given, unless they are
//! given themselves. A roll-up is handed out when every child of it came or is known to be absent (a
//! venue that was down has no candle: the source went on past it). One that begins before the first row
//! of a file is handed out too, for that is where the file says that the series begins; one that begins
//! before the first row of a page is not, for the page only begins there.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};

use quantflow_model::{Candle, CandleOrigin, CandleState, TimeRange, Timeframe, Timestamp};
use rustc_hash::FxHasher;
use serde::{Deserialize, Serialize};

use crate::cleaning::{Refusal, TOO_MANY_DIGITS};
use crate::ranges::Ranges;

/// Unfinished roll-ups of a pair of timeframes that are kept: those whose children have a gap.
const KEPT: usize = 64;

/// So many candles of a timeframe are remembered by content.
const REMEMBERED: usize = 32;

/// Candles of one symbol that come from the venue or from imports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VenueSeries {
    /// Where candles of a timeframe were given.
    given: BTreeMap<u8, Ranges>,
    /// Where candles of a timeframe were rolled up from a full set of children.
    rolled: BTreeMap<u8, Ranges>,
    /// Roll-ups in the making: by child's timeframe, own timeframe, open time.
    rolling: BTreeMap<(u8, u8, i64), Rolling>,
    /// The last that were given: open time and a hash of what they say, oldest first.
    said: BTreeMap<u8, VecDeque<(i64, u64)>>,
}

/// What its source has before a candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Before {
    /// A candle that ends there; what lies between is known to be absent.
    Candle(i64),
    /// Nothing: the series begins with it.
    Nothing,
    /// That is not known: a page begins with it, or a stream brings it alone.
    Unknown,
}

/// What a candle that was given is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// The first of its time. The refusals are those of roll-ups that cannot carry it exactly.
    New(Vec<Refusal>),
    /// Its time was given before, with other values.
    Corrected,
    /// Its time was given before.
    Repeated,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Rolling {
    candle: Candle,
    end: i64,
    /// Open time of the first child in it.
    first_child: i64,
    /// Open times of the children whose prices open and close it.
    opens_at: i64,
    closes_at: i64,
    /// Whether its first child is the first row of a file.
    begins_series: bool,
    /// Whether its end was reached.
    reached: bool,
    /// Whether it changed since it was handed out.
    changed: bool,
}

/// Whether whole candles of `base` tile those of `target`.
fn tiles(base: Timeframe, target: Timeframe) -> bool {
    if base >= target {
        return false;
    }
    let Some(length) = base.fixed_nanos() else {
        return false;
    };
    // weeks and months begin at midnights, so what tiles a day tiles them
    let whole = match target {
        Timeframe::D3 | Timeframe::W1 | Timeframe::Mo1 => Timeframe::D1.approximate_nanos(),
        _ => target.approximate_nanos(),
    };
    whole % length == 0
}

impl VenueSeries {
    /// Takes in a closed candle.
    pub(crate) fn take(&mut self, timeframe: Timeframe, candle: &Candle, before: Before) -> Given {
        let after = match before {
            Before::Candle(end) => Some(end),
            Before::Nothing | Before::Unknown => None,
        };
        let open = candle.open_time.nanos();
        let end = timeframe.end_of(candle.open_time).nanos();
        let given = self.given.entry(timeframe as u8).or_default();
        let said = self.said.entry(timeframe as u8).or_default();
        let content = content(candle);
        if given.contains(open) {
            return match said.iter_mut().find(|(of, _)| *of == open) {
                Some((_, before)) if *before != content => {
                    *before = content;
                    Given::Corrected
                }
                _ => Given::Repeated,
            };
        }
        if said.len() == REMEMBERED {
            said.pop_front();
        }
        said.push_back((open, content));
        let mut refusals = Vec::new();
        given.add(after.map_or(open, |after| after.min(open)), end);
        for target in Timeframe::ALL {
            if !tiles(timeframe, target) {
                continue;
            }
            if let Some(after) = after {
                self.reach(timeframe, target, after, open);
            }
            let begins = before == Before::Nothing;
            if let Err(refusal) = self.roll(timeframe, target, candle, (open, end), begins) {
                refusals.push(refusal);
            }
        }
        Given::New(refusals)
    }

    /// Whether candles of this timeframe were given without leaving out anything of a span. (Those of
    /// a shorter one say nothing: a roll-up of them may have been given up.)
    pub(crate) fn has_given(&self, timeframe: Timeframe, span: TimeRange) -> bool {
        let given = self.given.get(&(timeframe as u8));
        given.is_some_and(|ranges| ranges.covers(span.start.nanos(), span.end.nanos()))
    }

    /// A candle past the end of the roll-up that holds `after` came from the same source.
    fn reach(&mut self, base: Timeframe, target: Timeframe, after: i64, open: i64) {
        let holding = target.open_of(Timestamp::from_nanos(after.saturating_sub(1)));
        let key = (base as u8, target as u8, holding.nanos());
        if let Some(rolling) = self.rolling.get_mut(&key)
            && rolling.end <= open
        {
            rolling.reached = true;
            rolling.changed = true;
        }
    }

    fn roll(
        &mut self,
        base: Timeframe,
        target: Timeframe,
        child: &Candle,
        (open, end): (i64, i64),
        begins: bool,
    ) -> Result<(), Refusal> {
        let range = target.range_of(child.open_time);
        let key = (base as u8, target as u8, range.start.nanos());
        let Some(rolling) = self.rolling.get_mut(&key) else {
            let taken = |map: &BTreeMap<u8, Ranges>| {
                map.get(&(target as u8))
                    .is_some_and(|ranges| ranges.contains(range.start.nanos()))
            };
            if !taken(&self.given) && !taken(&self.rolled) {
                let rolling = Rolling {
                    candle: Candle {
                        open_time: range.start,
                        ..*child
                    },
                    end: range.end.nanos(),
                    first_child: open,
                    opens_at: open,
                    closes_at: open,
                    begins_series: begins,
                    reached: end >= range.end.nanos(),
                    changed: true,
                };
                self.rolling.insert(key, rolling);
            }
            return Ok(());
        };
        let Some(mut merged) = rolling.candle.merge(child, false) else {
            let reason = format!("the {target} candle of {} and its children", range.start);
            self.rolling.remove(&key);
            return Err(TOO_MANY_DIGITS.refusal(reason));
        };
        // children say their order by their own open times, whether or not they name trades; one in
        // which nothing was traded says nothing of the prices
        let (opens, closes) = match (rolling.candle.is_empty(), child.is_empty()) {
            (true, false) => (true, true),
            (false, true) => (false, false),
            _ => (open < rolling.opens_at, open > rolling.closes_at),
        };
        let first = if opens { child } else { &rolling.candle };
        let last = if closes { child } else { &rolling.candle };
        merged.open = first.open;
        merged.first_trade = first.first_trade;
        merged.close = last.close;
        merged.last_trade = last.last_trade;
        rolling.candle = merged;
        if opens {
            rolling.opens_at = open;
        }
        if closes {
            rolling.closes_at = open;
        }
        if open < rolling.first_child {
            rolling.begins_series = begins;
            rolling.first_child = open;
        }
        rolling.reached |= end >= rolling.end;
        rolling.changed = true;
        Ok(())
    }

    /// Hands out the roll-ups that are due, shortest first.
    pub(crate) fn flush(&mut self, known: Timestamp, mut emit: impl FnMut(Timeframe, Candle)) {
        let mut due: Vec<_> = self
            .rolling
            .iter()
            .filter(|(_, rolling)| rolling.reached && rolling.changed)
            .map(|(key, _)| *key)
            .collect();
        due.sort_unstable_by_key(|&(base, target, open)| (target, open, base));
        for key in due {
            let (base, target, open) = key;
            let Some(rolling) = self.rolling.get_mut(&key) else {
                continue;
            };
            rolling.changed = false;
            let holds = |map: &BTreeMap<u8, Ranges>, timeframe: u8, from: i64, to: i64| {
                map.get(&timeframe).is_some_and(|r| r.covers(from, to))
            };
            let replaced = holds(&self.given, target, open, open.saturating_add(1))
                || holds(&self.rolled, target, open, open.saturating_add(1));
            let full = holds(&self.given, base, open, rolling.end);
            let begins =
                rolling.begins_series && holds(&self.given, base, rolling.first_child, rolling.end);
            let (candle, end) = (rolling.candle, rolling.end);
            if full || replaced {
                self.rolling.remove(&key);
            }
            if replaced || !(full || begins) {
                continue;
            }
            if full {
                self.rolled.entry(target).or_default().add(open, end);
            }
            if let Some(timeframe) = Timeframe::ALL.get(usize::from(target)) {
                emit(
                    *timeframe,
                    Candle {
                        state: CandleState::Closed,
                        revision: 0,
                        known,
                        origin: CandleOrigin::Venue,
                        ..candle
                    },
                );
            }
        }
        self.forget();
    }

    /// Keeps the newest unfinished roll-ups of each pair of timeframes.
    fn forget(&mut self) {
        if self.rolling.len() <= KEPT {
            return;
        }
        let mut counts: BTreeMap<(u8, u8), usize> = BTreeMap::new();
        for &(base, target, _) in self.rolling.keys() {
            *counts.entry((base, target)).or_default() += 1;
        }
        for ((base, target), count) in counts {
            for _ in KEPT..count {
                let oldest = self
                    .rolling
                    .range((base, target, i64::MIN)..)
                    .next()
                    .map(|(key, _)| *key);
                if let Some(key) = oldest {
                    self.rolling.remove(&key);
                }
            }
        }
    }
}

/// A hash of what a candle says, whenever it became known.
fn content(candle: &Candle) -> u64 {
    let bare = Candle {
        known: Timestamp::EPOCH,
        revision: 0,
        state: CandleState::Closed,
        ..*candle
    };
    let mut hasher = FxHasher::default();
    let sums = [bare.quote_volume, bare.taker_buy_quote_volume].map(|n| n.map(|n| n.0));
    (bare.open, bare.high, bare.low, bare.close).hash(&mut hasher);
    (bare.volume, bare.taker_buy_volume, bare.trades, sums).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cleaning::candles::tests::candle;

    fn flush(series: &mut VenueSeries) -> Vec<(Timeframe, Candle)> {
        let mut out = Vec::new();
        series.flush(Timestamp::EPOCH, |timeframe, candle| {
            out.push((timeframe, candle));
        });
        out
    }

    #[test]
    fn only_what_tiles_is_rolled_up() {
        use Timeframe::{D1, D3, H4, H6, H8, H12, M3, M5, Mo1, W1};
        assert!(tiles(H4, D1) && tiles(H4, H8) && tiles(H4, W1) && tiles(D1, D3) && tiles(D1, Mo1));
        assert!(!tiles(H4, H6) && !tiles(M3, M5) && !tiles(D3, W1) && !tiles(W1, Mo1));
        assert!(!tiles(H8, H12) && !tiles(D1, D1));
    }

    #[test]
    fn children_in_any_order_make_the_same_parent() {
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
            let mut series = VenueSeries::default();
            for hour in order {
                let price = ["3", "9", "1", "4"][hour as usize];
                let given = series.take(Timeframe::H1, &candle(hour, price), Before::Unknown);
                assert_eq!(given, Given::New(Vec::new()));
            }
            let out = flush(&mut series);
            let four = out.iter().find(|(t, _)| *t == Timeframe::H4).unwrap().1;
            let shown = [four.open, four.high, four.low, four.close].map(|p| p.to_string());
            assert_eq!(shown, ["3", "9", "1", "4"], "{order:?}");
            assert_eq!(
                (four.volume.to_string(), four.trades),
                ("6".into(), Some(8))
            );
            let again = series.take(Timeframe::H1, &candle(2, "1"), Before::Unknown);
            assert_eq!(again, Given::Repeated);
            let other = series.take(Timeframe::H1, &candle(2, "1.5"), Before::Unknown);
            assert_eq!(other, Given::Corrected);
            let same = series.take(Timeframe::H1, &candle(2, "1.5"), Before::Unknown);
            assert_eq!(same, Given::Repeated);
        }
    }

    #[test]
    fn a_child_without_trades_says_nothing_of_the_prices() {
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
            let mut series = VenueSeries::default();
            for hour in order {
                // nothing was traded in the first and the last: they carry prices of elsewhere
                let (price, trades) = [("99", 0), ("3", 2), ("5", 2), ("1", 0)][hour as usize];
                let child = Candle {
                    trades: Some(trades),
                    ..candle(hour, price)
                };
                series.take(Timeframe::H1, &child, Before::Unknown);
            }
            let out = flush(&mut series);
            let four = out.iter().find(|(t, _)| *t == Timeframe::H4).unwrap().1;
            let shown = [four.open, four.high, four.low, four.close].map(|p| p.to_string());
            assert_eq!(shown, ["3", "5", "3", "5"], "{order:?}");
            let (first, last) = (out[0].1, out[1].1);
            let shown = [first.open, first.close, last.open, last.close].map(|p| p.to_string());
            assert_eq!(shown, ["3", "3", "5", "5"], "each pair has one with trades");
        }
    }

    #[test]
    fn an_absent_child_does_not_hold_the_parent_back() {
        let mut series = VenueSeries::default();
        series.take(Timeframe::H1, &candle(0, "1"), Before::Unknown);
        assert!(flush(&mut series).is_empty());
        let after = Before::Candle(3_600 * 1_000_000_000);
        series.take(Timeframe::H1, &candle(2, "2"), after);
        let out = flush(&mut series);
        assert_eq!(out.len(), 1, "the first two hours are over");
        assert_eq!(out[0].0, Timeframe::H2);
    }

    #[test]
    fn a_page_that_begins_inside_a_longer_candle_does_not_make_one() {
        let whole = |before| {
            let mut series = VenueSeries::default();
            series.take(Timeframe::H1, &candle(3, "1"), before);
            for hour in 4..9 {
                let after = Before::Candle(hour * 3_600 * 1_000_000_000);
                series.take(Timeframe::H1, &candle(hour, "2"), after);
            }
            let out = flush(&mut series).into_iter();
            let fours = out.filter(|(timeframe, _)| *timeframe == Timeframe::H4);
            fours
                .map(|(_, c)| c.open_time.seconds() / 3_600)
                .collect::<Vec<_>>()
        };
        assert_eq!(whole(Before::Unknown), [4]);
        assert_eq!(whole(Before::Nothing), [0, 4], "the series begins at 3");
    }

    #[test]
    fn what_a_page_leaves_out_is_known_and_what_lies_between_pages_is_not() {
        let hours = |from: i64, to: i64| {
            let at = |hour: i64| Timestamp::from_seconds(hour * 3_600);
            TimeRange::new(at(from), at(to))
        };
        let mut series = VenueSeries::default();
        series.take(Timeframe::H1, &candle(0, "1"), Before::Unknown);
        let after = Before::Candle(3_600 * 1_000_000_000);
        series.take(Timeframe::H1, &candle(3, "1"), after);
        series.take(Timeframe::H1, &candle(6, "1"), Before::Unknown);
        assert!(series.has_given(Timeframe::H1, hours(0, 4)));
        assert!(!series.has_given(Timeframe::H1, hours(4, 6)));
        assert!(!series.has_given(Timeframe::H4, hours(0, 4)));
    }
}
