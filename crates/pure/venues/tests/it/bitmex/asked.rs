//! What BitMEX is asked, and bytes that are not its own.

use quantflow_model::{Timeframe, Timestamp};
use quantflow_wire::{Bindings, Channel, Codec, Query, Response, Subscription};

use super::{codec, state};
use crate::support::{book, candles, recent_trades, venue_symbol};
use crate::trial::{self, answer, message};

#[test]
fn broken_bytes_are_refused() {
    let mut bindings = Bindings::default();
    let begin = r#"{"table":"orderBookL2_25","action":"partial","data":[{"symbol":"XBTUSD","id":8796641150,"side":"Sell","size":500,"price":33588.5}]}"#;
    assert!(codec().bind(begin.as_bytes(), &mut bindings));
    let good = [
        message(begin),
        message(
            r#"{"table":"orderBookL2","action":"update","data":[{"symbol":"XBTUSD","id":8796641100,"side":"Sell","size":500}]}"#,
        ),
        message(
            r#"{"table":"orderBookL2","action":"delete","data":[{"symbol":"XBTUSD","id":8796641100,"side":"Buy"}]}"#,
        ),
        message(
            r#"{"table":"orderBook10","action":"update","data":[{"symbol":"XBTUSD","bids":[[98490.3,22400]],"asks":[[98490.4,1]],"timestamp":"2024-11-24T08:19:13.513Z"}]}"#,
        ),
        message(
            r#"{"table":"trade","action":"insert","data":[{"timestamp":"2021-07-22T22:36:11.685Z","symbol":"XBTUSD","side":"Buy","size":100,"price":32180.5,"trdMatchID":"6e70bebe-235e-08a6-d11b-e1042bf1f2ed"}]}"#,
        ),
        message(
            r#"{"table":"quote","action":"insert","data":[{"timestamp":"2024-11-22T22:44:25.085Z","symbol":"BCHUSDT","bidSize":103000,"bidPrice":487.55,"askPrice":488.25,"askSize":50000}]}"#,
        ),
        message(
            r#"{"table":"instrument","action":"update","data":[{"symbol":"XBTUSD","lastPrice":5,"lastChangePcnt":-0.0123,"fundingRate":0.0001,"timestamp":"2021-07-22T22:36:11.685Z"}]}"#,
        ),
        message(
            r#"{"table":"tradeBin1h","action":"insert","data":[{"timestamp":"2021-07-22T22:00:00.000Z","symbol":"XBTUSD","open":32180,"high":32190.5,"low":32179,"close":32180.5,"trades":12,"volume":2000}]}"#,
        ),
        message(
            r#"{"success":true,"subscribe":"trade:XBTUSD","request":{"op":"subscribe","args":[]}}"#,
        ),
        message(r#"{"status":400,"error":"Unknown table: trades"}"#),
        answer(
            recent_trades("XBTUSD"),
            r#"[{"timestamp":"2021-07-22T22:36:11.685Z","symbol":"XBTUSD","side":"Buy","size":100,"price":32180.5,"trdMatchID":"6e70bebe-235e-08a6-d11b-e1042bf1f2ed"}]"#,
        ),
        answer(
            candles("XBTUSD", Timeframe::H1),
            r#"[{"timestamp":"2021-07-22T22:00:00.000Z","symbol":"XBTUSD","open":32180,"high":32190.5,"low":32179,"close":32180.5,"trades":12,"volume":2000}]"#,
        ),
        answer(
            Query::Instruments,
            r#"[{"symbol":"XBTU21","typ":"FFCCSX","state":"Open","underlying":"XBT","quoteCurrency":"USD","settlCurrency":"XBt","expiry":"2021-09-24T12:00:00.000Z","tickSize":0.5,"lotSize":100,"isInverse":true,"multiplier":-100000000,"underlyingToSettleMultiplier":-100000000}]"#,
        ),
    ];
    trial::hostile(&codec(), &bindings, &good);
    trial::rubbish(&codec());
    trial::names_lead_nowhere_else(&codec(), "XBTUSD");
}

#[test]
fn questions_are_asked_exactly() {
    let codec = codec();
    let target = |query: &Query| codec.request(query).unwrap().target;
    let symbol = venue_symbol("XBTUSD");
    let minute = |n: i64| Timestamp::from_seconds(60 * n);
    for (query, expected) in [
        (Query::ServerTime, "/api/v1"),
        (Query::Instruments, "/api/v1/instrument/active"),
        (Query::Ticker { symbol: None }, "/api/v1/instrument/active"),
        (state("XBTUSD"), "/api/v1/instrument?symbol=XBTUSD"),
        (
            // opens at minutes 1 and 2 end at minutes 2 and 3
            Query::Candles {
                symbol: symbol.clone(),
                timeframe: Timeframe::M1,
                from: Some(minute(1)),
                to: Some(minute(3)),
                limit: 10,
            },
            "/api/v1/trade/bucketed?symbol=XBTUSD&binSize=1m&partial=false&count=10&reverse=false&startTime=1970-01-01T00%3A02%3A00Z&endTime=1970-01-01T00%3A03%3A59.999Z",
        ),
        (
            Query::Trades {
                symbol: symbol.clone(),
                from: None,
                to: Some(minute(3)),
                limit: 10,
            },
            "/api/v1/trade?symbol=XBTUSD&count=10&reverse=true&endTime=1970-01-01T00%3A02%3A59.999Z",
        ),
        (
            Query::BestQuote {
                symbol: Some(symbol.clone()),
            },
            "/api/v1/quote?symbol=XBTUSD&count=1&reverse=true",
        ),
        (
            book("XBTUSD"),
            "/api/v1/orderBook/L2?symbol=XBTUSD&depth=1000",
        ),
        (
            Query::FundingRates {
                symbol: symbol.clone(),
                from: Some(minute(1)),
                to: None,
                limit: 500,
            },
            "/api/v1/funding?symbol=XBTUSD&count=500&reverse=false&startTime=1970-01-01T00%3A01%3A00Z",
        ),
    ] {
        assert_eq!(target(&query), expected);
    }
    for refused in [
        candles("XBTUSD", Timeframe::M15),
        Query::BestQuote { symbol: None },
        Query::OpenInterest { symbol },
        Query::RecentTrades {
            symbol: venue_symbol("XBTUSD"),
            limit: 0,
        },
    ] {
        assert!(codec.request(&refused).is_err(), "{refused:?}");
    }
    let response = Response {
        status: 200,
        headers: [("X-Ratelimit-Limit", "30"), ("X-Ratelimit-Remaining", "27")]
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        body: Vec::new(),
    };
    assert_eq!(codec.used_limits(&response), [Some(3)]);
}

#[test]
fn streams_are_topics_of_one_socket() {
    let codec = codec();
    let wanted = |channel| Subscription {
        symbol: "bitmex:BTC/USD:BTC".parse().unwrap(),
        venue_symbol: venue_symbol("XBTUSD"),
        channel,
    };
    let plans = codec
        .subscribe(&[
            wanted(Channel::Trades),
            wanted(Channel::Ticker),
            wanted(Channel::Contract),
            wanted(Channel::Book),
            wanted(Channel::Candles(Timeframe::M5)),
        ])
        .unwrap();
    assert_eq!(plans.len(), 1);
    assert_eq!(plans[0].target, "/realtime");
    assert_eq!(
        plans[0].messages,
        [
            r#"{"args":["trade:XBTUSD","instrument:XBTUSD","orderBookL2_25:XBTUSD","tradeBin5m:XBTUSD"],"op":"subscribe"}"#
        ]
    );
    assert_eq!(plans[0].keep_alive.as_ref().unwrap().message, "ping");
    assert_eq!(
        codec.resubscribe(&wanted(Channel::Book)),
        [
            r#"{"args":["orderBookL2_25:XBTUSD"],"op":"unsubscribe"}"#,
            r#"{"args":["orderBookL2_25:XBTUSD"],"op":"subscribe"}"#
        ]
    );
    assert!(codec.subscribe(&[wanted(Channel::Liquidations)]).is_err());
}
