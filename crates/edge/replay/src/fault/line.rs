//! What becomes of messages on one socket.

use std::collections::VecDeque;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;

use super::FaultKind;
use crate::random::{Random, hash};

/// A message as it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Out {
    Text(Utf8Bytes),
    Binary(Bytes),
}

/// What the faults did to messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Harm {
    pub(crate) dropped: u64,
    pub(crate) duplicated: u64,
    pub(crate) reordered: u64,
    pub(crate) delayed: u64,
    pub(crate) garbled: u64,
}

struct Held {
    message: Out,
    /// It goes out after so many more messages,
    messages: u32,
    /// or at this market time.
    at: Option<Duration>,
}

/// The faults of one socket.
pub(crate) struct FaultLine {
    random: Random,
    held: Vec<Held>,
    pub(crate) harm: Harm,
}

impl FaultLine {
    /// The line of a connection, counted by the server.
    pub(crate) fn new(seed: u64, connection: u64) -> Self {
        Self {
            random: Random::new(hash(seed ^ 0xfa17, connection)),
            held: Vec::new(),
            harm: Harm::default(),
        }
    }

    /// Passes a message on at a market time, as the faults that are on will have it.
    pub(crate) fn pass(
        &mut self,
        message: Utf8Bytes,
        faults: &[FaultKind],
        elapsed: Duration,
        out: &mut VecDeque<Out>,
    ) {
        let mut twice = false;
        let mut message = Out::Text(message);
        for fault in faults {
            match *fault {
                FaultKind::Silent { .. } => {
                    self.harm.dropped += 1;
                    return;
                }
                FaultKind::Drop(p) if self.random.chance(p) => {
                    self.harm.dropped += 1;
                    return;
                }
                FaultKind::Duplicate(p) if self.random.chance(p) => {
                    self.harm.duplicated += 1;
                    twice = true;
                }
                FaultKind::Garbage(p) if self.random.chance(p) => {
                    self.harm.garbled += 1;
                    if let Out::Text(text) = &message {
                        message = garble(text, &mut self.random);
                    }
                }
                FaultKind::Reorder(p) if self.random.chance(p) => {
                    self.harm.reordered += 1;
                    self.held.push(Held {
                        message,
                        messages: 1 + self.random.below(3) as u32,
                        at: None,
                    });
                    return;
                }
                FaultKind::Delay(by, p) if self.random.chance(p) => {
                    self.harm.delayed += 1;
                    self.held.push(Held {
                        message,
                        messages: u32::MAX,
                        at: Some(elapsed + by),
                    });
                    return;
                }
                _ => {}
            }
        }
        if twice {
            out.push_back(message.clone());
        }
        out.push_back(message);
        let due = self.held.iter_mut().any(|held| {
            held.messages = held.messages.saturating_sub(u32::from(held.at.is_none()));
            held.messages == 0
        });
        if due {
            self.let_go(|held| held.messages == 0, out);
        }
    }

    fn let_go(&mut self, due: impl Fn(&Held) -> bool, out: &mut VecDeque<Out>) {
        let held = std::mem::take(&mut self.held);
        for one in held {
            if due(&one) {
                out.push_back(one.message);
            } else {
                self.held.push(one);
            }
        }
    }

    /// Lets go what was held until this market time, and, when reordering is over, what waits for
    /// messages that may never come.
    pub(crate) fn release(
        &mut self,
        faults: &[FaultKind],
        elapsed: Duration,
        out: &mut VecDeque<Out>,
    ) {
        if self.held.is_empty() {
            return;
        }
        let reorders = faults.iter().any(|f| matches!(f, FaultKind::Reorder(_)));
        self.let_go(
            |held| match held.at {
                Some(at) => at <= elapsed,
                None => !reorders,
            },
            out,
        );
    }

    /// Whether something is held.
    pub(crate) fn holds(&self) -> bool {
        !self.held.is_empty()
    }
}

/// Breaks a message in one of many ways.
pub(crate) fn garble(text: &str, random: &mut Random) -> Out {
    match random.below(5) {
        0 => {
            let mut at = random.below(text.len() as u64) as usize;
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            Out::Text(text[..at].into())
        }
        1 => Out::Text(text.replace(":\"", ":{\"x\":\"").into()),
        2 => Out::Text(
            text.replace("\"p\":\"", "\"p\":\"-")
                .replace("\"s\":\"", "\"s\":[\"")
                .into(),
        ),
        3 => {
            Out::Text(format!("<html><body>{} Bad Gateway</body></html>", random.below(99)).into())
        }
        _ => {
            let length = 1 + random.below(200);
            Out::Binary((0..length).map(|_| random.next() as u8).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(faults: &[FaultKind], seed: u64) -> (Vec<Out>, Harm) {
        let mut line = FaultLine::new(seed, 1);
        let mut out = VecDeque::new();
        for i in 0..1_000 {
            let now = Duration::from_millis(i * 10);
            line.pass(format!("{{\"p\":\"{i}\"}}").into(), faults, now, &mut out);
            line.release(faults, now, &mut out);
        }
        line.release(&[], Duration::from_secs(1_000), &mut out);
        assert!(!line.holds());
        (out.into(), line.harm)
    }

    #[test]
    fn without_faults_everything_passes_in_order() {
        let (out, harm) = run(&[], 1);
        assert_eq!(out.len(), 1_000);
        assert_eq!(out[7], Out::Text("{\"p\":\"7\"}".into()));
        assert_eq!(harm, Harm::default());
    }

    #[test]
    fn each_fault_does_what_it_says_and_counts_it() {
        let (out, harm) = run(&[FaultKind::Drop(0.1)], 2);
        assert!(harm.dropped > 50 && harm.dropped < 200);
        assert_eq!(out.len() as u64, 1_000 - harm.dropped);

        let (out, harm) = run(&[FaultKind::Duplicate(0.1)], 2);
        assert_eq!(out.len() as u64, 1_000 + harm.duplicated);
        assert!(harm.duplicated > 50);

        let plain = run(&[], 2).0;
        for fault in [
            FaultKind::Reorder(0.1),
            FaultKind::Delay(Duration::from_millis(50), 0.1),
        ] {
            let (mut out, harm) = run(&[fault], 2);
            assert!(harm.reordered + harm.delayed > 50);
            assert_ne!(out, plain, "{fault:?}");
            let key = |out: &Out| format!("{out:?}");
            out.sort_by_key(key);
            let mut sorted = plain.clone();
            sorted.sort_by_key(key);
            assert_eq!(out, sorted, "nothing is lost by {fault:?}");
        }

        let (out, harm) = run(&[FaultKind::Garbage(0.5)], 2);
        let broken = out
            .iter()
            .filter(|o| match o {
                Out::Text(text) => {
                    serde_json::from_str::<serde_json::Value>(text).is_err() || text.contains('-')
                }
                Out::Binary(_) => true,
            })
            .count() as u64;
        assert_eq!(broken, harm.garbled);

        assert_eq!(run(&[FaultKind::Silent { pongs: true }], 2).0, []);
    }

    #[test]
    fn a_seed_chooses_the_same_messages() {
        let faults = [FaultKind::Drop(0.2), FaultKind::Garbage(0.2)];
        assert_eq!(run(&faults, 5), run(&faults, 5));
        assert_ne!(run(&faults, 5), run(&faults, 6));
    }
}
