//! [`Answer`]: what a handler gives; [`Finished`]: the same as bytes, as they are cached and sent again and again.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use quantflow_model::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::accept::Format;
use crate::pack::{Coding, Open};
use crate::problem::Problem;
use crate::table::{self, Row, Rows, Table};

/// What a handler gives.
pub(crate) struct Answer {
    pub(crate) content: Content,
    pub(crate) freshness: Freshness,
    /// The cursor of the next page.
    pub(crate) next: Option<String>,
}

/// What an answer says.
pub(crate) enum Content {
    /// JSON that stands as `data`.
    Object(Vec<u8>),
    /// Rows, in the format that the client accepts.
    Table(Arc<dyn Table>),
}

/// How long an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Until the endpoint's time to live is over.
    Endpoint,
    /// For so long.
    For(Duration),
    /// It may differ at once; equal requests that are under way share it, later ones do not.
    Moving,
}

impl Answer {
    pub(crate) fn object(data: &impl Serialize) -> Result<Self, Problem> {
        let data = serde_json::to_vec(data).map_err(|e| Problem::internal(&e))?;
        Ok(Self {
            content: Content::Object(data),
            freshness: Freshness::Endpoint,
            next: None,
        })
    }

    pub(crate) fn rows<T: Row>(rows: Vec<T>) -> Self {
        Self::table(Rows(rows))
    }

    pub(crate) fn table(table: impl Table) -> Self {
        Self {
            content: Content::Table(Arc::new(table)),
            freshness: Freshness::Endpoint,
            next: None,
        }
    }

    #[must_use]
    pub(crate) fn fresh(mut self, freshness: Freshness) -> Self {
        self.freshness = freshness;
        self
    }

    #[must_use]
    pub(crate) fn next(mut self, next: Option<String>) -> Self {
        self.next = next;
        self
    }
}

/// What stands before the data in the envelope.
pub(crate) const HEAD: &[u8] = b"{\"success\":true,\"data\":";

/// An answer as bytes.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Which endpoint gave it.
    pub(crate) endpoint: usize,
    pub(crate) format: Format,
    /// In the envelope: its beginning with the data, to be followed by `meta`. Else all of it.
    pub(crate) bytes: Bytes,
    pub(crate) next: Option<String>,
    pub(crate) etag: HeaderValue,
    pub(crate) cache_control: HeaderValue,
    /// How long it is kept, in whole seconds.
    pub(crate) ttl: u64,
    /// When it is too old, since the gateway began.
    pub(crate) expires: Duration,
    /// Packed, each made by the first who needs it; `None` inside when packing failed.
    packed: [OnceLock<Option<Open>>; 3],
}

/// Below this, packing costs more than it saves.
const WORTH_PACKING: usize = 1024;

impl Finished {
    /// Writes an answer down.
    pub(crate) fn new(
        endpoint: usize,
        format: Format,
        answer: &Answer,
        ttl: Duration,
        now: Duration,
    ) -> Result<Self, Problem> {
        let mut bytes = Vec::with_capacity(4096);
        if format.enveloped() {
            bytes.extend_from_slice(HEAD);
        }
        match &answer.content {
            Content::Object(data) => bytes.extend_from_slice(data),
            Content::Table(table) => table::whole(&**table, format, &mut bytes)
                .map_err(|error| Problem::internal(&error))?,
        }
        let cache_control = match ttl.as_secs() {
            0 => HeaderValue::from_static("no-cache"),
            seconds => header(&format!("public, max-age={seconds}")),
        };
        Ok(Self {
            endpoint,
            format,
            etag: etag_of(&bytes),
            bytes: bytes.into(),
            next: answer.next.clone(),
            cache_control,
            ttl: ttl.as_secs(),
            expires: now + ttl,
            packed: Default::default(),
        })
    }

    /// The answer packed, where that is worth while.
    pub(crate) fn packed(&self, coding: Coding) -> Option<&Open> {
        if self.bytes.len() < WORTH_PACKING {
            return None;
        }
        self.packed[coding.index()]
            .get_or_init(|| Open::new(coding, &self.bytes).ok())
            .as_ref()
    }

    /// Whether packing it would hold up a thread for long, and has not been done.
    pub(crate) fn is_heavy(&self, coding: Coding) -> bool {
        self.bytes.len() > 128 << 10 && self.packed[coding.index()].get().is_none()
    }

    /// What it takes in memory, about.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len() + 512
    }
}

/// A weak tag: the envelope's `meta` differs each time, the data does not.
fn etag_of(bytes: &[u8]) -> HeaderValue {
    header(&format!("W/\"{}\"", digest(bytes)))
}

/// 128 bits of a hash as hex.
pub(crate) fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes)
        .iter()
        .take(16)
        .fold(String::with_capacity(32), |mut text, byte| {
            // writing to a String cannot fail
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Text as a header's value; empty when it has characters that no header can carry.
pub(crate) fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// What an answer says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meta<'a> {
    pub(crate) now: Timestamp,
    pub(crate) request_id: &'a str,
    /// Whether it was asked for by a path that is going away, and when that is.
    pub(crate) deprecated: Option<&'a str>,
    pub(crate) hit: bool,
    pub(crate) ttl: u64,
    pub(crate) next: Option<&'a str>,
}

impl Meta<'_> {
    /// What follows the data in the envelope.
    pub(crate) fn tail(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.append_to(&mut out, self.now.to_string().as_bytes());
        out
    }

    /// Appends the same, `now` having been written as text already.
    ///
    /// Piece by piece: it is written for each request, and formatting took longer than all the rest of a cached answer.
    pub(crate) fn append_to(&self, out: &mut Vec<u8>, now: &[u8]) {
        // ids and cursors are plain characters, so they need no escapes
        let mut put = |piece: &[u8]| out.extend_from_slice(piece);
        put(b",\"meta\":{\"timestamp\":\"");
        put(now);
        put(b"\",\"requestId\":\"");
        put(self.request_id.as_bytes());
        match self.deprecated {
            Some(sunset) => {
                put(b"\",\"apiVersion\":\"v1\",\"deprecated\":true,\"sunsetDate\":\"");
                put(sunset.as_bytes());
                put(b"\"");
            }
            None => put(b"\",\"apiVersion\":\"v1\",\"deprecated\":false,\"sunsetDate\":null"),
        }
        put(if self.hit {
            b",\"cache\":{\"hit\":true,\"ttl\":".as_slice()
        } else {
            b",\"cache\":{\"hit\":false,\"ttl\":"
        });
        let mut digits = [0; 20];
        put(decimal(self.ttl, &mut digits));
        if let Some(next) = self.next {
            put(b"},\"nextCursor\":\"");
            put(next.as_bytes());
            put(b"\"}}");
        } else {
            put(b"}}}");
        }
    }
}

/// A number in decimal.
pub(crate) fn decimal(number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    &digits[at..]
}

/// A problem in the envelope.
pub(crate) fn problem_body(problem: &Problem, now: Timestamp, request_id: &str) -> Vec<u8> {
    let body = serde_json::json!({
        "success": false,
        "error": {
            "code": problem.code.name(),
            "message": problem.message,
            "details": problem.details,
        },
        "meta": {
            "timestamp": now.to_string(),
            "requestId": request_id,
            "apiVersion": "v1",
        },
    });
    body.to_string().into_bytes()
}
