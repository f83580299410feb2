//! Puts a recording together.

use quantflow_model::{
    Contract, Decimal, Instrument, InstrumentStatus, Side, Symbol, Timestamp, VenueSymbol,
};
use quantflow_wire::EventKind;

use super::{Inner, Item, ItemKind, RecordedMarket, Tape};
use crate::market::Listing;
use crate::row::{AggregateRow, Row, Units};

/// Why a recording cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// A line is not what it should be.
    #[error("line {line}: {what}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// The packed bytes are broken.
    #[error("the gzip stream is broken: {0}")]
    Gzip(#[source] std::io::Error),
    /// There is nothing to play.
    #[error("the recording has no trade")]
    Empty,
    /// One id, two trades.
    #[error("trade id {0} stands for two different trades")]
    DuplicateId(u64),
    /// A number needs more room than there is.
    #[error("{what} {value} does not fit 64 bits at {scale} decimals")]
    TooManyDigits {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: Decimal,
        /// The decimals that the recording needs.
        scale: u8,
    },
    /// More trades than can be indexed.
    #[error("the recording has more than 4 billion trades")]
    TooLong,
    /// The symbol has no spelling at a venue.
    #[error("{0} cannot be spelled at the venue")]
    Symbol(Symbol),
    /// A book cannot begin again where it ended.
    #[error("a recording with an order book cannot repeat itself")]
    CannotRepeat,
}

impl RecordingError {
    pub(super) const fn line(line: u64, what: String) -> Self {
        Self::Line { line, what }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Raw {
    id: u64,
    time: Timestamp,
    price: Decimal,
    quantity: Decimal,
    side: Side,
}

const MINUTE: i64 = 60_000_000_000;

/// What was read so far.
#[derive(Debug)]
pub(super) struct Builder {
    symbol: Symbol,
    venue_symbol: VenueSymbol,
    trades: Vec<Raw>,
    /// When each trade was told, where that is not its own time.
    told: Vec<(Timestamp, Said)>,
}

#[derive(Debug)]
enum Said {
    Trade(usize),
    Other(Box<EventKind>),
}

impl Builder {
    pub(super) fn new(symbol: &Symbol) -> Result<Self, RecordingError> {
        let spelled = match symbol.contract() {
            Contract::Spot { base, quote } => format!("{base}{quote}"),
            Contract::Ticker(ticker) => ticker.to_owned(),
            _ => symbol.instrument().replace(['/', ':'], ""),
        };
        Ok(Self {
            symbol: symbol.clone(),
            venue_symbol: VenueSymbol::new(&spelled)
                .ok_or_else(|| RecordingError::Symbol(symbol.clone()))?,
            trades: Vec::new(),
            told: Vec::new(),
        })
    }

    pub(super) const fn venue_symbol(&self) -> &VenueSymbol {
        &self.venue_symbol
    }

    pub(super) fn trade(
        &mut self,
        id: u64,
        time: Timestamp,
        price: Decimal,
        quantity: Decimal,
        side: Side,
    ) {
        self.trades.push(Raw {
            id,
            time,
            price,
            quantity,
            side,
        });
    }

    pub(super) fn trade_at(
        &mut self,
        told: Timestamp,
        id: u64,
        time: Timestamp,
        price: Decimal,
        quantity: Decimal,
        side: Side,
    ) {
        self.told.push((told, Said::Trade(self.trades.len())));
        self.trade(id, time, price, quantity, side);
    }

    pub(super) fn other(&mut self, told: Timestamp, kind: EventKind) {
        self.told.push((told, Said::Other(Box::new(kind))));
    }

    pub(super) fn finish(self, repeat: bool) -> Result<RecordedMarket, RecordingError> {
        let Self {
            symbol,
            venue_symbol,
            trades,
            told,
        } = self;
        if trades.is_empty() {
            return Err(RecordingError::Empty);
        }
        u32::try_from(trades.len()).map_err(|_| RecordingError::TooLong)?;
        let units = Units {
            price_scale: trades.iter().map(|t| t.price.scale()).max().unwrap_or(0),
            quantity_scale: trades.iter().map(|t| t.quantity.scale()).max().unwrap_or(0),
        };
        let whole = |what, value: Decimal, scale: u8| {
            (scale <= 18)
                .then(|| value.at_scale(scale))
                .flatten()
                .and_then(|n| i64::try_from(n).ok())
                .ok_or(RecordingError::TooManyDigits { what, value, scale })
        };
        let mut rows = Vec::with_capacity(trades.len());
        for raw in &trades {
            rows.push(Row {
                id: raw.id,
                time: raw.time,
                price: whole("price", raw.price, units.price_scale)?,
                quantity: whole("quantity", raw.quantity, units.quantity_scale)?,
                side: raw.side,
            });
        }
        drop(trades);
        let (mut rows, order) = arrange(rows, &told)?;
        let unsided = give_sides(&mut rows);
        let mut tape = Tape {
            by_id: ranks(&rows),
            aggregates: Vec::new(),
            aggregate_marks: Vec::new(),
            ids: 0,
            rows,
        };
        aggregate(&mut tape);
        if let (Some((first, _)), Some((last, _))) = (
            tape.ranked(0, None),
            tape.ranked(tape.rows.len() as u64 - 1, None),
        ) {
            tape.ids = last.id - first.id + 1;
        }
        let items = items(&tape, order);
        let begins = items.first().map_or(Timestamp::EPOCH, |item| item.time);
        let begins = tape.rows.first().map_or(begins, |row| row.time.min(begins));
        let ends = items.last().map_or(begins, |item| item.time);
        if repeat && items.iter().any(|i| matches!(i.kind, ItemKind::Other(_))) {
            return Err(RecordingError::CannotRepeat);
        }
        // whole minutes, so that candles of every lap are alike
        let lap = repeat.then(|| (ends.since(begins) / MINUTE + 1) * MINUTE);
        let listing = Listing {
            instrument: Instrument {
                contract: None,
                symbol,
                venue_symbol,
                status: InstrumentStatus::Trading,
                tick: Some(units.price(1)),
                lot: Some(units.quantity(1)),
                minimum_notional: None,
            },
            units,
        };
        Ok(RecordedMarket {
            inner: std::sync::Arc::new(Inner {
                listings: vec![listing],
                tapes: vec![tape],
                items,
                begins,
                ends,
                unsided,
                lap,
            }),
        })
    }
}

/// When something is told, and what: a trade by its place in the walk, or anything else.
type Order = Vec<(Timestamp, Result<u32, EventKind>)>;

/// Brings the rows into the order of the walk and drops those that are there twice.
fn arrange(
    rows: Vec<Row>,
    told: &[(Timestamp, Said)],
) -> Result<(Vec<Row>, Order), RecordingError> {
    let mut known = std::collections::HashMap::with_capacity(rows.len());
    let mut first_of = Vec::with_capacity(rows.len());
    for row in &rows {
        let before = known.insert(row.id, *row);
        if before.is_some_and(|before| before != *row) {
            return Err(RecordingError::DuplicateId(row.id));
        }
        first_of.push(before.is_none());
    }
    let mut kept: Vec<Row> = Vec::with_capacity(known.len());
    let mut order: Order = Vec::with_capacity(rows.len());
    if told.is_empty() {
        let fresh = rows.into_iter().zip(first_of).filter(|(_, first)| *first);
        kept.extend(fresh.map(|(row, _)| row));
        kept.sort_by_key(|row| (row.time, row.id));
        let places = kept.iter().enumerate();
        order.extend(places.map(|(place, row)| (row.time, Ok(place as u32))));
        return Ok((kept, order));
    }
    for (time, said) in told {
        match said {
            Said::Trade(at) if first_of[*at] => {
                order.push((*time, Ok(kept.len() as u32)));
                kept.push(rows[*at]);
            }
            Said::Trade(_) => {}
            Said::Other(kind) => order.push((*time, Err((**kind).clone()))),
        }
    }
    // places are found by time: a capture whose trades go back in time is told in their order
    if !kept.is_sorted_by_key(|row| row.time) {
        kept.sort_by_key(|row| (row.time, row.id));
    }
    hoist(&mut order);
    Ok((kept, order))
}

/// Gives a side to trades without one, by where the price went last.
fn give_sides(rows: &mut [Row]) -> u64 {
    let (mut rose, mut last, mut unsided) = (true, None, 0);
    for row in rows {
        match last {
            Some(last) if row.price > last => rose = true,
            Some(last) if row.price < last => rose = false,
            _ => {}
        }
        last = Some(row.price);
        if row.side == Side::Unknown {
            unsided += 1;
            row.side = if rose { Side::Buy } else { Side::Sell };
        }
    }
    unsided
}

/// A capture has its book's snapshot after the first changes, as a client gets it; the venue has it
/// from the beginning. The changes that are in it already are known by their numbers.
fn hoist(order: &mut Order) {
    let begins = order.first().map(|(time, _)| *time);
    let snapshot = order
        .iter()
        .position(|(_, said)| matches!(said, Err(EventKind::BookSnapshot(_))));
    if let (Some(at), Some(begins)) = (snapshot, begins) {
        let (_, said) = order.remove(at);
        order.insert(0, (begins, said));
    }
}

/// Places by id, where that is not the order of the walk.
fn ranks(rows: &[Row]) -> Option<Vec<u32>> {
    if rows.is_sorted_by_key(|row| row.id) {
        return None;
    }
    let mut ranks: Vec<u32> = (0..rows.len() as u32).collect();
    ranks.sort_by_key(|place| rows[*place as usize].id);
    Some(ranks)
}

/// Makes aggregates as the venue does: consecutive trades of one instant, price and side.
fn aggregate(tape: &mut Tape) {
    for rank in 0..tape.rows.len() as u64 {
        let Some((row, place)) = tape.ranked(rank, None) else {
            return;
        };
        let joins = tape.aggregates.last().is_some_and(|last| {
            last.last_id + 1 == row.id
                && (last.time, last.price, last.side) == (row.time, row.price, row.side)
        });
        if let (true, Some(last), Some(mark)) = (
            joins,
            tape.aggregates.last_mut(),
            tape.aggregate_marks.last_mut(),
        ) {
            last.last_id = row.id;
            last.quantity = last.quantity.saturating_add(row.quantity);
            *mark = (*mark).max(place + 1);
        } else {
            tape.aggregates.push(AggregateRow {
                id: tape.aggregates.len() as u64 + 1,
                first_id: row.id,
                last_id: row.id,
                time: row.time,
                price: row.price,
                quantity: row.quantity,
                side: row.side,
            });
            tape.aggregate_marks.push(place + 1);
        }
    }
}

/// Everything in the order of the walk; an aggregate follows the trade that completes it.
fn items(tape: &Tape, order: Order) -> Vec<Item> {
    let mut completes: Vec<(u64, u32)> = (0_u32..)
        .zip(&tape.aggregate_marks)
        .map(|(aggregate, mark)| (*mark, aggregate))
        .collect();
    completes.sort_unstable();
    let mut completes = completes.into_iter().peekable();
    let mut items = Vec::with_capacity(order.len() + completes.len());
    for (time, said) in order {
        let item = |kind| Item {
            time,
            listing: 0,
            kind,
        };
        match said {
            Ok(place) => {
                items.push(item(ItemKind::Trade(place)));
                while let Some((_, aggregate)) =
                    completes.next_if(|(mark, _)| *mark <= u64::from(place) + 1)
                {
                    items.push(item(ItemKind::Aggregate(aggregate)));
                }
            }
            Err(kind) => items.push(item(ItemKind::Other(Box::new(kind)))),
        }
    }
    items
}
