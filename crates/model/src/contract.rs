//! [`Contract`]: what kind of instrument a symbol names, and the grammar that tells.

use crate::Decimal;

/// What kind of instrument a symbol names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contract<'a> {
    /// Base against quote, delivered at once; FX too.
    Spot {
        /// What is bought or sold.
        base: &'a str,
        /// What it is priced in.
        quote: &'a str,
    },
    /// A perpetual swap.
    Perpetual {
        /// What is priced.
        base: &'a str,
        /// What it is priced in.
        quote: &'a str,
        /// What profit and loss are paid in.
        settle: &'a str,
    },
    /// A future with a delivery date.
    Future {
        /// What is priced.
        base: &'a str,
        /// What it is priced in.
        quote: &'a str,
        /// What profit and loss are paid in.
        settle: &'a str,
        /// `YYYYMMDD`, UTC.
        expiry: &'a str,
    },
    /// An option.
    Option {
        /// What is priced.
        base: &'a str,
        /// What it is priced in.
        quote: &'a str,
        /// What it is paid in.
        settle: &'a str,
        /// `YYYYMMDD`, UTC.
        expiry: &'a str,
        /// The strike price.
        strike: Decimal,
        /// Call or put.
        kind: OptionKind,
    },
    /// A share, fund or index, named by its ticker.
    Ticker(&'a str),
}

/// Call or put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OptionKind {
    /// The right to buy.
    Call,
    /// The right to sell.
    Put,
}

impl<'a> Contract<'a> {
    /// Reads what follows a symbol's venue; `None` when it does not follow the grammar.
    pub(crate) fn parse(instrument: &'a str) -> Option<Self> {
        let Some((base, rest)) = instrument.split_once('/') else {
            return is_ticker(instrument).then_some(Self::Ticker(instrument));
        };
        let (quote, settlement) = match rest.split_once(':') {
            Some((quote, settlement)) => (quote, Some(settlement)),
            None => (rest, None),
        };
        if !is_asset(base) || !is_asset(quote) {
            return None;
        }
        let Some(settlement) = settlement else {
            return Some(Self::Spot { base, quote });
        };
        let mut parts = settlement.split('-');
        let settle = parts.next().filter(|s| is_asset(s))?;
        let Some(expiry) = parts.next() else {
            return Some(Self::Perpetual {
                base,
                quote,
                settle,
            });
        };
        if !is_date(expiry) {
            return None;
        }
        let Some(strike_text) = parts.next() else {
            return Some(Self::Future {
                base,
                quote,
                settle,
                expiry,
            });
        };
        let strike: Decimal = strike_text.parse().ok()?;
        // one spelling a number, or two names would mean the same option
        if !strike.is_positive() || strike.to_string() != strike_text {
            return None;
        }
        let kind = match parts.next()? {
            "C" => OptionKind::Call,
            "P" => OptionKind::Put,
            _ => return None,
        };
        parts.next().is_none().then_some(Self::Option {
            base,
            quote,
            settle,
            expiry,
            strike,
            kind,
        })
    }
}

fn is_asset(text: &str) -> bool {
    (1..=24).contains(&text.len())
        && text
            .bytes()
            .all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'^' | b'=' | b'&'))
}

fn is_ticker(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(
            |b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'^' | b'=' | b'&' | b'-'),
        )
}

fn is_date(text: &str) -> bool {
    text.len() == 8
        && text.bytes().all(|b| b.is_ascii_digit())
        && text.parse::<jiff::civil::Date>().is_ok()
}
