//! F-03: from a venue's socket to a client of `/ws`, at 10,000 trades a second.
//!
//! A venue that speaks Binance's trade stream sends each trade as a message of its own; ingestion
//! takes it in, the log, the pipeline, the live channels and the gateway hand it on, and a client
//! that follows `trades|…` notes when its update came (before it reads it). All of it is one
//! process, wired as the binary wires it; venue and client have a thread of their own each. The
//! time runs from just before the venue's write to the client's read, so it holds both sockets.
//!
//! In the same run, with the same threads: a ping-pong of 64 bytes over loopback (there and back),
//! and the same venue straight to the same client, which is what the house adds to.
//!
//! `cargo bench -p quantflow-benches --bench latency`; `-- RATE SECONDS` for other ones.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use quantflow_benches::cost::{Watch, load, percentile};
use quantflow_benches::frames::{names, venue};
use quantflow_benches::house::{House, codec, partition};
use quantflow_budget_memory::MemoryBudget;
use quantflow_gateway::sources::Nothing;
use quantflow_gateway::{Gateway, GatewayOptions, GatewayParts};
use quantflow_ingest::{Engines, IngestConfig, Policy, VenueIngest};
use quantflow_seams::{Clock as _, EventLog as _, SystemClock};
use quantflow_transport::{Settings, Transport};
use quantflow_wire::{Channel, Subscription};
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket, stream::MaybeTlsStream};

/// As the server has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Milliseconds at the 99th percentile.
const AIM: f64 = 1.0;
/// The first seconds do not count: connections are made, memory is touched.
const WARM_UP: u64 = 2;

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let (rate, seconds) = match numbers[..] {
        [rate, seconds] => (rate, seconds),
        _ => (10_000, 10),
    };
    println!("F-03: socket to /ws client at {rate} trades/s; aim p99 {AIM} ms");
    ping_pong();
    for _ in 0..3 {
        straight(rate, seconds);
        through_the_house(rate, seconds);
    }
    ping_pong();
}

fn tell(what: &str, mut waits: Vec<u64>, note: &str) {
    waits.sort_unstable();
    let at = |share| percentile(&waits, share) as f64 / 1e6;
    println!(
        "F-03 {what}: p50 {:.3} ms, p99 {:.3} ms, p99.9 {:.3} ms of {}{note}; load {}",
        at(0.5),
        at(0.99),
        at(0.999),
        waits.len(),
        load()
    );
}

/// 64 bytes there and back over loopback, by two threads.
fn ping_pong() {
    const TURNS: usize = 20_000;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let echo = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.set_nodelay(true).unwrap();
        let mut bytes = [0; 64];
        while socket.read_exact(&mut bytes).is_ok() {
            socket.write_all(&bytes).unwrap();
        }
    });
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_nodelay(true).unwrap();
    let mut bytes = [7; 64];
    let waits = (0..TURNS).map(|_| {
        let start = Instant::now();
        socket.write_all(&bytes).unwrap();
        socket.read_exact(&mut bytes).unwrap();
        start.elapsed().as_nanos() as u64
    });
    let waits: Vec<u64> = waits.collect();
    drop(socket);
    echo.join().unwrap();
    tell("beside: loopback ping-pong", waits, "");
}

/// The venue: when each trade was sent, by number, in nanoseconds since `start`.
struct Venue {
    address: SocketAddr,
    sent: Arc<[AtomicU64]>,
    go: Arc<AtomicBool>,
    start: Instant,
    thread: JoinHandle<()>,
}

const FIRST_ID: u64 = 3_000_000_000;

impl Venue {
    /// Sends `total` trades at a rate to the first client, from when it is told to.
    fn open(rate: u64, total: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let sent: Arc<[AtomicU64]> = (0..total).map(|_| AtomicU64::new(0)).collect();
        let go = Arc::new(AtomicBool::new(false));
        let start = Instant::now();
        let thread = std::thread::spawn({
            let (sent, go) = (Arc::clone(&sent), Arc::clone(&go));
            move || send_all(&listener, &sent, &go, start, rate)
        });
        Self {
            address,
            sent,
            go,
            start,
            thread,
        }
    }
}

fn send_all(
    listener: &TcpListener,
    sent: &[AtomicU64],
    go: &AtomicBool,
    start: Instant,
    rate: u64,
) {
    let (socket, _) = listener.accept().unwrap();
    socket.set_nodelay(true).unwrap();
    let mut socket = tungstenite::accept(socket).unwrap();
    while !go.load(Ordering::Acquire) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let began = Instant::now();
    for (number, at) in (0_u64..).zip(sent) {
        let due = began + Duration::from_nanos(number * 1_000_000_000 / rate);
        let now = Instant::now();
        if due > now {
            std::thread::sleep(due - now);
        }
        let millis = SystemClock.now().millis();
        let frame = format!(
            r#"{{"stream":"s000usdt@trade","data":{{"e":"trade","E":{millis},"s":"S000USDT","t":{},"p":"61837.{:02}000000","q":"0.02000000","T":{millis},"m":true,"M":true}}}}"#,
            FIRST_ID + number,
            number % 100
        );
        at.store(start.elapsed().as_nanos() as u64, Ordering::Release);
        socket.send(Message::text(frame)).unwrap();
    }
    // until the other side has had enough
    while socket.read().is_ok() {}
}

type Client = WebSocket<MaybeTlsStream<TcpStream>>;

fn connect(url: &str) -> Client {
    let (client, _) = tungstenite::connect(url).unwrap();
    if let MaybeTlsStream::Plain(socket) = client.get_ref() {
        socket.set_nodelay(true).unwrap();
    }
    client
}

/// How long each trade was on its way, those of the warm-up apart.
fn listen(
    client: &mut Client,
    venue: &Venue,
    warm_up: u64,
    mut ids: impl FnMut(&str) -> Vec<u64>,
) -> Vec<u64> {
    let total = venue.sent.len() as u64;
    let mut waits = Vec::with_capacity(total as usize);
    loop {
        let message = client.read().unwrap();
        let now = venue.start.elapsed().as_nanos() as u64;
        let Message::Text(text) = message else {
            continue;
        };
        for id in ids(text.as_str()) {
            let number = id - FIRST_ID;
            if number >= warm_up {
                waits.push(now - venue.sent[number as usize].load(Ordering::Acquire));
            }
            if number + 1 == total {
                return waits;
            }
        }
    }
}

/// The venue's own messages.
fn straight(rate: u64, seconds: u64) {
    #[derive(Deserialize)]
    struct Frame {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        t: u64,
    }
    let venue = Venue::open(rate, rate * (WARM_UP + seconds));
    let mut client = connect(&format!("ws://{}/stream", venue.address));
    venue.go.store(true, Ordering::Release);
    let waits = listen(&mut client, &venue, rate * WARM_UP, |text| {
        vec![serde_json::from_str::<Frame>(text).unwrap().data.t]
    });
    drop(client);
    venue.thread.join().unwrap();
    tell("beside: venue straight to client", waits, "");
}

fn through_the_house(rate: u64, seconds: u64) {
    #[derive(Deserialize)]
    struct Update {
        #[serde(default)]
        data: Vec<Trade>,
    }
    #[derive(Deserialize)]
    struct Trade {
        id: String,
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let total = rate * (WARM_UP + seconds);
    let source = Venue::open(rate, total);
    let served = runtime.block_on(Served::start(source.address));
    let mut client = connect(&format!("ws://{}/ws", served.address));
    let channel = format!("trades|{}", names(1)[0].0);
    let subscribe = serde_json::json!({ "op": "subscribe", "channels": [channel] });
    client.send(Message::text(subscribe.to_string())).unwrap();
    // its snapshot: from here on every trade comes as an update
    while !client
        .read()
        .unwrap()
        .to_text()
        .unwrap()
        .contains("subscribed")
    {}
    let watch = Watch::start();
    source.go.store(true, Ordering::Release);
    let (mut updates, mut trades) = (0_u64, 0_u64);
    let waits = listen(&mut client, &source, rate * WARM_UP, |text| {
        let update: Update = serde_json::from_str(text).unwrap();
        updates += 1;
        trades += update.data.len() as u64;
        update.data.iter().map(|t| t.id.parse().unwrap()).collect()
    });
    let cost = watch.stop();
    assert_eq!(trades, total, "every trade reaches the client");
    let note = format!(
        ", {:.1} trades an update, {:.0} % of a core for venue, house and client",
        trades as f64 / updates as f64,
        cost.cpu.as_secs_f64() / cost.wall.as_secs_f64() * 100.0
    );
    drop(client);
    runtime.block_on(served.stop());
    source.thread.join().unwrap();
    tell("through the house", waits, &note);
}

/// The house with its two doors.
struct Served {
    house: House,
    ingest: VenueIngest,
    address: SocketAddr,
    close: oneshot::Sender<()>,
    gateway: tokio::task::JoinHandle<()>,
}

impl Served {
    async fn start(venue_address: SocketAddr) -> Self {
        let house = House::open().await;
        let (symbol, venue_symbol) = names(1).remove(0);
        let engines = Engines {
            codec: codec(),
            feed: Arc::new(Transport::new(Settings::default()).unwrap()),
            budget: Arc::new(MemoryBudget::new(Arc::clone(&house.clock))),
            log: Arc::clone(&house.log) as _,
            clock: Arc::clone(&house.clock),
        };
        let config = IngestConfig {
            // nobody answers there: instruments are asked for in vain, beside the trades
            rest_url: "http://127.0.0.1:9".into(),
            ws_url: format!("ws://{venue_address}").as_str().into(),
            subscriptions: vec![Subscription {
                symbol,
                venue_symbol,
                channel: Channel::Trades,
            }],
            partition: partition(),
            policy: Policy::default(),
            seed: 1,
        };
        let ingest = VenueIngest::start(engines, config).await.unwrap();
        let gateway = Gateway::new(GatewayParts {
            market: Arc::clone(&house.market) as _,
            connections: Arc::new(Nothing),
            health: Arc::new(Nothing),
            venues: Arc::new(Nothing),
            history: Arc::new(Nothing),
            metrics: Arc::new(Nothing),
            clock: Arc::clone(&house.clock),
            options: GatewayOptions {
                default_venue: Some(venue()),
                ..GatewayOptions::default()
            },
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (close, closed) = oneshot::channel::<()>();
        let gateway = tokio::spawn(async move {
            let closed = async {
                // dropped without a word: the bench is over
                let _ = closed.await;
            };
            gateway.serve(listener, closed).await.unwrap();
        });
        // the channel is known once the venue's socket is open and its subscription recorded
        while house.log.end(&partition()).offset < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        house.log.applied(house.log.end(&partition())).await;
        Self {
            house,
            ingest,
            address,
            close,
            gateway,
        }
    }

    async fn stop(mut self) {
        self.ingest.shutdown().await;
        self.house.commit().await;
        // an error means that the gateway has ended already
        let _ = self.close.send(());
        self.gateway.await.unwrap();
    }
}
