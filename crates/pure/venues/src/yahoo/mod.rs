#![doc = include_str!("../../../../../docs/venues/yahoo.md")]

mod answer;
mod request;

use std::time::Duration;

use quantflow_model::{Contract, Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    DecodeError, Event, HttpRequest, Query, RequestError, Response, VenueDescription,
};

use crate::actions::CorporateAction;
use crate::source::{self, Source, codec_over_rest};

/// Yahoo's charts: a [`Codec`](quantflow_wire::Codec) of candles and corporate actions over REST.
#[derive(Debug)]
pub struct Yahoo {
    description: VenueDescription,
}

impl Yahoo {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "yahoo-chart";

    /// A source of this id that speaks Yahoo's protocol.
    pub fn new(id: VenueId) -> Self {
        let mut description = source::description(
            id,
            ("yahoo", "Yahoo"),
            Self::PROTOCOL,
            "https://query2.finance.yahoo.com",
            // nobody says how many are allowed; this has been little enough
            (30, Duration::from_mins(1)),
        );
        description.timeframes = request::timeframes();
        Self { description }
    }

    /// The dividends and splits in an answer about candles, oldest first.
    ///
    /// # Errors
    /// When the bytes are no such answer.
    pub fn corporate_actions(&self, body: &[u8]) -> Result<Vec<CorporateAction>, DecodeError> {
        answer::actions(body)
    }
}

impl Source for Yahoo {
    fn description(&self) -> &VenueDescription {
        &self.description
    }

    /// A ticker of ours is a ticker there: `AAPL`, `OCDO.L`, `^GSPC`, `EURUSD=X`, `BTC-USD`.
    fn name(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        match symbol.contract() {
            Contract::Ticker(ticker) => VenueSymbol::new(ticker),
            _ => None,
        }
    }

    fn answer(&self, query: &Query, body: &[u8]) -> Result<Vec<Event>, DecodeError> {
        answer::decode(query, body)
    }

    fn ask(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        request::request(&self.description.id, query)
    }

    fn rows(&self, query: &Query) -> u32 {
        request::page_limit(query)
    }

    fn away(&self, response: &Response) -> Option<Duration> {
        match response.status {
            999 => Some(Duration::from_mins(15)), // its own way of saying 429
            _ => crate::http::stay_away(response, Duration::from_mins(15)),
        }
    }
}

codec_over_rest!(Yahoo);
