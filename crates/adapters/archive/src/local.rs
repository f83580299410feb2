//! [`LocalArchive`]: the lake in a local folder.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::StreamExt;
use quantflow_seams::{ArchiveError, ArchivedSegment, RawArchive, SegmentParts};
use quantflow_wire::PartitionId;

use crate::incoming::{Incoming, sha256, sync_folder};
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
    /// Segments come in one after another: each has its temporary name to itself. Taken before
    /// `changing`.
    incoming: tokio::sync::Mutex<()>,
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
            incoming: tokio::sync::Mutex::new(()),
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

    /// Keeps what came in whole.
    fn keep(&self, segment: &ArchivedSegment, incoming: Incoming) -> Result<(), ArchiveError> {
        let found = incoming.sha256();
        if found != segment.sha256 {
            return Err(ArchiveError::Corrupt {
                segment: format!("{}/{}", segment.partition, segment.name),
                expected: segment.sha256.clone(),
                found,
            });
        }
        let _one = self.changing();
        if self.manifest().place(segment)? == Place::Known {
            return Ok(());
        }
        incoming.keep()?;
        self.write_entry(Entry::new(segment.clone()))?;
        self.tidy()
    }

    fn write_entry(&self, entry: Entry) -> Result<(), ArchiveError> {
        let path = self.manifest_path(&entry.segment);
        let json = serde_json::to_vec_pretty(&entry).map_err(|error| ArchiveError::Failed {
            place: path.display().to_string(),
            detail: error.to_string(),
        })?;
        let mut file = Incoming::begin(path)?;
        file.add(&json)?;
        file.keep()?;
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
    async fn put_parts(
        &self,
        segment: &ArchivedSegment,
        mut parts: SegmentParts,
    ) -> Result<(), ArchiveError> {
        check_names(segment)?;
        let _one = self.lake.incoming.lock().await;
        if self.lake.manifest().place(segment)? == Place::Known {
            return Ok(());
        }
        let path = self.lake.data_path(segment);
        let mut incoming = self.blocking(move |_| Incoming::begin(path)).await?;
        while let Some(part) = parts.next().await {
            let part = part.map_err(ArchiveError::Source)?;
            incoming = self
                .blocking(move |_| incoming.add(&part).map(|()| incoming))
                .await?;
        }
        let segment = segment.clone();
        self.blocking(move |lake| lake.keep(&segment, incoming))
            .await
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

fn remove(path: &Path) -> Result<(), ArchiveError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(path, &error)),
        Ok(()) => path.parent().map_or(Ok(()), |parent| {
            sync_folder(parent).map_err(|error| failed(parent, &error))
        }),
    }
}

pub(crate) fn failed(path: &Path, error: &io::Error) -> ArchiveError {
    let place = path.display().to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ArchiveError::Full(place),
        _ => ArchiveError::Failed {
            place,
            detail: error.to_string(),
        },
    }
}
