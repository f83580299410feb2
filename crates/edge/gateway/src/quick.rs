//! Answers that are there already, made from a request's bytes and written as bytes.
//!
//! Whoever asks for what is cached, in words that were answered before, goes through the same guards, limits and
//! counters as everybody else, but nothing is allocated for it: no map of headers, no response. Whatever is not plain
//! is left to the whole chain (`edge`), which decides; nothing is refused here.

use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::str;
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::{Method, StatusCode};

use crate::accept::{self, Format};
use crate::answer::{Meta, decimal};
use crate::asked::{self, Asked, Head};
use crate::asker::{hex, is_sane};
use crate::body::Body;
use crate::guard;
use crate::headers::SUNSET;
use crate::known::Known;
use crate::limit::Verdict;
use crate::pack::Coding;
use crate::peer::Peer;
use crate::request_log::{self, Line};
use crate::respond;
use crate::shared::Shared;
use crate::stamp::Stamp;
use crate::tag::names_tag;

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
    memo: Memo,
    /// The end of an envelope; kept for its memory.
    tail: Vec<u8>,
    /// When the last answer was made, since the gateway began.
    last: Duration,
}

/// How a request is answered; the same for every request with the same head.
#[derive(Debug)]
struct Plan {
    known: Arc<Known>,
    head_only: bool,
    /// Whether the client has the answer.
    unchanged: bool,
    coding: Option<Coding>,
    client: IpAddr,
}

/// The last head that was answered, for clients that poll send the same again and again.
#[derive(Debug)]
struct Memo {
    /// Empty at first.
    head: Vec<u8>,
    /// Held by the cache alone, which forgets it in time.
    known: Weak<Known>,
    head_only: bool,
    unchanged: bool,
    coding: Option<Coding>,
    client: IpAddr,
}

/// Longer heads are read each time.
const LONGEST_MEMO: usize = 1024;

impl Memo {
    /// The plan, where `input` begins with the head and what it asked for still holds; and the head's length.
    fn again(&self, input: &[u8], now: Duration) -> Option<(usize, Plan)> {
        if self.head.is_empty() || !input.starts_with(&self.head) {
            return None;
        }
        let known = self.known.upgrade()?;
        let plan = Plan {
            head_only: self.head_only,
            unchanged: self.unchanged,
            coding: self.coding,
            client: self.client,
            known,
        };
        (plan.known.answer.expires > now).then_some((self.head.len(), plan))
    }

    fn keep(&mut self, head: &[u8], plan: &Plan) {
        self.head.clear();
        if head.len() <= LONGEST_MEMO {
            self.head.extend_from_slice(head);
        }
        self.known = Arc::downgrade(&plan.known);
        self.head_only = plan.head_only;
        self.unchanged = plan.unchanged;
        self.coding = plan.coding;
        self.client = plan.client;
    }
}

impl Quick {
    pub(crate) fn new(shared: Arc<Shared>, peer: Peer) -> Self {
        Self {
            shared,
            peer,
            stamp: Stamp::new(),
            memo: Memo {
                head: Vec::new(),
                known: Weak::new(),
                head_only: false,
                unchanged: false,
                coding: None,
                client: peer.address,
            },
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
        let began = self.shared.since_start();
        if let Some((length, plan)) = self.memo.again(input, began)
            && self.give(&plan, None, began, out)
        {
            return Next::Answered(length);
        }
        let mut room = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut []);
        let length = match request.parse_with_uninit_headers(input, &mut room) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Next::Partial,
            Err(_) => return Next::Unclear,
        };
        match asked::head(&request) {
            Head::Simple(asked) => {
                let Some(plan) = self.plan(&asked, began) else {
                    return Next::Plain(length);
                };
                if !self.give(&plan, asked.request_id, began, out) {
                    return Next::Plain(length);
                }
                if asked.request_id.is_none() {
                    self.memo.keep(&input[..length], &plan);
                }
                Next::Answered(length)
            }
            Head::Plain => Next::Plain(length),
            Head::Unclear => Next::Unclear,
        }
    }

    /// How it is answered; `None` where the whole chain has to decide.
    fn plan(&self, asked: &Asked<'_>, now: Duration) -> Option<Plan> {
        let shared = &*self.shared;
        let format = asked.accept.map_or(Format::Json, accept::format_of);
        let known = shared.cache.known(asked.target, format, now)?;
        let answer = &*known.answer;
        let coding = asked.accept_encoding.and_then(accept::coding_of);
        if !guard::is_ours(asked.host?, self.peer, &shared.options)
            // sent from where it lies, or packed on another thread
            || answer.bytes.len() > respond::ONE_PIECE
            || coding.is_some_and(|coding| answer.is_heavy(coding))
        {
            return None;
        }
        let forwarded = asked.forwarded_for.into_iter();
        Some(Plan {
            head_only: asked.head_only,
            unchanged: asked
                .if_none_match
                .is_some_and(|tags| names_tag(tags, &answer.etag)),
            coding,
            client: guard::client_of(forwarded, self.peer, &shared.options),
            known,
        })
    }

    /// Appends the answer; `false`, and nothing is appended or counted, where the client has asked too often.
    fn give(
        &mut self,
        plan: &Plan,
        request_id: Option<&str>,
        began: Duration,
        out: &mut Vec<u8>,
    ) -> bool {
        let shared = &*self.shared;
        let answer = &*plan.known.answer;
        let endpoint = answer.endpoint;
        let verdict = shared.limit(plan.client, endpoint, began);
        if verdict.is_some_and(|verdict| !verdict.allowed) {
            return false;
        }
        shared.measure.looked_up(endpoint, true);
        let now = shared.clock.now();
        self.stamp.set(now);
        let made_up;
        let given = request_id.filter(|id| is_sane(id.as_bytes()));
        let id = if let Some(given) = given {
            given
        } else {
            made_up = hex(shared.next_id());
            // digits are characters
            str::from_utf8(&made_up).unwrap_or("0")
        };
        let status = if plan.unchanged {
            out.extend_from_slice(plan.known.heads.unchanged(&shared.options, &plan.known));
            vary(shared, &self.stamp, id, endpoint, verdict, out);
            out.extend_from_slice(b"\r\n");
            StatusCode::NOT_MODIFIED
        } else {
            self.tail.clear();
            if answer.format.enveloped() {
                let meta = Meta {
                    now,
                    request_id: id,
                    deprecated: plan.known.deprecated.then_some(SUNSET),
                    hit: true,
                    ttl: answer.ttl,
                    next: answer.next.as_deref(),
                };
                meta.append_to(&mut self.tail, self.stamp.text());
            }
            plan.write(shared, &self.stamp, id, verdict, &self.tail, out);
            StatusCode::OK
        };
        let method = if plan.head_only {
            &Method::HEAD
        } else {
            &Method::GET
        };
        self.last = shared.since_start();
        let took = self.last.saturating_sub(began);
        shared
            .measure
            .answered(Some(endpoint), method, status, took);
        if request_log::is_on() {
            request_log::log(&Line {
                client: plan.client,
                id,
                method,
                path: plan.known.target.split('?').next().unwrap_or_default(),
                endpoint: shared.settings.get(endpoint).map(|setting| setting.name),
                status,
                took,
                hit: Some(true),
            });
        }
        true
    }
}

impl Plan {
    /// Appends an answer that is sent whole.
    fn write(
        &self,
        shared: &Shared,
        stamp: &Stamp,
        id: &str,
        verdict: Option<Verdict>,
        tail: &[u8],
        out: &mut Vec<u8>,
    ) {
        let answer = &*self.known.answer;
        let coding = self
            .coding
            .filter(|coding| answer.packed(*coding).is_some());
        let packed = coding.map(|coding| respond::pack(answer, tail.to_vec(), Some(coding)));
        let (body, end, coding) = match &packed {
            Some((Body::Pieces(body, end), Some(coding))) => (&body[..], &end[..], Some(*coding)),
            _ => (&answer.bytes[..], tail, None),
        };
        let head = self.known.heads.whole(&shared.options, &self.known, coding);
        out.reserve(head.len() + body.len() + end.len() + 256);
        out.extend_from_slice(head);
        vary(shared, stamp, id, answer.endpoint, verdict, out);
        let mut digits = [0; 20];
        out.extend_from_slice(b"content-length: ");
        out.extend_from_slice(decimal((body.len() + end.len()) as u64, &mut digits));
        out.extend_from_slice(b"\r\n\r\n");
        if !self.head_only {
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
