//! [`Shared`]: what every task of a venue's ingestion uses.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quantflow_model::VenueId;
use quantflow_seams::{Budget, Clock, Feed};
use quantflow_wire::{Codec, HttpRequest, Outcome, Query, Response};
use tokio::sync::watch;

use crate::ask::excerpt;
use crate::backoff::{Backoff, Jitter};
use crate::config::Policy;
use crate::recorder::Recorder;

/// What every task of a venue's ingestion uses.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) venue: VenueId,
    pub(crate) codec: Arc<dyn Codec>,
    pub(crate) feed: Arc<dyn Feed>,
    pub(crate) budget: Arc<dyn Budget>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) recorder: Recorder,
    pub(crate) policy: Policy,
    pub(crate) jitter: Jitter,
    pub(crate) rest_url: String,
    pub(crate) ws_url: String,
    pub(crate) sockets: AtomicU32,
    /// Whether the venue answered anything in this life; see [`Shared::hear_first`].
    pub(crate) heard: watch::Sender<bool>,
    /// How the venue refused a question that may carry the user's key, if that was its last word.
    pub(crate) key_refusal: Mutex<Option<String>>,
}

impl Shared {
    /// The number of a new socket, from 1.
    pub(crate) fn next_socket(&self) -> u32 {
        self.sockets.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Waits until the venue has answered once, or as long as the patience lasts. Our count of what
    /// is used of its limits died with the process before: the answer to one small question tells it,
    /// and until then a process that dies again and again must not ask for more than that question.
    pub(crate) async fn hear_first(&self, query: &Query, patience: Duration) {
        if matches!(query, Query::ServerTime) || *self.heard.borrow() {
            return;
        }
        let mut heard = self.heard.subscribe();
        tokio::select! {
            _ = heard.wait_for(|heard| *heard) => {}
            () = self.clock.sleep(patience) => {}
        }
    }

    /// The venue answered, or will never answer the small question.
    pub(crate) fn was_heard(&self) {
        self.heard
            .send_if_modified(|heard| !std::mem::replace(heard, true));
    }

    /// Remembers whether the venue takes the user's key, or wants one.
    pub(crate) fn learn_of_key(&self, request: &HttpRequest, response: &Response) {
        if request.key_header.is_none() {
            return;
        }
        let refusal = match response.status {
            200..300 => None,
            // where it means "stay away" a 403 is a firewall's
            401 | 403 if self.codec.stay_away(response).is_none() => Some(format!(
                "status {}: {}",
                response.status,
                excerpt(&response.body)
            )),
            _ => return, // says nothing of keys
        };
        let mut known = self
            .key_refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let (None, Some(refusal)) = (known.as_ref(), &refusal) {
            let venue = self.venue.as_str();
            tracing::warn!(venue, %refusal, "the venue wants an API key for single trades, or another one: \
                set venues.{venue}.api_key; until then holes are filled from aggregates");
        }
        *known = refusal;
    }

    pub(crate) fn key_refusal(&self) -> Option<String> {
        let known = self
            .key_refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    pub(crate) fn reconnect_backoff(&self) -> Backoff {
        Backoff {
            base: self.policy.reconnect_base,
            cap: self.policy.reconnect_cap,
        }
    }

    pub(crate) fn retry_backoff(&self) -> Backoff {
        Backoff {
            base: self.policy.retry_base,
            cap: self.policy.retry_cap,
        }
    }

    /// Stays away from the venue if that is what its answer says. Returns whether it is.
    pub(crate) async fn heed(&self, response: &Response) -> bool {
        let told = self.codec.stay_away(response);
        // every venue means these two so; what it does not say is how long
        let refused = matches!(response.status, 418 | 429);
        let Some(away) = told.or_else(|| refused.then_some(self.policy.default_ban)) else {
            return false;
        };
        let until = self.clock.now() + away;
        tracing::warn!(venue = self.venue.as_str(), status = response.status, %until, "the venue says to stay away");
        self.budget.stay_away(&self.venue, until).await;
        true
    }
}

/// What an outcome means for trying again. All that we ask only reads, so asking twice is harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// It is the answer.
    Answer,
    /// It may be better next time.
    Transient,
    /// It will be the same next time.
    Permanent,
}

pub(crate) fn classify(outcome: &Outcome) -> Class {
    use quantflow_wire::FailureKind;
    match outcome {
        Outcome::Response(response) => match response.status {
            200..300 => Class::Answer,
            408 | 418 | 425 | 429 | 500.. => Class::Transient,
            _ => Class::Permanent,
        },
        Outcome::Failed(failure) => match failure.kind {
            FailureKind::Connect
            | FailureKind::Timeout
            | FailureKind::Broken
            | FailureKind::NotSent => Class::Transient,
            FailureKind::TooLarge => Class::Permanent,
        },
    }
}
