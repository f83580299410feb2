//! [`FactorTable`]: what to multiply the prices of each date by.

use jiff::civil::Date;
use quantflow_model::Decimal;

use super::{Action, Actions, Close, Fraction};

/// Which actions an adjusted price is adjusted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// Splits only: prices per share of the base date.
    Splits,
    /// Splits and dividends, backward: what a chart calls adjusted close.
    #[default]
    SplitsAndDividends,
}

/// Why a series cannot be adjusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdjustError {
    /// Closes are not in order.
    #[error("raw closes must ascend by date: {date} comes twice or too late")]
    Unsorted {
        /// The date that is out of order.
        date: Date,
    },
    /// A dividend as large as the price it came off, or a price that is none.
    #[error(
        "dividends of {dividend} on {ex_date} are not below the close before, {close}: one of them is wrong"
    )]
    NotBelowClose {
        /// The ex-date.
        ex_date: Date,
        /// All dividends of the date, in the currency of the series.
        dividend: Decimal,
        /// The close before, per share after a split of the same date, rounded to 10 digits.
        close: Decimal,
    },
    /// Paid in other money than the series is quoted in.
    #[error("a dividend on {ex_date} is in {paid}, the series in {quoted}: state it in {quoted}")]
    OtherCurrency {
        /// The ex-date.
        ex_date: Date,
        /// What it is paid in.
        paid: String,
        /// What the series is quoted in.
        quoted: String,
    },
    /// A result with more digits than can be kept.
    #[error("the adjusted value of {date} has more than 38 digits: round to fewer")]
    TooManyDigits {
        /// The date.
        date: Date,
    },
}

/// What to multiply by, splits and dividends apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factors {
    /// The product of old over new of the splits.
    pub split: Fraction,
    /// The product of 1 − dividend / close before.
    pub dividend: Fraction,
}

impl Factors {
    fn one() -> Self {
        Self {
            split: Fraction::one(),
            dividend: Fraction::one(),
        }
    }

    /// What a raw price is multiplied by.
    pub fn price(&self, method: Method) -> Fraction {
        match method {
            Method::Splits => self.split.clone(),
            Method::SplitsAndDividends => self.split.multiply(&self.dividend),
        }
    }
}

/// The factors of all dates before an ex-date, back to the ex-date before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorRow {
    /// The ex-date: bars before it are multiplied by `factors`.
    pub ex_date: Date,
    /// The last bar before it, whose close the dividend's factor is of.
    pub last: Close,
    /// What is multiplied by, for this action and all later ones together.
    pub factors: Factors,
}

/// The factors of one instrument's dates, relative to a base date on which they are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorTable {
    base: Date,
    /// Ascending by ex-date.
    rows: Vec<FactorRow>,
}

impl FactorTable {
    /// The table of raw `closes` (ascending by date, quoted in `currency`) and actions, with factors of one on
    /// `base` and after. An action that goes ex after `base` counts for nothing, known or not; so does one
    /// before the first close.
    ///
    /// # Errors
    /// As [`AdjustError`] says.
    pub fn build(
        closes: &[Close],
        actions: &Actions,
        currency: &str,
        base: Date,
    ) -> Result<Self, AdjustError> {
        if let Some(pair) = closes.windows(2).find(|pair| pair[0].date >= pair[1].date) {
            return Err(AdjustError::Unsorted { date: pair[1].date });
        }
        let mut rows: Vec<FactorRow> = Vec::new();
        let mut factors = Factors::one();
        let by_date = actions.list().chunk_by(|one, other| one.0 == other.0);
        let by_date: Vec<_> = by_date.filter(|group| group[0].0 <= base).collect();
        for group in by_date.into_iter().rev() {
            let ex_date = group[0].0;
            let before = closes.partition_point(|close| close.date < ex_date);
            let Some(last) = before.checked_sub(1).map(|index| closes[index]) else {
                break;
            };
            let own = factors_of(group, last, currency)?;
            if own.split.is_one() && own.dividend.is_one() {
                continue;
            }
            factors = Factors {
                split: factors.split.multiply(&own.split),
                dividend: factors.dividend.multiply(&own.dividend),
            };
            rows.push(FactorRow {
                ex_date,
                last,
                factors: factors.clone(),
            });
        }
        rows.reverse();
        Ok(Self { base, rows })
    }

    /// The date on which factors are one.
    pub fn base(&self) -> Date {
        self.base
    }

    /// The rows, ascending by ex-date.
    pub fn rows(&self) -> &[FactorRow] {
        &self.rows
    }

    /// The row that holds on a date: that of the first ex-date after it. `None` when there is none, and
    /// factors are one.
    pub fn row_on(&self, date: Date) -> Option<&FactorRow> {
        let next = self.rows.partition_point(|row| row.ex_date <= date);
        self.rows.get(next)
    }

    /// The factors of a date.
    pub fn factors_on(&self, date: Date) -> Factors {
        self.row_on(date)
            .map_or_else(Factors::one, |row| row.factors.clone())
    }
}

/// The factors of the actions of one ex-date.
fn factors_of(
    group: &[(Date, Action)],
    last: Close,
    currency: &str,
) -> Result<Factors, AdjustError> {
    let mut split = Fraction::one();
    let mut paid = Decimal::ZERO;
    for (ex_date, action) in group {
        match action {
            Action::Split { ratio } => split = split.multiply(&ratio.price_factor()),
            Action::Dividend { cash, .. } => {
                let Some(amount) = cash.within(currency) else {
                    return Err(AdjustError::OtherCurrency {
                        ex_date: *ex_date,
                        paid: cash.currency.to_string(),
                        quoted: currency.to_owned(),
                    });
                };
                let sum = paid.checked_add(amount);
                paid = sum.ok_or(AdjustError::TooManyDigits { date: *ex_date })?;
            }
            Action::Renamed { .. } | Action::Delisted { .. } => {}
        }
    }
    let dividend = if paid.is_zero() {
        Fraction::one()
    } else {
        // per share before the split, so that it can be taken off the raw close
        let ex_date = group[0].0;
        let rest = less(last.price, &split, paid);
        rest.ok_or_else(|| AdjustError::NotBelowClose {
            ex_date,
            dividend: paid,
            close: split.times(last.price, 10).unwrap_or_default(),
        })?
    };
    Ok(Factors { split, dividend })
}

/// 1 − paid / (close × split); `None` unless above zero.
fn less(close: Decimal, split: &Fraction, paid: Decimal) -> Option<Fraction> {
    let part = Fraction::of(paid, close)?.multiply(&split.inverse());
    part.one_minus()
}
