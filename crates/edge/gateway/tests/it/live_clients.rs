//! Clients of live channels: who gets in, who is cut off, how it ends; server-sent events.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use quantflow_gateway::{GatewayOptions, LiveOptions};
use quantflow_model::Timeframe;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::{Live, Served};
use crate::fake::{candle, options, world, world_with};

#[tokio::test]
async fn pages_of_other_sites_get_no_socket() {
    let world = world();
    let served = Served::new(&world.gateway).await;
    let own = format!("http://{}", served.address);
    assert!(
        Live::with(&served, "/ws", &[("origin", &own)])
            .await
            .is_ok()
    );
    for origin in ["https://evil.example", "null"] {
        let refused = Live::with(&served, "/ws", &[("origin", origin)])
            .await
            .err()
            .unwrap();
        let Error::Http(response) = refused else {
            panic!("another error: {refused}")
        };
        assert_eq!(response.status(), 403);
    }
    let refused = Live::with(&served, "/ws", &[("host", "evil.example")]).await;
    assert!(refused.is_err());
    served.stopped().await;
}

#[tokio::test]
async fn too_many_clients_and_messages_that_are_too_long_are_refused() {
    let world = world_with(GatewayOptions {
        live: LiveOptions {
            max_clients: 1,
            max_message: 1000,
            ..LiveOptions::default()
        },
        ..options()
    });
    let served = Served::new(&world.gateway).await;
    let mut client = Live::new(&served).await;
    client.subscribe("prices").await;
    let Err(Error::Http(response)) = Live::with(&served, "/ws", &[]).await else {
        panic!("a second place")
    };
    assert_eq!(response.status(), 503);
    let body: Value = serde_json::from_slice(response.body().as_ref().unwrap()).unwrap();
    assert_eq!(body["error"]["code"], "UNAVAILABLE");
    client
        .0
        .send(Message::text("x".repeat(2000)))
        .await
        .unwrap();
    match client.0.next().await.unwrap() {
        Ok(Message::Close(Some(frame))) => assert_eq!(u16::from(frame.code), 1009),
        other => panic!("not closed: {other:?}"),
    }
    served.stopped().await;
}

#[tokio::test]
async fn a_client_that_says_nothing_is_pinged_then_cut() {
    let world = world_with(GatewayOptions {
        live: LiveOptions {
            ping_after: Duration::from_millis(40),
            idle_after: Duration::from_millis(400),
            ..LiveOptions::default()
        },
        ..options()
    });
    let served = Served::new(&world.gateway).await;
    // one that answers pings stays
    let mut alive = Live::new(&served).await;
    let staying = tokio::spawn(async move {
        let mut pings = 0;
        while pings < 15 {
            match alive.0.next().await.unwrap().unwrap() {
                Message::Ping(_) => pings += 1,
                other => panic!("cut: {other:?}"),
            }
        }
    });
    // one that does not even answer is cut: a raw socket that never sends a frame
    let mut dead = TcpStream::connect(served.address).await.unwrap();
    dead.write_all(
        b"GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )
    .await
    .unwrap();
    let mut all = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut dead, &mut all)
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&all);
    assert!(
        text.to_lowercase()
            .contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
        "{text}"
    );
    staying.await.unwrap();
    served.stopped().await;
}

#[tokio::test]
async fn clients_are_told_when_the_gateway_stops() {
    let world = world();
    let mut served = Served::new(&world.gateway).await;
    let mut client = Live::new(&served).await;
    client.subscribe("prices").await;
    served.stop();
    match client.0.next().await.unwrap().unwrap() {
        Message::Close(Some(frame)) => assert_eq!(u16::from(frame.code), 1001),
        other => panic!("not closed: {other:?}"),
    }
    served.stopped().await;
}

async fn events(served: &Served, target: &str, more: &str) -> BufReader<TcpStream> {
    let mut socket = TcpStream::connect(served.address).await.unwrap();
    let request = format!("GET {target} HTTP/1.0\r\nhost: localhost\r\n{more}\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut reader = BufReader::new(socket);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).await.unwrap();
        if line.starts_with("content-type") {
            assert_eq!(line.trim(), "content-type: text/event-stream");
        }
    }
    reader
}

/// The next event's id and data.
async fn event(reader: &mut BufReader<TcpStream>) -> (String, Value) {
    let mut id = String::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await.unwrap();
        if let Some(text) = line.strip_prefix("id: ") {
            id = text.trim().to_owned();
        }
        if let Some(data) = line.strip_prefix("data: ") {
            return (id, serde_json::from_str(data).unwrap());
        }
    }
}

#[tokio::test]
async fn events_carry_the_same_and_go_on_after_a_cut() {
    let world = world();
    let served = Served::new(&world.gateway).await;
    let target = "/stream?channels=trades%7Cdemo:BTC/USDT,candles%7Cdemo:BTC/USDT%7C1m";
    let mut stream = events(&served, target, "").await;
    assert_eq!(event(&mut stream).await.1["op"], "subscribed");
    assert_eq!(event(&mut stream).await.1["snapshot"][1]["state"], "open");
    world.market.trade("demo:BTC/USDT", 999_990);
    let (id, update) = event(&mut stream).await;
    assert_eq!(
        (id.as_str(), &update["data"][0]["id"]),
        ("1-101-0,1-100-0", &json!("999990"))
    );
    world
        .market
        .move_candle("demo:BTC/USDT", &candle(world.market.now, 0, Timeframe::M1));
    let (id, _) = event(&mut stream).await;
    assert_eq!(id, "1-101-0,1-102-0");
    drop(stream);
    world.market.trade("demo:BTC/USDT", 999_991);
    let mut stream = events(&served, target, &format!("last-event-id: {id}\r\n")).await;
    assert_eq!(event(&mut stream).await.1["op"], "resumed");
    assert_eq!(event(&mut stream).await.1["data"][0]["id"], "999991");
    assert_eq!(event(&mut stream).await.1["op"], "resumed");
    served.stopped().await;
}
