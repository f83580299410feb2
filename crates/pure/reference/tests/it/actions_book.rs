//! What was known when, and which source's word is taken.

use quantflow_model::{Decimal, Timestamp};
use quantflow_reference::Date;
use quantflow_reference::actions::{
    Action, ActionBook, ActionRecord, Actions, AdjustError, Bar, BookError, Change, Close,
    DelistingReason, DividendKind, FactorTable, Fraction, Method, RecordError, adjust,
};
use quantflow_reference::listing::{ListingError, SymbolDirectory, SymbolHistory};

use crate::table::{date, decimal};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn said(source: &str, id: &str, known_at: &str, change: Change) -> ActionRecord {
    ActionRecord {
        source: source.into(),
        id: id.into(),
        known_at: at(known_at),
        change,
    }
}

fn announced(ex_date: &str, action: Action) -> Change {
    Change::Announced {
        ex_date: date(ex_date),
        action,
    }
}

fn usd(amount: &str) -> Action {
    Action::dividend(decimal(amount), "USD").unwrap()
}

fn closes() -> Vec<Close> {
    [
        ("2024-03-04", "100"),
        ("2024-03-05", "102"),
        ("2024-03-06", "51"),
        ("2024-03-07", "50"),
    ]
    .map(|(on, price)| Close {
        date: date(on),
        price: decimal(price),
    })
    .to_vec()
}

fn factor(actions: &Actions, base: &str, on: &str) -> Fraction {
    let table = FactorTable::build(&closes(), actions, "USD", date(base)).unwrap();
    table.factors_on(date(on)).price(Method::SplitsAndDividends)
}

#[test]
fn an_adjustment_is_made_as_it_was_known_then() {
    let mut book = ActionBook::new();
    let records = [
        said(
            "feed",
            "d1",
            "2024-03-01T00:00:00Z",
            announced("2024-03-05", usd("1")),
        ),
        said(
            "feed",
            "d1",
            "2024-03-06T00:00:00Z",
            announced("2024-03-05", usd("2")),
        ),
        said(
            "feed",
            "s1",
            "2024-03-01T00:00:00Z",
            announced("2024-03-06", Action::split(2, 1).unwrap()),
        ),
        said(
            "feed",
            "d2",
            "2024-03-01T00:00:00Z",
            announced("2024-03-07", usd("5")),
        ),
        said("feed", "d2", "2024-03-08T00:00:00Z", Change::Withdrawn),
    ];
    for record in records.iter().rev().chain(&records) {
        book.insert(record.clone()).unwrap();
    }
    let known = |time: &str| book.as_of(at(time), &[]);
    assert!(known("2024-02-28T00:00:00Z").list().is_empty());
    let first = known("2024-03-01T00:00:00Z");
    assert_eq!(first.list().len(), 3);
    // 99/100 × 1/2 × (1 − 5/51)
    assert_eq!(
        factor(&first, "2024-03-07", "2024-03-04"),
        Fraction::new(99 * 46, 200 * 51).unwrap()
    );
    // the base date is before the split: neither it nor what follows counts yet
    assert_eq!(
        factor(&first, "2024-03-05", "2024-03-04"),
        Fraction::new(99, 100).unwrap()
    );
    let corrected = known("2024-03-06T12:00:00Z");
    assert_eq!(
        factor(&corrected, "2024-03-05", "2024-03-04"),
        Fraction::new(98, 100).unwrap()
    );
    let last = known("2024-03-08T00:00:00Z");
    assert_eq!(
        factor(&last, "2024-03-07", "2024-03-04"),
        Fraction::new(98, 200).unwrap()
    );
    assert_eq!(factor(&last, "2024-03-07", "2024-03-06"), Fraction::one());

    let other = said("feed", "d1", "2024-03-01T00:00:00Z", Change::Withdrawn);
    assert!(matches!(
        book.insert(other),
        Err(BookError::Ambiguous { .. })
    ));
}

#[test]
fn two_sources_of_one_split_split_once() {
    let mut book = ActionBook::new();
    for (source, id, action) in [
        ("b", "1", Action::split(2, 1).unwrap()),
        ("a", "x", Action::split(2, 1).unwrap()),
        ("a", "y", usd("1")),
        ("b", "2", usd("1.01")),
    ] {
        let record = said(
            source,
            id,
            "2024-03-01T00:00:00Z",
            announced("2024-03-06", action),
        );
        book.insert(record).unwrap();
    }
    let by_name = book.as_of(at("2024-04-01T00:00:00Z"), &[]);
    assert_eq!(
        by_name.list(),
        [
            (date("2024-03-06"), Action::split(2, 1).unwrap()),
            (date("2024-03-06"), usd("1"))
        ]
    );
    assert_eq!(by_name.conflicts().len(), 1);
    assert_eq!(by_name.conflicts()[0].left.1, [usd("1.01")]);
    let by_choice = book.as_of(at("2024-04-01T00:00:00Z"), &["b"]);
    assert_eq!(by_choice.list()[1].1, usd("1.01"));
    // of a dividend on the date of a split: per share after it, off half of 102
    assert_eq!(
        factor(&by_name, "2024-03-07", "2024-03-05"),
        Fraction::new(50, 102).unwrap()
    );
}

#[test]
fn money_is_not_mixed() {
    let pence = Actions::of([(
        date("2024-03-05"),
        Action::dividend(decimal("150"), "GBX").unwrap(),
    )]);
    let table = FactorTable::build(&closes(), &pence, "GBP", date("2024-03-07")).unwrap();
    assert_eq!(
        table.rows()[0].factors.dividend,
        Fraction::new(985, 1000).unwrap()
    );
    let error = FactorTable::build(&closes(), &pence, "USD", date("2024-03-07")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a dividend on 2024-03-05 is in GBX, the series in USD: state it in USD"
    );
    // hundredfold, as sources that mix pence and pounds have it
    let wrong = Actions::of([(date("2024-03-05"), usd("150"))]);
    let error = FactorTable::build(&closes(), &wrong, "USD", date("2024-03-07")).unwrap_err();
    assert!(
        matches!(error, AdjustError::NotBelowClose { .. }),
        "{error}"
    );
    assert_eq!(
        Action::split(0, 1),
        Err(RecordError::Split { new: 0, old: 1 })
    );
    assert!(Action::dividend(Decimal::ZERO, "USD").is_err());
    let mut twice = closes();
    twice.push(twice[3]);
    let error = FactorTable::build(&twice, &Actions::default(), "USD", date("2024-03-07"));
    assert!(matches!(error, Err(AdjustError::Unsorted { .. })));
}

#[test]
fn all_of_a_bar_is_adjusted_and_the_raw_one_stays() {
    let raw = [Bar {
        date: date("2024-03-05"),
        open: decimal("101"),
        high: decimal("103.333"),
        low: decimal("99.9"),
        close: decimal("102"),
        volume: decimal("1001"),
    }];
    let actions = Actions::of([(date("2024-03-06"), Action::split(3, 2).unwrap())]);
    let table = FactorTable::build(&closes(), &actions, "USD", date("2024-03-07")).unwrap();
    let adjusted = adjust(&raw, &table, Method::Splits, 4, 0).unwrap();
    let bar = adjusted[0];
    let prices = [bar.open, bar.high, bar.low, bar.close].map(|price| price.to_string());
    assert_eq!(prices, ["67.3333", "68.8887", "66.6", "68"]);
    // 1501.5 shares: half to even
    assert_eq!(bar.volume, decimal("1502"));
}

#[test]
fn records_are_written_and_read() {
    let kinds = [
        usd("0.205"),
        Action::dividend_of(DividendKind::InKind, decimal("3"), "GBX").unwrap(),
        Action::split(1, 8).unwrap(),
        Action::Renamed { to: "META".into() },
        Action::Delisted {
            reason: DelistingReason::Acquired,
        },
    ];
    for action in kinds {
        let record = said(
            "feed",
            "1",
            "2024-03-01T00:00:00Z",
            announced("2024-03-05", action),
        );
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(
            serde_json::from_str::<ActionRecord>(&text).unwrap(),
            record,
            "{text}"
        );
    }
}

#[test]
fn tickers_from_actions() {
    let actions = Actions::of([
        (date("2022-06-09"), Action::Renamed { to: "META".into() }),
        (
            date("2030-01-02"),
            Action::Delisted {
                reason: DelistingReason::Unknown,
            },
        ),
    ]);
    let history = SymbolHistory::from_actions("meta", date("2012-05-18"), "FB", &actions).unwrap();
    let on = |day: &str| history.ticker_on(date(day));
    assert_eq!(on("2012-05-17"), None);
    assert_eq!(on("2022-06-08"), Some("FB"));
    assert_eq!(on("2022-06-09"), Some("META"));
    assert_eq!(on("2030-01-02"), None);
    assert_eq!(history.delisted_after(), Some(date("2030-01-01")));
    let mut directory = SymbolDirectory::new();
    directory.insert(history).unwrap();
    let open_ended: Date = date("2050-12-31");
    let rows = [
        (date("2015-01-02"), "fb", None),
        (date("2016-01-04"), "fb", None),
    ];
    let other = SymbolHistory::from_last_dates("other", &rows, open_ended).unwrap();
    let error = directory.insert(other).unwrap_err();
    assert!(matches!(error, ListingError::Ambiguous { date: on, .. } if on == date("2015-01-02")));
    assert!(SymbolHistory::new("none", Vec::new()).is_err());
}
