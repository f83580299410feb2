//! What the catalogue says of an indicator: names, parameters, outputs, and checked arguments.

use std::fmt;

use crate::{bar::Inputs, nearest::nearest};

/// The shelf an indicator stands on; the names are TA-Lib's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Group {
    /// Averages and bands over the price.
    Overlap,
    /// Oscillators and trend strength.
    Momentum,
    /// What reads the volume.
    Volume,
    /// Ranges and their averages.
    Volatility,
}

impl Group {
    /// TA-Lib's name of the group.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overlap => "Overlap Studies",
            Self::Momentum => "Momentum Indicators",
            Self::Volume => "Volume Indicators",
            Self::Volatility => "Volatility Indicators",
        }
    }
}

/// Everything known of an indicator without running it.
#[derive(Debug)]
pub struct Definition {
    /// Lower case and unique: TA-Lib's name where TA-Lib has it.
    pub name: &'static str,
    /// For people, e.g. `Relative Strength Index`.
    pub title: &'static str,
    /// The shelf.
    pub group: Group,
    /// Whether its outputs are prices, to be drawn over the candles.
    pub overlay: bool,
    /// The fields of a bar that it reads.
    pub inputs: Inputs,
    /// Parameters in TA-Lib's order.
    pub parameters: &'static [Parameter],
    /// Names of the outputs, in order; TA-Lib's where it has them.
    pub outputs: &'static [&'static str],
    /// Whether values depend on how far back the history goes (a recursive average, a running total), so that two series with
    /// different beginnings agree only after a while. TA-Lib calls this an unstable period.
    pub remembers: bool,
    /// Whether a value of a closed bar may change when later bars come.
    pub repaints: bool,
    /// Where the formula comes from.
    pub source: &'static str,
    /// Raised whenever the formula or the saved state changes.
    pub revision: u16,
}

/// One parameter of an indicator.
#[derive(Debug)]
pub struct Parameter {
    /// TA-Lib's name of it.
    pub name: &'static str,
    /// What values it takes.
    pub kind: ParameterKind,
    /// Whether the canonical name shows it also at its default.
    pub shown: bool,
}

/// The values that a parameter takes, and its default.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ParameterKind {
    /// A whole number in `min..=max`.
    Whole {
        /// Used when none is given.
        default: usize,
        /// Smallest allowed.
        min: usize,
        /// Largest allowed.
        max: usize,
    },
    /// A number in `min..=max`.
    Real {
        /// Used when none is given.
        default: f64,
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: f64,
    },
    /// A number that follows an earlier parameter unless it is given.
    RealLike {
        /// Position of the parameter it follows.
        of: usize,
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: f64,
    },
    /// One of these words; the first is the default. `code` is TA-Lib's number for a word, where it has one.
    Word {
        /// The words and their codes.
        words: &'static [(&'static str, Option<usize>)],
    },
}

impl ParameterKind {
    /// `integer`, `real` or `word`.
    pub const fn kind_name(&self) -> &'static str {
        match self {
            Self::Whole { .. } => "integer",
            Self::Real { .. } | Self::RealLike { .. } => "real",
            Self::Word { .. } => "word",
        }
    }

    /// The smallest and largest value of a number.
    pub fn range(&self) -> Option<(f64, f64)> {
        match *self {
            Self::Whole { min, max, .. } => Some((min as f64, max as f64)),
            Self::Real { min, max, .. } | Self::RealLike { min, max, .. } => Some((min, max)),
            Self::Word { .. } => None,
        }
    }
}

/// A whole-number parameter that is always shown: a period.
pub(crate) const fn period(name: &'static str, default: usize, min: usize) -> Parameter {
    Parameter {
        name,
        kind: ParameterKind::Whole {
            default,
            min,
            max: MAX_PERIOD,
        },
        shown: true,
    }
}

/// The longest window, as TA-Lib has it.
pub const MAX_PERIOD: usize = 100_000;

/// A checked value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Of [`ParameterKind::Whole`].
    Whole(usize),
    /// Of [`ParameterKind::Real`] and [`ParameterKind::RealLike`].
    Real(f64),
    /// Of [`ParameterKind::Word`].
    Word(&'static str),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(n) => write!(f, "{n}"),
            Self::Real(x) => write!(f, "{x}"),
            Self::Word(word) => f.write_str(word),
        }
    }
}

/// Why a parameter was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// A whole number was wanted.
    #[error("{parameter} of {indicator} is a whole number, not `{given}`")]
    NotWhole {
        /// The indicator.
        indicator: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What was given.
        given: String,
    },
    /// A number was wanted.
    #[error("{parameter} of {indicator} is a number, not `{given}`")]
    NotNumber {
        /// The indicator.
        indicator: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What was given.
        given: String,
    },
    /// Outside the allowed range.
    #[error("{parameter} of {indicator} must be from {min} to {max}, not {given}")]
    OutOfRange {
        /// The indicator.
        indicator: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What was given.
        given: String,
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: f64,
    },
    /// Not one of the words.
    #[error("{parameter} of {indicator} is one of {known}, not `{given}`{}", did_you_mean(*.nearest))]
    UnknownWord {
        /// The indicator.
        indicator: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What was given.
        given: String,
        /// All words, joined by `, `.
        known: String,
        /// The word most like it.
        nearest: Option<&'static str>,
    },
    /// A definition and its constructor disagree about a parameter: a fault of this crate, which a test of the catalogue finds.
    #[error("parameter {position} of {indicator} is not of the kind its constructor reads")]
    Definition {
        /// The indicator.
        indicator: &'static str,
        /// Position of the parameter.
        position: usize,
    },
}

/// `; did you mean …?`, or nothing.
pub(crate) fn did_you_mean(nearest: Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// The checked arguments of an indicator, one a parameter.
#[derive(Clone, Debug)]
pub struct Arguments {
    definition: &'static Definition,
    values: Vec<Value>,
}

impl Arguments {
    /// Takes the given texts (one place a parameter, `None` for its default).
    pub(crate) fn check(
        definition: &'static Definition,
        given: &[Option<&str>],
    ) -> Result<Self, (usize, ParameterError)> {
        let mut values: Vec<Value> = Vec::with_capacity(definition.parameters.len());
        for (position, parameter) in definition.parameters.iter().enumerate() {
            let text = given.get(position).copied().flatten();
            let value = match text {
                Some(text) => parse(definition.name, parameter, text).map_err(|e| (position, e))?,
                None => match parameter.kind {
                    ParameterKind::Whole { default, .. } => Value::Whole(default),
                    ParameterKind::Real { default, .. } => Value::Real(default),
                    ParameterKind::RealLike { of, .. } => {
                        values.get(of).copied().unwrap_or(Value::Real(0.0))
                    }
                    ParameterKind::Word { words } => Value::Word(words.first().map_or("", |w| w.0)),
                },
            };
            values.push(value);
        }
        Ok(Self { definition, values })
    }

    /// Checks values given in code, in the order of the parameters; those that are missing take their defaults.
    pub(crate) fn of(
        definition: &'static Definition,
        values: &[&dyn fmt::Display],
    ) -> Result<Self, ParameterError> {
        let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
        let given: Vec<Option<&str>> = texts.iter().map(|t| Some(t.as_str())).collect();
        Self::check(definition, &given).map_err(|(_, e)| e)
    }

    /// Every parameter at its default.
    pub fn defaults(definition: &'static Definition) -> Result<Self, ParameterError> {
        Self::check(definition, &[]).map_err(|(_, e)| e)
    }

    /// Whose arguments they are.
    pub fn definition(&self) -> &'static Definition {
        self.definition
    }

    /// The values in the order of the parameters.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    fn mismatch(&self, position: usize) -> ParameterError {
        ParameterError::Definition {
            indicator: self.definition.name,
            position,
        }
    }

    /// The whole number at `position`.
    pub fn whole(&self, position: usize) -> Result<usize, ParameterError> {
        match self.values.get(position) {
            Some(Value::Whole(n)) => Ok(*n),
            _ => Err(self.mismatch(position)),
        }
    }

    /// The number at `position`.
    pub fn real(&self, position: usize) -> Result<f64, ParameterError> {
        match self.values.get(position) {
            Some(Value::Real(x)) => Ok(*x),
            _ => Err(self.mismatch(position)),
        }
    }

    /// The word at `position`.
    pub fn word(&self, position: usize) -> Result<&'static str, ParameterError> {
        match self.values.get(position) {
            Some(Value::Word(word)) => Ok(word),
            _ => Err(self.mismatch(position)),
        }
    }
}

fn parse(
    indicator: &'static str,
    parameter: &'static Parameter,
    text: &str,
) -> Result<Value, ParameterError> {
    let name = parameter.name;
    let given = || text.to_owned();
    let out_of_range = |min: f64, max: f64| ParameterError::OutOfRange {
        indicator,
        parameter: name,
        given: given(),
        min,
        max,
    };
    match parameter.kind {
        ParameterKind::Whole { min, max, .. } => {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            if !digits {
                return Err(ParameterError::NotWhole {
                    indicator,
                    parameter: name,
                    given: given(),
                });
            }
            match text.parse::<usize>() {
                Ok(n) if (min..=max).contains(&n) => Ok(Value::Whole(n)),
                _ => Err(out_of_range(min as f64, max as f64)),
            }
        }
        ParameterKind::Real { min, max, .. } | ParameterKind::RealLike { min, max, .. } => {
            match text.parse::<f64>() {
                // `-0` would print, and so be named, apart from `0`
                Ok(x) if (min..=max).contains(&x) => Ok(Value::Real(x + 0.0)),
                Ok(x) if !x.is_nan() => Err(out_of_range(min, max)),
                _ => Err(ParameterError::NotNumber {
                    indicator,
                    parameter: name,
                    given: given(),
                }),
            }
        }
        ParameterKind::Word { words } => {
            let lower = text.to_ascii_lowercase();
            let code = lower.parse::<usize>().ok();
            let found = words
                .iter()
                .find(|(word, its)| *word == lower || (code.is_some() && *its == code));
            found
                .map(|(word, _)| Value::Word(word))
                .ok_or_else(|| ParameterError::UnknownWord {
                    indicator,
                    parameter: name,
                    given: given(),
                    known: words.iter().map(|w| w.0).collect::<Vec<_>>().join(", "),
                    nearest: nearest(&lower, words.iter().map(|w| w.0)),
                })
        }
    }
}
