//! Names of the metrics, and what they mean.

use metrics::{describe_counter, describe_gauge};
use quantflow_model::VenueId;

/// Runs that ended. Labels: `venue`, `outcome` (`succeeded`, `failed`, `released`, `lease_lost`,
/// `unsaid`).
pub const RUNS: &str = "quantflow_jobs_runs_total";
/// Runs that are under way in this process. Label: `venue`.
pub const UNDER_WAY: &str = "quantflow_jobs_under_way";
/// Rows that are durable in the raw log. Label: `venue`.
pub const ROWS: &str = "quantflow_jobs_rows_total";
/// Jobs that this process took from workers that did not renew their leases.
pub const ORPHANS: &str = "quantflow_jobs_orphans_total";

/// Tells the recorder what each metric means.
pub fn describe() {
    describe_counter!(RUNS, "Runs of jobs that ended, by outcome");
    describe_gauge!(UNDER_WAY, "Runs of jobs that are under way");
    describe_counter!(ROWS, "Rows that jobs brought into the raw log");
    describe_counter!(ORPHANS, "Jobs taken from workers that did not renew");
}

pub(crate) fn run(venue: &VenueId, outcome: &'static str) {
    let labels = [
        ("venue", venue.to_string()),
        ("outcome", outcome.to_owned()),
    ];
    ::metrics::counter!(RUNS, &labels).increment(1);
}

pub(crate) fn rows(venue: &VenueId, rows: u64) {
    ::metrics::counter!(ROWS, "venue" => venue.to_string()).increment(rows);
}

pub(crate) fn orphan() {
    ::metrics::counter!(ORPHANS).increment(1);
}

/// Counts a run as under way while it lives.
pub(crate) struct UnderWay(::metrics::Gauge);

impl UnderWay {
    pub(crate) fn begin(venue: &VenueId) -> Self {
        let gauge = ::metrics::gauge!(UNDER_WAY, "venue" => venue.to_string());
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
