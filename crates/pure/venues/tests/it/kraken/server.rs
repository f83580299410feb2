//! What our own client asks is read back as what it wanted. Bytes of our own after the documents.

use proptest::prelude::*;
use quantflow_model::Timeframe;
use quantflow_venues::kraken::{SocketRequest, pong, read_socket_request, read_target, rest_name};
use quantflow_wire::{Channel, Codec, Encoded, Query};

use super::codec;
use crate::support::{book, json, recent_trades, venue_symbol};
use crate::venue::{at, candles, message, target, ticker, wanted};

/// The question about a pair in REST's spelling.
fn named(query: Query) -> Query {
    match query {
        Query::Trades {
            from, to, limit, ..
        } => Query::Trades {
            symbol: venue_symbol("XBTUSD"),
            from,
            to,
            limit,
        },
        other => other,
    }
}

#[test]
fn a_request_is_read_back() {
    let codec = codec();
    assert_eq!(rest_name(&venue_symbol("BTC/USD")), "XBTUSD");
    let from = Some("2024-01-01T00:00:00Z");
    let trades = Query::Trades {
        symbol: venue_symbol("BTC/USD"),
        from: from.map(at),
        to: None,
        limit: 1_000,
    };
    let depth = |symbol| Query::Book {
        symbol: venue_symbol(symbol),
        limit: 500,
    };
    for (asked, read) in [
        (Query::ServerTime, Query::ServerTime),
        (Query::Instruments, Query::Instruments),
        (ticker("BTC/USD"), ticker("XBTUSD")),
        (depth("BTC/USD"), depth("XBTUSD")),
        (recent_trades("BTC/USD"), recent_trades("XBTUSD")),
        (trades.clone(), named(trades)),
        (
            candles("BTC/USD", Timeframe::H4, None, None, 720),
            candles("XBTUSD", Timeframe::H4, None, None, 720),
        ),
        (
            candles("BTC/USD", Timeframe::M1, from, None, 720),
            candles("XBTUSD", Timeframe::M1, from, None, 720),
        ),
    ] {
        assert_eq!(read_target(&target(&codec, &asked)), Ok(read));
    }
    // the answer stands under the name that was asked for
    let events = message(
        &codec,
        br#"{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[{"price":1.5,"qty":2.5}],"asks":[{"price":2.5,"qty":2.5}],"checksum":1}]}"#,
    )
    .unwrap();
    let query = book("XBTUSD");
    let body = codec.encode(&events, &Encoded::Answer(&query)).unwrap();
    assert!(json(&body)["result"]["XBTUSD"]["asks"].is_array());
}

#[test]
fn what_the_venue_does_not_have_is_refused_in_its_words() {
    let words = |target: &str| read_target(target).unwrap_err().0;
    assert_eq!(words("/0/private/Balance"), "EGeneral:Unknown method");
    assert_eq!(words("/0/public/Depth"), "EGeneral:Invalid arguments:pair");
    assert_eq!(
        words("/0/public/OHLC?pair=XBTUSD&interval=7"),
        "EGeneral:Invalid arguments:interval"
    );
}

#[test]
fn a_subscription_is_read_back() {
    let codec = codec();
    let stream = |channel| wanted("kraken", "BTC/USD", "BTC/USD", channel);
    let streams = [
        Channel::Trades,
        Channel::Book,
        Channel::Ticker,
        Channel::Candles(Timeframe::M5),
    ]
    .map(stream);
    let plans = codec.subscribe(&streams).unwrap();
    for (at, (text, wanted)) in plans[0].messages.iter().zip(&streams).enumerate() {
        let SocketRequest::Subscribe(read) = read_socket_request(text.as_bytes()).unwrap() else {
            panic!("{text}");
        };
        assert_eq!(read.channel, wanted.channel);
        assert_eq!(read.pairs, [venue_symbol("BTC/USD")]);
        assert_eq!((read.id, read.snapshot), (Some(at as u64 + 1), true));
        if wanted.channel == Channel::Book {
            assert_eq!(read.depth, 100);
        }
    }
    let ping = plans[0].keep_alive.as_ref().unwrap();
    let read = read_socket_request(ping.message.as_bytes()).unwrap();
    assert_eq!(read, SocketRequest::Ping { id: None });
    assert_eq!(message(&codec, &pong(Some(3))).unwrap().len(), 1);
    let wrong =
        br#"{"method":"subscribe","params":{"channel":"level3","symbol":["BTC/USD"]},"req_id":4}"#;
    let refusal = read_socket_request(wrong).unwrap_err();
    let said = json(&refusal.socket_message(Some(4)));
    assert_eq!(
        (&said["success"], &said["req_id"]),
        (&false.into(), &4.into())
    );
}

proptest! {
    #[test]
    fn any_request_is_survived(target in "[/a-zA-Z?&=%0-9.-]{0,60}", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = read_target(&target);
        let _ = read_target(&format!("/0/public/{target}"));
        let _ = read_socket_request(&bytes);
    }
}
