//! Serves the gateway over the tests' market on a loopback port: to look at it, and for tools that test an API from
//! outside (schemathesis, wrk).
//!
//! `cargo run -p quantflow-gateway --example stand_in -- [address] [nolimits]`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a tool for developers"
)]
#![allow(dead_code, reason = "it uses a part of what the tests use")]

#[path = "../tests/it/fake.rs"]
mod fake;

use std::sync::Arc;
use std::time::Duration;

use quantflow_gateway::GatewayOptions;
use quantflow_model::Timeframe;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8099".to_owned());
    let mut options: GatewayOptions = fake::options();
    options.limits.enabled = std::env::args().nth(2).as_deref() != Some("nolimits");
    let world = fake::world_with(options);
    let market = Arc::clone(&world.market);
    tokio::spawn(async move {
        let mut id = 0_u128;
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            id += 1;
            market.trade("demo:BTC/USDT", 900_000 + id);
            market.move_candle("demo:BTC/USDT", &fake::candle(market.now, 0, Timeframe::M1));
        }
    });
    let listener = TcpListener::bind(&address).await.unwrap();
    world
        .gateway
        .serve(listener, std::future::pending())
        .await
        .unwrap();
}
