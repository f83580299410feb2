//! Recordings in VCR's format (YAML): which address was asked, and what it answered.

use quantflow_testkit::recorded;

/// The addresses and bodies of a cassette's exchanges; `None` where there are no recordings. Reads the
/// one form in which cassettes write bodies: a text in single quotes, folded at spaces.
pub(crate) fn exchanges(name: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let bytes = recorded::bytes(&format!("rest_cassettes_coingecko/{name}"))?;
    let text = String::from_utf8(bytes).unwrap();
    let mut found = Vec::new();
    let mut address = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_start();
        if let Some(uri) = line.strip_prefix("uri: ") {
            uri.clone_into(&mut address);
        }
        let Some(begin) = line.strip_prefix("string: '") else {
            continue;
        };
        let mut body = begin.to_owned();
        // a quote that is not one of two ends it
        while body.replace("''", "").matches('\'').count() == 0 {
            body.push(' ');
            body.push_str(lines.next().unwrap().trim());
        }
        let body = body
            .trim_end()
            .strip_suffix('\'')
            .unwrap()
            .replace("''", "'");
        if !body.is_empty() {
            found.push((address.clone(), body.trim_end().as_bytes().to_vec()));
        }
    }
    assert!(!found.is_empty(), "{name}");
    Some(found)
}
