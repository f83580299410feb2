//! [`LocalArchive`]: the lake in a local folder.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use quantflow_seams::{ArchiveError, ArchivedSegment, RawArchive};
use quantflow_wire::PartitionId;
use sha2::{Digest, Sha256};

use crate::manifest::{Entry, Manifest, Place};

/// The lake in a local folder. One process writes it.
#[derive(Debug, Clone)]
pub struct LocalArchive {
    lake: Arc<Lake>,
}

#[derive(Debug)]
struct Lake {
    raw: PathBuf,
    manifest: Mutex<Manifest>,
    /// One change at a time; held while files are written, on a thread where that may block.
    changing: Mutex<()>,
}

impl LocalArchive {
    /// Opens the lake in a folder, which is made when it is absent.
    ///
    /// # Errors
    /// When a folder cannot be made, or a manifest cannot be read: it names the file.
    pub fn open(dir: &Path) -> Result<Self, ArchiveError> {
        let raw = dir.join("raw");
        let manifests = raw.join("manifest");
        std::fs::create_dir_all(&manifests).map_err(|error| failed(&manifests, &error))?;
        let mut manifest = Manifest::default();
        for partition in folder(&manifests)? {
            for path in folder(&partition)? {
                match path.extension().and_then(|extension| extension.to_str()) {
                    Some("json") => manifest.insert(read_entry(&path)?),
                    // half written when the process ended
                    Some("tmp") => remove(&path)?,
                    _ => {}
                }
            }
        }
        let lake = Lake {
            raw,
            manifest: Mutex::new(manifest),
            changing: Mutex::new(()),
        };
        lake.tidy()?;
        Ok(Self {
            lake: Arc::new(lake),
        })
    }

    /// Where the bytes of a segment lie.
    pub fn path(&self, segment: &ArchivedSegment) -> PathBuf {
        self.lake.data_path(segment)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Lake) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        let lake = Arc::clone(&self.lake);
        match tokio::task::spawn_blocking(move || work(&lake)).await {
            Ok(result) => result,
            Err(error) => Err(ArchiveError::Failed {
                place: self.lake.raw.display().to_string(),
                detail: error.to_string(),
            }),
        }
    }
}

impl Lake {
    fn data_path(&self, segment: &ArchivedSegment) -> PathBuf {
        self.raw
            .join(format!("venue={}", segment.venue.as_str()))
            .join(format!("date={}", segment.date))
            .join(format!("{}-{}.qlog", segment.partition, segment.name))
    }

    fn manifest_path(&self, segment: &ArchivedSegment) -> PathBuf {
        self.raw
            .join("manifest")
            .join(segment.partition.as_str())
            .join(format!("{}.json", segment.name))
    }

    fn manifest(&self) -> MutexGuard<'_, Manifest> {
        // each change is made at once: a thread that panicked left it whole
        self.manifest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, segment: &ArchivedSegment, bytes: &[u8]) -> Result<(), ArchiveError> {
        check_names(segment)?;
        check(segment, bytes)?;
        let _one = self.changing();
        if self.manifest().place(segment)? == Place::Known {
            return Ok(());
        }
        write(&self.data_path(segment), bytes)?;
        self.write_entry(Entry::new(segment.clone()))?;
        self.tidy()
    }

    fn write_entry(&self, entry: Entry) -> Result<(), ArchiveError> {
        let path = self.manifest_path(&entry.segment);
        let json = serde_json::to_vec_pretty(&entry).map_err(|error| ArchiveError::Failed {
            place: path.display().to_string(),
            detail: error.to_string(),
        })?;
        write(&path, &json)?;
        self.manifest().insert(entry);
        Ok(())
    }

    fn get(&self, segment: &ArchivedSegment) -> Result<Vec<u8>, ArchiveError> {
        let (stored, path) = self.stored(segment)?;
        let corrupt = |found| ArchiveError::Corrupt {
            segment: path.display().to_string(),
            expected: stored.sha256.clone(),
            found,
        };
        match std::fs::read(&path) {
            Ok(bytes) => match sha256(&bytes) {
                found if found == stored.sha256 => Ok(bytes),
                found => Err(corrupt(found)),
            },
            // it was never removed by us: the lake is damaged
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(corrupt("no file".to_owned()))
            }
            Err(error) => Err(failed(&path, &error)),
        }
    }

    fn get_as_it_lies(&self, segment: &ArchivedSegment) -> Result<Vec<u8>, ArchiveError> {
        let (_, path) = self.stored(segment)?;
        std::fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ArchiveError::NotFound(path.display().to_string()),
            _ => failed(&path, &error),
        })
    }

    /// What the manifest has of a segment, and where its bytes lie.
    fn stored(
        &self,
        segment: &ArchivedSegment,
    ) -> Result<(ArchivedSegment, PathBuf), ArchiveError> {
        let stored = self
            .manifest()
            .get(segment)
            .filter(|entry| !entry.removed)
            .map(|entry| entry.segment.clone())
            .ok_or_else(|| ArchiveError::NotFound(segment.name.clone()))?;
        let path = self.data_path(&stored);
        Ok((stored, path))
    }

    fn remove(&self, segment: &ArchivedSegment) -> Result<(), ArchiveError> {
        let _one = self.changing();
        let Some(entry) = self.manifest().get(segment).cloned() else {
            return Ok(());
        };
        if entry.removed {
            return Ok(());
        }
        let data = self.data_path(&entry.segment);
        let marked = Entry {
            removed: true,
            ..entry
        };
        // the mark first: what is listed can be read, whenever the process ends
        self.write_entry(marked)?;
        remove(&data)?;
        self.tidy()
    }

    /// Removes what is not needed any more, also what was not removed when the process ended.
    fn tidy(&self) -> Result<(), ArchiveError> {
        let outdated = self.manifest().outdated();
        for segment in outdated {
            remove(&self.data_path(&segment))?;
            remove(&self.manifest_path(&segment))?;
            self.manifest().forget(&segment);
        }
        Ok(())
    }
}

#[async_trait]
impl RawArchive for LocalArchive {
    async fn put(&self, segment: &ArchivedSegment, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        let segment = segment.clone();
        self.blocking(move |lake| lake.put(&segment, &bytes)).await
    }

    async fn list(
        &self,
        partition: Option<&PartitionId>,
    ) -> Result<Vec<ArchivedSegment>, ArchiveError> {
        Ok(self.lake.manifest().list(partition))
    }

    async fn get(&self, segment: &ArchivedSegment) -> Result<Vec<u8>, ArchiveError> {
        let segment = segment.clone();
        self.blocking(move |lake| lake.get(&segment)).await
    }

    async fn get_as_it_lies(&self, segment: &ArchivedSegment) -> Result<Vec<u8>, ArchiveError> {
        let segment = segment.clone();
        self.blocking(move |lake| lake.get_as_it_lies(&segment))
            .await
    }

    async fn remove(&self, segment: &ArchivedSegment) -> Result<(), ArchiveError> {
        let segment = segment.clone();
        self.blocking(move |lake| lake.remove(&segment)).await
    }
}

/// Names and dates become paths: nothing in them may lead elsewhere.
fn check_names(segment: &ArchivedSegment) -> Result<(), ArchiveError> {
    let is_plain = |text: &str| {
        (1..=128).contains(&text.len())
            && !text.starts_with('.')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    if is_plain(&segment.name) && is_plain(&segment.date) {
        return Ok(());
    }
    Err(ArchiveError::Failed {
        place: format!("{:?} of {:?}", segment.name, segment.date),
        detail: "a segment's name and date are letters, digits, '-', '_' and '.'".to_owned(),
    })
}

fn check(segment: &ArchivedSegment, bytes: &[u8]) -> Result<(), ArchiveError> {
    let found = sha256(bytes);
    if found == segment.sha256 {
        return Ok(());
    }
    Err(ArchiveError::Corrupt {
        segment: format!("{}/{}", segment.partition, segment.name),
        expected: segment.sha256.clone(),
        found,
    })
}

/// In hex.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn read_entry(path: &Path) -> Result<Entry, ArchiveError> {
    let unreadable = |detail: String| ArchiveError::Failed {
        place: path.display().to_string(),
        detail,
    };
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let entry: Entry = serde_json::from_slice(&bytes)
        .map_err(|error| unreadable(format!("not a manifest: {error}")))?;
    if entry.format != Entry::FORMAT {
        return Err(unreadable(format!(
            "format version {} of the manifest is not known here ({} is): use a newer quantflow",
            entry.format,
            Entry::FORMAT
        )));
    }
    Ok(entry)
}

fn folder(path: &Path) -> Result<Vec<PathBuf>, ArchiveError> {
    let entries = std::fs::read_dir(path).map_err(|error| failed(path, &error))?;
    entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()
        .map_err(|error| failed(path, &error))
}

/// Writes a file under a temporary name, syncs it, and gives it its name.
fn write(path: &Path, bytes: &[u8]) -> Result<(), ArchiveError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    let parent = path.parent().unwrap_or(path);
    let written = make_folder(parent)
        .and_then(|()| {
            let mut file = File::create(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&temporary, path))
        .and_then(|()| sync_folder(parent));
    written.map_err(|error| {
        // best effort: it would be written over by the next try
        let _ = std::fs::remove_file(&temporary);
        failed(path, &error)
    })
}

/// Makes a folder and those above it, durably.
fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folder(parent)?;
        match std::fs::create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => sync_folder(parent)?,
        }
    }
    Ok(())
}

/// Makes the names in a folder durable. (A folder can be synced only where it can be opened.)
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), ArchiveError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(path, &error)),
        Ok(()) => path.parent().map_or(Ok(()), |parent| {
            sync_folder(parent).map_err(|error| failed(parent, &error))
        }),
    }
}

fn failed(path: &Path, error: &io::Error) -> ArchiveError {
    let place = path.display().to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ArchiveError::Full(place),
        _ => ArchiveError::Failed {
            place,
            detail: error.to_string(),
        },
    }
}
