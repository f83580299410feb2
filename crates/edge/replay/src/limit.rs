//! The venue's request limits, as it enforces them on an address.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use quantflow_model::Timestamp;

/// What the venue allows an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Request weight in any 60 seconds; 6000 at the venue. (The venue counts by the minutes of its
    /// clock; a sliding minute is stricter, so who respects this respects that.)
    pub weight_per_minute: u32,
    /// Requests during a 429 that are forgiven before the address is banned.
    pub patience: u32,
    /// How long the first ban lasts; each further one twice as long, up to three days.
    pub first_ban: Duration,
    /// Connection attempts in any 5 minutes; 300 at the venue.
    pub connections_per_5_minutes: u32,
    /// Messages from a client in any second, pings and pongs included; 5 at the venue. More cuts it.
    pub messages_per_second: u32,
    /// Streams on one connection; 1024 at the venue.
    pub streams_per_connection: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            weight_per_minute: 6_000,
            patience: 3,
            first_ban: Duration::from_mins(2),
            connections_per_5_minutes: 300,
            messages_per_second: 5,
            streams_per_connection: 1_024,
        }
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Answered; so much weight is used now.
    Pass { used: u32 },
    /// 429; come back after so many seconds.
    Limited { retry_after: u64, used: u32 },
    /// 418; come back after so many seconds.
    Banned { retry_after: u64 },
}

const MINUTE: i64 = 60_000_000_000;
const LONGEST_BAN: Duration = Duration::from_hours(72);

#[derive(Debug, Default)]
struct Address {
    used: VecDeque<(Timestamp, u32)>,
    sum: u32,
    connections: VecDeque<Timestamp>,
    limited_until: Option<Timestamp>,
    ignored: u32,
    banned_until: Option<Timestamp>,
    bans: u32,
}

/// All addresses. Times are the clock's, not the market's.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Limits,
    addresses: HashMap<IpAddr, Address>,
    /// The most weight that any address used in a minute.
    pub(crate) peak: u32,
}

fn seconds_until(later: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(later.since(now))
        .unwrap_or(0)
        .div_ceil(1_000_000_000)
        .max(1)
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            addresses: HashMap::new(),
            peak: 0,
        }
    }

    fn address(&mut self, ip: IpAddr, now: Timestamp) -> &mut Address {
        if self.addresses.len() > 10_000 {
            self.addresses.retain(|_, a| {
                a.banned_until.is_some_and(|until| until > now)
                    || a.used.back().is_some_and(|(t, _)| now.since(*t) < MINUTE)
            });
        }
        self.addresses.entry(ip).or_default()
    }

    /// Judges a request.
    pub(crate) fn admit(&mut self, ip: IpAddr, weight: u32, now: Timestamp) -> Verdict {
        let limits = self.limits.clone();
        let address = self.address(ip, now);
        if let Some(until) = address.banned_until.filter(|until| *until > now) {
            return Verdict::Banned {
                retry_after: seconds_until(until, now),
            };
        }
        while let Some((time, weight)) = address.used.front() {
            if now.since(*time) < MINUTE {
                break;
            }
            address.sum -= weight;
            address.used.pop_front();
        }
        if let Some(until) = address.limited_until {
            if until > now {
                address.ignored += 1;
                if address.ignored > limits.patience {
                    let ban = limits
                        .first_ban
                        .saturating_mul(1 << address.bans.min(16))
                        .min(LONGEST_BAN);
                    address.bans += 1;
                    address.ignored = 0;
                    address.limited_until = None;
                    address.banned_until = Some(now + ban);
                    return Verdict::Banned {
                        retry_after: seconds_until(now + ban, now),
                    };
                }
                return Verdict::Limited {
                    retry_after: seconds_until(until, now),
                    used: address.sum,
                };
            }
            address.limited_until = None;
            address.ignored = 0;
        }
        if address.sum.saturating_add(weight) > limits.weight_per_minute {
            let mut freed = 0;
            let mut until = now + Duration::from_mins(1);
            for (time, old) in &address.used {
                freed += old;
                if address.sum - freed + weight <= limits.weight_per_minute {
                    until = *time + Duration::from_mins(1);
                    break;
                }
            }
            address.limited_until = Some(until);
            return Verdict::Limited {
                retry_after: seconds_until(until, now),
                used: address.sum,
            };
        }
        address.sum += weight;
        address.used.push_back((now, weight));
        let used = address.sum;
        self.peak = self.peak.max(used);
        Verdict::Pass { used }
    }

    /// Limits an address on a fault's account, as if it had used too much: whoever then comes back
    /// too early is judged as ever.
    pub(crate) fn limit(&mut self, ip: IpAddr, wait: Duration, now: Timestamp) {
        let address = self.address(ip, now);
        let until = now + wait;
        address.limited_until = Some(address.limited_until.map_or(until, |old| old.max(until)));
    }

    /// Judges an attempt to connect: how many seconds to wait, if it is refused.
    pub(crate) fn connect(&mut self, ip: IpAddr, now: Timestamp) -> Result<(), u64> {
        let most = self.limits.connections_per_5_minutes as usize;
        let address = self.address(ip, now);
        if let Some(until) = address.banned_until.filter(|until| *until > now) {
            return Err(seconds_until(until, now));
        }
        while let Some(time) = address.connections.front() {
            if now.since(*time) < 5 * MINUTE {
                break;
            }
            address.connections.pop_front();
        }
        if let (true, Some(first)) = (
            address.connections.len() >= most,
            address.connections.front(),
        ) {
            return Err(seconds_until(*first + Duration::from_mins(5), now));
        }
        address.connections.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn limiter() -> Limiter {
        Limiter::new(Limits {
            weight_per_minute: 100,
            patience: 2,
            connections_per_5_minutes: 2,
            ..Limits::default()
        })
    }

    #[test]
    fn weight_is_freed_after_a_minute_and_not_before() {
        let mut limiter = limiter();
        assert_eq!(limiter.admit(IP, 60, at(0)), Verdict::Pass { used: 60 });
        assert_eq!(limiter.admit(IP, 40, at(30)), Verdict::Pass { used: 100 });
        let limited = Verdict::Limited {
            retry_after: 10,
            used: 100,
        };
        assert_eq!(limiter.admit(IP, 1, at(50)), limited);
        assert_eq!(limiter.admit(IP, 1, at(60)), Verdict::Pass { used: 41 });
        assert_eq!(limiter.peak, 100);
    }

    #[test]
    fn who_ignores_a_429_is_banned_longer_each_time() {
        let mut limiter = limiter();
        limiter.admit(IP, 100, at(0));
        for _ in 0..3 {
            assert!(matches!(
                limiter.admit(IP, 1, at(1)),
                Verdict::Limited { .. }
            ));
        }
        assert_eq!(
            limiter.admit(IP, 1, at(1)),
            Verdict::Banned { retry_after: 120 }
        );
        assert_eq!(
            limiter.admit(IP, 1, at(100)),
            Verdict::Banned { retry_after: 21 }
        );
        assert_eq!(limiter.admit(IP, 100, at(121)), Verdict::Pass { used: 100 });
        limiter.limit(IP, Duration::from_secs(5), at(122));
        limiter.admit(IP, 1, at(123));
        limiter.admit(IP, 1, at(123));
        assert_eq!(
            limiter.admit(IP, 1, at(123)),
            Verdict::Banned { retry_after: 240 }
        );
        assert_eq!(limiter.connect(IP, at(124)), Err(239));
    }

    #[test]
    fn connections_are_counted_over_five_minutes() {
        let mut limiter = limiter();
        assert_eq!(limiter.connect(IP, at(0)), Ok(()));
        assert_eq!(limiter.connect(IP, at(10)), Ok(()));
        assert_eq!(limiter.connect(IP, at(20)), Err(280));
        assert_eq!(limiter.connect(IP, at(300)), Ok(()));
    }
}
