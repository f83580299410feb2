//! Bytes that are not the venue's: never a panic, one meaning only, and the route agrees.

use proptest::prelude::*;
use quantflow_model::Timeframe;
use quantflow_testkit::recorded;
use quantflow_wire::{Codec, DecodeError, Event, Input, Query, Route};

use crate::support::{book, candles, codec, decode, decode_with, recent_trades, venue_symbol};

/// What every input must hold to; returns what it was decoded to.
fn check(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let input = Input::message(bytes);
    let codec = codec();
    let decoded = decode_with(&codec, &input);
    if let Ok(events) = &decoded {
        let routed = codec.route(&input);
        for event in events {
            let agrees = match (&event.symbol, routed) {
                (Some(symbol), Route::Symbol(routed)) => {
                    routed.eq_ignore_ascii_case(symbol.as_str())
                }
                (None, Route::All) => true,
                _ => false,
            };
            assert!(
                agrees,
                "{routed:?} is not {:?}: {}",
                event.symbol,
                bytes.escape_ascii()
            );
        }
    } else {
        let _ = codec.route(&input);
    }
    // white space behind means nothing to JSON, but the scanner does not know it: both must agree
    let general = decode(&[bytes, b" "].concat());
    if decoded.is_ok() || general.is_ok() {
        assert_eq!(decoded, general, "{}", bytes.escape_ascii());
    }
    decoded
}

fn templates() -> Vec<String> {
    let raw = [
        r#"{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}"#,
        r#"{"e":"trade","E":1723161255343123,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","b":88,"a":50,"T":1723161255342999,"m":false,"M":true}"#,
        r#"{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"1343961239.70000000","a":"61837.64000000","A":"1.54698000"}"#,
        r#"{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":50093239189,"u":50093239202,"b":[["61737.63000000","0.00000000"],["61730.17000000","0.00000000"]],"a":[["61837.64000000","1.54698000"]]}"#,
        r#"{"e":"aggTrade","E":1633998523963,"s":"BTCUSDT","a":15683430,"p":"0.35280000","q":"58.00000000","f":19862790,"l":19862790,"T":1633998523963,"m":false,"M":true}"#,
        r#"{"e":"kline","E":1633998523963,"s":"BTCUSDT","k":{"t":1633998480000,"T":1633998539999,"s":"BTCUSDT","i":"1m","f":1,"L":2,"o":"0.35270000","c":"0.35280000","h":"0.35280000","l":"0.35220000","v":"25877.00000000","n":30,"x":false,"q":"9116.04600000","V":"58.00000000","Q":"20.46240000","B":"0"}}"#,
        r#"{"result":null,"id":1}"#,
        r#"{"e":"serverShutdown","E":1770123456789}"#,
    ];
    let streams = [
        "trade",
        "trade",
        "bookTicker",
        "depth@100ms",
        "aggTrade",
        "kline_1m",
    ];
    let combined = streams
        .iter()
        .zip(raw)
        .map(|(stream, data)| format!(r#"{{"stream":"btcusdt@{stream}","data":{data}}}"#));
    raw.iter()
        .map(|s| (*s).to_owned())
        .chain(combined)
        .collect()
}

#[derive(Debug, Clone)]
enum Mutation {
    Replace(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Delete(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    // mostly bytes that mean something in these messages
    let byte = || {
        prop_oneof![
            4 => prop::sample::select(br#"{}[]",:.0123456789-+eE@!btuspqTmMaAfl\ "#.to_vec()),
            1 => any::<u8>(),
        ]
    };
    prop_oneof![
        (index(), byte()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (index(), prop::collection::vec(byte(), 1..4)).prop_map(|(at, b)| Mutation::Insert(at, b)),
        (index(), 1..8_usize).prop_map(|(at, n)| Mutation::Delete(at, n)),
        (index(), 1..20_usize).prop_map(|(at, n)| Mutation::Repeat(at, n)),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    if bytes.is_empty() {
        return;
    }
    match mutation {
        Mutation::Replace(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Mutation::Insert(at, new) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, new.iter().copied());
        }
        Mutation::Delete(at, count) => {
            let at = at.index(bytes.len());
            bytes.drain(at..(at + count).min(bytes.len()));
        }
        Mutation::Repeat(at, count) => {
            let at = at.index(bytes.len());
            let part = bytes[at..(at + count).min(bytes.len())].to_vec();
            bytes.splice(at..at, part);
        }
    }
}

#[test]
fn every_cut_of_every_template_is_refused_quietly() {
    for template in templates() {
        check(template.as_bytes()).unwrap();
        for cut in 0..template.len() {
            assert!(
                check(&template.as_bytes()[..cut]).is_err(),
                "{template} cut at {cut}"
            );
        }
    }
}

#[test]
fn every_single_byte_of_every_template_may_be_anything() {
    for template in templates() {
        for at in 0..template.len() {
            for byte in *b"\"0{}[],:.9-Ea@\\ \xff\x00" {
                let mut bytes = template.clone().into_bytes();
                bytes[at] = byte;
                let _ = check(&bytes);
            }
        }
    }
}

/// Recorded frames read by both readers say the same.
#[test]
fn scanner_and_general_reader_agree_on_recorded_frames() {
    let Some(bytes) = recorded::bytes("ws_capture_binance/spot_btcusdt_20240808.gz") else {
        return;
    };
    let mut frames = 0;
    for line in bytes.split(|b| *b == b'\n') {
        if let Some(at) = line.iter().position(|b| *b == b'{')
            && line[at..].starts_with(b"{\"stream\"")
        {
            check(&line[at..]).unwrap();
            frames += 1;
        }
    }
    assert_eq!(frames, 41_248);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = check(&bytes);
    }

    #[test]
    fn mutated_messages_mean_one_thing(
        which in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let templates = templates();
        let mut bytes = templates[which.index(templates.len())].clone().into_bytes();
        for mutation in &mutations {
            mutate(&mut bytes, mutation);
        }
        let _ = check(&bytes);
    }

    #[test]
    fn mutated_answers_are_survived(
        which in 0..5_usize,
        mutations in prop::collection::vec(mutation(), 0..4),
    ) {
        let (query, body) = [
            (candles("BTCUSDT", Timeframe::M1), r#"[[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",1499644799999,"2434.19055334",308,"1756.87402397","28.46694368","0"]]"#),
            (recent_trades("BTCUSDT"), r#"[{"id":28457,"price":"4.00000100","qty":"12.00000000","quoteQty":"48.00001200","time":1499865549590,"isBuyerMaker":true,"isBestMatch":true}]"#),
            (book("BTCUSDT"), r#"{"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"]]}"#),
            (Query::ServerTime, r#"{"serverTime":1499827319559}"#),
            (Query::Instruments, r#"{"serverTime":1,"symbols":[{"symbol":"ETHBTC","status":"TRADING","baseAsset":"ETH","quoteAsset":"BTC","filters":[{"filterType":"PRICE_FILTER","tickSize":"0.00001000"}]}]}"#),
        ][which].clone();
        let mut bytes = body.as_bytes().to_vec();
        for mutation in &mutations {
            mutate(&mut bytes, mutation);
        }
        let input = Input::Answer { query: &query, body: &bytes };
        let decoded = decode_with(&codec(), &input);
        prop_assert!(!mutations.is_empty() || decoded.is_ok());
        let expected = query.symbol().map_or(Route::All, |s| Route::Symbol(s.as_str()));
        prop_assert_eq!(codec().route(&input), expected);
    }

    /// A symbol is percent-encoded, so that no symbol can add a parameter.
    #[test]
    fn a_symbol_cannot_break_out_of_its_request(text in "\\PC{1,16}") {
        prop_assume!((1..=64).contains(&text.len()));
        let symbol = venue_symbol(&text);
        let query = Query::Book { symbol, limit: 5 };
        let target = codec().request(&query).unwrap().target;
        prop_assert!(target.bytes().all(|b| b.is_ascii_graphic()));
        prop_assert_eq!(quantflow_venues::binance::read_target(&target), Ok(query));
    }
}
