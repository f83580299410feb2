//! [`Decimal`]: an exact number as venues write it.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Powers of ten that fit an `i128`.
const POWERS: [i128; 39] = {
    let mut powers = [1_i128; 39];
    let mut i = 1;
    while i < 39 {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// A number that bytes begin with: all of it fits words, so that it stays in registers until it is
/// written where it is kept.
#[derive(Clone, Copy)]
struct Parts {
    /// At most sixteen digits, in lowest terms.
    mantissa: u64,
    scale: u8,
    /// How many bytes it takes.
    length: usize,
}

impl Parts {
    #[inline]
    const fn decimal(self) -> Decimal {
        Decimal {
            low: self.mantissa,
            high: 0,
            scale: self.scale,
        }
    }

    /// Any number whose digits fit a word once the zeros at its end are gone.
    #[cold]
    fn of_any_shape(bytes: &[u8]) -> Option<Self> {
        let (mut mantissa, mut scale, mut zeros) = (0_u64, 0, 0);
        let (mut point, mut length, mut digits) = (false, 0, 0);
        for &byte in bytes.iter().take(64) {
            match byte {
                b'0' if point => zeros += 1,
                b'0'..=b'9' => {
                    // in front of the point no zero is held back
                    let power = 10_u64.checked_pow(zeros + 1)?;
                    mantissa = mantissa.checked_mul(power)?;
                    mantissa = mantissa.checked_add(u64::from(byte - b'0'))?;
                    scale += if point { zeros + 1 } else { 0 };
                    zeros = 0;
                }
                b'.' if !point => point = true,
                _ => break,
            }
            digits += usize::from(byte != b'.');
            length += 1;
        }
        let scale = u8::try_from(scale).ok()?;
        let whole = digits > 0 && length < 64 && scale <= Decimal::MAX_SCALE;
        whole.then_some(Self {
            mantissa,
            scale,
            length,
        })
    }

    /// The shape that venues pad to: one to seven digits, a point, eight digits.
    #[expect(
        clippy::inline_always,
        reason = "through memory the halves of the number stall: half of a frame's time"
    )]
    #[inline(always)]
    fn of_padded(bytes: &[u8]) -> Option<Self> {
        let (whole, others) = digits_of(*bytes.first_chunk::<8>()?);
        let point = (others.trailing_zeros() / 8) as usize;
        if point == 0 || *bytes.get(point)? != b'.' {
            return None;
        }
        let rest = &bytes[point + 1..];
        let (fraction, others) = digits_of(*rest.first_chunk::<8>()?);
        if others != 0 || rest.get(8).is_some_and(u8::is_ascii_digit) {
            return None;
        }
        let whole = eight_digits(whole << (64 - 8 * point));
        let zeros = fraction.leading_zeros() / 8;
        let scale = 8 - zeros;
        // zeros at the end are shifted out; of eight nothing is left
        let fraction = eight_digits(fraction.checked_shl(8 * zeros).unwrap_or(0));
        Some(Self {
            mantissa: whole * SMALL_POWERS[scale as usize] + fraction,
            scale: scale as u8,
            length: point + 9,
        })
    }

    /// The number that the bytes of a word begin with (the first byte lowest), and its length.
    ///
    /// All sixteen bytes at once: the first byte that is no digit may be the point, the second ends
    /// the number. Zeros at its end are shifted out as text, which is far cheaper than dividing.
    #[inline]
    fn of_word(word: u128) -> Option<Self> {
        let (values, others) = digits_of_sixteen(word);
        let stop = (others.trailing_zeros() / 8) as usize; // 16 when all are digits
        let has_point = stop < 16 && (word >> (8 * stop)) as u8 == b'.';
        let (length, fraction) = if has_point {
            let length = ((others & (others - 1)).trailing_zeros() / 8) as usize;
            (length, length - 1 - stop)
        } else {
            (stop, 0)
        };
        if length == usize::from(has_point) {
            return None; // nothing, or a lone point
        }
        // the last byte on top, what follows the number gone, zeros in front
        let mut digits = values << (8 * (16 - length));
        let mut scale = 0;
        if has_point {
            // stops at the point, which is no zero
            let zeros = (digits.leading_zeros() / 8) as usize;
            digits <<= 8 * zeros;
            scale = fraction - zeros;
            // close the gap where the point stands
            let before = (1_u128 << (8 * (15 - scale))) - 1;
            let point_and_before = (before << 8) | 0xff;
            digits = (digits & !point_and_before) | ((digits & before) << 8);
        }
        let mantissa =
            eight_digits(digits as u64) * 100_000_000 + eight_digits((digits >> 64) as u64);
        Some(Self {
            mantissa,
            scale: scale as u8,
            length,
        })
    }
}

/// Up to sixteen bytes as a word, the first byte lowest; zeros (no digits) behind. `None` when empty
/// or longer.
#[inline]
fn word_of(bytes: &[u8]) -> Option<u128> {
    if bytes.is_empty() || bytes.len() > 16 {
        return None;
    }
    // two loads that overlap, rather than a copy of unknown length
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let last = u128::from(u64::from_le_bytes(*last)) << (8 * (bytes.len() - 8));
        return Some(u128::from(u64::from_le_bytes(*first)) | last);
    }
    let bytes = bytes.iter().rev();
    Some(bytes.fold(0, |word, &byte| (word << 8) | u128::from(byte)))
}

/// Each of eight bytes as the value of its digit, the first lowest, and a word whose high bits mark
/// the bytes that are no digits.
#[inline]
const fn digits_of(bytes: [u8; 8]) -> (u64, u64) {
    const LOW: u64 = u64::from_le_bytes([0x7f; 8]);
    const ABOVE_NINE: u64 = u64::from_le_bytes([0x76; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let values = u64::from_le_bytes(bytes) ^ u64::from_le_bytes([b'0'; 8]);
    (values, (((values & LOW) + ABOVE_NINE) | values) & HIGH)
}

/// The same of sixteen bytes in a word.
#[inline]
const fn digits_of_sixteen(word: u128) -> (u128, u128) {
    let (first, first_others) = digits_of((word as u64).to_le_bytes());
    let (last, last_others) = digits_of(((word >> 64) as u64).to_le_bytes());
    (
        (last as u128) << 64 | first as u128,
        (last_others as u128) << 64 | first_others as u128,
    )
}

/// The number of eight digits (0 to 9 a byte), the first lowest.
#[inline]
const fn eight_digits(digits: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let first = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let second = ((pairs >> 16) & PAIRS).wrapping_mul(1 + (10_000 << 32));
    first.wrapping_add(second) >> 32
}

/// Powers of ten up to that of eight digits.
const SMALL_POWERS: [u64; 9] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

/// An exact decimal: `mantissa × 10^-scale`, up to 38 digits, scale 0 to 38.
///
/// Always in lowest terms (the mantissa does not end in a zero unless the scale is 0), so that
/// equality, order and hash are those of the number: `1.50` is `1.5`. How many decimals an
/// instrument is shown with is the instrument's own affair, see [`Decimal::padded`].
///
/// Arithmetic is exact or refused; nothing rounds. The one way to a float is
/// [`Decimal::to_f64_lossy`], named so that it can be searched for.
///
/// ```
/// use quantflow_model::Decimal;
/// let price: Decimal = "61837.63000000".parse()?;
/// assert_eq!(price.to_string(), "61837.63");
/// assert_eq!(price.padded(8).to_string(), "61837.63000000");
/// assert_eq!((price.mantissa(), price.scale()), (6_183_763, 2));
/// # Ok::<(), quantflow_model::DecimalError>(())
/// ```
// Two halves instead of an i128: 24 bytes and 8-byte alignment, a quarter less to move.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Decimal {
    low: u64,
    high: i64,
    scale: u8,
}

/// Why text or a number is not a [`Decimal`], or a calculation has no exact result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// The text is not a decimal number.
    #[error("not a decimal number: {0:?}")]
    NotANumber(String),
    /// More digits than can be held exactly.
    #[error("{0:?} has more digits than can be kept exactly (38)")]
    TooManyDigits(String),
    /// A calculation left the range.
    #[error("the exact result has more than 38 digits")]
    Overflow,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self {
        low: 0,
        high: 0,
        scale: 0,
    };
    /// One.
    pub const ONE: Self = Self {
        low: 1,
        high: 0,
        scale: 0,
    };
    /// The largest scale (digits after the point).
    pub const MAX_SCALE: u8 = 38;

    /// `mantissa × 10^-scale`, brought to lowest terms; `None` when the scale is over 38.
    #[inline]
    pub const fn new(mut mantissa: i128, mut scale: u8) -> Option<Self> {
        if scale > Self::MAX_SCALE {
            return None;
        }
        if mantissa == 0 {
            return Some(Self::ZERO);
        }
        // i64 division is several times cheaper than i128 division
        if mantissa as i64 as i128 == mantissa {
            let mut small = mantissa as i64;
            while scale > 0 && small % 10 == 0 {
                small /= 10;
                scale -= 1;
            }
            return Some(Self::raw(small as i128, scale));
        }
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Some(Self::raw(mantissa, scale))
    }

    /// A whole number.
    #[inline]
    pub const fn whole(value: i64) -> Self {
        Self::raw(value as i128, 0)
    }

    #[inline]
    const fn raw(mantissa: i128, scale: u8) -> Self {
        Self {
            low: mantissa as u64,
            high: (mantissa >> 64) as i64,
            scale,
        }
    }

    /// The digits as an integer: the number times `10^scale`.
    #[inline]
    pub const fn mantissa(self) -> i128 {
        ((self.high as i128) << 64) | self.low as i128
    }

    /// How many digits stand after the point.
    #[inline]
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// Whether the number is below zero.
    #[inline]
    pub const fn is_negative(self) -> bool {
        self.high < 0
    }

    /// Whether the number is zero.
    #[inline]
    pub const fn is_zero(self) -> bool {
        self.low == 0 && self.high == 0
    }

    /// Whether the number is above zero.
    #[inline]
    pub const fn is_positive(self) -> bool {
        !self.is_negative() && !self.is_zero()
    }

    /// The number as an integer of `10^-scale`; `None` when that is not exact or does not fit.
    #[inline]
    pub const fn at_scale(self, scale: u8) -> Option<i128> {
        if scale < self.scale || scale > Self::MAX_SCALE {
            return None;
        }
        let by = scale - self.scale;
        if by == 0 {
            return Some(self.mantissa());
        }
        self.mantissa().checked_mul(POWERS[by as usize])
    }

    /// `10^exponent` for an exponent of 0 to 38.
    #[inline]
    pub const fn power_of_ten(exponent: u8) -> Option<i128> {
        if exponent > Self::MAX_SCALE {
            None
        } else {
            Some(POWERS[exponent as usize])
        }
    }

    /// Reads a plain decimal (`-12.340`, `5`, `.5`) or one with an exponent (`1.5E-7`).
    ///
    /// # Errors
    /// When the bytes are no number, or have more digits than 38.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecimalError> {
        Self::parse_short(bytes).map_or_else(|| Self::parse_general(bytes), Ok)
    }

    /// The common shape: optional minus, at most 18 digits, at most one point, no exponent.
    #[inline]
    fn parse_short(bytes: &[u8]) -> Option<Self> {
        let (negative, digits) = match bytes {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, bytes),
        };
        if digits.len() <= 16 {
            let parts = match Parts::of_padded(digits) {
                Some(parts) => parts,
                None => Parts::of_word(word_of(digits)?)?,
            };
            let whole = parts.length == digits.len();
            let sign = if negative { -1 } else { 1 };
            return whole.then(|| Self::raw(sign * i128::from(parts.mantissa), parts.scale));
        }
        if digits.len() > 19 {
            return None;
        }
        let mut mantissa = 0_u64;
        let mut point = None;
        for (i, &byte) in digits.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit <= 9 {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            } else if byte == b'.' && point.is_none() {
                point = Some(i);
            } else {
                return None;
            }
        }
        let scale = match point {
            Some(at) => digits.len() - 1 - at,
            None if digits.len() < 19 => 0,
            None => return None, // 19 digits that may not fit
        };
        let signed = i128::from(mantissa);
        Self::new(if negative { -signed } else { signed }, scale as u8)
    }

    /// The plain unsigned decimal at the beginning of `bytes`, and how many bytes it takes: all
    /// digits up to the first byte that is neither a digit nor the first point. For scanners that
    /// know what must follow the number.
    ///
    /// `None` when there is no digit, or more of them than fit 64 bits; [`Decimal::parse`] reads
    /// those.
    #[expect(
        clippy::inline_always,
        reason = "through memory the halves of the number stall: half of a frame's time"
    )]
    #[inline(always)]
    pub fn parse_prefix(bytes: &[u8]) -> Option<(Self, usize)> {
        let parts = match Parts::of_padded(bytes) {
            Some(parts) => parts,
            None => Parts::of_any_shape(bytes)?,
        };
        Some((parts.decimal(), parts.length))
    }

    /// The whole number at the beginning of `bytes`, and how many digits it has: all up to the first
    /// byte that is no digit. `None` when there is none, or more than 16.
    #[expect(clippy::inline_always, reason = "as `parse_prefix`")]
    #[inline(always)]
    pub fn parse_prefix_whole(bytes: &[u8]) -> Option<(u64, usize)> {
        let Some((first, rest)) = bytes.split_first_chunk::<8>() else {
            return Self::short_whole(bytes);
        };
        let (values, others) = digits_of(*first);
        if others != 0 {
            let length = others.trailing_zeros() / 8;
            let digits = values.checked_shl(64 - 8 * length)?; // nothing when there is no digit
            return Some((eight_digits(digits), length as usize));
        }
        let high = eight_digits(values);
        let Some(second) = rest.first_chunk::<8>() else {
            let (low, length) = Self::short_whole(rest).unwrap_or_default();
            return Some((high * SMALL_POWERS[length] + low, 8 + length));
        };
        let (values, others) = digits_of(*second);
        let length = (others.trailing_zeros() / 8) as usize; // 8 when all are digits
        if length == 8 && rest.get(8).is_some_and(u8::is_ascii_digit) {
            return None;
        }
        let digits = values.checked_shl(64 - 8 * length as u32).unwrap_or(0);
        let number = high * SMALL_POWERS[length] + eight_digits(digits);
        Some((number, 8 + length))
    }

    /// The same of fewer than eight bytes.
    fn short_whole(bytes: &[u8]) -> Option<(u64, usize)> {
        let length = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let digits = bytes[..length].iter();
        let number = digits.fold(0, |number, b| number * 10 + u64::from(b - b'0'));
        (length > 0).then_some((number, length))
    }

    fn parse_general(bytes: &[u8]) -> Result<Self, DecimalError> {
        let text = || String::from_utf8_lossy(&bytes[..bytes.len().min(64)]).into_owned();
        let not_a_number = || DecimalError::NotANumber(text());
        let too_many = || DecimalError::TooManyDigits(text());
        let (negative, unsigned) = match bytes {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, bytes),
        };
        let (digits, exponent) = match unsigned.iter().position(|b| matches!(b, b'e' | b'E')) {
            Some(at) => {
                let exponent = std::str::from_utf8(&unsigned[at + 1..])
                    .ok()
                    .and_then(|t| t.parse::<i32>().ok())
                    .ok_or_else(not_a_number)?;
                (&unsigned[..at], exponent)
            }
            None => (unsigned, 0),
        };
        let mut mantissa = 0_i128;
        let mut seen = false;
        let mut after_point = false;
        let mut scale = 0_i64;
        // zeros at the end are held back, so that "1.000…0" of any length is still 1
        let mut zeros = 0_u32;
        for &byte in digits {
            match byte {
                b'0'..=b'9' => {
                    seen = true;
                    scale += i64::from(after_point);
                    if byte == b'0' {
                        zeros = zeros.checked_add(1).ok_or_else(too_many)?;
                        continue;
                    }
                    for _ in 0..std::mem::take(&mut zeros) {
                        if mantissa == 0 {
                            break;
                        }
                        mantissa = mantissa.checked_mul(10).ok_or_else(too_many)?;
                    }
                    mantissa = mantissa
                        .checked_mul(10)
                        .and_then(|m| m.checked_add(i128::from(byte - b'0')))
                        .ok_or_else(too_many)?;
                }
                b'.' if !after_point => after_point = true,
                _ => return Err(not_a_number()),
            }
        }
        if !seen {
            return Err(not_a_number());
        }
        if mantissa == 0 {
            return Ok(Self::ZERO);
        }
        let scale = scale - i64::from(zeros) - i64::from(exponent);
        let mantissa = if negative { -mantissa } else { mantissa };
        if scale < 0 {
            let power = u8::try_from(-scale).ok().and_then(Self::power_of_ten);
            let mantissa = power
                .and_then(|p| mantissa.checked_mul(p))
                .ok_or_else(too_many)?;
            return Self::new(mantissa, 0).ok_or_else(too_many);
        }
        let scale = u8::try_from(scale).map_err(|_| too_many())?;
        Self::new(mantissa, scale).ok_or_else(too_many)
    }

    /// The exact sum; `None` when it has too many digits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        Self::new(
            self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?,
            scale,
        )
    }

    /// The exact difference; `None` when it has too many digits.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self::raw(other.mantissa().checked_neg()?, other.scale))
    }

    /// The exact product; `None` when it has too many digits.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let mantissa = self.mantissa().checked_mul(other.mantissa())?;
        Self::new(mantissa, self.scale.checked_add(other.scale)?)
    }

    /// The nearest float: for statistics, indicators and drawing only.
    pub fn to_f64_lossy(self) -> f64 {
        let mantissa = self.mantissa();
        // both exact below 2^53 and 10^22: the quotient is then the nearest float
        if mantissa.unsigned_abs() < (1 << 53) && self.scale <= 22 {
            return mantissa as f64 / POWERS[self.scale as usize] as f64;
        }
        self.to_string().parse().unwrap_or(f64::NAN)
    }

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

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        Self::parse(text.as_bytes())
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale {
            return self.mantissa().cmp(&other.mantissa());
        }
        let scale = self.scale.max(other.scale);
        match (self.at_scale(scale), other.at_scale(scale)) {
            (Some(a), Some(b)) => a.cmp(&b),
            // the one that does not fit at the common scale is the larger in size
            (None, _) if self.is_negative() => Ordering::Less,
            (_, None) if !other.is_negative() => Ordering::Less,
            _ => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn prints_what_it_read_in_lowest_terms() {
        for (text, shown) in [
            ("61837.63000000", "61837.63"),
            ("0.00000001", "0.00000001"),
            ("-0.50", "-0.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("0", "0"),
            ("-0.000", "0"),
            ("1000", "1000"),
            ("1.5E-7", "0.00000015"),
            ("2e3", "2000"),
            ("1234567890123456789", "1234567890123456789"),
            ("1.00000000000000000000000000000000000000000000000000", "1"),
            ("0.1000000000000000055511", "0.1000000000000000055511"),
            (
                "99999999999999999999999999999999999999",
                "99999999999999999999999999999999999999",
            ),
        ] {
            assert_eq!(decimal(text).to_string(), shown, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_number_or_not_exact() {
        for text in [
            "", "-", ".", "1.2.3", "abc", "1e", "NaN", "inf", "0x10", "1,5", " 1",
        ] {
            assert!(
                matches!(text.parse::<Decimal>(), Err(DecimalError::NotANumber(_))),
                "{text}"
            );
        }
        for text in [
            "1e39",
            "1e-39",
            "123456789012345678901234567890123456789012",
            "1e999999999",
        ] {
            assert!(
                matches!(text.parse::<Decimal>(), Err(DecimalError::TooManyDigits(_))),
                "{text}"
            );
        }
    }

    /// The byte loop and the word must agree on every text, whatever it is.
    #[test]
    fn the_fast_path_reads_what_the_general_one_reads() {
        // digits and a point, twice as often as anything else
        const ALPHABETS: [u64; 3] = [22, 16, 16];
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        let mut numbers = 0;
        for _ in 0..200_000 {
            let length = random(21) as usize;
            let text: Vec<u8> = (0..length)
                .map(|_| {
                    b"000000123456789.\x00/:e-\xff."[{
                        let below = ALPHABETS[random(3) as usize];
                        random(below) as usize
                    }]
                })
                .collect();
            let general = Decimal::parse_general(&text);
            numbers += usize::from(general.is_ok());
            assert_eq!(Decimal::parse(&text), general, "{:?}", text.escape_ascii());
            if let Some((decimal, length)) = Decimal::parse_prefix(&text) {
                assert_eq!(Decimal::parse_general(&text[..length]), Ok(decimal));
                let next = text.get(length);
                let point = text[..length].contains(&b'.');
                assert!(
                    !next.is_some_and(u8::is_ascii_digit),
                    "{:?}",
                    text.escape_ascii()
                );
                assert!(point || next != Some(&b'.'), "{:?}", text.escape_ascii());
            }
        }
        assert!(numbers > 50_000, "{numbers} of the texts were numbers");
    }

    #[test]
    fn a_prefix_ends_where_the_number_does() {
        for (text, number, length) in [
            ("61837.63000000\",\"q\":\"", "61837.63", 14),
            ("0.02000000\"}", "0.02", 10),
            ("0.00000000\"}}}}}}}}", "0", 10),
            ("100000.00000000\"", "100000", 15),
            ("1000000.00000000\"", "1000000", 16),
            ("1234567890123456,", "1234567890123456", 16),
            ("7", "7", 1),
            ("5.,", "5", 2),
            (".5,", "0.5", 2),
            ("1.2.3", "1.2", 3),
            ("1343961239.70000000\"", "1343961239.7", 19),
            ("12345678901234567", "12345678901234567", 17),
            ("1000000000000.00000000\"", "1000000000000", 22),
            ("0.0000000000000000001", "0.0000000000000000001", 21),
        ] {
            assert_eq!(
                Decimal::parse_prefix(text.as_bytes()),
                Some((decimal(number), length)),
                "{text}"
            );
        }
        for text in [
            "",
            ".",
            "x1",
            "-1",
            "123456789012345678901",
            "1.00000000000000000001",
        ] {
            assert_eq!(Decimal::parse_prefix(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_whole_prefix_is_all_digits() {
        for (text, number, length) in [
            ("1723161255343,", 1_723_161_255_343, 13),
            ("1723161255343123,\"", 1_723_161_255_343_123, 16),
            ("1723161255343123", 1_723_161_255_343_123, 16),
            ("0}", 0, 1),
            ("5.5", 5, 1),
        ] {
            let read = Decimal::parse_prefix_whole(text.as_bytes());
            assert_eq!(read, Some((number, length)), "{text}");
        }
        for text in ["", "x", "-1", ".5", "12345678901234567"] {
            assert_eq!(Decimal::parse_prefix_whole(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn pads_as_venues_do() {
        assert_eq!(decimal("61837.63").padded(8).to_string(), "61837.63000000");
        assert_eq!(decimal("7").padded(8).to_string(), "7.00000000");
        assert_eq!(decimal("0").padded(8).to_string(), "0.00000000");
        assert_eq!(decimal("0.123456789").padded(8).to_string(), "0.123456789");
    }

    #[test]
    fn orders_numbers_of_any_scale() {
        let mut numbers: Vec<_> = ["1e37", "-1e37", "0.5", "0.49999999999999999999", "-3", "0"]
            .iter()
            .map(|t| decimal(t))
            .collect();
        numbers.push(decimal("1e-38"));
        numbers.sort();
        let shown: Vec<_> = numbers.iter().map(|n| n.to_f64_lossy()).collect();
        assert!(shown.windows(2).all(|w| w[0] <= w[1]), "{shown:?}");
    }

    #[test]
    fn arithmetic_is_exact_or_refused() {
        assert_eq!(
            decimal("0.1").checked_add(decimal("0.2")),
            Some(decimal("0.3"))
        );
        assert_eq!(
            decimal("61837.63").checked_mul(decimal("0.02")),
            Some(decimal("1236.7526"))
        );
        assert_eq!(decimal("1e37").checked_mul(decimal("1e37")), None);
        assert_eq!(
            decimal("1").checked_sub(decimal("1.000")),
            Some(Decimal::ZERO)
        );
    }
}
