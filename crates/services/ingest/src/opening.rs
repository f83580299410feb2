//! [`open`]: from a plan to a session that runs in its task.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use compact_str::ToCompactString;
use quantflow_seams::{BudgetError, FeedError};
use quantflow_wire::{EventKind, Notice, Purpose, Response, SubscribePlan};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::ask::AskError;
use crate::pulse::Hint;
use crate::recorder::Stopped;
use crate::session::{Ended, Session, StopOrder};
use crate::shared::Shared;
use crate::status::ConnectionCell;

/// Hints of a session that wait to be read: few kinds, each told seldom.
const HINTS: usize = 8;

/// Why a socket could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Budget(#[from] BudgetError),
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("the venue did not say where to connect")]
    NoAddress,
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl OpenError {
    /// How long the venue asked us to wait, if it did.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Feed(FeedError::Refused { retry_after, .. }) => {
                retry_after.map(Duration::from_secs)
            }
            Self::Budget(BudgetError::TooLong { wait, .. }) => Some(*wait),
            _ => None,
        }
    }
}

/// A session in its task.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) task: JoinHandle<Ended>,
    stop: watch::Sender<StopOrder>,
    pub(crate) hints: mpsc::Receiver<Hint>,
}

impl Drop for Active {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Active {
    /// Orders the end and waits for it (the rest is in the log then).
    pub(crate) async fn end(&mut self, reason: &'static str, detail: &str) {
        self.stop.send_replace(Some((reason, detail.to_owned())));
        // a session that panicked was told of by the runtime
        let _ = (&mut self.task).await;
    }
}

/// A socket that is being opened.
pub(crate) type Opening = Pin<Box<dyn Future<Output = Result<Active, OpenError>> + Send>>;

/// Opens a socket within the budget of connections, and starts its session. Dropping it gives up,
/// whatever stage it has reached.
pub(crate) async fn open(
    shared: Arc<Shared>,
    cell: Arc<ConnectionCell>,
    plan: SubscribePlan,
    attempt: u32,
) -> Result<Active, OpenError> {
    let patience = shared.policy.patience;
    shared
        .budget
        .acquire_connection(&shared.venue, patience)
        .await?;
    let (base, plan) = addressed(&shared, plan).await?;
    let socket = match shared.feed.connect(&base, &plan.target).await {
        Ok(socket) => socket,
        Err(error) => {
            heed_refusal(&shared, &error).await;
            return Err(error.into());
        }
    };
    let (hint, hints) = mpsc::channel(HINTS);
    let url = without_query(&base, &plan.target);
    let session = Session::begin(shared, cell, socket, url, plan, attempt, hint).await?;
    let (stop, stopped) = watch::channel(None);
    Ok(Active {
        task: tokio::spawn(session.run(stopped)),
        stop,
        hints,
    })
}

/// Where to connect: as configured, or as the venue says when it is asked, which may also say how often
/// it wants a sign of life.
async fn addressed(
    shared: &Shared,
    mut plan: SubscribePlan,
) -> Result<(String, SubscribePlan), OpenError> {
    let Some(query) = plan.address.take() else {
        return Ok((shared.ws_url.clone(), plan));
    };
    let how = shared.stubbornness(Purpose::Live);
    let events = shared.answer(&query, how).await?.events;
    let said = events.into_iter().find_map(|event| match event.kind {
        EventKind::Notice(Notice::SocketAddress { url, ping }) => Some((url, ping)),
        _ => None,
    });
    let (url, ping) = said.ok_or(OpenError::NoAddress)?;
    if let (Some(ping), Some(alive)) = (ping, &mut plan.keep_alive) {
        alive.every = ping;
    }
    Ok((url, plan))
}

/// An address for the log: a venue that hands out addresses puts a token into them.
fn without_query(base: &str, target: &str) -> String {
    match base.split_once('?') {
        Some((plain, _)) => plain.to_owned(),
        None => format!("{base}{target}"),
    }
}

/// A refused handshake may say to stay away, as an answer may.
async fn heed_refusal(shared: &Shared, error: &FeedError) {
    let FeedError::Refused {
        status,
        retry_after,
        ..
    } = error
    else {
        return;
    };
    let headers = retry_after.map(|seconds| ("retry-after".into(), seconds.to_compact_string()));
    let response = Response {
        status: *status,
        headers: headers.into_iter().collect(),
        body: Vec::new(),
    };
    shared.heed(&response).await;
}
