//! [`Price`], [`Quantity`] and [`Notional`]: a [`Decimal`] with a meaning, so that they cannot be
//! swapped.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Decimal, DecimalError};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Decimal);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(Decimal::ZERO);

            /// Reads it from text; exact.
            ///
            /// # Errors
            /// When the bytes are no decimal number or have more than 38 digits.
            pub fn parse(bytes: &[u8]) -> Result<Self, DecimalError> {
                Decimal::parse(bytes).map(Self)
            }

            /// The number without its meaning.
            #[inline]
            pub const fn decimal(self) -> Decimal {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = DecimalError;

            fn from_str(text: &str) -> Result<Self, DecimalError> {
                text.parse().map(Self)
            }
        }

        impl From<Decimal> for $name {
            fn from(decimal: Decimal) -> Self {
                Self(decimal)
            }
        }
    };
}

number! {
    /// A price: units of the quote currency for one unit of the base. May be negative (spreads,
    /// some futures); the cleaning rules say where that is refused.
    Price
}
number! {
    /// An amount of the base: coins, shares, contracts. Zero on a book level removes the level.
    Quantity
}
number! {
    /// An amount of the quote currency: price times quantity.
    Notional
}

impl Price {
    /// Price times quantity, exactly; `None` over 38 digits.
    pub fn times(self, quantity: Quantity) -> Option<Notional> {
        self.0.checked_mul(quantity.0).map(Notional)
    }
}
