//! What Deribit is asked, and bytes that are not its own.

use quantflow_model::{Timeframe, Timestamp, TradeId};
use quantflow_wire::{Bindings, Channel, Codec, Query, RequestError, Subscription};

use super::{codec, instruments, state, ticker};
use crate::support::{book, candles, recent_trades, venue_symbol};
use crate::trial::{self, answer, message};

#[test]
fn broken_bytes_are_refused() {
    let perpetual = "BTC-PERPETUAL";
    let good = [
        message(r#"{"jsonrpc":"2.0","id":1,"result":["trades.BTC-PERPETUAL.100ms"]}"#),
        message(r#"{"jsonrpc":"2.0","id":2,"error":{"code":11050,"message":"bad_request"}}"#),
        message(r#"{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}"#),
        message(
            r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.B-C.raw","data":{"type":"change","timestamp":1626993728359,"prev_change_id":30,"instrument_name":"B-C","change_id":31,"bids":[["change",0.1,2]],"asks":[["new",0.001,2.7],["delete",1,0.0]]}}}"#,
        ),
        message(
            r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"trades.B-C.100ms","data":[{"trade_seq":7,"timestamp":1590484512188,"price":8950,"liquidation":"T","instrument_name":"B-C","direction":"sell","amount":10}]}}"#,
        ),
        message(
            r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"ticker.B-C.raw","data":{"timestamp":1626993723632,"stats":{"volume":869.0,"price_change":null},"instrument_name":"B-C","last_price":0.002,"greeks":{"vega":0.2},"mark_iv":120.74,"best_bid_price":0.0015,"best_bid_amount":1,"best_ask_price":2,"best_ask_amount":0}}}"#,
        ),
        message(
            r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"quote.B-C","data":{"timestamp":1626993723632,"instrument_name":"B-C","best_bid_price":0.0015,"best_bid_amount":1,"best_ask_price":2,"best_ask_amount":3}}}"#,
        ),
        message(
            r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"chart.trades.B-C.1","data":{"volume":0.05,"tick":1573645080000,"open":8,"low":7,"high":9,"cost":460,"close":8.5}}}"#,
        ),
        answer(
            candles(perpetual, Timeframe::M1),
            r#"{"result":{"close":[87456.5],"cost":[257490.0],"high":[87456.5],"low":[87451.0],"open":[87451.0],"status":"ok","ticks":[1766483460000],"volume":[2.9]}}"#,
        ),
        answer(
            book(perpetual),
            r#"{"result":{"asks":[[87003.0,125090.0]],"bids":[],"change_id":1331,"instrument_name":"BTC-PERPETUAL","timestamp":1766554855140},"usOut":1766554855146274}"#,
        ),
        answer(
            instruments(),
            r#"{"result":[{"kind":"option","instrument_name":"B","option_type":"put","strike":1.5,"expiration_timestamp":1735286400000,"is_active":true,"tick_size":0.0005,"min_trade_amount":0.1,"settlement_period":"day","base_currency":"BTC"}]}"#,
        ),
        answer(Query::ServerTime, r#"{"result":1550147385946}"#),
    ];
    trial::hostile(&codec(), Bindings::NONE, &good);
    trial::rubbish(&codec());
    trial::names_lead_nowhere_else(&codec(), "BTC-PERPETUAL");
}

#[test]
fn questions_are_asked_exactly() {
    let codec = codec();
    let target = |query: &Query| {
        let target = codec.request(query).unwrap().target;
        target.strip_prefix("/api/v2/public/").unwrap().to_owned()
    };
    let symbol = venue_symbol("BTC-PERPETUAL");
    let at = Timestamp::from_millis;
    let candles_from = |from, to, limit| Query::Candles {
        symbol: symbol.clone(),
        timeframe: Timeframe::M1,
        from,
        to,
        limit,
    };
    assert_eq!(
        target(&candles_from(Some(at(60_000)), None, 2)),
        "get_tradingview_chart_data?instrument_name=BTC-PERPETUAL&resolution=1&start_timestamp=60000&end_timestamp=179999"
    );
    assert_eq!(
        target(&candles_from(Some(at(60_000)), Some(at(120_000)), 5_000)),
        "get_tradingview_chart_data?instrument_name=BTC-PERPETUAL&resolution=1&start_timestamp=60000&end_timestamp=119999"
    );
    assert_eq!(
        target(&candles_from(None, Some(at(180_000)), 2)),
        "get_tradingview_chart_data?instrument_name=BTC-PERPETUAL&resolution=1&start_timestamp=60000&end_timestamp=179999"
    );
    assert!(matches!(
        codec.request(&candles_from(None, None, 2)),
        Err(RequestError::OutOfRange { what: "to", .. })
    ));
    let name = "instrument_name=BTC-PERPETUAL";
    for (query, expected) in [
        (Query::ServerTime, "get_time".to_owned()),
        (
            instruments(),
            "get_instruments?currency=any&kind=future&expired=false".into(),
        ),
        (
            recent_trades("BTC-PERPETUAL"),
            format!("get_last_trades_by_instrument?{name}&count=1000&sorting=desc"),
        ),
        (
            Query::TradesFromId {
                symbol: symbol.clone(),
                from: TradeId(5),
                limit: 10,
            },
            format!("get_last_trades_by_instrument?{name}&start_seq=5&count=10&sorting=asc"),
        ),
        (
            Query::TradesBeforeId {
                symbol: symbol.clone(),
                before: TradeId(5),
                limit: 10,
            },
            format!("get_last_trades_by_instrument?{name}&end_seq=4&count=10&sorting=desc"),
        ),
        (
            Query::Trades {
                symbol: symbol.clone(),
                from: Some(at(5)),
                to: Some(at(9)),
                limit: 10,
            },
            format!(
                "get_last_trades_by_instrument_and_time?{name}&start_timestamp=5&end_timestamp=8&count=10&sorting=asc"
            ),
        ),
        (
            Query::Book {
                symbol: symbol.clone(),
                limit: 25,
            },
            format!("get_order_book?{name}&depth=50"),
        ),
        (ticker("BTC-PERPETUAL"), format!("ticker?{name}")),
        (state("BTC-PERPETUAL"), format!("ticker?{name}")),
        (
            Query::FundingRates {
                symbol: symbol.clone(),
                from: Some(at(0)),
                to: None,
                limit: 2,
            },
            format!("get_funding_rate_history?{name}&start_timestamp=0&end_timestamp=7199999"),
        ),
        (
            Query::OpenInterest {
                symbol: symbol.clone(),
            },
            format!("get_book_summary_by_instrument?{name}"),
        ),
    ] {
        assert_eq!(target(&query), expected);
    }
    assert_eq!(codec.request(&instruments()).unwrap().weight, 20);
    for refused in [
        Query::Instruments,
        Query::Ticker { symbol: None },
        candles("BTC-PERPETUAL", Timeframe::H4),
        Query::TradesBeforeId {
            symbol: symbol.clone(),
            before: TradeId(0),
            limit: 10,
        },
        Query::RecentTrades {
            symbol,
            limit: 1_001,
        },
    ] {
        assert!(codec.request(&refused).is_err(), "{refused:?}");
    }
}

#[test]
fn a_book_is_subscribed_anew_without_its_socket() {
    let codec = codec();
    let wanted = |channel| Subscription {
        symbol: "deribit:BTC/USD:BTC".parse().unwrap(),
        venue_symbol: venue_symbol("BTC-PERPETUAL"),
        channel,
    };
    let plans = codec
        .subscribe(&[
            wanted(Channel::Trades),
            wanted(Channel::Liquidations),
            wanted(Channel::Ticker),
            wanted(Channel::Contract),
            wanted(Channel::Book),
            wanted(Channel::Quotes),
            wanted(Channel::Candles(Timeframe::H1)),
        ])
        .unwrap();
    assert_eq!(plans.len(), 1);
    assert_eq!(plans[0].target, "/ws/api/v2");
    assert_eq!(plans[0].subscriptions.len(), 7);
    assert_eq!(
        plans[0].messages,
        [
            r#"{"id":9000000,"jsonrpc":"2.0","method":"public/set_heartbeat","params":{"interval":30}}"#,
            r#"{"id":1,"jsonrpc":"2.0","method":"public/subscribe","params":{"channels":["trades.BTC-PERPETUAL.100ms","ticker.BTC-PERPETUAL.100ms","book.BTC-PERPETUAL.100ms","quote.BTC-PERPETUAL","chart.trades.BTC-PERPETUAL.60"]}}"#,
        ]
    );
    assert_eq!(
        codec.resubscribe(&wanted(Channel::Book)),
        [
            r#"{"id":0,"jsonrpc":"2.0","method":"public/unsubscribe","params":{"channels":["book.BTC-PERPETUAL.100ms"]}}"#,
            r#"{"id":0,"jsonrpc":"2.0","method":"public/subscribe","params":{"channels":["book.BTC-PERPETUAL.100ms"]}}"#,
        ]
    );
    assert!(
        codec
            .subscribe(&[wanted(Channel::AggregateTrades)])
            .is_err()
    );
}
