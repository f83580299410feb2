//! JSON as venues write it: a tree that keeps every number as it stands in the bytes.
//!
//! [`Json`] is the tree, [`Fields`] and [`Row`] read objects and lists of a known kind with typed
//! errors. A number is text until somebody says what it is, for a price that went through a float is
//! no exact price any more. What JSON leaves open is refused (a key twice in an object), so that bytes
//! have one meaning only.

mod fields;
mod parse;
pub mod peek;
mod row;
pub mod value;

use std::borrow::Cow;

use quantflow_wire::DecodeError;

pub use self::fields::Fields;
pub use self::row::Row;

/// A JSON value; text without escapes is borrowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Flag(bool),
    /// A number as it is written.
    Number(&'a str),
    /// Text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object, its fields in the order in which they stand.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads one value and nothing behind it.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] where the bytes are no JSON, nest deeper than 64 levels, or an object
    /// has a key twice.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        parse::parse(bytes)
    }

    /// A field of an object; `None` where there is none, or this is no object.
    pub fn entry(&self, name: &str) -> Option<&Self> {
        let Self::Object(entries) = self else {
            return None;
        };
        entries.iter().find(|(key, _)| key == name).map(|(_, v)| v)
    }

    /// The items of a list; `None` where this is none.
    pub fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// Text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Text that stands in the bytes as it is, without escapes.
    pub fn plain_text(&self) -> Option<&'a str> {
        match self {
            Self::Text(Cow::Borrowed(text)) => Some(text),
            _ => None,
        }
    }

    /// A whole number of 0 and more, not in text.
    pub fn unsigned(&self) -> Option<u64> {
        match self {
            Self::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// A whole number, not in text.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// What it is, for people, shortened.
    pub fn shown(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Flag(flag) => flag.to_string(),
            Self::Number(digits) => digits.chars().take(40).collect(),
            Self::Text(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
            Self::List(items) => format!("a list of {}", items.len()),
            Self::Object(entries) => format!("an object of {}", entries.len()),
        }
    }

    /// The names of an object's fields, for people, shortened.
    pub fn names(&self) -> String {
        match self {
            Self::Object(entries) => {
                let names = entries.iter().take(8).map(|(key, _)| key.as_ref());
                let names = names.collect::<Vec<_>>().join(",");
                format!("{{{}}}", names.chars().take(80).collect::<String>())
            }
            other => other.shown(),
        }
    }
}
