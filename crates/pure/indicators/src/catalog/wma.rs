//! The linearly weighted average of the closes.

use super::moving_average::moving_average;
use crate::average::Weighted;

moving_average! {
    /// `(1·x₁ + 2·x₂ + … + n·xₙ) / (n(n+1)/2)` over the closes of the last `timeperiod` bars, the newest weighing most, in price
    /// units. First value at bar `timeperiod − 1`.
    Wma: Weighted = Weighted::new {
        name: "wma",
        title: "Weighted Moving Average",
        remembers: false,
        source: "linear weights 1 … n, divided by n(n+1)/2",
    }
}
