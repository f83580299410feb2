//! Merges the sources of the configuration and keeps where each value comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::ConfigError;
use super::form::Form;
use super::schema::{self, KEYS};

/// The environment variables that are settings begin so.
const PREFIX: &str = "QUANTFLOW__";
/// The file that is read when none is named.
const DEFAULT_FILE: &str = "quantflow.toml";

/// What the configuration is made from. Given, not looked up: tests never touch the process.
#[derive(Default)]
pub(crate) struct Sources {
    /// The file that was named; else `quantflow.toml` is read if it exists.
    pub(crate) file: Option<PathBuf>,
    /// The environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// Settings by flags: path and value.
    pub(crate) flags: Vec<(String, String)>,
}

/// Without values: any of them may be a secret.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// One value and where it comes from.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// As text; the parts of a list are separated by commas.
    pub(crate) text: String,
    /// `default`, a file, a variable or a flag.
    pub(crate) from: String,
}

/// Without the text, which may be a secret.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// All values by path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Loaded {
    values: BTreeMap<String, Value>,
    /// The file that was read, if any.
    pub(crate) file: Option<PathBuf>,
}

impl Loaded {
    /// The value of a key; `None` when nobody set it and it has no default.
    pub(crate) fn get(&self, path: &str) -> Option<&Value> {
        self.values.get(path)
    }

    /// All values, by path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.values.iter()
    }

    /// The names that stand for `*` in keys below `parent`: `venues` gives the configured venues.
    pub(crate) fn names(&self, parent: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .values
            .keys()
            .filter_map(|path| {
                path.strip_prefix(parent)?
                    .strip_prefix('.')?
                    .split('.')
                    .next()
            })
            .map(str::to_owned)
            .collect();
        names.dedup();
        names
    }

    fn set(&mut self, path: &str, text: String, from: &str) -> Result<(), ConfigError> {
        let Some(key) = schema::find(path) else {
            return Err(ConfigError::UnknownKey {
                key: path.to_owned(),
                from: from.to_owned(),
                nearest: schema::nearest(path),
            });
        };
        let bad = || ConfigError::BadValue {
            key: path.to_owned(),
            from: from.to_owned(),
            found: key.form.shown(&text),
            expected: key.form.expected().to_owned(),
        };
        if !key.form.fits(&text) {
            return Err(bad());
        }
        self.values.insert(
            path.to_owned(),
            Value {
                text,
                from: from.to_owned(),
            },
        );
        Ok(())
    }
}

/// What is wrong with a file and in which line: not the line itself, which may hold a secret.
fn without_text(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().and_then(|span| text.get(..span.start));
    match line.map(|before| before.matches('\n').count() + 1) {
        Some(line) => format!("line {line}: {}", error.message()),
        None => error.message().to_owned(),
    }
}

/// Merges defaults, file, environment and flags, in that order.
///
/// # Errors
/// When a source cannot be read, names an unknown key, or gives a value of another form.
pub(crate) fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let mut loaded = Loaded::default();
    for key in KEYS
        .iter()
        .filter(|key| !key.path.contains('*') && !key.default.is_empty())
    {
        loaded.set(key.path, key.default.to_owned(), "default")?;
    }
    let default_file = Path::new(DEFAULT_FILE);
    if let Some(file) = sources
        .file
        .as_deref()
        .or_else(|| default_file.exists().then_some(default_file))
    {
        let text = std::fs::read_to_string(file).map_err(|error| ConfigError::Unreadable {
            path: file.to_owned(),
            detail: error.to_string(),
        })?;
        let from = file.display().to_string();
        let table: toml::Table =
            text.parse()
                .map_err(|error: toml::de::Error| ConfigError::Syntax {
                    path: from.clone(),
                    detail: without_text(&error, &text),
                })?;
        add_table(&mut loaded, "", &table, &from)?;
        loaded.file = Some(file.to_owned());
    }
    for (name, value) in &sources.environment {
        if let Some((_, path)) = schema::ALIASES.iter().find(|(alias, _)| alias == name) {
            loaded.set(path, value.clone(), &format!("environment variable {name}"))?;
        }
    }
    for (name, value) in &sources.environment {
        let Some(path) = name.strip_prefix(PREFIX) else {
            refuse_one_underscore(name)?;
            continue;
        };
        let path = path.to_ascii_lowercase().replace("__", ".");
        let from = format!("environment variable {name}");
        add(&mut loaded, &path, value.clone(), &from)?;
    }
    for (path, value) in &sources.flags {
        loaded.set(path, value.clone(), "command line")?;
    }
    Ok(loaded)
}

/// `QUANTFLOW_LISTEN` would be ignored, and nobody would know why.
fn refuse_one_underscore(name: &str) -> Result<(), ConfigError> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['.', '_'], "");
    let Some(rest) = name.strip_prefix("QUANTFLOW_") else {
        return Ok(());
    };
    let meant = KEYS.iter().find(|key| plain(key.path) == plain(rest));
    match meant {
        None => Ok(()),
        Some(key) => Err(ConfigError::Misspelt {
            name: name.to_owned(),
            right: format!(
                "{PREFIX}{}",
                key.path.to_ascii_uppercase().replace('.', "__")
            ),
        }),
    }
}

/// A setting of a file or of the environment; `…_file` of a secret names the file that holds it.
fn add(loaded: &mut Loaded, path: &str, value: String, from: &str) -> Result<(), ConfigError> {
    let secret = path
        .strip_suffix("_file")
        .filter(|path| schema::find(path).is_some_and(|key| key.form == Form::Secret));
    let Some(secret) = secret else {
        return loaded.set(path, value, from);
    };
    let text = std::fs::read_to_string(&value).map_err(|error| ConfigError::SecretFile {
        key: secret.to_owned(),
        from: from.to_owned(),
        path: value,
        detail: error.to_string(),
    })?;
    loaded.set(secret, text.trim_end().to_owned(), from)
}

fn add_table(
    loaded: &mut Loaded,
    prefix: &str,
    table: &toml::Table,
    from: &str,
) -> Result<(), ConfigError> {
    for (name, value) in table {
        let path = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        let form = schema::find(&path).map(|key| key.form);
        match value {
            toml::Value::Table(inner) => add_table(loaded, &path, inner, from)?,
            other if form.is_some_and(|form| !form.takes(other)) => {
                let form = form.unwrap_or(Form::Text);
                return Err(ConfigError::BadValue {
                    key: path,
                    from: from.to_owned(),
                    found: form.shown(&other.to_string()),
                    expected: format!("{}{}", form.expected(), form.in_quotes()),
                });
            }
            toml::Value::Array(items) => {
                let parts: Vec<&str> = items.iter().filter_map(toml::Value::as_str).collect();
                if parts.len() < items.len() {
                    return Err(ConfigError::BadValue {
                        key: path,
                        from: from.to_owned(),
                        found: value.to_string(),
                        expected: Form::List.expected().to_owned(),
                    });
                }
                loaded.set(&path, parts.join(","), from)?;
            }
            toml::Value::String(text) => add(loaded, &path, text.clone(), from)?,
            other => loaded.set(&path, other.to_string(), from)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(file: Option<&str>, environment: &[(&str, &str)]) -> (tempfile::TempDir, Sources) {
        let folder = tempfile::tempdir().unwrap();
        let file = file.map(|text| {
            let path = folder.path().join("q.toml");
            std::fs::write(&path, text).unwrap();
            path
        });
        let environment = environment
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        (
            folder,
            Sources {
                file,
                environment,
                flags: Vec::new(),
            },
        )
    }

    #[test]
    fn a_syntax_error_names_its_line_and_not_what_stands_there() {
        let text = "[venues.binance]\napi_key = hush-0123\n";
        let (_folder, sources) = sources(Some(text), &[]);
        let error = load(&sources).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn flags_beat_the_environment_and_it_beats_the_file() {
        let (_folder, mut from) = sources(
            Some("listen = \"127.0.0.1:1\"\n[bus]\nsync_interval = \"1s\"\n"),
            &[("QUANTFLOW__LISTEN", "127.0.0.1:2"), ("LOG_LEVEL", "debug")],
        );
        let loaded = load(&from).unwrap();
        assert_eq!(loaded.get("listen").unwrap().text, "127.0.0.1:2");
        assert_eq!(loaded.get("bus.sync_interval").unwrap().text, "1s");
        assert_eq!(loaded.get("log.level").unwrap().text, "debug");
        assert_eq!(loaded.get("data_dir").unwrap().from, "default");
        from.flags
            .push(("listen".to_owned(), "127.0.0.1:3".to_owned()));
        assert_eq!(
            load(&from).unwrap().get("listen").unwrap().text,
            "127.0.0.1:3"
        );
    }

    #[test]
    fn faults_name_the_key_the_source_and_what_is_right() {
        for (file, environment, words) in [
            (
                Some("lisen = \"x\""),
                vec![],
                vec!["lisen", "q.toml", "did you mean listen?"],
            ),
            (
                Some("listen = \"here\""),
                vec![],
                vec!["listen", "\"here\"", "127.0.0.1:8080"],
            ),
            (Some("listen = "), vec![], vec!["no valid TOML"]),
            (
                Some("[ingest]\nstreams = [1]"),
                vec![],
                vec!["ingest.streams", "list of texts"],
            ),
            (
                Some("[limits.prices]\nrequests = 0"),
                vec![],
                vec!["limits.prices.requests", "at least 1"],
            ),
            (
                Some("data_dir = 5"),
                vec![],
                vec!["data_dir", "\"5\"", "text in quotes"],
            ),
            (
                Some("listen = [\"127.0.0.1:1\"]"),
                vec![],
                vec!["listen", "in quotes"],
            ),
            (
                Some("[venues.binance]\napi_key = 5"),
                vec![],
                vec!["venues.binance.api_key", "(secret)", "text in quotes"],
            ),
            (
                Some("[limits.prices]\nrequests = 1979-05-27"),
                vec![],
                vec!["limits.prices.requests", "whole number"],
            ),
            (
                Some("[venues.binance]\nrest_url = \"api.binance.com\""),
                vec![],
                vec!["venues.binance.rest_url", "https://"],
            ),
            (
                Some("[venues.binance]\nws_url = \"https://stream.binance.com\""),
                vec![],
                vec!["venues.binance.ws_url", "wss://"],
            ),
            (
                None,
                vec![("LOG_LEVEL", "loud")],
                vec!["log.level", "LOG_LEVEL", "\"loud\"", "error, warn, info"],
            ),
            (
                None,
                vec![("QUANTFLOW__LOG__LEVEL", "info,a=b=c")],
                vec!["log.level", "info,quantflow::http=debug"],
            ),
            (
                None,
                vec![("QUANTFLOW_BUS_SYNC_INTERVAL", "1s")],
                vec![
                    "QUANTFLOW_BUS_SYNC_INTERVAL",
                    "QUANTFLOW__BUS__SYNC_INTERVAL",
                ],
            ),
            (
                None,
                vec![("QUANTFLOW__STORE__URI", "x")],
                vec!["QUANTFLOW__STORE__URI", "store.url"],
            ),
            (
                None,
                vec![("QUANTFLOW__TOKEN_FILE", "/nowhere/key")],
                vec!["token", "/nowhere/key"],
            ),
        ] {
            let (_folder, from) = sources(file, &environment);
            let error = load(&from).unwrap_err().to_string();
            for word in words {
                assert!(error.contains(word), "{error} lacks {word}");
            }
        }
    }

    #[test]
    fn a_secret_may_come_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        std::fs::write(&key, "hush\n").unwrap();
        let name = "QUANTFLOW__TOKEN_FILE";
        let (_folder, from) = sources(None, &[(name, key.to_str().unwrap())]);
        let loaded = load(&from).unwrap();
        assert_eq!(loaded.get("token").unwrap().text, "hush");
        let text = format!(
            "[venues.binance]\napi_key_file = {:?}\n",
            key.to_str().unwrap()
        );
        let (_folder, from) = sources(Some(&text), &[]);
        let loaded = load(&from).unwrap();
        let value = loaded.get("venues.binance.api_key").unwrap();
        assert_eq!(value.text, "hush");
        assert!(value.from.ends_with("q.toml"), "{}", value.from);
    }
}
