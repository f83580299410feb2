//! [`open`]: from a plan to a session that runs in its task.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use compact_str::ToCompactString;
use quantflow_seams::{BudgetError, FeedError};
use quantflow_wire::{Response, SubscribePlan};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

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
    let socket = match shared.feed.connect(&shared.ws_url, &plan.target).await {
        Ok(socket) => socket,
        Err(error) => {
            heed_refusal(&shared, &error).await;
            return Err(error.into());
        }
    };
    let (hint, hints) = mpsc::channel(HINTS);
    let session = Session::begin(shared, cell, socket, plan, attempt, hint).await?;
    let (stop, stopped) = watch::channel(None);
    Ok(Active {
        task: tokio::spawn(session.run(stopped)),
        stop,
        hints,
    })
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
