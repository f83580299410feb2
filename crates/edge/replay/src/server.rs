//! [`ReplayServer`]: a market on a socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::Clock;
use tokio::net::TcpListener;

use crate::fault::{Fault, FaultPlan};
use crate::limit::Limits;
use crate::market::Market;
use crate::pace::{Pace, Speed};
use crate::speech::Speech;
use crate::truth::Truth;
use crate::venue::{self, Stage};

/// What happens when a recording ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AtEnd {
    /// The server stays and answers; nothing new is traded.
    #[default]
    Stay,
    /// The server shuts down.
    Close,
}

/// What key single trades by id need.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum KeyRule {
    /// None.
    #[default]
    None,
    /// Any.
    Any,
    /// This one. It is made up: no venue's key belongs here.
    This(String),
}

/// How a market is served.
#[derive(Debug, Clone)]
pub struct ReplayOptions {
    /// Where to listen; port 0 takes a free one. Loopback unless said otherwise.
    pub listen: SocketAddr,
    /// How fast.
    pub speed: Speed,
    /// Where the walk begins; `None`: at a recording's beginning, or the clock's present.
    pub from: Option<Timestamp>,
    /// What happens when a recording ends.
    pub at_end: AtEnd,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// What an address may do.
    pub limits: Limits,
    /// Whether single trades by id are given only to who sends a key, as some hosts have it.
    pub key: KeyRule,
    /// A socket is cut after so long, by the clock; 24 hours at the venue.
    pub connection_lifetime: Duration,
    /// So long before that, the socket is told `serverShutdown`. `None`: not told.
    pub shutdown_notice: Option<Duration>,
    /// Sockets are pinged this often, by the clock,
    pub ping_every: Duration,
    /// and cut when no pong came for so long.
    pub pong_within: Duration,
    /// Deliveries that wait for a slow client before it is cut (or, at full speed, waited for).
    pub client_buffer: usize,
    /// Whether `/__replay/…` is served: state, truth, faults. For tests; open to whoever reaches the port.
    pub admin: bool,
}

impl Default for ReplayOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            speed: Speed::Times(1.0),
            from: None,
            at_end: AtEnd::Stay,
            faults: FaultPlan::none(),
            limits: Limits::default(),
            key: KeyRule::None,
            connection_lifetime: Duration::from_hours(24),
            shutdown_notice: Some(Duration::from_mins(10)),
            ping_every: Duration::from_secs(20),
            pong_within: Duration::from_mins(1),
            client_buffer: 1_024,
            admin: false,
        }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The address cannot be had.
    #[error(
        "cannot listen on {address}: {source}; choose another address or end what listens there"
    )]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is nothing to serve.
    #[error("the market has no symbols")]
    NoSymbols,
}

/// Serves a market in Binance's dialect.
#[derive(Debug)]
pub struct ReplayServer;

impl ReplayServer {
    /// Starts serving; returns once the port is open. Times are the clock's alone.
    ///
    /// The venue answers under `/api/v3/…`, `/ws…` and `/stream…` of one port.
    ///
    /// # Errors
    /// When the address cannot be listened on, or the market has no symbols.
    pub async fn start(
        market: Arc<dyn Market>,
        options: ReplayOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<ReplayHandle, ReplayError> {
        let venue: VenueId = market
            .listings()
            .first()
            .map(|listing| listing.instrument.symbol.venue())
            .ok_or(ReplayError::NoSymbols)?;
        let address = options.listen;
        let refused = |source| ReplayError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let from = options
            .from
            .or(market.plays_from())
            .unwrap_or_else(|| clock.now())
            .max(market.begins());
        let pace = Pace::new(clock, from, options.speed);
        let stage = Arc::new(Stage::new(market, Speech::new(&venue), pace, options));
        let tasks = stage.tasks.clone();
        tasks.spawn(venue::play(Arc::clone(&stage)));
        let router = crate::http::router(Arc::clone(&stage));
        let shutdown = stage.shutdown.clone();
        tasks.spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            let served = axum::serve(listener, service)
                .with_graceful_shutdown(async move { shutdown.cancelled().await })
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "the replay venue's listener failed");
            }
        });
        tasks.close();
        tracing::info!(%address, from = %stage.pace.from, "replay venue listens");
        Ok(ReplayHandle { address, stage })
    }
}

/// A running server. Dropping it asks the server to end; [`ReplayHandle::shutdown`] also waits.
#[derive(Debug)]
pub struct ReplayHandle {
    address: SocketAddr,
    stage: Arc<Stage>,
}

impl ReplayHandle {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of its REST API: `http://127.0.0.1:1234`.
    pub fn rest_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base of its WebSocket API: `ws://127.0.0.1:1234`.
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// What truly happened, whatever faults made of it.
    pub fn truth(&self) -> Truth {
        Truth::new(Arc::clone(&self.stage))
    }

    /// Market time now.
    pub fn market_now(&self) -> Timestamp {
        self.stage.pace.now()
    }

    /// Puts a fault in, its time counted from now.
    pub fn inject(&self, fault: Fault) {
        let now = self.stage.pace.elapsed();
        self.stage.set_plan(|plan| {
            plan.faults.push(Fault {
                at: now + fault.at,
                ..fault
            });
        });
    }

    /// Takes all faults away.
    pub fn heal(&self) {
        self.stage.set_plan(|plan| plan.faults.clear());
    }

    /// Ends the server: no new requests, sockets are closed, tasks are waited for.
    pub async fn shutdown(self) {
        self.stage.shutdown.cancel();
        self.stage.tasks.wait().await;
    }

    /// Returns when the server has ended, by its own doing ([`AtEnd::Close`]) or another's.
    pub async fn ended(&self) {
        self.stage.tasks.wait().await;
    }
}

impl Drop for ReplayHandle {
    fn drop(&mut self) {
        self.stage.shutdown.cancel();
    }
}
