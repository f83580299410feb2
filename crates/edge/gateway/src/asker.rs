//! [`Asker`]: who asks, and the request's id.

use std::net::IpAddr;
use std::time::Duration;

use http::header::{self, HeaderName};
use http::{HeaderValue, Method, Request, StatusCode};

use crate::guard::{self, Site};
use crate::peer::Peer;
use crate::request_log::Line;
use crate::shared::Shared;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Who asks, and since when.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) client: IpAddr,
    pub(crate) id: HeaderValue,
    /// When the request came, since the gateway began.
    pub(crate) began: Duration,
    pub(crate) method: Method,
    path: String,
    /// The page that asked, where it may read.
    pub(crate) origin: Option<HeaderValue>,
}

impl Asker {
    pub(crate) fn new<B>(shared: &Shared, peer: Peer, request: &Request<B>) -> Self {
        let headers = request.headers();
        let given = headers.get(REQUEST_ID).filter(|id| is_sane(id.as_bytes()));
        let id = given
            .cloned()
            .unwrap_or_else(|| made_up_id(shared.next_id()));
        let origin = headers
            .get(header::ORIGIN)
            .filter(|_| guard::site(headers, &shared.options) == Site::Allowed);
        Self {
            client: guard::client(headers, peer, &shared.options),
            id,
            began: shared.since_start(),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            origin: origin.cloned(),
        }
    }

    pub(crate) fn line(
        &self,
        endpoint: Option<&'static str>,
        status: StatusCode,
        took: Duration,
        hit: Option<bool>,
    ) -> Line<'_> {
        Line {
            client: self.client,
            id: self.id_text(),
            method: &self.method,
            path: &self.path,
            endpoint,
            status,
            took,
            hit,
        }
    }

    pub(crate) fn id_text(&self) -> &str {
        // sane ids and made up ones are plain characters
        self.id.to_str().unwrap_or_default()
    }
}

/// An id that can stand in a header, in JSON and in a log line as it is.
pub(crate) fn is_sane(id: &[u8]) -> bool {
    (1..=64).contains(&id.len())
        && id
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn made_up_id(number: u64) -> HeaderValue {
    HeaderValue::from_bytes(&hex(number)).unwrap_or_else(|_| HeaderValue::from_static("0"))
}

/// A number in sixteen digits.
pub(crate) fn hex(number: u64) -> [u8; 16] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    std::array::from_fn(|i| DIGITS[(number >> (60 - 4 * i)) as usize & 15])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sane_ids_are_taken() {
        for (id, sane) in [
            ("abc-1_2.3", true),
            ("", false),
            ("a b", false),
            ("\"", false),
            (&"x".repeat(65), false),
        ] {
            assert_eq!(is_sane(id.as_bytes()), sane, "{id}");
        }
        assert_eq!(made_up_id(0x0123_4567_89ab_cdef), "0123456789abcdef");
    }
}
