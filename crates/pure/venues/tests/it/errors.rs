//! What is refused, and with which words: the error itself is compared.

use quantflow_model::Timeframe;
use quantflow_wire::DecodeError::{self, BadField, Malformed, Missing, UnknownMessage, Venue};
use quantflow_wire::{EventKind, Notice, Query};

use crate::support::{book, candles, decode, decode_answer, recent_trades, venue_symbol};

const TRADE: &str = r#"{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}"#;
const QUOTE: &str = r#"{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}"#;
const DEPTH: &str = r#"{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":189,"u":202,"b":[["61737.63000000","0.00000000"]],"a":[]}"#;
const AGGREGATE: &str = r#"{"e":"aggTrade","E":1633998523963,"s":"NKNUSDT","a":15683430,"p":"0.35280000","q":"58.00000000","f":19862790,"l":19862791,"T":1633998523963,"m":false,"M":true}"#;
const KLINE: &str = r#"{"e":"kline","E":1633998523963,"s":"NKNUSDT","k":{"t":1633998480000,"T":1633998539999,"s":"NKNUSDT","i":"1m","f":-1,"L":-1,"o":"0.35270000","c":"0.35280000","h":"0.35280000","l":"0.35220000","v":"25877.00000000","n":30,"x":false,"q":"9116.04600000","V":"58.00000000","Q":"20.46240000","B":"0"}}"#;

fn missing(message: &'static str, field: &'static str) -> DecodeError {
    Missing { message, field }
}

fn bad(message: &'static str, field: &'static str, found: &str) -> DecodeError {
    BadField {
        message,
        field,
        found: found.into(),
    }
}

#[test]
fn the_templates_are_messages() {
    for template in [TRADE, QUOTE, DEPTH, AGGREGATE, KLINE] {
        assert_eq!(decode(template.as_bytes()).unwrap().len(), 1, "{template}");
    }
}

#[test]
fn a_message_with_one_thing_wrong_is_refused_by_its_name() {
    for (template, from, to, expected) in [
        (TRADE, r#""t":3735683259,"#, "", missing("trade", "t")),
        (
            TRADE,
            r#""t":3735683259"#,
            r#""t":-1"#,
            bad("trade", "t", "-1"),
        ),
        (
            TRADE,
            r#""t":3735683259"#,
            r#""t":1.5"#,
            bad("trade", "t", "1.5"),
        ),
        (
            TRADE,
            r#""t":3735683259"#,
            r#""t":"7""#,
            bad("trade", "t", "\"7\""),
        ),
        (TRADE, r#""p":"61837.63000000","#, "", missing("trade", "p")),
        (
            TRADE,
            r#""61837.63000000""#,
            "61837.63",
            bad("trade", "p", "61837.63"),
        ),
        (
            TRADE,
            "61837.63000000",
            "61837.6.3",
            bad("trade", "p", "\"61837.6.3\""),
        ),
        (TRADE, "61837.63000000", "NaN", bad("trade", "p", "\"NaN\"")),
        (TRADE, r#""0.02000000""#, "null", bad("trade", "q", "null")),
        (TRADE, r#""m":true,"#, "", missing("trade", "m")),
        (TRADE, r#""m":true"#, r#""m":1"#, bad("trade", "m", "1")),
        (TRADE, r#","M":true"#, "", missing("trade", "M")),
        (
            TRADE,
            r#""T":1723161255342"#,
            r#""T":99999999999999999"#,
            bad("trade", "T", "99999999999999999"),
        ),
        (
            TRADE,
            r#""T":1723161255342"#,
            r#""T":-5"#,
            bad("trade", "T", "-5"),
        ),
        (TRADE, r#""T":"#, r#""b":5,"T":"#, missing("trade", "a")),
        (TRADE, r#""s":"BTCUSDT","#, "", missing("trade", "s")),
        (TRADE, "BTCUSDT", "", bad("trade", "s", "\"\"")),
        (
            TRADE,
            "BTCUSDT",
            r"BTC\u0055SDT",
            bad("trade", "s", "\"BTCUSDT\""),
        ),
        (
            TRADE,
            r#""trade""#,
            r#""tirade""#,
            UnknownMessage("tirade".into()),
        ),
        (TRADE, r#""trade""#, "7", bad("message", "e", "7")),
        (
            QUOTE,
            r#""B":"3.78826000","#,
            "",
            missing("bookTicker", "B"),
        ),
        (
            QUOTE,
            r#""u":50093239212,"#,
            "",
            UnknownMessage("{s,b,B,a,A}".into()),
        ),
        (
            DEPTH,
            r#""u":202"#,
            r#""u":100"#,
            bad("depthUpdate", "u", "100"),
        ),
        (
            DEPTH,
            r#""u":202"#,
            r#""u":202,"pu":188"#,
            UnknownMessage("depthUpdate with \"pu\": of futures, not spot".into()),
        ),
        (
            DEPTH,
            r#""a":[]"#,
            r#""a":{}"#,
            bad("depthUpdate", "a", "an object of 0"),
        ),
        (
            DEPTH,
            r#","0.00000000"]"#,
            "]",
            bad("depthUpdate", "b", "a list of 1"),
        ),
        (
            DEPTH,
            r#","0.00000000"]"#,
            r#","0",[]]"#,
            bad("depthUpdate", "b", "a list of 3"),
        ),
        (
            AGGREGATE,
            r#""l":19862791"#,
            r#""l":19862789"#,
            bad("aggTrade", "l", "19862789"),
        ),
        (
            KLINE,
            r#""i":"1m""#,
            r#""i":"7m""#,
            bad("kline", "i", "\"7m\""),
        ),
        (KLINE, r#""x":false,"#, "", missing("kline", "x")),
        (KLINE, r#""f":-1"#, r#""f":-2"#, bad("kline", "f", "-2")),
        (
            KLINE,
            r#"539999,"s":"NKNUSDT""#,
            r#"539999,"s":"BTCUSDT""#,
            bad("kline", "s", "\"BTCUSDT\""),
        ),
        ("{}", "", "", UnknownMessage("{}".into())),
        ("[]", "", "", UnknownMessage("a list of 0".into())),
        (
            r#"{"result":["btcusdt@trade"],"id":3}"#,
            "",
            "",
            UnknownMessage("{result,id}".into()),
        ),
        (
            r#"{"result":null,"s":"X"}"#,
            "",
            "",
            bad("notice", "s", "\"X\""),
        ),
        (
            r#"{"code":"x","msg":"y"}"#,
            "",
            "",
            bad("error", "code", "\"x\""),
        ),
        (r#"{"code":1}"#, "", "", missing("error", "msg")),
        (
            r#"{"e":"serverShutdown"}"#,
            "",
            "",
            missing("serverShutdown", "E"),
        ),
    ] {
        let text = if from.is_empty() {
            template.into()
        } else {
            template.replacen(from, to, 1)
        };
        assert!(
            from.is_empty() || text != template,
            "{from} is not in {template}"
        );
        assert_eq!(decode(text.as_bytes()), Err(expected.clone()), "{text}");
        if from.is_empty() {
            continue;
        }
        // in a combined stream just so
        let stream = if template.contains("NKN") {
            "nknusdt"
        } else {
            "btcusdt"
        };
        let combined = format!(r#"{{"stream":"{stream}@any","data":{text}}}"#);
        assert_eq!(decode(combined.as_bytes()), Err(expected), "{combined}");
    }
}

#[test]
fn an_envelope_must_fit_what_is_in_it() {
    for (stream, expected) in [
        (
            r#""ethusdt@trade""#,
            bad("combined", "stream", "\"ethusdt@trade\""),
        ),
        (
            r#""btcusd@trade""#,
            bad("combined", "stream", "\"btcusd@trade\""),
        ),
        (
            r#""!ticker@arr""#,
            bad("combined", "stream", "\"!ticker@arr\""),
        ),
        (r#""trade""#, bad("combined", "stream", "\"trade\"")),
        ("7", bad("combined", "stream", "7")),
        (
            r#""btcusdt@tr\u0061de""#,
            bad("combined", "stream", "\"btcusdt@trade\""),
        ),
    ] {
        let text = format!(r#"{{"stream":{stream},"data":{TRADE}}}"#);
        assert_eq!(decode(text.as_bytes()), Err(expected), "{text}");
    }
    let without = decode(br#"{"stream":"btcusdt@trade"}"#);
    assert_eq!(without, Err(missing("combined", "data")));
    let more = format!(r#"{{"stream":"btcusdt@trade","data":{TRADE},"more":1}}"#);
    let expected = UnknownMessage("{stream,data,more}".into());
    assert_eq!(decode(more.as_bytes()), Err(expected));
}

#[test]
fn what_is_no_json_is_malformed() {
    for bytes in [
        b"".as_slice(),
        b"\xff\xfe",
        b"{\"e\":\"trade\"",
        b"{\"e\":\"trade\",\"e\":\"trade\"}",
        b"{\"e\":\"\xff\"}",
        b"\x1f\x8b\x08\x00",
        b"{} {}",
        br#"{"e":"trade","E":01723161255343}"#,
        b"<html>502 Bad Gateway</html>",
    ] {
        let error = decode(bytes).unwrap_err();
        assert!(
            matches!(error, Malformed(_)),
            "{}: {error}",
            bytes.escape_ascii()
        );
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(decode(deep.as_bytes()), Err(Malformed(_))));
}

#[test]
fn what_the_venue_says_of_the_connection_is_a_notice() {
    for (text, expected) in [
        (
            r#"{"result":null,"id":1}"#,
            Notice::Subscribed { id: Some(1) },
        ),
        (
            r#"{"result":null,"id":null}"#,
            Notice::Subscribed { id: None },
        ),
        (
            r#"{"code":2,"msg":"Invalid request","id":9}"#,
            Notice::Refused {
                id: Some(9),
                code: 2,
                message: "Invalid request".into(),
            },
        ),
        (
            r#"{"error":{"code":-1121,"msg":"Invalid symbol."},"id":4}"#,
            Notice::Refused {
                id: Some(4),
                code: -1121,
                message: "Invalid symbol.".into(),
            },
        ),
        (
            r#"{"e":"serverShutdown","E":1770123456789}"#,
            Notice::ShuttingDown,
        ),
        (
            r#"{"event":{"e":"serverShutdown","E":1770123456789}}"#,
            Notice::ShuttingDown,
        ),
    ] {
        let events = decode(text.as_bytes()).unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].kind, EventKind::Notice(expected), "{text}");
        assert_eq!(events[0].symbol, None);
    }
}

#[test]
fn an_answer_that_is_wrong_is_refused_by_its_name() {
    let ticker = Query::Ticker { symbol: None };
    let rows = candles("BTCUSDT", Timeframe::M1);
    for (query, body, expected) in [
        (
            &rows,
            r#"{"code":-1121,"msg":"Invalid symbol."}"#,
            Venue {
                code: -1121,
                message: "Invalid symbol.".into(),
            },
        ),
        (&rows, r#"{"x":1}"#, bad("klines", "", "an object of 1")),
        (&rows, "[[]]", missing("klines", "open time")),
        (
            &rows,
            r#"[[1499040000000,"1","1","1"]]"#,
            missing("klines", "close"),
        ),
        (
            &rows,
            r#"[["x","1","1","1","1","1",1,"1",1,"1","1","0"]]"#,
            bad("klines", "open time", "\"x\""),
        ),
        (
            &rows,
            r#"[[1499040000000,"1",1.5,"1","1","1",1,"1",1,"1","1","0"]]"#,
            bad("klines", "high", "1.5"),
        ),
        (
            &rows,
            r#"[[1499040000000,"1","1","1","1","1",1,"1",1,"1","1","0",9]]"#,
            bad("klines", "", "a list of 13"),
        ),
        (
            &recent_trades("BTCUSDT"),
            r#"[{"id":1,"price":"1"}]"#,
            missing("trades", "time"),
        ),
        (&recent_trades("BTCUSDT"), "[7]", bad("trades", "", "7")),
        (
            &book("BTCUSDT"),
            r#"{"bids":[],"asks":[]}"#,
            missing("depth", "lastUpdateId"),
        ),
        (
            &ticker,
            r#"{"symbol":"BTCUSDT"}"#,
            bad("ticker/24hr", "", "an object of 1"),
        ),
        (&Query::ServerTime, "{}", missing("time", "serverTime")),
        (
            &Query::Instruments,
            r#"{"serverTime":1}"#,
            missing("exchangeInfo", "symbols"),
        ),
        (
            &Query::Instruments,
            r#"{"serverTime":1,"symbols":[{"symbol":"A","status":"TRADING","baseAsset":"A","quoteAsset":"B"}]}"#,
            missing("exchangeInfo", "filters"),
        ),
        (
            &Query::Instruments,
            r#"{"serverTime":1,"symbols":[{"symbol":"ABUSDT","contractType":"PERPETUAL","status":"TRADING","baseAsset":"AB","quoteAsset":"USDT","filters":[]}]}"#,
            UnknownMessage("exchangeInfo with \"contractType\": of futures, not spot".into()),
        ),
    ] {
        assert_eq!(
            decode_answer(query, body.as_bytes()),
            Err(expected),
            "{body}"
        );
    }
    let other = Query::BestQuote {
        symbol: Some(venue_symbol("ETHUSDT")),
    };
    let body = r#"{"symbol":"BTCUSDT","bidPrice":"1","bidQty":"1","askPrice":"2","askQty":"1"}"#;
    let expected = bad("ticker/bookTicker", "symbol", "\"BTCUSDT\"");
    assert_eq!(decode_answer(&other, body.as_bytes()), Err(expected));
}
