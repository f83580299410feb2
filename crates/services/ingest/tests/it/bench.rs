//! One venue's ingestion over fakes, on one thread and a clock moved by hand.

use std::sync::Arc;
use std::time::Duration;

use quantflow_budget_memory::MemoryBudget;
use quantflow_ingest::{ConnectionStatus, Engines, IngestConfig, Policy, VenueIngest};
use quantflow_model::{Timestamp, VenueSymbol};
use quantflow_seams::{Budget, Clock};
use quantflow_testkit::clock::ManualClock;
use quantflow_wire::{Failure, FailureKind, Outcome, PartitionId, Response, Subscription};

use crate::fake_codec::FakeCodec;
use crate::fake_feed::{Dial, FakeFeed, Server};
use crate::fake_log::FakeLog;

pub(crate) struct Bench {
    pub(crate) clock: ManualClock,
    pub(crate) feed: Arc<FakeFeed>,
    pub(crate) log: Arc<FakeLog>,
    pub(crate) budget: Arc<MemoryBudget>,
    pub(crate) ingest: VenueIngest,
}

pub(crate) fn start_time() -> Timestamp {
    Timestamp::from_seconds(1_700_000_000)
}

pub(crate) fn status(status: u16, headers: &[(&str, &str)], body: &str) -> Outcome {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    Outcome::Response(Response {
        status,
        headers: headers.collect(),
        body: body.into(),
    })
}

pub(crate) fn ok(body: &str) -> Outcome {
    status(200, &[], body)
}

pub(crate) fn timed_out() -> Outcome {
    Outcome::Failed(Failure {
        kind: FailureKind::Timeout,
        detail: "in 15 s".into(),
    })
}

/// The answers to what is asked at the start; `None` for anything else.
pub(crate) fn greetings(target: &str) -> Option<Outcome> {
    match target {
        "/time" => Some(ok("time 1700000000250")),
        "/instruments" => Some(ok("")),
        _ => None,
    }
}

impl Bench {
    /// One socket, and a venue that answers the first questions.
    pub(crate) async fn new() -> Self {
        Self::with(FakeCodec::new(), 1, Policy::default(), greetings).await
    }

    pub(crate) async fn with(
        codec: FakeCodec,
        sockets: usize,
        policy: Policy,
        answer: impl FnMut(&str) -> Option<Outcome> + Send + 'static,
    ) -> Self {
        Self::over(FakeLog::new(), codec, sockets, policy, answer).await
    }

    pub(crate) async fn over(
        log: Arc<FakeLog>,
        codec: FakeCodec,
        sockets: usize,
        policy: Policy,
        answer: impl FnMut(&str) -> Option<Outcome> + Send + 'static,
    ) -> Self {
        let clock = ManualClock::new(start_time());
        let feed = FakeFeed::new(&clock);
        feed.answer(answer);
        let budget = Arc::new(MemoryBudget::new(Arc::new(clock.clone())));
        let channel = *codec.description.channels.last().unwrap();
        let engines = Engines {
            codec: Arc::new(codec),
            feed: Arc::<FakeFeed>::clone(&feed),
            budget: Arc::<MemoryBudget>::clone(&budget),
            log: Arc::<FakeLog>::clone(&log),
            clock: Arc::new(clock.clone()),
        };
        let subscription = |number: usize| Subscription {
            symbol: format!("fake:A{number}/USD").parse().unwrap(),
            venue_symbol: VenueSymbol::new(&format!("A{number}")).unwrap(),
            channel,
        };
        let config = IngestConfig {
            rest_url: "http://rest.fake".into(),
            ws_url: "ws://ws.fake".into(),
            subscriptions: (0..sockets * 2).map(subscription).collect(),
            partition: PartitionId::new("fake").unwrap(),
            policy,
            seed: 1,
        };
        let ingest = VenueIngest::start(engines, config).await.unwrap();
        let bench = Self {
            clock,
            feed,
            log,
            budget,
            ingest,
        };
        bench.settle().await;
        bench
    }

    /// Lets every task run until it waits.
    pub(crate) async fn settle(&self) {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }

    /// Moves time on, from one sleeper's wake to the next.
    pub(crate) async fn advance(&self, by: Duration) {
        self.settle().await;
        let end = self.clock.now() + by;
        while let Some(wake) = self.clock.next_wake().filter(|wake| *wake <= end) {
            self.clock.set(wake);
            self.settle().await;
        }
        self.clock.set(end);
        self.settle().await;
    }

    /// Moves time on until somebody dials, at the most so long.
    pub(crate) async fn dialled_within(&self, patience: Duration) -> Option<Dial> {
        self.settle().await;
        let end = self.clock.now() + patience;
        loop {
            if let Some(dial) = self.feed.dial() {
                return Some(dial);
            }
            let wake = self.clock.next_wake().filter(|wake| *wake <= end)?;
            self.clock.set(wake);
            self.settle().await;
        }
    }

    /// Accepts the socket that is dialled now.
    pub(crate) async fn accept(&self) -> Server {
        let server = self.feed.dial().expect("a socket is wanted").accept();
        self.settle().await;
        server
    }

    pub(crate) fn connection(&self) -> ConnectionStatus {
        self.ingest.status().connections.remove(0)
    }

    pub(crate) async fn used(&self) -> u32 {
        let venue = self.ingest.venue();
        let usage = self.budget.usage(venue).await;
        usage.iter().find(|u| u.limit == "weight").unwrap().used
    }
}
