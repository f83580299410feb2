//! [`Cursor`]: how far a job has come.

use std::fmt;
use std::str::FromStr;

use quantflow_model::{Timestamp, TradeId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How far a job has come: everything before it is durable in the raw log. A time for series by
/// time, a number for venues whose trades are numbered. Text is `time:NANOSECONDS` or `id:NUMBER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cursor {
    /// All before this instant.
    Time(Timestamp),
    /// All below this number.
    Id(TradeId),
}

/// Why a cursor is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// It would move back.
    #[error("stands at {held} and does not go back to {given}: an operator may rewind the job")]
    Back {
        /// Where it stands.
        held: Cursor,
        /// Where it was to go.
        given: Cursor,
    },
    /// One is a time and the other a number.
    #[error("is {held}, which {given} cannot be compared with")]
    Unlike {
        /// Where it stands.
        held: Cursor,
        /// Where it was to go.
        given: Cursor,
    },
    /// Text of another form.
    #[error("cannot be read from {0:?} (time:NANOSECONDS or id:NUMBER)")]
    Text(String),
}

impl Cursor {
    /// Where it may go on from `self`: anywhere that is not before it.
    ///
    /// # Errors
    /// [`CursorError::Back`], [`CursorError::Unlike`].
    pub fn forward(self, given: Self) -> Result<Self, CursorError> {
        let back = match (self, given) {
            (Self::Time(held), Self::Time(given)) => given < held,
            (Self::Id(held), Self::Id(given)) => given < held,
            _ => return Err(CursorError::Unlike { held: self, given }),
        };
        if back {
            Err(CursorError::Back { held: self, given })
        } else {
            Ok(given)
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => write!(f, "time:{}", time.nanos()),
            Self::Id(id) => write!(f, "id:{id}"),
        }
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let cursor = match text.split_once(':') {
            Some(("time", nanos)) => nanos
                .parse()
                .ok()
                .map(|nanos| Self::Time(Timestamp::from_nanos(nanos))),
            Some(("id", id)) => id.parse().ok().map(|id| Self::Id(TradeId(id))),
            _ => None,
        };
        cursor.ok_or_else(|| CursorError::Text(text.chars().take(64).collect()))
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_forward_or_stays_and_never_back() {
        let id = |id| Cursor::Id(TradeId(id));
        let time = |seconds| Cursor::Time(Timestamp::from_seconds(seconds));
        assert_eq!(id(5).forward(id(5)), Ok(id(5)));
        assert_eq!(time(-5).forward(time(7)), Ok(time(7)));
        let (held, given) = (id(u128::MAX), id(u128::MAX - 1));
        assert_eq!(held.forward(given), Err(CursorError::Back { held, given }));
        let (held, given) = (id(5), time(9));
        assert_eq!(
            held.forward(given),
            Err(CursorError::Unlike { held, given })
        );
    }

    #[test]
    fn its_text_is_read_back() {
        for cursor in [
            Cursor::Time(Timestamp::MIN),
            Cursor::Time(Timestamp::MAX),
            Cursor::Id(TradeId(u128::MAX)),
        ] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for text in ["", "5", "id:", "id:-1", "time:x", "page:2"] {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError::Text(text.into())));
        }
    }
}
