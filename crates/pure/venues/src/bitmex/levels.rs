//! Levels of a book by number: the price that a number means.
//!
//! A level's number is `100 000 000 × index − price ÷ tick`, with an index of the instrument and the tick
//! that it was listed with. Neither is said, but a level that says its price tells both; so the first
//! message of a book, where every level has its price, binds the tick to the index.

use quantflow_model::{Decimal, Price, VenueSymbol};
use quantflow_wire::{Binding, Bindings, DecodeError};

use super::names::over;
use crate::json::value::price;
use crate::json::{Fields, Json};

/// Numbers of an instrument.
const RANGE: u64 = 100_000_000;
/// What is bound: that, and the tick behind it.
const CHANNEL: &str = "tick:";

/// The index of a level's number, and how many ticks its price has.
fn parts(number: u64) -> (u64, u64) {
    let index = number / RANGE + 1;
    (index, index.saturating_mul(RANGE).saturating_sub(number))
}

/// The tick that a level with its price tells.
fn tick(number: u64, at: Price) -> Option<Decimal> {
    let (_, ticks) = parts(number);
    over(at.0, Decimal::new(i128::from(ticks), 0)?)
}

/// Binds the tick of the book that a message begins with; nothing where its levels do not agree.
pub(super) fn bind(message: &[u8], bindings: &mut Bindings) -> bool {
    const BOOK: &[u8] = b"\"orderBookL2";
    const WHOLE: &[u8] = b"\"partial\"";
    let head = &message[..message.len().min(120)];
    let has = |word: &[u8]| head.windows(word.len()).any(|window| window == word);
    if !has(BOOK) || !has(WHOLE) {
        return false;
    }
    let Ok(tree) = Json::parse(message) else {
        return false;
    };
    let rows = tree.entry("data").and_then(Json::items).unwrap_or(&[]);
    let told = rows.iter().map(|row| {
        let number = row.entry("id")?.unsigned()?;
        let tick = tick(number, price(row.entry("price")?)?)?;
        Some((parts(number).0, tick))
    });
    let Some(told) = told.collect::<Option<Vec<_>>>() else {
        return false;
    };
    let Some((index, tick)) = told.first().copied() else {
        return false;
    };
    if told.iter().any(|other| *other != (index, tick)) {
        return false;
    }
    let symbol = rows[0].entry("symbol").and_then(Json::plain_text);
    let Some(symbol) = symbol.and_then(VenueSymbol::new) else {
        return false;
    };
    let channel = format!("{CHANNEL}{tick}").into();
    bindings.bind(index, Binding { symbol, channel })
}

/// The price of a level: as it says, else by its number.
pub(super) fn price_of(
    f: &Fields<'_, '_>,
    symbol: &VenueSymbol,
    bindings: &Bindings,
) -> Result<Price, DecodeError> {
    if let Some(said) = f.optional("price", price)? {
        return Ok(said);
    }
    let number = f.unsigned("id")?;
    let (index, ticks) = parts(number);
    let known = || {
        let bound = bindings
            .get(index)
            .filter(|bound| bound.symbol == *symbol)?;
        let tick: Decimal = bound.channel.strip_prefix(CHANNEL)?.parse().ok()?;
        let ticks = Decimal::new(i128::from(ticks), 0)?;
        Some(Price(ticks.checked_mul(tick)?))
    };
    known().ok_or(DecodeError::Missing {
        message: "a level of a book whose first message did not come",
        field: "price",
    })
}
