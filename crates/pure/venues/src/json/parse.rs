//! Bytes as a tree.

use std::borrow::Cow;
use std::collections::HashSet;

use quantflow_wire::DecodeError;

use super::Json;

/// Deeper nesting is refused: no venue needs it, and the stack is finite.
const DEEPEST: u32 = 64;
/// Objects with fewer keys are searched for a key that stands twice one by one.
const FEW_KEYS: usize = 16;

pub(super) fn parse(bytes: &[u8]) -> Result<Json<'_>, DecodeError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        DecodeError::Malformed(format!("no UTF-8 at byte {}", error.valid_up_to()))
    })?;
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(reader.malformed("something behind the end"));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    /// Always at the beginning of a character.
    at: usize,
}

impl<'a> Reader<'a> {
    fn malformed(&self, what: &str) -> DecodeError {
        DecodeError::Malformed(format!("{what} at byte {}", self.at))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, depth: u32) -> Result<Json<'a>, DecodeError> {
        if depth > DEEPEST {
            return Err(self.malformed("nested too deeply"));
        }
        self.skip_space();
        match self.peek() {
            Some(b'"') => self.string().map(Json::Text),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.object(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Flag(true)),
            Some(b'f') => self.word("false", Json::Flag(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) => Err(self.malformed("no JSON")),
            None => Err(self.malformed("cut off")),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, DecodeError> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.malformed("no JSON"))
        }
    }

    fn digits(&mut self) -> Result<(), DecodeError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.malformed("a digit is missing"));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Json<'a>, DecodeError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Json::Number(&self.text[start..self.at]))
    }

    /// Text; its quote is still to be read.
    fn string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let start = self.at;
        self.at += 1;
        let mut escapes = false;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escapes = true;
                    // the byte behind it is ASCII, or the escape is refused below
                    self.at += 2;
                }
                Some(..0x20) => return Err(self.malformed("a control character in text")),
                Some(_) => self.at += 1,
                None => {
                    self.at = self.text.len();
                    return Err(self.malformed("cut off in text"));
                }
            }
        }
        self.at += 1;
        let whole = &self.text.as_bytes()[start..self.at];
        if !escapes {
            return Ok(Cow::Borrowed(&self.text[start + 1..self.at - 1]));
        }
        match serde_json::from_slice(whole) {
            Ok(text) => Ok(Cow::Owned(text)),
            Err(error) => Err(DecodeError::Malformed(format!(
                "{error} in text at byte {start}"
            ))),
        }
    }

    fn list(&mut self, depth: u32) -> Result<Json<'a>, DecodeError> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Json::List(items));
            }
            if !self.take(b',') {
                return Err(self.malformed("a list without its end"));
            }
        }
    }

    fn object(&mut self, depth: u32) -> Result<Json<'a>, DecodeError> {
        self.at += 1;
        let mut entries: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Json::Object(entries));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.malformed("a key that is no text"));
            }
            let key = self.string()?;
            self.skip_space();
            if !self.take(b':') {
                return Err(self.malformed("a key without its value"));
            }
            entries.push((key, self.value(depth + 1)?));
            self.skip_space();
            if self.take(b'}') {
                break;
            }
            if !self.take(b',') {
                return Err(self.malformed("an object without its end"));
            }
        }
        match twice(&entries) {
            Some(key) => Err(DecodeError::Malformed(format!(
                "key {:?} stands twice",
                key.chars().take(40).collect::<String>()
            ))),
            None => Ok(Json::Object(entries)),
        }
    }
}

/// A key that stands twice.
fn twice<'e>(entries: &'e [(Cow<'_, str>, Json<'_>)]) -> Option<&'e str> {
    if entries.len() < FEW_KEYS {
        let seen = |n: usize| entries[..n].iter().any(|(key, _)| *key == entries[n].0);
        return (1..entries.len())
            .find(|&n| seen(n))
            .map(|n| entries[n].0.as_ref());
    }
    let mut seen = HashSet::with_capacity(entries.len());
    entries
        .iter()
        .map(|(key, _)| key.as_ref())
        .find(|key| !seen.insert(*key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn same(ours: &Json<'_>, theirs: &Value) -> bool {
        match (ours, theirs) {
            (Json::Null, Value::Null) => true,
            (Json::Flag(a), Value::Bool(b)) => a == b,
            (Json::Number(a), Value::Number(b)) => {
                a.parse::<f64>().ok() == b.as_f64() || **a == b.to_string()
            }
            (Json::Text(a), Value::String(b)) => a == b,
            (Json::List(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Json::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .all(|(key, a)| b.get(key.as_ref()).is_some_and(|b| same(a, b)))
            }
            _ => false,
        }
    }

    #[test]
    fn numbers_stay_as_they_are_written() {
        let json = Json::parse(b" [0.10, -1e-8,12345678901234567890123 ] ").unwrap();
        let numbers = ["0.10", "-1e-8", "12345678901234567890123"].map(Json::Number);
        assert_eq!(json, Json::List(numbers.to_vec()));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "[1",
            "[1,]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{\"a\":1,}",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "+1",
            "nul",
            "truely",
            "\"a",
            "\"\\x\"",
            "\"\\",
            "\"\\\"",
            "\"\u{1}\"",
            "\"\\ud800\"",
            "\"\\é\"",
            "{\"a\":1,\"a\":2}",
            "[] []",
            "NaN",
            "Infinity",
        ] {
            assert!(Json::parse(text.as_bytes()).is_err(), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(Json::parse(deep.as_bytes()).is_err());
        assert!(Json::parse(b"\"\xff\"").is_err());
        let many: Vec<_> = (0..40).map(|n| format!("\"{}\":1", n % 39)).collect();
        assert!(Json::parse(format!("{{{}}}", many.join(",")).as_bytes()).is_err());
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9..1e9_f64).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_tree_says_what_another_reader_says(value in values()) {
            let text = value.to_string();
            let ours = Json::parse(text.as_bytes()).unwrap();
            prop_assert!(same(&ours, &value), "{ours:?}");
            let spaced = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(&Json::parse(spaced.as_bytes()).unwrap(), &ours);
        }

        #[test]
        fn any_text_is_taken_or_refused_as_another_reader_does(text in "[-\\[\\]{},:\"\\\\0-9eE.+ a-fntrulsx\u{7}é]{0,24}") {
            let theirs = serde_json::from_str::<Value>(&text);
            match (Json::parse(text.as_bytes()), theirs) {
                (Ok(ours), Ok(theirs)) => prop_assert!(same(&ours, &theirs)),
                (Err(_), Err(_)) => {}
                // a key twice, or a number beyond a float
                (Err(error), Ok(_)) => prop_assert!(error.to_string().contains("twice")),
                (Ok(_), Err(error)) => prop_assert!(error.to_string().contains("out of range")),
            }
        }
    }
}
