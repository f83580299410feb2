//! [`Codec`]: a venue without I/O.

use std::fmt::Debug;
use std::time::Duration;

use compact_str::CompactString;
use quantflow_model::{BookChecksum, Level, Symbol, Timeframe, Timestamp, VenueId, VenueSymbol};

use crate::{
    Bindings, BookRule, Channel, Event, Exchange, HttpRequest, Query, Response, SubscribePlan,
    Subscription,
};

/// A venue without I/O: how to ask it, and what its bytes mean.
///
/// An implementation holds no state that its input changes, reads no clock and draws no random
/// number, so the same bytes always mean the same. Bytes are untrusted: whatever they are, decoding
/// returns events or a [`DecodeError`], and never panics.
pub trait Codec: Debug + Send + Sync + 'static {
    /// Who it is, and what it offers.
    fn describe(&self) -> &VenueDescription;

    /// The venue's spelling of one of our symbols, where it follows from the name alone.
    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol>;

    /// Which symbol the bytes are about, without decoding them: records of one symbol share a
    /// partition. Must agree with [`Codec::decode`].
    fn route<'a>(&self, input: &Input<'a>) -> Route<'a>;

    /// Appends what the bytes say to `events`, in the venue's order. On an error nothing was
    /// appended.
    ///
    /// # Errors
    /// When the bytes are not what the venue's documents say, with the reason.
    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError>;

    /// The bytes with which the venue says these events: the inverse of [`Codec::decode`], field by
    /// field. This is how the replay venue speaks.
    ///
    /// # Errors
    /// When the venue has no such message, or this build does not speak as this venue (the default).
    fn encode(&self, events: &[Event], as_what: &Encoded<'_>) -> Result<Vec<u8>, EncodeError> {
        let _ = (events, as_what);
        Err(EncodeError::NotSpoken(self.describe().id.clone()))
    }

    /// The request that asks this.
    ///
    /// # Errors
    /// When the venue cannot be asked this, or not with these bounds.
    fn request(&self, query: &Query) -> Result<HttpRequest, RequestError>;

    /// How many rows one answer to such a query holds at the most; asking for more is refused.
    fn page_limit(&self, query: &Query) -> u32;

    /// The sockets that carry these streams, within the venue's streams a socket.
    ///
    /// # Errors
    /// When the venue has no such stream.
    fn subscribe(&self, wanted: &[Subscription]) -> Result<Vec<SubscribePlan>, RequestError>;

    /// What an answer's headers say is used of each limit in [`VenueDescription::limits`], in their
    /// order; `None` where they do not say.
    fn used_limits(&self, response: &Response) -> Vec<Option<u32>>;

    /// The limits that a successful answer tells: all of them, in place of those of
    /// [`VenueDescription::limits`]. `None` where this answer tells none.
    fn told_limits(&self, query: &Query, body: &[u8]) -> Option<Vec<Limit>> {
        let _ = (query, body);
        None
    }

    /// How long the venue tells us to stay away, if it does.
    fn stay_away(&self, response: &Response) -> Option<Duration>;

    /// The questions whose answers together are all instruments: one for each kind of market where the
    /// venue keeps them apart.
    fn instrument_queries(&self) -> Vec<Query> {
        vec![Query::Instruments]
    }

    /// The question for the next page of an answer; `None` where the answer is all there is.
    fn next_page(&self, query: &Query, body: &[u8]) -> Option<Query> {
        let _ = (query, body);
        None
    }

    /// Takes from a message what later messages of the same connection refer to by number; whether it
    /// said something new. Only asked where [`VenueDescription::binds`] says so, before the message is
    /// decoded.
    fn bind(&self, message: &[u8], bindings: &mut Bindings) -> bool {
        let _ = (message, bindings);
        false
    }

    /// What to send so that one stream of a socket begins anew, with a whole book where it carries one,
    /// without touching the others. Empty: the socket must be renewed for it.
    fn resubscribe(&self, subscription: &Subscription) -> Vec<String> {
        let _ = subscription;
        Vec::new()
    }

    /// What must be sent back at once, for venues that ping in messages of their own.
    fn reply(&self, message: &[u8]) -> Option<String> {
        let _ = message;
        None
    }

    /// The checksum of a book by the venue's rule, over the best levels of each side, best first;
    /// `None` where the venue has none, or the levels cannot be written as it writes them.
    fn book_checksum(&self, check: &BookChecksum, bids: &[Level], asks: &[Level]) -> Option<u32> {
        let _ = (check, bids, asks);
        None
    }
}

/// Who a venue is and what it offers.
#[derive(Debug, Clone)]
pub struct VenueDescription {
    /// Its name here.
    pub id: VenueId,
    /// Its name for people.
    pub name: CompactString,
    /// The name of the wire protocol that it speaks: `binance-spot`.
    pub protocol: &'static str,
    /// Where its REST API is, unless configured.
    pub rest_url: CompactString,
    /// Where its WebSocket API is, unless configured.
    pub ws_url: CompactString,
    /// What order its trades have.
    pub order: OrderRule,
    /// Request limits.
    pub limits: Vec<Limit>,
    /// Live channels.
    pub channels: Vec<Channel>,
    /// Timeframes of its own candles.
    pub timeframes: Vec<Timeframe>,
    /// A socket without a message for so long is dead.
    pub silence: Duration,
    /// A socket lives so long at the most; renew it before.
    pub connection_lifetime: Option<Duration>,
    /// Messages a second that may be sent over a socket.
    pub send_rate: u32,
    /// Streams that one socket carries at the most.
    pub streams_per_connection: usize,
    /// How its books follow from its messages.
    pub book: BookRule,
    /// Whether its messages refer to earlier ones of the same connection by number
    /// ([`Codec::bind`]).
    pub binds: bool,
}

/// What order a venue's trades have, and what proves that none is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderRule {
    /// Ids of a symbol are contiguous: order by id; a jump is a hole.
    ContiguousIds,
    /// Order by venue time, then id; ids may jump.
    TimeThenId,
    /// Order as they arrive; ids say nothing.
    Arrival,
}

/// One of a venue's request limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Its name: `weight-1m`.
    pub name: CompactString,
    /// How much may be used in a window.
    pub amount: u32,
    /// How long a window is.
    pub window: Duration,
    /// Whether a request counts its weight, or 1.
    pub weighted: bool,
    /// What shares it.
    pub scope: LimitScope,
}

/// What shares a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitScope {
    /// All requests of one address.
    Address,
    /// All requests with one key.
    Key,
    /// New connections of one address.
    Connection,
}

/// Bytes from a venue, with what is known of where they come from.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// A message from a socket.
    Message {
        /// Its bytes.
        bytes: &'a [u8],
        /// What earlier messages of its connection said that it may refer to.
        bindings: &'a Bindings,
    },
    /// A successful answer (status 2xx) to a query.
    Answer {
        /// What was asked.
        query: &'a Query,
        /// The body.
        body: &'a [u8],
    },
}

impl<'a> Input<'a> {
    /// A message of a venue whose messages stand for themselves.
    pub const fn message(bytes: &'a [u8]) -> Self {
        Self::Message {
            bytes,
            bindings: Bindings::NONE,
        }
    }

    /// The decodable part of an exchange: its body, if it was answered with 2xx.
    pub fn of_exchange(exchange: &'a Exchange) -> Option<Self> {
        match &exchange.outcome {
            crate::Outcome::Response(r) if (200..300).contains(&r.status) => Some(Self::Answer {
                query: &exchange.query,
                body: &r.body,
            }),
            _ => None,
        }
    }
}

/// Which symbol bytes are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route<'a> {
    /// One symbol, in the venue's spelling but upper case is not promised.
    Symbol(&'a str),
    /// All symbols.
    All,
    /// Cannot be told: the bytes go to quarantine.
    Unknown,
}

/// What bytes to make of events.
#[derive(Debug, Clone, Copy)]
pub enum Encoded<'a> {
    /// A message on a raw stream.
    Message,
    /// A message on a combined stream, wrapped with the stream's name.
    Combined,
    /// The body that answers a query.
    Answer(&'a Query),
}

/// Why bytes could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not the format at all: cut off, binary rubbish, not JSON.
    #[error("malformed: {0}")]
    Malformed(String),
    /// A field is missing.
    #[error("{message}: field {field:?} is missing")]
    Missing {
        /// What kind of message.
        message: &'static str,
        /// The field, in the venue's spelling.
        field: &'static str,
    },
    /// A field has another type or an impossible value.
    #[error("{message}: field {field:?} is {found}")]
    BadField {
        /// What kind of message.
        message: &'static str,
        /// The field, in the venue's spelling.
        field: &'static str,
        /// What stands there, shortened.
        found: String,
    },
    /// A kind of message that the codec does not know. Kept raw and counted.
    #[error("unknown message {0:?}")]
    UnknownMessage(String),
    /// The venue answered with an error of its own.
    #[error("the venue says {code}: {message}")]
    Venue {
        /// Its code.
        code: i64,
        /// Its words.
        message: String,
    },
}

impl DecodeError {
    /// An answer to something that this venue is never asked.
    pub fn unasked(query: &Query) -> Self {
        Self::UnknownMessage(format!("an answer about {}", query.name()))
    }

    /// A stable name for counters and the quarantine.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Missing { .. } => "missing-field",
            Self::BadField { .. } => "bad-field",
            Self::UnknownMessage(_) => "unknown-message",
            Self::Venue { .. } => "venue-error",
        }
    }
}

/// Why events could not be encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The venue has no such message.
    #[error("{venue} has no message for {what}")]
    NoSuchMessage {
        /// Which venue.
        venue: VenueId,
        /// What should have been said.
        what: &'static str,
    },
    /// This build reads the venue's messages but does not write them.
    #[error("the protocol of {0} is read here, not spoken")]
    NotSpoken(VenueId),
    /// Something that the message needs is not there.
    #[error("{what} lacks {field}")]
    Missing {
        /// What should have been said.
        what: &'static str,
        /// What it lacks.
        field: &'static str,
    },
}

/// Why a venue cannot be asked something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The venue has no such endpoint or stream.
    #[error("{venue} does not offer {what}")]
    NotOffered {
        /// Which venue.
        venue: VenueId,
        /// What was asked.
        what: String,
    },
    /// A bound that the venue does not allow.
    #[error("{what} is {given}; {venue} allows {allowed}")]
    OutOfRange {
        /// Which venue.
        venue: VenueId,
        /// Which bound.
        what: &'static str,
        /// What was given.
        given: String,
        /// What is allowed.
        allowed: String,
    },
}

impl RequestError {
    /// That a venue has no answer to such a question.
    pub fn not_offered(venue: &VenueId, query: &Query) -> Self {
        Self::NotOffered {
            venue: venue.clone(),
            what: query.name().into(),
        }
    }
}

/// Shorthand for tests and drivers that want one time for an event.
impl Event {
    /// The venue's own time of what it says: when the trade happened, else when it was sent.
    pub fn venue_time(&self) -> Option<Timestamp> {
        match &self.kind {
            crate::EventKind::Trade(event) => Some(event.trade.time),
            crate::EventKind::AggregateTrade(trade) => Some(trade.time),
            crate::EventKind::Liquidation(liquidation) => Some(liquidation.time),
            crate::EventKind::ServerTime(time) => Some(*time),
            _ => self.sent,
        }
    }
}
