//! [`Settings`]: the configuration as the binary reads it, once, at start.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use quantflow_model::{Symbol, VenueId};

use super::load::{Loaded, Value};
use super::secret::Secret;
use super::{ConfigError, units};

/// The configuration.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) log_level: String,
    /// What writing over the API needs; `None`: the data folder's own.
    pub(crate) token: Option<Secret>,
    pub(crate) streams: Vec<Stream>,
    pub(crate) history: bool,
    pub(crate) demo: Demo,
    pub(crate) venues: BTreeMap<VenueId, VenueSettings>,
    /// Requests a minute and client by endpoint, where they are not the built-in ones.
    pub(crate) limits: BTreeMap<String, u32>,
    pub(crate) commit_interval: Duration,
    pub(crate) trades_retention: Option<Duration>,
    pub(crate) seconds_retention: Option<Duration>,
    pub(crate) sync_interval: Duration,
    pub(crate) segment_size: u64,
    pub(crate) segment_age: Duration,
    pub(crate) lake_dir: PathBuf,
    pub(crate) lake_retention: Option<Duration>,
}

/// A symbol to ingest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) symbol: Symbol,
    pub(crate) book: bool,
}

/// When the generated market runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demo {
    /// While no live data was ever stored.
    Auto,
    Always,
    Never,
}

/// What is configured of a venue.
#[derive(Debug, Clone, Default)]
pub(crate) struct VenueSettings {
    pub(crate) protocol: Option<String>,
    pub(crate) rest_url: Option<String>,
    pub(crate) ws_url: Option<String>,
    /// Goes to `rest_url` with questions that its codec names a header for.
    pub(crate) api_key: Option<Secret>,
}

impl Settings {
    /// # Errors
    /// When a value is out of range or names something that does not exist.
    pub(crate) fn from_loaded(loaded: &Loaded) -> Result<Self, ConfigError> {
        let read = Reader { loaded };
        let data_dir = PathBuf::from(read.text("data_dir")?);
        if data_dir.as_os_str().is_empty() {
            return Err(read.bad("data_dir", "a folder"));
        }
        for (path, allowed) in [("store.url", "embedded:"), ("bus.url", "embedded:")] {
            read.one_of(path, &[allowed])?;
        }
        read.one_of("roles", &["all"])?;
        let lake_dir = match read.text("lake.url")?.strip_prefix("file:") {
            Some("") => data_dir.join("lake"),
            Some(folder) => PathBuf::from(folder.trim_start_matches("//")),
            None => return Err(read.bad("lake.url", "file: or file:/some/folder")),
        };
        let demo = match read.one_of("ingest.demo", &["auto", "always", "never"])? {
            "always" => Demo::Always,
            "never" => Demo::Never,
            _ => Demo::Auto,
        };
        let settings = Self {
            listen: read.parsed("listen", "an address and port such as 127.0.0.1:8080")?,
            log_level: read.text("log.level")?.to_owned(),
            token: read.token()?,
            streams: read.streams()?,
            history: read.parsed("ingest.history", "true or false")?,
            demo,
            venues: read.venues()?,
            limits: read.limits()?,
            commit_interval: read.duration("store.commit_interval", Duration::from_millis(10))?,
            trades_retention: read.optional_duration("store.trades_retention")?,
            seconds_retention: read.optional_duration("store.seconds_retention")?,
            sync_interval: read.duration("bus.sync_interval", Duration::from_millis(1))?,
            segment_size: read.size("bus.segment_size", 64 << 10)?,
            segment_age: read.duration("bus.segment_age", Duration::from_secs(1))?,
            lake_retention: read.optional_duration("lake.retention")?,
            lake_dir,
            data_dir,
        };
        read.codecs(&settings)?;
        Ok(settings)
    }
}

struct Reader<'a> {
    loaded: &'a Loaded,
}

impl Reader<'_> {
    fn value(&self, path: &str) -> Result<&Value, ConfigError> {
        // every key read here has a default; this says which one was forgotten
        self.loaded.get(path).ok_or_else(|| ConfigError::BadValue {
            key: path.to_owned(),
            from: "nowhere".to_owned(),
            found: String::new(),
            expected: "a value".to_owned(),
        })
    }

    fn text(&self, path: &str) -> Result<&str, ConfigError> {
        self.value(path).map(|value| value.text.as_str())
    }

    fn bad(&self, path: &str, expected: &str) -> ConfigError {
        match self.value(path) {
            Ok(value) => ConfigError::BadValue {
                key: path.to_owned(),
                from: value.from.clone(),
                found: value.text.clone(),
                expected: expected.to_owned(),
            },
            Err(error) => error,
        }
    }

    fn parsed<T: std::str::FromStr>(&self, path: &str, expected: &str) -> Result<T, ConfigError> {
        self.text(path)?
            .parse()
            .map_err(|_| self.bad(path, expected))
    }

    fn one_of(&self, path: &str, allowed: &[&str]) -> Result<&str, ConfigError> {
        let text = self.text(path)?;
        if allowed.contains(&text) {
            return Ok(text);
        }
        Err(self.bad(path, &format!("one of: {}", allowed.join(", "))))
    }

    fn duration(&self, path: &str, least: Duration) -> Result<Duration, ConfigError> {
        units::duration(self.text(path)?)
            .filter(|duration| *duration >= least)
            .ok_or_else(|| self.bad(path, &format!("a duration of at least {least:?}")))
    }

    fn optional_duration(&self, path: &str) -> Result<Option<Duration>, ConfigError> {
        if self.text(path)? == "never" {
            return Ok(None);
        }
        self.duration(path, Duration::from_mins(1)).map(Some)
    }

    fn size(&self, path: &str, least: u64) -> Result<u64, ConfigError> {
        units::size(self.text(path)?)
            .filter(|size| *size >= least)
            .ok_or_else(|| self.bad(path, &format!("a size of at least {least}B")))
    }

    fn streams(&self) -> Result<Vec<Stream>, ConfigError> {
        let text = self.text("ingest.streams")?;
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| {
                let (symbol, book) = match part.split_once('|') {
                    None => (part, false),
                    Some((symbol, "book")) => (symbol, true),
                    Some(_) => {
                        return Err(self.bad("ingest.streams", "VENUE:BASE/QUOTE or …|book"));
                    }
                };
                let symbol = symbol
                    .parse()
                    .map_err(|error: quantflow_model::SymbolError| {
                        self.bad("ingest.streams", &format!("symbols ({error})"))
                    })?;
                Ok(Stream { symbol, book })
            })
            .collect()
    }

    /// As long as the gateway wants it, said before anything is made.
    fn token(&self) -> Result<Option<Secret>, ConfigError> {
        let Some(value) = self.loaded.get("token") else {
            return Ok(None);
        };
        if quantflow_gateway::Token::new(&value.text).is_none() {
            return Err(bad_secret(
                "token",
                value,
                "at least 16 characters: a shorter one could be guessed",
            ));
        }
        Ok(Some(Secret::new(value.text.clone())))
    }

    /// Whether what is ingested has a codec, and every protocol that is named exists.
    fn codecs(&self, settings: &Settings) -> Result<(), ConfigError> {
        for venue in settings.venues.keys() {
            if crate::venues::codec_of(settings, venue).is_err() {
                let path = format!("venues.{venue}.protocol");
                let expected = format!("one of: {}", crate::venues::protocols().join(", "));
                return Err(self.bad(&path, &expected));
            }
        }
        for stream in &settings.streams {
            let symbol = &stream.symbol;
            let venue = symbol.venue();
            let codec = crate::venues::codec_of(settings, &venue).ok().flatten();
            let Some(codec) = codec else {
                return Err(self.bad(
                    "ingest.streams",
                    &format!(
                        "symbols of venues that are built in ({}), or of which venues.{venue}.protocol says \
                         what they speak",
                        crate::venues::built_in().join(", ")
                    ),
                ));
            };
            if codec.spell(symbol).is_none() {
                return Err(self.bad(
                    "ingest.streams",
                    &format!(
                        "symbols that {venue} can have; {symbol} is none: write VENUE:BASE/QUOTE"
                    ),
                ));
            }
        }
        Ok(())
    }

    fn api_key(&self, venue: &str) -> Result<Option<Secret>, ConfigError> {
        let path = format!("venues.{venue}.api_key");
        let Some(value) = self.loaded.get(&path) else {
            return Ok(None);
        };
        if value.text.is_empty() || !value.text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let expected = "one word of visible ASCII characters; leave it out where there is none";
            return Err(bad_secret(&path, value, expected));
        }
        Ok(Some(Secret::new(value.text.clone())))
    }

    fn limits(&self) -> Result<BTreeMap<String, u32>, ConfigError> {
        self.loaded
            .names("limits")
            .into_iter()
            .map(|name| {
                let path = format!("limits.{name}.requests");
                let known = quantflow_gateway::endpoint_names();
                if !known.clone().any(|endpoint| endpoint == name) {
                    let names: Vec<_> = known.collect();
                    return Err(ConfigError::BadValue {
                        from: self.value(&path)?.from.clone(),
                        key: path,
                        found: name,
                        expected: format!("the name of an endpoint: {}", names.join(", ")),
                    });
                }
                let requests = self.parsed(&path, "a whole number of at least 1")?;
                Ok((name, requests))
            })
            .collect()
    }

    fn venues(&self) -> Result<BTreeMap<VenueId, VenueSettings>, ConfigError> {
        let mut venues = BTreeMap::new();
        for name in self.loaded.names("venues") {
            let get = |key: &str| {
                let value = self.loaded.get(&format!("venues.{name}.{key}"));
                value.map(|value| value.text.clone())
            };
            let id = name.parse().map_err(|_| ConfigError::BadValue {
                key: format!("venues.{name}"),
                from: "the configuration".to_owned(),
                found: name.clone(),
                expected: "a venue's name: 1 to 32 of a-z 0-9 _ -".to_owned(),
            })?;
            let settings = VenueSettings {
                protocol: get("protocol"),
                rest_url: get("rest_url"),
                ws_url: get("ws_url"),
                api_key: self.api_key(&name)?,
            };
            venues.insert(id, settings);
        }
        Ok(venues)
    }
}

fn bad_secret(path: &str, value: &Value, expected: &str) -> ConfigError {
    ConfigError::BadValue {
        key: path.to_owned(),
        from: value.from.clone(),
        found: "(secret)".to_owned(),
        expected: expected.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, load};

    fn settings(environment: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("none.toml");
        std::fs::write(&file, "").unwrap();
        let sources = Sources {
            file: Some(file),
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            flags: Vec::new(),
        };
        Settings::from_loaded(&load(&sources)?)
    }

    #[test]
    fn an_api_key_is_read_and_never_shown() {
        let name = "QUANTFLOW__VENUES__BINANCE__API_KEY";
        let read = settings(&[(name, "hush-0123")]).unwrap();
        let key = read.venues.values().next().unwrap().api_key.clone();
        assert_eq!(key.as_ref().unwrap().reveal(), "hush-0123");
        assert!(!format!("{read:?}").contains("hush"));
        for wrong in ["", "hush hush", "hüsh"] {
            let error = settings(&[(name, wrong)]).unwrap_err().to_string();
            for word in ["venues.binance.api_key", name, "one word", "(secret)"] {
                assert!(error.contains(word), "{error} lacks {word}");
            }
            assert!(!error.contains("sh"), "{error}");
        }
    }

    #[test]
    fn what_cannot_run_is_refused_before_anything_is_made() {
        for (name, value, words) in [
            (
                "QUANTFLOW__TOKEN",
                "short",
                vec!["token", "(secret)", "16 characters"],
            ),
            ("QUANTFLOW__DATA_DIR", "", vec!["data_dir", "a folder"]),
            (
                "QUANTFLOW__INGEST__STREAMS",
                "nope:BTC/USDT",
                vec![
                    "ingest.streams",
                    "nope:BTC/USDT",
                    "binance",
                    "venues.nope.protocol",
                ],
            ),
            (
                "QUANTFLOW__INGEST__STREAMS",
                "binance:BTC",
                vec!["ingest.streams", "binance:BTC is none"],
            ),
            (
                "QUANTFLOW__VENUES__MINE__PROTOCOL",
                "semaphore",
                vec![
                    "venues.mine.protocol",
                    "\"semaphore\"",
                    "one of: binance, binance-spot",
                ],
            ),
        ] {
            let error = settings(&[(name, value)]).unwrap_err().to_string();
            for word in words {
                assert!(error.contains(word), "{error} lacks {word}");
            }
            assert!(!error.contains("short\""), "{error}");
        }
    }

    #[test]
    fn limits_are_set_by_the_names_of_endpoints() {
        let limits = settings(&[("QUANTFLOW__LIMITS__PRICES__REQUESTS", "600")])
            .unwrap()
            .limits;
        assert_eq!(limits, [("prices".to_owned(), 600)].into());
        let error = settings(&[("QUANTFLOW__LIMITS__PRIZES__REQUESTS", "600")]).unwrap_err();
        let error = error.to_string();
        for word in ["limits.prizes.requests", "\"prizes\"", "prices, price"] {
            assert!(error.contains(word), "{error} lacks {word}");
        }
    }
}
