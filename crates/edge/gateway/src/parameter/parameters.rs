//! [`Parameters`]: what one request gave, checked against what its endpoint declares.

use std::fmt::Write as _;

use quantflow_indicators::IndicatorSpec;
use quantflow_model::{Timeframe, Timestamp};

use super::percent::decode_query;
use super::{Kind, Parameter, Value};
use crate::problem::Problem;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;
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

    proptest! {
        /// No text of a client can panic the reader, and a refusal always says which field.
        #[test]
        fn any_query_is_read_or_refused(query in "\\PC{0,80}") {
            if let Err(problem) = check(&query) {
                prop_assert!(problem.details.contains_key("field"));
            }
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
