//! What one value is: each function reads one kind of thing and answers `None` where it is anything
//! else. For [`Fields::read`](super::Fields::read) and [`Row::read`](super::Row::read).

use quantflow_model::{Decimal, Level, Notional, Price, Quantity, Timestamp, TradeId, VenueSymbol};

use super::Json;

/// A number, in text or not, exactly as it is written.
pub fn decimal(found: &Json<'_>) -> Option<Decimal> {
    match found {
        Json::Number(digits) => Decimal::parse(digits.as_bytes()).ok(),
        Json::Text(text) => Decimal::parse(text.as_bytes()).ok(),
        _ => None,
    }
}

/// A number in text. Of a venue that writes its prices so, a number outside of text went through a
/// float somewhere, and is refused.
pub fn decimal_in_text(found: &Json<'_>) -> Option<Decimal> {
    Decimal::parse(found.text()?.as_bytes()).ok()
}

/// A price.
pub fn price(found: &Json<'_>) -> Option<Price> {
    decimal(found).map(Price)
}

/// A quantity.
pub fn quantity(found: &Json<'_>) -> Option<Quantity> {
    decimal(found).map(Quantity)
}

/// An amount of the quote currency.
pub fn notional(found: &Json<'_>) -> Option<Notional> {
    decimal(found).map(Notional)
}

/// A whole number of 0 and more, in text or not.
pub fn unsigned(found: &Json<'_>) -> Option<u64> {
    match found {
        Json::Text(text) if !text.starts_with('+') => text.parse().ok(),
        other => other.unsigned(),
    }
}

/// A trade's number, in text or not: up to 128 bits, or a UUID (its 128 bits).
pub fn id(found: &Json<'_>) -> Option<TradeId> {
    let text = match found {
        Json::Number(digits) => digits,
        Json::Text(text) if !text.starts_with('+') => text.as_ref(),
        _ => return None,
    };
    match text.parse() {
        Ok(number) => Some(TradeId(number)),
        Err(_) => uuid(text).map(TradeId),
    }
}

/// `8-4-4-4-12` hexadecimal digits.
fn uuid(text: &str) -> Option<u128> {
    let dashes = [8, 13, 18, 23];
    if text.len() != 36 || !text.is_ascii() {
        return None;
    }
    text.bytes()
        .enumerate()
        .try_fold(0_u128, |number, (at, byte)| {
            if dashes.contains(&at) {
                return (byte == b'-').then_some(number);
            }
            let digit = char::from(byte).to_digit(16)?;
            Some(number << 4 | u128::from(digit))
        })
}

/// Text.
pub fn text<'t>(found: &'t Json<'_>) -> Option<&'t str> {
    found.text()
}

/// `true` or `false`.
pub fn flag(found: &Json<'_>) -> Option<bool> {
    match found {
        Json::Flag(flag) => Some(*flag),
        _ => None,
    }
}

/// The venue's name of a symbol; text with escapes is none.
pub fn symbol(found: &Json<'_>) -> Option<VenueSymbol> {
    found.plain_text().and_then(VenueSymbol::new)
}

/// A time in units of `nanos`, in text or not, with decimals or not (cut to whole nanoseconds).
/// Before 1970 and after 2262 there is none.
fn time(found: &Json<'_>, nanos: i64) -> Option<Timestamp> {
    let units = decimal(found)?;
    let exact = units.checked_mul(Decimal::whole(nanos))?;
    let whole = exact.mantissa() / Decimal::power_of_ten(exact.scale())?;
    let nanos = i64::try_from(whole).ok()?;
    (!exact.is_negative()).then(|| Timestamp::from_nanos(nanos))
}

/// A time in seconds since 1970.
pub fn seconds(found: &Json<'_>) -> Option<Timestamp> {
    time(found, 1_000_000_000)
}

/// A time in milliseconds since 1970.
pub fn millis(found: &Json<'_>) -> Option<Timestamp> {
    time(found, 1_000_000)
}

/// A time in microseconds since 1970.
pub fn micros(found: &Json<'_>) -> Option<Timestamp> {
    time(found, 1_000)
}

/// A time in nanoseconds since 1970.
pub fn nanos(found: &Json<'_>) -> Option<Timestamp> {
    time(found, 1)
}

/// A time as RFC 3339 writes it, with its offset from UTC: `2026-11-20T14:03:00.123Z`.
pub fn rfc3339(found: &Json<'_>) -> Option<Timestamp> {
    found.text()?.parse().ok()
}

/// A level of a book: a list that begins with price and quantity.
pub fn level(found: &Json<'_>) -> Option<Level> {
    match found.items()? {
        [at, amount, ..] => Some(Level {
            price: price(at)?,
            quantity: quantity(amount)?,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json<'_> {
        Json::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn times_of_every_unit_are_exact() {
        let at = |nanos| Some(Timestamp::from_nanos(nanos));
        assert_eq!(
            seconds(&json("1637191202.123456789")),
            at(1_637_191_202_123_456_789)
        );
        assert_eq!(
            seconds(&json("\"1637191202.1234567899\"")),
            at(1_637_191_202_123_456_789)
        );
        assert_eq!(
            millis(&json("1637191202123")),
            at(1_637_191_202_123_000_000)
        );
        assert_eq!(
            micros(&json("\"1637191202123456\"")),
            at(1_637_191_202_123_456_000)
        );
        assert_eq!(
            nanos(&json("1637191202123456789")),
            at(1_637_191_202_123_456_789)
        );
        assert_eq!(
            rfc3339(&json("\"2021-11-17T23:20:02.123Z\"")),
            at(1_637_191_202_123_000_000)
        );
        for wrong in ["-1", "1e30", "\"\"", "null", "[1]", "\"1s\""] {
            assert_eq!(millis(&json(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn ids_are_numbers_or_uuids() {
        assert_eq!(id(&json("7")), Some(TradeId(7)));
        assert_eq!(
            id(&json("\"00000000-0000-0000-0000-0000000000ff\"")),
            Some(TradeId(255))
        );
        let largest = u128::MAX.to_string();
        assert_eq!(id(&json(&largest)), Some(TradeId(u128::MAX)));
        for wrong in [
            "-7",
            "7.0",
            "\"+7\"",
            "\"0000000000000-0000-0000-0000-00000000ff\"",
            "\"\"",
            "true",
        ] {
            assert_eq!(id(&json(wrong)), None, "{wrong}");
        }
    }
}
