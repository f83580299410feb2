//! Adjusted prices of a vendor that reinvests dividends at the close of the ex-date.
//!
//! Its factor is C / (C + D) with the close of the ex-date, which is the total return of
//! [`total_return`] scaled to its last value, and not 1 − D / C of the day before: the latter is counted beside
//! it. It prints ten or twelve digits after the point, of products in 64-bit floats.

use std::collections::BTreeMap;

use quantflow_model::Decimal;
use quantflow_reference::actions::{
    Action, Actions, Close, FactorTable, Fraction, Method, total_return,
};
use quantflow_testkit::recorded;

use crate::table::{apart, date, decimal, line};

#[test]
fn total_returns() {
    let files = ["ivy_5assets_data.csv.gz", "test_data_stocks.csv.gz"];
    let mut all = (0, 0);
    for file in files {
        let name = format!("options_spx_sample/{file}");
        let Some(bytes) = recorded::bytes(&name) else {
            return;
        };
        let mut series: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>> =
            BTreeMap::new();
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        for row in reader.deserialize::<BTreeMap<String, String>>() {
            let row = row.unwrap();
            let of = series.entry(row["symbol"].clone()).or_default();
            of.insert(row["date"].clone(), row);
        }
        for (symbol, rows) in series {
            let column = |row: &BTreeMap<String, String>, column: &str| decimal(&row[column]);
            let closes: Vec<_> = rows
                .values()
                .map(|row| Close {
                    date: date(&row["date"]),
                    price: column(row, "close"),
                })
                .collect();
            let adjusted: Vec<Decimal> = rows.values().map(|row| column(row, "adjClose")).collect();
            let mut list = Vec::new();
            for row in rows.values() {
                if column(row, "divCash").is_positive() {
                    let paid = Action::dividend(column(row, "divCash"), "USD").unwrap();
                    list.push((date(&row["date"]), paid));
                }
                assert_eq!(
                    column(row, "splitFactor"),
                    Decimal::ONE,
                    "no split in these recordings"
                );
            }
            let actions = Actions::of(list.clone());
            let values = total_return(&closes, &actions, "USD", 24).unwrap();
            let last = closes.len() - 1;
            let scaled = Fraction::of(adjusted[last], values[last].price).unwrap();
            // the factor of a day's close is that of its other prices too
            let pairs = ["close", "open", "high", "low"].map(|raw| {
                let own = format!("adj{}{}", raw[..1].to_uppercase(), &raw[1..]);
                (raw, own)
            });
            let (mut count, mut equal) = (0, 0);
            for ((row, value), close) in rows.values().zip(&values).zip(&closes) {
                let factor = Fraction::of(value.price, close.price).unwrap();
                let factor = factor.multiply(&scaled);
                for (raw, own) in &pairs {
                    let ours = factor.times(column(row, raw), 18).unwrap();
                    count += 1;
                    equal += usize::from(apart(ours, column(row, own)) < 2e-11);
                }
            }
            let series = format!("{symbol} adjusted prices as total return");
            line(&name, &series, count, equal, "");
            all = (all.0 + count, all.1 + equal);

            let table = FactorTable::build(&closes, &actions, "USD", closes[last].date).unwrap();
            let later = Fraction::of(adjusted[last], closes[last].price).unwrap();
            let backward = closes.iter().zip(&adjusted).filter(|(close, theirs)| {
                let factor = table
                    .factors_on(close.date)
                    .price(Method::SplitsAndDividends);
                let ours = factor.multiply(&later).times(close.price, 18).unwrap();
                apart(ours, **theirs) < 2e-11
            });
            let reason = format!(
                "before {} ex-dates: the vendor divides by (C + D) / C",
                list.len()
            );
            line(
                &name,
                &format!("{symbol} adjClose by 1 - D / C"),
                closes.len(),
                backward.count(),
                &reason,
            );
        }
    }
    line(
        "options_spx_sample",
        "all as total return",
        all.0,
        all.1,
        "",
    );
    assert!(all.0 > 5_000);
    assert_eq!(all.0, all.1);
}
