//! The plain mean of the last closes.

use super::moving_average::moving_average;
use crate::average::Simple;

moving_average! {
    /// `(x₁ + … + xₙ) / n` over the closes of the last `timeperiod` bars, in price units. First value at bar `timeperiod − 1`.
    Sma: Simple = Simple::new {
        name: "sma",
        title: "Simple Moving Average",
        remembers: false,
        source: "arithmetic mean",
    }
}
