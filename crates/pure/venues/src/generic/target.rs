//! [`Template`]: a target with places in braces.

use super::described::{DescriptionError, wrong};
use crate::http::{Target, escape};

/// A target cut at its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Symbol,
    Timeframe,
    From,
    To,
    Limit,
}

/// What stands in the places of one request.
#[derive(Debug)]
pub(super) struct Values<'a> {
    pub(super) symbol: &'a str,
    pub(super) timeframe: &'a str,
    pub(super) limit: String,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
}

const PLACES: &str = "{symbol}, {timeframe}, {from}, {to} and {limit} are the places";

impl Template {
    pub(super) fn read(text: &str) -> Result<Self, DescriptionError> {
        let bad = |found: &str, wanted| wrong("target", found, wanted);
        let plain = |c: char| c.is_ascii_graphic() && c != '#';
        if !text.starts_with('/') || !text.chars().all(plain) {
            return Err(bad(
                text,
                "a path and query of visible ASCII, beginning with /",
            ));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let (place, behind) = behind.split_once('}').ok_or_else(|| bad(rest, PLACES))?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(match place {
                "symbol" => Part::Symbol,
                "timeframe" => Part::Timeframe,
                "from" => Part::From,
                "to" => Part::To,
                "limit" => Part::Limit,
                other => return Err(bad(other, PLACES)),
            });
            rest = behind;
        }
        if rest.contains('}') {
            return Err(bad(rest, PLACES));
        }
        parts.push(Part::Text(rest.to_owned()));
        if parts.contains(&Part::Symbol) {
            Ok(Self { parts })
        } else {
            Err(bad(text, "it must name the {symbol}"))
        }
    }

    pub(super) fn has_from(&self) -> bool {
        self.parts.contains(&Part::From)
    }

    pub(super) fn has_to(&self) -> bool {
        self.parts.contains(&Part::To)
    }

    /// Every value is escaped.
    pub(super) fn filled(&self, values: &Values<'_>) -> Target {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Symbol => escape(&mut text, values.symbol),
                Part::Timeframe => escape(&mut text, values.timeframe),
                Part::From => escape(&mut text, values.from.as_deref().unwrap_or_default()),
                Part::To => escape(&mut text, values.to.as_deref().unwrap_or_default()),
                Part::Limit => escape(&mut text, &values.limit),
            }
        }
        Target::new(text)
    }
}
