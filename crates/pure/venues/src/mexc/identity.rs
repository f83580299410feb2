//! Ids of our own for trades, which this venue gives none.

use std::collections::BTreeMap;

use quantflow_model::{Price, Quantity, Side, Timestamp, TradeId};

/// Makes the ids of the trades of one message or answer.
///
/// An id is the time in milliseconds, then 48 bits made of price, quantity and side, then 16 bits that
/// count equal trades of one millisecond. The same trades have the same ids whether a message or an
/// answer tells them, unless equal ones are told apart in two messages: then the second is taken for
/// the first.
#[derive(Debug, Default)]
pub(super) struct Identity {
    seen: BTreeMap<u128, u16>,
}

impl Identity {
    pub(super) fn of(
        &mut self,
        time: Timestamp,
        price: Price,
        quantity: Quantity,
        side: Side,
    ) -> TradeId {
        let mut mix = Mix::default();
        for number in [price.0, quantity.0] {
            mix.add(&number.mantissa().to_le_bytes());
            mix.add(&[number.scale()]);
        }
        mix.add(&[side.code()]);
        let time = u128::from(time.millis().unsigned_abs());
        let content = u128::from(mix.0 ^ mix.0 >> 48) & ((1 << 48) - 1);
        let id = time << 64 | content << 16;
        let count = self.seen.entry(id).or_default();
        let id = id | u128::from(*count);
        *count = count.saturating_add(1);
        TradeId(id)
    }
}

/// FNV-1a: small, and the same for ever.
#[derive(Debug)]
struct Mix(u64);

impl Default for Mix {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Mix {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_trades_are_counted_and_others_differ() {
        let price = |text: &str| text.parse().unwrap();
        let at = Timestamp::from_millis;
        let amount: Quantity = "0.5".parse().unwrap();
        let mut ids = Identity::default();
        let first = ids.of(at(7), price("100"), amount, Side::Buy);
        let second = ids.of(at(7), price("100.00"), amount, Side::Buy);
        assert_eq!(second, first.next());
        let others = [
            ids.of(at(7), price("100"), amount, Side::Sell),
            ids.of(at(7), price("101"), amount, Side::Buy),
            ids.of(at(8), price("100"), amount, Side::Buy),
        ];
        assert!(others.iter().all(|id| *id != first && *id != second));
        assert!(others[2] > first, "later is larger");
        let again = Identity::default().of(at(7), price("100"), amount, Side::Buy);
        assert_eq!(again, first);
    }
}
