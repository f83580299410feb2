//! The checksum of a book: CRC-32 over its 25 best levels.

use std::fmt::Write;

use quantflow_model::Level;

const LEVELS: usize = 25;

/// CRC-32 of `bid:quantity:ask:quantity:bid:…` in turn, best first; a side that is shorter is passed
/// over where it ends. Numbers stand in it as the venue writes them, which is without trailing zeros.
pub(super) fn checksum(bids: &[Level], asks: &[Level]) -> u32 {
    let mut text = String::with_capacity(1_024);
    for place in 0..LEVELS {
        for level in [bids.get(place), asks.get(place)].into_iter().flatten() {
            let colon = if text.is_empty() { "" } else { ":" };
            // a String never refuses text
            let _ = write!(text, "{colon}{}:{}", level.price, level.quantity);
        }
    }
    crc32(text.as_bytes())
}

/// CRC-32 as in zip and gzip: reflected, polynomial `EDB88320`.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        let at = (crc as u8) ^ byte;
        TABLE[usize::from(at)] ^ (crc >> 8)
    })
}

static TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0_u32; 256];
    let mut at = 0;
    while at < 256 {
        let mut crc = at as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                0xEDB8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(price: &str, quantity: &str) -> Level {
        Level {
            price: price.parse().unwrap(),
            quantity: quantity.parse().unwrap(),
        }
    }

    #[test]
    fn the_checksum_is_that_of_the_text() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        let bids = [level("3366.1", "7"), level("3366", "6")];
        let asks = [level("3366.8", "9"), level("3368", "8"), level("3372", "8")];
        // the text after the venue's documents: sides in turn, then what is left of the longer one
        let text = b"3366.1:7:3366.8:9:3366:6:3368:8:3372:8";
        assert_eq!(checksum(&bids, &asks), crc32(text));
        assert_eq!(checksum(&[], &asks[2..]), crc32(b"3372:8"));
    }
}
