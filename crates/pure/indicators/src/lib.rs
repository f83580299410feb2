//! Technical indicators, streaming and batch from one definition, equal bit for bit.
//!
//! Start from [`IndicatorSet`] (a set by name, over live bars or columns), [`Indicator`] (the typed trait for hot loops, e.g.
//! [`catalog::rsi::Rsi`]), and [`catalog::CATALOG`] (what there is, with parameters, outputs and ranges).
//!
//! ```
//! use quantflow_indicators::{Bars, IndicatorSet};
//! let close: Vec<f64> = (0..40).map(|i| 100.0 + f64::from(i % 7)).collect();
//! let mut set = IndicatorSet::parse("rsi(14),bbands(20,2)")?;
//! let columns = set.extend(&Bars::of_close(&close))?;
//! assert_eq!(set.columns(), ["rsi(14)", "bbands(20,2).upperband", "bbands(20,2).middleband", "bbands(20,2).lowerband"]);
//! assert!(columns[0][13].is_nan() && columns[0][14] > 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Conventions
//! - Names of functions, parameters and outputs, their order and their defaults are TA-Lib's in lower case, and so are seeds and
//!   zero cases unless an indicator's page says otherwise. The first value is at TA-Lib's lookback exactly; NaN before it.
//! - Values are f64 in the unit that the page says: price units, units of volume, or 0 to 100.
//! - A recursive average ([`average::Recursive`]) never quite forgets where it began: [`Definition::remembers`] marks every indicator whose
//!   values depend on how much history came before (TA-Lib's *unstable period*). The weight of the seed after `k` bars is
//!   `(1 − 2/(n+1))^k` for an exponential average and `(1 − 1/n)^k` for Wilder's.
//! - **Open candles**: [`Indicator::peek`] gives the value as if the bar closed now and changes nothing; [`Indicator::update`] takes the closed bar.
//! - **Holes**: a bar in which a field that the indicator reads is NaN, infinite or beyond ±1e100 gives NaN, and the
//!   state is as if it had not come; one bad bar never poisons a series. Missing bars (a minute without trades) are not invented: an indicator
//!   counts bars, not time.
//! - **Chains**: the NaN of a warm-up is a hole to the next indicator, so feeding one into another just works.
//!
//! # Numbers
//! Rolling sums, extremes, weighted sums and variances never subtract what leaves the window ([`window`]): they do not
//! drift, a huge value leaves no trace once it is out, and their cost does not grow with the window. Recursive averages are convex sums, whose errors fade. Running
//! totals (OBV, anchored VWAP) are plain sums, as TA-Lib's are. Batch does the same operations on the same numbers as streaming, only
//! several blocks side by side. No fused multiply-add is used, so every machine gives the same bits.
//!
//! # Adding one
//! A file in `src/catalog/` that implements [`Indicator`], and its lines in `src/catalog.rs`. The tests in `tests/it` walk the catalogue
//! and hold it to the laws (streaming = batch, peek changes nothing, restore = uninterrupted, reset = new) and to recorded truth.

pub mod average;
mod bar;
pub mod catalog;
mod definition;
mod indicator;
mod nearest;
pub mod parse;
mod set;
mod spec;
mod state;
pub mod window;

pub use crate::{
    bar::{Bar, Bars, Inputs, MAX_INPUT},
    catalog::{CATALOG, Entry},
    definition::{
        Arguments, Definition, Group, MAX_PERIOD, Parameter, ParameterError, ParameterKind, Value,
    },
    indicator::{ColumnError, Indicator, Outputs, StreamingIndicator},
    parse::{MAX_SET, SetError, parse_set},
    set::{IndicatorSet, SetBuildError, SetSnapshot},
    spec::IndicatorSpec,
    state::{BadWord, RestoreError, SNAPSHOT_FORMAT, Snapshot, Visitor},
};
