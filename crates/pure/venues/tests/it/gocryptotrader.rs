//! Recordings in gocryptotrader's format: a route, and for each query string an answer.

use quantflow_testkit::recorded;
use serde::Deserialize;
use serde_json::value::RawValue;

/// An answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    pub(crate) query_string: String,
    pub(crate) data: Box<RawValue>,
}

impl Answer {
    pub(crate) fn body(&self) -> &[u8] {
        self.data.get().as_bytes()
    }

    /// A value of the query string.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        let mut pairs = self
            .query_string
            .split('&')
            .filter_map(|p| p.split_once('='));
        pairs.find(|(name, _)| *name == key).map(|(_, value)| value)
    }
}

/// The answers of a file; `None` where there are no recordings.
pub(crate) fn answers(name: &str) -> Option<Vec<Answer>> {
    #[derive(Deserialize)]
    struct File {
        responses: Vec<Answer>,
    }
    let bytes = recorded::bytes(&format!("rest_gocryptotrader/{name}"))?;
    Some(serde_json::from_slice::<File>(&bytes).unwrap().responses)
}
