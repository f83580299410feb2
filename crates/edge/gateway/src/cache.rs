//! The cache of finished answers, in front of everything that makes them.
//!
//! A key is all parameters of a request in one spelling, with the format and the version, so that two requests share an
//! answer exactly when they mean the same. Equal requests that come while an answer is being made wait for it and share
//! it, a failure included; a failure is never kept.

use std::collections::VecDeque;
use std::future::Future;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustc_hash::{FxBuildHasher, FxHashMap};
use tokio::sync::OnceCell;

use crate::accept::Format;
use crate::answer::Finished;
use crate::known::Known;
use crate::lock;
use crate::problem::Problem;

const SHARDS: usize = 16;
/// How many spellings of requests are remembered a shard; further ones are looked up by their meaning.
const SPELLINGS: usize = 1024;

type Flight = OnceCell<Result<Arc<Finished>, Problem>>;

/// The cache.
#[derive(Debug)]
pub(crate) struct AnswerCache {
    shards: [Mutex<Shard>; SHARDS],
    spellings: [Mutex<FxHashMap<u64, Spelling>>; SHARDS],
    /// Bytes a shard keeps.
    budget: usize,
}

#[derive(Debug, Default)]
struct Shard {
    ready: FxHashMap<Box<str>, Arc<Finished>>,
    making: FxHashMap<Box<str>, Arc<Flight>>,
    /// Oldest first; an entry that was replaced since stands in it twice.
    order: VecDeque<(Box<str>, Duration)>,
    bytes: usize,
}

/// A request as it was written, and the answer that it meant.
#[derive(Debug)]
struct Spelling {
    format: Format,
    known: Arc<Known>,
}

impl AnswerCache {
    /// A cache of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            spellings: std::array::from_fn(|_| Mutex::default()),
            budget: bytes / SHARDS,
        }
    }

    /// The answer to a request that was answered in this very spelling, if it still holds.
    pub(crate) fn known(&self, target: &str, format: Format, now: Duration) -> Option<Arc<Known>> {
        let hash = FxBuildHasher.hash_one((target, format));
        let spellings = lock(&self.spellings[hash as usize % SHARDS]);
        spellings
            .get(&hash)
            .filter(|s| {
                &*s.known.target == target && s.format == format && s.known.answer.expires > now
            })
            .map(|s| Arc::clone(&s.known))
    }

    /// Remembers which answer a spelling meant.
    pub(crate) fn remember(&self, format: Format, known: Arc<Known>, now: Duration) {
        let target = &*known.target;
        if self.budget == 0 || target.len() > 1024 || known.answer.expires <= now {
            return;
        }
        let hash = FxBuildHasher.hash_one((target, format));
        let mut spellings = lock(&self.spellings[hash as usize % SHARDS]);
        if spellings.len() >= SPELLINGS {
            spellings.retain(|_, s| s.known.answer.expires > now);
            if spellings.len() >= SPELLINGS {
                spellings.clear();
            }
        }
        spellings.insert(hash, Spelling { format, known });
    }

    /// The answer of a key, made by `make` if it is not there; and whether it was there. `clock` gives the time since
    /// the gateway began.
    pub(crate) async fn get_or_make(
        &self,
        key: &str,
        clock: impl Fn() -> Duration,
        make: impl Future<Output = Result<Finished, Problem>>,
    ) -> (Result<Arc<Finished>, Problem>, bool) {
        let shard = &self.shards[FxBuildHasher.hash_one(key) as usize % SHARDS];
        let flight = {
            let mut shard = lock(shard);
            if let Some(answer) = shard.ready.get(key)
                && answer.expires > clock()
            {
                return (Ok(Arc::clone(answer)), true);
            }
            if let Some(flight) = shard.making.get(key) {
                Arc::clone(flight)
            } else {
                let flight = Arc::new(Flight::new());
                shard.making.insert(key.into(), Arc::clone(&flight));
                flight
            }
        };
        let mut made_here = false;
        let _leaving = Leaving {
            shard,
            key,
            flight: &flight,
        };
        // when whoever makes it goes away, the next who waits makes it
        let answer = flight
            .get_or_init(|| async {
                made_here = true;
                make.await.map(Arc::new)
            })
            .await
            .clone();
        if made_here {
            let mut shard = lock(shard);
            shard.making.remove(key);
            if let Ok(answer) = &answer {
                shard.keep(key, answer, self.budget, clock());
            }
        }
        (answer, !made_here)
    }
}

/// Takes a flight out that nobody is on any more, so that it cannot be joined for ever.
struct Leaving<'a> {
    shard: &'a Mutex<Shard>,
    key: &'a str,
    flight: &'a Arc<Flight>,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let mut shard = lock(self.shard);
        let ours = shard
            .making
            .get(self.key)
            .is_some_and(|flight| Arc::ptr_eq(flight, self.flight));
        // this one and the map's: nobody else waits
        if ours && Arc::strong_count(self.flight) <= 2 {
            shard.making.remove(self.key);
        }
    }
}

impl Shard {
    fn keep(&mut self, key: &str, answer: &Arc<Finished>, budget: usize, now: Duration) {
        if answer.expires <= now || answer.size() > budget {
            return;
        }
        if let Some(old) = self.ready.insert(key.into(), Arc::clone(answer)) {
            self.bytes -= old.size();
        }
        self.bytes += answer.size();
        self.order.push_back((key.into(), answer.expires));
        while self.bytes > budget
            || self
                .order
                .front()
                .is_some_and(|(_, expires)| *expires <= now)
        {
            let Some((key, expires)) = self.order.pop_front() else {
                break;
            };
            if self
                .ready
                .get(&key)
                .is_some_and(|answer| answer.expires == expires)
                && let Some(old) = self.ready.remove(&key)
            {
                self.bytes -= old.size();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Answer;
    use crate::problem::Code;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn finished(text: &str, ttl: u64, now: u64) -> Result<Finished, Problem> {
        let answer = Answer::object(&text)?;
        Finished::new(
            0,
            Format::Json,
            &answer,
            Duration::from_secs(ttl),
            Duration::from_secs(now),
        )
    }

    #[tokio::test]
    async fn an_answer_holds_for_its_time() {
        let cache = AnswerCache::new(1 << 20);
        let at = |s: u64| move || Duration::from_secs(s);
        let (first, hit) = cache
            .get_or_make("k", at(0), async { finished("a", 10, 0) })
            .await;
        assert!(first.is_ok() && !hit);
        let (_, hit) = cache
            .get_or_make("k", at(9), async { panic!("it is there") })
            .await;
        assert!(hit);
        let (again, hit) = cache
            .get_or_make("k", at(10), async { finished("b", 10, 10) })
            .await;
        assert!(!hit);
        assert!(again.unwrap().bytes.ends_with(b"\"b\""));
    }

    #[tokio::test]
    async fn equal_requests_at_once_are_made_once_and_a_failure_is_not_kept() {
        let cache = Arc::new(AnswerCache::new(1 << 20));
        let made = Arc::new(AtomicUsize::new(0));
        for round in 1..=2 {
            let (go, gate) = tokio::sync::watch::channel(false);
            let asks: Vec<_> = (0..50)
                .map(|_| {
                    let (cache, made, mut gate) =
                        (Arc::clone(&cache), Arc::clone(&made), gate.clone());
                    tokio::spawn(async move {
                        let make = async {
                            made.fetch_add(1, Ordering::SeqCst);
                            gate.wait_for(|go| *go).await.unwrap();
                            Err(Problem::new(Code::Unavailable, "not now"))
                        };
                        cache.get_or_make("k", || Duration::ZERO, make).await.0
                    })
                })
                .collect();
            tokio::task::yield_now().await;
            go.send(true).unwrap();
            for ask in asks {
                assert_eq!(ask.await.unwrap().unwrap_err().code, Code::Unavailable);
            }
            assert_eq!(made.load(Ordering::SeqCst), round);
        }
    }

    #[tokio::test]
    async fn who_goes_away_while_making_leaves_it_to_the_next() {
        let cache = AnswerCache::new(1 << 20);
        let key = || Duration::ZERO;
        {
            let stuck = cache.get_or_make("k", key, std::future::pending());
            assert!(futures_util::FutureExt::now_or_never(stuck).is_none());
        }
        assert!(
            lock(&cache.shards[FxBuildHasher.hash_one("k") as usize % SHARDS])
                .making
                .is_empty()
        );
        let (answer, hit) = cache
            .get_or_make("k", key, async { finished("a", 10, 0) })
            .await;
        assert!(answer.is_ok() && !hit);
    }

    #[tokio::test]
    async fn memory_is_bounded() {
        let cache = AnswerCache::new(SHARDS * 10_000);
        for n in 0..2000 {
            let key = format!("k{n}");
            let text = "x".repeat(1000);
            let (answer, _) = cache
                .get_or_make(&key, || Duration::ZERO, async { finished(&text, 60, 0) })
                .await;
            let known = Known::new(&key, answer.unwrap(), false);
            cache.remember(Format::Json, known, Duration::ZERO);
        }
        for shard in &cache.shards {
            let shard = lock(shard);
            assert!(shard.bytes <= 10_000);
            assert_eq!(
                shard.bytes,
                shard.ready.values().map(|a| a.size()).sum::<usize>()
            );
            assert!(shard.ready.len() <= 10 && shard.making.is_empty());
        }
    }

    #[test]
    fn a_spelling_is_known_until_its_answer_is_too_old() {
        let cache = AnswerCache::new(1 << 20);
        let answer = Arc::new(finished("a", 10, 0).unwrap());
        let known = Known::new("/prices?x=1", answer, true);
        cache.remember(Format::Json, known, Duration::ZERO);
        let at = |target, format, s| cache.known(target, format, Duration::from_secs(s));
        assert!(at("/prices?x=1", Format::Json, 9).unwrap().deprecated);
        assert!(at("/prices?x=1", Format::Json, 10).is_none());
        assert!(at("/prices?x=1", Format::Csv, 0).is_none());
        assert!(at("/prices?x=2", Format::Json, 0).is_none());
    }
}
