//! [`Fetcher`]: files from where a venue keeps its archives, tried again where that makes sense.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quantflow_model::Timestamp;
use quantflow_seams::Clock;
use quantflow_transport::{Download, Downloader, Settings, SetupError};
use quantflow_wire::{Failure, FailureKind};
use rand::rngs::{OsRng, SmallRng};
use rand::{Rng, SeedableRng, TryRngCore};
use sha2::{Digest, Sha256};

use crate::files::hex::hex;

/// How often a file is asked for before the run ends.
const ATTEMPTS: u32 = 8;
/// The bound of the first wait; each further one is twice as long …
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// … up to this.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// A server that wants to be left alone for longer than this ends the run.
const PATIENCE: Duration = Duration::from_mins(15);
/// Nothing for so long is a connection that is gone.
const SILENCE: Duration = Duration::from_secs(30);
/// No archive is larger.
const LARGEST: u64 = 32 << 30;
/// No checksum file is larger.
const LARGEST_TEXT: usize = 64 << 10;

/// Why a file could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// An answer that asking again does not change.
    #[error("{url} answers with status {status}{}", moved.as_ref().map(|to| format!(", moved to {to}")).unwrap_or_default())]
    Status {
        url: String,
        status: u16,
        moved: Option<String>,
    },
    /// Tried too often.
    #[error("{url} cannot be had after {attempts} attempts: {last}")]
    GaveUp {
        url: String,
        attempts: u32,
        last: String,
    },
    /// The server asks for patience.
    #[error("{url} wants to be asked again after {} minutes only", wait.as_secs() / 60)]
    LongWait { url: String, wait: Duration },
    /// Larger than an archive.
    #[error("{url} has more than {most} bytes: no archive is so large")]
    TooLarge { url: String, most: u64 },
    /// The disk.
    #[error("cannot write {path}: {source}")]
    Disk {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// No randomness, no TLS.
    #[error("cannot fetch files: {0}")]
    Setup(String),
}

impl From<SetupError> for FetchError {
    fn from(error: SetupError) -> Self {
        Self::Setup(error.to_string())
    }
}

impl FetchError {
    /// What to do about it.
    pub(super) fn to_do(&self) -> &'static str {
        match self {
            Self::Status { moved: Some(_), .. } => "name the address that it moved to",
            Self::Status { .. } | Self::TooLarge { .. } => {
                "check the URL: it is the address before data/"
            }
            Self::GaveUp { .. } => "see whether the address can be reached",
            Self::LongWait { .. } => "wait so long",
            Self::Disk { .. } => "make room on the disk",
            Self::Setup(_) => "`quantflow doctor` checks this machine",
        }
    }
}

/// One attempt that did not bring the file.
enum Miss {
    /// Worth another attempt, not before so long.
    Again(String, Option<Duration>),
    Final(FetchError),
}

/// Fetches files one after the other.
pub(super) struct Fetcher {
    downloader: Downloader,
    clock: Arc<dyn Clock>,
    random: SmallRng,
}

impl Fetcher {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Result<Self, FetchError> {
        let settings = Settings {
            read_timeout: SILENCE,
            ..Settings::default()
        };
        let seed = OsRng
            .try_next_u64()
            .map_err(|error| FetchError::Setup(error.to_string()))?;
        Ok(Self {
            downloader: Downloader::new(&settings)?,
            clock,
            random: SmallRng::seed_from_u64(seed),
        })
    }

    /// A small file; `None` where there is none.
    pub(super) async fn text(&mut self, url: &str) -> Result<Option<Vec<u8>>, FetchError> {
        let mut attempts = 0;
        loop {
            let missed = match self.ask(url).await {
                Ok(None) => return Ok(None),
                Ok(Some(answer)) => match answer.text(LARGEST_TEXT).await {
                    Ok(text) => return Ok(Some(text)),
                    Err(failure) => of_failure(url, &failure, LARGEST_TEXT as u64),
                },
                Err(missed) => missed,
            };
            self.wait(url, &mut attempts, missed).await?;
        }
    }

    /// Whether there is such a file.
    pub(super) async fn exists(&mut self, url: &str) -> Result<bool, FetchError> {
        let mut attempts = 0;
        loop {
            match self.ask(url).await {
                Ok(answer) => return Ok(answer.is_some()),
                Err(missed) => self.wait(url, &mut attempts, missed).await?,
            }
        }
    }

    /// A file, written to `path`; `false` where there is none. Other bytes than `sha256` says are
    /// fetched once more, and then left to whoever checks them.
    pub(super) async fn file(
        &mut self,
        url: &str,
        path: &Path,
        sha256: Option<&str>,
    ) -> Result<bool, FetchError> {
        let (mut attempts, mut differed) = (0, false);
        loop {
            let missed = match self.ask(url).await {
                Ok(None) => return Ok(false),
                Ok(Some(answer)) => match write(url, answer, path).await {
                    Ok(found) if differed || sha256.is_none_or(|sha256| sha256 == found) => {
                        return Ok(true);
                    }
                    Ok(_) => {
                        differed = true;
                        Miss::Again("its checksum is of other bytes".to_owned(), None)
                    }
                    Err(missed) => missed,
                },
                Err(missed) => missed,
            };
            self.wait(url, &mut attempts, missed).await?;
        }
    }

    /// An answer with a body, or that there is no such file.
    async fn ask(&self, url: &str) -> Result<Option<Download>, Miss> {
        let answer = self
            .downloader
            .get(url)
            .await
            .map_err(|failure| of_failure(url, &failure, LARGEST))?;
        match answer.status {
            200 => Ok(Some(answer)),
            404 => Ok(None),
            408 | 425 | 429 | 500..=599 => {
                let wait = answer.retry_after.as_deref();
                let wait = wait.and_then(|text| after(text, self.clock.now()));
                Err(Miss::Again(format!("status {}", answer.status), wait))
            }
            status => Err(Miss::Final(FetchError::Status {
                url: url.to_owned(),
                status,
                moved: answer.location.filter(|_| (300..400).contains(&status)),
            })),
        }
    }

    /// Waits before the next attempt: full jitter, and not before the server says.
    async fn wait(
        &mut self,
        url: &str,
        attempts: &mut u32,
        missed: Miss,
    ) -> Result<(), FetchError> {
        let (last, asked) = match missed {
            Miss::Again(last, asked) => (last, asked),
            Miss::Final(error) => return Err(error),
        };
        *attempts += 1;
        let url = url.to_owned();
        if *attempts >= ATTEMPTS {
            return Err(FetchError::GaveUp {
                url,
                attempts: *attempts,
                last,
            });
        }
        if let Some(wait) = asked.filter(|wait| *wait > PATIENCE) {
            return Err(FetchError::LongWait { url, wait });
        }
        let bound = FIRST_WAIT
            .saturating_mul(1 << (*attempts - 1))
            .min(LONGEST_WAIT);
        let jitter = bound.mul_f64(self.random.random_range(0.0..=1.0));
        tracing::info!(%url, %last, "asking again");
        self.clock.sleep(jitter + asked.unwrap_or_default()).await;
        Ok(())
    }
}

fn of_failure(url: &str, failure: &Failure, most: u64) -> Miss {
    match failure.kind {
        FailureKind::TooLarge => Miss::Final(FetchError::TooLarge {
            url: url.to_owned(),
            most,
        }),
        _ => Miss::Again(failure.detail.clone(), None),
    }
}

/// Writes a body to a file and returns its SHA-256 in hex.
async fn write(url: &str, mut answer: Download, path: &Path) -> Result<String, Miss> {
    let disk = |source| {
        Miss::Final(FetchError::Disk {
            path: path.to_owned(),
            source,
        })
    };
    let expected = answer.length;
    let mut file = File::create(path).map_err(disk)?;
    let mut hash = Sha256::new();
    let mut written = 0_u64;
    loop {
        let piece = answer.piece().await;
        let Some(piece) = piece.map_err(|failure| of_failure(url, &failure, LARGEST))? else {
            break;
        };
        let piece = piece.as_ref();
        written += piece.len() as u64;
        if written > LARGEST {
            return Err(Miss::Final(FetchError::TooLarge {
                url: url.to_owned(),
                most: LARGEST,
            }));
        }
        hash.update(piece);
        file.write_all(piece).map_err(disk)?;
    }
    file.flush().map_err(disk)?;
    match expected {
        Some(expected) if expected != written => Err(Miss::Again(
            format!("{written} of {expected} bytes came"),
            None,
        )),
        _ => Ok(hex(&hash.finalize())),
    }
}

/// What `Retry-After` says: seconds, or a date.
fn after(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    let wait = i64::try_from(since.as_secs()).ok()? - now.seconds();
    Some(Duration::from_secs(wait.max(0).unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_say_seconds_or_a_date() {
        let now = Timestamp::from_seconds(784_111_777);
        assert_eq!(after("120", now), Some(Duration::from_mins(2)));
        let date = "Sun, 06 Nov 1994 08:50:37 GMT";
        assert_eq!(after(date, now), Some(Duration::from_mins(1)));
        let over = Timestamp::from_seconds(800_000_000);
        assert_eq!(after(date, over), Some(Duration::ZERO));
        assert_eq!(after("soon", now), None);
    }
}
