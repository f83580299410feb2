//! [`AgreedTime`]: the time that all workers of a database agree on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use quantflow_model::Timestamp;
use quantflow_seams::Clock;
use quantflow_seams::jobs::{JobDatabase, JobResult, JobStoreError};

/// An answer that took longer says too little of the time.
const PROMPT: Duration = Duration::from_secs(1);

/// The host's clock, corrected by the database's: hosts whose clocks disagree agree on when a
/// lease is over. Between two looks it goes by the host's clock.
#[derive(Debug)]
pub(crate) struct AgreedTime {
    clock: Arc<dyn Clock>,
    /// Nanoseconds that the database's clock is ahead.
    ahead: AtomicI64,
}

impl AgreedTime {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            ahead: AtomicI64::new(0),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock
            .now()
            .plus_nanos(self.ahead.load(Ordering::Relaxed))
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    /// What the database says, if it does so in time: a host that vanished never closes its
    /// connection, and who waits for it must not wait for ever.
    pub(crate) async fn within<T>(
        &self,
        limit: Duration,
        word: impl Future<Output = JobResult<T>>,
    ) -> JobResult<T> {
        tokio::select! {
            biased;
            said = word => said,
            () = self.clock.sleep(limit) => {
                Err(JobStoreError::Unavailable(format!("no answer within {limit:?}")))
            }
        }
    }

    /// Looks at the database's clock.
    pub(crate) async fn look(&self, database: &dyn JobDatabase) -> JobResult<()> {
        let asked = self.clock.now();
        let theirs = database.time().await?;
        let took = self.clock.now().since(asked);
        if (0..=PROMPT.as_nanos() as i64).contains(&took) {
            let ahead = theirs.since(asked.plus_nanos(took / 2));
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use quantflow_seams::SystemClock;

    use super::*;

    #[test]
    fn it_begins_as_the_hosts_clock() {
        let time = AgreedTime::new(Arc::new(SystemClock));
        let host = SystemClock.now();
        assert!(time.now().since(host) < 1_000_000_000);
        time.ahead.store(5_000_000_000, Ordering::Relaxed);
        assert!(time.now().since(host) >= 5_000_000_000);
    }
}
