//! Series, raw and adjusted.

use jiff::civil::Date;
use quantflow_model::Decimal;

use super::{AdjustError, FactorTable, Fraction, Method};

/// The raw close of a trading day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    /// The trading day.
    pub date: Date,
    /// What it closed at.
    pub price: Decimal,
}

/// A day's bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// The trading day.
    pub date: Date,
    /// The first price.
    pub open: Decimal,
    /// The highest price.
    pub high: Decimal,
    /// The lowest price.
    pub low: Decimal,
    /// The last price.
    pub close: Decimal,
    /// How many shares.
    pub volume: Decimal,
}

impl Bar {
    /// Its close, as factors are made of.
    pub fn as_close(&self) -> Close {
        Close {
            date: self.date,
            price: self.close,
        }
    }
}

/// Raw bars adjusted by a table: prices rounded to `price_scale` digits after the point, volumes to
/// `volume_scale`, half to even. Volumes change with splits only. The raw bars stay as they are.
///
/// # Errors
/// When a result does not fit a [`Decimal`].
pub fn adjust(
    raw: &[Bar],
    table: &FactorTable,
    method: Method,
    price_scale: u8,
    volume_scale: u8,
) -> Result<Vec<Bar>, AdjustError> {
    // one row's factors hold for many bars
    let mut now: Option<(Option<Date>, Fraction, Fraction)> = None;
    let mut adjusted = Vec::with_capacity(raw.len());
    for bar in raw {
        let ex_date = table.row_on(bar.date).map(|row| row.ex_date);
        let (_, price, volume) = match now.take() {
            Some(held) if held.0 == ex_date => now.insert(held),
            _ => {
                let factors = table.factors_on(bar.date);
                now.insert((ex_date, factors.price(method), factors.split.inverse()))
            }
        };
        let times = |factor: &Fraction, number: Decimal, scale: u8| {
            let product = factor.times(number, scale);
            product.ok_or(AdjustError::TooManyDigits { date: bar.date })
        };
        adjusted.push(Bar {
            date: bar.date,
            open: times(price, bar.open, price_scale)?,
            high: times(price, bar.high, price_scale)?,
            low: times(price, bar.low, price_scale)?,
            close: times(price, bar.close, price_scale)?,
            volume: times(volume, bar.volume, volume_scale)?,
        });
    }
    Ok(adjusted)
}
