//! [`ManualClock`]: time that moves only when a test says so.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use quantflow_model::Timestamp;
use quantflow_seams::Clock;
use tokio::sync::watch;

/// Time that moves only when a test says so; sleepers wake when it passes their time.
#[derive(Debug, Clone)]
pub struct ManualClock {
    now: Arc<watch::Sender<Timestamp>>,
    sleepers: Arc<Mutex<Vec<Timestamp>>>,
}

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self {
            now: Arc::new(watch::Sender::new(start)),
            sleepers: Arc::default(),
        }
    }

    /// Moves time forward.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now = *now + by);
    }

    /// Sets the time; it may go back.
    pub fn set(&self, to: Timestamp) {
        self.now.send_replace(to);
    }

    /// When the next sleeper wakes, if anybody sleeps: lets a test move time just as far.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let now = *self.now.borrow();
        self.sleepers
            .lock()
            .unwrap()
            .iter()
            .copied()
            .filter(|wake| *wake > now)
            .min()
    }
}

/// Forgets a sleeper that woke or went away.
struct Sleeper {
    sleepers: Arc<Mutex<Vec<Timestamp>>>,
    wake: Timestamp,
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let mut sleepers = self.sleepers.lock().unwrap();
        if let Some(at) = sleepers.iter().position(|wake| *wake == self.wake) {
            sleepers.swap_remove(at);
        }
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep(&self, duration: Duration) {
        let wake = self.now() + duration;
        self.sleepers.lock().unwrap().push(wake);
        let _sleeper = Sleeper {
            sleepers: Arc::clone(&self.sleepers),
            wake,
        };
        let mut now = self.now.subscribe();
        // an error means that the clock is gone, and with it the test
        let _ = now.wait_for(|now| *now >= wake).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_is_passed() {
        let clock = ManualClock::new(Timestamp::EPOCH);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(5)).await }
        });
        while clock.next_wake().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(clock.next_wake(), Some(Timestamp::from_seconds(5)));
        clock.advance(Duration::from_secs(5));
        sleeper.await.unwrap();
        assert_eq!(clock.next_wake(), None);
    }
}
