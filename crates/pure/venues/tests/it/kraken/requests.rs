//! What is asked of Kraken, to the letter. Bytes of our own after the venue's documents.

use std::time::Duration;

use quantflow_model::Timeframe;
use quantflow_wire::{Channel, Codec, Query, RequestError, Response};

use super::codec;
use crate::support::{json, recent_trades, venue_symbol};
use crate::venue::{at, candles, target, ticker, wanted};

fn trades(from: Option<&str>, to: Option<&str>) -> Query {
    Query::Trades {
        symbol: venue_symbol("BTC/USD"),
        from: from.map(at),
        to: to.map(at),
        limit: 1_000,
    }
}

#[test]
fn every_question_has_its_target() {
    let codec = codec();
    let depth = |limit| Query::Book {
        symbol: venue_symbol("DOGE/BTC"),
        limit,
    };
    let quote = Query::BestQuote {
        symbol: Some(venue_symbol("ETH/EUR")),
    };
    let from = Some("2024-01-01T00:00:00Z");
    for (query, expected) in [
        (Query::ServerTime, "/0/public/Time"),
        (Query::Instruments, "/0/public/AssetPairs"),
        (ticker("BTC/USD"), "/0/public/Ticker?pair=XBTUSD"),
        (quote, "/0/public/Ticker?pair=ETHEUR"),
        (depth(500), "/0/public/Depth?pair=XDGXBT&count=500"),
        (
            recent_trades("BTC/USD"),
            "/0/public/Trades?pair=XBTUSD&count=1000",
        ),
        (
            trades(from, None),
            "/0/public/Trades?pair=XBTUSD&since=1704067199999999999&count=1000",
        ),
        (
            trades(None, None),
            "/0/public/Trades?pair=XBTUSD&count=1000",
        ),
        (
            candles("BTC/USD", Timeframe::H4, None, None, 720),
            "/0/public/OHLC?pair=XBTUSD&interval=240",
        ),
        (
            candles("BTC/USD", Timeframe::M1, from, None, 100),
            "/0/public/OHLC?pair=XBTUSD&interval=1&since=1704067199",
        ),
        (
            candles("BTC/USD", Timeframe::M1, None, from, 2),
            "/0/public/OHLC?pair=XBTUSD&interval=1&since=1704067079",
        ),
    ] {
        assert_eq!(target(&codec, &query), expected, "{query:?}");
    }
}

#[test]
fn what_the_venue_does_not_allow_is_refused() {
    let codec = codec();
    let out = |query: &Query| {
        let error = codec.request(query).unwrap_err();
        matches!(error, RequestError::OutOfRange { .. })
    };
    let time = Some("2024-01-01T00:00:00Z");
    assert!(out(&candles("BTC/USD", Timeframe::M1, None, None, 721)));
    assert!(out(&trades(time, time)));
    assert!(out(&trades(None, time)), "trades are given from a time on");
    for query in [
        candles("BTC/USD", Timeframe::W1, None, None, 10),
        Query::Ticker { symbol: None },
        Query::TradesFromId {
            symbol: venue_symbol("BTC/USD"),
            from: quantflow_model::TradeId(1),
            limit: 10,
        },
    ] {
        let error = codec.request(&query).unwrap_err();
        assert!(
            matches!(error, RequestError::NotOffered { .. }),
            "{query:?}"
        );
    }
}

#[test]
fn a_full_page_of_trades_has_a_next_one() {
    let codec = codec();
    let row = |time: &str| format!(r#"["1","1",{time},"b","m","",7]"#);
    let body = |count: usize, time: &str| {
        let rows = vec![row(time); count].join(",");
        format!(r#"{{"error":[],"result":{{"XXBTZUSD":[{rows}],"last":"1"}}}}"#)
    };
    let query = trades(Some("2024-01-01T00:00:00Z"), Some("2024-01-02T00:00:00Z"));
    let next = |count, time| codec.next_page(&query, body(count, time).as_bytes());
    let expected = trades(Some("2024-01-01T00:00:01.5Z"), Some("2024-01-02T00:00:00Z"));
    assert_eq!(next(1_000, "1704067201.5"), Some(expected));
    assert_eq!(next(999, "1704067201.5"), None, "no more there");
    assert_eq!(next(1_000, "1704153600"), None, "past the span");
    assert_eq!(next(1_000, "1704067200"), None, "it would never go on");
    assert_eq!(codec.next_page(&query, b"{"), None);
}

/// The venue ends no span, and the tail of its answer was not asked for.
#[test]
fn only_the_span_that_was_asked_for_is_given() {
    let row = |time: &str, id: u32| format!(r#"["1","1",{time},"b","m","",{id}]"#);
    let rows = [
        row("1704067200", 1),
        row("1704153599.999999999", 2),
        row("1704153600", 3),
    ];
    let body = format!(
        r#"{{"error":[],"result":{{"XXBTZUSD":[{}],"last":"1"}}}}"#,
        rows.join(",")
    );
    let count = |query: &Query| {
        crate::venue::answer(&codec(), query, body.as_bytes())
            .unwrap()
            .len()
    };
    let (from, to) = (Some("2024-01-01T00:00:00Z"), Some("2024-01-02T00:00:00Z"));
    assert_eq!(count(&trades(from, to)), 2);
    assert_eq!(count(&trades(None, None)), 3);
    assert_eq!(count(&recent_trades("BTC/USD")), 3);
}

#[test]
fn each_channel_is_subscribed_with_its_pairs() {
    let codec = codec();
    let stream = |theirs: &str, channel| wanted("kraken", "BTC/USD", theirs, channel);
    let streams = [
        stream("BTC/USD", Channel::Trades),
        stream("ETH/USD", Channel::Trades),
        stream("BTC/USD", Channel::Book),
        stream("BTC/USD", Channel::Quotes),
        stream("BTC/USD", Channel::Ticker),
        stream("BTC/USD", Channel::Candles(Timeframe::M5)),
    ];
    let plans = codec.subscribe(&streams).unwrap();
    assert_eq!((plans.len(), plans[0].target.as_str()), (1, "/v2"));
    let messages: Vec<_> = plans[0]
        .messages
        .iter()
        .map(|message| json(message.as_bytes()))
        .collect();
    let expected = [
        serde_json::json!({"channel": "trade", "snapshot": true, "symbol": ["BTC/USD", "ETH/USD"]}),
        serde_json::json!({"channel": "book", "depth": 100, "snapshot": true, "symbol": ["BTC/USD"]}),
        serde_json::json!({"channel": "ticker", "event_trigger": "bbo", "symbol": ["BTC/USD"]}),
        serde_json::json!({"channel": "ohlc", "interval": 5, "snapshot": true, "symbol": ["BTC/USD"]}),
    ];
    assert_eq!(messages.len(), 4);
    for (at, (message, params)) in messages.iter().zip(expected).enumerate() {
        assert_eq!(message["method"], "subscribe");
        assert_eq!(message["params"], params);
        assert_eq!(message["req_id"], at + 1);
    }
    let ping = plans[0].keep_alive.as_ref().unwrap();
    assert_eq!(ping.message, r#"{"method":"ping"}"#);
    let again = codec.resubscribe(&streams[2]);
    assert_eq!(
        json(again[0].as_bytes()),
        serde_json::json!({"method": "unsubscribe", "params": {"channel": "book", "depth": 100, "symbol": ["BTC/USD"]}})
    );
    assert_eq!(json(again[1].as_bytes())["method"], "subscribe");
    assert!(
        codec
            .subscribe(&[stream("BTC/USD", Channel::Contract)])
            .is_err()
    );
}

#[test]
fn a_refusal_with_status_200_is_waited_out() {
    let codec = codec();
    let response = |status, body: &str| Response {
        status,
        headers: Vec::new(),
        body: body.into(),
    };
    let away = |status, body| codec.stay_away(&response(status, body));
    let seconds = Some(Duration::from_secs(5));
    assert_eq!(
        away(200, r#"{"error":["EAPI:Rate limit exceeded"]}"#),
        seconds
    );
    assert_eq!(away(200, r#"{"error":[],"result":{}}"#), None);
    assert_eq!(away(429, ""), seconds);
}

#[test]
fn the_spelling_follows_from_the_name() {
    let codec = codec();
    let spell = |text: &str| codec.spell(&text.parse().unwrap());
    assert_eq!(spell("kraken:BTC/USD"), Some(venue_symbol("BTC/USD")));
    assert_eq!(spell("kraken:LUNC/USD"), Some(venue_symbol("LUNA/USD")));
    assert_eq!(spell("kraken:BTC/USD:USD"), None);
}

#[test]
fn a_symbol_leads_nowhere_else() {
    crate::venue::symbols_lead_nowhere(&codec());
}
