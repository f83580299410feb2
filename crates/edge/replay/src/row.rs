//! [`Row`] and [`Bar`]: trades and candles in whole numbers, as a market keeps them.

use quantflow_model::{
    Decimal, Notional, Price, Quantity, Side, Timeframe, Timestamp, Trade, TradeFlags, TradeId,
};
use quantflow_wire::{AggregateTrade, VenueCandle};

/// What the whole numbers of a listing's rows mean: digits after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Units {
    /// Of prices, 0 to 18.
    pub price_scale: u8,
    /// Of quantities, 0 to 18.
    pub quantity_scale: u8,
}

/// One trade in the units of its listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The venue's number for it.
    pub id: u64,
    /// When.
    pub time: Timestamp,
    /// At what price.
    pub price: i64,
    /// How much of the base.
    pub quantity: i64,
    /// The taker's side.
    pub side: Side,
}

/// Consecutive trades of one taker order at one price, in the units of the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AggregateRow {
    /// The venue's number of the aggregate.
    pub id: u64,
    /// The first trade in it.
    pub first_id: u64,
    /// The last trade in it.
    pub last_id: u64,
    /// When.
    pub time: Timestamp,
    /// At what price.
    pub price: i64,
    /// How much in all.
    pub quantity: i64,
    /// The taker's side.
    pub side: Side,
}

fn decimal(mantissa: i128, scale: u8) -> Decimal {
    // scales of a listing are at most 18 each, so a product's is at most 36
    Decimal::new(mantissa, scale).unwrap_or(Decimal::ZERO)
}

impl Units {
    /// A price in these units.
    pub fn price(self, price: i64) -> Price {
        Price(decimal(i128::from(price), self.price_scale))
    }

    /// A quantity in these units.
    pub fn quantity(self, quantity: i128) -> Quantity {
        Quantity(decimal(quantity, self.quantity_scale))
    }

    /// A sum of prices times quantities in these units.
    pub fn notional(self, sum: i128) -> Notional {
        Notional(decimal(sum, self.price_scale + self.quantity_scale))
    }

    /// The row as a trade.
    pub fn trade(self, row: &Row) -> Trade {
        Trade {
            id: TradeId(u128::from(row.id)),
            time: row.time,
            price: self.price(row.price),
            quantity: self.quantity(i128::from(row.quantity)),
            side: row.side,
            flags: TradeFlags::NONE,
            count: 1,
        }
    }

    /// The aggregate as the venue says it.
    pub fn aggregate(self, row: &AggregateRow) -> AggregateTrade {
        AggregateTrade {
            id: TradeId(u128::from(row.id)),
            first_id: TradeId(u128::from(row.first_id)),
            last_id: TradeId(u128::from(row.last_id)),
            time: row.time,
            price: self.price(row.price),
            quantity: self.quantity(i128::from(row.quantity)),
            side: row.side,
        }
    }

    /// The bar as the venue's candle.
    pub fn candle(
        self,
        bar: &Bar,
        timeframe: Timeframe,
        open_time: Timestamp,
        closed: Option<bool>,
    ) -> VenueCandle {
        let id = |id| (bar.trades > 0).then_some(TradeId(u128::from(id)));
        VenueCandle {
            timeframe,
            open_time,
            close_time: timeframe.end_of(open_time).plus_nanos(-1_000_000),
            open: self.price(bar.open),
            high: self.price(bar.high),
            low: self.price(bar.low),
            close: self.price(bar.close),
            volume: self.quantity(bar.volume),
            quote_volume: Some(self.notional(bar.quote)),
            trades: Some(bar.trades),
            taker_buy_volume: Some(self.quantity(bar.taker_buy)),
            taker_buy_quote_volume: Some(self.notional(bar.taker_buy_quote)),
            first_id: id(bar.first_id),
            last_id: id(bar.last_id),
            closed,
        }
    }
}

/// What some trades add up to. The order of adding does not matter: ids say which opens and which
/// closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// The lowest id.
    pub first_id: u64,
    /// The highest id.
    pub last_id: u64,
    /// The price of the lowest id.
    pub open: i64,
    /// The highest price.
    pub high: i64,
    /// The lowest price.
    pub low: i64,
    /// The price of the highest id.
    pub close: i64,
    /// Sum of quantities.
    pub volume: i128,
    /// Sum of price times quantity.
    pub quote: i128,
    /// The part of `volume` in which the taker bought.
    pub taker_buy: i128,
    /// The part of `quote` in which the taker bought.
    pub taker_buy_quote: i128,
    /// How many trades.
    pub trades: u64,
}

impl Bar {
    /// The bar of one trade.
    pub fn of(row: &Row) -> Self {
        let quantity = i128::from(row.quantity);
        let quote = i128::from(row.price) * quantity;
        let bought = row.side == Side::Buy;
        Self {
            first_id: row.id,
            last_id: row.id,
            open: row.price,
            high: row.price,
            low: row.price,
            close: row.price,
            volume: quantity,
            quote,
            taker_buy: if bought { quantity } else { 0 },
            taker_buy_quote: if bought { quote } else { 0 },
            trades: 1,
        }
    }

    /// A bar in which nothing was traded, standing at a price: what the venue says of such a span.
    pub const fn empty_at(price: i64) -> Self {
        Self {
            first_id: 0,
            last_id: 0,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0,
            quote: 0,
            taker_buy: 0,
            taker_buy_quote: 0,
            trades: 0,
        }
    }

    /// Both together; neither is empty.
    pub fn merge(&mut self, other: &Self) {
        if other.first_id < self.first_id {
            self.first_id = other.first_id;
            self.open = other.open;
        }
        if other.last_id > self.last_id {
            self.last_id = other.last_id;
            self.close = other.close;
        }
        self.high = self.high.max(other.high);
        self.low = self.low.min(other.low);
        self.volume += other.volume;
        self.quote += other.quote;
        self.taker_buy += other.taker_buy;
        self.taker_buy_quote += other.taker_buy_quote;
        self.trades += other.trades;
    }

    /// Adds to what may be nothing yet.
    pub fn add_to(into: &mut Option<Self>, other: &Self) {
        match into {
            Some(bar) => bar.merge(other),
            None => *into = Some(*other),
        }
    }

    /// The bar of all rows; `None` of none.
    pub fn sum<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Option<Self> {
        let mut sum = None;
        for row in rows {
            Self::add_to(&mut sum, &Self::of(row));
        }
        sum
    }
}
