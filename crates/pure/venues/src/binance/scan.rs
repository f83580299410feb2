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

use super::tree::time_of;

/// What the bytes say, if they are one of the known messages to the byte.
#[inline]
pub(super) fn scan(bytes: &[u8]) -> Option<Event> {
    let mut at = Cursor(bytes);
    if at.try_eat(b"{\"stream\":\"") {
        let stream = at.stream_symbol()?;
        // the longest first byte that tells them apart
        return match at.0.first()? {
            b't' => {
                at.eat(b"trade\",\"data\":{\"e\":\"trade\",\"E\":")?;
                at.trade(Some(stream))
            }
            b'b' => {
                at.eat(b"bookTicker\",\"data\":{\"u\":")?;
                at.quote(Some(stream))
            }
            b'd' => {
                at.eat(b"depth")?;
                let _ = at.try_eat(b"@100ms");
                at.eat(b"\",\"data\":{\"e\":\"depthUpdate\",\"E\":")?;
                at.depth(Some(stream))
            }
            b'a' => {
                at.eat(b"aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":")?;
                at.aggregate(Some(stream))
            }
            _ => None,
        };
    }
    if at.try_eat(b"{\"u\":") {
        return at.quote(None);
    }
    at.eat(b"{\"e\":\"")?;
    match at.0.first()? {
        b't' => {
            at.eat(b"trade\",\"E\":")?;
            at.trade(None)
        }
        b'd' => {
            at.eat(b"depthUpdate\",\"E\":")?;
            at.depth(None)
        }
        b'a' => {
            at.eat(b"aggTrade\",\"E\":")?;
            at.aggregate(None)
        }
        _ => None,
    }
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

    /// The next sixteen bytes, the first lowest; zeros behind the end.
    #[inline]
    fn word(&self) -> u128 {
        if let Some(chunk) = self.0.first_chunk::<16>() {
            return u128::from_le_bytes(*chunk);
        }
        let mut padded = [0; 16];
        padded[..self.0.len()].copy_from_slice(self.0);
        u128::from_le_bytes(padded)
    }

    /// How many of the next bytes stand before a byte, if that is among the next sixteen.
    #[inline]
    fn until(&self, byte: u8) -> Option<usize> {
        const ONES: u128 = u128::from_le_bytes([1; 16]);
        const HIGH: u128 = u128::from_le_bytes([0x80; 16]);
        let differs = self.word() ^ u128::from_le_bytes([byte; 16]);
        let equal = differs.wrapping_sub(ONES) & !differs & HIGH;
        (equal != 0).then_some((equal.trailing_zeros() / 8) as usize)
    }

    /// The symbol in a stream's name, and the `@` behind it.
    #[inline]
    fn stream_symbol(&mut self) -> Option<&'a [u8]> {
        let (symbol, rest) = self.0.split_at_checked(self.until(b'@')?)?;
        self.0 = rest.get(1..)?;
        Some(symbol)
    }

    /// A symbol and the quote behind it: letters and digits only, and that of the stream.
    #[inline]
    fn symbol(&mut self, stream: Option<&[u8]>) -> Option<VenueSymbol> {
        let (symbol, rest) = self.0.split_at_checked(self.until(b'"')?)?;
        self.0 = rest.get(1..)?;
        let plain = symbol
            .iter()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let agrees = stream.is_none_or(|stream| stream.eq_ignore_ascii_case(symbol));
        if !(plain && agrees) {
            return None;
        }
        VenueSymbol::new(std::str::from_utf8(symbol).ok()?)
    }

    /// A whole number of at most 16 digits.
    #[inline]
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

    #[inline]
    fn decimal(&mut self) -> Option<Decimal> {
        if let Some((decimal, length)) = Decimal::parse_prefix(self.0) {
            self.0 = &self.0[length..];
            return Some(decimal);
        }
        self.long_decimal()
    }

    #[cold]
    fn long_decimal(&mut self) -> Option<Decimal> {
        let window = &self.0[..self.0.len().min(64)];
        let (text, rest) = self.0.split_at_checked(memchr::memchr(b'"', window)?)?;
        let plain = |b: &u8| b.is_ascii_digit() || *b == b'.';
        if !text.iter().all(plain) {
            return None;
        }
        self.0 = rest;
        Decimal::parse(text).ok()
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
        let end: &[u8] = if combined { b"}}" } else { b"}" };
        (self.0 == end).then_some(())
    }

    #[inline]
    fn trade(mut self, stream: Option<&[u8]>) -> Option<Event> {
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
        Some(Event {
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
        })
    }

    #[inline]
    fn aggregate(mut self, stream: Option<&[u8]>) -> Option<Event> {
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
        Some(Event {
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
        })
    }

    #[inline]
    fn quote(mut self, stream: Option<&[u8]>) -> Option<Event> {
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
        Some(Event {
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
        })
    }

    #[inline]
    fn depth(mut self, stream: Option<&[u8]>) -> Option<Event> {
        let sent = self.time()?;
        self.eat(b",\"s\":\"")?;
        let symbol = self.symbol(stream)?;
        self.eat(b",\"U\":")?;
        let first_update_id = self.unsigned()?;
        self.eat(b",\"u\":")?;
        let last_update_id = self.unsigned()?;
        self.eat(b",\"b\":[")?;
        let bids = self.levels()?;
        self.eat(b",\"a\":[")?;
        let asks = self.levels()?;
        self.end(stream.is_some())?;
        if last_update_id < first_update_id {
            return None;
        }
        Some(Event {
            symbol: Some(symbol),
            sent: Some(sent),
            kind: EventKind::BookDelta(BookDelta {
                first_update_id,
                last_update_id,
                previous_update_id: None,
                time: None,
                bids,
                asks,
            }),
        })
    }

    /// Levels behind the opening bracket, and the closing one.
    #[inline]
    fn levels(&mut self) -> Option<Vec<Level>> {
        /// A level with eight decimals: `["0.12345678","0.12345678"],`.
        const SHORTEST: usize = 27;
        if self.try_eat(b"]") {
            return Some(Vec::new());
        }
        let length = memchr::memmem::find(self.0, b"]]")?;
        let mut levels = Vec::with_capacity(length / SHORTEST + 1);
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

/// The taker's side, from the venue's "the buyer was the maker".
#[inline]
pub(super) const fn taker(buyer_is_maker: bool) -> Side {
    if buyer_is_maker {
        Side::Sell
    } else {
        Side::Buy
    }
}
