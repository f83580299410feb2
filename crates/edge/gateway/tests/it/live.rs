//! Live channels over WebSocket: what is sent.

use futures_util::SinkExt as _;
use quantflow_gateway::{GatewayOptions, LiveOptions};
use quantflow_market::stream::CHANNEL_DEPTH;
use quantflow_model::Timeframe;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Live, Served};
use crate::fake::{candle, options, world, world_with};

const TRADES: &str = "trades|demo:BTC/USDT";

#[tokio::test]
async fn a_channel_begins_with_a_snapshot_and_goes_on_with_updates() {
    let world = world();
    let served = Served::new(&world.gateway).await;
    let mut client = Live::new(&served).await;
    client
        .say(&json!({ "op": "subscribe", "channels": ["candles|demo:BTC/USDT|1m", "prices"] }))
        .await;
    let candles = client.hear().await;
    assert_eq!(
        (&candles["op"], &candles["seq"]),
        (&json!("subscribed"), &json!("1-100-0"))
    );
    assert_eq!(candles["snapshot"][1]["state"], "open");
    let prices = client.hear().await;
    assert_eq!(
        (
            &prices["channel"],
            prices["snapshot"].as_array().unwrap().len()
        ),
        (&json!("prices"), 5)
    );
    let mut view = candle(world.market.now, 0, Timeframe::M1);
    view.candle.close = "61999.99".parse().unwrap();
    world.market.move_candle("demo:BTC/USDT", &view);
    let update = client.hear().await;
    assert_eq!(update["channel"], "candles|demo:BTC/USDT|1m");
    assert_eq!(
        (&update["seq"], &update["data"][0]["close"]),
        (&json!("1-101-0"), &json!("61999.99"))
    );
    assert!(update.get("op").is_none());
    client
        .say(&json!({ "op": "unsubscribe", "channels": ["candles|demo:BTC/USDT|1m"] }))
        .await;
    assert_eq!(client.hear().await["op"], "unsubscribed");
    world.market.move_candle("demo:BTC/USDT", &view);
    client.say(&json!({ "op": "ping" })).await;
    assert_eq!(
        client.hear().await,
        json!({ "op": "pong" }),
        "nothing of a channel that was left"
    );
    served.stopped().await;
}

#[tokio::test]
async fn every_kind_of_channel_is_served_and_any_spelling_is_taken() {
    let world = world();
    let served = Served::new(&world.gateway).await;
    let mut client = Live::new(&served).await;
    for channel in [
        "quotes|demo:BTC/USDT",
        "book|demo:BTC/USDT",
        "trades|demo:btc-usdt",
        "candles|ETHUSDT|1h",
    ] {
        client
            .say(&json!({ "op": "subscribe", "channels": [channel] }))
            .await;
        let said = client.hear().await;
        if channel.contains("ETHUSDT") {
            assert_eq!(
                (&said["op"], &said["code"]),
                (&json!("error"), &json!("INVALID_PARAMETER")),
                "several venues"
            );
        } else {
            assert_eq!(
                (&said["op"], &said["channel"]),
                (&json!("subscribed"), &json!(channel))
            );
        }
    }
    world.market.trade("demo:BTC/USDT", 999_999);
    let update = client.hear().await;
    assert_eq!(
        update["channel"], "trades|demo:btc-usdt",
        "as the client called it"
    );
    assert_eq!(update["data"][0]["symbol"], "demo:BTC/USDT");
    served.stopped().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_and_the_rest_goes_on() {
    let world = world_with(GatewayOptions {
        live: LiveOptions {
            max_channels: 2,
            ..LiveOptions::default()
        },
        ..options()
    });
    let served = Served::new(&world.gateway).await;
    let mut client = Live::new(&served).await;
    for (message, code) in [
        (json!({ "op": "dance" }), "INVALID_PARAMETER"),
        (json!([1]), "MALFORMED_BODY"),
        (
            json!({ "op": "subscribe", "channels": ["candles|demo:BTC/USDT|7m"] }),
            "INVALID_PARAMETER",
        ),
        (
            json!({ "op": "subscribe", "channels": ["alerts"] }),
            "INVALID_PARAMETER",
        ),
        (
            json!({ "op": "subscribe", "channels": ["trades|demo:BCT/USDT"] }),
            "SYMBOL_NOT_FOUND",
        ),
        (
            json!({ "op": "subscribe", "channels": ["indicators|demo:BTC/USDT|1m|rsj(14)"] }),
            "INVALID_PARAMETER",
        ),
        (
            json!({ "op": "resume", "channel": "prices", "seq": "x" }),
            "INVALID_PARAMETER",
        ),
    ] {
        client.say(&message).await;
        let said = client.hear().await;
        assert_eq!(
            (&said["op"], &said["code"]),
            (&json!("error"), &json!(code)),
            "{message}: {said}"
        );
    }
    client.subscribe("prices").await;
    client.subscribe(TRADES).await;
    client.subscribe(TRADES).await; // again: the same channel, a fresh snapshot
    client
        .say(&json!({ "op": "subscribe", "channels": ["quotes|demo:BTC/USDT"] }))
        .await;
    let refused = client.hear().await;
    assert_eq!(
        (&refused["code"], &refused["channel"]),
        (&json!("UNAVAILABLE"), &json!("quotes|demo:BTC/USDT"))
    );
    world.market.trade("demo:BTC/USDT", 999_999);
    assert_eq!(client.hear().await["channel"], TRADES);
    served.stopped().await;
}

#[tokio::test]
async fn a_client_that_comes_back_misses_nothing_or_is_told_to_begin_anew() {
    let world = world();
    let served = Served::new(&world.gateway).await;
    let mut client = Live::new(&served).await;
    client.subscribe(TRADES).await;
    world.market.trade("demo:BTC/USDT", 999_990);
    let last = client.hear().await["seq"].clone();
    drop(client);
    for id in 999_991..=999_995 {
        world.market.trade("demo:BTC/USDT", id);
    }
    let mut client = Live::new(&served).await;
    client
        .say(&json!({ "op": "resume", "channel": TRADES, "seq": last }))
        .await;
    assert_eq!(
        client.hear().await,
        json!({ "op": "resumed", "channel": TRADES, "seq": last })
    );
    world.market.trade("demo:BTC/USDT", 999_996);
    for id in 999_991..=999_996 {
        let update = client.hear().await;
        assert_eq!(update["data"][0]["id"], id.to_string());
    }
    // a place from before the channel's memory
    let mut client = Live::new(&served).await;
    client
        .say(&json!({ "op": "resume", "channel": TRADES, "seq": "1-5-0" }))
        .await;
    let said = client.hear().await;
    assert_eq!(
        (&said["op"], &said["seq"]),
        (&json!("reset"), &json!("1-107-0"))
    );
    assert_eq!(said["snapshot"][0]["id"], "1000000");
    served.stopped().await;
}

#[tokio::test]
async fn a_slow_client_loses_the_oldest_and_is_told_how_many_while_others_lose_nothing() {
    let world = world();
    let served = Served::new(&world.gateway).await;
    let mut slow = Live::new(&served).await;
    slow.subscribe(TRADES).await;
    let mut quick = Live::new(&served).await;
    quick.subscribe(TRADES).await;
    // more than the ring and all buffers of the sockets hold
    let many = CHANNEL_DEPTH as u64 * 60;
    let reading = tokio::spawn(async move {
        for n in 0..many {
            assert_eq!(quick.hear().await["seq"], format!("1-{}-0", 101 + n));
        }
        quick
    });
    for n in 0..many {
        world
            .market
            .trade("demo:BTC/USDT", 999_000 + u128::from(n % 1000));
        // so that the quick one keeps up, as it would at any rate that one core can decode
        if n % 64 == 0 {
            for _ in 0..64 {
                tokio::task::yield_now().await;
            }
        }
    }
    reading.await.unwrap();
    let (mut got, mut lost, mut last) = (0, 0, 100);
    while last < 100 + many {
        let said = slow.hear().await;
        if said["op"] == "dropped" {
            assert_eq!(said["channel"], TRADES);
            lost += said["count"].as_u64().unwrap();
            continue;
        }
        let seq: u64 = said["seq"]
            .as_str()
            .unwrap()
            .split('-')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        assert!(seq > last, "in order");
        last = seq;
        got += 1;
    }
    assert!(lost > 0, "it was not slow enough to lose anything");
    assert_eq!(got + lost, many);
    served.stopped().await;
}

#[tokio::test]
async fn message_pack_says_the_same() {
    let world = world();
    let served = Served::new(&world.gateway).await;
    let mut text = Live::new(&served).await;
    let mut binary = Live::with(&served, "/ws?format=msgpack", &[])
        .await
        .unwrap();
    let ask = json!({ "op": "subscribe", "channels": ["candles|demo:BTC/USDT|1m"] });
    text.say(&ask).await;
    binary
        .0
        .send(Message::binary(rmp_serde::to_vec_named(&ask).unwrap()))
        .await
        .unwrap();
    assert_eq!(text.hear().await, binary.hear().await);
    world
        .market
        .move_candle("demo:BTC/USDT", &candle(world.market.now, 0, Timeframe::M1));
    assert_eq!(text.hear().await, binary.hear().await);
    served.stopped().await;
}

#[tokio::test]
async fn indicators_move_with_their_candles_and_equal_those_of_history() {
    let world = world();
    let served = Served::new(&world.gateway).await;
    let channel = "indicators|demo:BTC/USDT|1m|rsi(14)";
    let mut client = Live::new(&served).await;
    let first = client.subscribe(channel).await;
    let history = crate::client::data(
        &world.gateway,
        "/api/v1/indicators/demo:BTC-USDT?set=rsi(14)&limit=2",
    )
    .await;
    let rows = first["snapshot"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for (row, time) in rows.iter().zip(history["times"].as_array().unwrap()) {
        assert_eq!(row["openTime"], *time);
    }
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(
            row["values"]["rsi(14)"], history["columns"][0]["values"][at],
            "row {at}"
        );
    }
    // the open candle moves, then closes: the value of the close is the last value while open
    let mut view = candle(world.market.now, 0, Timeframe::M1);
    view.candle.close = "61700".parse().unwrap();
    world.market.move_candle("demo:BTC/USDT", &view);
    let moved = client.hear().await;
    assert_ne!(
        moved["data"][0]["values"]["rsi(14)"],
        rows[1]["values"]["rsi(14)"]
    );
    view.candle.state = quantflow_model::CandleState::Closed;
    world.market.move_candle("demo:BTC/USDT", &view);
    let closed = client.hear().await;
    assert_eq!(closed["data"][0]["state"], "closed");
    assert_eq!(closed["data"][0]["values"], moved["data"][0]["values"]);
    // a candle of long ago changes: told are the last ones, made anew from history
    let mut old = candle(world.market.now, 20, Timeframe::M1);
    old.candle.revision = 1;
    old.candle.state = quantflow_model::CandleState::Revised(quantflow_model::RevisionCause::Late);
    world.market.move_candle("demo:BTC/USDT", &old);
    let anew = client.hear().await;
    assert_eq!(
        anew["data"][1]["values"], rows[1]["values"],
        "the history of the fake never changed"
    );
    let closed = anew;
    // a second client joins the same feed, and one that was away goes on
    let mut second = Live::new(&served).await;
    let joined = second.subscribe(channel).await;
    assert_eq!(
        (&joined["seq"], &joined["snapshot"]),
        (&closed["seq"], &closed["data"])
    );
    let mut back = Live::new(&served).await;
    back.say(&json!({ "op": "resume", "channel": channel, "seq": moved["seq"] }))
        .await;
    assert_eq!(back.hear().await["op"], "resumed");
    assert_eq!(back.hear().await["data"][0]["state"], "closed");
    assert_eq!(back.hear().await["seq"], closed["seq"]);
    served.stopped().await;
}
