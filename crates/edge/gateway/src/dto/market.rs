//! Prices, trades, candles, quotes, books.

use std::collections::BTreeMap;

use quantflow_market::view::{BookView, CandleView, Health, PriceView};
use quantflow_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Moment, TimeStyle};
use crate::table::{Cell, ColumnKind, Row};

/// The newest price of a symbol.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Price {
    /// Our name of it.
    #[schema(value_type = String, example = "binance:BTC/USDT")]
    symbol: model::Symbol,
    /// The last trade's price; null before the first trade.
    #[schema(value_type = Option<String>, required = true, example = "61837.63")]
    price: Option<model::Price>,
    /// The best bid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    bid: Option<model::Price>,
    /// The best offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    ask: Option<model::Price>,
    /// The venue's time of the last trade; null before the first trade.
    #[schema(required = true)]
    time: Option<Moment>,
    /// Price now less the price 24 hours before.
    #[serde(rename = "change24h", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    change_24h: Option<model::Price>,
    /// That in percent of the price 24 hours before.
    #[serde(rename = "changePercent24h", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    change_percent_24h: Option<f64>,
    /// The highest price of the 24 hours.
    #[serde(rename = "high24h", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    high_24h: Option<model::Price>,
    /// The lowest price of the 24 hours.
    #[serde(rename = "low24h", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    low_24h: Option<model::Price>,
    /// Base volume of the 24 hours.
    #[serde(rename = "volume24h", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    volume_24h: Option<model::Quantity>,
    /// How fresh and whole its data is.
    #[schema(value_type = HealthWord)]
    health: &'static str,
}

/// How fresh and whole data is: it flows; nothing came for too long; a hole is being filled; no connection.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
enum HealthWord {
    Live,
    Late,
    Filling,
    Down,
}

impl Price {
    pub(crate) fn of(view: &PriceView, style: TimeStyle) -> Self {
        let day = view.day.as_ref();
        Self {
            symbol: view.symbol.clone(),
            price: view.price,
            bid: view.bid,
            ask: view.ask,
            time: view.time.map(|time| style.of(time)),
            change_24h: day.map(|d| d.change),
            change_percent_24h: day.map(|d| d.change_percent).filter(|p| p.is_finite()),
            high_24h: day.map(|d| d.high),
            low_24h: day.map(|d| d.low),
            volume_24h: day.map(|d| d.volume),
            health: Health::name(view.health),
        }
    }
}

impl Row for Price {
    const COLUMNS: &'static [(&'static str, ColumnKind)] = &[
        ("symbol", ColumnKind::Text),
        ("price", ColumnKind::Decimal),
        ("bid", ColumnKind::Decimal),
        ("ask", ColumnKind::Decimal),
        ("time", ColumnKind::Time),
        ("change_24h", ColumnKind::Decimal),
        ("change_percent_24h", ColumnKind::Real),
        ("high_24h", ColumnKind::Decimal),
        ("low_24h", ColumnKind::Decimal),
        ("volume_24h", ColumnKind::Decimal),
        ("health", ColumnKind::Text),
    ];

    fn cell(&self, column: usize) -> Cell {
        match column {
            0 => Cell::text(&self.symbol),
            1 => self.price.map(|n| n.0).into(),
            2 => self.bid.map(|n| n.0).into(),
            3 => self.ask.map(|n| n.0).into(),
            4 => self.time.map_or(Cell::Null, |time| Cell::Time(time.at)),
            5 => self.change_24h.map(|n| n.0).into(),
            6 => self.change_percent_24h.map_or(Cell::Null, Cell::Real),
            7 => self.high_24h.map(|n| n.0).into(),
            8 => self.low_24h.map(|n| n.0).into(),
            9 => self.volume_24h.map(|n| n.0).into(),
            _ => Cell::Text(self.health.to_owned()),
        }
    }
}

/// One execution.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Trade {
    /// Our name of what was traded.
    #[schema(value_type = String, example = "binance:BTC/USDT")]
    symbol: model::Symbol,
    /// The venue's number for it (the first, where the row stands for several).
    #[schema(value_type = String, example = "4219876543")]
    id: Id,
    /// The venue's time.
    time: Moment,
    /// Its price.
    #[schema(value_type = String, example = "61837.63")]
    price: model::Price,
    /// How much of the base changed hands.
    #[schema(value_type = String, example = "0.0125")]
    quantity: model::Quantity,
    /// Who took liquidity; null where the venue does not say.
    #[schema(value_type = Option<SideWord>)]
    side: Option<&'static str>,
    /// What cleaning said of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    flags: Vec<&'static str>,
    /// How many consecutive trades of the venue the row stands for, where more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    count: Option<u32>,
}

/// The taker's side.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
enum SideWord {
    Buy,
    Sell,
}

/// An id, written as a string: it may have more digits than JSON's numbers carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) model::TradeId);

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Trade {
    pub(crate) fn of(symbol: &model::Symbol, trade: &model::Trade, style: TimeStyle) -> Self {
        Self {
            symbol: symbol.clone(),
            id: Id(trade.id),
            time: style.of(trade.time),
            price: trade.price,
            quantity: trade.quantity,
            side: match trade.side {
                model::Side::Buy => Some("buy"),
                model::Side::Sell => Some("sell"),
                model::Side::Unknown => None,
            },
            flags: trade.flags.names().collect(),
            count: (trade.count > 1).then_some(trade.count),
        }
    }
}

/// The columns that `quantflow import --kind trades` takes.
impl Row for Trade {
    const COLUMNS: &'static [(&'static str, ColumnKind)] = &[
        ("ts_ms", ColumnKind::Time),
        ("price", ColumnKind::Decimal),
        ("qty", ColumnKind::Decimal),
        ("side", ColumnKind::Text),
        ("trade_id", ColumnKind::Text),
    ];

    fn cell(&self, column: usize) -> Cell {
        match column {
            0 => Cell::Time(self.time.at),
            1 => Cell::Decimal(self.price.0),
            2 => Cell::Decimal(self.quantity.0),
            3 => self
                .side
                .map_or(Cell::Null, |side| Cell::Text(side.to_owned())),
            _ => Cell::text(self.id.0),
        }
    }
}

/// One price bar.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Candle {
    /// Where it begins; it covers [openTime, openTime + timeframe).
    open_time: Moment,
    /// The first price.
    #[schema(value_type = String, example = "61837.63")]
    open: model::Price,
    /// The highest price.
    #[schema(value_type = String, example = "61850")]
    high: model::Price,
    /// The lowest price.
    #[schema(value_type = String, example = "61820.01")]
    low: model::Price,
    /// The last price.
    #[schema(value_type = String, example = "61841.2")]
    close: model::Price,
    /// How much of the base was traded.
    #[schema(value_type = String, example = "12.34567")]
    volume: model::Quantity,
    /// What was paid for it; left out where an import lacks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    quote_volume: Option<model::Notional>,
    /// How many trades; left out where an import lacks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    trades: Option<u64>,
    /// The part of volume in which the taker bought; left out where sides are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    taker_buy_volume: Option<model::Quantity>,
    /// The part of quoteVolume in which the taker bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    taker_buy_quote_volume: Option<model::Notional>,
    /// The first trade in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    first_trade_id: Option<Id>,
    /// The last trade in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    last_trade_id: Option<Id>,
    /// How final it is.
    #[schema(value_type = StateWord)]
    state: &'static str,
    /// 0 when first closed, then 1 more for each change since.
    revision: u32,
    /// Whether nothing is known to be missing in it.
    complete: bool,
    /// `previous` where it is no candle but the close before, carried on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    fill: Option<&'static str>,
}

/// How final a candle is.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
enum StateWord {
    Open,
    Closed,
    Revised,
}

pub(crate) const fn state_name(state: model::CandleState) -> &'static str {
    match state {
        model::CandleState::Open => "open",
        model::CandleState::Closed => "closed",
        model::CandleState::Revised => "revised",
    }
}

impl Candle {
    pub(crate) fn of(view: &CandleView, style: TimeStyle) -> Self {
        let candle = &view.candle;
        Self {
            open_time: style.of(candle.open_time),
            open: candle.open,
            high: candle.high,
            low: candle.low,
            close: candle.close,
            volume: candle.volume,
            quote_volume: candle.quote_volume,
            trades: candle.trades,
            taker_buy_volume: candle.taker_buy_volume,
            taker_buy_quote_volume: candle.taker_buy_quote_volume,
            first_trade_id: candle.first_trade.map(|key| Id(key.id)),
            last_trade_id: candle.last_trade.map(|key| Id(key.id)),
            state: state_name(candle.state),
            revision: candle.revision,
            complete: view.complete,
            fill: view.filled.then_some("previous"),
        }
    }
}

/// The columns that `quantflow import --kind candles` takes.
impl Row for Candle {
    const COLUMNS: &'static [(&'static str, ColumnKind)] = &[
        ("open_time", ColumnKind::Time),
        ("open", ColumnKind::Decimal),
        ("high", ColumnKind::Decimal),
        ("low", ColumnKind::Decimal),
        ("close", ColumnKind::Decimal),
        ("volume", ColumnKind::Decimal),
        ("quote_volume", ColumnKind::Decimal),
        ("trades", ColumnKind::Whole),
        ("taker_buy_volume", ColumnKind::Decimal),
        ("taker_buy_quote_volume", ColumnKind::Decimal),
        ("first_trade_id", ColumnKind::Text),
        ("last_trade_id", ColumnKind::Text),
        ("state", ColumnKind::Text),
        ("complete", ColumnKind::Bool),
        ("revision", ColumnKind::Whole),
        ("fill", ColumnKind::Text),
    ];

    fn cell(&self, column: usize) -> Cell {
        match column {
            0 => Cell::Time(self.open_time.at),
            1 => Cell::Decimal(self.open.0),
            2 => Cell::Decimal(self.high.0),
            3 => Cell::Decimal(self.low.0),
            4 => Cell::Decimal(self.close.0),
            5 => Cell::Decimal(self.volume.0),
            6 => self.quote_volume.map(|n| n.0).into(),
            7 => self.trades.map_or(Cell::Null, |n| Cell::Whole(n as i64)),
            8 => self.taker_buy_volume.map(|n| n.0).into(),
            9 => self.taker_buy_quote_volume.map(|n| n.0).into(),
            10 => self
                .first_trade_id
                .map_or(Cell::Null, |id| Cell::text(id.0)),
            11 => self.last_trade_id.map_or(Cell::Null, |id| Cell::text(id.0)),
            12 => Cell::Text(self.state.to_owned()),
            13 => Cell::Bool(self.complete),
            14 => Cell::Whole(i64::from(self.revision)),
            _ => self
                .fill
                .map_or(Cell::Null, |fill| Cell::Text(fill.to_owned())),
        }
    }
}

/// The best bid and offer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Quote {
    /// The highest price somebody pays.
    #[schema(value_type = String)]
    bid: model::Price,
    /// How much stands there.
    #[schema(value_type = String)]
    bid_quantity: model::Quantity,
    /// The lowest price somebody sells at.
    #[schema(value_type = String)]
    ask: model::Price,
    /// How much stands there.
    #[schema(value_type = String)]
    ask_quantity: model::Quantity,
    /// The venue's number of the book update that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    update_id: Option<String>,
    /// The venue's time, where it says one.
    time: Option<Moment>,
}

impl From<&model::Quote> for Quote {
    fn from(quote: &model::Quote) -> Self {
        Self {
            bid: quote.bid,
            bid_quantity: quote.bid_quantity,
            ask: quote.ask,
            ask_quantity: quote.ask_quantity,
            update_id: quote.update_id.map(|id| id.to_string()),
            time: quote.time.map(|time| TimeStyle::Text.of(time)),
        }
    }
}

/// The best levels of an order book.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Book {
    /// The last update in it.
    update_id: String,
    /// Bids, best first.
    bids: Vec<Level>,
    /// Offers, best first.
    asks: Vec<Level>,
}

/// Price and quantity.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Level(
    #[schema(value_type = String)] model::Price,
    #[schema(value_type = String)] model::Quantity,
);

impl From<&BookView> for Book {
    fn from(view: &BookView) -> Self {
        let levels = |side: &[(model::Price, model::Quantity)]| {
            side.iter()
                .map(|(price, quantity)| Level(*price, *quantity))
                .collect()
        };
        Self {
            update_id: view.update_id.to_string(),
            bids: levels(&view.bids),
            asks: levels(&view.asks),
        }
    }
}

/// The values of indicators at one candle, in a live channel.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IndicatorRow {
    /// The candle's open time.
    pub(crate) open_time: Moment,
    /// How final the candle is.
    #[schema(value_type = StateWord)]
    pub(crate) state: &'static str,
    /// By output name; null while there are too few candles.
    pub(crate) values: BTreeMap<String, Option<f64>>,
}
