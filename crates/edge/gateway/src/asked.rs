//! What a request's head asks for, read where it lies.

use std::str;

/// What of a request decides over its answer.
#[derive(Debug, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) head_only: bool,
    pub(crate) target: &'a str,
    pub(crate) host: Option<&'a str>,
    pub(crate) accept: Option<&'a str>,
    pub(crate) accept_encoding: Option<&'a str>,
    pub(crate) if_none_match: Option<&'a str>,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) forwarded_for: Option<&'a str>,
}

/// A head that is whole.
pub(crate) enum Head<'a> {
    /// It may be answered with what is there.
    Simple(Asked<'a>),
    /// It ends with its head, and needs a closer look.
    Plain,
    /// It is not known here where it ends.
    Unclear,
}

/// What a head asks for. Two headers of one name that matters, values that are no plain text, and all that changes how
/// the connection goes on are not simple.
pub(crate) fn head<'a>(request: &httparse::Request<'_, 'a>) -> Head<'a> {
    let mut asked = Asked::default();
    let mut simple = request.version == Some(1);
    match (request.method, request.path) {
        (Some("GET"), Some(target)) => asked.target = target,
        (Some("HEAD"), Some(target)) => {
            asked.target = target;
            asked.head_only = true;
        }
        (Some("OPTIONS"), Some(_)) => simple = false,
        // of all others we do not look where they end
        _ => return Head::Unclear,
    }
    // a fragment is cut off elsewhere
    simple &= asked.target.starts_with('/') && !asked.target.contains('#');
    for header in request.headers.iter() {
        let name = header.name;
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let place = match name.len() {
            4 if is("host") => &mut asked.host,
            6 if is("accept") => &mut asked.accept,
            6 if is("origin") || is("expect") => {
                simple = false;
                continue;
            }
            7 if is("upgrade") => return Head::Unclear,
            10 if is("connection") => {
                simple &= header.value.eq_ignore_ascii_case(b"keep-alive");
                continue;
            }
            12 if is("x-request-id") => &mut asked.request_id,
            13 if is("if-none-match") => &mut asked.if_none_match,
            14 if is("content-length") => return Head::Unclear,
            15 if is("accept-encoding") => &mut asked.accept_encoding,
            15 if is("x-forwarded-for") => &mut asked.forwarded_for,
            17 if is("transfer-encoding") => return Head::Unclear,
            _ => continue,
        };
        match plain_text(header.value) {
            Some(text) if place.is_none() => *place = Some(text),
            _ => simple = false,
        }
    }
    if simple {
        Head::Simple(asked)
    } else {
        Head::Plain
    }
}

/// A header's value where it is made of visible characters, spaces and tabs.
fn plain_text(value: &[u8]) -> Option<&str> {
    let plain = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    plain.then(|| str::from_utf8(value).ok()).flatten()
}
