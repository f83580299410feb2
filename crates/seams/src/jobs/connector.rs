//! [`Connector`]: a venue that we fetch from.

use compact_str::CompactString;
use quantflow_model::{Timestamp, VenueId};
use serde::{Deserialize, Serialize};

use super::history::words;

words! {
    /// Whether jobs of a connector are run.
    ConnectorState: "connector state" {
        /// They are.
        Enabled = "enabled",
        /// An operator turned it off.
        Disabled = "disabled",
        /// It cannot work until somebody mends it: a key that the venue refuses, say.
        Error = "error",
    }
}

/// A venue that we fetch from: one record a venue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connector {
    /// The venue; its id here.
    pub venue: VenueId,
    /// Which codec speaks to it.
    pub protocol: CompactString,
    /// Whether its jobs are run.
    pub state: ConnectorState,
    /// Why it is in error.
    pub error: Option<String>,
    /// The codec's own settings. Never secrets: those come from the environment.
    pub settings: serde_json::Value,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
}

/// A connector to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewConnector {
    /// The venue.
    pub venue: VenueId,
    /// Which codec speaks to it.
    pub protocol: CompactString,
    /// Whether its jobs are run.
    pub state: ConnectorState,
    /// The codec's own settings.
    pub settings: serde_json::Value,
}

/// What is to change; `None` stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConnectorChange {
    /// Which codec speaks to it.
    pub protocol: Option<CompactString>,
    /// Whether its jobs are run, and if it is in error, why.
    pub state: Option<(ConnectorState, Option<String>)>,
    /// The codec's own settings.
    pub settings: Option<serde_json::Value>,
}

impl Connector {
    /// The connector as it is made.
    pub fn made(new: NewConnector, at: Timestamp) -> Self {
        Self {
            venue: new.venue,
            protocol: new.protocol,
            state: new.state,
            error: None,
            settings: new.settings,
            created: at,
            updated: at,
        }
    }

    /// Takes a change; whether anything is other than before.
    pub fn change(&mut self, change: ConnectorChange, at: Timestamp) -> bool {
        let before = self.clone();
        if let Some(protocol) = change.protocol {
            self.protocol = protocol;
        }
        if let Some((state, error)) = change.state {
            self.state = state;
            self.error = error;
        }
        if let Some(settings) = change.settings {
            self.settings = settings;
        }
        let changed = *self != before;
        if changed {
            self.updated = at;
        }
        changed
    }
}
