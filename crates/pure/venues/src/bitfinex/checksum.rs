//! The venue's checksum of a book: CRC-32 of its best 25 levels a side, written as JavaScript writes
//! numbers, bid and offer in turn, amounts of offers negative.

use std::fmt::Write;

use quantflow_model::{Decimal, Level};

/// Levels a side that are in it.
const LEVELS: usize = 25;

pub(super) fn checksum(bids: &[Level], asks: &[Level]) -> u32 {
    let mut text = String::new();
    for at in 0..LEVELS {
        for (side, sign) in [(bids, ""), (asks, "-")] {
            let Some(level) = side.get(at) else {
                continue;
            };
            if !text.is_empty() {
                text.push(':');
            }
            number(&mut text, level.price.0);
            text.push(':');
            text.push_str(sign);
            number(&mut text, level.quantity.0);
        }
    }
    crc32fast::hash(text.as_bytes())
}

/// A number as JavaScript writes it: `0.0000025`, `2.5e-7`, `1e+21`. What came from it is written as it
/// came.
fn number(out: &mut String, number: Decimal) {
    let digits = number.mantissa().unsigned_abs().to_string();
    let short = match digits.trim_end_matches('0') {
        "" => return out.push('0'),
        short => short,
    };
    if number.is_negative() {
        out.push('-');
    }
    // the number is 0.short × 10^point
    let point = digits.len() as i32 - i32::from(number.scale());
    let length = short.len() as i32;
    let zeros = |out: &mut String, count: i32| (0..count).for_each(|_| out.push('0'));
    if (length..=21).contains(&point) {
        out.push_str(short);
        zeros(out, point - length);
    } else if (1..=21).contains(&point) {
        let (whole, part) = short.split_at(point as usize);
        out.push_str(whole);
        out.push('.');
        out.push_str(part);
    } else if (-5..=0).contains(&point) {
        out.push_str("0.");
        zeros(out, -point);
        out.push_str(short);
    } else {
        let (first, rest) = short.split_at(1);
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        let _ = write!(out, "e{:+}", point - 1); // a String never refuses text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_javascript_does() {
        for (ours, theirs) in [
            ("0", "0"),
            ("1", "1"),
            ("60400", "60400"),
            ("0.00002503", "0.00002503"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1e-7"),
            ("0.00000025", "2.5e-7"),
            ("19203.444049780002", "19203.444049780002"),
            ("100000000000000000000", "100000000000000000000"),
            ("1000000000000000000000", "1e+21"),
            ("-4.5", "-4.5"),
        ] {
            let mut text = String::new();
            number(&mut text, ours.parse().unwrap());
            assert_eq!(text, theirs);
        }
    }

    /// The rule of the documents on numbers of our own: `zlib.crc32(b"6000:1:6001:-2:5999:0.5")`.
    #[test]
    fn bids_and_offers_take_turns_and_a_short_side_ends() {
        let level = |price: &str, quantity: &str| Level {
            price: price.parse().unwrap(),
            quantity: quantity.parse().unwrap(),
        };
        let bids = [level("6000", "1"), level("5999", "0.5")];
        let asks = [level("6001", "2")];
        assert_eq!(checksum(&bids, &asks), 2_801_418_347);
    }
}
