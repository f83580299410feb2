//! A look into JSON without reading it all: for routing, which must be cheap and may be wrong about
//! bytes that decoding refuses anyway.
//!
//! Every function takes bytes that begin with a value and gives back bytes that begin with a value
//! inside it; what follows that value is still behind it. Keys with escapes are not understood: `None`
//! then, and the caller reads the whole tree.

/// The value of a key of the object that the bytes begin with.
pub fn entry<'a>(bytes: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut rest = space(bytes).strip_prefix(b"{")?;
    loop {
        let (key, behind) = string(space(rest))?;
        let value = space(space(behind).strip_prefix(b":")?);
        if key == name {
            return Some(value);
        }
        rest = space(skip(value)?).strip_prefix(b",")?;
    }
}

/// The items of the list that the bytes begin with, each with all that stands behind it. Ends early
/// where the list is malformed.
pub fn items(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = space(bytes).strip_prefix(b"[").map(space);
    if rest.is_some_and(|rest| rest.starts_with(b"]")) {
        rest = None;
    }
    std::iter::from_fn(move || {
        let item = rest?;
        rest = skip(item).and_then(|behind| space(behind).strip_prefix(b",").map(space));
        Some(item)
    })
}

/// The text that the bytes begin with; `None` where it has escapes or is none.
pub fn text(bytes: &[u8]) -> Option<&str> {
    string(bytes).map(|(text, _)| text)
}

/// What stands behind the value that the bytes begin with.
pub fn skip(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    let mut depth = 0_u32;
    loop {
        match *bytes.get(at)? {
            b'"' => {
                at += 1;
                loop {
                    match *bytes.get(at)? {
                        b'"' => break,
                        b'\\' => at += 2,
                        _ => at += 1,
                    }
                }
                at += 1;
            }
            b'{' | b'[' => {
                depth += 1;
                at += 1;
                continue;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            _ if depth > 0 => {
                at += 1;
                continue;
            }
            _ => {
                let ends = |b: &u8| matches!(b, b',' | b']' | b'}') || b.is_ascii_whitespace();
                let length = bytes[at..].iter().position(ends);
                return Some(&bytes[length.map_or(bytes.len(), |length| at + length)..]);
            }
        }
        if depth == 0 {
            return Some(&bytes[at..]);
        }
    }
}

fn space(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii_start()
}

/// Text without escapes, and what stands behind it.
fn string(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let inside = bytes.strip_prefix(b"\"")?;
    let end = inside.iter().position(|b| matches!(b, b'"' | b'\\'))?;
    let text = std::str::from_utf8(&inside[..end]).ok()?;
    Some((text, inside[end..].strip_prefix(b"\"")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_is_found_behind_others() {
        let bytes =
            br#" { "a" : [ {"s":"no"}, "]}" ] , "b":{"s":"x\"}"},"n":-1.5e3, "s" : "BTC" , "t":1}"#;
        assert_eq!(entry(bytes, "s").and_then(text), Some("BTC"));
        assert!(entry(bytes, "n").unwrap().starts_with(b"-1.5e3,"));
        assert!(entry(bytes, "q").is_none());
        let inner: Vec<_> = items(entry(bytes, "a").unwrap()).collect();
        assert_eq!(inner.len(), 2);
        assert_eq!(entry(inner[0], "s").and_then(text), Some("no"));
        assert_eq!(items(b"[]").count(), 0);
        assert_eq!(items(b"[1, [2,3] ,{}]").count(), 3);
    }

    #[test]
    fn what_is_cut_off_or_escaped_is_not_found() {
        for bytes in [
            &b"{"[..],
            b"{\"a\":[[[",
            b"{\"a\":\"\\",
            b"{\"\\u0073\":\"x\"}",
            b"{\"s\"",
            b"",
            b"]",
            b"{\"a\":]}",
        ] {
            assert_eq!(entry(bytes, "s"), None, "{}", bytes.escape_ascii());
        }
        assert_eq!(text(br#""a\"b""#), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = entry(&bytes, "s");
            let _ = items(&bytes).take(100).count();
        }
    }
}
