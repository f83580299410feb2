//! [`Connection`]: keeps one planned socket open, and renews it without a hole.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use compact_str::ToCompactString;
use quantflow_seams::{BudgetError, FeedError};
use quantflow_wire::{Response, SubscribePlan};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinError, JoinHandle};

use crate::metrics;
use crate::recorder::{LogState, Stopped, writing};
use crate::session::{Cause, Ended, Hint, Session, StopOrder};
use crate::shared::Shared;
use crate::status::{ConnectionCell, ConnectionState};

/// Hints of a session that wait to be read: few kinds, each told seldom.
const HINTS: usize = 8;

/// Keeps one planned socket open until ingestion stops.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) shared: Arc<Shared>,
    pub(crate) cell: Arc<ConnectionCell>,
    pub(crate) plan: SubscribePlan,
    /// Notified when somebody asks for a fresh socket.
    pub(crate) renew: Arc<Notify>,
    pub(crate) stop: watch::Receiver<bool>,
}

/// Why a socket could not be had.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error(transparent)]
    Budget(#[from] BudgetError),
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl OpenError {
    /// How long the venue asked us to wait, if it did.
    fn retry_after(&self) -> Option<Duration> {
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
struct Active {
    task: JoinHandle<Ended>,
    stop: watch::Sender<StopOrder>,
    hints: mpsc::Receiver<Hint>,
}

impl Drop for Active {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Active {
    /// Orders the end and waits for it (the rest is in the log then).
    async fn end(&mut self, reason: &'static str, detail: &str) {
        self.stop.send_replace(Some((reason, detail.to_owned())));
        // a session that panicked was told of by the runtime
        let _ = (&mut self.task).await;
    }
}

type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;
type Opening = Pin<Box<dyn Future<Output = Result<Active, OpenError>> + Send>>;

/// What became of a session that was tended.
enum Tended {
    Stopped,
    Lost(Ended),
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // an error means that ingestion was dropped, which ends this task too
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Waits for what is in the slot; for ever while it is empty.
async fn of<F: Future + Unpin>(slot: Option<&mut F>) -> F::Output {
    match slot {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

impl Connection {
    pub(crate) async fn run(self) {
        // failures since the last success
        let mut failures = 0;
        while let Some(active) = self.open_at_last(&mut failures).await {
            match self.tend(active).await {
                Tended::Stopped => break,
                Tended::Lost(ended) => {
                    tracing::warn!(
                        label = self.cell.label(), reason = ended.reason, detail = %ended.detail,
                        "a socket ended"
                    );
                    if ended.healthy {
                        failures = 0;
                    }
                    failures += 1;
                    let detail = format!("{}: {}", ended.reason, ended.detail);
                    self.cell.set_error(detail);
                }
            }
        }
        self.set_state(ConnectionState::Stopped);
    }

    fn set_state(&self, state: ConnectionState) {
        self.cell.set_state(state, self.shared.clock.now());
    }

    fn timer(&self, duration: Duration) -> Timer {
        let clock = Arc::clone(&self.shared.clock);
        Box::pin(async move { clock.sleep(duration).await })
    }

    /// Tries until a socket is open; `None` when ingestion stops.
    async fn open_at_last(&self, failures: &mut u32) -> Option<Active> {
        let mut stop = self.stop.clone();
        let mut retry_after = None;
        loop {
            if *failures > 0 {
                self.set_state(ConnectionState::Waiting);
                let wait = self.wait(*failures, retry_after);
                let mut pause = self.timer(wait);
                tokio::select! {
                    biased;
                    () = stopped(&mut stop) => return None,
                        () = self.renew.notified() => {} // somebody cannot wait
                    () = &mut pause => {}
                }
            }
            let mut log_state: watch::Receiver<LogState> = self.shared.recorder.state();
            self.set_state(ConnectionState::Connecting);
            let attempt = *failures + 1;
            let mut opening = self.opening(attempt);
            let opened = tokio::select! {
                biased;
                () = stopped(&mut stop) => return None,
                opened = async {
                    // what cannot be kept is not asked for
                    writing(&mut log_state).await;
                    (&mut opening).await
                } => opened,
            };
            match opened {
                Ok(active) => return Some(active),
                Err(OpenError::Stopped(Stopped)) => return None,
                Err(error) => {
                    retry_after = error.retry_after();
                    *failures = failures.saturating_add(1);
                    self.could_not_open(&error, *failures);
                }
            }
        }
    }

    /// Full jitter inside the cap, but not before the venue said.
    fn wait(&self, failures: u32, retry_after: Option<Duration>) -> Duration {
        let backoff = self.shared.reconnect_backoff();
        let delay = backoff.delay(failures, &self.shared.jitter);
        delay.max(retry_after.unwrap_or_default())
    }

    fn could_not_open(&self, error: &OpenError, failures: u32) {
        tracing::warn!(label = self.cell.label(), failures, %error, "a socket could not be opened");
        self.cell.set_error(error.to_string());
        let venue = self.shared.venue.as_str().to_owned();
        ::metrics::counter!(metrics::CONNECT_FAILURES, "venue" => venue).increment(1);
    }

    /// Opens a socket within the budget of connections, and starts its session. Dropping it gives
    /// up, whatever stage it has reached.
    fn opening(&self, attempt: u32) -> Opening {
        let (shared, cell) = (Arc::clone(&self.shared), Arc::clone(&self.cell));
        let plan = self.plan.clone();
        Box::pin(async move {
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
        })
    }

    /// When a socket that was opened now is to be renewed: within its last tenth, not all at once.
    fn lifetime(&self) -> Option<Timer> {
        let lifetime = self.shared.codec.describe().connection_lifetime?;
        let early = self.shared.jitter.within(lifetime / 13);
        Some(self.timer((lifetime * 49 / 50).saturating_sub(early)))
    }

    /// Stays with a session until it ends without a successor.
    async fn tend(&self, mut current: Active) -> Tended {
        let mut stop = self.stop.clone();
        let mut renewal = self.renewed();
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut stop) => {
                    if let Some(mut next) = renewal.next.take() {
                        tokio::join!(next.end("shutdown", ""), current.end("shutdown", ""));
                    } else {
                        current.end("shutdown", "").await;
                    }
                    return Tended::Stopped;
                }
                ended = &mut current.task => {
                    let ended = ended.unwrap_or_else(|panic| self.panicked(&panic));
                    let Some(next) = renewal.next.take() else {
                        return Tended::Lost(ended);
                    };
                    // its successor was open already: nothing is lost
                    current = next;
                    renewal = self.after(&renewal);
                }
                Some(hint) = current.hints.recv() => {
                    if let Hint::Renew(cause) = hint {
                        self.renew_now(&mut renewal, cause);
                    }
                }
                news = successor(renewal.next.as_mut()) => match news {
                    News::Hint(Hint::Live) => {
                        renewal.switch = Some(self.timer(self.shared.policy.overlap));
                    }
                    News::Hint(Hint::Renew(cause)) => renewal.afterwards = Some(cause),
                    News::Ended(ended) => {
                        let ended = ended.unwrap_or_else(|panic| self.panicked(&panic));
                        self.cell.set_error(format!("{}: {}", ended.reason, ended.detail));
                        renewal.next = None;
                        renewal.failures += 1;
                        self.renew_later(&mut renewal, None);
                    }
                },
                () = self.renew.notified() => self.renew_now(&mut renewal, Cause::Command),
                () = of(renewal.timer.as_mut()) => {
                    let cause = renewal.cause;
                    self.renew_now(&mut renewal, cause);
                }
                opened = of(renewal.opening.as_mut()) => {
                    renewal.opening = None;
                    match opened {
                        Ok(next) => {
                            renewal.next = Some(next);
                            renewal.switch = Some(self.timer(self.shared.policy.overlap_cap));
                        }
                        Err(error) => {
                            renewal.failures += 1;
                            self.could_not_open(&error, renewal.failures);
                            self.renew_later(&mut renewal, error.retry_after());
                        }
                    }
                }
                () = of(renewal.switch.as_mut()) => {
                    if let Some(next) = renewal.next.take() {
                        current.end("rotation", renewal.cause.text()).await;
                        current = next;
                    }
                    renewal = self.after(&renewal);
                }
            }
        }
    }

    /// Opens a successor beside the session, unless that is under way.
    fn renew_now(&self, renewal: &mut Renewal, cause: Cause) {
        renewal.timer = None;
        if renewal.opening.is_some() || renewal.next.is_some() {
            return;
        }
        tracing::info!(
            label = self.cell.label(),
            why = cause.text(),
            "a socket is renewed"
        );
        if cause == Cause::MarketSilent {
            self.cell.quiet_streak.fetch_add(1, Ordering::Relaxed);
        }
        renewal.cause = cause;
        renewal.opening = Some(self.opening(renewal.failures + 1));
    }

    fn renew_later(&self, renewal: &mut Renewal, retry_after: Option<Duration>) {
        renewal.switch = None;
        renewal.timer = Some(self.timer(self.wait(renewal.failures, retry_after)));
    }

    /// A successor took over; perhaps it is to be renewed already.
    fn after(&self, done: &Renewal) -> Renewal {
        let mut renewal = self.renewed();
        if let Some(cause) = done.afterwards {
            self.renew_now(&mut renewal, cause);
        }
        renewal
    }

    fn renewed(&self) -> Renewal {
        Renewal {
            timer: self.lifetime(),
            cause: Cause::Lifetime,
            afterwards: None,
            opening: None,
            next: None,
            switch: None,
            failures: 0,
        }
    }

    fn panicked(&self, panic: &JoinError) -> Ended {
        tracing::error!(label = self.cell.label(), %panic, "a session ended by a fault of ours");
        Ended {
            reason: "error",
            detail: panic.to_string(),
            at: self.shared.clock.now(),
            healthy: false,
        }
    }
}

/// The renewal of a session that lives.
struct Renewal {
    /// When it begins, or is tried again.
    timer: Option<Timer>,
    cause: Cause,
    /// The successor asked to be renewed itself.
    afterwards: Option<Cause>,
    opening: Option<Opening>,
    next: Option<Active>,
    /// When the successor takes over.
    switch: Option<Timer>,
    failures: u32,
}

/// What a successor tells.
enum News {
    Hint(Hint),
    Ended(Result<Ended, JoinError>),
}

async fn successor(active: Option<&mut Active>) -> News {
    let Some(active) = active else {
        return std::future::pending().await;
    };
    tokio::select! {
        biased;
        Some(hint) = active.hints.recv() => News::Hint(hint),
        ended = &mut active.task => News::Ended(ended),
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
