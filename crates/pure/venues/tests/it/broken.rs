//! What every codec must hold to, whatever bytes it is given: shared by the tests of venues.

use quantflow_model::VenueSymbol;
use quantflow_wire::{Codec, DecodeError, Event, Input, Query, Route};
use serde_json::Value;

/// Decodes, and checks that an error leaves nothing behind and that the route agrees: what is about one
/// symbol goes to that symbol or, with messages about several, to all; what is about none goes to all.
pub(crate) fn decode(codec: &dyn Codec, input: &Input<'_>) -> Result<Vec<Event>, DecodeError> {
    let mut events = Vec::new();
    let result = codec.decode(input, &mut events);
    let routed = codec.route(input);
    if let Err(error) = result {
        assert!(events.is_empty(), "events beside the error {error}");
        return Err(error);
    }
    for event in &events {
        let agrees = match (&event.symbol, routed) {
            (Some(symbol), Route::Symbol(routed)) => symbol.as_str().eq_ignore_ascii_case(routed),
            (_, Route::All) => true,
            _ => false,
        };
        assert!(agrees, "{routed:?} is not {:?}", event.symbol);
    }
    Ok(events)
}

/// Decodes a message.
pub(crate) fn message(codec: &dyn Codec, bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    decode(codec, &Input::message(bytes))
}

/// Decodes an answer.
pub(crate) fn answer(
    codec: &dyn Codec,
    query: &Query,
    body: &[u8],
) -> Result<Vec<Event>, DecodeError> {
    decode(codec, &Input::Answer { query, body })
}

pub(crate) fn symbol(text: &str) -> VenueSymbol {
    VenueSymbol::new(text).unwrap()
}

/// Values that stand nowhere in a venue's messages, or should not.
const WRONG: [&str; 14] = [
    "null",
    "true",
    "-1",
    "\"-1\"",
    "\"NaN\"",
    "\"Infinity\"",
    "1e400",
    "\"1e400\"",
    "\"99999999999999999999999999999999999999999999999\"",
    "99999999999999999999999999999999999999999999999",
    "-9223372036854775809",
    "\"\\u0000\"",
    "[]",
    "{}",
];

/// Breaks frames in every way and decodes them: cut at every byte, every single byte replaced, every
/// value of the JSON replaced by wrong ones or left out. Nothing panics, nothing is appended beside an
/// error. Returns how many were refused.
pub(crate) fn broken(
    frames: &[&str],
    mut decode: impl FnMut(&[u8]) -> Result<Vec<Event>, DecodeError>,
) -> usize {
    let mut refused = 0;
    let mut count =
        |result: Result<Vec<Event>, DecodeError>| refused += usize::from(result.is_err());
    for frame in frames {
        decode(frame.as_bytes()).unwrap_or_else(|error| panic!("{error}: {frame}"));
        for cut in 0..frame.len() {
            let result = decode(&frame.as_bytes()[..cut]);
            assert!(result.is_err(), "{frame} cut at {cut}: {result:?}");
            count(result);
        }
        for at in 0..frame.len() {
            for byte in *b"\"0{}[],:-E \\\xff\x00" {
                let mut bytes = frame.as_bytes().to_vec();
                bytes[at] = byte;
                count(decode(&bytes));
            }
        }
        let whole: Value = serde_json::from_str(frame).unwrap();
        for path in paths(&whole, String::new()) {
            for wrong in WRONG {
                // numbers that serde cannot hold are put in as text
                let mut changed = whole.clone();
                *changed.pointer_mut(&path).unwrap() = "@@".into();
                let bytes = changed.to_string().replace("\"@@\"", wrong);
                count(decode(bytes.as_bytes()));
            }
            let mut changed = whole.clone();
            if let Some((parent, key)) = path.rsplit_once('/')
                && let Some(Value::Object(object)) = changed.pointer_mut(parent)
            {
                object.remove(key);
                count(decode(changed.to_string().as_bytes()));
            }
        }
    }
    assert!(refused >= 50, "{refused} refused");
    refused
}

/// The pointers to all values in a value.
fn paths(value: &Value, at: String) -> Vec<String> {
    let mut all: Vec<String> = match value {
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| paths(value, format!("{at}/{}", key.replace('/', "~1"))))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .take(3)
            .flat_map(|(place, value)| paths(value, format!("{at}/{place}")))
            .collect(),
        _ => Vec::new(),
    };
    all.push(at);
    all
}

/// What events say, as JSON and without what they do not say; to be held against the frames by eye.
pub(crate) fn said(events: &[Event]) -> Vec<Value> {
    fn without_nulls(value: Value) -> Value {
        match value {
            Value::Object(object) => {
                let left = object.into_iter().filter(|(_, value)| !value.is_null());
                left.map(|(key, value)| (key, without_nulls(value)))
                    .collect()
            }
            other => other,
        }
    }
    let events = events.iter().map(quantflow_venues::describe::event_to_json);
    events.map(without_nulls).collect()
}

/// Checks that frames say these things, one line of JSON each.
pub(crate) fn check_said(
    frames: &[&str],
    expected: &[&str],
    mut decode: impl FnMut(&[u8]) -> Result<Vec<Event>, DecodeError>,
) {
    let decoded = frames.iter().map(|frame| decode(frame.as_bytes()).unwrap());
    let said: Vec<Value> = decoded.flat_map(|events| said(&events)).collect();
    let expected = expected
        .iter()
        .map(|line| serde_json::from_str(line).unwrap());
    assert_eq!(said, expected.collect::<Vec<Value>>());
}
