//! What is asked of HTX, to the letter.

use quantflow_model::{Timeframe, TradeId};
use quantflow_venues::htx::Market;
use quantflow_wire::{Channel, Codec, EventKind, Query, RequestError, Subscription};

use super::codec;
use crate::broken::{answer, symbol};

fn at(text: &str) -> Option<quantflow_model::Timestamp> {
    text.parse().ok()
}

#[test]
fn every_question_has_its_target() {
    let spot = || symbol("btcusdt");
    let swap = || symbol("BTC-USDT");
    let candles = |symbol, from, to| Query::Candles {
        symbol,
        timeframe: Timeframe::H1,
        from,
        to,
        limit: 2_000,
    };
    for (market, query, expected) in [
        (Market::Spot, Query::ServerTime, "/v1/common/timestamp"),
        (Market::Linear, Query::ServerTime, "/api/v1/timestamp"),
        (Market::Spot, Query::Instruments, "/v1/common/symbols"),
        (
            Market::Linear,
            Query::Instruments,
            "/linear-swap-api/v1/swap_contract_info?business_type=all",
        ),
        (
            Market::Spot,
            candles(spot(), None, None),
            "/market/history/kline?symbol=btcusdt&period=60min&size=2000",
        ),
        (
            Market::Spot,
            candles(spot(), None, at("2024-01-02T00:00:00Z")),
            "/market/history/kline?symbol=btcusdt&period=60min&size=2000",
        ),
        (
            // 2,000 hours
            Market::Linear,
            candles(swap(), None, at("2024-01-02T00:00:00Z")),
            "/linear-swap-ex/market/history/kline?contract_code=BTC-USDT&period=60min&from=1696953600&to=1704153599",
        ),
        (
            Market::Linear,
            candles(
                swap(),
                at("2024-01-01T00:00:00Z"),
                at("2024-01-02T00:00:00Z"),
            ),
            "/linear-swap-ex/market/history/kline?contract_code=BTC-USDT&period=60min&from=1704067200&to=1704153599",
        ),
        (
            Market::Spot,
            Query::RecentTrades {
                symbol: spot(),
                limit: 2_000,
            },
            "/market/history/trade?symbol=btcusdt&size=2000",
        ),
        (
            Market::Spot,
            Query::Book {
                symbol: spot(),
                limit: 150,
            },
            "/market/depth?symbol=btcusdt&type=step0",
        ),
        (
            Market::Linear,
            Query::Ticker {
                symbol: Some(swap()),
            },
            "/linear-swap-ex/market/detail/merged?contract_code=BTC-USDT",
        ),
        (
            Market::Spot,
            Query::BestQuote {
                symbol: Some(spot()),
            },
            "/market/detail/merged?symbol=btcusdt",
        ),
        (
            Market::Spot,
            Query::Ticker { symbol: None },
            "/market/tickers",
        ),
        (
            Market::Linear,
            Query::Contract {
                symbol: Some(swap()),
            },
            "/linear-swap-api/v1/swap_funding_rate?contract_code=BTC-USDT",
        ),
        (
            Market::Linear,
            Query::OpenInterest { symbol: swap() },
            "/linear-swap-api/v1/swap_open_interest?contract_code=BTC-USDT",
        ),
        (
            Market::Linear,
            Query::FundingRates {
                symbol: swap(),
                from: None,
                to: None,
                limit: 50,
            },
            "/linear-swap-api/v1/swap_historical_funding_rate?contract_code=BTC-USDT&page_index=1&page_size=50",
        ),
    ] {
        assert_eq!(codec(market).request(&query).unwrap().target, expected);
    }
    for (market, query) in [
        (
            Market::Spot,
            candles(spot(), at("2024-01-01T00:00:00Z"), None),
        ),
        (
            Market::Spot,
            Query::Contract {
                symbol: Some(spot()),
            },
        ),
        (
            Market::Spot,
            Query::TradesFromId {
                symbol: spot(),
                from: TradeId(1),
                limit: 1,
            },
        ),
        (Market::Linear, Query::Ticker { symbol: None }),
        (
            Market::Linear,
            Query::FundingRates {
                symbol: swap(),
                from: at("2024-01-01T00:00:00Z"),
                to: None,
                limit: 1,
            },
        ),
        (
            Market::Spot,
            Query::Candles {
                symbol: spot(),
                timeframe: Timeframe::D1,
                from: None,
                to: None,
                limit: 1,
            },
        ),
    ] {
        let refused = codec(market).request(&query);
        assert!(
            matches!(refused, Err(RequestError::NotOffered { .. })),
            "{query:?}"
        );
    }
    for query in [
        Query::RecentTrades {
            symbol: spot(),
            limit: 2_001,
        },
        Query::Book {
            symbol: spot(),
            limit: 151,
        },
    ] {
        let refused = codec(Market::Spot).request(&query);
        assert!(
            matches!(refused, Err(RequestError::OutOfRange { .. })),
            "{query:?}"
        );
    }
}

#[test]
fn streams_are_on_the_sockets_that_carry_them() {
    let wanted = |name: &str, channel| Subscription {
        symbol: "htx:BTC/USDT".parse().unwrap(),
        venue_symbol: symbol(name),
        channel,
    };
    let channels = [
        Channel::Trades,
        Channel::Quotes,
        Channel::Book,
        Channel::Ticker,
        Channel::Candles(Timeframe::H4),
    ];
    let spot = codec(Market::Spot)
        .subscribe(&channels.map(|channel| wanted("btcusdt", channel)))
        .unwrap();
    assert_eq!((spot.len(), spot[0].target.as_str()), (1, "/ws"));
    assert_eq!(
        spot[0].messages,
        [
            r#"{"id":"1","sub":"market.btcusdt.trade.detail"}"#,
            r#"{"id":"2","sub":"market.btcusdt.bbo"}"#,
            r#"{"id":"3","sub":"market.btcusdt.depth.step0"}"#,
            r#"{"id":"4","sub":"market.btcusdt.ticker"}"#,
            r#"{"id":"5","sub":"market.btcusdt.kline.4hour"}"#,
        ]
    );
    let channels = [
        Channel::Book,
        Channel::Contract,
        Channel::Ticker,
        Channel::Liquidations,
    ];
    let book = wanted("BTC-USDT", Channel::Book);
    let linear = codec(Market::Linear);
    let plans = linear
        .subscribe(&channels.map(|channel| wanted("BTC-USDT", channel)))
        .unwrap();
    let targets: Vec<_> = plans
        .iter()
        .map(|p| (p.target.as_str(), p.messages.len()))
        .collect();
    assert_eq!(
        targets,
        [("/linear-swap-ws", 2), ("/linear-swap-notification", 2)]
    );
    assert_eq!(
        plans[0].messages[0],
        r#"{"data_type":"incremental","id":"1","sub":"market.BTC-USDT.depth.size_150.high_freq"}"#
    );
    assert_eq!(
        plans[1].messages[0],
        r#"{"cid":"1","op":"sub","topic":"public.BTC-USDT.funding_rate"}"#
    );
    assert_eq!(
        linear.resubscribe(&book),
        [
            r#"{"data_type":"incremental","id":"1","unsub":"market.BTC-USDT.depth.size_150.high_freq"}"#,
            r#"{"data_type":"incremental","id":"1","sub":"market.BTC-USDT.depth.size_150.high_freq"}"#,
        ]
    );
    assert!(
        codec(Market::Spot)
            .resubscribe(&wanted("btcusdt", Channel::Book))
            .is_empty()
    );
    for channel in [Channel::Contract, Channel::Candles(Timeframe::D1)] {
        assert!(
            codec(Market::Spot)
                .subscribe(&[wanted("btcusdt", channel)])
                .is_err()
        );
    }
    let many: Vec<_> = (0..150)
        .map(|n| wanted(&format!("a{n}usdt"), Channel::Book))
        .collect();
    assert_eq!(codec(Market::Spot).subscribe(&many).unwrap().len(), 2);
}

/// Bytes of our own after the documents.
#[test]
fn answers_about_contracts_are_read() {
    let codec = codec(Market::Linear);
    let kinds = |query: &Query, body: &str| {
        let events = answer(&codec, query, body.as_bytes()).unwrap();
        events
            .into_iter()
            .map(|event| event.kind)
            .collect::<Vec<_>>()
    };
    let swap = || symbol("BTC-USDT");
    let list = kinds(
        &Query::Instruments,
        r#"{"status":"ok","ts":1,"data":[
            {"symbol":"BTC","contract_code":"BTC-USDT","contract_size":0.001,"price_tick":0.1,"contract_status":1},
            {"symbol":"BTC","contract_code":"BTC-USDT-211231","contract_size":0.001,"price_tick":0.1,"contract_status":8}]}"#,
    );
    let EventKind::Instruments(list) = &list[0] else {
        panic!("{list:?}")
    };
    let names: Vec<_> = list.iter().map(|i| i.symbol.as_str()).collect();
    assert_eq!(
        names,
        [
            "htx-linear:BTC/USDT:USDT",
            "htx-linear:BTC/USDT:USDT-20211231"
        ]
    );
    assert!(
        list.iter()
            .all(|i| codec.spell(&i.symbol).as_ref() == Some(&i.venue_symbol))
    );
    let funding = Query::FundingRates {
        symbol: swap(),
        from: None,
        to: None,
        limit: 2,
    };
    let paid = kinds(
        &funding,
        r#"{"status":"ok","ts":1,"data":{"total_page":1,"current_page":1,"total_size":2,"data":[
            {"funding_rate":"0.0001","realized_rate":"0.0002","funding_time":"1603699200000","contract_code":"BTC-USDT"},
            {"funding_rate":"0.0003","realized_rate":null,"funding_time":"1603670400000","contract_code":"BTC-USDT"}]}}"#,
    );
    let rates: Vec<_> = paid
        .iter()
        .map(|kind| match kind {
            EventKind::Funding(rate) => (rate.time.seconds(), rate.rate.to_string()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        rates,
        [
            (1_603_670_400, "0.0003".into()),
            (1_603_699_200, "0.0002".into())
        ]
    );
    let open = kinds(
        &Query::OpenInterest { symbol: swap() },
        r#"{"status":"ok","ts":1603673122000,"data":[{"volume":7192610,"amount":7192.61,"symbol":"BTC","contract_code":"BTC-USDT","value":94092922}]}"#,
    );
    assert!(
        matches!(&open[0], EventKind::Contract(state) if state.open_interest.unwrap().to_string() == "7192610")
    );
    let candles = Query::Candles {
        symbol: swap(),
        timeframe: Timeframe::M1,
        from: None,
        to: None,
        limit: 9,
    };
    let rows = kinds(
        &candles,
        r#"{"ch":"market.BTC-USDT.kline.1min","status":"ok","ts":1,"data":[{"amount":0.006,"close":13068.8,"count":3,"high":13068.8,"id":1603695060,"low":13068,"open":13068,"trade_turnover":78.4116,"vol":6}]}"#,
    );
    let EventKind::Candle(candle) = &rows[0] else {
        panic!("{rows:?}")
    };
    assert_eq!(
        (
            candle.volume.to_string(),
            candle.quote_volume.unwrap().to_string()
        ),
        ("6".into(), "78.4116".into())
    );
}

/// Before a time, the newest: so a history goes back page by page. Bytes of our own.
#[test]
fn a_page_before_a_time_ends_there() {
    let row = |id: u64| serde_json::json!({"id": id, "open": 1, "close": 1, "low": 1, "high": 1, "amount": 1, "vol": 1, "count": 1});
    let hour = |n: u64| 1_704_067_200 + 3_600 * n;
    let rows: Vec<_> = (0..5).rev().map(|n| row(hour(n))).collect();
    let body = serde_json::json!({"status": "ok", "ch": "market.btcusdt.kline.60min", "ts": 1, "data": rows});
    let query = Query::Candles {
        symbol: symbol("btcusdt"),
        timeframe: Timeframe::H1,
        from: None,
        to: at("2024-01-01T03:00:00Z"),
        limit: 2,
    };
    let events = answer(&codec(Market::Spot), &query, body.to_string().as_bytes()).unwrap();
    let open = |event: &quantflow_wire::Event| match &event.kind {
        EventKind::Candle(candle) => candle.open_time.seconds() as u64,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        events.iter().map(open).collect::<Vec<_>>(),
        [hour(1), hour(2)]
    );
}
