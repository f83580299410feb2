//! What every venue is put to: bytes and names that are not the venue's.

use quantflow_model::{Timeframe, Timestamp, TradeId, VenueSymbol};
use quantflow_wire::{Bindings, Codec, DecodeError, Event, Input, Query, Route, Subscription};

/// Decodes, and checks that an error leaves nothing behind and that the route says whom the bytes are
/// about.
pub(crate) fn checked(codec: &dyn Codec, input: &Input<'_>) -> Result<Vec<Event>, DecodeError> {
    let mut events = Vec::new();
    let decoded = codec.decode(input, &mut events);
    let route = codec.route(input);
    if let Err(error) = decoded {
        assert!(events.is_empty(), "events beside an error: {error}");
        return Err(error);
    }
    for event in &events {
        let agrees = match (&event.symbol, route) {
            (Some(symbol), Route::Symbol(routed)) => routed.eq_ignore_ascii_case(symbol.as_str()),
            (_, Route::All) => true,
            _ => false,
        };
        assert!(agrees, "{route:?} is not {:?}", event.symbol);
    }
    Ok(events)
}

/// A good message, or a good answer to a query.
pub(crate) struct Good<'a> {
    query: Option<Query>,
    text: &'a str,
}

pub(crate) fn message(text: &str) -> Good<'_> {
    Good { query: None, text }
}

pub(crate) fn answer(query: Query, text: &str) -> Good<'_> {
    Good {
        query: Some(query),
        text,
    }
}

/// What stands in the place of each value, one after the other.
const WRONG: [&str; 18] = [
    "null",
    "true",
    "-1",
    "0",
    "1e400",
    "-1e400",
    "NaN",
    "99999999999999999999999999999999999999999999999999",
    "\"NaN\"",
    "\"\"",
    "\"x\"",
    "\"-1\"",
    "\"1e400\"",
    "\"\\u0000\"",
    "[]",
    "{}",
    "[[]]",
    "4102444800000000000",
];

/// Breaks good bytes in every way: cut at every byte, every byte changed, every value and key in turn
/// replaced, many changes at once. Nothing panics; what is an error adds nothing; every cut is an
/// error.
pub(crate) fn hostile(codec: &dyn Codec, bindings: &Bindings, good: &[Good<'_>]) {
    let (mut broken, mut refused) = (0_u64, 0_u64);
    for Good { query, text } in good {
        let mut check = |bytes: &[u8]| {
            broken += 1;
            let input = match query {
                Some(query) => Input::Answer { query, body: bytes },
                None => Input::Message { bytes, bindings },
            };
            let mut bound = bindings.clone();
            codec.bind(bytes, &mut bound);
            let _ = codec.reply(bytes);
            let result = checked(codec, &input);
            refused += u64::from(result.is_err());
            result
        };
        let bytes = text.as_bytes();
        check(bytes).unwrap_or_else(|error| panic!("{error}: {text}"));
        for cut in 0..bytes.len() {
            assert!(check(&bytes[..cut]).is_err(), "{text} cut at {cut}");
        }
        for at in 0..bytes.len() {
            for byte in *b"\"0{}[],:.9-Ea\\ \xff\x00" {
                let mut changed = bytes.to_vec();
                changed[at] = byte;
                let _ = check(&changed);
            }
        }
        for (start, end) in tokens(bytes) {
            for wrong in WRONG {
                let changed = [&bytes[..start], wrong.as_bytes(), &bytes[end..]].concat();
                let _ = check(&changed);
            }
        }
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut draw = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below as u64) as usize
        };
        for _ in 0..2_000 {
            let mut changed = bytes.to_vec();
            for _ in 0..=draw(3) {
                let at = draw(changed.len());
                let to = (at + draw(12)).min(changed.len());
                match draw(3) {
                    0 => drop(changed.drain(at..to)),
                    1 => {
                        let part = changed[at..to].to_vec();
                        changed.splice(at..at, part);
                    }
                    _ => changed[at] = br#"{}[]",:.0159-eE"#[draw(15)],
                }
                if changed.is_empty() {
                    break;
                }
            }
            let _ = check(&changed);
        }
    }
    let venue = codec.describe().id.as_str();
    println!(
        "| {venue} | broken | frames | {broken} | survived, {refused} of them refused by name |"
    );
    assert!(refused >= 50);
}

/// Where numbers, words and texts stand.
fn tokens(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = match rest[0] {
            b'"' => {
                let inside = rest[1..].iter().position(|b| *b == b'"').unwrap();
                inside + 2
            }
            b'-' | b'0'..=b'9' | b'a'..=b'z' => rest
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))
                .count(),
            _ => {
                at += 1;
                continue;
            }
        };
        tokens.push((at, at + length));
        at += length;
    }
    tokens
}

/// Bytes of no venue at all.
pub(crate) fn rubbish(codec: &dyn Codec) {
    let deep = "[".repeat(100_000);
    for bytes in [
        "",
        " ",
        "null",
        "0",
        "\"\"",
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "{\"\":{}}",
        "<html>",
        &deep,
        "{\"a\":1,\"a\":2}",
        "[1,",
        "\u{feff}{}",
    ] {
        let _ = checked(codec, &Input::message(bytes.as_bytes()));
    }
    let _ = checked(codec, &Input::message(b"\xff\xfe\x00"));
}

/// A symbol is a value and never more: whatever it is, the request has the parts that it has with another
/// symbol, or is refused; so has each message that subscribes.
pub(crate) fn names_lead_nowhere_else(codec: &dyn Codec, usual: &str) {
    let parts = |text: &str| {
        let marks = ['/', '?', '&', '=', '#', ' '];
        marks.map(|mark| text.matches(mark).count())
    };
    let usual = VenueSymbol::new(usual).unwrap();
    let mut asked = 0;
    for odd in [
        ".",
        "..",
        "../x",
        "/",
        "//x",
        "t/..",
        "?a=b",
        "a&b=c",
        "#",
        "%2e%2e",
        "é",
        "\n",
        "\"",
        "\\",
        "a b",
        "\u{0}",
        "{}",
        "\",\"x\":\"",
    ] {
        let odd = VenueSymbol::new(odd).unwrap();
        for (query, same) in queries(&odd).into_iter().zip(queries(&usual)) {
            let Ok(request) = codec.request(&query) else {
                continue;
            };
            let same = codec.request(&same).unwrap();
            let (target, body) = (request.target, request.body);
            assert_eq!(parts(&target), parts(&same.target), "{target}");
            assert!(target.bytes().all(|b| b.is_ascii_graphic()), "{target}");
            let path = target.split('?').next().unwrap();
            assert!(path.split('/').all(|part| part != "." && part != ".."));
            if !body.is_empty() {
                let tree: serde_json::Value = serde_json::from_slice(&body).unwrap();
                let coin = tree.get("coin").or_else(|| tree.get("req")?.get("coin"));
                assert!(coin.is_none_or(|coin| coin == odd.as_str()), "{tree}");
            }
            asked += 1;
        }
        for channel in codec.describe().channels.clone() {
            let wanted = Subscription {
                symbol: format!("{}:A/B", codec.describe().id).parse().unwrap(),
                venue_symbol: odd.clone(),
                channel,
            };
            for plan in codec.subscribe(&[wanted]).unwrap_or_default() {
                for message in plan.messages {
                    let tree: serde_json::Value = serde_json::from_str(&message).unwrap();
                    let named = ["x", "\",\"x\":\""]
                        .iter()
                        .any(|key| tree.get(key).is_some());
                    assert!(!named, "{message}");
                }
            }
        }
    }
    assert!(asked > 0);
}

fn queries(symbol: &VenueSymbol) -> Vec<Query> {
    let symbol = || symbol.clone();
    let (from, to) = (Some(Timestamp::EPOCH), Some(Timestamp::from_seconds(600)));
    let limit = 10;
    vec![
        Query::Candles {
            symbol: symbol(),
            timeframe: Timeframe::M1,
            from,
            to,
            limit,
        },
        Query::RecentTrades {
            symbol: symbol(),
            limit,
        },
        Query::TradesFromId {
            symbol: symbol(),
            from: TradeId(1),
            limit,
        },
        Query::TradesBeforeId {
            symbol: symbol(),
            before: TradeId(9),
            limit,
        },
        Query::Trades {
            symbol: symbol(),
            from,
            to,
            limit,
        },
        Query::Book {
            symbol: symbol(),
            limit,
        },
        Query::Ticker {
            symbol: Some(symbol()),
        },
        Query::BestQuote {
            symbol: Some(symbol()),
        },
        Query::Contract {
            symbol: Some(symbol()),
        },
        Query::FundingRates {
            symbol: symbol(),
            from,
            to,
            limit,
        },
        Query::OpenInterest { symbol: symbol() },
    ]
}
