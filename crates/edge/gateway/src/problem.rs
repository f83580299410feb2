//! [`Problem`]: what a client is told when there is no answer. The only file that knows both our errors and statuses.
//!
//! A client reads a stable code, a sentence, and details for programs. What went wrong inside is logged with the
//! request's id and never sent.

use http::StatusCode;
use quantflow_indicators::ColumnError;
use quantflow_market::QueryError;
use quantflow_seams::StoreError;
use serde_json::{Map, Value};

use crate::sources::ReconnectError;

/// A stable name of what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Code {
    InvalidParameter,
    MalformedBody,
    Unauthenticated,
    Forbidden,
    SymbolNotFound,
    CandleNotFound,
    BookNotFound,
    ConnectionNotFound,
    RouteNotFound,
    MethodNotAllowed,
    BodyTooLarge,
    UnsupportedMediaType,
    UpgradeRequired,
    RateLimited,
    Internal,
    NotImplemented,
    Unavailable,
    Timeout,
}

impl Code {
    /// All of them.
    pub(crate) const ALL: [Self; 18] = [
        Self::InvalidParameter,
        Self::MalformedBody,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::SymbolNotFound,
        Self::CandleNotFound,
        Self::BookNotFound,
        Self::ConnectionNotFound,
        Self::RouteNotFound,
        Self::MethodNotAllowed,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::UpgradeRequired,
        Self::RateLimited,
        Self::Internal,
        Self::NotImplemented,
        Self::Unavailable,
        Self::Timeout,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::InvalidParameter => "INVALID_PARAMETER",
            Self::MalformedBody => "MALFORMED_BODY",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::SymbolNotFound => "SYMBOL_NOT_FOUND",
            Self::CandleNotFound => "CANDLE_NOT_FOUND",
            Self::BookNotFound => "BOOK_NOT_FOUND",
            Self::ConnectionNotFound => "CONNECTION_NOT_FOUND",
            Self::RouteNotFound => "ROUTE_NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::BodyTooLarge => "BODY_TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::UpgradeRequired => "UPGRADE_REQUIRED",
            Self::RateLimited => "RATE_LIMITED",
            Self::Internal => "INTERNAL",
            Self::NotImplemented => "NOT_IMPLEMENTED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Timeout => "TIMEOUT",
        }
    }

    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::InvalidParameter | Self::MalformedBody => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::SymbolNotFound
            | Self::CandleNotFound
            | Self::BookNotFound
            | Self::ConnectionNotFound
            | Self::RouteNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// When it is answered, for the documentation.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::InvalidParameter => {
                "a parameter is unknown, given twice, or has a value that is not allowed"
            }
            Self::MalformedBody => "the body is not the JSON that is wanted",
            Self::Unauthenticated => "no valid token was shown",
            Self::Forbidden => {
                "the scope that is needed is missing, or the caller is a foreign site"
            }
            Self::SymbolNotFound => {
                "nothing is known of the symbol; up to five that are like it are suggested"
            }
            Self::CandleNotFound => "there is no candle with this open time",
            Self::BookNotFound => "no whole order book of the symbol is at hand",
            Self::ConnectionNotFound => "the venue has no such connection",
            Self::RouteNotFound => "there is no such path",
            Self::MethodNotAllowed => {
                "the path does not take this method; `Allow` names those it takes"
            }
            Self::BodyTooLarge => "the body is larger than is read",
            Self::UnsupportedMediaType => "the body's media type is not taken",
            Self::UpgradeRequired => "the path speaks WebSocket only",
            Self::RateLimited => "too many requests; `Retry-After` says when to come back",
            Self::Internal => "something went wrong inside; the request's id finds it in the logs",
            Self::NotImplemented => "not served by this process",
            Self::Unavailable => "the answer cannot be given for now",
            Self::Timeout => "the answer took too long",
        }
    }
}

/// What a client is told when there is no answer.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) details: Map<String, Value>,
    /// Seconds after which it is worth coming back.
    pub(crate) retry_after: Option<u64>,
    /// The methods of the path, for a 405.
    pub(crate) allow: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Map::new(),
            retry_after: None,
            allow: None,
        }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// A parameter with a value that is not allowed. What was given is cut to 200 characters.
    pub(crate) fn parameter(
        field: &str,
        given: &str,
        allowed: impl Into<Value>,
        why: &str,
    ) -> Self {
        let given: String = given.chars().take(200).collect();
        Self::new(Code::InvalidParameter, format!("{field}: {why}"))
            .with("field", field)
            .with("given", given)
            .with("allowed", allowed)
    }

    pub(crate) fn not_found(code: Code, message: String, suggestions: Vec<String>) -> Self {
        Self::new(code, message).with("suggestions", suggestions)
    }

    /// A fault of ours: logged here, once, with what the client is not told.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "an answer failed");
        Self::new(
            Code::Internal,
            "something went wrong inside; quote the request id to find it in the logs",
        )
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.code.status()
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::UnknownSymbol(symbol) => Self::not_found(
                Code::SymbolNotFound,
                format!("{symbol} is not known here"),
                Vec::new(),
            ),
            QueryError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let told = match &error {
            StoreError::Full { .. } => {
                "the store has no room left; reading resumes when there is some"
            }
            StoreError::Locked { .. } => "the store is in use by another process",
            StoreError::Newer { .. } => "the store was written by a newer version",
            StoreError::Conflict { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Inexact { .. }
            | StoreError::Failed { .. } => return Self::internal(&error),
        };
        tracing::error!(cause = %error, "the store cannot answer");
        Self::new(Code::Unavailable, told).retry_after(5)
    }
}

impl From<ReconnectError> for Problem {
    fn from(error: ReconnectError) -> Self {
        match error {
            ReconnectError::Unknown { venue, id } => Self::not_found(
                Code::ConnectionNotFound,
                format!("{venue} has no connection {id:?}"),
                Vec::new(),
            ),
            ReconnectError::Unavailable(why) => {
                tracing::warn!(cause = %why, "a connection could not be cut");
                Self::new(Code::Unavailable, "connections cannot be changed now").retry_after(5)
            }
        }
    }
}

impl From<ColumnError> for Problem {
    fn from(error: ColumnError) -> Self {
        // the columns are made here, all of one length: only a fault of ours gets this far
        Self::internal(&error)
    }
}
