//! What our own client asks is read back as what it wanted. Bytes of our own after the documents.

use proptest::prelude::*;
use quantflow_model::{Timeframe, TradeId};
use quantflow_venues::coinbase::{SocketRequest, read_socket_request, read_target};
use quantflow_wire::{Channel, Codec, Query};

use super::codec;
use crate::support::{json, recent_trades, venue_symbol};
use crate::venue::{candles, target, ticker, wanted};

#[test]
fn a_request_is_read_back() {
    let codec = codec();
    let symbol = || venue_symbol("BTC-USD");
    let before = |before, limit| Query::TradesBeforeId {
        symbol: symbol(),
        before: TradeId(before),
        limit,
    };
    for query in [
        Query::ServerTime,
        Query::Instruments,
        ticker("BTC-USD"),
        recent_trades("BTC-USD"),
        before(500, 100),
        Query::BestQuote {
            symbol: Some(symbol()),
        },
        Query::Book {
            symbol: symbol(),
            limit: u32::MAX,
        },
        candles("BTC-USD", Timeframe::M1, None, None, 300),
    ] {
        assert_eq!(read_target(&target(&codec, &query)), Ok(query));
    }
    let upward = Query::TradesFromId {
        symbol: symbol(),
        from: TradeId(500),
        limit: 100,
    };
    assert_eq!(read_target(&target(&codec, &upward)), Ok(before(600, 100)));
    let (from, to) = (Some("2024-01-01T00:00:00Z"), Some("2024-01-01T05:00:00Z"));
    let asked = candles("BTC-USD", Timeframe::M1, from, to, 300);
    // the last candle that opens before the end opens at 04:59
    let read = candles(
        "BTC-USD",
        Timeframe::M1,
        from,
        Some("2024-01-01T04:59:00.000000001Z"),
        300,
    );
    assert_eq!(read_target(&target(&codec, &asked)), Ok(read));
}

#[test]
fn what_the_venue_does_not_have_is_refused_in_its_words() {
    let status = |target: &str| read_target(target).unwrap_err().status;
    assert_eq!(status("/orders"), 404);
    assert_eq!(status("/products/BTC-USD/stats"), 404);
    assert_eq!(status("/products/BTC-USD/book?level=3"), 400);
    assert_eq!(status("/products/BTC-USD/candles?granularity=61"), 400);
    let long = "/products/BTC-USD/candles?granularity=60&start=2024-01-01T00%3A00%3A00Z&end=2024-01-01T05%3A00%3A00Z";
    let refusal = read_target(long).unwrap_err();
    assert!(refusal.message.contains("exceeds 300"));
    let body = json(&refusal.body());
    assert_eq!(body["message"], refusal.message);
}

#[test]
fn a_subscription_is_read_back() {
    let codec = codec();
    let stream = |channel| wanted("coinbase", "BTC/USD", "BTC-USD", channel);
    let streams = [Channel::Trades, Channel::Book, Channel::Ticker].map(stream);
    let plans = codec.subscribe(&streams).unwrap();
    let read = read_socket_request(plans[0].messages[0].as_bytes()).unwrap();
    let SocketRequest::Subscribe(read) = read else {
        panic!("{read:?}");
    };
    let expected = streams.map(|s| (s.venue_symbol, s.channel));
    assert_eq!(read.markets, expected);
    assert_eq!(read.heartbeats, [venue_symbol("BTC-USD")]);
    let [off, _] = codec
        .resubscribe(&stream(Channel::Book))
        .try_into()
        .unwrap();
    let SocketRequest::Unsubscribe(off) = read_socket_request(off.as_bytes()).unwrap() else {
        panic!();
    };
    assert_eq!(off.markets, [(venue_symbol("BTC-USD"), Channel::Book)]);
    let older =
        br#"{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channels":["matches"]}"#;
    let SocketRequest::Subscribe(older) = read_socket_request(older).unwrap() else {
        panic!();
    };
    assert_eq!(older.markets.len(), 2);
    let unknown = br#"{"type":"subscribe","product_ids":["X"],"channels":["full"]}"#;
    let refusal = read_socket_request(unknown).unwrap_err();
    let said = crate::venue::message(&codec, &refusal.socket_message()).unwrap();
    assert_eq!(said.len(), 1);
}

proptest! {
    #[test]
    fn any_request_is_survived(target in "[/a-z?&=%0-9A-Z:.-]{0,60}", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = read_target(&target);
        let _ = read_target(&format!("/products/{target}"));
        let _ = read_socket_request(&bytes);
    }
}
