//! An indicator with its parameters, as it is written: `macd(12,26,9)`.

use std::{
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use crate::{
    catalog::{self, Entry},
    definition::{Arguments, Definition, ParameterError, ParameterKind, Value},
    indicator::StreamingIndicator,
    parse::{SetError, assign_plain, parse_one},
};

/// A named indicator with checked parameters. Equal when its canonical name is; in serde it is that name.
///
/// The canonical name, which is what [`Display`](fmt::Display) prints, has the parameters in order without spaces; parameters that are seldom
/// changed (the kind of an average, the lower band's width) are left out at their defaults, all others are always there. Parsing
/// it gives the same spec.
///
/// ```
/// use quantflow_indicators::IndicatorSpec;
/// let spec: IndicatorSpec = "MACD( signalperiod = 9 )".parse()?;
/// assert_eq!(spec.to_string(), "macd(12,26,9)");
/// assert_eq!(spec.output_names(), ["macd(12,26,9).macd", "macd(12,26,9).macdsignal", "macd(12,26,9).macdhist"]);
/// assert_eq!("stoch(14,3,3)".parse::<IndicatorSpec>()?, "stoch(14,3,0,3,0)".parse()?);
/// # Ok::<(), quantflow_indicators::SetError>(())
/// ```
#[derive(Clone, Debug)]
pub struct IndicatorSpec {
    entry: &'static Entry,
    arguments: Arguments,
    name: String,
    warm_up: usize,
}

impl IndicatorSpec {
    pub(crate) fn new(entry: &'static Entry, arguments: Arguments) -> Result<Self, ParameterError> {
        let name = canonical(&arguments);
        let warm_up = (entry.warm_up)(&arguments)?;
        Ok(Self {
            entry,
            arguments,
            name,
            warm_up,
        })
    }

    /// What the catalogue says of the indicator.
    pub fn definition(&self) -> &'static Definition {
        self.entry.definition
    }

    /// Its parameters.
    pub fn arguments(&self) -> &Arguments {
        &self.arguments
    }

    /// The canonical name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bars before the first value.
    pub fn warm_up(&self) -> usize {
        self.warm_up
    }

    /// A name for each output: the canonical name itself for a single one, else `name.output`.
    pub fn output_names(&self) -> Vec<String> {
        match self.definition().outputs {
            [_] => vec![self.name.clone()],
            outputs => outputs
                .iter()
                .map(|output| format!("{}.{output}", self.name))
                .collect(),
        }
    }

    /// An indicator that has seen no bar.
    ///
    /// # Errors
    /// Only when the catalogue's entry contradicts itself, which its tests rule out.
    pub fn build(&self) -> Result<Box<dyn StreamingIndicator>, ParameterError> {
        (self.entry.build)(self.clone())
    }
}

/// What is shown or not at its default, if that reads back as the same values; else the full list, which always does.
fn canonical(arguments: &Arguments) -> String {
    let definition = arguments.definition();
    let values = arguments.values();
    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    let mut short: Vec<&str> = Vec::with_capacity(texts.len());
    for (i, parameter) in definition.parameters.iter().enumerate() {
        if parameter.shown || !is_default(parameter.kind, values, i) {
            short.push(&texts[i]);
        }
    }
    let same = assign_plain(definition, &short).is_ok_and(|read| read.values() == values);
    let list = if same {
        short.join(",")
    } else {
        texts.join(",")
    };
    if list.is_empty() {
        return definition.name.to_owned();
    }
    format!("{}({list})", definition.name)
}

fn is_default(kind: ParameterKind, values: &[Value], i: usize) -> bool {
    match (kind, &values[i]) {
        (ParameterKind::Whole { default, .. }, Value::Whole(n)) => *n == default,
        (ParameterKind::Real { default, .. }, Value::Real(x)) => *x == default,
        (ParameterKind::RealLike { of, .. }, value) => values.get(of) == Some(value),
        (ParameterKind::Word { words }, Value::Word(word)) => {
            words.first().is_some_and(|w| w.0 == *word)
        }
        _ => false,
    }
}

impl fmt::Display for IndicatorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl PartialEq for IndicatorSpec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for IndicatorSpec {}

impl Hash for IndicatorSpec {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl PartialOrd for IndicatorSpec {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for IndicatorSpec {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(&other.name)
    }
}

impl FromStr for IndicatorSpec {
    type Err = SetError;

    fn from_str(text: &str) -> Result<Self, SetError> {
        parse_one(text)
    }
}

impl Serialize for IndicatorSpec {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for IndicatorSpec {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The entry of a name, or the error that names the nearest.
pub(crate) fn entry(name: &str, at: usize) -> Result<&'static Entry, SetError> {
    catalog::find(name).ok_or_else(|| SetError::UnknownIndicator {
        at,
        name: name.to_owned(),
        nearest: catalog::nearest_name(name),
    })
}
