//! Corporate actions and the series adjusted by them.
//!
//! A raw series stays as it was traded. What a company did is a list of [`ActionRecord`]s, each with the
//! moment at which it became known; an [`ActionBook`] keeps them and says what was known at a time. A
//! [`FactorTable`] is computed from raw closes and actions, and adjusts. The same closes, actions,
//! `as_of` and base date give the same digits, in whatever order the records came.
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
