//! [`Pulse`]: what a session learns from its messages about the socket itself: whether it lives,
//! whether the market speaks, and whether the venue will cut it; and the [`Hint`]s that follow.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use quantflow_model::Timestamp;
use quantflow_wire::{Bindings, Codec, Event, EventKind, Input, Notice, Route};
use tokio::sync::mpsc;

use crate::status::ConnectionCell;

/// Messages longer than this are about the market; shorter ones that name no symbol are decoded,
/// because a venue announces the end of a connection in one.
const NOTICE_MAX: usize = 4096;
/// How often the lag is sampled.
const SAMPLE: Duration = Duration::from_secs(1);
/// A quiet market is waited for at the most so often doubled.
const MAX_DOUBLINGS: u32 = 5;

/// What a session tells whoever tends it. The channel is bounded; a hint that finds it full is
/// dropped, because one of the same kind is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    /// It brings messages.
    Live,
    /// It should be renewed, without a hole.
    Renew(Cause),
}

/// Why a socket is renewed while it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Its life ends soon.
    Lifetime,
    /// The venue announced that it will cut it.
    Announced,
    /// It lives, but nothing about the market comes.
    MarketSilent,
    /// Somebody asked for it.
    Command,
    /// One of its streams must begin anew, and the venue does that on new sockets only.
    Stream,
}

impl Cause {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Lifetime => "its lifetime ends",
            Self::Announced => "the venue announced a shutdown",
            Self::MarketSilent => "it lives, but the market is silent",
            Self::Command => "asked for by an operator",
            Self::Stream => "a stream must begin anew",
        }
    }
}

/// The signs of life of one socket.
#[derive(Debug)]
pub(crate) struct Pulse {
    codec: Arc<dyn Codec>,
    cell: Arc<ConnectionCell>,
    hints: mpsc::Sender<Hint>,
    /// When anything at all came over the socket.
    last_life: Timestamp,
    /// When something about the market came.
    last_market: Timestamp,
    next_sample: Timestamp,
    /// Messages came.
    live: bool,
    /// The silence of the market was told.
    told: bool,
    /// Kept for its memory.
    events: Vec<Event>,
    /// What its messages refer to by number.
    bindings: Bindings,
}

impl Pulse {
    pub(crate) fn new(
        codec: Arc<dyn Codec>,
        cell: Arc<ConnectionCell>,
        hints: mpsc::Sender<Hint>,
        now: Timestamp,
    ) -> Self {
        Self {
            codec,
            cell,
            hints,
            last_life: now,
            last_market: now,
            next_sample: now,
            live: false,
            told: false,
            events: Vec::new(),
            bindings: Bindings::default(),
        }
    }

    /// Whether messages came at all.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// Tells whoever tends the session.
    pub(crate) fn hint(&self, hint: Hint) {
        // full: one of its kind is in the channel already, or nobody listens any more
        let _ = self.hints.try_send(hint);
    }

    /// Anything came, be it a ping.
    #[inline]
    pub(crate) fn life(&mut self, now: Timestamp) {
        self.last_life = now;
    }

    /// Messages came.
    pub(crate) fn messages(&mut self) {
        if !self.live {
            self.live = true;
            self.hint(Hint::Live);
        }
    }

    /// We did not listen until now: that was no silence of the venue.
    pub(crate) fn listen_again(&mut self, now: Timestamp) {
        self.last_life = self.last_life.max(now);
        self.last_market = self.last_market.max(now);
    }

    /// Learns from a message what the driver must know; everything else is the pipeline's.
    pub(crate) fn observe(&mut self, payload: &[u8], now: Timestamp) {
        let codec = Arc::clone(&self.codec);
        if codec.describe().binds {
            codec.bind(payload, &mut self.bindings);
        }
        let bindings = std::mem::take(&mut self.bindings);
        let input = Input::Message {
            bytes: payload,
            bindings: &bindings,
        };
        self.observe_input(codec.as_ref(), &input, payload.len(), now);
        self.bindings = bindings;
    }

    fn observe_input(
        &mut self,
        codec: &dyn Codec,
        input: &Input<'_>,
        length: usize,
        now: Timestamp,
    ) {
        let route = codec.route(input);
        if matches!(route, Route::Symbol(_)) {
            self.market(now);
            if now >= self.next_sample {
                self.next_sample = now + SAMPLE;
                self.sample_lag(input, now);
            }
            return;
        }
        if length > NOTICE_MAX {
            if route == Route::All {
                self.market(now);
            }
            return;
        }
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        // what cannot be decoded is a sign of life and nothing more; the pipeline names it
        if codec.decode(input, &mut events).is_ok() {
            for event in &events {
                match &event.kind {
                    EventKind::Notice(Notice::ShuttingDown) => {
                        self.hint(Hint::Renew(Cause::Announced));
                    }
                    EventKind::Notice(Notice::Refused { code, message, .. }) => {
                        tracing::warn!(label = self.cell.label(), code, %message, "the venue refused a subscription");
                        self.cell
                            .set_error(format!("refused with {code}: {message}"));
                    }
                    EventKind::Notice(Notice::Heartbeat | Notice::Subscribed { .. }) => {}
                    _ => self.market(now),
                }
            }
        }
        self.events = events;
    }

    fn market(&mut self, now: Timestamp) {
        self.last_market = now;
        self.cell.market(now);
        if self.cell.quiet_streak.load(Ordering::Relaxed) != 0 {
            self.cell.quiet_streak.store(0, Ordering::Relaxed);
        }
    }

    fn sample_lag(&mut self, input: &Input<'_>, now: Timestamp) {
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        if self.codec.decode(input, &mut events).is_ok()
            && let Some(sent) = events
                .iter()
                .find_map(|event| event.sent.or(event.venue_time()))
        {
            self.cell.lag(now.since(sent));
        }
        self.events = events;
    }

    /// How long the market may be silent before a socket that lives is renewed: doubled with each
    /// renewal that did not help, because some markets are quiet.
    fn quiet_allowance(&self) -> Duration {
        let streak = self.cell.quiet_streak.load(Ordering::Relaxed);
        let silence = self.codec.describe().silence;
        silence.saturating_mul(1 << streak.min(MAX_DOUBLINGS))
    }

    /// How long until the socket may be found dead or the market silent.
    pub(crate) fn until_look(&self, now: Timestamp) -> Duration {
        let dead_at = self.last_life + self.codec.describe().silence;
        let quiet_at = self.last_market + self.quiet_allowance();
        let at = if self.told {
            dead_at
        } else {
            dead_at.min(quiet_at)
        };
        Duration::from_nanos(u64::try_from(at.since(now)).unwrap_or(0))
    }

    /// Looks for life; `false` when the socket is dead. A silent market on a living socket is told
    /// once.
    pub(crate) fn look(&mut self, now: Timestamp) -> bool {
        if now >= self.last_life + self.codec.describe().silence {
            return false;
        }
        if !self.told && now >= self.last_market + self.quiet_allowance() {
            self.told = true;
            let label = self.cell.label();
            tracing::warn!(label, "the socket lives, but the market is silent");
            self.hint(Hint::Renew(Cause::MarketSilent));
        }
        true
    }
}
