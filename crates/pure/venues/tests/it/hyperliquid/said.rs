//! What Hyperliquid says, in bytes of our own after its documents.

use quantflow_model::{InstrumentStatus, Side, Timeframe, Timestamp};
use quantflow_wire::{Codec, DecodeError, Event, EventKind, Input, Notice, Query};

use super::{codec, of};
use crate::support::{book, venue_symbol};
use crate::trial::checked;

fn ask(query: &Query, body: &str) -> Result<Vec<Event>, DecodeError> {
    let body = body.as_bytes();
    checked(&codec(), &Input::Answer { query, body })
}

/// Bytes of our own, after the documents.
#[test]
fn each_kind_of_message_says_what_it_says() {
    let read = |text: &str| checked(&codec(), &Input::message(text.as_bytes()));
    let one = |text: &str| {
        let mut events = read(text).unwrap();
        assert_eq!(events.len(), 1, "{text}");
        events.remove(0)
    };
    let trade = r#"{"channel":"trades","data":[{"coin":"@107","side":"A","px":"18.435","sz":"93.53","hash":"0xa1","time":1732121712022,"tid":980464150994,"users":["0x1","0x2"]}]}"#;
    let event = one(trade);
    assert_eq!(event.symbol, Some(venue_symbol("@107")));
    let EventKind::Trade(trade) = event.kind else {
        panic!()
    };
    assert_eq!(
        (trade.trade.id.0, trade.trade.side),
        (980_464_150_994, Side::Sell)
    );
    let EventKind::Quote(quote) = one(r#"{"channel":"bbo","data":{"coin":"BTC","time":1708622398623,"bbo":[{"px":"19900","sz":"1","n":1},{"px":"20100","sz":"2","n":1}]}}"#).kind else { panic!() };
    assert_eq!(quote.ask_quantity, "2".parse().unwrap());
    let empty = r#"{"channel":"bbo","data":{"coin":"BTC","time":1708622398623,"bbo":[null,{"px":"20100","sz":"2","n":1}]}}"#;
    assert_eq!(read(empty), Ok(vec![]));
    let EventKind::Contract(state) = one(r#"{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"funding":"0.0000125","openInterest":"27353.1","prevDayPx":"76317.0","dayNtlVlm":"1.5","oraclePx":"77605.0","markPx":"77562.0","midPx":null}}}"#).kind else { panic!() };
    assert_eq!(state.index, Some("77605".parse().unwrap()));
    let EventKind::Candle(candle) = one(r#"{"channel":"candle","data":{"t":1681923600000,"T":1681924499999,"s":"BTC","i":"15m","o":"29295.0","c":"29258.0","h":"29309.0","l":"29250.0","v":"0.98639","n":189}}"#).kind else { panic!() };
    assert_eq!(
        (candle.timeframe, candle.trades),
        (Timeframe::M15, Some(189))
    );
    assert_eq!(candle.close_time, Timestamp::from_millis(1_681_924_499_999));
    for (text, notice) in [
        (r#"{"channel":"pong"}"#, Notice::Heartbeat),
        (
            r#"{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"trades","coin":"BTC"}}}"#,
            Notice::Subscribed { id: None },
        ),
        (
            r#"{"channel":"error","data":"Invalid subscription"}"#,
            Notice::Refused {
                id: None,
                code: 0,
                message: "Invalid subscription".into(),
            },
        ),
    ] {
        assert_eq!(one(text).kind, EventKind::Notice(notice));
    }
    let mixed = r#"{"channel":"trades","data":[{"coin":"BTC","side":"A","px":"1","sz":"1","time":1,"tid":1},{"coin":"ETH","side":"A","px":"1","sz":"1","time":1,"tid":2}]}"#;
    assert_eq!(read(mixed).unwrap_err().name(), "bad-field");
}

/// Bytes of our own, after the documents.
#[test]
fn answers_say_what_they_say() {
    let spot = r#"{"tokens":[{"name":"USDC","szDecimals":8,"index":0},{"name":"PURR","szDecimals":0,"index":1},{"name":"HYPE","szDecimals":2,"index":150}],"universe":[{"name":"PURR/USDC","tokens":[1,0],"index":0},{"name":"@107","tokens":[150,0],"index":107}]}"#;
    let EventKind::Instruments(list) = ask(&of("spot"), spot).unwrap().remove(0).kind else {
        panic!()
    };
    let shown: Vec<_> = list
        .iter()
        .map(|i| {
            let steps = (i.tick.unwrap().to_string(), i.lot.unwrap().to_string());
            (i.symbol.instrument(), i.venue_symbol.as_str(), steps)
        })
        .collect();
    let steps = |tick: &str, lot: &str| (tick.to_owned(), lot.to_owned());
    assert_eq!(
        shown,
        [
            ("PURR/USDC", "PURR/USDC", steps("0.00000001", "1")),
            ("HYPE/USDC", "@107", steps("0.000001", "0.01")),
        ]
    );
    let perp = r#"{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":40},{"name":"kPEPE","szDecimals":0},{"name":"OLD","szDecimals":1,"isDelisted":true}]}"#;
    let EventKind::Instruments(list) = ask(&of("perp"), perp).unwrap().remove(0).kind else {
        panic!()
    };
    assert_eq!(list[0].symbol.as_str(), "hyperliquid:BTC/USDC:USDC");
    assert_eq!(list[1].symbol.as_str(), "hyperliquid:KPEPE/USDC:USDC");
    assert_eq!(list[1].venue_symbol.as_str(), "kPEPE");
    assert_eq!(list[2].status, InstrumentStatus::Closed);
    let codec = codec();
    assert_eq!(codec.spell(&list[0].symbol), Some(venue_symbol("BTC")));
    assert_eq!(codec.spell(&list[1].symbol), None);

    let states = r#"[{"universe":[{"name":"BTC","szDecimals":5},{"name":"ETH","szDecimals":4}]},[{"funding":"0.1","openInterest":"1","markPx":"5","oraclePx":"6"},{"funding":"0.2","openInterest":"2","markPx":"7","oraclePx":"8"}]]"#;
    assert_eq!(
        ask(&Query::Contract { symbol: None }, states)
            .unwrap()
            .len(),
        2
    );
    let eth = Query::Contract {
        symbol: Some(venue_symbol("ETH")),
    };
    let event = ask(&eth, states).unwrap().remove(0);
    let EventKind::Contract(state) = event.kind else {
        panic!()
    };
    assert_eq!(state.mark, Some("7".parse().unwrap()));
    let unknown = ask(&book("XYZ"), "null").unwrap_err();
    assert_eq!(unknown.name(), "venue-error");
    for clock in [
        r#"{"specialStatuses":null,"time":1747313480732}"#,
        r#"{"specialStatuses":null,"time":"1747313480732"}"#,
    ] {
        let event = ask(&Query::ServerTime, clock).unwrap().remove(0);
        let time = Timestamp::from_millis(1_747_313_480_732);
        assert_eq!(event.kind, EventKind::ServerTime(time));
    }
}
