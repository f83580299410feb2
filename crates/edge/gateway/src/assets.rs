//! The dashboard's files, which are part of the binary.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::accept;
use crate::answer::{digest, header as text_header};
use crate::body::Body;
use crate::pack::Coding;
use crate::tag::has_tag;

/// Path and bytes, sorted by path; made by the build script.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The files.
#[derive(Debug)]
pub(crate) struct Assets {
    files: BTreeMap<&'static str, Asset>,
}

#[derive(Debug)]
struct Asset {
    bytes: &'static [u8],
    media: &'static str,
    tag: OnceLock<HeaderValue>,
    /// Packed, each made by the first who wants it.
    packed: [OnceLock<Option<Bytes>>; 3],
}

impl Assets {
    pub(crate) fn embedded() -> Self {
        let files = EMBEDDED
            .iter()
            .map(|(path, bytes)| {
                let asset = Asset {
                    bytes,
                    media: media_of(path),
                    tag: OnceLock::new(),
                    packed: Default::default(),
                };
                (*path, asset)
            })
            .collect();
        Self { files }
    }

    /// A file; `None` when there is none of this name. Kept by clients, but asked for again each time: the name does
    /// not change when the file does.
    pub(crate) fn get(&self, path: &str, asked: &http::HeaderMap) -> Option<Response<Body>> {
        let asset = self.files.get(path)?;
        let tag = asset
            .tag
            .get_or_init(|| text_header(&format!("\"{}\"", digest(asset.bytes))));
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert(header::ETAG, tag.clone());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if asked
            .get(header::IF_NONE_MATCH)
            .is_some_and(|tags| has_tag(tags, tag))
        {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Some(response);
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media));
        let packed = accept::coding(asked)
            .and_then(|coding| asset.packed(coding).map(|bytes| (coding, bytes)));
        match packed {
            Some((coding, bytes)) => {
                headers.insert(
                    header::CONTENT_ENCODING,
                    HeaderValue::from_static(coding.name()),
                );
                *response.body_mut() = bytes.into();
            }
            None => *response.body_mut() = Bytes::from_static(asset.bytes).into(),
        }
        Some(response)
    }

    /// The names of all files.
    #[cfg(test)]
    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.files.keys().copied()
    }
}

impl Asset {
    /// The file packed, where that makes it smaller.
    fn packed(&self, coding: Coding) -> Option<Bytes> {
        if self.bytes.len() < 512 {
            return None;
        }
        self.packed[coding.index()]
            .get_or_init(|| {
                coding
                    .whole(self.bytes)
                    .ok()
                    .filter(|p| p.len() < self.bytes.len())
            })
            .clone()
    }
}

fn media_of(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, end)| end) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        Some("wasm") => "application/wasm",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_browser_needs_is_in_the_binary() {
        let assets = Assets::embedded();
        for name in assets.names() {
            let fits = name == "index.html"
                || ["app/", "vendor/", "docs/"]
                    .iter()
                    .any(|folder| name.starts_with(folder));
            assert!(
                fits && !name.contains("node_modules") && !name.contains(".."),
                "{name}"
            );
        }
        assert!(assets.names().any(|name| name == "docs/index.html"));
    }

    #[test]
    fn a_file_comes_packed_and_is_not_sent_again() {
        let assets = Assets::embedded();
        let mut asked = http::HeaderMap::new();
        asked.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br"));
        let response = assets.get("docs/docs.js", &asked).unwrap();
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "br");
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/javascript; charset=utf-8"
        );
        asked.insert(
            header::IF_NONE_MATCH,
            response.headers()[header::ETAG].clone(),
        );
        let again = assets.get("docs/docs.js", &asked).unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(assets.get("../Cargo.toml", &asked).is_none());
    }
}
