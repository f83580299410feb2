//! Reading sets of indicators: `rsi(14),macd(12,26,9),bbands(20,2)`.
//!
//! ```text
//! set       = indicator { "," indicator }
//! indicator = name [ "(" [ argument { "," argument } ] ")" ]
//! argument  = [ parameter "=" ] value
//! ```
//!
//! Case and white space do not matter. What is left out takes its default. As many values as there are parameters are TA-Lib's list,
//! its numbers for kinds of averages included. In a shorter list a number goes to the next parameter that takes a number, and a word to the
//! next that takes a word, so `stoch(14,3,3)` and `bbands(20,2,ema)` say what they seem to.

use crate::{
    definition::{Arguments, Definition, ParameterError, ParameterKind, did_you_mean},
    nearest::nearest,
    spec::{IndicatorSpec, entry},
};

/// The most indicators in one set.
pub const MAX_SET: usize = 64;
/// The most bytes in the text of a set.
pub const MAX_SET_BYTES: usize = 4096;

/// What is wrong with the text of an indicator or a set. `at` is a byte position in it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// Nothing was written where an indicator belongs.
    #[error("an indicator is missing at position {at}: write a name such as `rsi(14)`")]
    Empty {
        /// Where.
        at: usize,
    },
    /// No such indicator.
    #[error("there is no indicator `{name}` (position {at}){}", did_you_mean(*.nearest))]
    UnknownIndicator {
        /// Where.
        at: usize,
        /// What was written.
        name: String,
        /// The known name most like it.
        nearest: Option<&'static str>,
    },
    /// The indicator has no parameter of this name.
    #[error("{indicator} has no parameter `{name}` (position {at}), but {known}{}", did_you_mean(*.nearest))]
    UnknownParameter {
        /// Where.
        at: usize,
        /// The indicator.
        indicator: &'static str,
        /// What was written.
        name: String,
        /// Its parameters, joined by `, `, or `none`.
        known: String,
        /// The one most like it.
        nearest: Option<&'static str>,
    },
    /// A parameter was given twice.
    #[error("{parameter} of {indicator} is given a second time at position {at}")]
    Twice {
        /// Where.
        at: usize,
        /// The indicator.
        indicator: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// More values than parameters that could take them.
    #[error("{indicator} has no parameter left for `{given}` (position {at}); it takes {known}")]
    TooMany {
        /// Where.
        at: usize,
        /// The indicator.
        indicator: &'static str,
        /// What was written.
        given: String,
        /// Its parameters, joined by `, `, or `none`.
        known: String,
    },
    /// A value that the parameter does not take.
    #[error("{error} (position {at})")]
    Parameter {
        /// Where.
        at: usize,
        /// What is wrong with it.
        error: ParameterError,
    },
    /// A character that cannot stand here.
    #[error("`{found}` at position {at} where {wanted} belongs")]
    Unexpected {
        /// Where.
        at: usize,
        /// The character.
        found: char,
        /// What could stand here.
        wanted: &'static str,
    },
    /// The text ended inside parentheses.
    #[error("the parenthesis at position {at} is not closed")]
    Unclosed {
        /// Where it was opened.
        at: usize,
    },
    /// A set beyond [`MAX_SET`] indicators or [`MAX_SET_BYTES`] bytes.
    #[error("a set has at most {MAX_SET} indicators and {MAX_SET_BYTES} bytes: ask in several")]
    TooLong,
}

/// Reads a set; an indicator that is written twice stands once, at its first place.
///
/// # Errors
/// [`SetError`] says what is wrong, where, and what was perhaps meant.
///
/// ```
/// use quantflow_indicators::parse_set;
/// let set = parse_set("rsi, macd(12,26,9), bbands(20, 2), RSI(14)")?;
/// let names: Vec<String> = set.iter().map(ToString::to_string).collect();
/// assert_eq!(names, ["rsi(14)", "macd(12,26,9)", "bbands(20,2)"]);
/// let wrong = parse_set("rsi(14),mcad").unwrap_err();
/// assert_eq!(wrong.to_string(), "there is no indicator `mcad` (position 8); did you mean `macd`?");
/// # Ok::<(), quantflow_indicators::SetError>(())
/// ```
pub fn parse_set(text: &str) -> Result<Vec<IndicatorSpec>, SetError> {
    let mut reader = Reader::new(text)?;
    let mut set: Vec<IndicatorSpec> = Vec::new();
    loop {
        let spec = reader.indicator()?;
        if !set.contains(&spec) {
            if set.len() == MAX_SET {
                return Err(SetError::TooLong);
            }
            set.push(spec);
        }
        match reader.next_sign() {
            None => return Ok(set),
            Some((_, ',')) => reader.advance(1),
            Some((at, found)) => {
                return Err(SetError::Unexpected {
                    at,
                    found,
                    wanted: "`,`",
                });
            }
        }
    }
}

/// Reads one indicator and nothing after it.
pub(crate) fn parse_one(text: &str) -> Result<IndicatorSpec, SetError> {
    let mut reader = Reader::new(text)?;
    let spec = reader.indicator()?;
    match reader.next_sign() {
        None => Ok(spec),
        Some((at, found)) => Err(SetError::Unexpected {
            at,
            found,
            wanted: "the end",
        }),
    }
}

/// A value as it was written, with the parameter's name if it had one.
struct Written<'a> {
    at: usize,
    name: Option<(usize, &'a str)>,
    value: &'a str,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Result<Self, SetError> {
        if text.len() > MAX_SET_BYTES {
            return Err(SetError::TooLong);
        }
        Ok(Self { text, at: 0 })
    }

    /// The next character that is not white space, where the reader then stands.
    fn next_sign(&mut self) -> Option<(usize, char)> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next().map(|c| (self.at, c))
    }

    /// Over `bytes` of ASCII.
    fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// The longest run of characters that `belongs` accepts.
    fn run(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn indicator(&mut self) -> Result<IndicatorSpec, SetError> {
        let (at, found) = match self.next_sign() {
            None => return Err(SetError::Empty { at: self.at }),
            Some((at, ',')) => return Err(SetError::Empty { at }),
            Some(sign) => sign,
        };
        let name = self.run(|c| c.is_alphanumeric() || c == '_');
        if name.is_empty() {
            return Err(SetError::Unexpected {
                at,
                found,
                wanted: "an indicator's name",
            });
        }
        let entry = entry(name, at)?;
        let mut written = Vec::new();
        if let Some((open, '(')) = self.next_sign() {
            self.advance(1);
            self.arguments(open, &mut written)?;
        }
        let arguments = assign(entry.definition, &written)?;
        IndicatorSpec::new(entry, arguments).map_err(|error| SetError::Parameter { at, error })
    }

    fn arguments(&mut self, open: usize, written: &mut Vec<Written<'a>>) -> Result<(), SetError> {
        let belongs = |c: char| c.is_alphanumeric() || "_.+-".contains(c);
        let mut first = true;
        loop {
            match self.next_sign() {
                None => return Err(SetError::Unclosed { at: open }),
                Some((_, ')')) if first => {
                    self.advance(1);
                    return Ok(());
                }
                Some(_) => {}
            }
            first = false;
            let mut at = self.at;
            let mut value = self.run(belongs);
            let mut name = None;
            if let Some((_, '=')) = self.next_sign() {
                self.advance(1);
                name = Some((at, value));
                self.next_sign();
                at = self.at;
                value = self.run(belongs);
            }
            let next = self.next_sign();
            if value.is_empty() {
                return Err(match next {
                    None => SetError::Unclosed { at: open },
                    Some((at, found)) => SetError::Unexpected {
                        at,
                        found,
                        wanted: "a value",
                    },
                });
            }
            written.push(Written { at, name, value });
            match next {
                None => return Err(SetError::Unclosed { at: open }),
                Some((_, sign @ (',' | ')'))) => {
                    self.advance(1);
                    if sign == ')' {
                        return Ok(());
                    }
                }
                Some((at, found)) => {
                    return Err(SetError::Unexpected {
                        at,
                        found,
                        wanted: "`,` or `)`",
                    });
                }
            }
        }
    }
}

/// [`assign`] for values without names or places.
pub(crate) fn assign_plain(
    definition: &'static Definition,
    values: &[&str],
) -> Result<Arguments, SetError> {
    let written: Vec<Written<'_>> = values
        .iter()
        .map(|value| Written {
            at: 0,
            name: None,
            value,
        })
        .collect();
    assign(definition, &written)
}

/// Gives each written value its parameter.
fn assign(definition: &'static Definition, written: &[Written<'_>]) -> Result<Arguments, SetError> {
    let parameters = definition.parameters;
    let indicator = definition.name;
    let names = || parameters.iter().map(|p| p.name);
    let known = || {
        if parameters.is_empty() {
            "none".to_owned()
        } else {
            names().collect::<Vec<_>>().join(", ")
        }
    };
    let full_list = written.len() == parameters.len() && written.iter().all(|w| w.name.is_none());
    let mut given: Vec<Option<&str>> = vec![None; parameters.len()];
    let mut places = vec![0; parameters.len()];
    let mut next = 0;
    for w in written {
        let place = if let Some((at, name)) = w.name {
            let place = parameters
                .iter()
                .position(|p| p.name.eq_ignore_ascii_case(name));
            place.ok_or_else(|| SetError::UnknownParameter {
                at,
                indicator,
                name: name.to_owned(),
                known: known(),
                nearest: nearest(&name.to_ascii_lowercase(), names()),
            })?
        } else {
            let numeric = w
                .value
                .starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
            let fits = |kind: ParameterKind| matches!(kind, ParameterKind::Word { .. }) != numeric;
            let rest = next..parameters.len();
            let place = if full_list {
                Some(next)
            } else {
                rest.clone().find(|&i| fits(parameters[i].kind))
            };
            // a value of the wrong kind for all that is left is told what the next parameter wants
            let place = place.or_else(|| rest.clone().next().filter(|_| !numeric));
            let place = place.ok_or_else(|| SetError::TooMany {
                at: w.at,
                indicator,
                given: w.value.to_owned(),
                known: known(),
            })?;
            next = place + 1;
            place
        };
        if given[place].replace(w.value).is_some() {
            return Err(SetError::Twice {
                at: w.at,
                indicator,
                parameter: parameters[place].name,
            });
        }
        places[place] = w.at;
    }
    Arguments::check(definition, &given).map_err(|(position, error)| SetError::Parameter {
        at: places.get(position).copied().unwrap_or(0),
        error,
    })
}
