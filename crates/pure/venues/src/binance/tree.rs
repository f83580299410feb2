//! JSON as a tree with typed access: the general reader. Refuses what JSON leaves open (a key twice
//! in an object), so that bytes have one meaning only.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use quantflow_model::{Decimal, Level, Notional, Price, Quantity, Timestamp, TradeId, VenueSymbol};
use quantflow_wire::DecodeError;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON value; text without escapes is borrowed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree<'a> {
    Null,
    Flag(bool),
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Tree<'a>>),
    Object(Vec<(Cow<'a, str>, Tree<'a>)>),
}

impl<'a> Tree<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        serde_json::from_slice(bytes).map_err(|error| DecodeError::Malformed(error.to_string()))
    }

    pub(super) fn entry(&self, name: &str) -> Option<&Self> {
        let Self::Object(entries) = self else {
            return None;
        };
        entries.iter().find(|(key, _)| key == name).map(|(_, v)| v)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Text that stands in the bytes as it is, without escapes.
    pub(super) fn plain_text(&self) -> Option<&'a str> {
        match self {
            Self::Text(Cow::Borrowed(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn unsigned(&self) -> Option<u64> {
        match self {
            Self::Unsigned(number) => Some(*number),
            _ => None,
        }
    }

    /// What it is, for people, shortened.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Flag(flag) => flag.to_string(),
            Self::Unsigned(number) => number.to_string(),
            Self::Negative(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Text(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
            Self::List(items) => format!("a list of {}", items.len()),
            Self::Object(entries) => format!("an object of {}", entries.len()),
        }
    }

    /// The names of an object's fields, for people, shortened.
    pub(super) fn names(&self) -> String {
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

impl<'de: 'a, 'a> Deserialize<'de> for Tree<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Tree<'de>, E> {
        Ok(Tree::Flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree<'de>, E> {
        Ok(Tree::Unsigned(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree<'de>, E> {
        Ok(u64::try_from(number).map_or(Tree::Negative(number), Tree::Unsigned))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree<'de>, E> {
        Ok(Tree::Float(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree<'de>, A::Error> {
        let mut entries: Vec<(Cow<'de, str>, Tree<'de>)> = Vec::new();
        while let Some(key) = map.next_key::<Tree<'de>>()? {
            let Tree::Text(key) = key else {
                return Err(A::Error::custom("a key that is no text"));
            };
            entries.push((key, map.next_value()?));
        }
        let mut seen = HashSet::with_capacity(entries.len());
        match entries.iter().find(|(key, _)| !seen.insert(key.as_ref())) {
            Some((key, _)) => Err(A::Error::custom(format_args!("key {key:?} stands twice"))),
            None => Ok(Tree::Object(entries)),
        }
    }
}

/// A time on the wire: milliseconds, or microseconds where the number is too large for those.
#[inline]
pub(super) fn time_of(number: u64) -> Option<Timestamp> {
    let nanos = if number < 100_000_000_000_000 {
        number.checked_mul(1_000_000)?
    } else {
        number.checked_mul(1_000)?
    };
    i64::try_from(nanos).ok().map(Timestamp::from_nanos)
}

/// The fields of an object of a known kind; every error names the kind and the field.
#[derive(Clone, Copy)]
pub(super) struct Fields<'t, 'a> {
    pub(super) message: &'static str,
    pub(super) object: &'t Tree<'a>,
}

impl<'t, 'a> Fields<'t, 'a> {
    pub(super) fn new(message: &'static str, object: &'t Tree<'a>) -> Result<Self, DecodeError> {
        match object {
            Tree::Object(_) => Ok(Self { message, object }),
            other => Err(DecodeError::BadField {
                message,
                field: "",
                found: other.shown(),
            }),
        }
    }

    pub(super) fn bad(&self, field: &'static str, found: &Tree<'_>) -> DecodeError {
        DecodeError::BadField {
            message: self.message,
            field,
            found: found.shown(),
        }
    }

    pub(super) fn get(&self, field: &'static str) -> Result<&'t Tree<'a>, DecodeError> {
        self.object.entry(field).ok_or(DecodeError::Missing {
            message: self.message,
            field,
        })
    }

    /// A field read by a function that answers `None` where it does not fit.
    fn read<T>(
        &self,
        field: &'static str,
        read: impl FnOnce(&'t Tree<'a>) -> Option<T>,
    ) -> Result<T, DecodeError> {
        let found = self.get(field)?;
        read(found).ok_or_else(|| self.bad(field, found))
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.object.entry(field).is_some()
    }

    pub(super) fn unsigned(&self, field: &'static str) -> Result<u64, DecodeError> {
        self.read(field, Tree::unsigned)
    }

    pub(super) fn id(&self, field: &'static str) -> Result<TradeId, DecodeError> {
        self.unsigned(field).map(|id| TradeId(u128::from(id)))
    }

    /// An id where -1 stands for none.
    pub(super) fn optional_id(&self, field: &'static str) -> Result<Option<TradeId>, DecodeError> {
        self.read(field, |found| match found {
            Tree::Negative(-1) => Some(None),
            other => other.unsigned().map(|id| Some(TradeId(u128::from(id)))),
        })
    }

    pub(super) fn time(&self, field: &'static str) -> Result<Timestamp, DecodeError> {
        self.read(field, |found| found.unsigned().and_then(time_of))
    }

    pub(super) fn flag(&self, field: &'static str) -> Result<bool, DecodeError> {
        self.read(field, |found| match found {
            Tree::Flag(flag) => Some(*flag),
            _ => None,
        })
    }

    pub(super) fn text(&self, field: &'static str) -> Result<&'t str, DecodeError> {
        self.read(field, Tree::text)
    }

    pub(super) fn symbol(&self, field: &'static str) -> Result<VenueSymbol, DecodeError> {
        self.read(field, |found| found.plain_text().and_then(VenueSymbol::new))
    }

    pub(super) fn decimal(&self, field: &'static str) -> Result<Decimal, DecodeError> {
        self.read(field, decimal)
    }

    pub(super) fn price(&self, field: &'static str) -> Result<Price, DecodeError> {
        self.decimal(field).map(Price)
    }

    pub(super) fn quantity(&self, field: &'static str) -> Result<Quantity, DecodeError> {
        self.decimal(field).map(Quantity)
    }

    pub(super) fn notional(&self, field: &'static str) -> Result<Notional, DecodeError> {
        self.decimal(field).map(Notional)
    }

    /// Book levels: `[["price","quantity"],…]`.
    pub(super) fn levels(&self, field: &'static str) -> Result<Vec<Level>, DecodeError> {
        let found = self.get(field)?;
        let Tree::List(items) = found else {
            return Err(self.bad(field, found));
        };
        let level = |item: &Tree<'a>| match item {
            Tree::List(pair) => match pair.as_slice() {
                [price, quantity] => decimal(price).zip(decimal(quantity)),
                _ => None,
            },
            _ => None,
        };
        items
            .iter()
            .map(|item| {
                let (price, quantity) = level(item).ok_or_else(|| self.bad(field, item))?;
                Ok(Level {
                    price: Price(price),
                    quantity: Quantity(quantity),
                })
            })
            .collect()
    }
}

/// A number in text, such as every price and quantity is. Numbers outside text are refused: they
/// went through a float somewhere.
pub(super) fn decimal(found: &Tree<'_>) -> Option<Decimal> {
    Decimal::parse(found.text()?.as_bytes()).ok()
}
