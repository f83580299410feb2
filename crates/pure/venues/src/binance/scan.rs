//! The fast reader: messages whose every byte is where it always was.
//!
//! It knows the order of the keys and the shape of each number of the four busy kinds of message.
//! Where a byte differs it answers `None`, and the general reader decides; it never answers
//! anything else than the general reader would (a test holds both to it).

use quantflow_model::{
    BookDelta, Decimal, Level, Price, Quantity, Quote, Side, Timestamp, Trade, TradeFlags, TradeId,
    VenueSymbol,
};
use quantflow_wire::{AggregateTrade, Event, EventKind, TradeEvent};

use super::value::time_of;

/// Appends what the bytes say, if they are one of the known messages to the byte.
///
/// Events are written where they are kept: moving one costs as much as reading a number.
#[inline]
pub(super) fn scan(bytes: &[u8], events: &mut Vec<Event>) -> Option<()> {
    let mut at = Cursor(bytes);
    if at.try_eat(b"{\"stream\":\"") {
        let stream = at.stream_symbol()?;
        // the longest first byte that tells them apart
        return match at.0.first()? {
            b't' => {
                at.eat(b"trade\",\"data\":{\"e\":\"trade\",\"E\":")?;
                at.trade(Some(stream), events)
            }
            b'b' => {
                at.eat(b"bookTicker\",\"data\":{\"u\":")?;
                at.quote(Some(stream), events)
            }
            b'd' => {
                at.eat(b"depth")?;
                let _ = at.try_eat(b"@100ms");
                at.eat(b"\",\"data\":{\"e\":\"depthUpdate\",\"E\":")?;
                at.depth(Some(stream), events)
            }
            b'a' => {
                at.eat(b"aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":")?;
                at.aggregate(Some(stream), events)
            }
            _ => None,
        };
    }
    if at.try_eat(b"{\"u\":") {
        return at.quote(None, events);
    }
    at.eat(b"{\"e\":\"")?;
    match at.0.first()? {
        b't' => {
            at.eat(b"trade\",\"E\":")?;
            at.trade(None, events)
        }
        b'd' => {
            at.eat(b"depthUpdate\",\"E\":")?;
            at.depth(None, events)
        }
        b'a' => {
            at.eat(b"aggTrade\",\"E\":")?;
            at.aggregate(None, events)
        }
        _ => None,
    }
}

/// Adds an event that is put together in its place. (`push` takes one that is ready, and copies it.)
#[inline]
fn put(events: &mut Vec<Event>, event: impl FnOnce() -> Event) {
    events.extend(std::iter::once_with(event));
}

/// What is left to read.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    #[inline]
    fn try_eat<const N: usize>(&mut self, literal: &[u8; N]) -> bool {
        match self.0.split_first_chunk::<N>() {
            Some((head, rest)) if head == literal => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    #[inline]
    fn eat<const N: usize>(&mut self, literal: &[u8; N]) -> Option<()> {
        self.try_eat(literal).then_some(())
    }

    /// The symbol in a stream's name, and the `@` behind it.
    #[inline]
    fn stream_symbol(&mut self) -> Option<Name<'a>> {
        self.name(b'@')
    }

    /// The bytes before a byte, and that byte.
    #[expect(clippy::inline_always, reason = "as `decimal`")]
    #[inline(always)]
    fn name(&mut self, end: u8) -> Option<Name<'a>> {
        let length = self.until(end)?;
        let first = u64::from_le_bytes(*self.0.first_chunk::<8>()?);
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest.get(1..)?;
        // what follows a short name is replaced by the digit 0
        let behind = u64::MAX.checked_shl(8 * length as u32).unwrap_or(0);
        let head = (first & !behind) | (every(b'0') & behind);
        Some(Name { head, bytes })
    }

    /// How many of the next bytes stand before a byte, if that is among the next sixteen.
    #[inline]
    fn until(&self, byte: u8) -> Option<usize> {
        // the lowest mark is exact, later ones may not be
        let find = |chunk: &[u8; 8]| {
            let differs = u64::from_le_bytes(*chunk) ^ every(byte);
            let equal = differs.wrapping_sub(every(1)) & !differs & every(0x80);
            (equal != 0).then_some((equal.trailing_zeros() / 8) as usize)
        };
        let (first, rest) = self.0.split_first_chunk::<8>()?;
        find(first).or_else(|| find(rest.first_chunk()?).map(|at| at + 8))
    }

    /// A symbol and the quote behind it: capital letters and digits only, and that of the stream.
    #[expect(clippy::inline_always, reason = "as `decimal`")]
    #[inline(always)]
    fn symbol(&mut self, stream: Option<Name<'_>>) -> Option<VenueSymbol> {
        let symbol = self.name(b'"')?;
        let plain = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        let fits = all_plain(symbol.head)
            && symbol.tail().iter().all(plain)
            && stream.is_none_or(|stream| {
                stream.bytes.len() == symbol.bytes.len()
                    && lowered(stream.head) == lowered(symbol.head)
                    && stream.tail().eq_ignore_ascii_case(symbol.tail())
            });
        if !fits {
            return None;
        }
        VenueSymbol::from_bytes(symbol.bytes)
    }

    /// A whole number of at most 16 digits.
    #[expect(clippy::inline_always, reason = "as `decimal`")]
    #[inline(always)]
    fn unsigned(&mut self) -> Option<u64> {
        let (number, length) = Decimal::parse_prefix_whole(self.0)?;
        if length > 1 && self.0.first() == Some(&b'0') {
            return None; // no JSON
        }
        self.0 = &self.0[length..];
        Some(number)
    }

    #[inline]
    fn time(&mut self) -> Option<Timestamp> {
        self.unsigned().and_then(time_of)
    }

    #[inline]
    fn id(&mut self) -> Option<TradeId> {
        self.unsigned().map(|id| TradeId(u128::from(id)))
    }

    #[expect(
        clippy::inline_always,
        reason = "as `parse_prefix`: a number must stay in registers"
    )]
    #[inline(always)]
    fn decimal(&mut self) -> Option<Decimal> {
        let (decimal, length) = Decimal::parse_prefix(self.0)?;
        self.0 = &self.0[length..];
        Some(decimal)
    }

    #[inline]
    fn flag(&mut self) -> Option<bool> {
        if self.try_eat(b"true") {
            Some(true)
        } else if self.try_eat(b"false") {
            Some(false)
        } else {
            None
        }
    }

    /// The end of the message: one brace, or two in a combined stream.
    #[inline]
    fn end(&self, combined: bool) -> Option<()> {
        let ended = match self.0 {
            [b'}', b'}'] => combined,
            [b'}'] => !combined,
            _ => false,
        };
        ended.then_some(())
    }

    #[inline]
    fn trade(mut self, stream: Option<Name<'_>>, events: &mut Vec<Event>) -> Option<()> {
        let sent = self.time()?;
        self.eat(b",\"s\":\"")?;
        let symbol = self.symbol(stream)?;
        self.eat(b",\"t\":")?;
        let id = self.id()?;
        self.eat(b",\"p\":\"")?;
        let price = self.decimal()?;
        self.eat(b"\",\"q\":\"")?;
        let quantity = self.decimal()?;
        let orders = if self.try_eat(b"\",\"b\":") {
            let buyer = self.unsigned()?;
            self.eat(b",\"a\":")?;
            let seller = self.unsigned()?;
            self.eat(b",\"T\":")?;
            Some((buyer, seller))
        } else {
            self.eat(b"\",\"T\":")?;
            None
        };
        let time = self.time()?;
        self.eat(b",\"m\":")?;
        let buyer_is_maker = self.flag()?;
        self.eat(b",\"M\":true")?;
        self.end(stream.is_some())?;
        put(events, || Event {
            symbol: Some(symbol),
            sent: Some(sent),
            kind: EventKind::Trade(TradeEvent {
                trade: Trade {
                    id,
                    time,
                    price: Price(price),
                    quantity: Quantity(quantity),
                    side: taker(buyer_is_maker),
                    flags: TradeFlags::NONE,
                    count: 1,
                },
                orders,
            }),
        });
        Some(())
    }

    #[inline]
    fn aggregate(mut self, stream: Option<Name<'_>>, events: &mut Vec<Event>) -> Option<()> {
        let sent = self.time()?;
        self.eat(b",\"s\":\"")?;
        let symbol = self.symbol(stream)?;
        self.eat(b",\"a\":")?;
        let id = self.id()?;
        self.eat(b",\"p\":\"")?;
        let price = self.decimal()?;
        self.eat(b"\",\"q\":\"")?;
        let quantity = self.decimal()?;
        self.eat(b"\",\"f\":")?;
        let first_id = self.id()?;
        self.eat(b",\"l\":")?;
        let last_id = self.id()?;
        self.eat(b",\"T\":")?;
        let time = self.time()?;
        self.eat(b",\"m\":")?;
        let buyer_is_maker = self.flag()?;
        self.eat(b",\"M\":true")?;
        self.end(stream.is_some())?;
        if last_id < first_id {
            return None;
        }
        put(events, || Event {
            symbol: Some(symbol),
            sent: Some(sent),
            kind: EventKind::AggregateTrade(AggregateTrade {
                id,
                first_id,
                last_id,
                time,
                price: Price(price),
                quantity: Quantity(quantity),
                side: taker(buyer_is_maker),
            }),
        });
        Some(())
    }

    #[inline]
    fn quote(mut self, stream: Option<Name<'_>>, events: &mut Vec<Event>) -> Option<()> {
        let update_id = self.unsigned()?;
        self.eat(b",\"s\":\"")?;
        let symbol = self.symbol(stream)?;
        self.eat(b",\"b\":\"")?;
        let bid = self.decimal()?;
        self.eat(b"\",\"B\":\"")?;
        let bid_quantity = self.decimal()?;
        self.eat(b"\",\"a\":\"")?;
        let ask = self.decimal()?;
        self.eat(b"\",\"A\":\"")?;
        let ask_quantity = self.decimal()?;
        self.eat(b"\"")?;
        self.end(stream.is_some())?;
        put(events, || Event {
            symbol: Some(symbol),
            sent: None,
            kind: EventKind::Quote(Quote {
                bid: Price(bid),
                bid_quantity: Quantity(bid_quantity),
                ask: Price(ask),
                ask_quantity: Quantity(ask_quantity),
                update_id: Some(update_id),
                time: None,
            }),
        });
        Some(())
    }

    #[inline]
    fn depth(mut self, stream: Option<Name<'_>>, events: &mut Vec<Event>) -> Option<()> {
        let sent = self.time()?;
        self.eat(b",\"s\":\"")?;
        let symbol = self.symbol(stream)?;
        self.eat(b",\"U\":")?;
        let first_update_id = self.unsigned()?;
        self.eat(b",\"u\":")?;
        let last_update_id = self.unsigned()?;
        self.eat(b",\"b\":[")?;
        let bids = self.levels(2)?;
        self.eat(b",\"a\":[")?;
        let asks = self.levels(1)?;
        self.end(stream.is_some())?;
        if last_update_id < first_update_id {
            return None;
        }
        put(events, || Event {
            symbol: Some(symbol),
            sent: Some(sent),
            kind: EventKind::BookDelta(BookDelta {
                first_update_id,
                last_update_id,
                previous_update_id: None,
                time: None,
                bids,
                asks,
                checksum: None,
            }),
        });
        Some(())
    }

    /// Levels behind the opening bracket, and the closing one; `lists` of them are left in the message.
    #[inline]
    fn levels(&mut self, lists: usize) -> Option<Vec<Level>> {
        /// A level with eight decimals: `["61737.63000000","0.00000000"],`.
        const USUAL: usize = 32;
        if self.try_eat(b"]") {
            return Some(Vec::new());
        }
        // a guess, for looking for the end costs a tenth of the message; the list may grow
        let mut levels = Vec::with_capacity(self.0.len() / (USUAL * lists) + 2);
        loop {
            self.eat(b"[\"")?;
            let price = self.decimal()?;
            self.eat(b"\",\"")?;
            let quantity = self.decimal()?;
            self.eat(b"\"]")?;
            levels.push(Level {
                price: Price(price),
                quantity: Quantity(quantity),
            });
            if !self.try_eat(b",") {
                self.eat(b"]")?;
                return Some(levels);
            }
        }
    }
}

/// A symbol as it stands in the bytes.
#[derive(Clone, Copy)]
struct Name<'a> {
    /// Its first eight bytes, the first lowest; the digit 0 behind the end.
    head: u64,
    bytes: &'a [u8],
}

impl<'a> Name<'a> {
    #[inline]
    fn tail(self) -> &'a [u8] {
        self.bytes.get(8..).unwrap_or_default()
    }
}

/// A byte eight times.
#[inline]
const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Marks the bytes from `first` to `last`; none of 128 and more.
#[inline]
const fn between(word: u64, first: u8, last: u8) -> u64 {
    let low = word & every(0x7f);
    let from_first = low + every(0x80 - first);
    let past_last = low + every(0x7f - last);
    from_first & !past_last & !word & every(0x80)
}

/// With capital letters lowered.
#[inline]
const fn lowered(word: u64) -> u64 {
    word | (between(word, b'A', b'Z') >> 2)
}

/// Whether all are capital letters and digits.
#[inline]
const fn all_plain(word: u64) -> bool {
    (between(word, b'A', b'Z') | between(word, b'0', b'9')) == every(0x80)
}

/// The taker's side, from the venue's "the buyer was the maker".
#[inline]
pub(crate) const fn taker(buyer_is_maker: bool) -> Side {
    if buyer_is_maker {
        Side::Sell
    } else {
        Side::Buy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bytes_at_once_are_judged_as_one_by_one() {
        for byte in 0..=255_u8 {
            for at in 0..8 {
                let mut bytes = *b"AZ09MX5B";
                bytes[at] = byte;
                let word = u64::from_le_bytes(bytes);
                let plain = byte.is_ascii_uppercase() || byte.is_ascii_digit();
                assert_eq!(all_plain(word), plain, "{byte}");
                let lower = bytes.map(|b| b.to_ascii_lowercase());
                assert_eq!(lowered(word), u64::from_le_bytes(lower), "{byte}");
            }
        }
    }

    #[test]
    fn a_name_ends_at_its_end() {
        for length in 0..16 {
            let text = format!("{}\",\"t\":3735683259", &"ABCDEFGHIJKLMNOP"[..length]);
            let mut at = Cursor(text.as_bytes());
            let name = at.name(b'"').unwrap();
            assert_eq!(name.bytes, &text.as_bytes()[..length]);
            assert!(all_plain(name.head));
            assert!(at.0.starts_with(b",\"t\""));
            let mut at = Cursor(text.as_bytes());
            assert_eq!(at.symbol(None).is_some(), length > 0);
        }
        let mut long = Cursor(b"ABCDEFGHIJKLMNOPQ\",\"t\":1");
        assert!(long.symbol(None).is_none());
    }
}
