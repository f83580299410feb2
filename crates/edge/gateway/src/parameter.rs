//! [`Parameter`]: what an endpoint may be asked. One declaration checks a request, makes its key in the cache, and
//! documents itself in the OpenAPI document, so that the three cannot disagree. [`Parameters`] are those of one request.

mod parameters;
mod percent;

use std::fmt;

use quantflow_indicators::{IndicatorSpec, parse_set};
use quantflow_model::{Timeframe, Timestamp, VenueId};
use serde_json::{Value as Json, json};

use crate::problem::Problem;

pub(crate) use self::parameters::Parameters;
pub(crate) use self::percent::decode_percent;

/// Something that an endpoint may be asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// For the documentation: what it does.
    pub(crate) about: &'static str,
    /// For the documentation: a value that works.
    pub(crate) example: &'static str,
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A symbol in the path, in any of its spellings; the directory resolves it.
    PathSymbol,
    /// An instant in the path.
    PathTime,
    /// Other text in the path, of 1 to so many characters.
    PathText(usize),
    /// A whole number.
    Integer { min: u64, max: u64, default: u64 },
    /// An instant.
    Time,
    /// A timeframe.
    Timeframe,
    /// One of some words; the first is meant when it is absent.
    Word(&'static [&'static str]),
    /// Words to search for, up to so many characters.
    Text(usize),
    /// A venue's name.
    Venue,
    /// An asset's name.
    Asset,
    /// Up to so many names, separated by commas; a comma inside parentheses does not separate.
    List(usize),
    /// Such a list, required.
    NeededList(usize),
    /// A set of indicators: `rsi(14),macd(12,26,9)`. Required.
    Set,
    /// What an answer gave as `nextCursor`: the form of it at this endpoint.
    Cursor(&'static str),
}

impl Kind {
    /// Whether it stands in the path.
    pub(crate) const fn in_path(self) -> bool {
        matches!(self, Self::PathSymbol | Self::PathTime | Self::PathText(_))
    }

    /// Whether a request without it is refused.
    pub(crate) const fn required(self) -> bool {
        self.in_path() || matches!(self, Self::Set | Self::NeededList(_))
    }

    /// What is allowed, for people and programs.
    pub(crate) fn allowed(self) -> Json {
        match self {
            Self::PathSymbol => json!("venue:BASE-QUOTE, or the venue's own spelling with ?venue="),
            Self::PathTime | Self::Time => {
                json!("RFC 3339, or Unix seconds, milliseconds, microseconds or nanoseconds")
            }
            Self::PathText(max) | Self::Text(max) => {
                json!(format!("1 to {max} characters, no control characters"))
            }
            Self::Integer { min, max, .. } => json!({ "min": min, "max": max }),
            Self::Timeframe => json!(Timeframe::ALL.map(Timeframe::name)),
            Self::Word(words) => json!(words),
            Self::Venue => json!("1 to 32 of a-z 0-9 _ -"),
            Self::Asset => json!("1 to 24 of A-Z 0-9 . _ ^ = &"),
            Self::List(max) | Self::NeededList(max) => {
                json!(format!("1 to {max} names, separated by commas"))
            }
            Self::Set => json!("indicators of the catalogue, such as rsi(14),macd(12,26,9)"),
            Self::Cursor(_) => json!("nextCursor of the page before"),
        }
    }

    fn default(self) -> Option<Value> {
        match self {
            Self::Integer { default, .. } => Some(Value::Integer(default)),
            Self::Timeframe => Some(Value::Timeframe(Timeframe::M1)),
            Self::Word(words) => words.first().map(|word| Value::Word(word)),
            _ => None,
        }
    }
}

/// A checked value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Integer(u64),
    Time(Timestamp),
    Timeframe(Timeframe),
    Word(&'static str),
    Text(String),
    List(Vec<String>),
    Set(Vec<IndicatorSpec>),
}

/// One spelling a meaning: part of the cache's key.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            Self::Time(time) => write!(f, "{}", time.nanos()),
            Self::Timeframe(timeframe) => f.write_str(timeframe.name()),
            Self::Word(word) => f.write_str(word),
            // length first, so that no text can look like another parameter
            Self::Text(text) => write!(f, "{}:{text}", text.len()),
            Self::List(names) => {
                for name in names {
                    write!(f, "{}:{name},", name.len())?;
                }
                Ok(())
            }
            Self::Set(specs) => {
                for spec in specs {
                    write!(f, "{spec};")?;
                }
                Ok(())
            }
        }
    }
}

impl Parameter {
    pub(crate) const fn new(
        name: &'static str,
        kind: Kind,
        about: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            about,
            example,
        }
    }

    fn refuse(&self, given: &str, why: &str) -> Problem {
        Problem::parameter(self.name, given, self.kind.allowed(), why)
    }

    /// Reads a value.
    ///
    /// # Errors
    /// When it is not allowed: names the field, what was given and what is allowed.
    pub(crate) fn read(&self, given: &str) -> Result<Value, Problem> {
        match self.kind {
            Kind::PathSymbol => text(given, 120)
                .map(Value::Text)
                .ok_or_else(|| self.refuse(given, "is no symbol")),
            Kind::PathText(max) | Kind::Text(max) => text(given, max)
                .map(Value::Text)
                .ok_or_else(|| self.refuse(given, "is empty, too long, or has control characters")),
            Kind::PathTime | Kind::Time => time(given)
                .map(Value::Time)
                .ok_or_else(|| self.refuse(given, "is no time")),
            Kind::Integer { min, max, .. } => given
                .parse::<u64>()
                .ok()
                .filter(|number| (min..=max).contains(number) && !given.starts_with('+'))
                .map(Value::Integer)
                .ok_or_else(|| {
                    self.refuse(given, &format!("is no whole number from {min} to {max}"))
                }),
            Kind::Timeframe => given
                .parse()
                .map(Value::Timeframe)
                .map_err(|_| self.refuse(given, "is no timeframe")),
            Kind::Word(words) => words
                .iter()
                .find(|word| **word == given)
                .map(|word| Value::Word(word))
                .ok_or_else(|| self.refuse(given, &format!("is none of {}", words.join(", ")))),
            Kind::Venue => given
                .to_ascii_lowercase()
                .parse::<VenueId>()
                .map(|venue| Value::Text(venue.as_str().to_owned()))
                .map_err(|_| self.refuse(given, "is no venue name")),
            Kind::Asset => asset(given)
                .map(Value::Text)
                .ok_or_else(|| self.refuse(given, "is no asset name")),
            Kind::List(max) | Kind::NeededList(max) => {
                let names = split_list(given);
                if names.is_empty()
                    || names.len() > max
                    || names.iter().any(|n| text(n, 256).is_none())
                {
                    return Err(self.refuse(given, &format!("is no list of 1 to {max} names")));
                }
                Ok(Value::List(names))
            }
            Kind::Set => parse_set(given)
                .map(Value::Set)
                .map_err(|error| self.refuse(given, &error.to_string())),
            Kind::Cursor(_) => (1..=160)
                .contains(&given.len())
                .then(|| given.to_owned())
                .filter(|text| text.bytes().all(|b| b.is_ascii_graphic()))
                .map(Value::Text)
                .ok_or_else(|| self.refuse(given, "is no cursor of ours")),
        }
    }

    /// A cursor that is well formed but not one of this endpoint's.
    pub(crate) fn bad_cursor(given: &str) -> Problem {
        Problem::parameter(
            "cursor",
            given,
            Kind::Cursor("").allowed(),
            "is no cursor of ours",
        )
    }
}

fn text(given: &str, max: usize) -> Option<String> {
    let fits = (1..=max).contains(&given.chars().take(max + 1).count());
    (fits && !given.chars().any(char::is_control)).then(|| given.to_owned())
}

fn time(given: &str) -> Option<Timestamp> {
    // a `+` of an offset that was not percent-encoded arrives as a space
    given
        .parse()
        .ok()
        .or_else(|| given.replacen(' ', "+", 1).parse().ok())
}

fn asset(given: &str) -> Option<String> {
    let upper = given.trim().to_ascii_uppercase();
    let fits = (1..=24).contains(&upper.len())
        && upper
            .bytes()
            .all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'^' | b'=' | b'&'));
    fits.then_some(upper)
}

/// Splits at commas outside parentheses; blanks around names and empty names are left out.
pub(crate) fn split_list(text: &str) -> Vec<String> {
    let (mut depth, mut start, mut names) = (0_u32, 0, Vec::new());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                names.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    names.push(&text[start..]);
    names
        .into_iter()
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_parentheses_do_not_separate() {
        assert_eq!(
            split_list(" prices, indicators|x|1m|macd(12,26,9) ,,a"),
            ["prices", "indicators|x|1m|macd(12,26,9)", "a"]
        );
    }
}
