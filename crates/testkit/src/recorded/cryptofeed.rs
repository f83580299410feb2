//! Recordings in cryptofeed's format: lines of a socket, or of requests and their answers.

use super::bytes;

/// A line of a socket's recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketLine {
    /// Whether the recorder sent it; else the venue did.
    pub sent: bool,
    /// When, in nanoseconds since 1970 by the recorder's clock.
    pub time_nanos: i64,
    /// The message as it came. Binary frames are as they came too (HTX sends gzip).
    pub payload: Vec<u8>,
}

/// An answer of a recording of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What was asked, in full.
    pub url: String,
    /// When, in nanoseconds since 1970 by the recorder's clock.
    pub time_nanos: i64,
    /// The body.
    pub body: Vec<u8>,
}

/// The lines of a socket's recording: `ws_raw_cryptofeed/KRAKEN.ws.50.0.gz` for `KRAKEN.ws.50.0`. The
/// lines that only say that the socket was opened are left out. `None` as for [`path`](super::path).
///
/// # Panics
/// When a line has another form.
pub fn socket(name: &str) -> Option<Vec<SocketLine>> {
    let text = bytes(&format!("ws_raw_cryptofeed/{name}.gz"))?;
    let lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    let lines = lines.filter_map(|line| {
        let (sent, rest) = match split(line, b" <- ") {
            Some((url, rest)) if url.starts_with(b"ws") => (true, rest),
            _ if line.starts_with(b"ws") => return None,
            _ => (false, line),
        };
        let (time, payload) = split(rest, b": ").expect("a line has its time");
        Some(SocketLine {
            sent,
            time_nanos: nanos(time),
            payload: literal(payload),
        })
    });
    Some(lines.collect())
}

/// The answers of a recording of requests: `KRAKEN.0`, `KUCOIN.http.0.0`. `None` as for
/// [`path`](super::path).
///
/// # Panics
/// When a line has another form.
pub fn answers(name: &str) -> Option<Vec<Answer>> {
    let text = bytes(&format!("ws_raw_cryptofeed/{name}.gz"))?;
    let lines = text
        .split(|b| *b == b'\n')
        .filter(|line| line.starts_with(b"http"));
    let lines = lines.filter_map(|line| {
        // what was asked for with a body has a line of its own, without an answer
        let (url, rest) = split(line, b" -> ")?;
        let (time, body) = split(rest, b": ").expect("a line has its time");
        Some(Answer {
            url: String::from_utf8_lossy(url).into_owned(),
            time_nanos: nanos(time),
            body: body.to_vec(),
        })
    });
    Some(lines.collect())
}

fn split<'a>(line: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = line.windows(at.len()).position(|window| window == at)?;
    Some((&line[..place], &line[place + at.len()..]))
}

fn nanos(seconds: &[u8]) -> i64 {
    let text = std::str::from_utf8(seconds).expect("a time is text");
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let part = format!("{part:0<9}");
    let whole: i64 = whole.parse().expect("a time is a number");
    whole * 1_000_000_000 + part[..9].parse::<i64>().expect("a time is a number")
}

/// A Python literal of bytes as the bytes; anything else as it stands.
fn literal(payload: &[u8]) -> Vec<u8> {
    let Some(quote) = payload
        .strip_prefix(b"b")
        .and_then(|rest| rest.first())
        .filter(|quote| matches!(quote, b'\'' | b'"'))
    else {
        return payload.to_vec();
    };
    let end = payload.iter().rposition(|b| b == quote).unwrap_or_default();
    let mut bytes = Vec::with_capacity(payload.len());
    let mut rest = payload[2..end].iter();
    while let Some(&byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let escaped = *rest.next().expect("an escape has its letter");
        bytes.push(match escaped {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => {
                let mut digit = || {
                    let digit = rest.next().and_then(|b| char::from(*b).to_digit(16));
                    digit.expect("an escape has two digits") as u8
                };
                digit() << 4 | digit()
            }
            other => other,
        });
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_of_bytes_are_read() {
        assert_eq!(literal(b"{\"a\":1}"), b"{\"a\":1}");
        assert_eq!(literal(b"b'\\x1f\\x8b\\n\\\\\\'~'"), b"\x1f\x8b\n\\'~");
        assert_eq!(literal(b"b\"it's\""), b"it's");
        assert_eq!(nanos(b"1618678132.3858151"), 1_618_678_132_385_815_100);
    }
}
