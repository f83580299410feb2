//! What we ask of a venue, as values: [`Query`] and [`Subscription`], and what a codec makes of
//! them.

use compact_str::CompactString;
use quantflow_model::{Symbol, Timeframe, Timestamp, TradeId, VenueSymbol};
use serde::{Deserialize, Serialize};

/// A question to a venue's REST API, in our terms.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "query")]
pub enum Query {
    /// The venue's clock.
    ServerTime,
    /// All instruments and limits.
    Instruments,
    /// The instruments of one kind of market, for venues that keep them apart.
    InstrumentsOf {
        /// The venue's name of that kind: `SPOT`, `linear`.
        part: CompactString,
        /// Where the page before ended, in the venue's words; `None`: the first page.
        after: Option<CompactString>,
    },
    /// Where a socket may be opened, for venues that give an address and a token to each who asks.
    SocketAddress,
    /// Candles with open time in `[from, to)`, oldest first.
    Candles {
        /// Which.
        symbol: VenueSymbol,
        /// How long.
        timeframe: Timeframe,
        /// First open time; `None`: the newest `limit`.
        from: Option<Timestamp>,
        /// Past the last open time.
        to: Option<Timestamp>,
        /// At most so many.
        limit: u32,
    },
    /// The newest trades.
    RecentTrades {
        /// Which.
        symbol: VenueSymbol,
        /// At most so many.
        limit: u32,
    },
    /// Single trades from an id upward.
    TradesFromId {
        /// Which.
        symbol: VenueSymbol,
        /// The first id.
        from: TradeId,
        /// At most so many.
        limit: u32,
    },
    /// Single trades with time in `[from, to)`, in the venue's order.
    Trades {
        /// Which.
        symbol: VenueSymbol,
        /// First time; `None`: as far back as one answer reaches.
        from: Option<Timestamp>,
        /// Past the last time; `None`: up to now.
        to: Option<Timestamp>,
        /// At most so many.
        limit: u32,
    },
    /// Single trades below an id, the newest of them.
    TradesBeforeId {
        /// Which.
        symbol: VenueSymbol,
        /// The id past the last.
        before: TradeId,
        /// At most so many.
        limit: u32,
    },
    /// Aggregate trades with time in `[from, to)`, oldest first.
    AggregateTrades {
        /// Which.
        symbol: VenueSymbol,
        /// First time.
        from: Timestamp,
        /// Past the last time.
        to: Timestamp,
        /// At most so many.
        limit: u32,
    },
    /// Aggregate trades from an aggregate id upward.
    AggregateTradesFromId {
        /// Which.
        symbol: VenueSymbol,
        /// The first aggregate id.
        from: TradeId,
        /// At most so many.
        limit: u32,
    },
    /// The order book.
    Book {
        /// Which.
        symbol: VenueSymbol,
        /// Levels a side.
        limit: u32,
    },
    /// Statistics of the last 24 hours; all symbols when `None`.
    Ticker {
        /// Which.
        symbol: Option<VenueSymbol>,
    },
    /// Best bid and offer; all symbols when `None`.
    BestQuote {
        /// Which.
        symbol: Option<VenueSymbol>,
    },
    /// Mark price, funding and open interest of a contract, or what is computed for an option, as
    /// they are now; all symbols when `None`.
    Contract {
        /// Which.
        symbol: Option<VenueSymbol>,
    },
    /// Funding rates that were paid, with time in `[from, to)`.
    FundingRates {
        /// Which.
        symbol: VenueSymbol,
        /// First time; `None`: the newest `limit`.
        from: Option<Timestamp>,
        /// Past the last time; `None`: up to now.
        to: Option<Timestamp>,
        /// At most so many.
        limit: u32,
    },
    /// Open interest of a contract, where it is asked for apart.
    OpenInterest {
        /// Which.
        symbol: VenueSymbol,
    },
}

impl Query {
    /// What is asked for, for people.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ServerTime => "its clock",
            Self::Instruments | Self::InstrumentsOf { .. } => "instruments",
            Self::SocketAddress => "an address for a socket",
            Self::Candles { .. } => "candles",
            Self::RecentTrades { .. } => "the newest trades",
            Self::TradesFromId { .. } => "trades from an id",
            Self::Trades { .. } => "trades of a span of time",
            Self::TradesBeforeId { .. } => "trades before an id",
            Self::AggregateTrades { .. } => "aggregate trades",
            Self::AggregateTradesFromId { .. } => "aggregate trades from an id",
            Self::Book { .. } => "an order book",
            Self::Ticker { .. } => "statistics of 24 hours",
            Self::BestQuote { .. } => "best quotes",
            Self::Contract { .. } => "the state of contracts",
            Self::FundingRates { .. } => "funding rates",
            Self::OpenInterest { .. } => "open interest",
        }
    }

    /// The symbol it asks about, where it asks about one.
    pub fn symbol(&self) -> Option<&VenueSymbol> {
        match self {
            Self::ServerTime
            | Self::Instruments
            | Self::InstrumentsOf { .. }
            | Self::SocketAddress => None,
            Self::Candles { symbol, .. }
            | Self::RecentTrades { symbol, .. }
            | Self::TradesFromId { symbol, .. }
            | Self::Trades { symbol, .. }
            | Self::TradesBeforeId { symbol, .. }
            | Self::AggregateTrades { symbol, .. }
            | Self::AggregateTradesFromId { symbol, .. }
            | Self::Book { symbol, .. }
            | Self::FundingRates { symbol, .. }
            | Self::OpenInterest { symbol } => Some(symbol),
            Self::Ticker { symbol } | Self::BestQuote { symbol } | Self::Contract { symbol } => {
                symbol.as_ref()
            }
        }
    }
}

/// What to ask for to fill a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RepairHow {
    /// Single trades from the hole's first id.
    SingleTrades,
    /// Single trades downward from the hole's last id.
    TradesBefore,
    /// Single trades of the hole's span of time.
    TradesByTime,
    /// The newest trades: the venue gives no others.
    NewestTrades,
    /// Aggregate trades over the hole's span of time, since the venue refuses single trades.
    Aggregates,
}

/// Why a request is made; more urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// What a live feed needs now: the venue's clock and instruments.
    Live,
    /// Filling a hole; a book's snapshot.
    Repair,
    /// Somebody waits for the answer.
    Interactive,
    /// History.
    Backfill,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HttpMethod {
    /// GET
    Get,
    /// POST
    Post,
}

/// A request as a value: what the driver sends, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: HttpMethod,
    /// Path and query string, to be put behind the venue's base URL: `/api/v3/time`.
    pub target: String,
    /// Headers beside the usual ones; never a key.
    pub headers: Vec<(String, String)>,
    /// The body; empty for GET.
    pub body: Vec<u8>,
    /// What it counts against the venue's request limits.
    pub weight: u32,
    /// The header that carries the user's API key, where hosts of the venue answer this only with
    /// one; `None`: no key goes with it. The driver puts the key in: no request holds one.
    pub key_header: Option<&'static str>,
}

/// A kind of live data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Single trades.
    Trades,
    /// Trades aggregated by taker order.
    AggregateTrades,
    /// Best bid and offer.
    Quotes,
    /// Changes of the order book.
    Book,
    /// The venue's own candles of one timeframe.
    Candles(Timeframe),
    /// Statistics of the last 24 hours.
    Ticker,
    /// Mark price, funding, open interest of a contract; what is computed for an option.
    Contract,
    /// Positions that the venue closes by force.
    Liquidations,
}

impl std::fmt::Display for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Trades => "trades",
            Self::AggregateTrades => "aggregateTrades",
            Self::Quotes => "quotes",
            Self::Book => "book",
            Self::Candles(timeframe) => return write!(f, "candles:{timeframe}"),
            Self::Ticker => "ticker",
            Self::Contract => "contract",
            Self::Liquidations => "liquidations",
        })
    }
}

/// One stream that is wanted: a channel of a symbol.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subscription {
    /// Our name of the symbol.
    pub symbol: Symbol,
    /// The venue's name.
    pub venue_symbol: VenueSymbol,
    /// What of it.
    pub channel: Channel,
}

/// How to get streams over one socket: where to connect, and what to send then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribePlan {
    /// Path and query, to be put behind the venue's WebSocket base URL.
    pub target: String,
    /// Text messages to send once connected, in order, no faster than the venue's message limit.
    pub messages: Vec<String>,
    /// What this socket then carries.
    pub subscriptions: Vec<Subscription>,
    /// The connection's name for people and metrics, such as `market-1`.
    pub label: CompactString,
    /// A text that must be sent every so often, or the venue cuts the connection.
    pub keep_alive: Option<KeepAlive>,
    /// What must be asked first: its answer says where to connect
    /// ([`Notice::SocketAddress`](crate::Notice::SocketAddress)), and `target` stands behind that.
    pub address: Option<Query>,
}

/// A text that must be sent every so often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepAlive {
    /// How often.
    pub every: std::time::Duration,
    /// What.
    pub message: String,
}
