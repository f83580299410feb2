//! What there is: symbols, venues, timeframes.

use quantflow_market::view::SymbolView;
use quantflow_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Moment, TimeStyle};
use crate::sources::VenueView;
use crate::table::{Cell, ColumnKind, Row};

/// A symbol that has data or could have.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Symbol {
    /// Our name of it.
    #[schema(value_type = String, example = "binance:BTC/USDT")]
    symbol: model::Symbol,
    /// Its venue.
    #[schema(example = "binance")]
    venue: String,
    /// Spot, perpetual, future, option or ticker.
    #[schema(example = "spot")]
    kind: &'static str,
    /// What is traded; null for a ticker.
    base: Option<String>,
    /// What it is priced in; null for a ticker.
    quote: Option<String>,
    /// Whether it is being ingested.
    live: bool,
    /// The venue's time of the first trade that is held.
    first_trade: Option<Moment>,
    /// The venue's time of the last trade that is held in the store.
    last_trade: Option<Moment>,
    /// Timeframes that have candles.
    #[schema(value_type = Vec<String>)]
    timeframes: Vec<model::Timeframe>,
    /// What its venue says of it; null where that is not known.
    instrument: Option<Instrument>,
}

/// What a venue says of a symbol.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Instrument {
    /// The venue's spelling.
    #[schema(example = "BTCUSDT")]
    venue_symbol: String,
    /// Whether it trades.
    #[schema(value_type = String, example = "trading")]
    status: model::InstrumentStatus,
    /// The smallest step of a price.
    #[schema(value_type = Option<String>)]
    tick: Option<model::Price>,
    /// The smallest step of a quantity.
    #[schema(value_type = Option<String>)]
    lot: Option<model::Quantity>,
    /// The smallest order by value.
    #[schema(value_type = Option<String>)]
    minimum_notional: Option<model::Notional>,
    /// Digits after the point that its prices are shown with.
    price_decimals: Option<u8>,
    /// Digits after the point that its quantities are shown with.
    quantity_decimals: Option<u8>,
}

impl From<&model::Instrument> for Instrument {
    fn from(instrument: &model::Instrument) -> Self {
        Self {
            venue_symbol: instrument.venue_symbol.as_str().to_owned(),
            status: instrument.status,
            tick: instrument.tick,
            lot: instrument.lot,
            minimum_notional: instrument.minimum_notional,
            price_decimals: instrument.price_decimals(),
            quantity_decimals: instrument.quantity_decimals(),
        }
    }
}

impl Symbol {
    pub(crate) fn of(view: &SymbolView, style: TimeStyle) -> Self {
        let (kind, pair) = match view.symbol.contract() {
            model::Contract::Spot { base, quote } => ("spot", Some((base, quote))),
            model::Contract::Perpetual { base, quote, .. } => ("perpetual", Some((base, quote))),
            model::Contract::Future { base, quote, .. } => ("future", Some((base, quote))),
            model::Contract::Option { base, quote, .. } => ("option", Some((base, quote))),
            model::Contract::Ticker(_) => ("ticker", None),
        };
        Self {
            symbol: view.symbol.clone(),
            venue: view.symbol.venue_str().to_owned(),
            kind,
            base: pair.map(|(base, _)| base.to_owned()),
            quote: pair.map(|(_, quote)| quote.to_owned()),
            live: view.live,
            first_trade: view.trades.map(|(first, _)| style.of(first)),
            last_trade: view.trades.map(|(_, last)| style.of(last)),
            timeframes: view.timeframes.clone(),
            instrument: view.instrument.as_ref().map(Instrument::from),
        }
    }
}

impl Row for Symbol {
    const COLUMNS: &'static [(&'static str, ColumnKind)] = &[
        ("symbol", ColumnKind::Text),
        ("venue", ColumnKind::Text),
        ("kind", ColumnKind::Text),
        ("base", ColumnKind::Text),
        ("quote", ColumnKind::Text),
        ("live", ColumnKind::Bool),
        ("first_trade", ColumnKind::Time),
        ("last_trade", ColumnKind::Time),
        ("timeframes", ColumnKind::Text),
        ("venue_symbol", ColumnKind::Text),
        ("tick", ColumnKind::Decimal),
        ("lot", ColumnKind::Decimal),
    ];

    fn cell(&self, column: usize) -> Cell {
        let text = |text: &Option<String>| text.clone().map_or(Cell::Null, Cell::Text);
        let instrument = self.instrument.as_ref();
        match column {
            0 => Cell::text(&self.symbol),
            1 => Cell::Text(self.venue.clone()),
            2 => Cell::Text(self.kind.to_owned()),
            3 => text(&self.base),
            4 => text(&self.quote),
            5 => Cell::Bool(self.live),
            6 => self.first_trade.map_or(Cell::Null, |m| Cell::Time(m.at)),
            7 => self.last_trade.map_or(Cell::Null, |m| Cell::Time(m.at)),
            8 => {
                let names: Vec<&str> = self.timeframes.iter().map(|t| t.name()).collect();
                Cell::Text(names.join(" "))
            }
            9 => instrument.map_or(Cell::Null, |i| Cell::Text(i.venue_symbol.clone())),
            10 => instrument.and_then(|i| i.tick).map(|n| n.0).into(),
            _ => instrument.and_then(|i| i.lot).map(|n| n.0).into(),
        }
    }
}

/// A venue.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Venue {
    /// Its name in symbols.
    #[schema(example = "binance")]
    id: String,
    /// Its name for people.
    #[schema(example = "Binance")]
    name: String,
    /// Whether it is being ingested from.
    live: bool,
    /// Where its REST API is, as configured.
    rest_url: Option<String>,
    /// Where its streams are, as configured.
    ws_url: Option<String>,
    /// Its request budgets.
    limits: Vec<VenueLimit>,
    /// What can be subscribed to.
    channels: Vec<String>,
    /// The timeframes of its own candles.
    #[schema(value_type = Vec<String>)]
    timeframes: Vec<model::Timeframe>,
}

/// A request budget of a venue.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VenueLimit {
    /// Its name at the venue.
    name: String,
    /// How much may be spent in a window.
    limit: u64,
    /// How long the window is.
    window_seconds: f64,
    /// How much of it is spent now, where known.
    used: Option<u64>,
}

impl From<&VenueView> for Venue {
    fn from(view: &VenueView) -> Self {
        Self {
            id: view.id.as_str().to_owned(),
            name: view.name.clone(),
            live: view.live,
            rest_url: view.rest_url.clone(),
            ws_url: view.ws_url.clone(),
            limits: view
                .limits
                .iter()
                .map(|limit| VenueLimit {
                    name: limit.name.clone(),
                    limit: limit.limit,
                    window_seconds: limit.window.as_secs_f64(),
                    used: limit.used,
                })
                .collect(),
            channels: view.channels.clone(),
            timeframes: view.timeframes.clone(),
        }
    }
}

impl Row for Venue {
    const COLUMNS: &'static [(&'static str, ColumnKind)] = &[
        ("id", ColumnKind::Text),
        ("name", ColumnKind::Text),
        ("live", ColumnKind::Bool),
        ("rest_url", ColumnKind::Text),
        ("ws_url", ColumnKind::Text),
        ("channels", ColumnKind::Text),
    ];

    fn cell(&self, column: usize) -> Cell {
        let text = |text: &Option<String>| text.clone().map_or(Cell::Null, Cell::Text);
        match column {
            0 => Cell::Text(self.id.clone()),
            1 => Cell::Text(self.name.clone()),
            2 => Cell::Bool(self.live),
            3 => text(&self.rest_url),
            4 => text(&self.ws_url),
            _ => Cell::Text(self.channels.join(" ")),
        }
    }
}

/// A timeframe.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Timeframe {
    /// How it is written.
    #[schema(example = "1m")]
    name: &'static str,
    /// Its length; null where months differ.
    seconds: Option<i64>,
    /// The shorter timeframe that it is rolled up from.
    #[schema(value_type = Option<String>)]
    base: Option<&'static str>,
}

impl From<model::Timeframe> for Timeframe {
    fn from(timeframe: model::Timeframe) -> Self {
        Self {
            name: timeframe.name(),
            seconds: timeframe.fixed_nanos().map(|nanos| nanos / 1_000_000_000),
            base: timeframe.base().map(model::Timeframe::name),
        }
    }
}

impl Row for Timeframe {
    const COLUMNS: &'static [(&'static str, ColumnKind)] = &[
        ("name", ColumnKind::Text),
        ("seconds", ColumnKind::Whole),
        ("base", ColumnKind::Text),
    ];

    fn cell(&self, column: usize) -> Cell {
        match column {
            0 => Cell::Text(self.name.to_owned()),
            1 => self.seconds.map_or(Cell::Null, Cell::Whole),
            _ => self
                .base
                .map_or(Cell::Null, |base| Cell::Text(base.to_owned())),
        }
    }
}
