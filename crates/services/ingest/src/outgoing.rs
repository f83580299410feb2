//! [`Outgoing`]: what a session sends over its socket.

use std::collections::VecDeque;
use std::time::Duration;

use quantflow_wire::{Codec, KeepAlive, SubscribePlan, Subscription};

/// Texts that wait to be sent at once. A venue that pings faster than its socket takes answers gets
/// the newest of them.
const AT_ONCE: usize = 64;

/// What a session sends: the messages of its plan once, in order and no faster than the venue's limit;
/// answers to the venue's pings, signs of life and streams that begin anew at once.
#[derive(Debug)]
pub(crate) struct Outgoing {
    plan: VecDeque<String>,
    at_once: VecDeque<String>,
    keep_alive: Option<KeepAlive>,
    /// Time between two messages of the plan.
    pub(crate) pace: Duration,
}

impl Outgoing {
    pub(crate) fn new(plan: &SubscribePlan, send_rate: u32) -> Self {
        Self {
            plan: plan.messages.iter().cloned().collect(),
            at_once: VecDeque::new(),
            keep_alive: plan.keep_alive.clone(),
            pace: Duration::from_secs(1) / send_rate.max(1),
        }
    }

    /// Whether messages of the plan are left.
    pub(crate) fn has_plan(&self) -> bool {
        !self.plan.is_empty()
    }

    /// The next message of the plan.
    pub(crate) fn next_of_plan(&mut self) -> Option<String> {
        self.plan.pop_front()
    }

    /// The next text that is to be sent at once.
    pub(crate) fn next_at_once(&mut self) -> Option<String> {
        self.at_once.pop_front()
    }

    fn put(&mut self, text: String) {
        if self.at_once.len() == AT_ONCE {
            self.at_once.pop_front();
        }
        self.at_once.push_back(text);
    }

    /// How often the venue wants a sign of life; `None` where it wants none.
    pub(crate) fn alive_every(&self) -> Option<Duration> {
        self.keep_alive.as_ref().map(|alive| alive.every)
    }

    /// It is time for a sign of life.
    pub(crate) fn sign_of_life(&mut self) {
        if let Some(alive) = &self.keep_alive {
            let text = alive.message.clone();
            self.put(text);
        }
    }

    /// A message came that the venue may want an answer to.
    #[inline]
    pub(crate) fn answer(&mut self, codec: &dyn Codec, message: &[u8]) {
        if let Some(text) = codec.reply(message) {
            self.put(text);
        }
    }

    /// A stream is to begin anew; `false` where only a new socket does that.
    pub(crate) fn begin_anew(&mut self, codec: &dyn Codec, stream: &Subscription) -> bool {
        let texts = codec.resubscribe(stream);
        let can = !texts.is_empty();
        for text in texts {
            self.put(text);
        }
        can
    }
}
