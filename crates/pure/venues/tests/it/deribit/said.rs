//! What Deribit says, in bytes of our own after its documents.

use quantflow_model::{ContractUnit, Side, Timeframe, Timestamp, TradeId};
use quantflow_wire::{Codec, DecodeError, EventKind, Input, Notice, Query};

use super::{codec, instruments, one};
use crate::support::venue_symbol;
use crate::trial::checked;

/// Bytes of our own, after the documents.
#[test]
fn each_kind_of_message_says_what_it_says() {
    let chart = |symbol: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"chart.trades.{symbol}.1","data":{{"volume":0.05,"tick":1573645080000,"open":8869.79,"low":8788.25,"high":8870.31,"cost":460,"close":8791.25}}}}}}"#
        )
    };
    let volume = |symbol: &str| match one(&chart(symbol)).kind {
        EventKind::Candle(candle) => {
            assert_eq!(candle.timeframe, Timeframe::M1);
            assert_eq!(candle.open_time, Timestamp::from_millis(1_573_645_080_000));
            candle.volume.to_string()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(volume("BTC-PERPETUAL"), "460", "dollars, as its trades");
    assert_eq!(volume("BTC_USDC-PERPETUAL"), "0.05");
    let forced = r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"trades.BTC-PERPETUAL.100ms","data":[{"trade_seq":30289442,"trade_id":"48079269","timestamp":1590484512188,"price":8950,"liquidation":"M","instrument_name":"BTC-PERPETUAL","direction":"sell","amount":10}]}}"#;
    let events = checked(&codec(), &Input::message(forced.as_bytes())).unwrap();
    let [trade, order] = events.as_slice() else {
        panic!()
    };
    let EventKind::Trade(trade) = &trade.kind else {
        panic!()
    };
    assert_eq!(
        (trade.trade.id, trade.trade.side),
        (TradeId(30_289_442), Side::Sell)
    );
    let EventKind::Liquidation(order) = &order.kind else {
        panic!()
    };
    assert_eq!(order.side, Side::Buy, "the maker's");
    let notice = |text: &str| match one(text).kind {
        EventKind::Notice(notice) => notice,
        other => panic!("{other:?}"),
    };
    let test = r#"{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}"#;
    assert_eq!(notice(test), Notice::Heartbeat);
    assert_eq!(
        codec().reply(test.as_bytes()).unwrap(),
        r#"{"id":9000000,"jsonrpc":"2.0","method":"public/test","params":{}}"#
    );
    let beat = r#"{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat"}}"#;
    assert_eq!(codec().reply(beat.as_bytes()), None);
    assert_eq!(
        notice(r#"{"jsonrpc":"2.0","id":9,"result":"ok"}"#),
        Notice::Heartbeat
    );
    let refused =
        notice(r#"{"jsonrpc":"2.0","id":2,"error":{"code":11050,"message":"bad_request"}}"#);
    assert!(matches!(
        refused,
        Notice::Refused {
            id: Some(2),
            code: 11_050,
            ..
        }
    ));
    let clock = Input::Answer {
        query: &Query::ServerTime,
        body: br#"{"jsonrpc":"2.0","result":1550147385946,"usOut":1550147385946123}"#,
    };
    let event = checked(&codec(), &clock).unwrap().remove(0);
    let time = Timestamp::from_millis(1_550_147_385_946);
    assert_eq!(event.kind, EventKind::ServerTime(time));
    assert_eq!(
        event.sent,
        Some(Timestamp::from_micros(1_550_147_385_946_123))
    );
    let paid = Input::Answer {
        query: &Query::FundingRates {
            symbol: venue_symbol("BTC-PERPETUAL"),
            from: Some(time),
            to: None,
            limit: 1,
        },
        body: br#"{"result":[{"timestamp":1569891600000,"index_price":8222.87,"interest_8h":-0.00009,"interest_1h":-0.00000086,"prev_index_price":8305.72}]}"#,
    };
    let EventKind::Funding(rate) = checked(&codec(), &paid).unwrap().remove(0).kind else {
        panic!()
    };
    assert_eq!(rate.rate, "-0.00000086".parse().unwrap());
    let error = Input::Answer {
        query: &Query::ServerTime,
        body: br#"{"jsonrpc":"2.0","error":{"message":"Invalid params","code":-32602}}"#,
    };
    let venue = DecodeError::Venue {
        code: -32_602,
        message: "Invalid params".into(),
    };
    assert_eq!(checked(&codec(), &error), Err(venue));
}

/// The perpetual counts dollars, the option its base, and old lists say neither settlement nor counter.
#[test]
fn what_a_quantity_counts_follows_from_the_settlement() {
    let body = br#"{"result":[
        {"kind":"future","instrument_name":"BTC-PERPETUAL","is_active":true,"tick_size":0.5,"min_trade_amount":10.0,"settlement_period":"perpetual","base_currency":"BTC","quote_currency":"USD"},
        {"kind":"option","instrument_name":"BTC-27DEC24-100000-C","option_type":"call","strike":100000.0,"expiration_timestamp":1735286400000,"is_active":false,"tick_size":0.0005,"min_trade_amount":0.1,"settlement_period":"month","base_currency":"BTC","quote_currency":"BTC"},
        {"kind":"spot","instrument_name":"BTC_USDC","is_active":true,"tick_size":1,"min_trade_amount":0.0001,"base_currency":"BTC","quote_currency":"USDC","counter_currency":"USDC"}]}"#;
    let input = Input::Answer {
        query: &instruments(),
        body,
    };
    let EventKind::Instruments(list) = checked(&codec(), &input).unwrap().remove(0).kind else {
        panic!()
    };
    let shown: Vec<_> = list
        .iter()
        .map(|i| {
            (
                i.symbol.instrument(),
                i.contract.map(|contract| contract.of),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("BTC/USD:BTC", Some(ContractUnit::Quote)),
            ("BTC/USD:BTC-20241227-100000-C", Some(ContractUnit::Base)),
            ("BTC/USDC", None),
        ]
    );
}
