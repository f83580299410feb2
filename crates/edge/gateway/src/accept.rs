//! What a client accepts: formats and codings.

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING};

use crate::pack::Coding;

/// How data is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Format {
    /// JSON in the envelope.
    Json,
    /// One JSON object a line, without an envelope.
    Lines,
    /// Comma separated, names first.
    Csv,
    /// An Arrow IPC stream.
    Arrow,
}

impl Format {
    pub(crate) const ALL: [Self; 4] = [Self::Json, Self::Lines, Self::Csv, Self::Arrow];

    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Lines => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Arrow => "application/vnd.apache.arrow.stream",
        }
    }

    /// Whether it stands in the envelope.
    pub(crate) const fn enveloped(self) -> bool {
        matches!(self, Self::Json)
    }

    fn of_media(media: &str) -> Option<Self> {
        Some(match media {
            "text/csv" => Self::Csv,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Self::Lines,
            "application/vnd.apache.arrow.stream" => Self::Arrow,
            "application/json" | "application/*" | "*/*" => Self::Json,
            // every version that is asked for is v1: it is the only one there is
            vendor if is_vendor(vendor) => Self::Json,
            _ => return None,
        })
    }
}

/// `application/vnd.quantflow.v1+json`, of any version.
fn is_vendor(media: &str) -> bool {
    ["application/vnd.quantflow.v", "application/vnd.nextlevel.v"]
        .iter()
        .any(|prefix| media.starts_with(prefix))
        && media.ends_with("+json")
}

/// The format that a client likes best of those that the answer has; JSON when it likes none of them.
pub(crate) fn format(headers: &HeaderMap, tabular: bool) -> Format {
    if !tabular {
        return Format::Json;
    }
    headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .map_or(Format::Json, format_of)
}

/// The format that is liked best in the text of `Accept`.
pub(crate) fn format_of(accept: &str) -> Format {
    if accept == "*/*" || accept == "application/json" {
        return Format::Json;
    }
    let mut best: Option<(u16, Format)> = None;
    for (media, weight) in weighted(accept) {
        if let Some(format) = Format::of_media(&media)
            && weight > 0
            && best.is_none_or(|(most, _)| weight > most)
        {
            best = Some((weight, format));
        }
    }
    best.map_or(Format::Json, |(_, format)| format)
}

/// The coding that a client likes best; of those that it likes alike zstd, then br, then gzip.
pub(crate) fn coding(headers: &HeaderMap) -> Option<Coding> {
    coding_of(headers.get(ACCEPT_ENCODING)?.to_str().ok()?)
}

/// The coding that is liked best in the text of `Accept-Encoding`.
pub(crate) fn coding_of(accept: &str) -> Option<Coding> {
    if accept.is_empty() || accept == "identity" {
        return None;
    }
    let all: Vec<(String, u16)> = weighted(accept).collect();
    let weight_of = |name: &str| {
        all.iter()
            .find(|(coding, _)| coding == name)
            .or_else(|| all.iter().find(|(coding, _)| coding == "*"))
            .map_or(0, |(_, weight)| *weight)
    };
    let identity = all
        .iter()
        .find(|(coding, _)| coding == "identity")
        .map_or(0, |(_, weight)| *weight);
    Coding::ALL
        .into_iter()
        .map(|coding| (weight_of(coding.name()), coding))
        .filter(|(weight, _)| *weight > 0 && *weight >= identity)
        // the last of equals is taken, and zstd stands last
        .max_by_key(|(weight, _)| *weight)
        .map(|(_, coding)| coding)
}

/// The parts of a list with weights, in thousandths.
fn weighted(list: &str) -> impl Iterator<Item = (String, u16)> + '_ {
    list.split(',').map(|part| {
        let mut pieces = part.split(';').map(str::trim);
        let name = pieces.next().unwrap_or_default().to_ascii_lowercase();
        let weight = pieces
            .find_map(|piece| {
                piece
                    .strip_prefix("q=")
                    .or_else(|| piece.strip_prefix("Q="))
            })
            .map_or(1000, |q| {
                q.parse::<f32>()
                    .ok()
                    .filter(|q| (0.0..=1.0).contains(q))
                    .map_or(0, |q| (q * 1000.0) as u16)
            });
        (name, weight)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: http::header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn the_format_that_is_liked_best_is_taken() {
        for (accept, wanted) in [
            ("text/csv", Format::Csv),
            ("application/json;q=0.5, text/csv", Format::Csv),
            ("text/csv;q=0.5, */*", Format::Json),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                Format::Json,
            ),
            ("application/vnd.apache.arrow.stream", Format::Arrow),
            (
                "application/x-ndjson;q=1.0, application/json;q=0",
                Format::Lines,
            ),
            ("application/vnd.quantflow.v7+json", Format::Json),
            ("image/png", Format::Json),
            ("text/csv;q=banana", Format::Json),
        ] {
            assert_eq!(format(&with(ACCEPT, accept), true), wanted, "{accept}");
            assert_eq!(
                format(&with(ACCEPT, accept), false),
                Format::Json,
                "{accept}"
            );
        }
    }

    #[test]
    fn the_coding_that_is_liked_best_is_taken() {
        for (accept, wanted) in [
            ("gzip, deflate, br, zstd", Some(Coding::Zstd)),
            ("gzip, deflate, br", Some(Coding::Brotli)),
            ("gzip", Some(Coding::Gzip)),
            ("gzip;q=1.0, br;q=0.5", Some(Coding::Gzip)),
            ("br;q=0", None),
            ("*", Some(Coding::Zstd)),
            ("identity", None),
            ("identity;q=1, gzip;q=0.5", None),
            ("deflate", None),
        ] {
            assert_eq!(coding(&with(ACCEPT_ENCODING, accept)), wanted, "{accept}");
        }
    }
}
