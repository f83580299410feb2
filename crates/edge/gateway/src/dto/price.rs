//! The newest price of a symbol, with its last 24 hours.

use quantflow_market::view::{Health, PriceView};
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
    /// The last trade's price.
    #[schema(value_type = String, example = "61837.63")]
    price: model::Price,
    /// The best bid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    bid: Option<model::Price>,
    /// The best offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    ask: Option<model::Price>,
    /// The venue's time of the last trade.
    time: Moment,
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
            time: style.of(view.time),
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
            1 => Cell::Decimal(self.price.0),
            2 => self.bid.map(|n| n.0).into(),
            3 => self.ask.map(|n| n.0).into(),
            4 => Cell::Time(self.time.at),
            5 => self.change_24h.map(|n| n.0).into(),
            6 => self.change_percent_24h.map_or(Cell::Null, Cell::Real),
            7 => self.high_24h.map(|n| n.0).into(),
            8 => self.low_24h.map(|n| n.0).into(),
            9 => self.volume_24h.map(|n| n.0).into(),
            _ => Cell::Text(self.health.to_owned()),
        }
    }
}
