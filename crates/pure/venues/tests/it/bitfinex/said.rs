//! What Bitfinex says, in bytes of our own after its documents.

use quantflow_model::{Side, Timeframe, Timestamp};
use quantflow_wire::{Bindings, Codec, DecodeError, EventKind, Input, Notice};

use super::{bound, codec, read};
use crate::support::{candles, venue_symbol};
use crate::trial::checked;

/// Bytes of our own, after the documents.
#[test]
fn each_kind_of_message_says_what_it_says() {
    let bindings = bound(&[
        (1, "tBTCUSD", "trades"),
        (2, "tBTCUSD", "book:P0"),
        (3, "tBTCF0:USTF0", "state"),
        (4, "liq:global", "liquidations"),
        (5, "tBTCUSD", "candles:1m"),
    ]);
    let one = |text: &str| {
        let mut events = read(text, &bindings).unwrap();
        assert_eq!(events.len(), 1, "{text}");
        events.remove(0)
    };
    let event = one("[1,\"te\",[401597395,1574694478808,-0.005,7245.3],12,1574694478900]");
    assert_eq!(event.sent, Some(Timestamp::from_millis(1_574_694_478_900)));
    let EventKind::Trade(trade) = event.kind else {
        panic!()
    };
    assert_eq!(trade.trade.id.0, 401_597_395);
    assert_eq!(trade.trade.side, Side::Sell);
    assert_eq!(trade.trade.quantity, "0.005".parse().unwrap());
    assert_eq!(trade.trade.time, Timestamp::from_millis(1_574_694_478_808));
    assert_eq!(
        read(
            "[1,\"tu\",[401597395,1574694478808,-0.005,7245.3],13]",
            &bindings
        ),
        Ok(vec![])
    );

    let EventKind::BookDelta(delta) = one("[2,\"cs\",-1493565949,77,1574694478900]").kind else {
        panic!()
    };
    assert_eq!(delta.checksum.unwrap().expected, 2_801_401_347);
    assert_eq!(delta.last_update_id, 77);
    assert!(delta.bids.is_empty() && delta.asks.is_empty());
    let EventKind::BookDelta(gone) = one("[2,[8744.9,0,-1],78]").kind else {
        panic!()
    };
    assert_eq!(gone.asks[0].quantity, "0".parse().unwrap());

    let state = "[3,[1596124822000,null,0.896,0.771995,null,1396531.673,null,1596153600000,\
        -0.00056,1271,null,0.00001,null,null,0.7664,null,null,246502.09,null,null,null,0.3],5]";
    let EventKind::Contract(state) = one(state).kind else {
        panic!()
    };
    assert_eq!(state.mark, Some("0.7664".parse().unwrap()));
    assert_eq!(state.index, Some("0.771995".parse().unwrap()));
    assert_eq!(state.funding_rate, Some("-0.00056".parse().unwrap()));
    assert_eq!(state.open_interest, Some("246502.09".parse().unwrap()));

    let liquidations = "[4,[[\"pos\",145400868,1609144352338,null,\"tETHF0:USTF0\",-1.67288094,\
        730.96,null,1,1,null,736.13],[\"pos\",145400869,1609144352338,null,\"tBTCF0:USTF0\",2,\
        730.96,null,0,1,null,736.13]],9]";
    let event = one(liquidations);
    assert_eq!(event.symbol, Some(venue_symbol("tETHF0:USTF0")));
    let EventKind::Liquidation(order) = event.kind else {
        panic!()
    };
    assert_eq!(
        (order.side, order.price),
        (Side::Buy, "736.13".parse().unwrap())
    );
    let EventKind::Candle(candle) = one("[5,[1574698260000,7379,7380,7384,7378,1.5],6]").kind
    else {
        panic!()
    };
    assert_eq!(candle.close, "7380".parse().unwrap());
    assert_eq!(candle.high, "7384".parse().unwrap());

    let notice = |text: &str| match one(text).kind {
        EventKind::Notice(notice) => notice,
        other => panic!("{other:?}"),
    };
    assert_eq!(notice("[9,\"hb\",128]"), Notice::Heartbeat);
    assert_eq!(
        notice(r#"{"event":"info","code":20051,"msg":"Stopping."}"#),
        Notice::ShuttingDown
    );
    let refused = notice(r#"{"event":"error","msg":"symbol: invalid","code":10300,"subId":"3"}"#);
    let Notice::Refused { id, code, .. } = refused else {
        panic!()
    };
    assert_eq!((id, code), (Some(3), 10_300));
    let unknown = read("[77,[1,2,3],5]", &bindings).unwrap_err();
    assert_eq!(unknown.name(), "unknown-message");
    let venue = checked(
        &codec(),
        &Input::Answer {
            query: &candles("tX", Timeframe::M1),
            body: br#"["error",10020,"symbol: invalid"]"#,
        },
    );
    let error = DecodeError::Venue {
        code: 10_020,
        message: "symbol: invalid".into(),
    };
    assert_eq!(venue, Err(error));
}

#[test]
fn numbers_are_bound_and_released() {
    let codec = codec();
    let mut bindings = Bindings::default();
    for text in [
        r#"{"event":"subscribed","channel":"candles","chanId":1,"key":"trade:1m:tBTCF0:USTF0"}"#,
        r#"{"event":"subscribed","channel":"status","chanId":2,"key":"deriv:tBTCF0:USTF0"}"#,
        r#"{"event":"subscribed","channel":"status","chanId":3,"key":"liq:global"}"#,
        r#"{"event":"subscribed","channel":"book","chanId":4,"symbol":"tBTCUSD","prec":"R0","freq":"F0","len":"25","pair":"BTCUSD"}"#,
        r#"{"event":"subscribed","channel":"trades","chanId":5,"symbol":"tBTCUSD","subId":"5","pair":"BTCUSD"}"#,
        r#"{"event":"unsubscribed","status":"OK","chanId":5}"#,
        r#"{"event":"subscribed","channel":"trades","chanId":"x"}"#,
    ] {
        codec.bind(text.as_bytes(), &mut bindings);
    }
    let shown = |number| {
        let binding = bindings.get(number)?;
        Some(format!("{} {}", binding.symbol.as_str(), binding.channel))
    };
    assert_eq!(shown(1).unwrap(), "tBTCF0:USTF0 candles:1m");
    assert_eq!(shown(2).unwrap(), "tBTCF0:USTF0 state");
    assert_eq!(shown(3).unwrap(), "liq:global liquidations");
    assert_eq!(shown(5), None);
    let raw = read("[4,[34006738527,8744.9,0.25],3]", &bindings).unwrap_err();
    assert_eq!(raw, DecodeError::UnknownMessage("data of book:R0".into()));
}
