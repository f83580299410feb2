#![doc = include_str!("../../../../../docs/venues/ecb.md")]

mod rates;

use std::time::Duration;

use quantflow_model::{
    Contract, Decimal, Instrument, InstrumentStatus, Price, Quantity, Symbol, Timeframe, Timestamp,
    VenueId, VenueSymbol,
};
use quantflow_wire::{
    DecodeError, Event, EventKind, HttpRequest, Query, RequestError, Ticker, VenueCandle,
    VenueDescription,
};

use self::rates::{Rate, is_currency};
use crate::ask::{Asking, Tick, check_limit, event, ticks};
use crate::series::cut;
use crate::source::{self, Source, codec_over_rest};

/// The European Central Bank's reference rates of the euro: a [`Codec`](quantflow_wire::Codec) of one
/// price a day over REST.
#[derive(Debug)]
pub struct Ecb {
    description: VenueDescription,
}

/// Rows that are asked for at once: since 1999 there are some seven thousand.
const ROWS: u32 = 20_000;

impl Ecb {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "ecb-rates";

    /// A source of this id that speaks the bank's protocol.
    pub fn new(id: VenueId) -> Self {
        let mut description = source::description(
            id,
            ("ecb", "European Central Bank"),
            Self::PROTOCOL,
            "https://data-api.ecb.europa.eu",
            (30, Duration::from_mins(1)),
        );
        description.timeframes = vec![Timeframe::D1];
        Self { description }
    }

    fn instruments(&self, rates: &[Rate]) -> Event {
        let newest = newest(rates);
        let mut found: Vec<Instrument> = Vec::new();
        for rate in rates {
            let symbol = Symbol::spot(&self.description.id, "EUR", &rate.currency);
            let venue_symbol = VenueSymbol::new(&rate.currency);
            let (Ok(symbol), Some(venue_symbol)) = (symbol, venue_symbol) else {
                continue;
            };
            if found.iter().any(|known| known.venue_symbol == venue_symbol) {
                continue;
            }
            let current = Some(rate.date) == newest;
            found.push(Instrument {
                symbol,
                venue_symbol,
                status: if current {
                    InstrumentStatus::Trading
                } else {
                    InstrumentStatus::Closed
                },
                tick: None,
                lot: None,
                minimum_notional: None,
                contract: None,
            });
        }
        event(None, None, EventKind::Instruments(found))
    }
}

fn newest(rates: &[Rate]) -> Option<Timestamp> {
    rates.iter().map(|rate| rate.date).max()
}

impl Source for Ecb {
    fn description(&self) -> &VenueDescription {
        &self.description
    }

    /// `EUR/USD` is called by its second currency.
    fn name(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        match symbol.contract() {
            Contract::Spot { base: "EUR", quote } => VenueSymbol::new(quote),
            _ => None,
        }
    }

    fn answer(&self, query: &Query, body: &[u8]) -> Result<Vec<Event>, DecodeError> {
        let rates = rates::read(body)?;
        match query {
            Query::Candles {
                symbol,
                timeframe: Timeframe::D1,
                from,
                to,
                limit,
            } => {
                let own = rates.iter().filter(|rate| rate.currency == symbol.as_str());
                let none = Quantity(Decimal::ZERO);
                let candles = own
                    .map(|rate| VenueCandle::bare(Timeframe::D1, rate.date, [rate.price; 4], none));
                Ok(cut(symbol, candles.collect(), *from, *to, *limit))
            }
            Query::Ticker { symbol: None } => {
                let newest = newest(&rates);
                let current = rates.iter().filter(|rate| Some(rate.date) == newest);
                Ok(current.filter_map(ticker).collect())
            }
            Query::Instruments => Ok(vec![self.instruments(&rates)]),
            other => Err(DecodeError::unasked(other)),
        }
    }

    fn ask(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        let venue = &self.description.id;
        let mut ask = Asking::new(venue, "/service/data/EXR/D.");
        match query {
            Query::Candles {
                symbol,
                timeframe,
                from,
                to,
                limit,
            } => {
                if *timeframe != Timeframe::D1 {
                    return Err(ask.not_offered(format!("candles of {timeframe}")));
                }
                check_limit(venue, *limit, ROWS)?;
                if !is_currency(symbol.as_str()) {
                    return Err(ask.out_of_range("the currency", symbol.as_str(), "three letters"));
                }
                ask.path(symbol.as_str());
                ask.path(".EUR.SP00.A");
                // both dates belong to the answer
                let (first, last) = ticks(venue, Tick::DAY, *from, *to)?;
                let day = |days: i64| Timestamp::from_seconds(days * 86_400).date();
                if let Some(first) = first {
                    ask.pair("startPeriod", &day(first));
                }
                if let Some(last) = last {
                    ask.pair("endPeriod", &day(last));
                }
                match from {
                    Some(_) => ask.number("firstNObservations", limit),
                    None => ask.number("lastNObservations", limit),
                }
            }
            Query::Ticker { symbol: None } | Query::Instruments => {
                ask.path(".EUR.SP00.A");
                ask.pair("lastNObservations", "1");
            }
            other => return Err(RequestError::not_offered(venue, other)),
        }
        ask.pair("format", "csvdata");
        Ok(ask.get(1))
    }

    fn rows(&self, query: &Query) -> u32 {
        match query {
            Query::Candles { .. } => ROWS,
            Query::Ticker { symbol: None } | Query::Instruments => u32::MAX,
            _ => 0,
        }
    }

    fn lists(&self) -> Vec<Query> {
        vec![Query::Instruments]
    }
}

codec_over_rest!(Ecb);

/// The rate of the newest day; it is set in the afternoon, and the hour is not told.
fn ticker(rate: &Rate) -> Option<Event> {
    let symbol = VenueSymbol::new(&rate.currency)?;
    let last: Price = rate.price;
    let ticker = Ticker {
        last,
        last_quantity: None,
        open: None,
        high: None,
        low: None,
        volume: None,
        quote_volume: None,
        change: None,
        change_percent: None,
        weighted_average: None,
        previous_close: None,
        quote: None,
        open_time: Some(rate.date),
        close_time: None,
        first_id: None,
        last_id: None,
        trades: None,
    };
    Some(event(
        Some(&symbol),
        None,
        EventKind::Ticker(Box::new(ticker)),
    ))
}
