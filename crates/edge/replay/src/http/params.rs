//! Parameters of a request, and the venue's words when they are wrong.

use http::StatusCode;
use quantflow_model::{Timestamp, VenueSymbol};
use quantflow_venues::binance::unescape;
use serde_json::json;

/// A refusal in the venue's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) code: i64,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            message: message.into(),
        }
    }

    pub(super) fn symbol() -> Self {
        Self::new(-1121, "Invalid symbol.")
    }

    pub(super) fn unforeseen(error: &dyn std::fmt::Display) -> Self {
        tracing::warn!(%error, "an answer could not be said");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: -1000,
            message: "An unknown error occurred while processing the request.".into(),
        }
    }

    pub(super) fn body(&self) -> Vec<u8> {
        json!({"code": self.code, "msg": self.message})
            .to_string()
            .into_bytes()
    }
}

/// The parameters of a query string.
#[derive(Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `a=1&b=2`.
    pub(super) fn parse(query: &str) -> Result<Self, Refused> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((unescape(name)?, unescape(value)?))
        });
        pairs
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(|| Refused::new(-1100, "Illegal characters found in a parameter."))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs.find(|(key, _)| key == name).map(|(_, v)| v.as_str())
    }

    /// A parameter that must be there.
    pub(super) fn needed(&self, name: &str) -> Result<&str, Refused> {
        self.get(name).filter(|v| !v.is_empty()).ok_or_else(|| {
            Refused::new(
                -1102,
                format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed."),
            )
        })
    }

    /// A whole number.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refused> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        if value.is_empty() {
            return Err(Refused::new(
                -1105,
                format!("Parameter '{name}' was empty."),
            ));
        }
        if let Some(legal) = value.parse().ok().filter(|_| !value.starts_with('+')) {
            return Ok(Some(legal));
        }
        Err(Refused::new(
            -1100,
            format!(
                "Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
            ),
        ))
    }

    /// How many rows: the venue's default when not said, cut to its most.
    pub(super) fn limit(&self, default: u32, most: u32) -> Result<u32, Refused> {
        match self.number("limit")? {
            None => Ok(default),
            Some(0) => Err(Refused::new(
                -1130,
                "Data sent for parameter 'limit' is not valid.",
            )),
            Some(limit) => Ok(u32::try_from(limit).unwrap_or(most).min(most)),
        }
    }

    /// A time in milliseconds or microseconds, by its size.
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Refused> {
        Ok(self.number(name)?.map(|number| {
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            if number < 100_000_000_000_000 {
                Timestamp::from_millis(number)
            } else {
                Timestamp::from_micros(number)
            }
        }))
    }

    /// A symbol's spelling, checked for its letters.
    pub(super) fn symbol(&self) -> Result<VenueSymbol, Refused> {
        spelled(self.needed("symbol")?, "symbol")
    }

    /// The symbols of `symbols=["A","B"]`.
    pub(super) fn symbols(&self) -> Result<Option<Vec<VenueSymbol>>, Refused> {
        let Some(text) = self.get("symbols") else {
            return Ok(None);
        };
        if self.get("symbol").is_some() {
            return Err(Refused::new(
                -1128,
                "Combination of optional parameters invalid. Recommendation: 'symbol' and 'symbols' cannot be used together.",
            ));
        }
        let names: Vec<String> = serde_json::from_str(text).map_err(|_| illegal("symbols"))?;
        let symbols = names.iter().map(|name| spelled(name, "symbols"));
        symbols.collect::<Result<_, _>>().map(Some)
    }
}

fn illegal(name: &str) -> Refused {
    Refused::new(
        -1100,
        format!(
            "Illegal characters found in parameter '{name}'; legal range is '^[A-Z0-9-_.]{{1,20}}$'."
        ),
    )
}

fn spelled(text: &str, name: &str) -> Result<VenueSymbol, Refused> {
    let legal = text
        .bytes()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"-_.".contains(&b));
    VenueSymbol::new(text)
        .filter(|_| legal && text.len() <= 40)
        .ok_or_else(|| illegal(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_parameters_are_refused_in_the_venues_words() {
        let of = |query| Parameters::parse(query).unwrap();
        assert_eq!(of("").symbol().unwrap_err().code, -1102);
        assert_eq!(of("symbol=").symbol().unwrap_err().code, -1102);
        assert_eq!(of("symbol=btc").symbol().unwrap_err().code, -1100);
        assert_eq!(of("limit=x").limit(1, 2).unwrap_err().code, -1100);
        assert_eq!(of("limit=").limit(1, 2).unwrap_err().code, -1105);
        assert_eq!(of("limit=0").limit(1, 2).unwrap_err().code, -1130);
        assert_eq!(of("limit=9").limit(1, 2), Ok(2));
        assert_eq!(of("a=1").limit(1, 2), Ok(1));
        assert_eq!(
            of("symbols=%5B%22A%22%2C%22B%22%5D")
                .symbols()
                .unwrap()
                .unwrap()
                .len(),
            2
        );
        assert_eq!(of("symbols=[A]").symbols().unwrap_err().code, -1100);
        assert_eq!(of("symbol=A&symbols=[]").symbols().unwrap_err().code, -1128);
        assert!(Parameters::parse("a=%zz").is_err());
    }
}
