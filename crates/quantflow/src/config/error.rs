//! What can be wrong with a configuration.

use std::path::PathBuf;

/// What can be wrong with a configuration. Each names the key, where it was set, and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {detail}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// The file is no TOML.
    #[error("{path} is no valid TOML: {detail}")]
    Syntax {
        /// Which file.
        path: String,
        /// Where and why.
        detail: String,
    },
    /// A key that does not exist.
    #[error("{key} (from {from}) is no setting{hint}; `quantflow config show` lists all", hint = hint(.nearest.as_deref()))]
    UnknownKey {
        /// Which key.
        key: String,
        /// Where it was set.
        from: String,
        /// The nearest key there is.
        nearest: Option<String>,
    },
    /// A variable that is nearly a setting's.
    #[error("the environment variable {name} is not read: write {right}")]
    Misspelt {
        /// Its name.
        name: String,
        /// The right one.
        right: String,
    },
    /// A value of another form.
    #[error("{key} (from {from}) is {found:?}: expected {expected}")]
    BadValue {
        /// Which key.
        key: String,
        /// Where it was set.
        from: String,
        /// What was given.
        found: String,
        /// What is right.
        expected: String,
    },
    /// A secret's file cannot be read.
    #[error("{key} (from {from}) names the file {path}, which cannot be read: {detail}")]
    SecretFile {
        /// Which key.
        key: String,
        /// Where it was set.
        from: String,
        /// Which file.
        path: String,
        /// Why.
        detail: String,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |key| format!("; did you mean {key}?"))
}
