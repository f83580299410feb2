//! What a client says.

use quantflow_market::stream::StreamSeq;
use serde::Deserialize;

use crate::problem::{Code, Problem};

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    Subscribe(Vec<String>),
    Unsubscribe(Vec<String>),
    Resume(String, StreamSeq),
    Ping,
}

const OPS: [&str; 4] = ["subscribe", "unsubscribe", "resume", "ping"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    op: String,
    channels: Option<Vec<String>>,
    channel: Option<String>,
    seq: Option<String>,
}

impl Request {
    /// Reads a text message: JSON.
    pub(crate) fn of_json(text: &str) -> Result<Self, Problem> {
        let message = serde_json::from_str(text).map_err(|error| malformed(&error))?;
        Self::of(message)
    }

    /// Reads a binary message: MessagePack.
    pub(crate) fn of_message_pack(bytes: &[u8]) -> Result<Self, Problem> {
        let message = rmp_serde::from_slice(bytes).map_err(|error| malformed(&error))?;
        Self::of(message)
    }

    fn of(message: Message) -> Result<Self, Problem> {
        let missing = |field: &str, why: &str| {
            Problem::parameter(field, "", "see /docs for what each op takes", why)
        };
        let channels = |given: Option<Vec<String>>| {
            given
                .filter(|names| !names.is_empty())
                .ok_or_else(|| missing("channels", "is missing or empty"))
        };
        match message.op.as_str() {
            "subscribe" => Ok(Self::Subscribe(channels(message.channels)?)),
            "unsubscribe" => Ok(Self::Unsubscribe(channels(message.channels)?)),
            "resume" => {
                let channel = message
                    .channel
                    .ok_or_else(|| missing("channel", "is missing"))?;
                let seq = message.seq.ok_or_else(|| missing("seq", "is missing"))?;
                let seq = seq.parse().map_err(|_| {
                    Problem::parameter(
                        "seq",
                        &seq,
                        "seq of an update of ours",
                        "is no sequence of ours",
                    )
                })?;
                Ok(Self::Resume(channel, seq))
            }
            "ping" => Ok(Self::Ping),
            other => Err(Problem::parameter(
                "op",
                other,
                OPS.as_slice(),
                "is not known",
            )),
        }
    }
}

fn malformed(error: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        Code::MalformedBody,
        format!("the message is not what is wanted: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_clients_say_is_read() {
        let read = |text| Request::of_json(text).unwrap();
        assert_eq!(
            read(r#"{"op":"subscribe","channels":["prices"]}"#),
            Request::Subscribe(vec!["prices".to_owned()])
        );
        assert_eq!(read(r#"{"op":"ping"}"#), Request::Ping);
        assert_eq!(
            read(r#"{"op":"resume","channel":"prices","seq":"1-2-3"}"#),
            Request::Resume("prices".to_owned(), "1-2-3".parse().unwrap())
        );
        for (text, code) in [
            ("", Code::MalformedBody),
            ("[]", Code::MalformedBody),
            (r#"{"op":"subscribe"}"#, Code::InvalidParameter),
            (
                r#"{"op":"subscribe","channels":[]}"#,
                Code::InvalidParameter,
            ),
            (
                r#"{"op":"subscribe","channels":"prices"}"#,
                Code::MalformedBody,
            ),
            (
                r#"{"op":"resume","channel":"prices"}"#,
                Code::InvalidParameter,
            ),
            (
                r#"{"op":"resume","channel":"prices","seq":"x"}"#,
                Code::InvalidParameter,
            ),
            (r#"{"op":"dance"}"#, Code::InvalidParameter),
            (r#"{"op":"ping","more":1}"#, Code::MalformedBody),
        ] {
            assert_eq!(Request::of_json(text).unwrap_err().code, code, "{text}");
        }
    }

    proptest! {
        /// No bytes of a client can panic the reader.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Request::of_message_pack(&bytes);
            let _ = Request::of_json(&String::from_utf8_lossy(&bytes));
        }
    }
}
