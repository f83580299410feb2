//! What bitFlyer says, in bytes of our own after its documents.

use quantflow_model::{Side, TradeId};
use quantflow_wire::{DecodeError, Event, EventKind, Input, Notice, Query};

use super::{codec, trades};
use crate::support::venue_symbol;
use crate::trial::checked;

fn read(text: &str) -> Result<Vec<Event>, DecodeError> {
    checked(&codec(), &Input::message(text.as_bytes()))
}

fn ask(query: &Query, body: &str) -> Result<Vec<Event>, DecodeError> {
    let body = body.as_bytes();
    checked(&codec(), &Input::Answer { query, body })
}

/// Bytes of our own, after the documents.
#[test]
fn each_kind_of_message_says_what_it_says() {
    let message = |channel: &str, message: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"channelMessage","params":{{"channel":"{channel}","message":{message}}}}}"#
        )
    };
    let one = |text: &str| {
        let mut events = read(text).unwrap();
        assert_eq!(events.len(), 1, "{text}");
        events.remove(0)
    };
    let executions = message(
        "lightning_executions_FX_BTC_JPY",
        r#"[{"id":39361,"side":"SELL","price":35100,"size":0.01,"exec_date":"2015-07-07T10:44:33.5470263Z"},{"id":39362,"side":"","price":35101,"size":1.2E-7,"exec_date":null}]"#,
    );
    let events = read(&executions).unwrap();
    assert_eq!(events[0].symbol, Some(venue_symbol("FX_BTC_JPY")));
    let found = trades(events);
    assert_eq!((found[0].id, found[0].side), (TradeId(39_361), Side::Sell));
    assert_eq!(
        found[0].time,
        "2015-07-07T10:44:33.5470263Z".parse().unwrap()
    );
    assert_eq!(
        (found[1].time, found[1].side),
        (found[0].time, Side::Unknown)
    );
    assert_eq!(found[1].quantity, "0.00000012".parse().unwrap());
    let timeless = message(
        "lightning_executions_BTC_JPY",
        r#"[{"id":1,"side":"BUY","price":1,"size":1,"exec_date":""}]"#,
    );
    assert_eq!(read(&timeless).unwrap_err().name(), "missing-field");

    let board = r#"{"mid_price":35625,"bids":[{"price":0,"size":5},{"price":33350,"size":1}],"asks":[{"price":35650,"size":0}]}"#;
    let EventKind::BookSnapshot(book) =
        one(&message("lightning_board_snapshot_BTC_JPY", board)).kind
    else {
        panic!()
    };
    assert_eq!(book.bids.len(), 1, "what has no price is no level");
    let event = one(&message("lightning_board_BTC_JPY", board));
    assert_eq!(event.symbol, Some(venue_symbol("BTC_JPY")));
    let EventKind::BookDelta(delta) = event.kind else {
        panic!()
    };
    assert_eq!(delta.asks[0].quantity, "0".parse().unwrap());
    let ticker = message(
        "lightning_ticker_BTC_JPY",
        r#"{"product_code":"BTC_JPY","state":"RUNNING","timestamp":"2015-07-08T02:50:59.97","tick_id":3579,"best_bid":30000,"best_ask":36640,"best_bid_size":0.1,"best_ask_size":5,"ltp":31690,"volume":16819.26,"volume_by_product":6819.26}"#,
    );
    let event = one(&ticker);
    assert_eq!(
        event.sent,
        Some("2015-07-08T02:50:59.970Z".parse().unwrap())
    );
    let EventKind::Ticker(said) = event.kind else {
        panic!()
    };
    assert_eq!(said.volume, Some("6819.26".parse().unwrap()));
    let foreign = ticker.replace("lightning_ticker_BTC_JPY", "lightning_ticker_ETH_JPY");
    assert_eq!(read(&foreign).unwrap_err().name(), "bad-field");
    let kind = |text: &str| match one(text).kind {
        EventKind::Notice(notice) => notice,
        other => panic!("{other:?}"),
    };
    let taken = kind(r#"{"jsonrpc":"2.0","id":3,"result":true}"#);
    assert_eq!(taken, Notice::Subscribed { id: Some(3) });
    let refused = r#"{"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"Invalid params"}}"#;
    assert!(matches!(
        kind(refused),
        Notice::Refused { code: -32_602, .. }
    ));
    let funding = r#"{"current_funding_rate":-0.003750000000,"next_funding_rate_settledate":"2024-04-15T13:00:00"}"#;
    let query = Query::Contract {
        symbol: Some(venue_symbol("FX_BTC_JPY")),
    };
    let EventKind::Contract(state) = ask(&query, funding).unwrap().remove(0).kind else {
        panic!()
    };
    assert_eq!(state.funding_rate, Some("-0.00375".parse().unwrap()));
    assert_eq!(
        state.funding_time,
        Some("2024-04-15T13:00:00Z".parse().unwrap())
    );
    let error = ask(
        &query,
        r#"{"status":-110,"error_message":"Invalid product","data":null}"#,
    );
    let venue = DecodeError::Venue {
        code: -110,
        message: "Invalid product".into(),
    };
    assert_eq!(error, Err(venue));
}
