//! What is asked of Kraken Futures, to the letter. Bytes of our own after the venue's documents.

use std::time::Duration;

use quantflow_model::{Timeframe, TradeId};
use quantflow_wire::{Channel, Codec, Query, RequestError, Response};

use super::codec;
use crate::support::{book, json, recent_trades, venue_symbol};
use crate::venue::{at, candles, target, ticker, wanted};

fn funding(from: Option<&str>) -> Query {
    Query::FundingRates {
        symbol: venue_symbol("PF_XBTUSD"),
        from: from.map(at),
        to: None,
        limit: 1_000,
    }
}

#[test]
fn every_question_has_its_target() {
    let codec = codec();
    let recent = Query::RecentTrades {
        symbol: venue_symbol("PI_XBTUSD"),
        limit: 100,
    };
    let quotes = Query::BestQuote { symbol: None };
    for (query, expected) in [
        (Query::ServerTime, "/derivatives/api/v3/feeschedules"),
        (Query::Instruments, "/derivatives/api/v3/instruments"),
        (ticker("PI_XBTUSD"), "/derivatives/api/v3/tickers/PI_XBTUSD"),
        (quotes, "/derivatives/api/v3/tickers"),
        (
            Query::OpenInterest {
                symbol: venue_symbol("PI_XBTUSD"),
            },
            "/derivatives/api/v3/tickers/PI_XBTUSD",
        ),
        (
            book("PI_XBTUSD"),
            "/derivatives/api/v3/orderbook?symbol=PI_XBTUSD",
        ),
        (recent, "/derivatives/api/v3/history?symbol=PI_XBTUSD"),
        (
            funding(None),
            "/derivatives/api/v3/historical-funding-rates?symbol=PF_XBTUSD",
        ),
        (
            candles("PI_XBTUSD", Timeframe::H1, None, None, 10),
            "/api/charts/v1/trade/PI_XBTUSD/1h",
        ),
        (
            candles(
                "PI_XBTUSD",
                Timeframe::H1,
                Some("2024-01-01T00:00:00Z"),
                Some("2024-01-01T03:00:00Z"),
                10,
            ),
            "/api/charts/v1/trade/PI_XBTUSD/1h?from=1704067200&to=1704074400",
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
    assert!(out(&recent_trades("PI_XBTUSD")), "a hundred at the most");
    assert!(out(&candles("X", Timeframe::M1, None, None, 2_001)));
    for query in [
        candles("X", Timeframe::W1, None, None, 10),
        Query::Trades {
            symbol: venue_symbol("X"),
            from: None,
            to: None,
            limit: 10,
        },
        Query::TradesFromId {
            symbol: venue_symbol("X"),
            from: TradeId(1),
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
fn pages_go_on_where_the_venue_says_there_is_more() {
    let codec = codec();
    let from = Some("2024-01-01T00:00:00Z");
    let query = candles(
        "X",
        Timeframe::H1,
        from,
        Some("2024-01-02T00:00:00Z"),
        2_000,
    );
    let body = |more| {
        format!(
            r#"{{"candles":[{{"time":1704067200000,"open":"1","high":"1","low":"1","close":"1","volume":"1"}}],"more_candles":{more}}}"#
        )
    };
    let expected = candles(
        "X",
        Timeframe::H1,
        Some("2024-01-01T01:00:00Z"),
        Some("2024-01-02T00:00:00Z"),
        2_000,
    );
    assert_eq!(
        codec.next_page(&query, body(true).as_bytes()),
        Some(expected)
    );
    assert_eq!(codec.next_page(&query, body(false).as_bytes()), None);
}

#[test]
fn only_the_span_of_funding_that_was_asked_for_is_given() {
    let body = br#"{"result":"success","rates":[{"timestamp":"2022-06-28T00:00:00.000Z","fundingRate":-8.15861558e-10,"relativeFundingRate":-0.000016898883333333},{"timestamp":"2022-06-28T04:00:00.000Z","fundingRate":-2.6115278e-11,"relativeFundingRate":-5.40935416667e-7}]}"#;
    let codec = codec();
    let count = |from| {
        crate::venue::answer(&codec, &funding(from), body)
            .unwrap()
            .len()
    };
    assert_eq!(count(None), 2);
    assert_eq!(count(Some("2022-06-28T00:00:01Z")), 1);
}

#[test]
fn each_feed_is_subscribed_once() {
    let codec = codec();
    let stream = |channel| wanted("kraken-futures", "BTC/USD:BTC", "PI_XBTUSD", channel);
    let streams = [
        Channel::Trades,
        Channel::Liquidations,
        Channel::Ticker,
        Channel::Quotes,
        Channel::Contract,
        Channel::Book,
    ]
    .map(stream);
    let plans = codec.subscribe(&streams).unwrap();
    assert_eq!((plans.len(), plans[0].subscriptions.len()), (1, 6));
    let messages: Vec<_> = plans[0].messages.iter().map(String::as_str).collect();
    assert_eq!(
        messages,
        [
            r#"{"event":"subscribe","feed":"trade","product_ids":["PI_XBTUSD"]}"#,
            r#"{"event":"subscribe","feed":"ticker","product_ids":["PI_XBTUSD"]}"#,
            r#"{"event":"subscribe","feed":"book","product_ids":["PI_XBTUSD"]}"#,
            r#"{"event":"subscribe","feed":"heartbeat"}"#,
        ]
    );
    assert_eq!(plans[0].target, "/ws/v1");
    let again = codec.resubscribe(&streams[5]);
    assert_eq!(json(again[0].as_bytes())["event"], "unsubscribe");
    assert_eq!(again[1], messages[2]);
    let candles = stream(Channel::Candles(Timeframe::M1));
    assert!(codec.subscribe(&[candles]).is_err());
}

#[test]
fn a_refusal_with_status_200_is_waited_out() {
    let response = |body: &str| Response {
        status: 200,
        headers: Vec::new(),
        body: body.into(),
    };
    let away = |body| codec().stay_away(&response(body));
    let refused =
        r#"{"result":"error","error":"apiLimitExceeded","serverTime":"2016-02-25T09:45:53.818Z"}"#;
    assert_eq!(away(refused), Some(Duration::from_secs(10)));
    assert_eq!(away(r#"{"result":"success"}"#), None);
}

#[test]
fn the_spelling_follows_from_the_name() {
    let codec = codec();
    let spell = |text: &str| {
        let symbol = format!("kraken-futures:{text}").parse().unwrap();
        codec.spell(&symbol).map(|symbol| symbol.to_string())
    };
    let name = |text: &str| Some(text.to_owned());
    assert_eq!(spell("BTC/USD:BTC"), name("PI_XBTUSD"));
    assert_eq!(spell("BTC/USD:USD"), name("PF_XBTUSD"));
    assert_eq!(spell("BTC/USD:BTC-20210924"), name("FI_XBTUSD_210924"));
    assert_eq!(spell("ETH/USD:USD-20261225"), name("FF_ETHUSD_261225"));
    assert_eq!(spell("BTC/USD:EUR"), None);
    assert_eq!(spell("BTC/USD"), None);
}

#[test]
fn a_symbol_leads_nowhere_else() {
    crate::venue::symbols_lead_nowhere(&codec());
}
