#![doc = include_str!("../../../../../docs/venues/alphavantage.md")]

mod answer;
mod eastern;
mod request;

use std::time::Duration;

use quantflow_model::{Contract, Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    DecodeError, Event, HttpRequest, Query, RequestError, Response, VenueDescription,
};

use crate::actions::CorporateAction;
use crate::source::{self, Source, codec_over_rest};

/// Alpha Vantage: a [`Codec`](quantflow_wire::Codec) of candles of shares, currencies and crypto over
/// REST.
#[derive(Debug)]
pub struct AlphaVantage {
    description: VenueDescription,
}

impl AlphaVantage {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "alphavantage-query";

    /// A source of this id that speaks Alpha Vantage's protocol.
    pub fn new(id: VenueId) -> Self {
        let mut description = source::description(
            id,
            ("alphavantage", "Alpha Vantage"),
            Self::PROTOCOL,
            &format!("https://{}", request::GATEWAY),
            // of a free key; 25 a day besides
            (5, Duration::from_mins(1)),
        );
        description.limits.push(quantflow_wire::Limit {
            name: "requests-1d".into(),
            amount: 25,
            window: Duration::from_hours(24),
            weighted: false,
            scope: quantflow_wire::LimitScope::Key,
        });
        description.timeframes = request::timeframes();
        Self { description }
    }

    /// The dividends and splits in an answer of `TIME_SERIES_DAILY_ADJUSTED`, oldest first.
    ///
    /// # Errors
    /// When the bytes are no such answer.
    pub fn corporate_actions(&self, body: &[u8]) -> Result<Vec<CorporateAction>, DecodeError> {
        answer::actions(body)
    }
}

impl Source for AlphaVantage {
    fn description(&self) -> &VenueDescription {
        &self.description
    }

    /// A share by its ticker, currencies and crypto as `EUR/USD`.
    fn name(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        match symbol.contract() {
            Contract::Ticker(ticker) => VenueSymbol::new(ticker),
            Contract::Spot { base, quote } => VenueSymbol::new(&format!("{base}/{quote}")),
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
        match query {
            Query::Candles { .. } => request::ROWS,
            _ => 0,
        }
    }

    /// A limit is told with status 200, in words.
    fn away(&self, response: &Response) -> Option<Duration> {
        if response.status == 200 && response.body.len() < 2_000 {
            return match answer::decode(&Query::ServerTime, &response.body) {
                Err(DecodeError::Venue { message, .. }) if message.contains("per day") => {
                    Some(Duration::from_hours(1))
                }
                Err(DecodeError::Venue { message, .. }) if message.contains("requests") => {
                    Some(Duration::from_mins(1))
                }
                _ => None,
            };
        }
        crate::http::stay_away(response, Duration::from_mins(1))
    }
}

codec_over_rest!(AlphaVantage);
