//! What holds for any closes and any actions.

use jiff::ToSpan;
use proptest::prelude::*;
use quantflow_model::Decimal;
use quantflow_reference::Date;
use quantflow_reference::actions::{
    Action, Actions, Close, FactorTable, Fraction, Method, total_return,
};

const FIRST: Date = Date::constant(2020, 1, 1);

fn day(number: i64) -> Date {
    FIRST.saturating_add(number.days())
}

/// A close in cents on most days of a quarter.
fn closes() -> impl Strategy<Value = Vec<Close>> {
    prop::collection::vec(prop::option::weighted(0.8, 1_000_i128..1_000_000), 2..90).prop_map(
        |cents| {
            let close = |(number, cents): (usize, Option<i128>)| {
                cents.map(|cents| Close {
                    date: day(number as i64),
                    price: Decimal::new(cents, 2).unwrap(),
                })
            };
            let mut closes: Vec<_> = cents.into_iter().enumerate().filter_map(close).collect();
            if closes.is_empty() {
                closes.push(Close {
                    date: FIRST,
                    price: Decimal::ONE,
                });
            }
            closes
        },
    )
}

/// Splits of up to five for five and dividends of up to nine cents: below the price even after splits.
fn action() -> impl Strategy<Value = (Date, Action)> {
    let split = (1_u64..=5, 1_u64..=5).prop_map(|(new, old)| Action::split(new, old).unwrap());
    let dividend = (1_i128..900_000)
        .prop_map(|amount| Action::dividend(Decimal::new(amount, 7).unwrap(), "USD").unwrap());
    (0_i64..90, prop_oneof![split, dividend]).prop_map(|(number, action)| (day(number), action))
}

fn table(closes: &[Close], actions: &Actions) -> FactorTable {
    FactorTable::build(closes, actions, "USD", day(100)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_order_of_actions_does_not_matter(
        closes in closes(),
        (actions, shuffled) in prop::collection::vec(action(), 0..25)
            .prop_flat_map(|actions| (Just(actions.clone()), Just(actions).prop_shuffle())),
    ) {
        let (one, other) = (Actions::of(actions), Actions::of(shuffled));
        prop_assert_eq!(table(&closes, &one), table(&closes, &other));
        let returns = |actions| total_return(&closes, actions, "USD", 12).unwrap();
        prop_assert_eq!(returns(&one), returns(&other));
    }

    #[test]
    fn adjusting_and_its_inverse_give_the_raw_back(
        closes in closes(),
        actions in prop::collection::vec(action(), 0..25),
    ) {
        let table = table(&closes, &Actions::of(actions));
        for close in &closes {
            for method in [Method::Splits, Method::SplitsAndDividends] {
                let factor = table.factors_on(close.date).price(method);
                // exactly, as fractions
                let raw = Fraction::of(close.price, Decimal::ONE).unwrap();
                let back = raw.multiply(&factor).multiply(&factor.inverse());
                prop_assert_eq!(back.rounded(2), Some(close.price));
                // and of the rounded number, to the cent, when the rounding is fine enough for the factor
                let adjusted = factor.times(close.price, 25).unwrap();
                prop_assert_eq!(factor.inverse().times(adjusted, 2), Some(close.price));
            }
        }
    }

    #[test]
    fn later_than_all_actions_the_series_is_raw(
        closes in closes(),
        actions in prop::collection::vec(action(), 1..25),
    ) {
        let last = actions.iter().map(|(on, _)| *on).max().unwrap();
        let table = table(&closes, &Actions::of(actions));
        prop_assert_eq!(table.factors_on(last).price(Method::SplitsAndDividends), Fraction::one());
        // dividends only lower what was before; factors between two ex-dates are one row's
        for pair in table.rows().windows(2) {
            prop_assert!(pair[0].ex_date < pair[1].ex_date);
            let (earlier, later) = (&pair[0].factors.dividend, &pair[1].factors.dividend);
            prop_assert!(earlier.to_f64_lossy() <= later.to_f64_lossy());
        }
    }

    /// Moving the base date multiplies the whole series by one number: growth stays what it was.
    #[test]
    fn the_base_does_not_change_growth(
        closes in closes(),
        actions in prop::collection::vec(action(), 0..25),
        base in 0_i64..90,
    ) {
        let actions = Actions::of(actions);
        let whole = table(&closes, &actions);
        let then = FactorTable::build(&closes, &actions, "USD", day(base)).unwrap();
        let method = Method::SplitsAndDividends;
        let between = whole.factors_on(day(base)).price(method);
        for close in closes.iter().filter(|close| close.date <= day(base)) {
            let expected = then.factors_on(close.date).price(method).multiply(&between);
            prop_assert_eq!(whole.factors_on(close.date).price(method), expected);
        }
    }

    /// Without dividends total return is the split-adjusted series, from its first value on.
    #[test]
    fn total_return_without_dividends_is_the_price(
        closes in closes(),
        splits in prop::collection::vec((1_i64..90, 1_u64..=5, 1_u64..=5), 0..8),
    ) {
        let splits = splits.into_iter().map(|(number, new, old)| (day(number), Action::split(new, old).unwrap()));
        let actions = Actions::of(splits);
        let table = table(&closes, &actions);
        let first = table.factors_on(closes[0].date).split.inverse();
        let values = total_return(&closes, &actions, "USD", 9).unwrap();
        for (close, value) in closes.iter().zip(values) {
            let factor = table.factors_on(close.date).split.multiply(&first);
            prop_assert_eq!(factor.times(close.price, 9), Some(value.price));
        }
    }
}
