//! Corporate actions and the series adjusted by them.
//!
//! A raw series stays as it was traded. What a company did is a list of [`ActionRecord`]s, each with the
//! moment at which it became known; an [`ActionBook`] keeps them and says what was known at a time. A
//! [`FactorTable`] is computed from raw closes and actions, and adjusts. The same closes, actions,
//! `as_of` and base date give the same digits, in whatever order the records came.
//!
//! ```
//! use quantflow_reference::Date;
//! use quantflow_reference::actions::{Action, Actions, Close, FactorTable, Method};
//! let close = |date: &str, price: &str| -> Result<Close, Box<dyn std::error::Error>> {
//!     Ok(Close { date: date.parse()?, price: price.parse()? })
//! };
//! let raw = [close("2020-08-06", "455.61")?, close("2020-08-28", "499.23")?, close("2020-08-31", "129.04")?];
//! let actions = Actions::of([
//!     ("2020-08-07".parse()?, Action::dividend("0.82".parse()?, "USD")?),
//!     ("2020-08-31".parse()?, Action::split(4, 1)?),
//! ]);
//! let base: Date = "2020-08-31".parse()?;
//! let table = FactorTable::build(&raw, &actions, "USD", base)?;
//! let factor = table.factors_on(raw[0].date).price(Method::SplitsAndDividends);
//! // 455.61 × 1/4 × (1 − 0.82 / 455.61)
//! assert_eq!(factor.times(raw[0].price, 4), Some("113.6975".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The factors
//!
//! A bar's factors are the products over the actions whose ex-date is after the bar and not after the base
//! date, as the Center for Research in Security Prices and Yahoo define them:
//!
//! - split of `new` shares for `old`: price × old / new, volume × new / old;
//! - dividend of D per share: price × (1 − D / C), where C is the raw close of the last bar before the
//!   ex-date. Dividends of one ex-date are added up first. Where a split has the same ex-date, D is per
//!   share after the split and C is divided by it.
//!
//! # Exactness
//!
//! Factors are exact fractions of integers, however many. What is rounded is the result, once: an adjusted price at
//! the scale that the caller states, half to even, and so an adjusted volume. [`Factors::price`] undone by
//! [`Fraction::inverse`] gives the raw number back, to the digit.
//!
//! # Total return
//!
//! [`total_return`] is another series: one share bought at the first close, each dividend put into more
//! shares at the close of its ex-date. Over an ex-date it grows by (P + D) / C where a price adjusted
//! backward grows by P / (C − D). Both are called adjusted; they differ by the second order of the dividend.
//!
//! # What is not covered
//!
//! Rights issues and mergers. A spin-off is a dividend in kind of the value distributed, if somebody states the value.

mod book;
mod factors;
mod fraction;
mod record;
mod returns;
mod series;

pub use self::book::{ActionBook, Actions, BookError, Conflict};
pub use self::factors::{AdjustError, FactorRow, FactorTable, Factors, Method};
pub use self::fraction::Fraction;
pub use self::record::{
    Action, ActionRecord, Cash, Change, DelistingReason, DividendKind, RecordError, SplitRatio,
};
pub use self::returns::total_return;
pub use self::series::{Bar, Close, adjust};
