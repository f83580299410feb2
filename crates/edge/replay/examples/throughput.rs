//! How many trades a second the venue pushes over one socket: `cargo run --release --example throughput`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use quantflow_replay::{
    GeneratedMarket, GeneratedOptions, Profile, ReplayOptions, ReplayServer, Speed,
};
use quantflow_seams::{Clock, SystemClock};

async fn run(books: bool, streams: &str) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let profile = Profile {
        trades_per_second: 100_000.0,
        ..Profile::new("BTC", "USDT", 64_000.0, 2)
    };
    let market = GeneratedMarket::new(&GeneratedOptions {
        seed: 1,
        venue: "demo".parse().unwrap(),
        profiles: vec![profile],
        begins: clock.now() - Duration::from_hours(1),
        books,
    })
    .unwrap();
    let options = ReplayOptions {
        speed: Speed::Max,
        ..ReplayOptions::default()
    };
    let server = ReplayServer::start(Arc::new(market), options, clock)
        .await
        .unwrap();
    let url = format!("{}/ws/{streams}", server.ws_url());
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let began = Instant::now();
    let (mut messages, mut bytes) = (0_u64, 0_usize);
    while began.elapsed() < Duration::from_secs(5) {
        for _ in 0..1_000 {
            let message = socket.next().await.unwrap().unwrap();
            messages += 1;
            bytes += message.len();
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "books {books}, {streams}: {:.0} messages/s, {:.1} MB/s, {} bytes each",
        messages as f64 / seconds,
        bytes as f64 / seconds / 1e6,
        bytes as u64 / messages
    );
    server.shutdown().await;
}

/// One thread for the venue and the client together, then two.
fn main() {
    for threads in [1, 2] {
        println!("{threads} thread(s), venue and client together");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            tokio::spawn(run(false, "btcusdt@trade")).await.unwrap();
            tokio::spawn(run(true, "btcusdt@trade")).await.unwrap();
            tokio::spawn(run(
                true,
                "btcusdt@trade/btcusdt@bookTicker/btcusdt@depth@100ms",
            ))
            .await
            .unwrap();
        });
    }
}
