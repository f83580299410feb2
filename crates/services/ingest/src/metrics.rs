//! Names of the metrics, and what they mean.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// Requests to venues. Labels: `api_name` (the venue), `status` (the HTTP status, or the failure).
pub const EXTERNAL_API_CALLS: &str = "external_api_calls_total";
/// How long requests to venues took, in seconds. Label: `api_name`.
pub const EXTERNAL_API_DURATION: &str = "external_api_duration_seconds";
/// Messages from sockets. Label: `venue`.
pub const MESSAGES: &str = "quantflow_ingest_messages_total";
/// Their bytes. Label: `venue`.
pub const BYTES: &str = "quantflow_ingest_bytes_total";
/// Records put into the log together, how often. Label: `venue`.
pub const APPENDS: &str = "quantflow_ingest_appends_total";
/// Sockets that are open now. Label: `venue`.
pub const OPEN_SOCKETS: &str = "quantflow_ingest_open_sockets";
/// Sockets that ended. Labels: `venue`, `reason`.
pub const DISCONNECTS: &str = "quantflow_ingest_disconnects_total";
/// Sockets that could not be opened. Label: `venue`.
pub const CONNECT_FAILURES: &str = "quantflow_ingest_connect_failures_total";
/// From the venue's time to ours, in seconds, sampled. Label: `venue`.
pub const LAG: &str = "quantflow_ingest_lag_seconds";
/// Repairs and book snapshots that ended. Labels: `venue`, `result` (`done`, `failed`).
pub const REPAIRS: &str = "quantflow_ingest_repairs_total";
/// Repairs and book snapshots that wait. Label: `venue`.
pub const REPAIRS_WAITING: &str = "quantflow_ingest_repairs_waiting";
/// Whether the log refuses records now: 0 or 1. Label: `venue`.
pub const LOG_REFUSES: &str = "quantflow_ingest_log_refuses";
/// Records that were received and lost because the log refused them until the shutdown's end.
/// Label: `venue`.
pub const RECORDS_LOST: &str = "quantflow_ingest_records_lost_total";

/// Tells the recorder what each metric means.
pub fn describe() {
    describe_counter!(EXTERNAL_API_CALLS, "Requests to venues, by outcome");
    describe_histogram!(EXTERNAL_API_DURATION, "How long requests to venues took");
    describe_counter!(MESSAGES, "Messages from sockets");
    describe_counter!(BYTES, "Bytes of messages from sockets");
    describe_counter!(APPENDS, "Batches put into the raw log");
    describe_gauge!(OPEN_SOCKETS, "Sockets that are open");
    describe_counter!(DISCONNECTS, "Sockets that ended, by reason");
    describe_counter!(CONNECT_FAILURES, "Sockets that could not be opened");
    describe_histogram!(LAG, "From the venue's time to ours, sampled");
    describe_counter!(REPAIRS, "Repairs and book snapshots that ended, by result");
    describe_gauge!(REPAIRS_WAITING, "Repairs and book snapshots that wait");
    describe_gauge!(LOG_REFUSES, "Whether the raw log refuses records now");
    describe_counter!(RECORDS_LOST, "Records lost at a shutdown with a full log");
}
