//! [`Event`]: what a venue said, in our model and exactly.

use quantflow_model::{
    BookDelta, BookSnapshot, ContractState, FundingRate, Instrument, Liquidation, Notional,
    OptionState, Price, Quantity, Quote, Side, Timeframe, Timestamp, Trade, TradeId, VenueSymbol,
};

/// What a venue said of a symbol, in our model and exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The venue's name of the symbol; `None` where it concerns all.
    pub symbol: Option<VenueSymbol>,
    /// When the venue sent it, where it says so (not when the trade happened).
    pub sent: Option<Timestamp>,
    /// What it said.
    pub kind: EventKind,
}

/// What a venue said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// One trade.
    Trade(TradeEvent),
    /// Trades aggregated by taker order.
    AggregateTrade(AggregateTrade),
    /// Best bid and offer.
    Quote(Quote),
    /// The order book.
    BookSnapshot(BookSnapshot),
    /// Changes of the order book.
    BookDelta(BookDelta),
    /// The venue's own candle. In a box: it is more than twice as large as anything else that comes
    /// often, and every event takes the room of the largest.
    Candle(Box<VenueCandle>),
    /// Statistics of the last 24 hours.
    Ticker(Box<Ticker>),
    /// What a venue says of a contract beside its market: mark price, funding, open interest.
    Contract(Box<ContractState>),
    /// A funding rate that was paid.
    Funding(FundingRate),
    /// A position that the venue closed by force.
    Liquidation(Liquidation),
    /// What a venue computes for an option.
    Option(Box<OptionState>),
    /// Instruments: all of those that were asked for.
    Instruments(Vec<Instrument>),
    /// The venue's clock.
    ServerTime(Timestamp),
    /// Anything that is about the connection, not the market.
    Notice(Notice),
}

/// One trade, with what the venue adds to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeEvent {
    /// The trade.
    pub trade: Trade,
    /// The buyer's and the seller's order ids, where published.
    pub orders: Option<(u64, u64)>,
}

/// Consecutive trades of one taker order at one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AggregateTrade {
    /// The venue's number of the aggregate.
    pub id: TradeId,
    /// The first trade in it.
    pub first_id: TradeId,
    /// The last trade in it.
    pub last_id: TradeId,
    /// When.
    pub time: Timestamp,
    /// At what price.
    pub price: Price,
    /// How much in all.
    pub quantity: Quantity,
    /// The taker's side.
    pub side: Side,
}

/// A candle as the venue computed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VenueCandle {
    /// How long.
    pub timeframe: Timeframe,
    /// Where it begins.
    pub open_time: Timestamp,
    /// The last instant in it: as the venue says (earlier than the end where the venue was down), or
    /// a nanosecond before its end where it does not say.
    pub close_time: Timestamp,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Base volume (contracts where the venue counts in contracts).
    pub volume: Quantity,
    /// Quote volume, where said.
    pub quote_volume: Option<Notional>,
    /// Number of trades, where said.
    pub trades: Option<u64>,
    /// Base volume in which the taker bought, where said.
    pub taker_buy_volume: Option<Quantity>,
    /// Quote volume in which the taker bought, where said.
    pub taker_buy_quote_volume: Option<Notional>,
    /// First trade, where said and there is one.
    pub first_id: Option<TradeId>,
    /// Last trade, where said and there is one.
    pub last_id: Option<TradeId>,
    /// Whether the venue says it is final; `None` where it does not say (REST).
    pub closed: Option<bool>,
}

impl VenueCandle {
    /// A candle of which the venue says prices and volume only; `prices` are open, high, low, close.
    pub fn bare(
        timeframe: Timeframe,
        open_time: Timestamp,
        prices: [Price; 4],
        volume: Quantity,
    ) -> Self {
        let [open, high, low, close] = prices;
        Self {
            timeframe,
            open_time,
            close_time: timeframe.end_of(open_time).plus_nanos(-1),
            open,
            high,
            low,
            close,
            volume,
            quote_volume: None,
            trades: None,
            taker_buy_volume: None,
            taker_buy_quote_volume: None,
            first_id: None,
            last_id: None,
            closed: None,
        }
    }
}

/// Statistics of the last 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticker {
    /// Last price.
    pub last: Price,
    /// Quantity of the last trade.
    pub last_quantity: Option<Quantity>,
    /// First price, where said.
    pub open: Option<Price>,
    /// Highest price, where said.
    pub high: Option<Price>,
    /// Lowest price, where said.
    pub low: Option<Price>,
    /// Base volume, where said.
    pub volume: Option<Quantity>,
    /// Quote volume, where said.
    pub quote_volume: Option<Notional>,
    /// Last price less first.
    pub change: Option<Price>,
    /// That in percent.
    pub change_percent: Option<quantflow_model::Decimal>,
    /// Quote volume over volume.
    pub weighted_average: Option<Price>,
    /// Last price before the span.
    pub previous_close: Option<Price>,
    /// Best bid and offer.
    pub quote: Option<Quote>,
    /// Where the span begins, where said.
    pub open_time: Option<Timestamp>,
    /// Where it ends, where said.
    pub close_time: Option<Timestamp>,
    /// First trade in it.
    pub first_id: Option<TradeId>,
    /// Last trade in it.
    pub last_id: Option<TradeId>,
    /// How many trades.
    pub trades: Option<u64>,
}

/// What a venue says about the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A subscription was taken.
    Subscribed {
        /// The number that we gave it.
        id: Option<u64>,
    },
    /// A request over the socket was refused.
    Refused {
        /// The number that we gave it.
        id: Option<u64>,
        /// The venue's code.
        code: i64,
        /// The venue's words.
        message: String,
    },
    /// The venue will cut the connection soon.
    ShuttingDown,
    /// A sign of life without content.
    Heartbeat,
    /// Where to open a socket, as the venue said when it was asked ([`Query::SocketAddress`](crate::Query::SocketAddress)).
    SocketAddress {
        /// Base URL and what belongs behind it, the token included.
        url: String,
        /// How often the venue wants a sign of life of us, where it says so.
        ping: Option<std::time::Duration>,
    },
}
