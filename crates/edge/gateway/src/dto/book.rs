//! The best quote, and the order book.

use quantflow_market::view::BookView;
use quantflow_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Moment, TimeStyle};

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
    /// The venue's number of the last update in it; 0 where it numbers none.
    update_id: String,
    /// The venue's time of it, where it says one.
    time: Option<Moment>,
    /// Bids, best first: each a price and a quantity.
    #[schema(value_type = Vec<Vec<String>>)]
    bids: Vec<Level>,
    /// Offers, best first, likewise.
    #[schema(value_type = Vec<Vec<String>>)]
    asks: Vec<Level>,
}

/// Price and quantity.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Level(model::Price, model::Quantity);

impl From<&BookView> for Book {
    fn from(view: &BookView) -> Self {
        let levels = |side: &[(model::Price, model::Quantity)]| {
            side.iter()
                .map(|(price, quantity)| Level(*price, *quantity))
                .collect()
        };
        Self {
            update_id: view.update_id.to_string(),
            time: view.time.map(|time| TimeStyle::Text.of(time)),
            bids: levels(&view.bids),
            asks: levels(&view.asks),
        }
    }
}
