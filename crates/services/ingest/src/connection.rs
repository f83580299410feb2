//! [`Connection`]: keeps one planned socket open, and renews it without a hole.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use quantflow_wire::SubscribePlan;
use tokio::sync::{Notify, watch};
use tokio::task::JoinError;

use crate::metrics;
use crate::opening::{Active, OpenError, Opening, open};
use crate::pulse::{Cause, Hint};
use crate::recorder::{LogState, Stopped, writing};
use crate::session::Ended;
use crate::shared::Shared;
use crate::status::{ConnectionCell, ConnectionState};

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

type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What became of a session that was tended.
enum Tended {
    Stopped,
    /// It ended; perhaps a successor was being opened.
    Lost(Ended, Option<Opening>),
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
        let mut opening = None;
        while let Some(active) = self.open_at_last(&mut failures, opening.take()).await {
            match self.tend(active).await {
                Tended::Stopped => break,
                Tended::Lost(ended, successor) => {
                    opening = successor;
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

    /// Tries until a socket is open, beginning with one that is being opened; `None` when ingestion
    /// stops.
    async fn open_at_last(
        &self,
        failures: &mut u32,
        mut under_way: Option<Opening>,
    ) -> Option<Active> {
        let mut stop = self.stop.clone();
        let mut retry_after = None;
        loop {
            if *failures > 0 && under_way.is_none() {
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
            let begun = under_way.take();
            let opened = tokio::select! {
                biased;
                () = stopped(&mut stop) => return None,
                opened = async {
                    if let Some(opening) = begun {
                        return opening.await;
                    }
                    // what cannot be kept is not asked for
                    writing(&mut log_state).await;
                    self.opening(attempt).await
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

    fn opening(&self, attempt: u32) -> Opening {
        let (shared, cell) = (Arc::clone(&self.shared), Arc::clone(&self.cell));
        Box::pin(open(shared, cell, self.plan.clone(), attempt))
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
                        return Tended::Lost(ended, renewal.opening.take());
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
