//! 128-bit integers in state: as short as they are, for most fit 64 bits.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserializer, Serializer, de};

/// An integer of 128 bits, as a short one or as 16 bytes.
pub(crate) trait Wide: Copy {
    fn short(self) -> Option<i64>;
    fn from_short(short: i64) -> Option<Self>;
    fn from_unsigned(short: u64) -> Option<Self>;
    fn bytes(self) -> [u8; 16];
    fn from_bytes(bytes: [u8; 16]) -> Self;
}

macro_rules! wide {
    ($type:ty) => {
        impl Wide for $type {
            fn short(self) -> Option<i64> {
                self.try_into().ok()
            }
            fn from_short(short: i64) -> Option<Self> {
                short.try_into().ok()
            }
            fn from_unsigned(short: u64) -> Option<Self> {
                Some(short.into())
            }
            fn bytes(self) -> [u8; 16] {
                self.to_le_bytes()
            }
            fn from_bytes(bytes: [u8; 16]) -> Self {
                Self::from_le_bytes(bytes)
            }
        }
    };
}
wide!(i128);
wide!(u128);

pub(crate) fn serialize<W: Wide, S: Serializer>(
    value: &W,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value.short() {
        Some(short) => serializer.serialize_i64(short),
        None => serializer.serialize_bytes(&value.bytes()),
    }
}

pub(crate) fn deserialize<'de, W: Wide, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<W, D::Error> {
    struct Either<W>(PhantomData<W>);
    impl<W: Wide> de::Visitor<'_> for Either<W> {
        type Value = W;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an integer, or 16 bytes of one")
        }
        fn visit_i64<E: de::Error>(self, short: i64) -> Result<W, E> {
            W::from_short(short).ok_or_else(|| E::custom("a negative number"))
        }
        fn visit_u64<E: de::Error>(self, short: u64) -> Result<W, E> {
            W::from_unsigned(short).ok_or_else(|| E::custom("too large"))
        }
        fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<W, E> {
            let bytes = bytes.try_into().map_err(|_| E::custom("not 16 bytes"))?;
            Ok(W::from_bytes(bytes))
        }
    }
    deserializer.deserialize_any(Either(PhantomData))
}
