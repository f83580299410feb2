//! [`ApiKey`]: what a venue wants beside some questions, and where it may go.

use quantflow_wire::{Failure, FailureKind, HttpRequest, Response};
use reqwest::header::HeaderValue;

/// Names of headers do not say whether a value is secret; this does: it is marked so for the HTTP
/// library, whose own logs and errors then leave it out, and `Debug` shows neither.
#[derive(Debug, Clone)]
pub(crate) struct ApiKey {
    /// The only base URL that it is sent to.
    base_url: String,
    value: HeaderValue,
}

/// A key that cannot stand in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an API key is one word of visible ASCII characters; this one is empty or holds something else"
)]
pub struct KeyError;

impl ApiKey {
    pub(crate) fn new(base_url: &str, key: &str) -> Result<Self, KeyError> {
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeyError);
        }
        let mut value = HeaderValue::from_str(key).map_err(|_| KeyError)?;
        value.set_sensitive(true);
        Ok(Self {
            base_url: trimmed(base_url).to_owned(),
            value,
        })
    }

    /// The header to send, if this question to this place may have the key.
    pub(crate) fn header(
        &self,
        base_url: &str,
        request: &HttpRequest,
    ) -> Option<(&'static str, HeaderValue)> {
        let name = request.key_header?;
        (trimmed(base_url) == self.base_url).then(|| (name, self.value.clone()))
    }

    /// An answer that repeats the key is none: what is answered is kept for ever, in the raw log.
    pub(crate) fn keep_out(&self, response: Response) -> Result<Response, Failure> {
        let key = self.value.as_bytes();
        let holds = |bytes: &[u8]| bytes.windows(key.len()).any(|part| part == key);
        let in_headers = response
            .headers
            .iter()
            .any(|(_, value)| holds(value.as_bytes()));
        if in_headers || holds(&response.body) {
            return Err(Failure {
                kind: FailureKind::Broken,
                detail: format!(
                    "the answer (status {}) repeats the API key and is not kept",
                    response.status
                ),
            });
        }
        Ok(response)
    }
}

fn trimmed(base_url: &str) -> &str {
    base_url.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_word_and_never_shown() {
        for wrong in ["", "two words", "line\n", "schlüssel", "tab\t"] {
            assert_eq!(ApiKey::new("http://a", wrong).unwrap_err(), KeyError);
        }
        let key = ApiKey::new("http://a", "hush-0123").unwrap();
        assert!(!format!("{key:?}{key:#?}").contains("hush"));
    }
}
