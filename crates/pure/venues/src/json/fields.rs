//! [`Fields`]: an object whose fields have meanings.

use quantflow_model::{Decimal, Level, Notional, Price, Quantity, TradeId, VenueSymbol};
use quantflow_wire::DecodeError;

use super::Json;
use super::value;

/// The fields of an object of a known kind; every error names the kind and the field.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'t, 'a> {
    message: &'static str,
    object: &'t Json<'a>,
    number: fn(&Json<'_>) -> Option<Decimal>,
}

impl<'t, 'a> Fields<'t, 'a> {
    /// An object of this kind, whose numbers may stand in text or not.
    ///
    /// # Errors
    /// When it is no object.
    pub fn new(message: &'static str, object: &'t Json<'a>) -> Result<Self, DecodeError> {
        match object {
            Json::Object(_) => Ok(Self {
                message,
                object,
                number: value::decimal,
            }),
            other => Err(DecodeError::BadField {
                message,
                field: "",
                found: other.shown(),
            }),
        }
    }

    /// The same of a venue that writes prices and quantities in text only.
    ///
    /// # Errors
    /// When it is no object.
    pub fn in_text(message: &'static str, object: &'t Json<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            number: value::decimal_in_text,
            ..Self::new(message, object)?
        })
    }

    /// The object itself.
    pub const fn object(&self) -> &'t Json<'a> {
        self.object
    }

    /// That a field's value does not fit.
    pub fn bad(&self, field: &'static str, found: &Json<'_>) -> DecodeError {
        DecodeError::BadField {
            message: self.message,
            field,
            found: found.shown(),
        }
    }

    /// A field's value.
    ///
    /// # Errors
    /// When it is missing.
    pub fn get(&self, field: &'static str) -> Result<&'t Json<'a>, DecodeError> {
        self.object.entry(field).ok_or(DecodeError::Missing {
            message: self.message,
            field,
        })
    }

    /// Whether there is such a field.
    pub fn has(&self, field: &str) -> bool {
        self.object.entry(field).is_some()
    }

    /// A field read by a function that answers `None` where it does not fit.
    ///
    /// # Errors
    /// When it is missing or does not fit.
    pub fn read<T>(
        &self,
        field: &'static str,
        read: impl FnOnce(&'t Json<'a>) -> Option<T>,
    ) -> Result<T, DecodeError> {
        let found = self.get(field)?;
        read(found).ok_or_else(|| self.bad(field, found))
    }

    /// The same where the field may be missing, null or empty text: then `None`.
    ///
    /// # Errors
    /// When something stands there that does not fit.
    pub fn optional<T>(
        &self,
        field: &'static str,
        read: impl FnOnce(&'t Json<'a>) -> Option<T>,
    ) -> Result<Option<T>, DecodeError> {
        match self.object.entry(field) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Text(text)) if text.is_empty() => Ok(None),
            Some(_) => self.read(field, read).map(Some),
        }
    }

    /// A whole number of 0 and more, not in text.
    ///
    /// # Errors
    /// When it is missing or does not fit.
    pub fn unsigned(&self, field: &'static str) -> Result<u64, DecodeError> {
        self.read(field, Json::unsigned)
    }

    /// A trade's number, not in text.
    ///
    /// # Errors
    /// When it is missing or does not fit.
    pub fn id(&self, field: &'static str) -> Result<TradeId, DecodeError> {
        self.unsigned(field).map(|id| TradeId(u128::from(id)))
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// When it is missing or does not fit.
    pub fn flag(&self, field: &'static str) -> Result<bool, DecodeError> {
        self.read(field, value::flag)
    }

    /// Text.
    ///
    /// # Errors
    /// When it is missing or does not fit.
    pub fn text(&self, field: &'static str) -> Result<&'t str, DecodeError> {
        self.read(field, Json::text)
    }

    /// The venue's name of a symbol.
    ///
    /// # Errors
    /// When it is missing or does not fit.
    pub fn symbol(&self, field: &'static str) -> Result<VenueSymbol, DecodeError> {
        self.read(field, value::symbol)
    }

    /// An exact number.
    ///
    /// # Errors
    /// When it is missing or does not fit.
    pub fn decimal(&self, field: &'static str) -> Result<Decimal, DecodeError> {
        self.read(field, self.number)
    }

    /// A price.
    ///
    /// # Errors
    /// When it is missing or does not fit.
    pub fn price(&self, field: &'static str) -> Result<Price, DecodeError> {
        self.decimal(field).map(Price)
    }

    /// A quantity.
    ///
    /// # Errors
    /// When it is missing or does not fit.
    pub fn quantity(&self, field: &'static str) -> Result<Quantity, DecodeError> {
        self.decimal(field).map(Quantity)
    }

    /// An amount of the quote currency.
    ///
    /// # Errors
    /// When it is missing or does not fit.
    pub fn notional(&self, field: &'static str) -> Result<Notional, DecodeError> {
        self.decimal(field).map(Notional)
    }

    /// A list.
    ///
    /// # Errors
    /// When it is missing or no list.
    pub fn list(&self, field: &'static str) -> Result<&'t [Json<'a>], DecodeError> {
        self.read(field, Json::items)
    }

    /// Book levels: `[[price, quantity], …]`.
    ///
    /// # Errors
    /// When they are missing, or one of them does not fit.
    pub fn levels(&self, field: &'static str) -> Result<Vec<Level>, DecodeError> {
        let level = |item: &'t Json<'a>| match item.items() {
            Some([price, quantity]) => Some(Level {
                price: Price((self.number)(price)?),
                quantity: Quantity((self.number)(quantity)?),
            }),
            _ => None,
        };
        let items = self.list(field)?;
        items
            .iter()
            .map(|item| level(item).ok_or_else(|| self.bad(field, item)))
            .collect()
    }
}
