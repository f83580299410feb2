//! Calendars beside the days and minutes on which recorded series traded.

use std::collections::BTreeSet;

use quantflow_model::Timestamp;
use quantflow_reference::Date;
use quantflow_reference::calendar::{Calendar, Extent, Market, Phase};
use quantflow_testkit::recorded;

use crate::lean::{closes, compact_date, unzipped};
use crate::table::{date, line};

/// Session dates from the first to the last day traded, beside the days traded.
/// Says how many are both, which traded without a session, and which sessions have no bar.
fn days(market: Market, traded: &BTreeSet<Date>) -> (usize, Vec<Date>, Vec<Date>) {
    let (first, last) = (*traded.first().unwrap(), *traded.last().unwrap());
    let sessions = Calendar::of(market).sessions(first, last);
    let sessions: BTreeSet<_> = sessions.map(|session| session.unwrap().date()).collect();
    let both = sessions.intersection(traded).count();
    let without = traded.difference(&sessions).copied().collect();
    let missing = sessions.difference(traded).copied().collect();
    (both, without, missing)
}

fn check(
    source: &str,
    series: &str,
    market: Market,
    traded: &BTreeSet<Date>,
    reason: &str,
) -> (Vec<Date>, Vec<Date>) {
    let (both, without, missing) = days(market, traded);
    let values = both + without.len() + missing.len();
    let named = format!(
        "{reason}; traded without a session {without:?}, sessions without a bar {missing:?}"
    );
    line(source, series, values, both, &named);
    (without, missing)
}

#[test]
fn days_of_new_york() {
    for ticker in ["spy", "aapl", "aig", "iwm", "googl", "goog"] {
        let Some(closes) = closes(ticker) else { return };
        let traded: BTreeSet<_> = closes.iter().map(|close| close.date).collect();
        let odd = check(
            "stocks_us_lean/daily",
            ticker,
            Market::UnitedStates,
            &traded,
            "",
        );
        assert_eq!(odd, (Vec::new(), Vec::new()), "{ticker}");
    }
}

/// The dates of a table, which stand in one of its columns.
fn of_file(name: &str, column: usize) -> Option<BTreeSet<Date>> {
    let bytes = recorded::bytes(name)?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    Some(
        reader
            .records()
            .map(|row| date(&row.unwrap()[column]))
            .collect(),
    )
}

#[test]
fn decades_of_new_york() {
    let files = [
        ("pypfopt_stock_prices.csv.gz", 0),
        ("pypfopt_spy_prices.csv.gz", 0),
        ("pandas_ta_SPY_D.csv.gz", 1),
        ("backtestingpy_GOOG.csv.gz", 0),
    ];
    for (file, column) in files {
        let Some(traded) = of_file(&format!("stocks_misc/{file}"), column) else {
            return;
        };
        let odd = check("stocks_misc", file, Market::UnitedStates, &traded, "");
        assert_eq!(odd, (Vec::new(), Vec::new()), "{file}");
    }
}

#[test]
fn days_of_london_tokyo_and_new_york() {
    let files = [
        ("ADIG-L-1d-bad-div.csv.gz", Market::London),
        ("CLC-L-1d-bad-div.csv.gz", Market::London),
        ("KMR-L-1d-no-bad-divs.csv.gz", Market::London),
        ("REL-L-1d-bad-div.csv.gz", Market::London),
        ("LSC-L-1d-bad-div.csv.gz", Market::London),
        ("TENT-L-1d-bad-div.csv.gz", Market::London),
        ("HSBK-IL-1d-no-bad-divs.csv.gz", Market::London),
        ("4063-T-1d-bad-stock-split.csv", Market::Tokyo),
        ("EWG-1d-no-bad-divs.csv.gz", Market::UnitedStates),
        ("SAND-1d-bad-div.csv.gz", Market::UnitedStates),
        ("DODFX-1d-cg-double-count.csv.gz", Market::UnitedStates),
        ("JENYX-1d-cg-double-count.csv.gz", Market::UnitedStates),
    ];
    for (file, market) in files {
        let Some(traded) = of_file(&format!("stocks_yfinance_repair/{file}"), 0) else {
            return;
        };
        let (without, missing) = check("stocks_yfinance_repair", file, market, &traded, "");
        assert_eq!((without, missing), (Vec::new(), Vec::new()), "{file}");
    }
}

/// New York time on a date, as an instant.
fn new_york(date: Date, millis: i64) -> Timestamp {
    let midnight = date
        .to_zoned(Calendar::of(Market::UnitedStates).zone().clone())
        .unwrap();
    Timestamp::from_nanos(midnight.timestamp().as_nanosecond() as i64 + millis * 1_000_000)
}

#[test]
fn minutes_of_new_york() {
    let calendar = Calendar::of(Market::UnitedStates);
    for (ticker, day) in [
        ("spy", "20131007"),
        ("spy", "20131008"),
        ("spy", "20131009"),
        ("bac", "20131008"),
    ] {
        let name = format!("ticks_us_equity/{ticker}/{day}_trade_minute.zip");
        let Some(text) = unzipped(&name) else { return };
        let session = calendar.session(compact_date(day)).unwrap().unwrap();
        let minutes: Vec<_> = text
            .lines()
            .map(|row| {
                new_york(
                    compact_date(day),
                    row.split(',').next().unwrap().parse().unwrap(),
                )
            })
            .collect();
        let phases = minutes
            .iter()
            .filter_map(|minute| session.phase_at(*minute));
        let regular = phases
            .clone()
            .filter(|phase| *phase == Phase::Regular)
            .count();
        line(
            &name,
            "minutes inside the session",
            minutes.len(),
            phases.count(),
            "outside of 04:00 to 20:00",
        );
        line(
            &name,
            "minutes of regular trading",
            session.cut(60_000_000_000).len(),
            regular,
            "",
        );
        assert_eq!(regular, 390);
        assert!(
            minutes
                .iter()
                .all(|minute| session.span(Extent::Extended).contains(*minute))
        );
    }
}

/// Minute bars of a market that pauses: how many are in a session, and sessions without any.
fn weeks(source: &str, market: Market, minutes: &[Timestamp]) -> (usize, usize, Vec<Date>) {
    let calendar = Calendar::of(market);
    let mut inside = 0;
    let mut traded = BTreeSet::new();
    for minute in minutes {
        if calendar.is_open(*minute, Extent::Regular).unwrap() {
            inside += 1;
            traded.insert(calendar.trading_day(*minute).unwrap().date());
        }
    }
    line(
        source,
        market.name(),
        minutes.len(),
        inside,
        "minutes outside of any session",
    );
    let (_, missing) = check(source, &format!("{market} days"), market, &traded, "");
    (minutes.len(), inside, missing)
}

fn column(name: &str, instant: impl Fn(&str) -> Timestamp) -> Option<Vec<Timestamp>> {
    let bytes = recorded::bytes(name)?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    Some(
        reader
            .records()
            .map(|row| instant(&row.unwrap()[0]))
            .collect(),
    )
}

#[test]
fn weeks_of_futures_and_fx() {
    const GLOBEX: &str = "nautilus_series/xcme__6EH4.XCME_1min_bars_20240101_20240131.csv.gz";
    const FX: &str = "nautilus_series/fxcm__usdjpy-m1-bid-2013.csv.gz";
    let parse = |text: &str| {
        let text = text.trim_end_matches("+00:00").replace(' ', "T");
        format!("{text}Z").parse::<Timestamp>().unwrap()
    };
    // these bars are stamped with their end: the first of a session 17:01, the last 16:00
    let Some(minutes) = column(GLOBEX, |text| parse(text).plus_nanos(-60_000_000_000)) else {
        return;
    };
    let (all, inside, missing) = weeks(GLOBEX, Market::GlobexFx, &minutes);
    assert_eq!((all, missing), (inside, Vec::new()));
    let minutes = column(FX, parse).unwrap();
    let (all, inside, missing) = weeks(FX, Market::ForeignExchange, &minutes);
    assert_eq!((all, missing), (inside, Vec::new()));
}
