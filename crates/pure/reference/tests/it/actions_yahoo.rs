//! Adjusted closes of Yahoo, as its chart gives them and as a library repaired them.
//!
//! Yahoo's closes are adjusted for splits, its dividends too; what is left to show is 1 − dividend / close before.
//! All its numbers went through 32-bit floats: they are equal when they differ by no more than the
//! rounding of a close, of an adjusted close and of one factor for each later dividend, 2^-23 each.

use std::collections::BTreeMap;

use quantflow_reference::Date;
use quantflow_reference::actions::{
    Action, Actions, AdjustError, Close, FactorTable, Fraction, Method,
};
use quantflow_testkit::recorded;
use serde_json::Value;

use crate::table::{apart, date, decimal, float, line};

const REPAIRED: &str = "stocks_yfinance_repair";
const CHART: &str = "stocks_yahoo_http";
const FLOAT: f64 = 1.0 / 8_388_608.0;

/// A close and the adjusted close beside it.
struct Pair {
    close: Close,
    adjusted: quantflow_model::Decimal,
}

/// How many adjusted closes are ours, relative to the last one; and the dates on which equal begins or ends.
fn compare(
    pairs: &[Pair],
    dividends: &[(Date, Action)],
) -> Result<(usize, Vec<Date>), AdjustError> {
    // of bars of less than a day the last of each date is its close
    let mut closes: Vec<Close> = Vec::new();
    for pair in pairs {
        closes.pop_if(|last| last.date == pair.close.date);
        closes.push(pair.close);
    }
    let last = &pairs[pairs.len() - 1];
    let actions = Actions::of(dividends.iter().cloned());
    let table = FactorTable::build(&closes, &actions, "X", last.close.date)?;
    // dividends after the recording are in its factors, and not in what it tells
    let later = Fraction::of(last.adjusted, last.close.price).unwrap();
    let mut factors: BTreeMap<Option<Date>, Fraction> = BTreeMap::new();
    let mut off = |pair: &Pair| {
        let ex_date = table.row_on(pair.close.date).map(|row| row.ex_date);
        let factor = factors.entry(ex_date).or_insert_with(|| {
            let own = table.factors_on(pair.close.date);
            own.price(Method::SplitsAndDividends).multiply(&later)
        });
        let ours = factor.times(pair.close.price, 18).unwrap();
        let after = |(on, _): &&(Date, Action)| *on > pair.close.date;
        let paid = dividends.iter().filter(after).count();
        apart(ours, pair.adjusted) > FLOAT * (3 + paid) as f64
    };
    let flags: Vec<_> = pairs.iter().map(&mut off).collect();
    let equal = flags.iter().filter(|off| !**off).count();
    let parts = flags.windows(2).zip(&pairs[1..]);
    let dates = parts
        .filter(|(two, _)| two[0] != two[1])
        .map(|(_, pair)| pair.close.date);
    Ok((equal, dates.collect()))
}

/// Why recordings with a named defect differ.
fn defect(name: &str) -> &'static str {
    if name.starts_with("AV-L") {
        "weekly bars have the factor of their Monday, made of a daily close that no weekly bar holds"
    } else if name.starts_with("TENT") && name.ends_with("-fixed") {
        "repaired from dividends in a hundredth: the rounding of their factors is a hundredfold too"
    } else if name.starts_with("SSNLF") {
        "361 won taken off prices of some 45 dollars: the source's factors are about -7 at each ex-date"
    } else if name.starts_with("SAND") {
        "the dividend of 2024-01-16 is taken off twice by the source, once for a double dated 2024-01-12"
    } else if name.contains("bad-div") {
        "the defect recorded: the source took off another amount than it tells"
    } else if name.contains("missing-div-adjust") {
        "the defect recorded: a dividend that the source did not take off"
    } else if name.contains("cg-double-count") {
        "the defect recorded: capital gains taken off twice"
    } else {
        "unexplained"
    }
}

/// The rows of a file that have a close and an adjusted close, ascending; its dividends; how many have not.
fn rows(name: &str) -> (Vec<Pair>, Vec<(Date, Action)>, usize) {
    let bytes = recorded::bytes(name).unwrap();
    let mut rows: BTreeMap<String, (Pair, f64)> = BTreeMap::new();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let mut unusable = 0;
    for row in reader.deserialize::<BTreeMap<String, String>>() {
        let row = row.unwrap();
        let at = row.get("Date").or_else(|| row.get("Datetime")).unwrap();
        let number = |column: &str| row[column].parse::<f64>().ok();
        // some defects make adjusted closes negative, infinite or longer than any price
        let price = |column| number(column).filter(|price| (1e-9..1e15).contains(price));
        if let (Some(close), Some(adjusted)) = (price("Close"), price("Adj Close")) {
            let close = Close {
                date: date(at),
                price: float(close),
            };
            let adjusted = float(adjusted);
            let paid = number("Dividends").unwrap_or(0.0);
            rows.insert(at.clone(), (Pair { close, adjusted }, paid));
        } else {
            unusable += 1;
        }
    }
    let paid = rows.values().filter(|(_, paid)| *paid > 0.0);
    let dividends = paid.map(|(pair, paid)| {
        let action = Action::dividend(float(*paid), "X").unwrap();
        (pair.close.date, action)
    });
    let dividends = dividends.collect();
    let pairs = rows.into_values().map(|(pair, _)| pair).collect();
    (pairs, dividends, unusable)
}

/// What the source took off on each ex-date by its own adjusted closes, where that is not what it told; and
/// all dividends as it took them off.
fn taken(pairs: &[Pair], told: &[(Date, Action)]) -> (Vec<String>, Vec<(Date, Action)>) {
    let (mut odd, mut all) = (Vec::new(), Vec::new());
    for (ex_date, action) in told {
        let Action::Dividend { cash, .. } = action else {
            continue;
        };
        let after = pairs.partition_point(|pair| pair.close.date < *ex_date);
        if after == 0 {
            continue;
        }
        let part = |pair: &Pair| pair.adjusted.to_f64_lossy() / pair.close.price.to_f64_lossy();
        let before = &pairs[after - 1];
        let close = before.close.price.to_f64_lossy();
        let took = close * (1.0 - part(before) / part(&pairs[after]));
        let times = took / cash.amount.to_f64_lossy();
        // as told, within the rounding of four 32-bit floats
        if (took - cash.amount.to_f64_lossy()).abs() <= 4.0 * FLOAT * close {
            all.push((*ex_date, action.clone()));
            continue;
        }
        odd.push(format!(
            "{ex_date} told {} took {times:.4} times",
            cash.amount
        ));
        if took > 4.0 * FLOAT * close {
            let took = float((took * 1e9).round() / 1e9);
            all.push((*ex_date, Action::dividend(took, "X").unwrap()));
        }
    }
    (odd, all)
}

#[test]
fn series_with_defects_and_repaired() {
    let Some(names) = recorded::files(REPAIRED) else {
        return;
    };
    let (mut sound, mut all) = ((0, 0), (0, 0));
    for name in names {
        let file = name.rsplit('/').next().unwrap();
        let file = file.trim_end_matches(".gz").trim_end_matches(".csv");
        let (pairs, dividends, unusable) = rows(&name);
        let values = pairs.len();
        let (equal, reason) = match compare(&pairs, &dividends) {
            Ok((equal, _)) if equal == values => (equal, String::new()),
            Ok((equal, dates)) => {
                let (odd, all) = taken(&pairs, &dividends);
                let then = compare(&pairs, &all).map_or(0, |(equal, _)| equal);
                let some = odd.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
                let count = odd.len();
                // nothing else is wrong: with these amounts every adjusted close is ours
                let beyond = ["AV-L", "SSNLF"].iter().any(|name| file.starts_with(name));
                assert!(beyond || then == values, "{file}: {then} of {values}");
                let cause = defect(file);
                let reason = format!(
                    "{cause}: {count} of {} dividends ({some}), parting {dates:?}; with what it took {then} equal",
                    dividends.len()
                );
                (equal, reason)
            }
            Err(error) => (0, format!("the defect recorded, refused: {error}")),
        };
        let reason = match unusable {
            0 => reason,
            _ => format!("{reason} ({unusable} more rows have no usable close)"),
        };
        line(REPAIRED, file, values, equal, &reason);
        all = (all.0 + values, all.1 + equal);
        let whole = file.ends_with("-fixed") || file.contains("no-bad-divs");
        let own_cause = ["AV-L", "SAND", "TENT"];
        if whole && !own_cause.iter().any(|name| file.starts_with(name)) {
            sound = (sound.0 + values, sound.1 + equal);
        }
        assert!(
            equal == values || !reason.contains("unexplained"),
            "{file}: {reason}"
        );
    }
    line(REPAIRED, "all", all.0, all.1, "see above");
    line(REPAIRED, "all sound or repaired", sound.0, sound.1, "");
    assert!(sound.0 > 15_000);
    assert_eq!(sound.0, sound.1);
}

fn chart(name: &str) -> Option<Vec<Pair>> {
    let answer: Value = serde_json::from_slice(&recorded::bytes(name)?).unwrap();
    let result = answer["response"]["bodyJson"]["chart"]["result"][0].clone();
    let zone = result["meta"]["gmtoffset"].as_i64().unwrap_or(0);
    let times = result["timestamp"].as_array().cloned().unwrap_or_default();
    let closes = &result["indicators"]["quote"][0]["close"];
    let adjusted = &result["indicators"]["adjclose"][0]["adjclose"];
    let mut pairs = Vec::new();
    for (index, time) in times.iter().enumerate() {
        let (Some(close), Some(adjusted)) = (closes[index].as_f64(), adjusted[index].as_f64())
        else {
            continue;
        };
        let at = jiff::Timestamp::from_second(time.as_i64().unwrap() + zone).unwrap();
        let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        pairs.push(Pair {
            close: Close {
                date,
                price: float(close),
            },
            adjusted: float(adjusted),
        });
    }
    Some(pairs)
}

#[test]
fn charts() {
    let Some(names) = recorded::files(CHART) else {
        return;
    };
    let mut all = (0, 0);
    for name in names {
        let file = name.rsplit('/').next().unwrap();
        if !file.starts_with("chart-") && !file.starts_with("historical-") {
            continue;
        }
        let pairs = chart(&name).unwrap();
        if pairs.len() < 2 {
            continue;
        }
        let dividends: Vec<(Date, Action)> = if file.contains("NVDA") {
            // the recording lists its split only: the dividends are NVIDIA's own record, per share of
            // after the splits that these closes are adjusted for
            let scale = if pairs[0].close.price < decimal("100") {
                "0.004"
            } else {
                "0.04"
            };
            ["2021-03-09", "2021-06-09", "2021-08-31", "2021-12-01"]
                .map(|on| (date(on), Action::dividend(decimal(scale), "X").unwrap()))
                .to_vec()
        } else {
            Vec::new()
        };
        let (equal, dates) = compare(&pairs, &dividends).unwrap();
        line(CHART, file, pairs.len(), equal, &format!("{dates:?}"));
        all = (all.0 + pairs.len(), all.1 + equal);
    }
    line(CHART, "all with more than one bar", all.0, all.1, "");
    assert!(all.0 > 3_500);
    assert_eq!(all.0, all.1);
}
