//! [`Endpoint`]: a path with everything there is to say of it. The table of them routes, checks, limits, caches, counts and
//! documents.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Response};
use quantflow_model::Symbol;

use crate::answer::Answer;
use crate::body::Body;
use crate::dto::TimeStyle;
use crate::parameter::{Kind, Parameter, Parameters};
use crate::problem::{Code, Problem};
use crate::shared::Shared;

/// What the paths of the version begin with.
pub(crate) const PREFIX: &str = "/api/v1";

/// A path with everything there is to say of it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// How limits, times to live and the document call it.
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    /// Without the version; parameters in braces.
    pub(crate) path: &'static str,
    pub(crate) place: Place,
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) about: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) returns: Returns,
    /// Codes that it may answer besides those that every path may.
    pub(crate) errors: &'static [Code],
    /// Requests a minute and client.
    pub(crate) per_minute: u32,
    /// Seconds that an answer is kept, unless the answer says otherwise.
    pub(crate) ttl: u64,
    pub(crate) access: Access,
    pub(crate) run: Run,
}

impl Endpoint {
    /// The path as it is meant to be asked.
    pub(crate) fn full_path(&self) -> String {
        match self.place {
            Place::Versioned => format!("{PREFIX}{}", self.path),
            Place::Beside => self.path.to_owned(),
        }
    }

    /// Whether it is a page for browsers. The query of a page's address is the page's own: it holds what the page shows,
    /// and whatever the site that linked to it put there.
    pub(crate) fn is_page(&self) -> bool {
        matches!(self.returns, Returns::Plain(200, media, _) if media.starts_with("text/html"))
    }

    /// Whether its path names a symbol.
    pub(crate) fn has_path_symbol(&self) -> bool {
        self.parameters
            .iter()
            .any(|p| matches!(p.kind, Kind::PathSymbol))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
}

/// Where an endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Under `/api/v1`, and, going away, without it.
    Versioned,
    /// Beside the versions.
    Beside,
}

/// What an endpoint returns when it succeeds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Returns {
    /// An object in the envelope: the name of its schema.
    Object(&'static str),
    /// Rows: the name of a row's schema. In every format.
    Rows(&'static str),
    /// An object in the envelope that is rows in other formats.
    Columns(&'static str),
    /// A body without an envelope: its status, media type and, where it has one, schema.
    Plain(u16, &'static str, Option<&'static str>),
}

impl Returns {
    pub(crate) const fn tabular(self) -> bool {
        matches!(self, Self::Rows(_) | Self::Columns(_))
    }
}

/// Who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Open,
    /// Who shows the bootstrap token; the scope it stands for.
    Write(&'static str),
}

/// Gives data.
pub(crate) type DataRun = fn(Arc<Shared>, Call) -> BoxFuture<'static, Result<Answer, Problem>>;
/// Gives a response.
pub(crate) type PlainRun =
    fn(Arc<Shared>, Call) -> BoxFuture<'static, Result<Response<Body>, Problem>>;

/// How an endpoint answers.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// With data: checked, cached, in the envelope.
    Data(DataRun),
    /// With data, but it changes something: never cached.
    Action(DataRun),
    /// With a whole answer of its own.
    Plain(PlainRun),
    /// By taking the connection over.
    Socket,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Data(_) => "Data",
            Self::Action(_) => "Action",
            Self::Plain(_) => "Plain",
            Self::Socket => "Socket",
        })
    }
}

/// A checked request.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) parameters: Parameters,
    /// The symbol of the path, resolved.
    pub(crate) symbol: Option<Symbol>,
    pub(crate) headers: HeaderMap,
    pub(crate) client: IpAddr,
    pub(crate) request_id: String,
    /// Text of the path that is no parameter, for pages and assets.
    pub(crate) path: String,
    pub(crate) body: Bytes,
}

impl Call {
    /// The symbol of the path.
    ///
    /// # Errors
    /// For an endpoint that has none in its path, which would be a fault of ours.
    pub(crate) fn symbol(&self) -> Result<&Symbol, Problem> {
        self.symbol
            .as_ref()
            .ok_or_else(|| Problem::internal(&"an endpoint without a symbol asked for it"))
    }

    pub(crate) fn style(&self) -> TimeStyle {
        if self.parameters.is("time", "ms") {
            TimeStyle::Millis
        } else {
            TimeStyle::Text
        }
    }
}

/// The symbol in the path.
pub(crate) const SYMBOL: Parameter = Parameter::new(
    "symbol",
    Kind::PathSymbol,
    "Our name with `-` for `/`, or with `%2F`; or the venue's own spelling beside `venue`.",
    "demo:BTC-USDT",
);
/// Whose spelling the symbol is in.
pub(crate) const SYMBOL_VENUE: Parameter = Parameter::new(
    "venue",
    Kind::Venue,
    "The venue of a symbol that is written without one.",
    "demo",
);
/// How times are written.
pub(crate) const TIME: Parameter = Parameter::new(
    "time",
    Kind::Word(&["rfc3339", "ms"]),
    "How times are written: RFC 3339, or whole milliseconds since 1970.",
    "ms",
);
pub(crate) const FROM: Parameter = Parameter::new(
    "from",
    Kind::Time,
    "The first instant inside.",
    "2026-11-20T00:00:00Z",
);
pub(crate) const TO: Parameter = Parameter::new(
    "to",
    Kind::Time,
    "The first instant after.",
    "2026-11-20T12:00:00Z",
);
pub(crate) const TIMEFRAME: Parameter =
    Parameter::new("timeframe", Kind::Timeframe, "How long a candle is.", "1m");
/// A cursor of this form, such as `example`.
pub(crate) const fn cursor(form: &'static str, example: &'static str) -> Parameter {
    Parameter::new(
        "cursor",
        Kind::Cursor(form),
        "`nextCursor` of the page before.",
        example,
    )
}
pub(crate) const QUERY: Parameter = Parameter::new(
    "q",
    Kind::Text(64),
    "Words that the name has to contain.",
    "btc",
);
