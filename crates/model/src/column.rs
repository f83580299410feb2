//! Columns of exact numbers: integers as narrow as they fit, with one scale.

use crate::Decimal;

/// Integers, 64 bits wide while all fit and 128 bits from the first that does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Integers {
    /// All fit 64 bits.
    Narrow(Vec<i64>),
    /// At least one needed 128 bits.
    Wide(Vec<i128>),
}

/// Whether a value has no more than the 38 digits that decimals have everywhere.
#[inline]
const fn has_38_digits(value: i128) -> bool {
    value.unsigned_abs() < 10_u128.pow(38)
}

impl Default for Integers {
    fn default() -> Self {
        Self::Narrow(Vec::new())
    }
}

impl Integers {
    /// An empty column with room.
    pub fn with_capacity(capacity: usize) -> Self {
        Self::Narrow(Vec::with_capacity(capacity))
    }

    /// How many values.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Narrow(values) => values.len(),
            Self::Wide(values) => values.len(),
        }
    }

    /// Whether there is no value.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a value at the end.
    #[inline]
    pub fn push(&mut self, value: i128) {
        match self {
            Self::Narrow(values) => {
                if let Ok(small) = i64::try_from(value) {
                    values.push(small);
                } else {
                    let mut wide: Vec<i128> = values.iter().map(|&v| i128::from(v)).collect();
                    wide.push(value);
                    *self = Self::Wide(wide);
                }
            }
            Self::Wide(values) => values.push(value),
        }
    }

    /// The value at a row; `None` past the end.
    #[inline]
    pub fn get(&self, row: usize) -> Option<i128> {
        match self {
            Self::Narrow(values) => values.get(row).map(|&v| i128::from(v)),
            Self::Wide(values) => values.get(row).copied(),
        }
    }

    /// All values in order.
    pub fn iter(&self) -> impl Iterator<Item = i128> + '_ {
        (0..self.len()).filter_map(|row| self.get(row))
    }

    /// The values as 64-bit integers, where all fit.
    pub fn narrow(&self) -> Option<&[i64]> {
        match self {
            Self::Narrow(values) => Some(values),
            Self::Wide(_) => None,
        }
    }

    /// Keeps the rows of a range.
    #[must_use]
    pub fn slice(&self, rows: std::ops::Range<usize>) -> Self {
        match self {
            Self::Narrow(values) => Self::Narrow(values[rows].to_vec()),
            Self::Wide(values) => Self::Wide(values[rows].to_vec()),
        }
    }

    /// Adds the values of a range of rows, each times `by`. `None`, with nothing added, when one
    /// does not fit.
    fn append(&mut self, other: &Self, rows: std::ops::Range<usize>, by: i128) -> Option<()> {
        if let (Self::Narrow(ours), Self::Narrow(theirs)) = (&mut *self, other) {
            let theirs = &theirs[rows.clone()];
            if by == 1 {
                ours.extend_from_slice(theirs);
                return Some(());
            }
            let before = ours.len();
            if let Ok(by) = i64::try_from(by) {
                ours.extend(theirs.iter().map_while(|v| v.checked_mul(by)));
                if ours.len() == before + theirs.len() {
                    return Some(());
                }
                ours.truncate(before);
            }
        }
        let before = self.len();
        for row in rows {
            let value = other
                .get(row)
                .and_then(|v| v.checked_mul(by))
                .filter(|v| has_38_digits(*v));
            let Some(value) = value else {
                self.truncate(before);
                return None;
            };
            self.push(value);
        }
        Some(())
    }

    /// Keeps the first rows.
    pub fn truncate(&mut self, rows: usize) {
        match self {
            Self::Narrow(values) => values.truncate(rows),
            Self::Wide(values) => values.truncate(rows),
        }
    }

    /// Adds the values of a range of rows of another column.
    pub fn extend_from(&mut self, other: &Self, rows: std::ops::Range<usize>) {
        match (&mut *self, other) {
            (Self::Narrow(ours), Self::Narrow(theirs)) => ours.extend_from_slice(&theirs[rows]),
            (Self::Wide(ours), Self::Wide(theirs)) => ours.extend_from_slice(&theirs[rows]),
            _ => {
                for value in rows.filter_map(|row| other.get(row)) {
                    self.push(value);
                }
            }
        }
    }

    /// Turns the order of the rows round.
    pub fn reverse(&mut self) {
        match self {
            Self::Narrow(values) => values.reverse(),
            Self::Wide(values) => values.reverse(),
        }
    }

    fn scale_up(&mut self, by: i128) -> Option<()> {
        let fits = match self {
            Self::Narrow(values) => i64::try_from(by).is_ok_and(|by| {
                let all = values.iter().all(|v| v.checked_mul(by).is_some());
                if all {
                    for value in values.iter_mut() {
                        *value *= by;
                    }
                }
                all
            }),
            Self::Wide(_) => false,
        };
        if !fits {
            let scaled: Option<Vec<i128>> = self
                .iter()
                .map(|v| v.checked_mul(by).filter(|v| has_38_digits(*v)))
                .collect();
            *self = Self::Wide(scaled?);
        }
        Some(())
    }
}

/// Decimals that share one scale: the smallest that is exact for all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DecimalColumn {
    scale: u8,
    values: Integers,
}

impl DecimalColumn {
    /// An empty column with room.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            scale: 0,
            values: Integers::with_capacity(capacity),
        }
    }

    /// A column of integers that are each `value × 10^-scale`; `None` when the scale is over 38, or
    /// a value has more than 38 digits.
    pub fn from_integers(values: Integers, scale: u8) -> Option<Self> {
        let fits = match &values {
            Integers::Narrow(_) => true,
            Integers::Wide(values) => values.iter().all(|v| has_38_digits(*v)),
        };
        (fits && scale <= Decimal::MAX_SCALE).then_some(Self { scale, values })
    }

    /// How many digits after the point its integers carry.
    #[inline]
    pub fn scale(&self) -> u8 {
        self.scale
    }

    /// Its integers: each is `value × 10^-scale`.
    #[inline]
    pub fn integers(&self) -> &Integers {
        &self.values
    }

    /// How many values.
    #[inline]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no value.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Adds a number at the end; the column's scale grows when it must. `None`, with the column
    /// unchanged in meaning, when its numbers together need more than 38 digits.
    #[must_use = "a number that does not fit is not in the column"]
    #[inline]
    pub fn push(&mut self, number: Decimal) -> Option<()> {
        if number.scale() > self.scale {
            self.rescale(number.scale())?;
        }
        let value = number.at_scale(self.scale).filter(|v| has_38_digits(*v))?;
        self.values.push(value);
        Some(())
    }

    /// Carries every number at a larger scale.
    fn rescale(&mut self, scale: u8) -> Option<()> {
        let by = Decimal::power_of_ten(scale - self.scale)?;
        if !self.is_empty() {
            self.values.scale_up(by)?;
        }
        self.scale = scale;
        Some(())
    }

    /// The number at a row; `None` past the end.
    #[inline]
    pub fn get(&self, row: usize) -> Option<Decimal> {
        Decimal::new(self.values.get(row)?, self.scale)
    }

    /// All numbers in order.
    pub fn iter(&self) -> impl Iterator<Item = Decimal> + '_ {
        (0..self.len()).filter_map(|row| self.get(row))
    }

    /// Keeps the rows of a range.
    #[must_use]
    pub fn slice(&self, rows: std::ops::Range<usize>) -> Self {
        Self {
            scale: self.scale,
            values: self.values.slice(rows),
        }
    }

    /// Adds the numbers of a range of rows of another column; the scale grows when it must. `None`,
    /// with the column unchanged in meaning, when its numbers together need more than 38 digits.
    #[must_use = "numbers that do not fit are not in the column"]
    pub fn extend_from(&mut self, other: &Self, rows: std::ops::Range<usize>) -> Option<()> {
        if self.is_empty() {
            self.scale = other.scale;
        } else if other.scale > self.scale {
            self.rescale(other.scale)?;
        }
        let by = Decimal::power_of_ten(self.scale - other.scale)?;
        self.values.append(&other.values, rows, by)
    }

    /// Keeps the first rows.
    pub fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
    }

    /// Turns the order of the rows round.
    pub fn reverse(&mut self) {
        self.values.reverse();
    }

    /// The nearest floats: for indicators, statistics and drawing only.
    pub fn to_f64_lossy(&self) -> Vec<f64> {
        self.iter().map(Decimal::to_f64_lossy).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_widens_and_rescales_without_changing_a_number() {
        let numbers = ["1.5", "92233720368547758070", "0.00000001", "-3", "0"];
        let mut column = DecimalColumn::default();
        for text in numbers {
            column.push(text.parse().unwrap()).unwrap();
        }
        assert_eq!(column.scale(), 8);
        assert!(column.integers().narrow().is_none());
        let shown: Vec<_> = column.iter().map(|n| n.to_string()).collect();
        assert_eq!(shown, numbers);
    }

    #[test]
    fn columns_join_at_the_larger_scale_or_not_at_all() {
        let column = |texts: &[&str]| {
            let mut column = DecimalColumn::default();
            for text in texts {
                column.push(text.parse().unwrap()).unwrap();
            }
            column
        };
        let mut ours = column(&["1.5", "-2"]);
        ours.extend_from(&column(&["9", "9223372036854775807", "0.125"]), 1..3)
            .unwrap();
        let shown: Vec<_> = ours.iter().map(|n| n.to_string()).collect();
        assert_eq!(shown, ["1.5", "-2", "9223372036854775807", "0.125"]);
        assert!(ours.extend_from(&column(&["5", "1e37"]), 0..2).is_none());
        assert_eq!(ours.len(), 4);
        ours.reverse();
        assert_eq!(ours.get(0).unwrap().to_string(), "0.125");
    }

    #[test]
    fn no_column_holds_more_than_38_digits() {
        let mut column = DecimalColumn::default();
        column.push(Decimal::ONE).unwrap();
        // 1 at the scale 38 would be 10^38: 39 digits, though it fits 128 bits
        assert!(column.push(Decimal::new(1, 38).unwrap()).is_none());
        assert_eq!((column.len(), column.scale()), (1, 0));
        let wide = Integers::Wide(vec![10_i128.pow(38)]);
        assert!(DecimalColumn::from_integers(wide, 38).is_none());
    }

    #[test]
    fn a_number_that_does_not_fit_leaves_the_column_as_it_was() {
        let mut column = DecimalColumn::default();
        column.push("1e37".parse().unwrap()).unwrap();
        assert!(column.push("1e-37".parse().unwrap()).is_none());
        assert_eq!(column.len(), 1);
        assert_eq!(
            column.get(0).unwrap().to_string(),
            format!("1{}", "0".repeat(37))
        );
    }
}
