//! [`FaultPlan`]: which faults, and when.

use std::time::Duration;

use crate::random::Random;

/// One kind of fault. A probability is that of each message or answer while the fault is on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FaultKind {
    /// Messages are lost.
    Drop(f64),
    /// Messages come twice.
    Duplicate(f64),
    /// Messages come after those that followed them.
    Reorder(f64),
    /// Messages come late by so much market time.
    Delay(Duration, f64),
    /// Every socket is cut, without a goodbye, when the fault begins; while it is on, new ones are refused.
    Cut,
    /// Sockets stay open and nothing comes. Pings are answered or not.
    Silent {
        /// Whether the venue still reads and answers pings.
        pongs: bool,
    },
    /// Messages and answers are broken: cut off, of wrong types, or binary rubbish.
    Garbage(f64),
    /// Answers are 429 with `Retry-After` of so much; who comes back earlier is judged by the limits.
    TooManyRequests(Duration, f64),
    /// Answers are 418 with `Retry-After` of so much.
    Banned(Duration, f64),
    /// Answers have a server error's status.
    ServerError(u16, f64),
    /// Answers take so long, by the clock.
    Slow(Duration),
    /// Answers break off in the middle.
    Truncate(f64),
    /// Answers have a `Content-Length` larger than what comes.
    WrongLength(f64),
    /// The venue's clock is wrong by so many nanoseconds.
    Skew(i64),
}

/// A fault and its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// When it begins: market time since the server began.
    pub at: Duration,
    /// How long it is on; `None` to the end. A cut without one is over at once.
    pub lasts: Option<Duration>,
    /// It comes again so long after it began.
    pub every: Option<Duration>,
}

impl Fault {
    /// A fault from the beginning to the end.
    pub const fn always(kind: FaultKind) -> Self {
        Self {
            kind,
            at: Duration::ZERO,
            lasts: None,
            every: None,
        }
    }

    /// Whether it is on.
    pub fn is_on(&self, elapsed: Duration) -> bool {
        let Some(mut since) = elapsed.checked_sub(self.at) else {
            return false;
        };
        if let Some(every) = self.every.filter(|every| !every.is_zero()) {
            since = Duration::from_nanos((since.as_nanos() % every.as_nanos()) as u64);
        }
        match self.lasts {
            Some(lasts) => since < lasts,
            None => !matches!(self.kind, FaultKind::Cut),
        }
    }

    /// How often it has begun.
    pub fn begun(&self, elapsed: Duration) -> u64 {
        let Some(since) = elapsed.checked_sub(self.at) else {
            return 0;
        };
        match self.every.filter(|every| !every.is_zero()) {
            Some(every) => (since.as_nanos() / every.as_nanos()) as u64 + 1,
            None => 1,
        }
    }
}

/// A list of faults, and the seed by which each message is chosen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FaultPlan {
    /// The faults; any number may be on at a time.
    pub faults: Vec<Fault>,
    /// Same seed, same choices for the n-th connection and the n-th message on it.
    pub seed: u64,
}

impl FaultPlan {
    /// No faults.
    pub const fn none() -> Self {
        Self {
            faults: Vec::new(),
            seed: 0,
        }
    }

    /// A plan by chance: drops, duplicates, reorderings, delays, cuts, silences, 429s, server errors,
    /// broken answers and garbage within `span` of market time; none lasts beyond it.
    pub fn chaos(seed: u64, span: Duration) -> Self {
        let mut random = Random::new(seed ^ 0xc4a0_5000);
        let mut faults = Vec::new();
        let whole = span.as_nanos() as u64;
        for _ in 0..8 + random.below(8) {
            let at = random.below(whole * 9 / 10);
            let lasts = (whole / 50 + random.below(whole / 6 + 1)).min(whole - at);
            let few = 0.01 + random.unit() * 0.2;
            let short = Duration::from_millis(100 + random.below(2_000));
            let kind = match random.below(14) {
                0 | 1 => FaultKind::Drop(few),
                2 => FaultKind::Duplicate(few),
                3 => FaultKind::Reorder(few),
                4 => FaultKind::Delay(short, few),
                5 | 6 => FaultKind::Cut,
                7 => FaultKind::Silent { pongs: true },
                8 => FaultKind::Silent { pongs: false },
                9 => FaultKind::Garbage(few / 4.0),
                10 => FaultKind::TooManyRequests(Duration::from_secs(1 + random.below(3)), few),
                11 => FaultKind::ServerError(500 + random.below(5) as u16, few),
                12 => FaultKind::Truncate(few),
                _ => FaultKind::WrongLength(few),
            };
            let momentary = matches!(kind, FaultKind::Cut) && random.chance(0.6);
            faults.push(Fault {
                kind,
                at: Duration::from_nanos(at),
                lasts: (!momentary).then(|| Duration::from_nanos(lasts)),
                every: None,
            });
        }
        Self { faults, seed }
    }

    /// When the last of its faults is over; `None` when one never is.
    pub fn ends(&self) -> Option<Duration> {
        let ends = self.faults.iter().map(|fault| {
            let momentary = matches!(fault.kind, FaultKind::Cut).then_some(Duration::ZERO);
            let lasts = fault.lasts.or(momentary)?;
            fault.every.is_none().then(|| fault.at + lasts)
        });
        let mut ends = ends;
        ends.try_fold(Duration::ZERO, |latest, end| Some(latest.max(end?)))
    }

    /// The faults that are on.
    pub(crate) fn on(&self, elapsed: Duration) -> impl Iterator<Item = FaultKind> + '_ {
        let faults = self.faults.iter();
        faults
            .filter(move |fault| fault.is_on(elapsed))
            .map(|fault| fault.kind)
    }

    /// How many cuts have begun.
    pub(crate) fn cuts(&self, elapsed: Duration) -> u64 {
        let cuts = self.faults.iter().filter(|f| f.kind == FaultKind::Cut);
        cuts.map(|fault| fault.begun(elapsed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_on_in_its_time_and_again() {
        let fault = Fault {
            kind: FaultKind::Cut,
            at: Duration::from_secs(10),
            lasts: Some(Duration::from_secs(5)),
            every: Some(Duration::from_mins(1)),
        };
        let on: Vec<u64> = (0..140)
            .filter(|s| fault.is_on(Duration::from_secs(*s)))
            .collect();
        assert_eq!(
            on,
            [
                10, 11, 12, 13, 14, 70, 71, 72, 73, 74, 130, 131, 132, 133, 134
            ]
        );
        let begun = [9, 10, 69, 70, 131].map(|s| fault.begun(Duration::from_secs(s)));
        assert_eq!(begun, [0, 1, 1, 2, 3]);
    }

    #[test]
    fn chaos_is_its_seeds_own_and_ends_in_its_span() {
        let span = Duration::from_mins(1);
        for seed in 0..200 {
            let plan = FaultPlan::chaos(seed, span);
            assert_eq!(plan, FaultPlan::chaos(seed, span));
            assert!(plan.ends().is_some_and(|end| end <= span), "{plan:?}");
        }
        assert_ne!(FaultPlan::chaos(1, span), FaultPlan::chaos(2, span));
    }
}
