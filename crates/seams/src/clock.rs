//! [`Clock`]: the only way to learn the time.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use quantflow_model::Timestamp;

/// The only way to learn the time. Pure code never asks; it gets times with its input.
#[async_trait]
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time now. May step (a host's clock is set), so it is no measure of a duration.
    fn now(&self) -> Timestamp;

    /// Returns after so long. Cancel-safe.
    async fn sleep(&self, duration: Duration);
}

/// The host's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the host's clock is read"
    )]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default(); // a host set before 1970 stands at the epoch
        Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
