//! [`Row`]: a list whose places have meanings.

use quantflow_wire::DecodeError;

use super::Json;

/// A list of a known kind whose places have meanings (`[time, open, high, …]`); every error names the
/// kind and the place's meaning.
#[derive(Debug, Clone, Copy)]
pub struct Row<'t, 'a> {
    message: &'static str,
    items: &'t [Json<'a>],
}

impl<'t, 'a> Row<'t, 'a> {
    /// A list of this kind.
    ///
    /// # Errors
    /// When it is no list.
    pub fn new(message: &'static str, list: &'t Json<'a>) -> Result<Self, DecodeError> {
        match list.items() {
            Some(items) => Ok(Self { message, items }),
            None => Err(DecodeError::BadField {
                message,
                field: "",
                found: list.shown(),
            }),
        }
    }

    /// How many places it has.
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What stands at a place, from 0.
    ///
    /// # Errors
    /// When the list is shorter.
    pub fn get(&self, place: usize, field: &'static str) -> Result<&'t Json<'a>, DecodeError> {
        self.items.get(place).ok_or(DecodeError::Missing {
            message: self.message,
            field,
        })
    }

    /// A place read by a function that answers `None` where it does not fit.
    ///
    /// # Errors
    /// When the list is shorter, or it does not fit.
    pub fn read<T>(
        &self,
        place: usize,
        field: &'static str,
        read: impl FnOnce(&'t Json<'a>) -> Option<T>,
    ) -> Result<T, DecodeError> {
        let found = self.get(place, field)?;
        read(found).ok_or_else(|| DecodeError::BadField {
            message: self.message,
            field,
            found: found.shown(),
        })
    }

    /// The same where the place may be absent, null or empty text: then `None`.
    ///
    /// # Errors
    /// When something stands there that does not fit.
    pub fn optional<T>(
        &self,
        place: usize,
        field: &'static str,
        read: impl FnOnce(&'t Json<'a>) -> Option<T>,
    ) -> Result<Option<T>, DecodeError> {
        match self.items.get(place) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Text(text)) if text.is_empty() => Ok(None),
            Some(_) => self.read(place, field, read).map(Some),
        }
    }
}
