//! Reading a [`Decimal`] from text: the whole text, or the number that bytes begin with.

use std::str::FromStr;

use super::digits::{Parts, SMALL_POWERS, digits_of, eight_digits, word_of};
use super::{Decimal, DecimalError};

impl Decimal {
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

    pub(super) fn parse_general(bytes: &[u8]) -> Result<Self, DecimalError> {
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
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        Self::parse(text.as_bytes())
    }
}
