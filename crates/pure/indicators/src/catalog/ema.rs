//! The exponential average of the closes.

use super::moving_average::moving_average;
use crate::average::Recursive;

moving_average! {
    /// `y ← y + k·(x − y)` with `k = 2 / (timeperiod + 1)`, in price units; begun with the mean of the first `timeperiod` closes, as
    /// TA-Lib does it in its default compatibility. First value at bar `timeperiod − 1`. The weight of the seed falls below 1e-9 after about
    /// ten periods: until then, series that begin at different times disagree.
    Ema: Recursive = Recursive::exponential {
        name: "ema",
        title: "Exponential Moving Average",
        remembers: true,
        source: "R. G. Brown 1956; seed as TA-Lib: the mean of the first timeperiod closes",
    }
}
