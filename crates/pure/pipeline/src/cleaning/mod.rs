//! The cleaning rules: what is not let in, and what is let in with a mark.
//!
//! Each rule has a name, which stands in the quarantine and in the counters, and a sentence for
//! people. To change a rule, change its file here and its test; to add one, write a file and add a
//! line to [`RULES`]; either way give [`PIPELINE_VERSION`](crate::PIPELINE_VERSION) the next number. Limits come from [`PipelineOptions`](crate::PipelineOptions).

pub(crate) mod band;
pub(crate) mod candles;
pub(crate) mod quotes;
pub(crate) mod trades;

/// A cleaning rule, for catalogues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its name in the quarantine and in counters.
    pub name: &'static str,
    /// What it refuses or marks, and why.
    pub what: &'static str,
    /// Whether what it finds is kept, with a mark.
    pub keeps: bool,
}

const fn refuses(name: &'static str, what: &'static str) -> Rule {
    Rule {
        name,
        what,
        keeps: false,
    }
}

/// A price that is not above zero.
pub(crate) const PRICE_NOT_POSITIVE: Rule = refuses(
    "price-not-positive",
    "a trade at zero or a negative price: no spot trade has one",
);
/// A quantity that is not above zero.
pub(crate) const QUANTITY_NOT_POSITIVE: Rule = refuses(
    "quantity-not-positive",
    "a trade of nothing or of a negative quantity",
);
/// A time that no market has.
pub(crate) const IMPOSSIBLE_TIME: Rule =
    refuses("impossible-time", "a time before 1800 or after 2200");
/// Ahead of the venue's clock.
pub(crate) const AHEAD_OF_CLOCK: Rule = refuses(
    "time-travel-ahead",
    "a trade from the future: its time is far ahead of the venue's clock",
);
/// Far before the trade that it follows.
pub(crate) const BEHIND_PREVIOUS: Rule = refuses(
    "time-travel-behind",
    "a trade whose time is far before that of the trade that it follows by id",
);
/// Ids that jump too far.
pub(crate) const ID_JUMP: Rule = refuses(
    "implausible-id-jump",
    "a trade id so far ahead that no market trades so fast: it would make a hole of rubbish",
);
/// An id that is known, with other content.
pub(crate) const DUPLICATE_DIFFERS: Rule = refuses(
    "duplicate-id-differs",
    "a trade id that came before with another price, quantity, time or side; the first stays",
);
/// Too many digits.
pub(crate) const TOO_MANY_DIGITS: Rule = refuses(
    "too-many-digits",
    "numbers that cannot be summed exactly in 38 digits together with those before",
);
/// A count of zero.
pub(crate) const EMPTY_AGGREGATE: Rule = refuses(
    "empty-aggregate",
    "a row that stands for no trade, or whose last id is before its first",
);
/// Outside the band.
pub(crate) const OUTLIER: Rule = Rule {
    name: "outlier",
    what: "a price outside the robust band around recent ones; marked and kept",
    keeps: true,
};
/// Crossed.
pub(crate) const CROSSED_QUOTE: Rule = refuses("crossed-quote", "a best bid above the best offer");
/// Stale.
pub(crate) const STALE_QUOTE: Rule = refuses(
    "stale-quote",
    "a quote that is older than one that came before it on the same connection",
);
/// A quote with a price or quantity below zero.
pub(crate) const BAD_QUOTE: Rule = refuses(
    "quote-not-positive",
    "a quote with a price that is not above zero, or a negative quantity",
);
/// A candle that contradicts itself.
pub(crate) const IMPOSSIBLE_CANDLE: Rule = refuses(
    "impossible-candle",
    "a candle whose high is not its highest, whose low is not its lowest, or whose volume is negative",
);
/// A candle off its grid.
pub(crate) const CANDLE_OFF_GRID: Rule = refuses(
    "candle-off-grid",
    "a candle that does not begin where candles of its timeframe begin",
);
/// A symbol that nobody named.
pub(crate) const UNKNOWN_SYMBOL: Rule = refuses(
    "unknown-symbol",
    "data of a symbol that is neither subscribed nor among the venue's instruments",
);
/// A row of an import.
pub(crate) const BAD_ROW: Rule = refuses("bad-row", "a line of an import that cannot be read");
/// A record that is not what its kind says.
pub(crate) const BAD_RECORD: Rule = refuses(
    "bad-record",
    "a record of the log whose payload is not what its kind says",
);
/// Bytes of a venue without a codec.
pub(crate) const NO_CODEC: Rule = refuses(
    "no-codec",
    "bytes of a venue that is known from imports only",
);

/// Every rule. (What a codec cannot decode goes to quarantine too, under the decode error's name.)
pub const RULES: &[Rule] = &[
    PRICE_NOT_POSITIVE,
    QUANTITY_NOT_POSITIVE,
    IMPOSSIBLE_TIME,
    AHEAD_OF_CLOCK,
    BEHIND_PREVIOUS,
    ID_JUMP,
    DUPLICATE_DIFFERS,
    TOO_MANY_DIGITS,
    EMPTY_AGGREGATE,
    OUTLIER,
    CROSSED_QUOTE,
    STALE_QUOTE,
    BAD_QUOTE,
    IMPOSSIBLE_CANDLE,
    CANDLE_OFF_GRID,
    UNKNOWN_SYMBOL,
    BAD_ROW,
    BAD_RECORD,
    NO_CODEC,
];

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) rule: &'static str,
    pub(crate) reason: String,
}

impl Rule {
    pub(crate) fn refusal(&self, reason: impl Into<String>) -> Refusal {
        Refusal {
            rule: self.name,
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RULES.len());
    }
}
