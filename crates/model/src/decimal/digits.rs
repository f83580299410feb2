//! The digits that bytes begin with: eight or sixteen read at once, as a word, where they allow it.

use super::Decimal;

/// A number that bytes begin with: all of it fits words, so that it stays in registers until it is
/// written where it is kept.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    /// At most sixteen digits, in lowest terms.
    pub(super) mantissa: u64,
    pub(super) scale: u8,
    /// How many bytes it takes.
    pub(super) length: usize,
}

impl Parts {
    #[inline]
    pub(super) const fn decimal(self) -> Decimal {
        Decimal {
            low: self.mantissa,
            high: 0,
            scale: self.scale,
        }
    }

    /// Any number whose digits fit a word once the zeros at its end are gone.
    #[cold]
    pub(super) fn of_any_shape(bytes: &[u8]) -> Option<Self> {
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
    pub(super) fn of_padded(bytes: &[u8]) -> Option<Self> {
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
    pub(super) fn of_word(word: u128) -> Option<Self> {
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
pub(super) fn word_of(bytes: &[u8]) -> Option<u128> {
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
pub(super) const fn digits_of(bytes: [u8; 8]) -> (u64, u64) {
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
pub(super) const fn eight_digits(digits: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let first = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let second = ((pairs >> 16) & PAIRS).wrapping_mul(1 + (10_000 << 32));
    first.wrapping_add(second) >> 32
}

/// Powers of ten up to that of eight digits.
pub(super) const SMALL_POWERS: [u64; 9] = [
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
