//! The checksum of a book: CRC-32 over the ten best levels of each side, as the venue writes them.

use std::fmt::Write;

use quantflow_model::{BookChecksum, Decimal, Level};

/// Levels a side that are in it.
const LEVELS: usize = 10;

/// The reflected polynomial of the common CRC-32 (IEEE 802.3).
const POLYNOMIAL: u32 = 0xEDB8_8320;

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut rest = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            rest = (rest >> 1) ^ (POLYNOMIAL * (rest & 1));
            bit += 1;
        }
        table[byte] = rest;
        byte += 1;
    }
    table
};

/// The common CRC-32.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let step =
        |rest: u32, byte: &u8| (rest >> 8) ^ TABLE[((rest ^ u32::from(*byte)) & 255) as usize];
    !bytes.iter().fold(!0, step)
}

/// Offers first, each level its price and its quantity without the point and without leading zeros.
/// `None` where it is not known with how many decimals the venue writes them.
pub(super) fn of_book(check: BookChecksum, bids: &[Level], asks: &[Level]) -> Option<u32> {
    let (price, quantity) = (check.price_decimals?, check.quantity_decimals?);
    let mut text = String::with_capacity(LEVELS * 40);
    for level in asks.iter().take(LEVELS).chain(bids.iter().take(LEVELS)) {
        put(&mut text, level.price.0, price);
        put(&mut text, level.quantity.0, quantity);
    }
    Some(crc32(text.as_bytes()))
}

fn put(out: &mut String, number: Decimal, decimals: u8) {
    let mut written = String::with_capacity(24);
    let _ = write!(written, "{}", number.padded(decimals)); // a String never refuses text
    let digits = written.bytes().filter(|b| *b != b'.');
    out.extend(digits.skip_while(|b| *b == b'0').map(char::from));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_is_the_common_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    /// As the documents write it: `0.05000` with `0.00000304` is `5000304`. Only ten levels a side
    /// count, offers first. (Recorded checksums are verified by the tests on recordings.)
    #[test]
    fn levels_are_their_digits_without_leading_zeros() {
        let level = |price: &str, quantity: &str| Level {
            price: price.parse().unwrap(),
            quantity: quantity.parse().unwrap(),
        };
        let check = BookChecksum {
            expected: 0,
            price_decimals: Some(5),
            quantity_decimals: Some(8),
        };
        let asks = vec![level("0.05005", "0.000005"); 12];
        let bids = [level("0.05", "0.00000304"), level("9.5", "12")];
        let text = "5005500".repeat(10) + "5000304" + "9500001200000000";
        let sum = of_book(check, &bids, &asks);
        assert_eq!(sum, Some(crc32(text.as_bytes())));
    }

    #[test]
    fn without_decimals_there_is_none() {
        let check = BookChecksum {
            expected: 0,
            price_decimals: Some(5),
            quantity_decimals: None,
        };
        assert_eq!(of_book(check, &[], &[]), None);
    }
}
