//! [`Bench`]: a generated market whose truth is known, served in a venue's own protocol, and real
//! servers that ingest it into one data folder.

use std::path::PathBuf;
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
use crate::server::Server;
use crate::spine::{open_offline, venue};

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
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let options = GeneratedOptions::demo(venue(), seed, clock.now(), Duration::from_hours(24));
        let market = Arc::new(GeneratedMarket::new(&options).unwrap());
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
        let venue = ReplayServer::start(market, options, Arc::clone(&clock))
            .await
            .unwrap();
        Self {
            symbols: venue.truth().symbols(),
            venue,
            folder: tempfile::tempdir().unwrap(),
            clock,
        }
    }

    /// The data folder of its servers.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The configuration with which nothing but this market is ingested.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let streams: Vec<_> = self.symbols.iter().map(|s| format!("{s}|book")).collect();
        vec![
            ("QUANTFLOW__INGEST__STREAMS", streams.join(",")),
            ("QUANTFLOW__INGEST__HISTORY", "false".to_owned()),
            ("QUANTFLOW__INGEST__DEMO", "never".to_owned()),
            (
                "QUANTFLOW__VENUES__REPLAY__PROTOCOL",
                "binance-spot".to_owned(),
            ),
            ("QUANTFLOW__VENUES__REPLAY__REST_URL", self.venue.rest_url()),
            ("QUANTFLOW__VENUES__REPLAY__WS_URL", self.venue.ws_url()),
            ("QUANTFLOW__BUS__SEGMENT_SIZE", "256KiB".to_owned()),
            ("QUANTFLOW__LOG__LEVEL", "warn".to_owned()),
        ]
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
        let environment: Vec<_> = environment.iter().map(|(n, v)| (*n, v.as_str())).collect();
        std::fs::create_dir_all(self.data()).unwrap();
        Server::start(&self.data(), &[], &environment).await
    }

    /// Waits until every symbol is live, misses nothing, and has a trade after `moment` of the
    /// market.
    ///
    /// # Panics
    /// When that does not come in time.
    pub async fn all_live_after(&self, server: &Server, moment: Timestamp) {
        for symbol in &self.symbols {
            let path = format!("/api/v1/price/{}", symbol.url_form());
            server
                .until(&path, |price| {
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
