//! What Hyperliquid is asked, and bytes that are not its own.

use quantflow_model::{Timeframe, Timestamp};
use quantflow_wire::{Bindings, Channel, Codec, HttpMethod, Query, RequestError, Subscription};

use super::{codec, of, rates};
use crate::support::{book, candles, recent_trades, venue_symbol};
use crate::trial::{self, answer, message};

#[test]
fn broken_bytes_are_refused() {
    let good = [
        message(
            r#"{"channel":"trades","data":[{"coin":"BTC","side":"A","px":"18.435","sz":"93.53","hash":"0xa1","time":1732121712022,"tid":980464150994,"users":["0x1","0x2"]}]}"#,
        ),
        message(
            r#"{"channel":"l2Book","data":{"coin":"BTC","levels":[[{"n":5,"px":"105055.0","sz":"3.03622"}],[{"n":1,"px":"105056.0","sz":"1"}]],"time":1737918843893}}"#,
        ),
        message(
            r#"{"channel":"bbo","data":{"coin":"BTC","time":1708622398623,"bbo":[{"px":"19900","sz":"1","n":1},null]}}"#,
        ),
        message(
            r#"{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"funding":"0.0000125","openInterest":"27353.1","oraclePx":"77605.0","markPx":"77562.0"}}}"#,
        ),
        message(
            r#"{"channel":"candle","data":{"t":1681923600000,"T":1681924499999,"s":"BTC","i":"15m","o":"29295.0","c":"29258.0","h":"29309.0","l":"29250.0","v":"0.98639","n":189}}"#,
        ),
        message(
            r#"{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"trades","coin":"BTC"}}}"#,
        ),
        message(r#"{"channel":"error","data":"Invalid subscription"}"#),
        answer(
            rates(None),
            r#"[{"coin":"BTC","fundingRate":"0.0000125","premium":"0.00029005","time":1769908800000}]"#,
        ),
        answer(
            candles("BTC", Timeframe::M15),
            r#"[{"t":1681923600000,"T":1681924499999,"s":"BTC","i":"15m","o":"29295.0","c":"29258.0","h":"29309.0","l":"29250.0","v":"0.98639","n":189}]"#,
        ),
        answer(
            Query::Contract { symbol: None },
            r#"[{"universe":[{"name":"BTC","szDecimals":5}]},[{"funding":"0.1","openInterest":"1","markPx":"5","oraclePx":"6"}]]"#,
        ),
        answer(
            of("spot"),
            r#"{"tokens":[{"name":"USDC","szDecimals":8,"index":0},{"name":"PURR","szDecimals":0,"index":1}],"universe":[{"name":"PURR/USDC","tokens":[1,0],"index":0}]}"#,
        ),
        answer(
            of("perp"),
            r#"{"universe":[{"name":"BTC","szDecimals":5,"isDelisted":true}]}"#,
        ),
        answer(
            Query::ServerTime,
            r#"{"specialStatuses":null,"time":1747313480732}"#,
        ),
    ];
    trial::hostile(&codec(), Bindings::NONE, &good);
    trial::rubbish(&codec());
    trial::names_lead_nowhere_else(&codec(), "BTC");
}

#[test]
fn questions_are_posted_exactly() {
    let codec = codec();
    let asked = |query: &Query| {
        let request = codec.request(query).unwrap();
        assert_eq!(
            (request.method, request.target.as_str()),
            (HttpMethod::Post, "/info")
        );
        (String::from_utf8(request.body).unwrap(), request.weight)
    };
    let at = Timestamp::from_millis;
    let spans = |from, to, limit| Query::Candles {
        symbol: venue_symbol("BTC"),
        timeframe: Timeframe::M1,
        from,
        to,
        limit,
    };
    for (query, body, weight) in [
        (Query::ServerTime, r#"{"type":"exchangeStatus"}"#, 2),
        (of("perp"), r#"{"type":"meta"}"#, 20),
        (of("spot"), r#"{"type":"spotMeta"}"#, 20),
        (
            Query::Book {
                symbol: venue_symbol("@107"),
                limit: 20,
            },
            r#"{"coin":"@107","type":"l2Book"}"#,
            2,
        ),
        (
            Query::RecentTrades {
                symbol: venue_symbol("BTC"),
                limit: 100,
            },
            r#"{"coin":"BTC","type":"recentTrades"}"#,
            25,
        ),
        (
            Query::Contract { symbol: None },
            r#"{"type":"metaAndAssetCtxs"}"#,
            20,
        ),
        (
            spans(Some(at(60_000)), None, 120),
            r#"{"req":{"coin":"BTC","endTime":7259999,"interval":"1m","startTime":60000},"type":"candleSnapshot"}"#,
            22,
        ),
        (
            spans(None, Some(at(180_000)), 2),
            r#"{"req":{"coin":"BTC","endTime":179999,"interval":"1m","startTime":60000},"type":"candleSnapshot"}"#,
            21,
        ),
        (
            spans(Some(at(60_000)), Some(at(120_000)), 120),
            r#"{"req":{"coin":"BTC","endTime":119999,"interval":"1m","startTime":60000},"type":"candleSnapshot"}"#,
            22,
        ),
        (
            rates(Some(at(0))),
            r#"{"coin":"BTC","endTime":1799999999,"startTime":0,"type":"fundingHistory"}"#,
            45,
        ),
    ] {
        assert_eq!(asked(&query), (body.to_owned(), weight));
    }
    assert!(matches!(
        codec.request(&spans(None, None, 5)),
        Err(RequestError::OutOfRange { what: "to", .. })
    ));
    for refused in [
        book("BTC"), // 1000 levels
        candles("BTC", Timeframe::W1),
        recent_trades("BTC"),
        Query::Ticker { symbol: None },
        of("xyz"),
    ] {
        assert!(codec.request(&refused).is_err(), "{refused:?}");
    }
}

#[test]
fn streams_are_subscribed_one_by_one() {
    let codec = codec();
    let wanted = |channel| Subscription {
        symbol: "hyperliquid:BTC/USDC:USDC".parse().unwrap(),
        venue_symbol: venue_symbol("BTC"),
        channel,
    };
    let plans = codec
        .subscribe(&[
            wanted(Channel::Trades),
            wanted(Channel::Quotes),
            wanted(Channel::Book),
            wanted(Channel::Contract),
            wanted(Channel::Candles(Timeframe::H1)),
        ])
        .unwrap();
    assert_eq!(plans[0].target, "/ws");
    assert_eq!(
        plans[0].messages,
        [
            r#"{"method":"subscribe","subscription":{"coin":"BTC","type":"trades"}}"#,
            r#"{"method":"subscribe","subscription":{"coin":"BTC","type":"bbo"}}"#,
            r#"{"method":"subscribe","subscription":{"coin":"BTC","type":"l2Book"}}"#,
            r#"{"method":"subscribe","subscription":{"coin":"BTC","type":"activeAssetCtx"}}"#,
            r#"{"method":"subscribe","subscription":{"coin":"BTC","interval":"1h","type":"candle"}}"#,
        ]
    );
    let ping = plans[0].keep_alive.as_ref().unwrap();
    assert_eq!(ping.message, r#"{"method":"ping"}"#);
    assert_eq!(codec.resubscribe(&wanted(Channel::Book)).len(), 2);
    assert!(codec.subscribe(&[wanted(Channel::Ticker)]).is_err());
}
