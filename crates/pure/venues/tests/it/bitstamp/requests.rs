//! What is asked of Bitstamp, to the letter. Bytes of our own after the venue's documents.

use std::time::Duration;

use quantflow_model::Timeframe;
use quantflow_wire::{Channel, Codec, Query, RequestError, Response};

use super::codec;
use crate::support::{book, recent_trades, venue_symbol};
use crate::venue::{candles, target, ticker, wanted};

#[test]
fn every_question_has_its_target() {
    let codec = codec();
    let quote = Query::BestQuote {
        symbol: Some(venue_symbol("btcusd")),
    };
    let (from, to) = (Some("2024-01-01T00:00:00Z"), Some("2024-01-01T00:10:00Z"));
    for (query, expected) in [
        (Query::Instruments, "/api/v2/trading-pairs-info/"),
        (ticker("btcusd"), "/api/v2/ticker/btcusd/"),
        (Query::Ticker { symbol: None }, "/api/v2/ticker/"),
        (book("btcusd"), "/api/v2/order_book/btcusd/"),
        (quote, "/api/v2/order_book/btcusd/"),
        (
            recent_trades("btcusd"),
            "/api/v2/transactions/btcusd/?time=day",
        ),
        (
            candles("btcusd", Timeframe::M1, None, None, 1_000),
            "/api/v2/ohlc/btcusd/?step=60&limit=1000",
        ),
        (
            candles("btcusd", Timeframe::M1, from, to, 1_000),
            "/api/v2/ohlc/btcusd/?step=60&limit=10&start=1704067200",
        ),
        (
            candles("btcusd", Timeframe::M1, from, to, 3),
            "/api/v2/ohlc/btcusd/?step=60&limit=3&start=1704067200",
        ),
        (
            candles("btcusd", Timeframe::H12, None, to, 2),
            "/api/v2/ohlc/btcusd/?step=43200&limit=2&start=1704024000",
        ),
    ] {
        assert_eq!(target(&codec, &query), expected, "{query:?}");
    }
}

#[test]
fn what_the_venue_does_not_allow_is_refused() {
    let codec = codec();
    let error = codec.request(&candles("btcusd", Timeframe::M1, None, None, 1_001));
    assert!(matches!(error, Err(RequestError::OutOfRange { .. })));
    for query in [
        candles("btcusd", Timeframe::D3, None, None, 10),
        Query::ServerTime,
        Query::Trades {
            symbol: venue_symbol("btcusd"),
            from: None,
            to: None,
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

/// A page that is not full would prove that there was nothing before: a day proves nothing of it.
#[test]
fn the_newest_trades_are_no_page() {
    assert_eq!(codec().page_limit(&recent_trades("btcusd")), 1);
}

#[test]
fn each_stream_has_its_message() {
    let codec = codec();
    let stream = |channel| wanted("bitstamp", "BTC/USD", "btcusd", channel);
    let plans = codec
        .subscribe(&[Channel::Trades, Channel::Book].map(stream))
        .unwrap();
    assert_eq!(plans.len(), 1);
    assert_eq!(
        plans[0].messages,
        [
            r#"{"data":{"channel":"live_trades_btcusd"},"event":"bts:subscribe"}"#,
            r#"{"data":{"channel":"diff_order_book_btcusd"},"event":"bts:subscribe"}"#,
        ]
    );
    let beat = plans[0].keep_alive.as_ref().unwrap();
    assert_eq!(beat.message, r#"{"event":"bts:heartbeat"}"#);
    let again = codec.resubscribe(&stream(Channel::Book));
    assert_eq!(again[1], plans[0].messages[1]);
    assert!(codec.subscribe(&[stream(Channel::Ticker)]).is_err());
}

#[test]
fn a_refusal_with_a_code_is_waited_out() {
    let response = |status, body: &str| Response {
        status,
        headers: Vec::new(),
        body: body.into(),
    };
    let away = |status, body| codec().stay_away(&response(status, body));
    let refused = r#"{"status":"error","reason":"Request rejected due to exceeded rate limit.","response_code":"400.002"}"#;
    assert_eq!(away(400, refused), Some(Duration::from_mins(1)));
    assert_eq!(away(404, "{}"), None);
}

#[test]
fn the_spelling_follows_from_the_name() {
    let codec = codec();
    let spell = |text: &str| codec.spell(&text.parse().unwrap());
    assert_eq!(spell("bitstamp:BTC/USD"), Some(venue_symbol("btcusd")));
    assert_eq!(spell("bitstamp:USTC/USD"), Some(venue_symbol("ustusd")));
    assert_eq!(spell("kraken:BTC/USD"), None);
}

#[test]
fn a_symbol_leads_nowhere_else() {
    crate::venue::symbols_lead_nowhere(&codec());
}
