//! Where a record stands: [`LogPosition`].

use std::borrow::Cow;
use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, de};

/// A partition of the raw log: the records of one venue (or of a part of its symbols), in order.
///
/// Its name becomes a folder, so nothing makes one from a name that is not allowed: neither
/// [`PartitionId::new`] nor reading one with serde.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct PartitionId(CompactString);

impl PartitionId {
    /// A partition by name: 1 to 64 of `a-z 0-9 _ - .`, not beginning with a dot. `None` otherwise.
    pub fn new(name: &str) -> Option<Self> {
        let fits = (1..=64).contains(&name.len())
            && !name.starts_with('.')
            && name
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.'));
        fits.then(|| Self(name.into()))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for PartitionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        Self::new(&name).ok_or_else(|| {
            de::Error::invalid_value(
                de::Unexpected::Str(&name),
                &"a partition: 1 to 64 of a-z 0-9 _ - . not beginning with a dot",
            )
        })
    }
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place in a partition of the log. Ordered; never used twice: when a log is begun anew the epoch
/// grows.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct LogPosition {
    /// Which life of the log.
    pub epoch: u32,
    /// How many records stand before this place.
    pub offset: u64,
}

impl LogPosition {
    /// The place before the first record of the first epoch.
    pub const START: Self = Self {
        epoch: 0,
        offset: 0,
    };

    /// The place so many records on.
    #[must_use]
    pub const fn plus(self, records: u64) -> Self {
        Self {
            epoch: self.epoch,
            offset: self.offset + records,
        }
    }
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.offset)
    }
}

/// Records from `from` (inside) to `to` (outside).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct LogRange {
    /// The first.
    pub from: LogPosition,
    /// The place after the last.
    pub to: LogPosition,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_read_only_from_a_name_that_may_be_a_folder() {
        for name in ["binance", "binance-0", "a.b_c", &"x".repeat(64)] {
            let id = PartitionId::new(name).unwrap();
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(json, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<PartitionId>(&json).unwrap(), id);
        }
        for name in [
            "",
            ".",
            "..",
            ".x",
            "a/b",
            "../x",
            "A",
            "a b",
            &"x".repeat(65),
        ] {
            assert_eq!(PartitionId::new(name), None, "{name}");
            let error = serde_json::from_str::<PartitionId>(&format!("\"{name}\"")).unwrap_err();
            assert!(error.to_string().contains("a partition:"), "{error}");
        }
        // escaped: no borrowed text, the same check
        assert!(serde_json::from_str::<PartitionId>(r#""\u002e\u002e""#).is_err());
        assert!(serde_json::from_str::<PartitionId>(r#""\u0061""#).is_ok());
    }
}
