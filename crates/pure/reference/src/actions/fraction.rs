//! [`Fraction`]: an exact quotient of two integers of any size.

use std::fmt;

use num_bigint::BigUint;
use num_integer::Integer;
use quantflow_model::Decimal;

/// A positive fraction in lowest terms. Products and inverses are exact: rounding is one step, at the end,
/// in [`Fraction::times`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Fraction {
    numerator: BigUint,
    denominator: BigUint,
}

impl Fraction {
    /// The fraction that changes nothing.
    pub fn one() -> Self {
        Self {
            numerator: BigUint::from(1_u8),
            denominator: BigUint::from(1_u8),
        }
    }

    /// `numerator / denominator`; `None` unless both are above zero.
    pub fn new(numerator: u128, denominator: u128) -> Option<Self> {
        (numerator > 0 && denominator > 0).then(|| {
            Self {
                numerator: BigUint::from(numerator),
                denominator: BigUint::from(denominator),
            }
            .lowest()
        })
    }

    /// The quotient of two decimals; `None` unless both are above zero.
    pub fn of(dividend: Decimal, divisor: Decimal) -> Option<Self> {
        if !dividend.is_positive() || !divisor.is_positive() {
            return None;
        }
        let whole = |number: Decimal| BigUint::from(number.mantissa().unsigned_abs());
        Some(
            Self {
                numerator: whole(dividend) * power_of_ten(divisor.scale()),
                denominator: whole(divisor) * power_of_ten(dividend.scale()),
            }
            .lowest(),
        )
    }

    fn lowest(self) -> Self {
        let common = self.numerator.gcd(&self.denominator);
        Self {
            numerator: self.numerator / &common,
            denominator: self.denominator / common,
        }
    }

    /// The exact product.
    #[must_use]
    pub fn multiply(&self, other: &Self) -> Self {
        if other.is_one() {
            return self.clone();
        }
        if self.is_one() {
            return other.clone();
        }
        Self {
            numerator: &self.numerator * &other.numerator,
            denominator: &self.denominator * &other.denominator,
        }
        .lowest()
    }

    /// One less the fraction; `None` unless that is above zero.
    pub fn one_minus(&self) -> Option<Self> {
        (self.numerator < self.denominator).then(|| Self {
            numerator: &self.denominator - &self.numerator,
            denominator: self.denominator.clone(),
        })
    }

    /// One more than the fraction.
    #[must_use]
    pub fn one_plus(&self) -> Self {
        Self {
            numerator: &self.denominator + &self.numerator,
            denominator: self.denominator.clone(),
        }
    }

    /// The exact sum.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        let crosswise = &self.numerator * &other.denominator + &other.numerator * &self.denominator;
        Self {
            numerator: crosswise,
            denominator: &self.denominator * &other.denominator,
        }
        .lowest()
    }

    /// What undoes it: denominator over numerator.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self {
            numerator: self.denominator.clone(),
            denominator: self.numerator.clone(),
        }
    }

    /// A number times the fraction, rounded once to `scale` digits after the point, half to even. `None` when the
    /// result does not fit a [`Decimal`].
    pub fn times(&self, number: Decimal, scale: u8) -> Option<Decimal> {
        let magnitude = BigUint::from(number.mantissa().unsigned_abs());
        let mut numerator = magnitude * &self.numerator;
        let mut denominator = self.denominator.clone();
        if scale >= number.scale() {
            numerator *= power_of_ten(scale - number.scale());
        } else {
            denominator *= power_of_ten(number.scale() - scale);
        }
        let (mut quotient, rest) = numerator.div_rem(&denominator);
        let twice = rest * 2_u8;
        if twice > denominator || (twice == denominator && quotient.is_odd()) {
            quotient += 1_u8;
        }
        let mantissa = i128::try_from(quotient).ok()?;
        Decimal::new(
            if number.is_negative() {
                -mantissa
            } else {
                mantissa
            },
            scale,
        )
    }

    /// The fraction itself, rounded to `scale` digits after the point, half to even.
    pub fn rounded(&self, scale: u8) -> Option<Decimal> {
        self.times(Decimal::ONE, scale)
    }

    /// Whether it changes nothing.
    pub fn is_one(&self) -> bool {
        self.numerator == self.denominator
    }

    /// The nearest float, or close to it: for drawing and statistics only.
    pub fn to_f64_lossy(&self) -> f64 {
        self.rounded(18).map_or(f64::NAN, Decimal::to_f64_lossy)
    }
}

fn power_of_ten(exponent: u8) -> BigUint {
    BigUint::from(10_u8).pow(u32::from(exponent))
}

/// The fraction when it is short, else about what it is.
impl fmt::Debug for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.numerator.bits() < 64 && self.denominator.bits() < 64 {
            write!(f, "{}/{}", self.numerator, self.denominator)
        } else {
            write!(f, "~{}", self.to_f64_lossy())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn rounding_is_half_to_even_and_happens_once() {
        let half = Fraction::new(1, 2).unwrap();
        for (number, expected) in [("1", "0"), ("3", "2"), ("5", "2"), ("-3", "-2"), ("7", "4")] {
            assert_eq!(
                half.times(decimal(number), 0),
                Some(decimal(expected)),
                "{number}"
            );
        }
        let third = Fraction::new(1, 3).unwrap();
        assert_eq!(third.times(decimal("2"), 4), Some(decimal("0.6667")));
        assert_eq!(third.times(decimal("0.00001"), 2), Some(Decimal::ZERO));
        let many = (0..200).fold(Fraction::one(), |product, _| product.multiply(&third));
        let back = (0..200).fold(many, |product, _| product.multiply(&third.inverse()));
        assert!(back.is_one());
        assert_eq!(back.rounded(7), Some(Decimal::ONE));
    }

    #[test]
    fn only_positive_fractions() {
        assert_eq!(Fraction::new(0, 1), None);
        assert_eq!(Fraction::new(1, 0), None);
        assert_eq!(Fraction::of(decimal("-1"), Decimal::ONE), None);
        assert_eq!(
            Fraction::of(decimal("0.5"), decimal("0.25")),
            Fraction::new(2, 1)
        );
        let huge = Fraction::new(u128::MAX, 1).unwrap();
        assert_eq!(huge.times(Decimal::ONE, 0), None);
    }
}
