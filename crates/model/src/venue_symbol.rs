//! [`VenueSymbol`]: what a venue calls a tradable thing.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A symbol as its venue spells it (`BTCUSDT`). A type of its own, so that it is never taken for
/// ours. Any text of 1 to 64 bytes.
///
/// Every message names one, so it is made, compared and hashed by words, without a call to copy or
/// compare text.
#[derive(Clone, PartialEq, Eq)]
pub struct VenueSymbol(Spelled);

/// Text; short where it fits, so that equal text is equal here.
#[derive(Clone, PartialEq, Eq)]
enum Spelled {
    /// What is behind the text is 0.
    Short {
        length: u8,
        bytes: [u8; SHORT],
    },
    Long(Box<str>),
}

const SHORT: usize = 22;

impl VenueSymbol {
    /// A venue's spelling; `None` when empty or longer than 64 bytes.
    pub fn new(text: &str) -> Option<Self> {
        (1..=64).contains(&text.len()).then(|| Self::spelled(text))
    }

    /// The same of bytes from a message: of 4 to 16 of them, as nearly always, fast. `None` also
    /// when they are no text.
    #[inline]
    pub fn from_bytes(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; SHORT];
        if copy_ends::<8>(text, &mut bytes) || copy_ends::<4>(text, &mut bytes) {
            let length = text.len() as u8;
            return Some(Self(Spelled::Short { length, bytes }));
        }
        Self::new(std::str::from_utf8(text).ok()?)
    }

    fn spelled(text: &str) -> Self {
        let mut bytes = [0; SHORT];
        Self(match bytes.get_mut(..text.len()) {
            Some(room) => {
                room.copy_from_slice(text.as_bytes());
                let length = text.len() as u8;
                Spelled::Short { length, bytes }
            }
            None => Spelled::Long(text.into()),
        })
    }

    /// The spelling as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // made of text, so it is text
            Spelled::Short { length, bytes } => {
                std::str::from_utf8(&bytes[..usize::from(*length)]).unwrap_or_default()
            }
            Spelled::Long(text) => text,
        }
    }
}

/// Copies ASCII of `N` to twice as many bytes by its ends, which overlap: no copy of unknown length.
/// `false`, and nothing copied, when it is anything else.
#[inline]
fn copy_ends<const N: usize>(text: &[u8], to: &mut [u8; SHORT]) -> bool {
    let length = text.len();
    let (Some(first), Some(last)) = (text.first_chunk::<N>(), text.last_chunk::<N>()) else {
        return false;
    };
    if length > 2 * N || !first.is_ascii() || !last.is_ascii() {
        return false;
    }
    to[..N].copy_from_slice(first);
    to[length - N..length].copy_from_slice(last);
    true
}

impl Hash for VenueSymbol {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Spelled::Short { bytes, .. } => {
                let [a, b, c, d, e, f, g, h, rest @ ..] = *bytes;
                state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
                let [a, b, c, d, e, f, g, h, ..] = rest;
                state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
            }
            Spelled::Long(text) => text.hash(state),
        }
    }
}

impl Ord for VenueSymbol {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for VenueSymbol {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for VenueSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for VenueSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VenueSymbol").field(&self.as_str()).finish()
    }
}

impl AsRef<str> for VenueSymbol {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Serialize for VenueSymbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for VenueSymbol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::spelled(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_of_every_length_make_the_same_symbol() {
        let text = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let hash = |symbol: &VenueSymbol| {
            let mut state = std::hash::DefaultHasher::new();
            symbol.hash(&mut state);
            state.finish()
        };
        for length in 1..=64 {
            let text = &text[..length];
            let symbol = VenueSymbol::new(text).unwrap();
            let other = VenueSymbol::from_bytes(text.as_bytes()).unwrap();
            assert_eq!(symbol.as_str(), text);
            assert_eq!((&symbol, hash(&symbol)), (&other, hash(&other)));
            let json = serde_json::to_string(&symbol).unwrap();
            assert_eq!(json, format!("{text:?}"));
            assert_eq!(serde_json::from_str::<VenueSymbol>(&json).unwrap(), symbol);
            assert!(VenueSymbol::new(&text[1..]).is_none_or(|shorter| shorter != symbol));
        }
        for wrong in ["", &text[..65]] {
            assert_eq!(VenueSymbol::new(wrong), None);
            assert_eq!(VenueSymbol::from_bytes(wrong.as_bytes()), None);
        }
    }

    #[test]
    fn what_is_no_ascii_is_kept_and_what_is_no_text_refused() {
        let symbol = VenueSymbol::from_bytes("BTCÜSDT€".as_bytes()).unwrap();
        assert_eq!(symbol.as_str(), "BTCÜSDT€");
        assert_eq!(VenueSymbol::from_bytes(b"BTCUSDT\xff\xff"), None);
    }

    #[test]
    fn symbols_are_in_the_order_of_their_text() {
        let symbol = |text| VenueSymbol::new(text).unwrap();
        let long = symbol("BTC-20261225-100000-C-OR-LONGER");
        assert!(symbol("A") < symbol("AB") && symbol("AB") < long && long < symbol("BTD"));
    }
}
