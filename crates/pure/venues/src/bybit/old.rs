//! Messages of the API before v5 (until 2023), which recordings hold: trades and books of 25 levels.

use quantflow_model::{
    BookDelta, BookSnapshot, Level, Quantity, Side, Timestamp, Trade, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind};

use super::rows::symbol_of;
use crate::json::value::{id, micros, millis, unsigned};
use crate::json::{Fields, Json};
use crate::said::{self, about, side, unknown};

/// `trade.SYMBOL` with rows whose fields have long names; numbers may stand outside of text.
pub(super) fn trade(item: &Json<'_>, symbol: &VenueSymbol) -> Result<Trade, DecodeError> {
    let f = Fields::new("trade", item)?;
    symbol_of(&f, "symbol", symbol)?;
    Ok(said::single(
        f.read("trade_id", id)?,
        f.read("trade_time_ms", millis)?,
        f.price("price")?,
        f.quantity("size")?,
        f.read("side", side)?,
    ))
}

/// `orderBookL2_25.SYMBOL`. It is numbered by `cross_seq`, which grows but jumps.
pub(super) fn book(envelope: &Fields<'_, '_>, symbol: &VenueSymbol) -> Result<Event, DecodeError> {
    let update = envelope.read("cross_seq", unsigned)?;
    let time: Option<Timestamp> = Some(envelope.read("timestamp_e6", micros)?);
    let data = envelope.get("data")?;
    let mut sides = Sides::default();
    let kind = match envelope.text("type")? {
        "snapshot" => {
            // of inverse contracts the list stands there itself
            let list = match data {
                Json::List(items) => items.as_slice(),
                object => Fields::new("orderBookL2_25", object)?.list("order_book")?,
            };
            sides.put(list, symbol, false)?;
            sides
                .bids
                .sort_by_key(|level| std::cmp::Reverse(level.price));
            sides.asks.sort_by_key(|level| level.price);
            EventKind::BookSnapshot(BookSnapshot {
                last_update_id: update,
                time,
                bids: sides.bids,
                asks: sides.asks,
                checksum: None,
            })
        }
        "delta" => {
            let f = Fields::new("orderBookL2_25", data)?;
            sides.put(f.list("delete")?, symbol, true)?;
            sides.put(f.list("update")?, symbol, false)?;
            sides.put(f.list("insert")?, symbol, false)?;
            EventKind::BookDelta(BookDelta {
                first_update_id: update,
                last_update_id: update,
                previous_update_id: None,
                time,
                bids: sides.bids,
                asks: sides.asks,
                checksum: None,
            })
        }
        other => return Err(unknown(&format!("orderBookL2_25, type {other:?}"))),
    };
    Ok(about(symbol, kind))
}

#[derive(Default)]
struct Sides {
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl Sides {
    fn put(
        &mut self,
        items: &[Json<'_>],
        symbol: &VenueSymbol,
        gone: bool,
    ) -> Result<(), DecodeError> {
        for item in items {
            let f = Fields::new("orderBookL2_25", item)?;
            symbol_of(&f, "symbol", symbol)?;
            let level = Level {
                price: f.price("price")?,
                quantity: if gone {
                    Quantity::ZERO
                } else {
                    f.quantity("size")?
                },
            };
            match f.read("side", side)? {
                Side::Buy => self.bids.push(level),
                _ => self.asks.push(level),
            }
        }
        Ok(())
    }
}
