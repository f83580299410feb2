//! [`Exchange`]: a request and what became of it, as the log keeps it.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{Purpose, Query};

/// A request and what became of it. A time-out has no bytes but is a fact too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What was asked.
    pub query: Query,
    /// Why.
    pub purpose: Purpose,
    /// Path and query string as sent, without credentials.
    pub target: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The venue answered.
    Response(Response),
    /// It did not.
    Failed(Failure),
}

/// An answer: any status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers worth keeping (limits, `Retry-After`, `Date`), names in lower case.
    pub headers: Vec<(CompactString, CompactString)>,
    /// The body as it came, after content decoding.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// The details, without credentials.
    pub detail: String,
}

/// Kinds of failures without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The name was not found, the connection was refused, or TLS failed.
    Connect,
    /// No answer in time.
    Timeout,
    /// The connection broke on the way.
    Broken,
    /// The answer was larger than allowed.
    TooLarge,
    /// We did not send it: the venue's limit is used up or it told us to stay away.
    NotSent,
}

/// Bytes that are no exchange.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The bytes end early.
    #[error("the exchange is cut off")]
    Truncated,
    /// The head is not the JSON that it should be.
    #[error("the exchange's head is malformed: {0}")]
    Head(#[from] serde_json::Error),
}

#[derive(Serialize, Deserialize)]
struct Head {
    query: Query,
    purpose: Purpose,
    target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(CompactString, CompactString)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<Failure>,
}

impl Exchange {
    /// As a record's payload: the head's length (u32, little-endian), the head as JSON, the body.
    ///
    /// # Errors
    /// When the head cannot be written as JSON.
    pub fn to_payload(&self) -> Result<Vec<u8>, ExchangeError> {
        let (status, headers, failed, body) = match &self.outcome {
            Outcome::Response(r) => (Some(r.status), r.headers.clone(), None, r.body.as_slice()),
            Outcome::Failed(failure) => (None, Vec::new(), Some(failure.clone()), [].as_slice()),
        };
        let head = serde_json::to_vec(&Head {
            query: self.query.clone(),
            purpose: self.purpose,
            target: self.target.clone(),
            status,
            headers,
            failed,
        })?;
        let mut payload = Vec::with_capacity(4 + head.len() + body.len());
        payload.extend_from_slice(&(head.len() as u32).to_le_bytes());
        payload.extend_from_slice(&head);
        payload.extend_from_slice(body);
        Ok(payload)
    }

    /// From a record's payload.
    ///
    /// # Errors
    /// When the bytes are cut off or the head is malformed.
    pub fn from_payload(payload: &[u8]) -> Result<Self, ExchangeError> {
        let (length, rest) = payload
            .split_first_chunk::<4>()
            .ok_or(ExchangeError::Truncated)?;
        let length = u32::from_le_bytes(*length) as usize;
        let head = rest.get(..length).ok_or(ExchangeError::Truncated)?;
        let body = rest.get(length..).ok_or(ExchangeError::Truncated)?;
        let head: Head = serde_json::from_slice(head)?;
        let outcome = match (head.status, head.failed) {
            (Some(status), _) => Outcome::Response(Response {
                status,
                headers: head.headers,
                body: body.to_vec(),
            }),
            (None, Some(failure)) => Outcome::Failed(failure),
            (None, None) => return Err(ExchangeError::Truncated),
        };
        Ok(Self {
            query: head.query,
            purpose: head.purpose,
            target: head.target,
            outcome,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_comes_back_from_its_payload() {
        for outcome in [
            Outcome::Response(Response {
                status: 429,
                headers: vec![("retry-after".into(), "7".into())],
                body: b"{\"code\":-1003}".to_vec(),
            }),
            Outcome::Failed(Failure {
                kind: FailureKind::Timeout,
                detail: "after 10 s".into(),
            }),
        ] {
            let exchange = Exchange {
                query: Query::ServerTime,
                purpose: Purpose::Live,
                target: "/api/v3/time".into(),
                outcome,
            };
            let payload = exchange.to_payload().unwrap();
            assert_eq!(Exchange::from_payload(&payload).unwrap(), exchange);
            for cut in 0..payload.len().min(20) {
                assert!(Exchange::from_payload(&payload[..cut]).is_err());
            }
        }
    }
}
