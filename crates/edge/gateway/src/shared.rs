//! [`Shared`]: what all requests share; [`GatewayParts`]: what it is made of.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderValue;
use quantflow_market::MarketQueries;
use quantflow_seams::Clock;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::assets::Assets;
use crate::cache::AnswerCache;
use crate::directory::Directory;
use crate::limit::{Limiter, Verdict};
use crate::live::LiveIndicators;
use crate::measure::Measure;
use crate::options::GatewayOptions;
use crate::sources::{ConnectionSource, HealthSource, HistorySource, MetricsSource, VenueSource};

/// What a gateway is made of. [`sources::Nothing`](crate::sources::Nothing) stands for any source that there is not.
#[derive(Debug, Clone)]
pub struct GatewayParts {
    /// Prices, candles, trades, completeness, live channels.
    pub market: Arc<dyn MarketQueries>,
    /// Connections to venues.
    pub connections: Arc<dyn ConnectionSource>,
    /// How services fare.
    pub health: Arc<dyn HealthSource>,
    /// Venues.
    pub venues: Arc<dyn VenueSource>,
    /// The venues' own older candles.
    pub history: Arc<dyn HistorySource>,
    /// Metrics of other parts of the process.
    pub metrics: Arc<dyn MetricsSource>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What an operator can set.
    pub options: GatewayOptions,
}

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) market: Arc<dyn MarketQueries>,
    pub(crate) connections: Arc<dyn ConnectionSource>,
    pub(crate) health: Arc<dyn HealthSource>,
    pub(crate) venues: Arc<dyn VenueSource>,
    pub(crate) history: Arc<dyn HistorySource>,
    pub(crate) metrics: Arc<dyn MetricsSource>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) options: GatewayOptions,
    pub(crate) directory: Directory,
    pub(crate) cache: AnswerCache,
    pub(crate) limiter: Limiter,
    pub(crate) measure: Measure,
    pub(crate) assets: Assets,
    pub(crate) indicators: LiveIndicators,
    /// Settings a endpoint, in the table's order.
    pub(crate) settings: Vec<Setting>,
    /// Said once, when the gateway begins to stop.
    pub(crate) stopping: CancellationToken,
    /// Set just before that is said: what may be read for each request.
    pub(crate) stops: AtomicBool,
    /// Live connections, which outlive their request.
    pub(crate) tasks: TaskTracker,
    start: Instant,
    ids: AtomicU64,
}

/// What is set for an endpoint.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The endpoint's.
    pub(crate) name: &'static str,
    pub(crate) per_minute: u32,
    pub(crate) ttl: Duration,
    /// `"prices";q=120;w=60`
    pub(crate) policy: HeaderValue,
    /// The policy as a header, and the beginning of the next one, as they are sent after another.
    pub(crate) limited: Box<[u8]>,
}

impl Shared {
    /// What requests share from the beginning on. `settings`: one for each endpoint.
    pub(crate) fn new(parts: GatewayParts, settings: Vec<Setting>, measure: Measure) -> Self {
        let GatewayParts {
            market,
            connections,
            health,
            venues,
            history,
            metrics,
            clock,
            options,
        } = parts;
        let seed = clock.now().nanos() as u64;
        Self {
            directory: Directory::new(Arc::clone(&market), options.default_venue.clone()),
            cache: AnswerCache::new(options.cache.bytes),
            limiter: Limiter::new(),
            measure,
            assets: Assets::embedded(),
            indicators: LiveIndicators::default(),
            settings,
            stopping: CancellationToken::new(),
            stops: AtomicBool::new(false),
            tasks: TaskTracker::new(),
            start: Instant::now(),
            ids: AtomicU64::new(seed),
            market,
            connections,
            health,
            venues,
            history,
            metrics,
            clock,
            options,
        }
    }

    /// Takes a token of a client's; `None` where nobody counts. `now`: the time since the gateway began.
    pub(crate) fn limit(&self, client: IpAddr, endpoint: usize, now: Duration) -> Option<Verdict> {
        let limits = &self.options.limits;
        if !limits.enabled || (limits.exempt_loopback && client.is_loopback()) {
            return None;
        }
        let per_minute = self.settings.get(endpoint)?.per_minute;
        Some(self.limiter.take(client, endpoint as u16, per_minute, now))
    }

    /// The time since the gateway began: for ages and limits, which must not jump when the clock is set.
    pub(crate) fn since_start(&self) -> Duration {
        self.start.elapsed()
    }

    /// The instant that is so long after the gateway's beginning.
    pub(crate) fn instant(&self, since_start: Duration) -> Instant {
        self.start + since_start
    }

    /// A number that no other request of this gateway has, and hardly one of another.
    pub(crate) fn next_id(&self) -> u64 {
        // the finalizer of splitmix64: neighbours look nothing alike
        let mut x = self.ids.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}
