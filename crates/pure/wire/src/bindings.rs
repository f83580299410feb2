//! [`Bindings`]: what messages of a connection refer to by number.

use std::collections::BTreeMap;

use compact_str::CompactString;
use quantflow_model::VenueSymbol;
use serde::{Deserialize, Serialize};

/// More channels than any venue allows on a socket; what would be bound beyond is not.
const MOST: usize = 4_096;

/// What earlier messages of a connection said that later ones refer to by number. Some venues name
/// symbol and channel once, when a stream is subscribed, and afterwards only a number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bindings(BTreeMap<u64, Binding>);

/// What a number stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Which symbol.
    pub symbol: VenueSymbol,
    /// Which channel, in the venue's words and with all that decoding needs to know of it.
    pub channel: CompactString,
}

impl Bindings {
    /// None at all.
    pub const NONE: &'static Self = &Self(BTreeMap::new());

    /// What a number stands for.
    pub fn get(&self, number: u64) -> Option<&Binding> {
        self.0.get(&number)
    }

    /// A number stands for this from now on; whether that is new. Nothing when there are more than
    /// 4,096 already.
    pub fn bind(&mut self, number: u64, binding: Binding) -> bool {
        let room = self.0.len() < MOST || self.0.contains_key(&number);
        if !room || self.0.get(&number) == Some(&binding) {
            return false;
        }
        self.0.insert(number, binding);
        true
    }

    /// A number stands for nothing any more; whether it stood for something.
    pub fn release(&mut self, number: u64) -> bool {
        self.0.remove(&number).is_some()
    }

    /// Whether nothing is bound.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
