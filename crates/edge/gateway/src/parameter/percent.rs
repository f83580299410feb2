//! Percent-encoding, undone.

use crate::problem::{Code, Problem};

/// Decodes `%XX` and `+`.
pub(super) fn decode_query(text: &str) -> Result<String, Problem> {
    if !text.contains(['%', '+']) {
        return Ok(text.to_owned());
    }
    decode_percent(&text.replace('+', " ")).ok_or_else(|| {
        Problem::new(
            Code::InvalidParameter,
            "the query is not percent-encoded UTF-8",
        )
        .with("field", "query")
        .with("given", text.chars().take(200).collect::<String>())
        .with("allowed", "percent-encoded UTF-8")
    })
}

/// Decodes `%XX`; `None` when that is malformed or no UTF-8.
pub(crate) fn decode_percent(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let high = char::from(*bytes.get(at + 1)?).to_digit(16)?;
            let low = char::from(*bytes.get(at + 2)?).to_digit(16)?;
            out.push((high * 16 + low) as u8);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Percent-encoding is undone exactly.
        #[test]
        fn what_is_encoded_is_decoded(text in "\\PC{0,40}") {
            let encoded: String = text.bytes().fold(String::new(), |all, b| all + &format!("%{b:02X}"));
            prop_assert_eq!(decode_percent(&encoded), Some(text));
        }
    }
}
