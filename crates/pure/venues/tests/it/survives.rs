//! Broken input for any codec: what every input must hold to, and good frames broken in every place.

use quantflow_wire::{Codec, DecodeError, Event, Input, Query, Route};
use serde_json::Value;

/// A good frame to break.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Good<'a> {
    /// A message of a socket.
    Message(&'a [u8]),
    /// An answer to a query.
    Answer(&'a Query, &'a [u8]),
}

impl<'a> Good<'a> {
    fn bytes(self) -> &'a [u8] {
        match self {
            Self::Message(bytes) | Self::Answer(_, bytes) => bytes,
        }
    }

    fn with<'b>(self, bytes: &'b [u8]) -> Input<'b>
    where
        'a: 'b,
    {
        match self {
            Self::Message(_) => Input::message(bytes),
            Self::Answer(query, _) => Input::Answer { query, body: bytes },
        }
    }
}

/// Decodes; an error leaves nothing behind, and the route agrees with what was decoded.
pub(crate) fn checked(codec: &dyn Codec, input: &Input<'_>) -> Result<Vec<Event>, DecodeError> {
    let mut events = Vec::new();
    let routed = codec.route(input);
    let result = codec.decode(input, &mut events);
    if let Err(error) = result {
        assert!(events.is_empty(), "events beside an error");
        return Err(error);
    }
    for event in &events {
        let agrees = match (&event.symbol, routed) {
            (Some(symbol), Route::Symbol(routed)) => routed.eq_ignore_ascii_case(symbol.as_str()),
            (_, Route::All) => true,
            _ => false,
        };
        assert!(agrees, "{routed:?} is not {:?} in {input:?}", event.symbol);
    }
    Ok(events)
}

/// What may stand in the place of a good value.
fn wrong_values() -> Vec<Value> {
    let texts = [
        "",
        "NaN",
        "-1",
        "1e999",
        "Infinity",
        "١",
        "0x10",
        "no such thing",
        "99999999999999999999999999999999999999999999999999",
    ];
    let mut values: Vec<Value> = texts.iter().map(|text| (*text).into()).collect();
    values.extend(
        [
            "null",
            "true",
            "{}",
            "[]",
            "[[]]",
            "-1",
            "0.5",
            "1e30",
            "99999999999999999999",
        ]
        .map(|json| serde_json::from_str(json).unwrap()),
    );
    values
}

/// Every place of a tree, each replaced by something wrong, and every field left out.
fn broken(tree: &Value, wrong: &[Value]) -> Vec<Value> {
    let mut all = wrong.to_vec();
    match tree {
        Value::Object(fields) => {
            for (name, value) in fields {
                let mut without = fields.clone();
                without.remove(name);
                all.push(Value::Object(without));
                for other in broken(value, wrong) {
                    let mut changed = fields.clone();
                    changed.insert(name.clone(), other);
                    all.push(Value::Object(changed));
                }
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate().take(16) {
                let mut without = items.clone();
                without.remove(at);
                all.push(Value::Array(without));
                for other in broken(value, wrong) {
                    let mut changed = items.clone();
                    changed[at] = other;
                    all.push(Value::Array(changed));
                }
            }
        }
        _ => {}
    }
    all
}

/// Good frames: each decodes; cut anywhere it is refused (unless `lines`: text in lines, where a cut
/// may leave whole ones); with any byte changed and any value replaced nothing panics. Prints how many
/// frames were broken and how many of them were refused.
pub(crate) fn survives(codec: &dyn Codec, good: &[Good<'_>], lines: bool) {
    let wrong = wrong_values();
    let (mut tried, mut refused) = (0_u64, 0_u64);
    for frame in good {
        let mut check = |bytes: &[u8]| {
            tried += 1;
            let result = checked(codec, &frame.with(bytes));
            refused += u64::from(result.is_err());
            result
        };
        let bytes = frame.bytes();
        let shown = || String::from_utf8_lossy(bytes);
        if let Err(error) = checked(codec, &frame.with(bytes)) {
            panic!("{error}: {}", shown());
        }
        for cut in 0..bytes.len() {
            let result = check(&bytes[..cut]);
            assert!(lines || result.is_err(), "{} cut at {cut}", shown());
        }
        for at in 0..bytes.len() {
            for byte in *b"\"0{],:-e\xff\x00" {
                let mut changed = bytes.to_vec();
                changed[at] = byte;
                let _ = check(&changed);
            }
        }
        if let Ok(tree) = serde_json::from_slice::<Value>(bytes) {
            for other in broken(&tree, &wrong) {
                let _ = check(other.to_string().as_bytes());
            }
        }
    }
    let venue = codec.describe().id.as_str();
    println!("| {venue} | broken | frames | {tried} | {refused} refused, 0 panics |");
    assert!(refused >= 50, "{refused} of {tried} refused");
}
