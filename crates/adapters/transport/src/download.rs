//! [`Downloader`]: whole files, piece by piece, where [`Transport`](crate::Transport) has answers in
//! memory.

use std::time::Duration;

use quantflow_wire::{Failure, FailureKind};

use crate::http::{client, failure};
use crate::{Settings, SetupError, tls};

/// A file may take so long in all; that nothing comes of it is noticed much sooner.
const LONGEST: Duration = Duration::from_hours(6);

/// Fetches files over the same TLS as everything else. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Downloader {
    http: reqwest::Client,
}

/// An answer whose body is still to come.
#[derive(Debug)]
pub struct Download {
    /// The status.
    pub status: u16,
    /// When to ask again, as the server says: seconds or a date.
    pub retry_after: Option<String>,
    /// Where it is instead, as the server says.
    pub location: Option<String>,
    /// How many bytes the body has, where the server says.
    pub length: Option<u64>,
    answer: reqwest::Response,
}

impl Downloader {
    /// A downloader with these bounds; those of one request's time and size do not apply.
    ///
    /// # Errors
    /// As [`Transport::new`](crate::Transport::new).
    pub fn new(settings: &Settings) -> Result<Self, SetupError> {
        let settings = Settings {
            request_timeout: LONGEST,
            ..settings.clone()
        };
        let tls = tls::client_config(&settings.extra_roots)?;
        Ok(Self {
            http: client(&settings, tls)?,
        })
    }

    /// Asks for a file. Any status is an answer; no redirect is followed.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn get(&self, url: &str) -> Result<Download, Failure> {
        let answer = self.http.get(url).send().await.map_err(failure)?;
        let header = |name: &str| {
            let value = answer.headers().get(name)?.to_str().ok()?;
            Some(value.chars().take(256).collect())
        };
        Ok(Download {
            status: answer.status().as_u16(),
            retry_after: header("retry-after"),
            location: header("location"),
            length: answer.content_length(),
            answer,
        })
    }
}

impl Download {
    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// When it breaks off, or nothing comes of it for too long ([`FailureKind::Timeout`]).
    pub async fn piece(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, Failure> {
        self.answer.chunk().await.map_err(failure)
    }

    /// The whole body, which may have so many bytes.
    ///
    /// # Errors
    /// As [`Download::piece`], and when it is larger ([`FailureKind::TooLarge`]).
    pub async fn text(mut self, most: usize) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await? {
            body.extend_from_slice(piece.as_ref());
            if body.len() > most {
                return Err(Failure {
                    kind: FailureKind::TooLarge,
                    detail: format!("it has more than {most} bytes"),
                });
            }
        }
        Ok(body)
    }
}
