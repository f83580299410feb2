//! Answers that are there already, made from a request's bytes and written as bytes.
//!
//! Whoever asks for what is cached, in words that were answered before, goes through the same guards, limits and
//! counters as everybody else, but nothing is allocated for it: no map of headers, no response. Whatever is not plain
//! is left to the whole chain (`edge`), which decides; nothing is refused here.

use std::mem::MaybeUninit;
use std::str;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};

use crate::accept::{self, Format};
use crate::answer::{Meta, decimal};
use crate::body::Body;
use crate::cache::Known;
use crate::edge::{self, Peer};
use crate::gateway::Shared;
use crate::guard;
use crate::limit::Verdict;
use crate::pack::Coding;
use crate::respond::{self, Line, SUNSET};
use crate::stamp::Stamp;

/// Requests with more headers are answered elsewhere, or refused there.
const MAX_HEADERS: usize = 64;

/// What stands at the beginning of what a client sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// A request of so many bytes; its answer is written.
    Answered(usize),
    /// A request of so many bytes, without a body, that is for the whole chain.
    Plain(usize),
    /// A request of which it is not known here where it ends, or none at all.
    Unclear,
    /// The beginning of a head.
    Partial,
}

/// Answers requests of one connection.
#[derive(Debug)]
pub(crate) struct Quick {
    shared: Arc<Shared>,
    peer: Peer,
    stamp: Stamp,
    /// The name by which we were asked for last, and which is ours.
    host: String,
    /// The end of an envelope; kept for its memory.
    tail: Vec<u8>,
    /// When the last answer was made, since the gateway began.
    last: Duration,
}

/// What of a request decides over its answer.
#[derive(Debug, Default)]
struct Asked<'a> {
    head_only: bool,
    target: &'a str,
    host: Option<&'a str>,
    accept: Option<&'a str>,
    accept_encoding: Option<&'a str>,
    if_none_match: Option<&'a str>,
    request_id: Option<&'a str>,
    forwarded_for: Option<&'a str>,
}

/// A head that is whole.
enum Head<'a> {
    Simple(Asked<'a>),
    Plain,
    Unclear,
}

impl Quick {
    pub(crate) fn new(shared: Arc<Shared>, peer: Peer) -> Self {
        Self {
            shared,
            peer,
            stamp: Stamp::new(),
            host: String::new(),
            tail: Vec::new(),
            last: Duration::ZERO,
        }
    }

    /// When the last answer was made, since the gateway began.
    pub(crate) const fn last(&self) -> Duration {
        self.last
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Looks at the first request in `input`, and appends its answer to `out` where that is there.
    pub(crate) fn take(&mut self, input: &[u8], out: &mut Vec<u8>) -> Next {
        let mut room = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut []);
        let length = match request.parse_with_uninit_headers(input, &mut room) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Next::Partial,
            Err(_) => return Next::Unclear,
        };
        match head(&request) {
            Head::Simple(asked) if self.answer(&asked, out).is_some() => Next::Answered(length),
            Head::Simple(_) | Head::Plain => Next::Plain(length),
            Head::Unclear => Next::Unclear,
        }
    }

    /// Appends the answer; `None`, and nothing is appended or counted, where the whole chain has to decide.
    fn answer(&mut self, asked: &Asked<'_>, out: &mut Vec<u8>) -> Option<()> {
        let shared = &*self.shared;
        let began = shared.since_start();
        let format = asked.accept.map_or(Format::Json, accept::format_of);
        let known = shared.cache.known(asked.target, format, began)?;
        let answer = &*known.answer;
        let host = asked.host?;
        if self.host != host {
            if !guard::is_ours(host, self.peer, &shared.options) {
                return None;
            }
            host.clone_into(&mut self.host);
        }
        let coding = asked.accept_encoding.and_then(accept::coding_of);
        if answer.bytes.len() > respond::ONE_PIECE
            || coding.is_some_and(|coding| answer.is_heavy(coding))
        {
            return None; // sent from where it lies, or packed on another thread
        }
        let client = guard::client_of(asked.forwarded_for.into_iter(), self.peer, &shared.options);
        let endpoint = answer.endpoint;
        let verdict = edge::limit(shared, client, endpoint, began);
        if verdict.is_some_and(|verdict| !verdict.allowed) {
            return None; // nothing was taken: it will be refused in full
        }
        shared.measure.looked_up(endpoint, true);
        let now = shared.clock.now();
        self.stamp.set(now);
        let made_up;
        let given = asked
            .request_id
            .filter(|id| respond::is_sane(id.as_bytes()));
        let id = match given {
            Some(id) => id,
            None => {
                made_up = respond::hex(shared.next_id());
                str::from_utf8(&made_up).unwrap_or("0")
            }
        };
        let unchanged = asked
            .if_none_match
            .is_some_and(|tags| respond::names_tag(tags, &answer.etag));
        let status = if unchanged {
            out.extend_from_slice(known.heads.unchanged(shared, answer));
            vary(shared, &self.stamp, id, endpoint, verdict, out);
            out.extend_from_slice(b"\r\n");
            StatusCode::NOT_MODIFIED
        } else {
            self.tail.clear();
            if answer.format.enveloped() {
                let meta = Meta {
                    now,
                    request_id: id,
                    deprecated: known.deprecated.then_some(SUNSET),
                    hit: true,
                    ttl: answer.ttl,
                    next: answer.next.as_deref(),
                };
                meta.append_to(&mut self.tail, self.stamp.text());
            }
            let whole = Whole {
                shared,
                known: &known,
                asked,
                id,
                verdict,
            };
            whole.write(&self.stamp, &mut self.tail, coding, out);
            StatusCode::OK
        };
        let method = if asked.head_only {
            &Method::HEAD
        } else {
            &Method::GET
        };
        self.last = shared.since_start();
        let took = self.last.saturating_sub(began);
        shared
            .measure
            .answered(Some(endpoint), method, status, took);
        if tracing::enabled!(target: "quantflow::http", tracing::Level::INFO) {
            respond::log(&Line {
                client,
                id,
                method,
                path: asked.target.split('?').next().unwrap_or_default(),
                endpoint: Some(endpoint),
                status,
                took,
                hit: Some(true),
            });
        }
        Some(())
    }
}

/// An answer that is sent whole.
struct Whole<'a> {
    shared: &'a Shared,
    known: &'a Known,
    asked: &'a Asked<'a>,
    id: &'a str,
    verdict: Option<Verdict>,
}

impl Whole<'_> {
    fn write(&self, stamp: &Stamp, tail: &mut Vec<u8>, coding: Option<Coding>, out: &mut Vec<u8>) {
        let answer = &*self.known.answer;
        let coding = coding.filter(|coding| answer.packed(*coding).is_some());
        let packed = coding.map(|coding| respond::pack(answer, tail.clone(), Some(coding)));
        let (body, end, coding) = match &packed {
            Some((Body::Pieces(body, end), Some(coding))) => (&body[..], &end[..], Some(*coding)),
            _ => (&answer.bytes[..], &tail[..], None),
        };
        let deprecated = self.known.deprecated;
        let heads = &self.known.heads;
        let head = heads.whole(self.shared, answer, coding, deprecated, self.asked.target);
        out.reserve(head.len() + body.len() + end.len() + 256);
        out.extend_from_slice(head);
        vary(
            self.shared,
            stamp,
            self.id,
            answer.endpoint,
            self.verdict,
            out,
        );
        let mut digits = [0; 20];
        out.extend_from_slice(b"content-length: ");
        out.extend_from_slice(decimal((body.len() + end.len()) as u64, &mut digits));
        out.extend_from_slice(b"\r\n\r\n");
        if !self.asked.head_only {
            out.extend_from_slice(body);
            out.extend_from_slice(end);
        }
    }
}

/// The headers that differ from request to request.
fn vary(
    shared: &Shared,
    stamp: &Stamp,
    id: &str,
    endpoint: usize,
    verdict: Option<Verdict>,
    out: &mut Vec<u8>,
) {
    let mut digits = [0; 20];
    out.extend_from_slice(b"date: ");
    out.extend_from_slice(stamp.date());
    out.extend_from_slice(b"\r\nx-request-id: ");
    out.extend_from_slice(id.as_bytes());
    if let (Some(verdict), Some(setting)) = (verdict, shared.settings.get(endpoint)) {
        out.extend_from_slice(&setting.limited);
        out.extend_from_slice(decimal(verdict.remaining.into(), &mut digits));
        out.extend_from_slice(b";t=");
        out.extend_from_slice(decimal(verdict.reset, &mut digits));
    }
    out.extend_from_slice(b"\r\n");
}

/// What a head asks for. Two headers of one name that matters, values that are no plain text, and all that changes how
/// the connection goes on are not simple.
fn head<'a>(request: &httparse::Request<'_, 'a>) -> Head<'a> {
    let mut asked = Asked::default();
    let mut simple = request.version == Some(1);
    match (request.method, request.path) {
        (Some("GET"), Some(target)) => asked.target = target,
        (Some("HEAD"), Some(target)) => {
            asked.target = target;
            asked.head_only = true;
        }
        (Some("OPTIONS"), Some(_)) => simple = false,
        // of all others we do not look where they end
        _ => return Head::Unclear,
    }
    // a fragment is cut off elsewhere
    simple &= asked.target.starts_with('/') && !asked.target.contains('#');
    for header in request.headers.iter() {
        let name = header.name;
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let place = match name.len() {
            4 if is("host") => &mut asked.host,
            6 if is("accept") => &mut asked.accept,
            6 if is("origin") || is("expect") => {
                simple = false;
                continue;
            }
            7 if is("upgrade") => return Head::Unclear,
            10 if is("connection") => {
                simple &= header.value.eq_ignore_ascii_case(b"keep-alive");
                continue;
            }
            12 if is("x-request-id") => &mut asked.request_id,
            13 if is("if-none-match") => &mut asked.if_none_match,
            14 if is("content-length") => return Head::Unclear,
            15 if is("accept-encoding") => &mut asked.accept_encoding,
            15 if is("x-forwarded-for") => &mut asked.forwarded_for,
            17 if is("transfer-encoding") => return Head::Unclear,
            _ => continue,
        };
        match plain_text(header.value) {
            Some(text) if place.is_none() => *place = Some(text),
            _ => simple = false,
        }
    }
    if simple {
        Head::Simple(asked)
    } else {
        Head::Plain
    }
}

/// A header's value where it is made of visible characters, spaces and tabs.
fn plain_text(value: &[u8]) -> Option<&str> {
    let plain = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    plain.then(|| str::from_utf8(value).ok()).flatten()
}
