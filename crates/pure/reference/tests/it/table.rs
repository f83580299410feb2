//! Lines of the table that tests on recordings print, and numbers as recordings write them.

use jiff::civil::Date;
use quantflow_model::Decimal;

/// Prints `| source | series | values | equal | differs: reason |`.
pub(crate) fn line(source: &str, series: &str, values: usize, equal: usize, reason: &str) {
    let differs = values - equal;
    let reason = match differs {
        0 => "none".to_owned(),
        _ => format!("{differs}: {reason}"),
    };
    println!("| {source} | {series} | {values} | {equal} | {reason} |");
}

pub(crate) fn date(text: &str) -> Date {
    text[..10].parse().unwrap()
}

/// A number as CSV writes it, exponents too.
pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse()
        .unwrap_or_else(|_| float(text.parse().unwrap()))
}

/// The shortest decimal of a float.
pub(crate) fn float(number: f64) -> Decimal {
    format!("{number}").parse().unwrap()
}

/// How far apart two numbers are, as a part of the second.
pub(crate) fn apart(ours: Decimal, theirs: Decimal) -> f64 {
    let difference = ours.checked_sub(theirs).unwrap().to_f64_lossy();
    (difference / theirs.to_f64_lossy()).abs()
}
