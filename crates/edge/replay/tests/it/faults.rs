//! Each fault is seen by a client, and changes nothing of the truth.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use quantflow_replay::{FaultPlan, ReplayOptions};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Bench, bench, demo, symbol};

async fn faulty(faults: &[&str]) -> Bench {
    let options = ReplayOptions {
        faults: FaultPlan {
            faults: faults.iter().map(|fault| fault.parse().unwrap()).collect(),
            seed: 9,
        },
        ..ReplayOptions::default()
    };
    bench(demo(3), options).await
}

/// What a trade stream says in so many seconds of market: each message as text, rubbish as `None`.
async fn hear(bench: &Bench, seconds: u64) -> Vec<Option<Value>> {
    let mut socket = bench.socket("/ws/btcusdt@trade").await;
    let until = bench.server.market_now() + Duration::from_secs(seconds);
    let mut heard = Vec::new();
    let mut take = |message: Option<Result<Message, _>>| match message {
        Some(Ok(Message::Text(text))) => heard.push(serde_json::from_str(&text).ok()),
        Some(Ok(Message::Binary(_))) => heard.push(None),
        Some(Ok(_)) => {}
        other => panic!("the socket ended: {other:?}"),
    };
    while bench.server.market_now() < until {
        tokio::select! {
            biased;
            message = socket.stream.next() => take(message),
            () = bench.advance(Duration::from_millis(10)) => {}
        }
    }
    while (heard.len() as u64) < bench.server.truth().counts().messages {
        match socket.stream.next().await {
            Some(Ok(Message::Text(text))) => heard.push(serde_json::from_str(&text).ok()),
            Some(Ok(Message::Binary(_))) => heard.push(None),
            Some(Ok(_)) => {}
            other => panic!("the socket ended: {other:?}"),
        }
    }
    heard
}

fn ids(heard: &[Option<Value>]) -> Vec<u64> {
    let messages = heard.iter().flatten();
    messages.map(|m| m["t"].as_u64().unwrap()).collect()
}

fn happened(bench: &Bench) -> Vec<u64> {
    let truth = bench.server.truth();
    let began = quantflow_model::TimeRange::new(truth.began(), quantflow_model::Timestamp::MAX);
    let trades = truth.trades_in(&symbol("demo:BTC/USDT"), began);
    trades.iter().map(|trade| trade.id.0 as u64).collect()
}

#[tokio::test]
async fn messages_are_dropped() {
    let bench = faulty(&["drop:0.2"]).await;
    let heard = ids(&hear(&bench, 20).await);
    let truth = happened(&bench);
    assert!(
        truth.windows(2).all(|w| w[0] + 1 == w[1]),
        "the truth is whole"
    );
    let dropped = bench.server.truth().counts().dropped;
    assert_eq!(heard.len() as u64 + dropped, truth.len() as u64);
    assert!(dropped > 5);
    assert!(heard.is_sorted());
}

#[tokio::test]
async fn messages_are_duplicated_and_the_rest_is_whole() {
    let bench = faulty(&["duplicate:0.2"]).await;
    let mut heard = ids(&hear(&bench, 20).await);
    let duplicated = bench.server.truth().counts().duplicated as usize;
    assert!(duplicated > 5);
    let all = heard.len();
    heard.dedup();
    assert_eq!(all - heard.len(), duplicated);
    assert_eq!(heard, happened(&bench));
}

#[tokio::test]
async fn messages_are_reordered_or_late_and_none_is_lost() {
    for fault in ["reorder:0.2@0s+15s", "delay:700ms:0.2@0s+15s"] {
        let bench = faulty(&[fault]).await;
        let heard = ids(&hear(&bench, 20).await);
        assert!(!heard.is_sorted(), "{fault}");
        let heard: BTreeSet<u64> = heard.into_iter().collect();
        assert_eq!(heard, happened(&bench).into_iter().collect(), "{fault}");
    }
}

#[tokio::test]
async fn messages_are_garbage() {
    let bench = faulty(&["garbage:0.2"]).await;
    let heard = hear(&bench, 20).await;
    let sound = |message: &Value| {
        message["t"].is_u64()
            && message["s"] == "BTCUSDT"
            && message["p"].as_str().is_some_and(|p| !p.starts_with('-'))
    };
    let broken = heard
        .iter()
        .filter(|m| !m.as_ref().is_some_and(sound))
        .count() as u64;
    assert_eq!(broken, bench.server.truth().counts().garbled);
    assert!(broken > 5);
}

#[tokio::test]
async fn sockets_are_cut_and_refused_while_it_lasts() {
    let bench = faulty(&["cut@10s+5s", "cut@30s"]).await;
    let begin = bench.server.market_now();
    let since = |bench: &Bench| bench.server.market_now().since(begin) / 1_000_000_000;
    let mut socket = bench.socket("/ws/btcusdt@trade").await;
    let end = async {
        while let Some(Ok(message)) = socket.stream.next().await {
            assert!(!message.is_close(), "a cut has no goodbye");
        }
    };
    bench.until(end).await;
    assert_eq!(since(&bench), 10);
    assert!(bench.try_socket("/ws/btcusdt@trade").await.is_err());
    bench.advance(Duration::from_secs(5)).await;
    let mut socket = bench.socket("/ws/btcusdt@trade").await;
    bench
        .until(async { while socket.text().await.is_some() {} })
        .await;
    assert_eq!(since(&bench), 30);
    bench.socket("/ws/btcusdt@trade").await;
    let counts = bench.server.truth().counts();
    assert_eq!((counts.cuts, counts.refused_connections), (2, 1));
}

#[tokio::test]
async fn a_socket_is_silent_with_and_without_pongs() {
    let bench = faulty(&["silent@2s+10s", "silent-deaf@20s+10s"]).await;
    let mut socket = bench.socket("/ws/btcusdt@depth@100ms").await;
    let at = |seconds: u64| bench.server.truth().began() + Duration::from_secs(seconds);
    for (from, to, messages, pong) in [
        (0, 2, true, true),
        (3, 11, false, true),
        (13, 19, true, true),
        (21, 29, false, false),
        (31, 35, true, true),
    ] {
        let (from, to) = (at(from), at(to));
        let mut heard = 0;
        let mut ponged = false;
        let mut pinged = false;
        loop {
            tokio::select! {
                biased;
                message = socket.stream.next() => match message.unwrap().unwrap() {
                    Message::Text(_) if bench.server.market_now() > from => heard += 1,
                    Message::Pong(_) => ponged = true,
                    _ => {}
                },
                () = bench.advance(Duration::from_millis(10)) => {
                    if bench.server.market_now() > to {
                        break;
                    }
                    if bench.server.market_now() > from && !pinged {
                        pinged = true;
                        heard = 0;
                        socket.stream.send(Message::Ping("x".into())).await.unwrap();
                    }
                }
            }
        }
        assert_eq!(heard > 5, messages, "{from} to {to}: {heard}");
        // a pong that waited for the ears to open again does not count
        if !pong {
            assert!(!ponged, "{from} to {to}");
        } else if messages || to < at(15) {
            assert!(ponged, "{from} to {to}");
        }
    }
}

#[tokio::test]
async fn answers_are_spoiled_in_each_way() {
    let bench = faulty(&[
        "429:2s@0s+1s",
        "503@10s+1s",
        "truncate@20s+1s",
        "length@30s+1s",
        "garbage@40s+1s",
        "skew:-2s@50s+1s",
        "418:5s@60s+1s",
    ])
    .await;
    let target = "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=50";
    let limited = bench.get(target).await;
    assert_eq!(limited.status, 429);
    assert_eq!(limited.headers["retry-after"], "2");
    bench.advance(Duration::from_millis(1_500)).await;
    assert_eq!(
        bench.get(target).await.status,
        429,
        "two seconds are not over"
    );
    bench.advance(Duration::from_millis(8_500)).await;
    assert_eq!(bench.get(target).await.status, 503);
    bench.advance(Duration::from_secs(1)).await;
    let sound = bench.get(target).await;
    assert_eq!(
        (sound.status, sound.json.as_array().unwrap().len()),
        (200, 50)
    );
    bench.advance(Duration::from_secs(9)).await;
    assert!(bench.try_get(target).await.is_err(), "cut in the middle");
    bench.advance(Duration::from_secs(10)).await;
    assert!(
        bench.try_get(target).await.is_err(),
        "more was promised than came"
    );
    bench.advance(Duration::from_secs(10)).await;
    let garbage = bench.get(target).await;
    assert_eq!(garbage.status, 200);
    assert!(garbage.json.is_null() || garbage.json != sound.json);
    bench.advance(Duration::from_secs(10)).await;
    let wrong = bench.get("/api/v3/time").await.json["serverTime"]
        .as_i64()
        .unwrap();
    assert_eq!(bench.server.market_now().millis() - wrong, 2_000);
    bench.advance(Duration::from_secs(10)).await;
    let banned = bench.get(target).await;
    assert_eq!(banned.status, 418);
    assert_eq!(banned.headers["retry-after"], "5");
    let counts = bench.server.truth().counts();
    assert_eq!(
        (counts.limited, counts.banned, counts.fault_answers),
        (2, 1, 6)
    );
}

#[tokio::test]
async fn who_ignores_a_faults_429_is_banned_as_ever() {
    let bench = faulty(&["429:30s@0s+1s"]).await;
    for _ in 0..4 {
        assert_eq!(bench.get("/api/v3/ping").await.status, 429);
    }
    assert_eq!(bench.get("/api/v3/ping").await.status, 418);
    assert_eq!(bench.server.truth().counts().banned, 1);
}

#[tokio::test]
async fn answers_are_slow_by_the_clock() {
    let bench = faulty(&["slow:3s"]).await;
    let start = bench.clock_now();
    let answer = bench.until(bench.get("/api/v3/ping")).await;
    assert_eq!(answer.status, 200);
    let took = bench.clock_now().since(start) / 1_000_000;
    assert!((3_000..3_500).contains(&took), "{took} ms");
}

#[tokio::test]
async fn faults_are_put_in_and_taken_away_as_it_runs() {
    let bench = faulty(&[]).await;
    assert_eq!(bench.get("/api/v3/ping").await.json, json!({}));
    bench.server.inject("500@1s".parse().unwrap());
    assert_eq!(bench.get("/api/v3/ping").await.status, 200);
    bench.advance(Duration::from_secs(1)).await;
    assert_eq!(bench.get("/api/v3/ping").await.status, 500);
    bench.server.heal();
    assert_eq!(bench.get("/api/v3/ping").await.status, 200);
}
