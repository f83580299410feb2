//! Trades and their ids.

use quantflow_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Moment, TimeStyle};
use crate::table::{Bare, Cell, ColumnKind, Row, Shown};

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

impl Bare for Id {
    fn write(self, out: &mut Vec<u8>) {
        Shown(self.0).write(out);
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
