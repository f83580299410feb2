//! Factors of our own beside recorded factor files, and series adjusted by both.
//!
//! A factor file does not hold the dividends but what they made of the factors, with seven digits
//! after the point. So the actions are taken back out of it: of each step the split, and the dividend as the
//! shortest decimal, of four digits after the point at most, that the step's rounding allows; what is
//! then compared is everything that the file does not determine by itself: the closes, found in the raw
//! series, the dates, and the products. Apple's dividends are beside that checked from the public record.

use std::collections::HashSet;

use jiff::ToSpan;
use quantflow_model::Decimal;
use quantflow_reference::Date;
use quantflow_reference::actions::{Action, Actions, Close, FactorTable, Fraction, Method};

use crate::lean::{FactorLine, all_closes, closes_of, directory, factor_lines};
use crate::table::{decimal, line};

const SOURCE: &str = "stocks_us_lean/factor_files";

/// Half of the last digit of a price factor.
const HALF: f64 = 0.5e-7;

/// Half of the last of the six significant digits to which the source rounds a split factor, as a part of it.
fn half_of_split(factor: Decimal) -> f64 {
    let factor = factor.to_f64_lossy();
    if factor == 1.0 {
        return 0.0;
    }
    0.5 * 10_f64.powf(factor.log10().floor() - 5.0) / factor
}

/// The smallest whole numbers whose quotient is that of two split factors, within their rounding: the first
/// convergent of its continued fraction that is.
fn ratio(before: Decimal, after: Decimal) -> (u64, u64) {
    let wanted = after.to_f64_lossy() / before.to_f64_lossy();
    let margin = 1e-9 + half_of_split(before) + half_of_split(after);
    let (mut new, mut old) = ((1, 0), (0, 1));
    let mut rest = wanted;
    loop {
        let whole = rest.floor();
        new = (whole as u64 * new.0 + new.1, new.0);
        old = (whole as u64 * old.0 + old.1, old.0);
        if (new.0 as f64 / old.0 as f64 / wanted - 1.0).abs() <= margin {
            return (new.0, old.0);
        }
        rest = 1.0 / (rest - whole);
    }
}

/// The shortest decimal within `margin` of `wanted`.
fn shortest(wanted: f64, margin: f64, most: usize) -> Option<Decimal> {
    (0..=most)
        .map(|digits| format!("{wanted:.digits$}").parse::<f64>().unwrap())
        .find(|rounded| (rounded - wanted).abs() <= margin)
        .map(|rounded| decimal(&format!("{rounded}")))
}

/// The actions between the rows of a factor file, and how many steps allow no dividend of four digits.
fn actions(lines: &[FactorLine], closes: &[Close]) -> (Vec<(Date, Action)>, usize) {
    let (mut actions, mut odd) = (Vec::new(), 0);
    // the factor of the rows after, exactly as what was taken out of them makes it
    let mut factor = 1.0;
    for pair in lines.windows(2).rev() {
        let (row, next) = (&pair[0], &pair[1]);
        let after = closes.iter().find(|close| close.date > row.last);
        let ex_date = after.map_or(row.last.saturating_add(1.day()), |close| close.date);
        if row.split != next.split {
            let (new, old) = ratio(row.split, next.split);
            actions.push((ex_date, Action::split(new, old).unwrap()));
        }
        if row.price != next.price {
            let reference = row.reference.to_f64_lossy();
            let per_share = reference * row.split.to_f64_lossy() / next.split.to_f64_lossy();
            let wanted = per_share * (1.0 - row.price.to_f64_lossy() / factor);
            let margin = per_share * HALF / factor;
            let amount = shortest(wanted, margin, 4).unwrap_or_else(|| {
                odd += 1;
                shortest(wanted, margin, 9).unwrap()
            });
            factor *= 1.0 - amount.to_f64_lossy() / per_share;
            actions.push((ex_date, Action::dividend(amount, "USD").unwrap()));
        }
    }
    (actions, odd)
}

#[test]
fn factors_are_those_of_the_files() {
    let (Some(directory), Some(files)) = (directory(), all_closes()) else {
        return;
    };
    let names = quantflow_testkit::recorded::files(SOURCE).unwrap();
    let (mut rows, mut bars) = ((0, 0), (0, 0));
    for name in names {
        let id = name.rsplit('/').next().unwrap().trim_end_matches(".csv");
        let lines = factor_lines(id).unwrap();
        let history = directory.histories().iter();
        let history = history.clone().find(|history| history.instrument() == id);
        let raw = history.map_or(Vec::new(), |history| closes_of(history, &files));
        // where no raw bar was recorded, the close is the one that the file refers to
        let mut closes = raw.clone();
        let known: HashSet<Date> = raw.iter().map(|close| close.date).collect();
        let steps = &lines[1..lines.len() - 1];
        for row in steps.iter().filter(|row| !known.contains(&row.last)) {
            closes.push(Close {
                date: row.last,
                price: row.reference,
            });
        }
        closes.sort_by_key(|close| close.date);
        let (actions, odd) = actions(&lines, &closes);
        let base = lines[lines.len() - 1].last;
        let table = FactorTable::build(&closes, &Actions::of(actions), "USD", base).unwrap();
        let (mut equal, mut reasons) = (0, Vec::new());
        for row in steps {
            let own = table.factors_on(row.last);
            let price = own.dividend.to_f64_lossy() - row.price.to_f64_lossy();
            let split = own.split.to_f64_lossy() / row.split.to_f64_lossy() - 1.0;
            let split_equal = split.abs() <= 1.01 * half_of_split(row.split) + 1e-9;
            let step = table.rows().iter().find(|own| own.last.date == row.last);
            match step.map(|step| step.last.price) {
                None => reasons.push(format!("{}: no step of ours", row.last)),
                Some(close) if close != row.reference => {
                    let theirs = row.reference;
                    reasons.push(format!("{}: raw close {close}, theirs {theirs}", row.last));
                }
                Some(_) if price.abs() > 1.01 * HALF || !split_equal => {
                    reasons.push(format!("{}: price {price:e} split {split:e}", row.last));
                }
                Some(_) => equal += 1,
            }
        }
        let with_bar = steps.iter().filter(|row| known.contains(&row.last));
        let series = format!("{id} rows ({} with a raw bar)", with_bar.count());
        line(SOURCE, &series, steps.len(), equal, &reasons.join("; "));
        if odd > 0 {
            println!("  {id}: {odd} dividends need more than four digits");
        }
        rows = (rows.0 + steps.len(), rows.1 + equal);
        let equal = equal_bars(id, &lines, &raw, &table);
        bars = (bars.0 + raw.len(), bars.1 + equal);
    }
    line(SOURCE, "all rows", rows.0, rows.1, "see above");
    line(SOURCE, "all adjusted closes", bars.0, bars.1, "see above");
    assert!(rows.0 > 300 && bars.0 > 30_000, "{rows:?} {bars:?}");
    assert_eq!((rows.0, bars.0), (rows.1, bars.1));
}

/// How many bars are equal: raw × their factors beside raw × ours.
fn equal_bars(id: &str, lines: &[FactorLine], raw: &[Close], table: &FactorTable) -> usize {
    let (mut equal, mut worst) = (0, 0.0_f64);
    let mut last_off = None;
    for close in raw {
        let row = lines.iter().find(|row| row.last >= close.date).unwrap();
        let theirs =
            close.price.to_f64_lossy() * row.price.to_f64_lossy() * row.split.to_f64_lossy();
        let factor = table
            .factors_on(close.date)
            .price(Method::SplitsAndDividends);
        let ours = factor.times(close.price, 12).unwrap().to_f64_lossy();
        // the rounding of both factors of the file
        let part = 1.01 * (HALF / row.price.to_f64_lossy() + half_of_split(row.split)) + 1e-9;
        let off = (ours / theirs - 1.0).abs();
        if off <= part {
            equal += 1;
        } else {
            worst = worst.max(off);
            last_off = Some(close.date);
        }
    }
    let reason = last_off.map_or(String::new(), |date| {
        format!("until {date}, by up to {worst:.1e}: the rows named above")
    });
    let series = format!("{id} adjusted closes");
    line(SOURCE, &series, raw.len(), equal, &reason);
    equal
}

/// Apple's own record of its dividends and splits, not taken out of the file.
#[test]
fn apple_from_the_public_record() {
    let (Some(files), Some(lines)) = (all_closes(), factor_lines("aapl")) else {
        return;
    };
    let dividends = [
        ("2012-08-09 2012-11-07 2013-02-07", "2.65"),
        ("2013-05-09 2013-08-08 2013-11-06 2014-02-06", "3.05"),
        ("2014-05-08", "3.29"),
        ("2014-08-07 2014-11-06 2015-02-05", "0.47"),
        ("2015-05-07 2015-08-06 2015-11-05 2016-02-04", "0.52"),
        ("2016-05-05 2016-08-04 2016-11-03 2017-02-09", "0.57"),
        ("2017-05-11 2017-08-10 2017-11-10 2018-02-09", "0.63"),
        ("2018-05-11 2018-08-10 2018-11-08 2019-02-08", "0.73"),
        ("2019-05-10 2019-08-09 2019-11-07 2020-02-07", "0.77"),
        ("2020-05-08 2020-08-07", "0.82"),
        ("2020-11-06 2021-02-05", "0.205"),
    ];
    let splits = [
        ("2000-06-21", 2),
        ("2005-02-28", 2),
        ("2014-06-09", 7),
        ("2020-08-31", 4),
    ];
    let paid = dividends.iter().flat_map(|(dates, amount)| {
        let action = Action::dividend(decimal(amount), "USD").unwrap();
        dates
            .split(' ')
            .map(move |date| (date.parse().unwrap(), action.clone()))
    });
    let split = splits
        .iter()
        .map(|(date, new)| (date.parse().unwrap(), Action::split(*new, 1).unwrap()));
    let closes = &files["aapl"];
    let base = closes[closes.len() - 1].date;
    let actions = Actions::of(paid.chain(split));
    let table = FactorTable::build(closes, &actions, "USD", base).unwrap();
    let (mut equal, mut reasons) = (0, Vec::new());
    let steps = &lines[1..lines.len() - 1];
    for row in steps {
        let own = table.factors_on(row.last);
        let price = own.dividend.rounded(7).unwrap();
        let split = own.split.rounded(row.split.scale()).unwrap();
        let step = table.rows().iter().any(|own| own.last.date == row.last);
        if step && (price, split) == (row.price, row.split) {
            equal += 1;
        } else {
            let theirs = (row.price, row.split);
            reasons.push(format!("{}: {price} {split}, theirs {theirs:?}", row.last));
        }
    }
    let series = "aapl rows from the public record, to the last digit";
    line(SOURCE, series, steps.len(), equal, &reasons.join("; "));
    assert_eq!((equal, steps.len()), (39, 39));
    // 2 × 2 × 7 × 4
    let first = table.factors_on(closes[0].date);
    assert_eq!(first.split, Fraction::new(1, 112).unwrap());
}
