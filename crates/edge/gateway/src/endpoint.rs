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
use crate::gateway::Shared;
use crate::parameter::{Kind, Parameter, Parameters, decode_percent};
use crate::problem::{Code, Problem};

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

/// What a path leads to.
#[derive(Debug)]
pub(crate) enum Route {
    /// An endpoint, with the text of its path's parameters.
    Found {
        endpoint: usize,
        path: Vec<(&'static str, String)>,
        deprecated: bool,
    },
    /// A path that takes other methods.
    OtherMethods(String),
    /// A parameter of the path is not percent-encoded UTF-8.
    Undecodable(&'static str, String),
    /// No such path.
    None,
}

/// The names of all endpoints, by which they are configured.
pub fn endpoint_names() -> impl Iterator<Item = &'static str> + Clone {
    crate::routes::ENDPOINTS
        .iter()
        .map(|endpoint| endpoint.name)
}

const PREFIX: &str = "/api/v1";

/// Where a method and path lead.
pub(crate) fn route(table: &'static [Endpoint], method: &http::Method, path: &str) -> Route {
    let wanted = match *method {
        http::Method::GET | http::Method::HEAD => Some(Method::Get),
        http::Method::POST => Some(Method::Post),
        _ => None,
    };
    let (bare, versioned) = match path.strip_prefix(PREFIX) {
        Some(rest) if rest.starts_with('/') => (rest, true),
        _ => (path, false),
    };
    let mut others = Vec::new();
    for (endpoint, entry) in table.iter().enumerate() {
        if versioned && entry.place == Place::Beside {
            continue;
        }
        let Some(path) = matches(entry.path, bare) else {
            continue;
        };
        if Some(entry.method) != wanted {
            match entry.method {
                Method::Get => others.extend(["GET", "HEAD"]),
                Method::Post => others.push("POST"),
            }
            continue;
        }
        let mut decoded = Vec::with_capacity(path.len());
        for (name, text) in path {
            match decode_percent(text) {
                Some(text) => decoded.push((name, text)),
                None => return Route::Undecodable(name, text.to_owned()),
            }
        }
        return Route::Found {
            endpoint,
            path: decoded,
            deprecated: entry.place == Place::Versioned && !versioned,
        };
    }
    if others.is_empty() {
        return Route::None;
    }
    others.push("OPTIONS");
    Route::OtherMethods(others.join(", "))
}

/// The texts of a template's parameters in a path, still percent-encoded; `{*rest}` at the end takes all that is left.
fn matches<'p>(template: &'static str, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
    let mut found = Vec::new();
    let mut path = path.strip_prefix('/')?;
    let mut template = template.strip_prefix('/')?;
    loop {
        let (wanted, more_wanted) = split(template);
        if let Some(name) = wanted
            .strip_prefix("{*")
            .and_then(|name| name.strip_suffix('}'))
        {
            found.push((name, path));
            return (!path.is_empty()).then_some(found);
        }
        let (given, more_given) = split(path);
        match wanted
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(_) if given.is_empty() => return None,
            Some(name) => found.push((name, given)),
            None if wanted == given => {}
            None => return None,
        }
        match (more_wanted, more_given) {
            (None, None) => return Some(found),
            (Some(wanted), Some(given)) => (template, path) = (wanted, given),
            _ => return None,
        }
    }
}

fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// An endpoint's name, the texts of its path, and whether the path is going away.
    type Leads = (&'static str, Vec<(&'static str, String)>, bool);

    fn found(method: &http::Method, path: &str) -> Option<Leads> {
        match route(crate::routes::ENDPOINTS, method, path) {
            Route::Found {
                endpoint,
                path,
                deprecated,
            } => Some((crate::routes::ENDPOINTS[endpoint].name, path, deprecated)),
            _ => None,
        }
    }

    #[test]
    fn paths_lead_where_they_should() {
        let get = http::Method::GET;
        for (path, name, text, deprecated) in [
            ("/api/v1/prices", "prices", None, false),
            ("/prices", "prices", None, true),
            (
                "/api/v1/price/demo:BTC-USDT",
                "price",
                Some("demo:BTC-USDT"),
                false,
            ),
            (
                "/api/v1/price/demo:BTC%2FUSDT",
                "price",
                Some("demo:BTC/USDT"),
                false,
            ),
            (
                "/chart/ohlc/demo:BTC-USDT",
                "ohlc",
                Some("demo:BTC-USDT"),
                true,
            ),
            (
                "/chart/demo:BTC-USDT",
                "chart_page",
                Some("demo:BTC-USDT"),
                false,
            ),
            (
                "/assets/app/css/base.css",
                "assets",
                Some("app/css/base.css"),
                false,
            ),
            ("/", "index", None, false),
            ("/health", "health", None, false),
        ] {
            let (found, parameters, old) = found(&get, path).unwrap_or_else(|| panic!("{path}"));
            assert_eq!((found, old), (name, deprecated), "{path}");
            assert_eq!(
                parameters.first().map(|(_, text)| text.as_str()),
                text,
                "{path}"
            );
        }
        for path in [
            "/api/v1",
            "/api/v1/",
            "/api/v2/prices",
            "/prices/",
            "//prices",
            "/api/v1/price/",
            "/api/v1/health",
            "/assets/",
            "",
        ] {
            assert!(found(&get, path).is_none(), "{path}");
        }
        assert!(found(&http::Method::HEAD, "/api/v1/prices").is_some());
    }

    #[test]
    fn other_methods_are_named() {
        let Route::OtherMethods(allow) = route(
            crate::routes::ENDPOINTS,
            &http::Method::DELETE,
            "/api/v1/prices",
        ) else {
            panic!("another answer");
        };
        assert_eq!(allow, "GET, HEAD, OPTIONS");
    }
}
