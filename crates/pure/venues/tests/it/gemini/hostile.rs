//! Bytes that are not the venue's. Frames of our own after the documents, then broken.

use quantflow_model::Timeframe;
use quantflow_wire::{DecodeError, EventKind, Query};

use super::codec;
use crate::support::{book, candles, recent_trades, venue_symbol};
use crate::venue::{answer, broken_frames, message, ticker};

const MESSAGES: [&str; 6] = [
    r#"{"type":"l2_updates","symbol":"BTCUSD","changes":[["buy","9122.04","0.00121425"],["sell","9122.07","0.98942292"]],"trades":[{"type":"trade","symbol":"BTCUSD","event_id":169841458,"timestamp":1560976400428,"price":"9122.04","quantity":"0.0073173","side":"sell"}],"auction_events":[]}"#,
    r#"{"type":"l2_updates","symbol":"BTCUSD","changes":[["sell","9122.07","0"]]}"#,
    r#"{"type":"trade","symbol":"BTCUSD","event_id":3575573053,"tid":3575573054,"timestamp":151231241,"price":"9004.21","quantity":"0.09110000","side":"buy"}"#,
    r#"{"type":"candles_15m_updates","symbol":"BTCUSD","changes":[[1561054500000,9350.18,9358.35,9350.18,9355.51,2.07],[1561053600000,9357.33,9357.33,9350.18,9350.18,1.5900161]]}"#,
    r#"{"type":"heartbeat","timestamp":1624493666869}"#,
    r#"{"result":"error","reason":"InvalidJson","message":"no"}"#,
];

#[test]
fn broken_frames_are_refused() {
    let quote = Query::BestQuote {
        symbol: Some(venue_symbol("BTCUSD")),
    };
    let contract = Query::Contract {
        symbol: Some(venue_symbol("BTCGUSDPERP")),
    };
    let levels = r#"{"bids":[{"price":"3607.85","amount":"6.643373","timestamp":"1547147541"}],"asks":[{"price":"3607.86","amount":"14.68","timestamp":"1547147541"}]}"#;
    let answers = [
        (
            candles("BTCUSD", Timeframe::M15),
            "[[1559755800000,7781.6,7820.23,7776.56,7819.39,34.7624802159]]",
        ),
        (
            recent_trades("BTCUSD"),
            r#"[{"timestamp":1547146811,"timestampms":1547146811357,"tid":5335307668,"price":"3610.85","amount":"0.27413495","exchange":"gemini","type":"buy"}]"#,
        ),
        (book("BTCUSD"), levels),
        (quote, levels),
        (
            ticker("BTCUSD"),
            r#"{"symbol":"BTCUSD","open":"9121.76","high":"9440.66","low":"9106.51","close":"9347.66","changes":["9365.1"],"bid":"9345.70","ask":"9347.67"}"#,
        ),
        (
            ticker("BTCUSD"),
            r#"{"ask":"977.59","bid":"977.35","last":"977.65","volume":{"BTC":"2210.505328803","USD":"2135477.463379586263","timestamp":1483018200000}}"#,
        ),
        (
            contract,
            r#"{"product_type":"PerpetualSwapContract","mark_price":"30080.00","index_price":"30079.046","open_interest":"14.439","open_interest_notional":"434325.12"}"#,
        ),
        (
            Query::Instruments,
            r#"[{"symbol":"BTCUSD","base_currency":"BTC","quote_currency":"USD","tick_size":1E-8,"quote_increment":0.01,"min_order_size":"0.00001","status":"open"}]"#,
        ),
    ];
    assert!(broken_frames(&codec(), &MESSAGES, &answers) > 10_000);
}

#[test]
fn a_first_message_is_a_book_and_its_trades() {
    let codec = codec();
    let first = message(&codec, MESSAGES[0].as_bytes()).unwrap();
    assert!(matches!(first[0].kind, EventKind::BookSnapshot(_)));
    assert!(matches!(first[1].kind, EventKind::Trade(_)));
    let later = message(&codec, MESSAGES[1].as_bytes()).unwrap();
    assert!(matches!(later[0].kind, EventKind::BookDelta(_)));
    let EventKind::Trade(said) = &message(&codec, MESSAGES[2].as_bytes()).unwrap()[0].kind else {
        panic!();
    };
    assert_eq!(said.trade.id.0, 3_575_573_054, "the trade's own number");
    let other = MESSAGES[0].replacen("\"BTCUSD\",\"event_id\"", "\"ETHUSD\",\"event_id\"", 1);
    assert!(message(&codec, other.as_bytes()).is_err());
}

#[test]
fn errors_name_what_was_wrong() {
    let codec = codec();
    let error = |bytes: &str| message(&codec, bytes.as_bytes()).unwrap_err().to_string();
    let broken = |from: &str, to: &str| error(&MESSAGES[2].replace(from, to));
    assert_eq!(
        broken("\"9004.21\"", "9004.21"),
        "trade: field \"price\" is 9004.21"
    );
    assert_eq!(
        broken("\"buy\"", "\"bid\""),
        "trade: field \"side\" is \"bid\""
    );
    assert_eq!(
        broken("151231241", "-3"),
        "trade: field \"timestamp\" is -3"
    );
    assert_eq!(
        error(r#"{"type":"candles_7m_updates","symbol":"BTCUSD","changes":[]}"#),
        "unknown message \"candles_7m_updates\""
    );
    let refused = br#"{"result":"error","reason":"InvalidSymbol","message":"no such"}"#;
    assert_eq!(
        answer(&codec, &ticker("X"), refused).unwrap_err(),
        DecodeError::Venue {
            code: 0,
            message: "InvalidSymbol: no such".into()
        }
    );
}
