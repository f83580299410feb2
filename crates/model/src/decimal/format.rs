//! Writing a [`Decimal`] as text, plain or padded as venues do, and its form in serde: that text.

use std::fmt;
use std::str::Utf8Error;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Decimal, POWERS};

/// Room for the text of any number: 38 digits, as many zeros behind or before them, a sign and a point.
const ROOM: usize = 80;

/// Both digits of each number below a hundred.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + n as u8 / 10, b'0' + n as u8 % 10];
        n += 1;
    }
    pairs
};

/// A number as text, written from its end.
struct Text {
    digits: [u8; ROOM],
    start: usize,
}

impl Text {
    /// The number with at least `decimals` digits after the point.
    #[inline]
    fn of(number: Decimal, decimals: u8) -> Self {
        let scale = number.scale;
        let digits = number.mantissa().unsigned_abs();
        let decimals = decimals.clamp(scale, Decimal::MAX_SCALE);
        let mut text = Self {
            // so zeros that are not put are there
            digits: [b'0'; ROOM],
            start: ROOM - usize::from(decimals - scale),
        };
        let point = text.start - usize::from(scale);
        let power = POWERS[usize::from(scale)].unsigned_abs();
        // most numbers fit 64 bits, where division is far cheaper
        if let (Ok(digits), Ok(power)) = (u64::try_from(digits), u64::try_from(power)) {
            text.put(digits % power);
            text.begin(point, decimals > 0, digits < power);
            text.put(digits / power);
        } else {
            text.put_long(digits % power);
            text.begin(point, decimals > 0, digits < power);
            text.put_long(digits / power);
        }
        if number.is_negative() {
            text.put_byte(b'-');
        }
        text
    }

    /// What stands before the digits behind the point: it, and the zero of a number below one.
    #[inline]
    fn begin(&mut self, point: usize, has_point: bool, is_fraction: bool) {
        self.start = point;
        if has_point {
            self.put_byte(b'.');
        }
        self.start -= usize::from(is_fraction);
    }

    fn bytes(&self) -> &[u8] {
        &self.digits[self.start..]
    }

    fn str(&self) -> Result<&str, Utf8Error> {
        std::str::from_utf8(self.bytes())
    }

    #[inline]
    fn put_byte(&mut self, byte: u8) {
        self.start -= 1;
        self.digits[self.start] = byte;
    }

    /// Digits of a number before what is there; none of zero.
    #[inline]
    fn put(&mut self, mut number: u64) {
        while number >= 10 {
            let pair = PAIRS[(number % 100) as usize];
            self.start -= 2;
            self.digits[self.start..self.start + 2].copy_from_slice(&pair);
            number /= 100;
        }
        if number > 0 {
            self.put_byte(b'0' + number as u8);
        }
    }

    fn put_long(&mut self, mut number: u128) {
        while number > 0 {
            self.put_byte(b'0' + (number % 10) as u8);
            number /= 10;
        }
    }
}

impl Decimal {
    /// Shows the number with at least `decimals` digits after the point, as venues write it.
    pub fn padded(self, decimals: u8) -> impl fmt::Display {
        Padded {
            decimal: self,
            decimals,
        }
    }

    /// Appends what [`Display`](fmt::Display) shows: where thousands of numbers are written, without its detours.
    pub fn append_to(self, out: &mut Vec<u8>) {
        out.extend_from_slice(Text::of(self, 0).bytes());
    }

    fn write(self, f: &mut fmt::Formatter<'_>, decimals: u8) -> fmt::Result {
        f.write_str(Text::of(self, decimals).str().map_err(|_| fmt::Error)?)
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
        let text = Text::of(*self, 0);
        serializer.serialize_str(text.str().map_err(serde::ser::Error::custom)?)
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
