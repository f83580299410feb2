//! The bodies in recordings of the format VCR.

/// The bodies of answers, as text, of a cassette of VCR: `string: '…'` behind `response:`, in single or
/// double quotes as YAML has them.
pub(crate) fn bodies(cassette: &str) -> Vec<String> {
    let mut bodies = Vec::new();
    for part in cassette.split("\n  response:").skip(1) {
        let Some((_, rest)) = part.split_once("string: ") else {
            continue;
        };
        let Some(quote) = rest.chars().next() else {
            continue;
        };
        let mut body = String::new();
        let mut rest = rest[1..].chars().peekable();
        while let Some(letter) = rest.next() {
            match (quote, letter) {
                ('\'', '\'') if rest.peek() == Some(&'\'') => {
                    rest.next();
                    body.push('\'');
                }
                ('\'', '\'') | ('"', '"') => break,
                ('"', '\\') => match rest.next() {
                    Some('n') => body.push('\n'),
                    // a line that goes on
                    Some('\n') => while rest.next_if(|c| *c == ' ').is_some() {},
                    Some(escaped) => body.push(escaped),
                    None => break,
                },
                // text is folded at blanks
                (_, '\n') => {
                    while rest.next_if(|c| c.is_whitespace()).is_some() {}
                    body.push(' ');
                }
                (_, letter) => body.push(letter),
            }
        }
        bodies.push(body);
    }
    bodies
}
