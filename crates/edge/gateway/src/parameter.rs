//! [`Parameter`]: what an endpoint may be asked. One declaration checks a request, makes its key in the cache, and
//! documents itself in the OpenAPI document, so that the three cannot disagree.

use std::fmt;

use quantflow_indicators::{IndicatorSpec, parse_set};
use quantflow_model::{Timeframe, Timestamp, VenueId};
use serde_json::{Value as Json, json};

use crate::problem::{Code, Problem};

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

/// The checked parameters of one request.
#[derive(Debug, Clone)]
pub(crate) struct Parameters {
    declared: &'static [Parameter],
    values: Vec<Option<Value>>,
}

impl Parameters {
    /// Checks what was given in the path and the query.
    ///
    /// # Errors
    /// When a name is unknown or given twice, a value is not allowed, a required one is missing, or the query is not
    /// percent-encoded UTF-8.
    pub(crate) fn check(
        declared: &'static [Parameter],
        path: &[(&str, String)],
        query: &str,
    ) -> Result<Self, Problem> {
        let mut values = vec![None; declared.len()];
        for (name, given) in path {
            if let Some(at) = declared.iter().position(|p| p.name == *name) {
                values[at] = Some(declared[at].read(given)?);
            }
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, given) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode_query(name)?;
            let given = decode_query(given)?;
            let Some(at) = declared
                .iter()
                .position(|p| p.name == name && !p.kind.in_path())
            else {
                let names: Vec<&str> = declared
                    .iter()
                    .filter(|p| !p.kind.in_path())
                    .map(|p| p.name)
                    .collect();
                return Err(Problem::parameter(
                    &name,
                    &given,
                    names,
                    "is no parameter of this endpoint",
                ));
            };
            if values[at].is_some() {
                return Err(declared[at].refuse(&given, "is given twice"));
            }
            values[at] = Some(declared[at].read(&given)?);
        }
        for (parameter, value) in declared.iter().zip(&mut values) {
            if value.is_none() {
                if parameter.kind.required() {
                    return Err(parameter.refuse("", "is missing"));
                }
                *value = parameter.kind.default();
            }
        }
        Ok(Self { declared, values })
    }

    fn value(&self, name: &str) -> Option<&Value> {
        let at = self.declared.iter().position(|p| p.name == name)?;
        self.values.get(at)?.as_ref()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        match self.value(name) {
            Some(Value::Time(time)) => Some(*time),
            _ => None,
        }
    }

    /// A whole number; 0 for a name that was not declared as one.
    pub(crate) fn integer(&self, name: &str) -> usize {
        match self.value(name) {
            Some(Value::Integer(number)) => usize::try_from(*number).unwrap_or(usize::MAX),
            _ => 0,
        }
    }

    /// Whether a word parameter has this word.
    pub(crate) fn is(&self, name: &str, word: &str) -> bool {
        matches!(self.value(name), Some(Value::Word(given)) if *given == word)
    }

    pub(crate) fn timeframe(&self) -> Timeframe {
        match self.value("timeframe") {
            Some(Value::Timeframe(timeframe)) => *timeframe,
            _ => Timeframe::M1,
        }
    }

    pub(crate) fn list(&self, name: &str) -> Option<&[String]> {
        match self.value(name) {
            Some(Value::List(names)) => Some(names),
            _ => None,
        }
    }

    pub(crate) fn set(&self) -> &[IndicatorSpec] {
        match self.value("set") {
            Some(Value::Set(specs)) => specs,
            _ => &[],
        }
    }

    /// All of them in one spelling, defaults included: equal for requests that mean the same. The symbol stands in it as
    /// resolved; `venue` is left out beside it, for it only said which symbol was meant.
    pub(crate) fn key(&self, symbol: Option<&str>, out: &mut String) {
        use fmt::Write as _;
        for (parameter, value) in self.declared.iter().zip(&self.values) {
            let Some(value) = value else { continue };
            let written = match (parameter.kind, symbol) {
                (Kind::PathSymbol, Some(symbol)) => write!(out, "|{symbol}"),
                (Kind::Venue, Some(_)) => Ok(()),
                _ => write!(out, "|{}={value}", parameter.name),
            };
            debug_assert!(written.is_ok(), "text takes everything");
        }
    }
}

/// Decodes `%XX` and `+`.
fn decode_query(text: &str) -> Result<String, Problem> {
    if !text.contains(['%', '+']) {
        return Ok(text.to_owned());
    }
    decode_percent(&text.replace('+', " ")).ok_or_else(|| {
        Problem::new(
            Code::InvalidParameter,
            "the query is not percent-encoded UTF-8",
        )
        .with("field", "query")
        .with("given", text.chars().take(200).collect::<String>())
        .with("allowed", "percent-encoded UTF-8")
    })
}

/// Decodes `%XX`; `None` when that is malformed or no UTF-8.
pub(crate) fn decode_percent(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let high = char::from(*bytes.get(at + 1)?).to_digit(16)?;
            let low = char::from(*bytes.get(at + 2)?).to_digit(16)?;
            out.push((high * 16 + low) as u8);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    static DECLARED: &[Parameter] = &[
        Parameter::new("symbol", Kind::PathSymbol, "", ""),
        Parameter::new("timeframe", Kind::Timeframe, "", ""),
        Parameter::new("from", Kind::Time, "", ""),
        Parameter::new(
            "limit",
            Kind::Integer {
                min: 1,
                max: 5000,
                default: 500,
            },
            "",
            "",
        ),
        Parameter::new("fill", Kind::Word(&["none", "previous"]), "", ""),
        Parameter::new("symbols", Kind::List(3), "", ""),
        Parameter::new("venue", Kind::Venue, "", ""),
        Parameter::new("q", Kind::Text(64), "", ""),
    ];

    fn check(query: &str) -> Result<Parameters, Problem> {
        Parameters::check(DECLARED, &[("symbol", "x".to_owned())], query)
    }

    fn key(query: &str) -> String {
        let mut key = String::new();
        check(query).unwrap().key(Some("demo:BTC/USDT"), &mut key);
        key
    }

    #[test]
    fn requests_that_mean_the_same_have_one_key() {
        let plain = key("from=2023-11-14T22:13:20Z");
        for same in [
            "from=1700000000",
            "from=1700000000000&limit=500",
            "from=1700000000000000&fill=none",
            "&&from=2023-11-14T23%3A13%3A20%2B01:00&timeframe=1m",
            "from=2023-11-14T23:13:20+01:00&venue=demo",
        ] {
            assert_eq!(key(same), plain, "{same}");
        }
        for other in [
            "from=1700000001",
            "from=1700000000&limit=499",
            "from=1700000000&fill=previous",
        ] {
            assert_ne!(key(other), plain, "{other}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        for (query, field, given) in [
            ("limit=5001", "limit", "5001"),
            ("limit=0", "limit", "0"),
            ("limit=+5", "limit", " 5"),
            ("limit=1e3", "limit", "1e3"),
            ("limit=", "limit", ""),
            ("limit=5&limit=5", "limit", "5"),
            ("timeframe=7m", "timeframe", "7m"),
            ("from=yesterday", "from", "yesterday"),
            ("fill=zero", "fill", "zero"),
            ("symbols=a,b,c,d", "symbols", "a,b,c,d"),
            ("symbols=,", "symbols", ","),
            ("limti=5", "limti", "5"),
            ("symbol=x", "symbol", "x"),
            ("q=%00", "q", "\0"),
            ("q=%ff", "query", "%ff"),
            ("q=%4", "query", "%4"),
        ] {
            let problem = check(query).unwrap_err();
            assert_eq!(problem.code, Code::InvalidParameter, "{query}");
            assert_eq!(problem.details["field"], field, "{query}");
            assert_eq!(problem.details["given"], given, "{query}");
            assert!(problem.details.contains_key("allowed"), "{query}");
        }
    }

    #[test]
    fn commas_in_parentheses_do_not_separate() {
        assert_eq!(
            split_list(" prices, indicators|x|1m|macd(12,26,9) ,,a"),
            ["prices", "indicators|x|1m|macd(12,26,9)", "a"]
        );
    }

    proptest! {
        /// No text of a client can panic the reader, and a refusal always says which field.
        #[test]
        fn any_query_is_read_or_refused(query in "\\PC{0,80}") {
            if let Err(problem) = check(&query) {
                prop_assert!(problem.details.contains_key("field"));
            }
        }

        /// Percent-encoding is undone exactly.
        #[test]
        fn what_is_encoded_is_decoded(text in "\\PC{0,40}") {
            let encoded: String = text.bytes().fold(String::new(), |all, b| all + &format!("%{b:02X}"));
            prop_assert_eq!(decode_percent(&encoded), Some(text));
        }

        /// A limit inside the range is taken as it is, never clamped.
        #[test]
        fn limits_are_taken_or_refused(limit in 0_u64..20_000) {
            let read = check(&format!("limit={limit}"));
            if (1..=5000).contains(&limit) {
                prop_assert_eq!(read.unwrap().integer("limit") as u64, limit);
            } else {
                prop_assert!(read.is_err());
            }
        }

        /// Every unit of the same instant is the same instant.
        #[test]
        fn units_of_time_agree(seconds in 200_000_000_i64..4_000_000_000) {
            let instant = Timestamp::from_seconds(seconds);
            for text in [
                seconds.to_string(),
                (seconds * 1_000).to_string(),
                (seconds * 1_000_000).to_string(),
                (seconds * 1_000_000_000).to_string(),
                instant.to_string(),
            ] {
                let read = check(&format!("from={text}")).unwrap();
                prop_assert_eq!(read.time("from"), Some(instant), "{}", text);
            }
        }
    }
}
