#![doc = include_str!("../../../../../docs/venues/binance.md")]

mod answer;
mod description;
mod encode;
mod encode_answer;
mod instruments;
mod limits;
pub(crate) mod message;
pub(crate) mod names;
mod request;
mod route;
pub(crate) mod scan;
mod server;
pub(crate) mod value;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quantflow_model::{Contract, Symbol, Timestamp, VenueId, VenueSymbol};
use quantflow_wire::{
    Codec, DecodeError, EncodeError, Encoded, Event, HttpRequest, Input, Limit, Query,
    RequestError, Response, Route, SubscribePlan, Subscription, VenueDescription,
};

pub use encode::{error_body, stream_name};
pub use request::weight;
pub use server::{Refusal, SocketRequest, read_socket_request, read_stream, read_target, unescape};

/// Binance spot: a [`Codec`].
///
/// Trades, aggregate trades, best quotes and book changes are read by a scanner that knows their
/// exact spelling; everything else, and every frame that differs by a byte, by a general reader
/// with typed errors. Both say the same, only at different speed; how often the slow one had to
/// read what the scanner should know is in [`DecodeStats`].
#[derive(Debug)]
pub struct BinanceSpot {
    description: VenueDescription,
    unit: TimeUnit,
    fallbacks: AtomicU64,
    unnamed_instruments: AtomicU64,
}

/// The unit of times on the wire: what is asked for and what is encoded. Both are always decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeUnit {
    /// Milliseconds: the venue's default.
    #[default]
    Milliseconds,
    /// Microseconds, on request.
    Microseconds,
}

/// How decoding went, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DecodeStats {
    /// Messages of a kind that the scanner knows but that it could not read: a change of the
    /// venue's spelling makes decoding an order of magnitude slower, and shows here.
    pub fallbacks: u64,
    /// Instruments left out because their assets' names do not fit our grammar of symbols.
    pub unnamed_instruments: u64,
}

impl BinanceSpot {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "binance-spot";

    /// A venue of this id that speaks Binance's spot protocol.
    pub fn new(id: VenueId) -> Self {
        Self {
            description: description::description(id),
            unit: TimeUnit::Milliseconds,
            fallbacks: AtomicU64::new(0),
            unnamed_instruments: AtomicU64::new(0),
        }
    }

    /// The same with another unit of times.
    #[must_use]
    pub fn with_time_unit(mut self, unit: TimeUnit) -> Self {
        self.unit = unit;
        self
    }

    /// How decoding went since this was made.
    pub fn stats(&self) -> DecodeStats {
        DecodeStats {
            fallbacks: self.fallbacks.load(Ordering::Relaxed),
            unnamed_instruments: self.unnamed_instruments.load(Ordering::Relaxed),
        }
    }
}

impl TimeUnit {
    /// A time in this unit, rounded down.
    pub const fn of(self, time: Timestamp) -> i64 {
        match self {
            Self::Milliseconds => time.millis(),
            Self::Microseconds => time.micros(),
        }
    }
}

impl Codec for BinanceSpot {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        match symbol.contract() {
            Contract::Spot { base, quote }
                if symbol.venue_str() == self.description.id.as_str() =>
            {
                VenueSymbol::new(&format!("{base}{quote}"))
            }
            _ => None,
        }
    }

    #[inline]
    fn route<'a>(&self, input: &Input<'a>) -> Route<'a> {
        route::route(input)
    }

    #[inline]
    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        match *input {
            Input::Message { bytes, .. } => {
                if scan::scan(bytes, events).is_some() {
                    return Ok(());
                }
                let (event, scannable) = message::decode(bytes)?;
                if scannable {
                    self.fallbacks.fetch_add(1, Ordering::Relaxed);
                }
                events.push(event);
                Ok(())
            }
            Input::Answer { query, body } => {
                let answer = answer::decode(&self.description.id, query, body)?;
                self.unnamed_instruments
                    .fetch_add(answer.unnamed_instruments, Ordering::Relaxed);
                events.extend(answer.events);
                Ok(())
            }
        }
    }

    fn encode(&self, events: &[Event], as_what: &Encoded<'_>) -> Result<Vec<u8>, EncodeError> {
        let writer = encode::Writer::new(&self.description.id, self.unit);
        match as_what {
            Encoded::Message => writer.message(events, false),
            Encoded::Combined => writer.message(events, true),
            Encoded::Answer(query) => writer.answer(events, query),
        }
    }

    fn request(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        request::request(self, query)
    }

    fn page_limit(&self, query: &Query) -> u32 {
        request::page_limit(query)
    }

    fn subscribe(&self, wanted: &[Subscription]) -> Result<Vec<SubscribePlan>, RequestError> {
        request::subscribe(self, wanted)
    }

    fn used_limits(&self, response: &Response) -> Vec<Option<u32>> {
        limits::used(response)
    }

    fn told_limits(&self, query: &Query, body: &[u8]) -> Option<Vec<Limit>> {
        limits::told(query, body)
    }

    fn stay_away(&self, response: &Response) -> Option<Duration> {
        limits::stay_away(response)
    }
}
