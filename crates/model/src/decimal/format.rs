//! Writing a [`Decimal`] as text, plain or padded as venues do, and its form in serde: that text.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Decimal;

impl Decimal {
    /// Shows the number with at least `decimals` digits after the point, as venues write it.
    pub fn padded(self, decimals: u8) -> impl fmt::Display {
        Padded {
            decimal: self,
            decimals,
        }
    }

    fn write(self, f: &mut fmt::Formatter<'_>, decimals: u8) -> fmt::Result {
        let mut digits = [b'0'; 80];
        let mut at = digits.len();
        let mut rest = self.mantissa().unsigned_abs();
        let mut put = |byte: u8| {
            at -= 1;
            digits[at] = byte;
        };
        for _ in self.scale..decimals.min(Self::MAX_SCALE) {
            put(b'0');
        }
        for place in 0.. {
            if place == self.scale && (place > 0 || decimals > 0) {
                put(b'.');
            }
            if rest == 0 && place > self.scale {
                break;
            }
            // most numbers fit 64 bits, where division is far cheaper
            let digit = if let Ok(small) = u64::try_from(rest) {
                rest = u128::from(small / 10);
                (small % 10) as u8
            } else {
                let digit = (rest % 10) as u8;
                rest /= 10;
                digit
            };
            put(b'0' + digit);
        }
        if self.is_negative() {
            put(b'-');
        }
        f.write_str(std::str::from_utf8(&digits[at..]).map_err(|_| fmt::Error)?)
    }
}

struct Padded {
    decimal: Decimal,
    decimals: u8,
}

impl fmt::Display for Padded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decimal.write(f, self.decimals)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Decimal;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal number as a string")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Decimal, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}
