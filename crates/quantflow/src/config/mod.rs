//! The configuration: defaults, then `quantflow.toml`, then the environment, then flags.
//!
//! [`schema`] lists every key with its meaning, [`form`] and default; [`mod@load`] merges the sources and keeps
//! where each value comes from, so that a fault names its key, its source and what would be right;
//! [`settings`] is what the rest of the binary reads, once, at start.

pub(crate) mod error;
pub(crate) mod form;
pub(crate) mod load;
pub(crate) mod schema;
pub(crate) mod secret;
pub(crate) mod settings;
pub(crate) mod units;

pub(crate) use error::ConfigError;
pub(crate) use load::{Loaded, Sources, load};
pub(crate) use settings::Settings;
