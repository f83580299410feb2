//! [`Recorder`]: where the process's metrics are kept.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::sources::MetricsSource;

/// Keeps what the `metrics` crate's macros say, in Prometheus' text format.
#[derive(Clone)]
pub struct Recorder(PrometheusHandle);

/// Why metrics cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be kept: {0}")]
pub struct RecorderError(String);

impl Recorder {
    /// Takes the macros' metrics from now on. Once a process.
    ///
    /// # Errors
    /// When something else keeps them already.
    pub fn install() -> Result<Self, RecorderError> {
        PrometheusBuilder::new()
            .set_buckets_for_metric(
                Matcher::Suffix("_duration_seconds".to_owned()),
                &[0.1, 0.5, 1.0, 2.0, 5.0, 10.0],
            )
            .and_then(PrometheusBuilder::install_recorder)
            .map(Self)
            .map_err(|error| RecorderError(error.to_string()))
    }

    /// Housekeeping: to be called every few seconds.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recorder")
    }
}

impl MetricsSource for Recorder {
    fn render(&self) -> String {
        self.0.render()
    }
}
