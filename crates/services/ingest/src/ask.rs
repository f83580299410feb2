//! Asking a venue: within its budget, and into the log whatever comes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quantflow_seams::{BudgetError, Grant};
use quantflow_wire::{
    DecodeError, Event, Exchange, Failure, FailureKind, Input, Limit, Outcome, Purpose, Query,
    RecordKind, RequestError, Response,
};

use crate::metrics;
use crate::recorder::Stopped;
use crate::shared::{Class, Shared, classify};

/// A body up to this size is decoded on the spot.
const DECODED_AT_ONCE: usize = 128 << 10;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The venue cannot be asked this.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The budget does not allow it: never, or not soon enough.
    #[error(transparent)]
    Budget(#[from] BudgetError),
    /// The venue refuses it, and would again.
    #[error("{venue} refused with status {status}: {detail}")]
    Refused {
        /// Which venue.
        venue: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of its words.
        detail: String,
    },
    /// It was tried as often as it should be.
    #[error("no answer from {venue} in {attempts} attempts: {detail}")]
    GaveUp {
        /// Which venue.
        venue: String,
        /// How often it was tried.
        attempts: u32,
        /// What went wrong the last time.
        detail: String,
    },
    /// Too many requests for history wait already.
    #[error("too many requests for older candles wait already: ask again later")]
    Crowded,
    /// Ingestion is being stopped, or its log takes no more records.
    #[error("ingestion is being stopped")]
    Stopped,
}

impl From<Stopped> for AskError {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl AskError {
    /// Whether it may be better later.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::GaveUp { .. } | Self::Crowded => true,
            Self::Budget(error) => !matches!(error, BudgetError::NeverFits { .. }),
            Self::Request(_) | Self::Refused { .. } | Self::Stopped => false,
        }
    }
}

/// An answer, decoded.
#[derive(Debug)]
pub(crate) struct Answered {
    /// What it says.
    pub(crate) events: Vec<Event>,
    /// The question for the next page, where there is one.
    pub(crate) next: Option<Query>,
}

/// How stubbornly something is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stubbornness {
    pub(crate) purpose: Purpose,
    pub(crate) attempts: u32,
    pub(crate) patience: Duration,
}

impl Shared {
    pub(crate) fn stubbornness(&self, purpose: Purpose) -> Stubbornness {
        let policy = &self.policy;
        let (attempts, patience) = match purpose {
            Purpose::Interactive => (policy.interactive_attempts, policy.interactive_patience),
            Purpose::Live | Purpose::Repair | Purpose::Backfill => {
                (policy.repair_attempts, policy.patience)
            }
        };
        Stubbornness {
            purpose,
            attempts,
            patience,
        }
    }

    /// Asks until there is an answer that can be decoded; every try stands in the log.
    pub(crate) async fn answer(
        &self,
        query: &Query,
        how: Stubbornness,
    ) -> Result<Answered, AskError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let outcome = self.exchange(query, how).await?;
            let class = classify(&outcome);
            let detail = match (outcome, class) {
                (Outcome::Response(response), Class::Answer) => {
                    match self.decoded(query, response.body).await {
                        Ok((answered, limits)) => {
                            if let Some(limits) = limits {
                                self.obey(&limits).await;
                            }
                            return Ok(answered);
                        }
                        Err(error) => error.to_string(),
                    }
                }
                (Outcome::Response(response), Class::Permanent) => {
                    return Err(AskError::Refused {
                        venue: self.venue.as_str().to_owned(),
                        status: response.status,
                        detail: excerpt(&response.body),
                    });
                }
                (Outcome::Response(response), Class::Transient) => {
                    format!("status {}: {}", response.status, excerpt(&response.body))
                }
                (Outcome::Failed(failure), class) => {
                    if class == Class::Permanent {
                        attempt = how.attempts; // the same again would fail the same
                    }
                    failure.detail
                }
            };
            if attempt >= how.attempts {
                return Err(AskError::GaveUp {
                    venue: self.venue.as_str().to_owned(),
                    attempts: attempt,
                    detail,
                });
            }
            tracing::debug!(venue = self.venue.as_str(), ?query, attempt, %detail, "a request is tried again");
            let delay = self.retry_backoff().delay(attempt, &self.jitter);
            self.clock.sleep(delay).await;
        }
    }

    /// What an answer says, and the venue's limits where it tells them.
    async fn decoded(
        &self,
        query: &Query,
        body: Vec<u8>,
    ) -> Result<(Answered, Option<Vec<Limit>>), DecodeError> {
        let codec = Arc::clone(&self.codec);
        let decode = move |query: &Query, body: &[u8]| {
            let mut events = Vec::new();
            codec.decode(&Input::Answer { query, body }, &mut events)?;
            let answered = Answered {
                events,
                next: codec.next_page(query, body),
            };
            Ok((answered, codec.told_limits(query, body)))
        };
        if body.len() <= DECODED_AT_ONCE {
            return decode(query, &body);
        }
        // a venue's list of instruments has megabytes: the sockets must not wait for it
        let query = query.clone();
        let task = tokio::task::spawn_blocking(move || decode(&query, &body));
        task.await
            .unwrap_or_else(|panic| Err(DecodeError::Malformed(panic.to_string())))
    }

    /// Asks once and records what became of it.
    async fn exchange(&self, query: &Query, how: Stubbornness) -> Result<Outcome, AskError> {
        let request = self.codec.request(query)?;
        self.hear_first(query, how.patience).await;
        let granted = self
            .budget
            .acquire(&self.venue, request.weight, how.purpose, how.patience)
            .await;
        let outcome = match granted {
            Ok(grant) => {
                // a metric, not a time of the record
                let began = Instant::now();
                let outcome = self.feed.request(&self.rest_url, &request).await;
                self.count(&outcome, began.elapsed());
                if let Outcome::Response(response) = &outcome {
                    self.learn_use(response, &grant).await;
                    self.heed(response).await;
                    self.learn_of_key(&request, response);
                    self.was_heard();
                }
                outcome
            }
            Err(BudgetError::NotConfigured(venue)) => {
                return Err(BudgetError::NotConfigured(venue).into());
            }
            Err(error) => {
                let failure = Failure {
                    kind: FailureKind::NotSent,
                    detail: error.to_string(),
                };
                self.record(
                    query,
                    how.purpose,
                    &request.target,
                    Outcome::Failed(failure),
                )
                .await?;
                return Err(error.into());
            }
        };
        self.record(query, how.purpose, &request.target, outcome)
            .await
    }

    async fn record(
        &self,
        query: &Query,
        purpose: Purpose,
        target: &str,
        outcome: Outcome,
    ) -> Result<Outcome, AskError> {
        let received = self.clock.now();
        let exchange = Exchange {
            query: query.clone(),
            purpose,
            target: target.to_owned(),
            outcome,
        };
        match exchange.to_payload() {
            Ok(payload) => {
                self.recorder
                    .append_one(RecordKind::Exchange, received, &payload)
                    .await?;
            }
            Err(error) => tracing::error!(%error, "an exchange cannot be recorded"),
        }
        Ok(exchange.outcome)
    }

    /// The venue counts too, and others may use our address.
    async fn learn_use(&self, response: &Response, grant: &Grant) {
        let used = self.codec.used_limits(response);
        for (limit, used) in self.codec.describe().limits.iter().zip(used) {
            if let Some(used) = used {
                self.budget
                    .correct(&self.venue, &limit.name, used, grant.at)
                    .await;
            }
        }
    }

    /// The venue tells its limits: they count from now on.
    async fn obey(&self, limits: &[Limit]) {
        if let Err(error) = self.budget.configure(&self.venue, limits).await {
            tracing::warn!(venue = self.venue.as_str(), %error, "the limits that it tells are not taken");
        }
    }

    fn count(&self, outcome: &Outcome, took: Duration) {
        let venue = self.venue.as_str().to_owned();
        let status = match outcome {
            Outcome::Response(response) => response.status.to_string(),
            Outcome::Failed(failure) => match failure.kind {
                FailureKind::Connect => "connect",
                FailureKind::Timeout => "timeout",
                FailureKind::Broken => "broken",
                FailureKind::TooLarge => "too_large",
                FailureKind::NotSent => "not_sent",
            }
            .to_owned(),
        };
        let labels = [("api_name", venue.clone()), ("status", status)];
        ::metrics::counter!(metrics::EXTERNAL_API_CALLS, &labels).increment(1);
        ::metrics::histogram!(metrics::EXTERNAL_API_DURATION, "api_name" => venue)
            .record(took.as_secs_f64());
    }
}

/// The beginning of a body, for people.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
    text.trim().to_owned()
}
