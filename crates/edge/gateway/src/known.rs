//! [`Known`]: a request that was answered before; [`Heads`]: heads of responses to it as bytes, written once and sent
//! again and again.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::HeaderMap;

use crate::answer::Finished;
use crate::headers::{answer_head, dress, unchanged_head};
use crate::options::GatewayOptions;
use crate::pack::Coding;

/// What is known of a request's spelling.
#[derive(Debug)]
pub(crate) struct Known {
    /// Path and query as they were written.
    pub(crate) target: Box<str>,
    pub(crate) answer: Arc<Finished>,
    /// Whether the path is one that is going away.
    pub(crate) deprecated: bool,
    /// Heads of responses, which are the same for every request of this spelling.
    pub(crate) heads: Heads,
}

impl Known {
    pub(crate) fn new(target: &str, answer: Arc<Finished>, deprecated: bool) -> Arc<Self> {
        Arc::new(Self {
            target: target.into(),
            answer,
            deprecated,
            heads: Heads::default(),
        })
    }
}

/// Heads of the responses to one spelling of a request, as they are sent: what does not differ from request to request.
/// Each is made by the first who needs it.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    /// By coding; the last is without one.
    whole: [OnceLock<Bytes>; Coding::ALL.len() + 1],
    unchanged: OnceLock<Bytes>,
}

impl Heads {
    /// Of the answer itself.
    pub(crate) fn whole(
        &self,
        options: &GatewayOptions,
        known: &Known,
        coding: Option<Coding>,
    ) -> &Bytes {
        let place = coding.map_or(Coding::ALL.len(), Coding::index);
        self.whole[place].get_or_init(|| {
            let mut headers = HeaderMap::new();
            // a target that was answered is one
            let uri = known.target.parse().unwrap_or_default();
            let deprecated = known.deprecated;
            answer_head(
                options,
                &known.answer,
                coding,
                deprecated,
                &uri,
                &mut headers,
            );
            written(options, "200 OK", headers)
        })
    }

    /// Of what tells a client that it has the answer.
    pub(crate) fn unchanged(&self, options: &GatewayOptions, known: &Known) -> &Bytes {
        self.unchanged.get_or_init(|| {
            let mut headers = HeaderMap::new();
            unchanged_head(options, &known.answer, &mut headers);
            written(options, "304 Not Modified", headers)
        })
    }
}

/// A status line and headers, with those of every response, as they are sent; without the empty line at their end.
fn written(options: &GatewayOptions, status: &str, mut headers: HeaderMap) -> Bytes {
    dress(options, &mut headers);
    let mut out = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in &headers {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.into()
}
