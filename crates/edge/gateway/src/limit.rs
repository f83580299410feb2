//! Limits a client and endpoint: a token bucket that keeps fractions.
//!
//! A bucket is one number, the *theoretical arrival time*: when it will be full again if nothing more is taken. Taking
//! one token moves it by one interval. Nothing is rounded, so a client that asks faster than one token's time still
//! gets its share, however often it is refused in between.

use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use rustc_hash::FxHashMap;

const SHARDS: usize = 16;
/// Buckets that are full again are forgotten once a shard has so many.
const SHARD_BUCKETS: usize = 4096;
pub(crate) const WINDOW: Duration = Duration::from_secs(60);

/// What a request is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    /// The bucket's size.
    pub(crate) limit: u32,
    /// Whole tokens that are left.
    pub(crate) remaining: u32,
    /// Seconds until there is one more token, rounded up: 0 when there is one.
    pub(crate) retry_after: u64,
    /// Seconds until the bucket is full, rounded up.
    pub(crate) reset: u64,
}

/// The buckets of all clients.
#[derive(Debug)]
pub(crate) struct Limiter {
    /// By client and endpoint: nanoseconds at which the bucket is full again.
    shards: [Mutex<FxHashMap<(IpAddr, u16), u64>>; SHARDS],
}

impl Limiter {
    pub(crate) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Takes a token. `now` is the time since any fixed moment, the same one for all calls.
    pub(crate) fn take(&self, client: IpAddr, endpoint: u16, limit: u32, now: Duration) -> Verdict {
        let limit = limit.max(1);
        let now = nanos(now);
        let window = nanos(WINDOW);
        let interval = window / u64::from(limit);
        let client = of_client(client);
        let mut shard = crate::lock(&self.shards[shard_of(client, endpoint)]);
        if shard.len() >= SHARD_BUCKETS {
            shard.retain(|_, full| *full > now);
        }
        let full = shard.entry((client, endpoint)).or_insert(0);
        let debt = full.saturating_sub(now);
        let room = window - debt.min(window);
        let allowed = room >= interval;
        if allowed {
            *full = now + debt + interval;
        }
        let debt = full.saturating_sub(now);
        drop(shard);
        let room = window - debt.min(window);
        Verdict {
            allowed,
            limit,
            remaining: u32::try_from(room / interval).unwrap_or(limit).min(limit),
            retry_after: seconds_up(interval.saturating_sub(room)),
            reset: seconds_up(debt),
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn seconds_up(nanos: u64) -> u64 {
    nanos.div_ceil(1_000_000_000)
}

/// Who holds a bucket: an IPv4 address, or a /64 of IPv6, which one customer has whole.
fn of_client(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        },
    }
}

fn shard_of(client: IpAddr, endpoint: u16) -> usize {
    use std::hash::BuildHasher as _;
    rustc_hash::FxBuildHasher.hash_one((client, endpoint)) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_full_bucket_is_emptied_and_fills_by_the_clock() {
        let limiter = Limiter::new();
        let at = |s: f64| Duration::from_secs_f64(1000.0 + s);
        for left in (0..120).rev() {
            let verdict = limiter.take(CLIENT, 0, 120, at(0.0));
            assert!(verdict.allowed);
            assert_eq!(verdict.remaining, left);
        }
        let refused = limiter.take(CLIENT, 0, 120, at(0.0));
        assert!(!refused.allowed);
        assert_eq!((refused.retry_after, refused.reset), (1, 60));
        assert!(
            limiter.take(CLIENT, 1, 120, at(0.0)).allowed,
            "another endpoint"
        );
        assert!(
            limiter.take(CLIENT, 0, 120, at(0.5)).allowed,
            "one token's time later"
        );
        assert!(!limiter.take(CLIENT, 0, 120, at(0.5)).allowed);
        assert_eq!(limiter.take(CLIENT, 0, 120, at(200.0)).remaining, 119);
    }

    #[test]
    fn a_client_that_asks_faster_than_a_tokens_time_still_gets_its_share() {
        let limiter = Limiter::new();
        // 60 a minute is one a second; asked ten times a second for ten minutes after the burst
        let allowed = (0..6000_u32)
            .filter(|n| {
                limiter
                    .take(CLIENT, 0, 60, Duration::from_millis(u64::from(*n) * 100))
                    .allowed
            })
            .count();
        assert!((658..=660).contains(&allowed), "{allowed}");
    }

    #[test]
    fn a_customer_of_ipv6_has_one_bucket() {
        let limiter = Limiter::new();
        let now = Duration::from_secs(1);
        let one = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 1));
        let two = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 9, 9, 9, 9));
        let other = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1));
        assert!(limiter.take(one, 0, 1, now).allowed);
        assert!(!limiter.take(two, 0, 1, now).allowed);
        assert!(limiter.take(other, 0, 1, now).allowed);
    }

    proptest! {
        /// However requests are spaced, no window has more than twice the limit, and the long run not more than its rate.
        #[test]
        fn nobody_gets_more_than_the_rate(limit in 1_u32..50, gaps in proptest::collection::vec(0_u64..3_000, 1..400)) {
            let limiter = Limiter::new();
            let (mut now, mut allowed) = (0_u64, 0_u64);
            for gap in gaps {
                now += gap;
                allowed += u64::from(limiter.take(CLIENT, 0, limit, Duration::from_millis(now)).allowed);
            }
            prop_assert!(allowed <= u64::from(limit) + now * u64::from(limit) / 60_000 + 1);
        }
    }
}
