//! What all venues share over HTTP: how a target is written, and what answers say of limits.

use std::fmt::Write;
use std::time::Duration;

use quantflow_wire::{HttpMethod, HttpRequest, Response};

/// Path and query string of a request, as they are put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    text: String,
    pairs: u32,
}

impl Target {
    /// A path without a query string, as it stands.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            text: path.into(),
            pairs: 0,
        }
    }

    /// Adds to the path, as it stands.
    pub fn path(&mut self, path: &str) {
        self.text.push_str(path);
    }

    /// Adds `key=value` to the query string; the value is escaped.
    pub fn pair(&mut self, key: &str, value: &str) {
        self.text.push(if self.pairs == 0 { '?' } else { '&' });
        self.pairs += 1;
        self.text.push_str(key);
        self.text.push('=');
        escape(&mut self.text, value);
    }

    /// The same where there is a value.
    pub fn maybe(&mut self, key: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.pair(key, &value.to_string());
        }
    }

    /// Path and query string.
    pub fn into_text(self) -> String {
        self.text
    }

    /// A GET of it, without headers of its own.
    pub fn get(self, weight: u32) -> HttpRequest {
        HttpRequest {
            method: HttpMethod::Get,
            target: self.text,
            headers: Vec::new(),
            body: Vec::new(),
            weight,
            key_header: None,
        }
    }
}

/// Writes a value of a query string, or a part of a path; a few listed symbols are not ASCII.
pub fn escape(out: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}"); // a String never refuses text
        }
    }
}

/// A header's value, whatever the case of its name.
pub fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut headers = response.headers.iter();
    headers
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// What `Retry-After` says, in seconds.
pub fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = header(response, "retry-after")?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// How long to stay away, by the rule of most venues: what `Retry-After` says of any refusal, and for a
/// 429 (or a 418) without it so long.
pub fn stay_away(response: &Response, otherwise: Duration) -> Option<Duration> {
    match response.status {
        418 | 429 => Some(retry_after(response).unwrap_or(otherwise)),
        400.. => retry_after(response),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_paths_are_not() {
        let mut target = Target::new("/0/public/");
        target.path("OHLC");
        target.pair("pair", "XBT/USD");
        target.maybe("since", Some(7));
        target.maybe("count", None::<u32>);
        assert_eq!(
            target.get(1).target,
            "/0/public/OHLC?pair=XBT%2FUSD&since=7"
        );
    }

    #[test]
    fn a_refusal_without_words_is_waited_out() {
        let response = |status, after: Option<&str>| Response {
            status,
            headers: after
                .map(|after| ("Retry-After".into(), after.into()))
                .into_iter()
                .collect(),
            body: Vec::new(),
        };
        let seconds = |n| Some(Duration::from_secs(n));
        let away = |status, after| stay_away(&response(status, after), Duration::from_mins(1));
        assert_eq!(away(429, None), seconds(60));
        assert_eq!(away(429, Some("3")), seconds(3));
        assert_eq!(away(503, Some("9")), seconds(9));
        assert_eq!(away(503, None), None);
        assert_eq!(away(200, Some("9")), None);
    }
}
