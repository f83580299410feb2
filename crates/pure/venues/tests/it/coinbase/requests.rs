//! What is asked of Coinbase Exchange, to the letter. Bytes of our own after the venue's documents.

use quantflow_model::{Timeframe, TradeId};
use quantflow_wire::{Channel, Codec, Query, RequestError};

use super::codec;
use crate::support::{book, recent_trades, venue_symbol};
use crate::venue::{candles, target, ticker, wanted};

#[test]
fn every_question_has_its_target() {
    let codec = codec();
    let symbol = || venue_symbol("BTC-USD");
    let targets = [
        (Query::ServerTime, "/time"),
        (Query::Instruments, "/products"),
        (ticker("BTC-USD"), "/products/BTC-USD/ticker"),
        (book("BTC-USD"), "/products/BTC-USD/book?level=2"),
        (
            Query::BestQuote {
                symbol: Some(symbol()),
            },
            "/products/BTC-USD/book?level=1",
        ),
        (
            recent_trades("BTC-USD"),
            "/products/BTC-USD/trades?limit=1000",
        ),
        (
            Query::TradesFromId {
                symbol: symbol(),
                from: TradeId(500),
                limit: 100,
            },
            "/products/BTC-USD/trades?limit=100&after=600",
        ),
        (
            Query::TradesBeforeId {
                symbol: symbol(),
                before: TradeId(500),
                limit: 100,
            },
            "/products/BTC-USD/trades?limit=100&after=500",
        ),
        (
            candles("BTC-USD", Timeframe::M1, None, None, 300),
            "/products/BTC-USD/candles?granularity=60",
        ),
        (
            candles(
                "BTC-USD",
                Timeframe::H1,
                Some("2024-01-01T00:00:00Z"),
                Some("2024-01-02T00:00:00Z"),
                300,
            ),
            "/products/BTC-USD/candles?granularity=3600&start=2024-01-01T00%3A00%3A00Z&end=2024-01-01T23%3A00%3A00Z",
        ),
        (
            candles(
                "BTC-USD",
                Timeframe::D1,
                Some("2024-01-01T00:00:00Z"),
                None,
                300,
            ),
            "/products/BTC-USD/candles?granularity=86400&start=2024-01-01T00%3A00%3A00Z&end=2024-10-26T00%3A00%3A00Z",
        ),
        (
            candles(
                "BTC-USD",
                Timeframe::M1,
                None,
                Some("2024-01-01T00:00:00Z"),
                2,
            ),
            "/products/BTC-USD/candles?granularity=60&start=2023-12-31T23%3A58%3A00Z&end=2023-12-31T23%3A59%3A00Z",
        ),
    ];
    for (query, expected) in targets {
        assert_eq!(target(&codec, &query), expected);
        assert_eq!(codec.request(&query).unwrap().weight, 1);
    }
}

#[test]
fn what_the_venue_does_not_allow_is_refused() {
    let codec = codec();
    let out = |query: &Query| {
        let error = codec.request(query).unwrap_err();
        matches!(error, RequestError::OutOfRange { .. })
    };
    assert!(out(&candles("BTC-USD", Timeframe::M1, None, None, 301)));
    assert!(out(&candles("BTC-USD", Timeframe::M1, None, None, 0)));
    let backwards = candles(
        "BTC-USD",
        Timeframe::M1,
        Some("2024-01-02T00:00:00Z"),
        Some("2024-01-01T00:00:00Z"),
        10,
    );
    assert!(out(&backwards));
    for query in [
        candles("BTC-USD", Timeframe::M3, None, None, 10),
        Query::Ticker { symbol: None },
        Query::Trades {
            symbol: venue_symbol("BTC-USD"),
            from: None,
            to: None,
            limit: 10,
        },
        Query::Contract { symbol: None },
    ] {
        let error = codec.request(&query).unwrap_err();
        assert!(
            matches!(error, RequestError::NotOffered { .. }),
            "{query:?}"
        );
    }
}

#[test]
fn one_message_takes_all_streams_of_a_socket() {
    let codec = codec();
    let stream = |ours: &str, theirs: &str, channel| wanted("coinbase", ours, theirs, channel);
    let streams = [
        stream("BTC/USD", "BTC-USD", Channel::Trades),
        stream("BTC/USD", "BTC-USD", Channel::Book),
        stream("ETH/USD", "ETH-USD", Channel::Trades),
        stream("ETH/USD", "ETH-USD", Channel::Trades),
    ];
    let plans = codec.subscribe(&streams).unwrap();
    assert_eq!((plans.len(), plans[0].subscriptions.len()), (1, 3));
    assert_eq!(plans[0].target, "/");
    let expected = serde_json::json!({"type": "subscribe", "channels": [
        {"name": "matches", "product_ids": ["BTC-USD", "ETH-USD"]},
        {"name": "level2_batch", "product_ids": ["BTC-USD"]},
        {"name": "heartbeat", "product_ids": ["BTC-USD", "ETH-USD"]},
    ]});
    assert_eq!(
        crate::support::json(plans[0].messages[0].as_bytes()),
        expected
    );
    let again = codec.resubscribe(&streams[1]);
    assert_eq!(
        again[0],
        r#"{"channels":[{"name":"level2_batch","product_ids":["BTC-USD"]}],"type":"unsubscribe"}"#
    );
    assert_eq!(again.len(), 2);
    let many: Vec<_> = (0..250)
        .map(|n| stream("BTC/USD", &format!("C{n}-USD"), Channel::Ticker))
        .collect();
    let plans = codec.subscribe(&many).unwrap();
    assert_eq!(
        plans.iter().map(|p| p.subscriptions.len()).sum::<usize>(),
        250
    );
    assert_eq!(plans.len(), 3);
    let quotes = stream("BTC/USD", "BTC-USD", Channel::Quotes);
    assert!(codec.subscribe(&[quotes]).is_err());
}

#[test]
fn the_spelling_follows_from_the_name() {
    let codec = codec();
    let spell = |text: &str| codec.spell(&text.parse().unwrap());
    assert_eq!(spell("coinbase:BTC/USD"), Some(venue_symbol("BTC-USD")));
    assert_eq!(spell("coinbase:CELO/USD"), Some(venue_symbol("CGLD-USD")));
    assert_eq!(spell("coinbase:BTC/USD:USD"), None);
    assert_eq!(spell("kraken:BTC/USD"), None);
}

#[test]
fn a_symbol_leads_nowhere_else() {
    crate::venue::symbols_lead_nowhere(&codec());
}
