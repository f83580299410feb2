//! What Bitfinex is asked, and bytes that are not its own.

use quantflow_model::{Timeframe, Timestamp};
use quantflow_wire::{Channel, Codec, Query, RequestError, Subscription};

use super::{bound, codec, of};
use crate::support::{candles, venue_symbol};
use crate::trial::{self, answer, message};

#[test]
fn broken_bytes_are_refused() {
    let bindings = bound(&[
        (1, "tBTCUSD", "trades"),
        (2, "tBTCUSD", "book:P0"),
        (3, "tBTCF0:USTF0", "state"),
        (4, "liq:global", "liquidations"),
        (5, "tBTCUSD", "candles:1m"),
        (6, "tBTCUSD", "ticker"),
    ]);
    let good = [
        message(r#"{"event":"subscribed","channel":"trades","chanId":5,"symbol":"tBTCUSD"}"#),
        message(r#"{"event":"error","msg":"symbol: invalid","code":10300}"#),
        message("[1,\"te\",[401597395,1574694478808,-0.005,7245.3],12,1574694478900]"),
        message("[1,[[401597395,1574694478808,0.005,7245.3],[401597394,1574694478808,1,7245]],2]"),
        message("[2,[[8744.9,2,0.45],[8745,1,-3e-7]],7]"),
        message("[2,[8744.9,0,-1],78]"),
        message("[2,\"cs\",-1493565949,77]"),
        message(
            "[3,[1596124822000,null,0.8,0.7,null,1.6,null,1596153600000,0.1,1,null,0,null,null,0.7,null,null,2]]",
        ),
        message(
            "[4,[[\"pos\",1,1609144352338,null,\"tETHF0:USTF0\",-1.6,730.9,null,1,1,null,736.1]],9]",
        ),
        message("[5,[1574698260000,7379,7380,7384,7378,1.5],6]"),
        message("[6,[0.06,60157.36,0.07,48578.5,0.001,0.02,0.07,101459.3,0.08,0.06],1]"),
        answer(
            candles("tBTCUSD", Timeframe::M1),
            "[[1515463200000,15250,15227,15256,15208,25.6]]",
        ),
        answer(
            crate::support::recent_trades("tBTCUSD"),
            "[[1,1574694478808,-0.005,7245.3]]",
        ),
        answer(
            crate::support::book("tBTCUSD"),
            "[[9130,12,7.41],[9131,2,-1]]",
        ),
        answer(
            Query::Ticker { symbol: None },
            "[[\"tBTCUSD\",1,2,3,4,5,6,7,8,9,10],[\"fUSD\",1]]",
        ),
        answer(
            of("pub:info:pair"),
            "[[[\"BTCUSD\",[null,null,null,\"0.00006\",\"2000.0\"]]]]",
        ),
    ];
    trial::hostile(&codec(), &bindings, &good);
    trial::rubbish(&codec());
    trial::names_lead_nowhere_else(&codec(), "tBTCUSD");
}

#[test]
fn questions_are_asked_exactly() {
    let codec = codec();
    let target = |query: &Query| codec.request(query).unwrap().target;
    let at = Timestamp::from_millis;
    let symbol = venue_symbol("tBTCF0:USTF0");
    let query = Query::Candles {
        symbol: symbol.clone(),
        timeframe: Timeframe::H1,
        from: Some(at(1_000).plus_nanos(1)),
        to: Some(at(5_000)),
        limit: 10_000,
    };
    assert_eq!(
        target(&query),
        "/v2/candles/trade:1h:tBTCF0%3AUSTF0/hist?limit=10000&start=1001&end=4999&sort=1"
    );
    let query = Query::Trades {
        symbol: symbol.clone(),
        from: None,
        to: Some(at(5_000)),
        limit: 5,
    };
    assert_eq!(
        target(&query),
        "/v2/trades/tBTCF0%3AUSTF0/hist?limit=5&end=4999&sort=-1"
    );
    assert_eq!(codec.request(&query).unwrap().weight, 48);
    let book = |limit| Query::Book {
        symbol: venue_symbol("tBTCUSD"),
        limit,
    };
    assert_eq!(target(&book(26)), "/v2/book/tBTCUSD/P0?len=100");
    assert!(matches!(
        codec.request(&book(251)),
        Err(RequestError::OutOfRange { .. })
    ));
    assert_eq!(
        target(&Query::Ticker { symbol: None }),
        "/v2/tickers?symbols=ALL"
    );
    let state = Query::Contract {
        symbol: Some(symbol.clone()),
    };
    assert_eq!(target(&state), "/v2/status/deriv?keys=tBTCF0%3AUSTF0");
    let parts: Vec<_> = codec.instrument_queries().iter().map(target).collect();
    assert_eq!(
        parts,
        ["/v2/conf/pub:info:pair", "/v2/conf/pub:info:pair:futures"]
    );
    for refused in [
        Query::ServerTime,
        Query::Instruments,
        candles("tBTCUSD", Timeframe::W1),
        of("pub:list:currency"),
        Query::Trades {
            symbol,
            from: Some(at(5)),
            to: Some(at(5)),
            limit: 5,
        },
    ] {
        assert!(codec.request(&refused).is_err(), "{refused:?}");
    }
}

#[test]
fn streams_are_shared_out_to_sockets() {
    let codec = codec();
    let wanted = |symbol: &str, channel| Subscription {
        symbol: symbol.parse().unwrap(),
        venue_symbol: codec.spell(&symbol.parse().unwrap()).unwrap(),
        channel,
    };
    let perpetual = "bitfinex:BTC/USDT:USDT";
    let plans = codec
        .subscribe(&[
            wanted("bitfinex:BTC/USD", Channel::Trades),
            wanted("bitfinex:AAVE/USDT", Channel::Book),
            wanted(perpetual, Channel::Contract),
            wanted(perpetual, Channel::Liquidations),
            wanted("bitfinex:ETH/USDT:USDT", Channel::Liquidations),
            wanted("bitfinex:BTC/USD", Channel::Candles(Timeframe::D1)),
        ])
        .unwrap();
    assert_eq!(plans.len(), 1);
    assert_eq!(plans[0].target, "/ws/2");
    assert_eq!(
        plans[0].messages,
        [
            r#"{"event":"conf","flags":229376}"#,
            r#"{"channel":"trades","event":"subscribe","subId":"1","symbol":"tBTCUSD"}"#,
            r#"{"channel":"book","event":"subscribe","freq":"F0","len":"100","prec":"P0","subId":"2","symbol":"tAAVE:UST"}"#,
            r#"{"channel":"status","event":"subscribe","key":"deriv:tBTCF0:USTF0","subId":"3"}"#,
            r#"{"channel":"status","event":"subscribe","key":"liq:global","subId":"4"}"#,
            r#"{"channel":"candles","event":"subscribe","key":"trade:1D:tBTCUSD","subId":"6"}"#,
        ]
    );
    let many: Vec<_> = (0..60)
        .map(|_| wanted("bitfinex:BTC/USD", Channel::Ticker))
        .collect();
    assert_eq!(codec.subscribe(&many).unwrap().len(), 3);
    let none = codec.subscribe(&[wanted("bitfinex:BTC/USD", Channel::AggregateTrades)]);
    assert!(matches!(none, Err(RequestError::NotOffered { .. })));
}
