//! What is asked of Gemini, to the letter. Bytes of our own after the venue's documents.

use quantflow_model::{Timeframe, TradeId};
use quantflow_wire::{Channel, Codec, Query, RequestError};

use super::codec;
use crate::support::{json, venue_symbol};
use crate::venue::{candles, target, ticker, wanted};

#[test]
fn every_question_has_its_target() {
    let codec = codec();
    let symbol = || venue_symbol("BTCUSD");
    for (query, expected) in [
        (Query::Instruments, "/v1/symbols/details/all"),
        (ticker("BTCUSD"), "/v2/ticker/BTCUSD"),
        (
            Query::Book {
                symbol: symbol(),
                limit: 50,
            },
            "/v1/book/BTCUSD?limit_bids=50&limit_asks=50",
        ),
        (
            Query::BestQuote {
                symbol: Some(symbol()),
            },
            "/v1/book/BTCUSD?limit_bids=1&limit_asks=1",
        ),
        (
            Query::RecentTrades {
                symbol: symbol(),
                limit: 500,
            },
            "/v1/trades/BTCUSD?limit_trades=500",
        ),
        (
            Query::TradesFromId {
                symbol: symbol(),
                from: TradeId(100),
                limit: 10,
            },
            "/v1/trades/BTCUSD?since_tid=99&limit_trades=10",
        ),
        (
            candles("BTCUSD", Timeframe::H6, None, None, 100),
            "/v2/candles/BTCUSD/6hr",
        ),
        (
            Query::Contract {
                symbol: Some(venue_symbol("BTCGUSDPERP")),
            },
            "/v1/riskstats/BTCGUSDPERP",
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
    assert!(out(&candles("BTCUSD", Timeframe::M1, time, None, 10)));
    assert!(out(&candles("BTCUSD", Timeframe::M1, None, time, 10)));
    for query in [
        candles("BTCUSD", Timeframe::H4, None, None, 10),
        Query::ServerTime,
        Query::Ticker { symbol: None },
        Query::Trades {
            symbol: venue_symbol("BTCUSD"),
            from: time.map(crate::venue::at),
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

#[test]
fn trades_and_books_are_one_feed() {
    let codec = codec();
    let stream = |channel| wanted("gemini", "BTC/USD", "BTCUSD", channel);
    let streams = [
        Channel::Trades,
        Channel::Book,
        Channel::Candles(Timeframe::H1),
    ]
    .map(stream);
    let plans = codec.subscribe(&streams).unwrap();
    assert_eq!((plans.len(), plans[0].subscriptions.len()), (1, 3));
    let expected = serde_json::json!({"type": "subscribe", "subscriptions": [
        {"name": "l2", "symbols": ["BTCUSD"]},
        {"name": "candles_1h", "symbols": ["BTCUSD"]},
    ]});
    assert_eq!(plans[0].messages.len(), 1);
    assert_eq!(json(plans[0].messages[0].as_bytes()), expected);
    let again = codec.resubscribe(&streams[1]);
    assert_eq!(json(again[0].as_bytes())["type"], "unsubscribe");
    assert!(codec.subscribe(&[stream(Channel::Ticker)]).is_err());
}

#[test]
fn the_spelling_follows_from_the_name() {
    let codec = codec();
    let spell = |text: &str| codec.spell(&text.parse().unwrap());
    assert_eq!(spell("gemini:BTC/USD"), Some(venue_symbol("BTCUSD")));
    assert_eq!(
        spell("gemini:BTC/GUSD:GUSD"),
        Some(venue_symbol("BTCGUSDPERP"))
    );
    assert_eq!(spell("gemini:BTC/USD:BTC"), None);
}

#[test]
fn a_symbol_leads_nowhere_else() {
    crate::venue::symbols_lead_nowhere(&codec());
}
