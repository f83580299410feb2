//! Counters of the edge, kept by hand: an answer from the cache costs less than a look-up in a registry would.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper ends of the buckets of `http_request_duration_seconds`, in seconds.
const BUCKETS: [f64; 6] = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0];
/// The same in nanoseconds.
const BUCKET_NANOS: [u64; 6] = [
    100_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
    10_000_000_000,
];
/// Statuses that are counted one by one; any other counts as 500, for we send no other.
const STATUSES: [u16; 21] = [
    101, 200, 204, 301, 304, 400, 401, 403, 404, 405, 409, 413, 415, 422, 426, 429, 500, 501, 502,
    503, 504,
];
const METHODS: [&str; 5] = ["GET", "HEAD", "POST", "OPTIONS", "OTHER"];

/// What one endpoint counts.
#[derive(Debug, Default)]
struct Endpoint {
    requests: [[AtomicU64; STATUSES.len()]; METHODS.len()],
    /// By method: GET with HEAD, and all others.
    durations: [Duration2; 2],
    hits: AtomicU64,
    misses: AtomicU64,
}

#[derive(Debug, Default)]
struct Duration2 {
    /// The last is for what took longer than all of them.
    buckets: [AtomicU64; BUCKETS.len() + 1],
    nanos: AtomicU64,
}

/// All counters of the edge.
#[derive(Debug)]
pub(crate) struct Measure {
    endpoints: Vec<(&'static str, Endpoint)>,
    pub(crate) limited: AtomicU64,
    pub(crate) live_clients: AtomicU64,
    pub(crate) live_channels: AtomicU64,
    pub(crate) live_sent: AtomicU64,
    pub(crate) live_dropped: AtomicU64,
    pub(crate) connections: AtomicU64,
}

impl Measure {
    /// Counters for endpoints by their paths, the last being for all that is no endpoint.
    pub(crate) fn new(paths: impl Iterator<Item = &'static str>) -> Self {
        Self {
            endpoints: paths
                .chain(["other"])
                .map(|path| (path, Endpoint::default()))
                .collect(),
            limited: AtomicU64::new(0),
            live_clients: AtomicU64::new(0),
            live_channels: AtomicU64::new(0),
            live_sent: AtomicU64::new(0),
            live_dropped: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        }
    }

    fn endpoint(&self, endpoint: Option<usize>) -> &Endpoint {
        let other = self.endpoints.len() - 1;
        &self.endpoints[endpoint.unwrap_or(other).min(other)].1
    }

    /// Counts an answer.
    pub(crate) fn answered(
        &self,
        endpoint: Option<usize>,
        method: &http::Method,
        status: http::StatusCode,
        took: Duration,
    ) {
        let endpoint = self.endpoint(endpoint);
        let method = match *method {
            http::Method::GET => 0,
            http::Method::HEAD => 1,
            http::Method::POST => 2,
            http::Method::OPTIONS => 3,
            _ => 4,
        };
        let status = STATUSES
            .iter()
            .position(|s| *s == status.as_u16())
            .unwrap_or(16);
        endpoint.requests[method][status].fetch_add(1, Relaxed);
        let durations = &endpoint.durations[usize::from(method > 1)];
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BUCKET_NANOS.iter().position(|end| nanos <= *end);
        durations.buckets[bucket.unwrap_or(BUCKETS.len())].fetch_add(1, Relaxed);
        durations.nanos.fetch_add(nanos, Relaxed);
    }

    /// Counts a look into the cache of answers.
    pub(crate) fn looked_up(&self, endpoint: usize, hit: bool) {
        let endpoint = self.endpoint(Some(endpoint));
        let counter = if hit {
            &endpoint.hits
        } else {
            &endpoint.misses
        };
        counter.fetch_add(1, Relaxed);
    }

    /// In Prometheus' text format.
    pub(crate) fn render(&self) -> String {
        let mut out = String::with_capacity(8192);
        self.render_requests(&mut out);
        self.render_durations(&mut out);
        self.render_cache(&mut out);
        for (name, kind, about, value) in [
            (
                "rate_limited_total",
                "counter",
                "Requests refused because of a limit.",
                &self.limited,
            ),
            (
                "http_connections",
                "gauge",
                "Open connections.",
                &self.connections,
            ),
            (
                "live_clients",
                "gauge",
                "Open live connections.",
                &self.live_clients,
            ),
            (
                "live_channels",
                "gauge",
                "Channels that are followed, over all clients.",
                &self.live_channels,
            ),
            (
                "live_messages_total",
                "counter",
                "Updates sent to live clients.",
                &self.live_sent,
            ),
            (
                "live_dropped_total",
                "counter",
                "Updates that slow live clients lost.",
                &self.live_dropped,
            ),
        ] {
            head(&mut out, name, kind, about);
            line(&mut out, name, "", value.load(Relaxed));
        }
        out
    }

    fn render_requests(&self, out: &mut String) {
        head(out, "http_requests_total", "counter", "Requests answered.");
        for (path, endpoint) in &self.endpoints {
            for (method, statuses) in METHODS.iter().zip(&endpoint.requests) {
                for (status, count) in STATUSES.iter().zip(statuses) {
                    let count = count.load(Relaxed);
                    if count > 0 {
                        let labels =
                            format!("method=\"{method}\",endpoint=\"{path}\",status=\"{status}\"");
                        line(out, "http_requests_total", &labels, count);
                    }
                }
            }
        }
    }

    fn render_durations(&self, out: &mut String) {
        const NAME: &str = "http_request_duration_seconds";
        head(out, NAME, "histogram", "How long answers took to be made.");
        for (path, endpoint) in &self.endpoints {
            for (method, durations) in ["GET", "POST"].iter().zip(&endpoint.durations) {
                let counts = durations
                    .buckets
                    .each_ref()
                    .map(|count| count.load(Relaxed));
                let total: u64 = counts.iter().sum();
                if total == 0 {
                    continue;
                }
                let labels = format!("method=\"{method}\",endpoint=\"{path}\"");
                let mut below = 0;
                for (end, count) in BUCKETS.iter().zip(counts) {
                    below += count;
                    line(
                        out,
                        &format!("{NAME}_bucket"),
                        &format!("{labels},le=\"{end}\""),
                        below,
                    );
                }
                line(
                    out,
                    &format!("{NAME}_bucket"),
                    &format!("{labels},le=\"+Inf\""),
                    total,
                );
                let seconds = durations.nanos.load(Relaxed) as f64 / 1e9;
                // writing to a String cannot fail
                let _ = writeln!(out, "{NAME}_sum{{{labels}}} {seconds}");
                line(out, &format!("{NAME}_count"), &labels, total);
            }
        }
    }

    fn render_cache(&self, out: &mut String) {
        head(
            out,
            "cache_hits_total",
            "counter",
            "Answers that were there.",
        );
        for (path, endpoint) in &self.endpoints {
            let hits = endpoint.hits.load(Relaxed);
            if hits > 0 {
                line(
                    out,
                    "cache_hits_total",
                    &format!("cache_type=\"response\",endpoint=\"{path}\""),
                    hits,
                );
            }
        }
        head(
            out,
            "cache_misses_total",
            "counter",
            "Answers that had to be made.",
        );
        for (path, endpoint) in &self.endpoints {
            let misses = endpoint.misses.load(Relaxed);
            if misses > 0 {
                line(
                    out,
                    "cache_misses_total",
                    &format!("cache_type=\"response\",endpoint=\"{path}\""),
                    misses,
                );
            }
        }
    }
}

fn head(out: &mut String, name: &str, kind: &str, about: &str) {
    // writing to a String cannot fail
    let _ = writeln!(out, "# HELP {name} {about}\n# TYPE {name} {kind}");
}

fn line(out: &mut String, name: &str, labels: &str, value: u64) {
    let _ = if labels.is_empty() {
        writeln!(out, "{name} {value}")
    } else {
        writeln!(out, "{name}{{{labels}}} {value}")
    };
}
