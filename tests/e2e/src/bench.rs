//! A generated market whose truth is known, served in a venue's own protocol ([`play`]); real servers
//! that ingest it ([`serve`]); and [`Bench`], which is both with one data folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quantflow_market::MarketQueries;
use quantflow_model::{Symbol, TimeRange, Timestamp};
use quantflow_replay::{
    FaultPlan, GeneratedMarket, GeneratedOptions, KeyRule, Limits, ReplayHandle, ReplayOptions,
    ReplayServer, Speed,
};
use quantflow_seams::{Clock, SystemClock};

use crate::compare::differences;
use crate::server::{PATIENCE, Server};
use crate::spine::{open_offline, venue};

/// What tells a process which protocol the venue of these tests speaks.
pub const PROTOCOL: (&str, &str) = ("QUANTFLOW__VENUES__REPLAY__PROTOCOL", "binance-spot");

/// Serves the demo's market of a seed, with a day behind it, in a venue's own protocol.
///
/// # Panics
/// When it cannot be served.
pub async fn play(seed: u64, options: ReplayOptions) -> ReplayHandle {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let market = GeneratedOptions::demo(venue(), seed, clock.now(), Duration::from_hours(24));
    let market = Arc::new(GeneratedMarket::new(&market).unwrap());
    ReplayServer::start(market, options, clock).await.unwrap()
}

/// The configuration with which nothing but these streams of a venue is ingested, and nothing older
/// than it says now.
pub fn environment_of(venue: &ReplayHandle, streams: &str) -> Vec<(&'static str, String)> {
    vec![
        ("QUANTFLOW__INGEST__STREAMS", streams.to_owned()),
        ("QUANTFLOW__INGEST__HISTORY", "false".to_owned()),
        ("QUANTFLOW__INGEST__DEMO", "never".to_owned()),
        (PROTOCOL.0, PROTOCOL.1.to_owned()),
        ("QUANTFLOW__VENUES__REPLAY__REST_URL", venue.rest_url()),
        ("QUANTFLOW__VENUES__REPLAY__WS_URL", venue.ws_url()),
        ("QUANTFLOW__BUS__SEGMENT_SIZE", "256KiB".to_owned()),
        ("QUANTFLOW__LOG__LEVEL", "warn".to_owned()),
    ]
}

/// Starts the real binary on a data folder.
///
/// # Panics
/// When it does not start.
pub async fn serve(data: &Path, environment: &[(&'static str, String)]) -> Server {
    let environment: Vec<_> = environment.iter().map(|(n, v)| (*n, v.as_str())).collect();
    std::fs::create_dir_all(data).unwrap();
    Server::start(data, &[], &environment).await
}

/// A market in a venue's own protocol, and where its servers are to keep what it says.
#[derive(Debug)]
pub struct Bench {
    /// The venue.
    pub venue: ReplayHandle,
    /// What is traded there.
    pub symbols: Vec<Symbol>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    folder: tempfile::TempDir,
}

impl Bench {
    /// Starts a market of a seed, so many times faster than life, with these faults.
    ///
    /// # Panics
    /// When it cannot be served.
    pub async fn new(seed: u64, speed: f64, faults: FaultPlan) -> Self {
        Self::with_key(seed, speed, faults, KeyRule::None).await
    }

    /// As [`Bench::new`], where single trades by id need a key.
    ///
    /// # Panics
    /// When it cannot be served.
    pub async fn with_key(seed: u64, speed: f64, faults: FaultPlan, key: KeyRule) -> Self {
        let options = ReplayOptions {
            speed: Speed::Times(speed),
            faults,
            key,
            // several minutes of market a minute are more than a venue's minute allows; that
            // budgets are kept is shown elsewhere
            limits: Limits {
                weight_per_minute: 1_000_000,
                connections_per_5_minutes: 100_000,
                ..Limits::default()
            },
            ..ReplayOptions::default()
        };
        Self::of(seed, options).await
    }

    /// Starts a market of a seed.
    ///
    /// # Panics
    /// When it cannot be served.
    pub async fn of(seed: u64, options: ReplayOptions) -> Self {
        let venue = play(seed, options).await;
        Self {
            symbols: venue.truth().symbols(),
            venue,
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(SystemClock),
        }
    }

    /// The data folder of its servers.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The configuration with which nothing but this market is ingested.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let streams: Vec<_> = self.symbols.iter().map(|s| format!("{s}|book")).collect();
        environment_of(&self.venue, &streams.join(","))
    }

    /// Starts the real binary on the data folder.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn server(&self) -> Server {
        self.server_with(&[]).await
    }

    /// As [`Bench::server`], with more of the environment.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn server_with(&self, more: &[(&'static str, String)]) -> Server {
        let mut environment = self.environment();
        environment.extend_from_slice(more);
        serve(&self.data(), &environment).await
    }

    /// Waits until every symbol is live, misses nothing, and has a trade after `moment` of the
    /// market.
    ///
    /// # Panics
    /// When that does not come in time.
    pub async fn all_live_after(&self, server: &Server, moment: Timestamp) {
        self.all_live_within(PATIENCE, server, moment).await;
    }

    /// As [`Bench::all_live_after`], with another patience for each symbol.
    ///
    /// # Panics
    /// When that does not come in time.
    pub async fn all_live_within(&self, patience: Duration, server: &Server, moment: Timestamp) {
        for symbol in &self.symbols {
            let path = format!("/api/v1/price/{}", symbol.url_form());
            server
                .until_within(patience, &path, |price| {
                    let time = price["time"].as_str().and_then(|text| text.parse().ok());
                    time.is_some_and(|time: Timestamp| time > moment) && price["health"] == "live"
                })
                .await;
        }
    }

    /// What the data folder of servers that have ended says differently from the truth until a
    /// moment: trades, candles of every timeframe, and holes that are not filled. Also, how many
    /// holes were filled.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn differences(&self, until: Timestamp) -> (Vec<String>, usize) {
        let market = open_offline(&self.data()).await;
        let truth = self.venue.truth();
        let (mut wrong, mut filled) = (Vec::new(), 0);
        for symbol in &self.symbols {
            wrong.extend(differences(&market, &truth, symbol, until).await);
            let certificates = market.completeness(symbol, TimeRange::ALL).await.unwrap();
            for missing in certificates.iter().flat_map(|c| &c.missing) {
                match missing.state.name() {
                    "filled" => filled += 1,
                    state => wrong.push(format!("{symbol}: a hole is {state}: {missing:?}")),
                }
            }
        }
        (wrong, filled)
    }
}
