//! [`Keeper`]: what was granted, kept in a file a venue, so that a process that dies again and again
//! asks no more than one that lives.
//!
//! The file is written before a grant is handed out. It is small (grants of a sixtieth of a window
//! are one entry) and replaced as a whole; it is not synced, because a host that restarts takes
//! longer than it would matter, and a file that cannot be read counts for an empty one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use compact_str::CompactString;
use quantflow_model::{Timestamp, VenueId};
use serde::{Deserialize, Serialize};

/// What is kept of a venue's budget.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Until when the venue told us to stay away.
    pub(crate) stay_away: Option<Timestamp>,
    /// By limit: when how much was granted, oldest first.
    pub(crate) granted: Vec<(CompactString, Vec<(Timestamp, u64)>)>,
}

/// Files of a folder.
#[derive(Debug)]
pub(crate) struct Keeper {
    folder: PathBuf,
    /// Whether it was said that it cannot be written.
    complained: AtomicBool,
}

impl Keeper {
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            complained: AtomicBool::new(false),
        })
    }

    fn path(&self, venue: &VenueId) -> PathBuf {
        self.folder.join(format!("{venue}.json"))
    }

    /// What an earlier life was granted.
    pub(crate) fn read(&self, venue: &VenueId) -> Kept {
        let path = self.path(venue);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Kept::default(),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "what was asked of the venue before is not known");
                return Kept::default();
            }
        };
        serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), %error, "what was asked of the venue before is not known");
            Kept::default()
        })
    }

    /// Replaces a venue's file. A disk that is full must not stop what is being received: it is said
    /// once, and the venue's own count is what is left to go by.
    pub(crate) fn write(&self, venue: &VenueId, kept: &Kept) {
        let path = self.path(venue);
        let fresh = path.with_extension("new");
        let written = serde_json::to_vec(kept)
            .map_err(io::Error::from)
            .and_then(|bytes| fs::write(&fresh, bytes))
            .and_then(|()| fs::rename(&fresh, &path));
        match written {
            Ok(()) => self.complained.store(false, Ordering::Relaxed),
            Err(error) if !self.complained.swap(true, Ordering::Relaxed) => {
                tracing::warn!(path = %path.display(), %error, "what is asked of the venue cannot be kept");
            }
            Err(_) => {}
        }
    }
}
