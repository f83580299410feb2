//! [`Context`]: what every command gets.

use crate::config::{Loaded, Settings, Sources, load};
use crate::failure::Outcome;
use crate::terminal::Terminal;

/// What every command gets.
#[derive(Debug)]
pub(crate) struct Context {
    /// How to speak.
    pub(crate) terminal: Terminal,
    /// Where settings come from.
    pub(crate) sources: Sources,
}

impl Context {
    /// All settings, with where each comes from.
    ///
    /// # Errors
    /// When the configuration is wrong.
    pub(crate) fn loaded(&self) -> Outcome<Loaded> {
        Ok(load(&self.sources)?)
    }

    /// The settings.
    ///
    /// # Errors
    /// When the configuration is wrong.
    pub(crate) fn settings(&self) -> Outcome<Settings> {
        Ok(Settings::from_loaded(&self.loaded()?)?)
    }
}
