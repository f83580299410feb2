//! [`Source`]: a codec of which only questions and answers are asked.

use std::fmt::Debug;
use std::time::Duration;

use quantflow_model::{Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    BookRule, DecodeError, Event, HttpRequest, Limit, LimitScope, OrderRule, Query, RequestError,
    Response, VenueDescription,
};

/// What a source over REST is made of; [`codec_over_rest`] makes a [`Codec`](quantflow_wire::Codec) of
/// it.
pub(crate) trait Source: Debug + Send + Sync + 'static {
    fn description(&self) -> &VenueDescription;

    /// The source's name of a symbol of ours that is its own.
    fn name(&self, symbol: &Symbol) -> Option<VenueSymbol>;

    fn answer(&self, query: &Query, body: &[u8]) -> Result<Vec<Event>, DecodeError>;

    fn ask(&self, query: &Query) -> Result<HttpRequest, RequestError>;

    fn rows(&self, query: &Query) -> u32;

    fn away(&self, response: &Response) -> Option<Duration> {
        crate::http::stay_away(response, Duration::from_mins(1))
    }

    /// The questions whose answers are all instruments; none where there is no list.
    fn lists(&self) -> Vec<Query> {
        Vec::new()
    }
}

/// Who a source is: without streams, with one limit on its requests.
pub(crate) fn description(
    id: VenueId,
    (known, name): (&str, &str),
    protocol: &'static str,
    rest_url: &str,
    (requests, window): (u32, Duration),
) -> VenueDescription {
    let name = if id.as_str() == known {
        name.into()
    } else {
        id.as_str().into()
    };
    VenueDescription {
        id,
        name,
        protocol,
        rest_url: rest_url.into(),
        ws_url: "".into(),
        order: OrderRule::TimeThenId,
        limits: vec![Limit {
            name: "requests".into(),
            amount: requests,
            window,
            weighted: false,
            scope: LimitScope::Address,
        }],
        channels: Vec::new(),
        timeframes: Vec::new(),
        silence: Duration::from_mins(1),
        connection_lifetime: None,
        send_rate: 1,
        streams_per_connection: 1,
        book: BookRule::REQUESTED,
        binds: false,
    }
}

/// Makes a codec of a [`Source`].
macro_rules! codec_over_rest {
    ($source:ty) => {
        impl ::quantflow_wire::Codec for $source {
            fn describe(&self) -> &::quantflow_wire::VenueDescription {
                $crate::source::Source::description(self)
            }

            fn spell(
                &self,
                symbol: &::quantflow_model::Symbol,
            ) -> Option<::quantflow_model::VenueSymbol> {
                let own = symbol.venue_str() == self.describe().id.as_str();
                own.then(|| $crate::source::Source::name(self, symbol))?
            }

            fn route<'a>(
                &self,
                input: &::quantflow_wire::Input<'a>,
            ) -> ::quantflow_wire::Route<'a> {
                $crate::source::route(input)
            }

            fn decode(
                &self,
                input: &::quantflow_wire::Input<'_>,
                events: &mut Vec<::quantflow_wire::Event>,
            ) -> Result<(), ::quantflow_wire::DecodeError> {
                let (query, body) = $crate::source::answer_in(input)?;
                events.extend($crate::source::Source::answer(self, query, body)?);
                Ok(())
            }

            fn request(
                &self,
                query: &::quantflow_wire::Query,
            ) -> Result<::quantflow_wire::HttpRequest, ::quantflow_wire::RequestError> {
                $crate::source::Source::ask(self, query)
            }

            fn page_limit(&self, query: &::quantflow_wire::Query) -> u32 {
                $crate::source::Source::rows(self, query)
            }

            fn subscribe(
                &self,
                wanted: &[::quantflow_wire::Subscription],
            ) -> Result<Vec<::quantflow_wire::SubscribePlan>, ::quantflow_wire::RequestError> {
                $crate::ask::offered(self.describe(), wanted).map(|_| Vec::new())
            }

            fn used_limits(&self, _response: &::quantflow_wire::Response) -> Vec<Option<u32>> {
                vec![None; self.describe().limits.len()]
            }

            fn stay_away(
                &self,
                response: &::quantflow_wire::Response,
            ) -> Option<::std::time::Duration> {
                $crate::source::Source::away(self, response)
            }

            fn instrument_queries(&self) -> Vec<::quantflow_wire::Query> {
                $crate::source::Source::lists(self)
            }
        }
    };
}
pub(crate) use codec_over_rest;

/// An answer is about what was asked for.
pub(crate) fn route<'a>(input: &quantflow_wire::Input<'a>) -> quantflow_wire::Route<'a> {
    use quantflow_wire::{Input, Route};
    match *input {
        Input::Answer { query, .. } => query
            .symbol()
            .map_or(Route::All, |symbol| Route::Symbol(symbol.as_str())),
        Input::Message { .. } => Route::Unknown,
    }
}

/// The answer in an input; there are no sockets.
pub(crate) fn answer_in<'a>(
    input: &quantflow_wire::Input<'a>,
) -> Result<(&'a Query, &'a [u8]), DecodeError> {
    match *input {
        quantflow_wire::Input::Answer { query, body } => Ok((query, body)),
        quantflow_wire::Input::Message { .. } => Err(DecodeError::UnknownMessage(
            "a message: this source has no socket".into(),
        )),
    }
}
