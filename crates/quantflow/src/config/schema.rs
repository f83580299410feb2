//! Every key of the configuration: its meaning, form and default.

use super::form::Form;

const HTTP: &[&str] = &["http", "https"];
const WEB_SOCKET: &[&str] = &["ws", "wss"];

/// One key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// Its path; `*` stands for the name of a venue or an endpoint.
    pub(crate) path: &'static str,
    /// The form of its value.
    pub(crate) form: Form,
    /// What holds when nobody sets it, as in the file; empty: nothing.
    pub(crate) default: &'static str,
    /// What it means.
    pub(crate) doc: &'static str,
}

const fn key(path: &'static str, form: Form, default: &'static str, doc: &'static str) -> Key {
    Key {
        path,
        form,
        default,
        doc,
    }
}

/// Every key there is.
pub(crate) const KEYS: &[Key] = &[
    key(
        "listen",
        Form::Address,
        "127.0.0.1:8080",
        "where the API and the dashboard are served",
    ),
    key(
        "data_dir",
        Form::Text,
        "./data",
        "the folder of everything that is kept",
    ),
    key(
        "roles",
        Form::List,
        "all",
        "which roles this process has; all: every one",
    ),
    key(
        "token",
        Form::Secret,
        "",
        "what writing over the API needs; without one a token is made in the data folder",
    ),
    key(
        "log.level",
        Form::Level,
        "info",
        "error, warn, info, debug or trace; also per module: `info,quantflow::http=debug` logs each request",
    ),
    key(
        "ingest.streams",
        Form::List,
        "binance:BTC/USDT,binance:ETH/USDT",
        "symbols to ingest live: trades, best quote and candles; `…|book` adds depth",
    ),
    key(
        "ingest.history",
        Form::Flag,
        "true",
        "fetch the venue's own candles of the past at start",
    ),
    key(
        "ingest.demo",
        Form::Text,
        "auto",
        "the generated market: auto (while no live data was ever stored), always, never",
    ),
    key(
        "venues.*.protocol",
        Form::Text,
        "",
        "the wire protocol of a venue that is not built in: binance",
    ),
    key(
        "venues.*.rest_url",
        Form::Url(HTTP),
        "",
        "base URL of the venue's REST API",
    ),
    key(
        "venues.*.ws_url",
        Form::Url(WEB_SOCKET),
        "",
        "base URL of the venue's WebSocket API",
    ),
    key(
        "venues.*.api_key",
        Form::Secret,
        "",
        "the venue's API key, for questions that its hosts answer only with one; sent to rest_url and nowhere else",
    ),
    key(
        "limits.*.requests",
        Form::Count,
        "",
        "how many requests a minute a client may send to an endpoint, by its name (prices, ohlc, ...)",
    ),
    key("store.url", Form::Text, "embedded:", "where series live"),
    key(
        "store.commit_interval",
        Form::Duration,
        "1s",
        "at least so often what is known is committed",
    ),
    key(
        "store.trades_retention",
        Form::Duration,
        "never",
        "how long trades are kept",
    ),
    key(
        "store.seconds_retention",
        Form::Duration,
        "never",
        "how long candles shorter than 1m are kept",
    ),
    // records go over the log from who receives them to who applies them: it is the bus of all roles,
    // whether it is in this process or an engine outside
    key(
        "bus.url",
        Form::Text,
        "embedded:",
        "where the raw log is, the bus between all parts",
    ),
    key(
        "bus.sync_interval",
        Form::Duration,
        "20ms",
        "how long a record may wait to be durable",
    ),
    key(
        "bus.segment_size",
        Form::Size,
        "64MiB",
        "a segment of the raw log is closed at this size",
    ),
    key(
        "bus.segment_age",
        Form::Duration,
        "1h",
        "a segment of the raw log is closed at this age",
    ),
    key(
        "lake.url",
        Form::Text,
        "file:",
        "where closed segments of the raw log go",
    ),
    key(
        "lake.retention",
        Form::Duration,
        "never",
        "how long raw segments are kept; shorter than the series: rebuild then answers \"raw expired\"",
    ),
];

/// Common names of other tools and how they map to ours.
pub(crate) const ALIASES: &[(&str, &str)] = &[("LOG_LEVEL", "log.level")];

/// The key of a path; any name matches `*`.
pub(crate) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| matches(key.path, path))
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('.'), path.split('.'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some("*"), Some(part)) if !part.is_empty() => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}

/// The key nearest to a path that is none, if one is near.
pub(crate) fn nearest(path: &str) -> Option<String> {
    let candidates = KEYS.iter().map(|key| {
        let mut parts = path.split('.');
        let filled: Vec<&str> = key
            .path
            .split('.')
            .map(|part| {
                let given = parts.next();
                if part == "*" {
                    given.unwrap_or(part)
                } else {
                    part
                }
            })
            .collect();
        filled.join(".")
    });
    candidates
        .map(|key| (distance(path, &key), key))
        .min()
        .filter(|(distance, key)| *distance <= key.len() / 2)
        .map(|(_, key)| key)
}

/// How many letters have to be changed, added or removed.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_found() {
        assert_eq!(nearest("lisen").as_deref(), Some("listen"));
        assert_eq!(
            nearest("venues.kraken.rest").as_deref(),
            Some("venues.kraken.rest_url")
        );
        assert_eq!(nearest("something.else.entirely"), None);
        assert!(find("venues.binance.rest_url").is_some());
        assert!(find("venues..rest_url").is_none());
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
