//! Live channels as server-sent events.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Response, header};
use quantflow_market::stream::StreamSeq;

use super::encode::Wire;
use super::session::{Outgoing, Session};
use super::socket::Place;
use crate::body::Body;
use crate::endpoint::Call;
use crate::problem::{Code, Problem};
use crate::shared::Shared;

/// What a client waits before it comes back after a cut, and how often a silent stream says that it lives.
const RETRY: &[u8] = b"retry: 1000\n\n";
const ALIVE: Duration = Duration::from_secs(15);

/// The channels of `channels=` as a stream of events.
///
/// An event's id says where the client stands in all channels, in the order in which it named them; sent back as
/// `Last-Event-ID`, which browsers do by themselves, it goes on from there.
pub(crate) async fn events(shared: Arc<Shared>, call: Call) -> Result<Response<Body>, Problem> {
    let names = call.parameters.list("channels").ok_or_else(|| {
        Problem::parameter(
            "channels",
            "",
            "names of channels, separated by commas",
            "is missing",
        )
    })?;
    let mut places: Vec<(Arc<str>, Option<StreamSeq>)> = names
        .iter()
        .map(|name| (name.as_str().into(), None))
        .collect();
    if let Some(last) = call.headers.get("last-event-id") {
        read_places(last, &mut places)?;
    }
    let place = Place::take(&shared)?;
    let mut session = Session::new(Arc::clone(&shared), Wire::Json);
    let mut first = Vec::new();
    for (name, after) in &places {
        session.follow(name, *after, &mut first).await?;
    }
    let mut head = RETRY.to_vec();
    for outgoing in first {
        write_event(&outgoing, &mut places, &mut head);
    }
    let state = (shared, session, places, Some(Bytes::from(head)), place);
    let body = stream::unfold(
        state,
        |(shared, mut session, mut places, head, place)| async move {
            let bytes = match head {
                Some(head) => head,
                None => next_events(&shared, &mut session, &mut places).await?,
            };
            Some((bytes, (shared, session, places, None, place)))
        },
    );
    let mut response = Response::new(Body::chunks(body));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // proxies that gather answers would hold events back
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// What comes next, with all that is at hand; `None` when the gateway stops.
async fn next_events(
    shared: &Shared,
    session: &mut Session,
    places: &mut [(Arc<str>, Option<StreamSeq>)],
) -> Option<Bytes> {
    let update = poll_fn(|context| session.poll_update(context));
    let first = tokio::select! {
        biased;
        () = shared.stopping.cancelled() => return None,
        update = update => update,
        () = tokio::time::sleep(ALIVE) => return Some(Bytes::from_static(b":\n\n")),
    };
    let mut out = Vec::with_capacity(4096);
    let mut sent = 1;
    write_event(&first, places, &mut out);
    while out.len() < 64 << 10 {
        let more = poll_fn(|context| std::task::Poll::Ready(session.poll_update(context))).await;
        let std::task::Poll::Ready(update) = more else {
            break;
        };
        write_event(&update, places, &mut out);
        sent += 1;
    }
    shared
        .measure
        .live_sent
        .fetch_add(sent, std::sync::atomic::Ordering::Relaxed);
    Some(out.into())
}

fn write_event(
    outgoing: &Outgoing,
    places: &mut [(Arc<str>, Option<StreamSeq>)],
    out: &mut Vec<u8>,
) {
    if let Some((channel, seq)) = &outgoing.place {
        if let Some(place) = places.iter_mut().find(|(name, _)| name == channel) {
            place.1 = Some(*seq);
        }
        let id: Vec<String> = places
            .iter()
            .map(|(_, seq)| seq.map_or_else(|| "_".to_owned(), |seq| seq.to_string()))
            .collect();
        out.extend_from_slice(b"id: ");
        out.extend_from_slice(id.join(",").as_bytes());
        out.push(b'\n');
    }
    // JSON has no line breaks outside strings, and inside they are escaped
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(&outgoing.bytes);
    out.extend_from_slice(b"\n\n");
}

fn read_places(
    last: &HeaderValue,
    places: &mut [(Arc<str>, Option<StreamSeq>)],
) -> Result<(), Problem> {
    let text = last.to_str().unwrap_or_default();
    let refuse = || {
        Problem::new(
            Code::InvalidParameter,
            "Last-Event-ID: is no id of an event of these channels",
        )
        .with("field", "last-event-id")
        .with("given", text.chars().take(200).collect::<String>())
        .with(
            "allowed",
            "the id of an event of a stream of the same channels",
        )
    };
    let seqs: Vec<&str> = text.split(',').collect();
    if seqs.len() != places.len() {
        return Err(refuse());
    }
    for (place, seq) in places.iter_mut().zip(seqs) {
        if seq != "_" {
            place.1 = Some(seq.parse().map_err(|_| refuse())?);
        }
    }
    Ok(())
}
