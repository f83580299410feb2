//! [`Decimal`]: an exact number as venues write it.
//!
//! Here are the number, its order and its arithmetic; how it is read from text is in `parse` (on
//! top of the word-wide reading of digits in `digits`), how it is written in `format`.

mod digits;
mod format;
mod parse;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

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
