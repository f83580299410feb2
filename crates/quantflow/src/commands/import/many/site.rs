//! Archives where a venue keeps them: months where they are whole, days where they are not, one
//! fetched while the one before it is imported.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use quantflow_model::{TimeRange, Timestamp};
use quantflow_seams::Clock;
use tokio::sync::mpsc;

use super::fetch::{FetchError, Fetcher};
use super::{Found, Ready, Wanted};
use crate::commands::import::journal::Taken;
use crate::failure::Failure;
use crate::files::archive::checksum;
use crate::files::archive::name::{ArchiveName, Contents, Period};

/// Files that wait for their import; with the one that is imported and the one that is fetched,
/// three lie on the disk at once. The fetcher waits when there is no room.
const WAITING: usize = 1;

/// Where to look, and for what.
pub(super) struct Site {
    /// A market's folder, without `/` at its end.
    base: String,
    /// The symbol; the period is filled in.
    symbol: quantflow_model::Symbol,
    own: String,
    contents: Contents,
    /// What was imported before; nothing where all is to be read once more.
    taken: Taken,
    /// Where files are kept until they are imported.
    folder: PathBuf,
}

/// The base of a market's archives below what the user named.
pub(super) fn market_url(url: &str, spot: bool) -> String {
    let market = if spot { "spot" } else { "futures/um" };
    let url = url.trim_end_matches('/');
    if url.ends_with(&format!("/{market}")) {
        url.to_owned()
    } else if url.ends_with("/data") {
        format!("{url}/{market}")
    } else {
        format!("{url}/data/{market}")
    }
}

/// What is asked for first: whole months that are over, and the other days. Days that are not over
/// have no archive yet.
pub(super) fn periods(range: TimeRange, now: Timestamp) -> Vec<Period> {
    let end = range.end.min(now.start_of_day());
    let mut periods = Vec::new();
    for day in super::days(TimeRange::new(range.start, end)) {
        let month = Period::month_of(day.range().start);
        let whole = month.range();
        if whole.start >= range.start && whole.end <= end {
            if periods.last() != Some(&month) {
                periods.push(month);
            }
        } else {
            periods.push(day);
        }
    }
    periods
}

impl Site {
    pub(super) fn new(
        base: String,
        (symbol, own): (quantflow_model::Symbol, String),
        contents: Contents,
        taken: Taken,
        folder: PathBuf,
    ) -> Self {
        Self {
            base,
            symbol,
            own,
            contents,
            taken,
            folder,
        }
    }

    fn wanted(&self, period: Period) -> Wanted {
        Wanted {
            symbol: self.symbol.clone(),
            name: ArchiveName {
                symbol: self.own.clone(),
                contents: self.contents,
                period,
            },
        }
    }

    fn url(&self, name: &ArchiveName) -> String {
        format!("{}/{}", self.base, name.path())
    }

    /// Fetches one period after the other; what comes of each is received in their order.
    pub(super) fn start(
        self,
        periods: Vec<Period>,
        clock: Arc<dyn Clock>,
    ) -> (
        mpsc::Receiver<Result<Ready, Failure>>,
        tokio::task::JoinHandle<()>,
    ) {
        let (send, receive) = mpsc::channel(WAITING);
        let task = tokio::spawn(async move {
            let ended = match Fetcher::new(clock) {
                Ok(mut fetcher) => self.each(periods, &mut fetcher, &send).await,
                Err(error) => Err(error),
            };
            if let Err(error) = ended {
                let failure = Failure::new("cannot fetch the archives")
                    .because(&error)
                    .to_do(error.to_do());
                // the importer left first
                let _ = send.send(Err(failure)).await;
            }
        });
        (receive, task)
    }

    async fn each(
        &self,
        periods: Vec<Period>,
        fetcher: &mut Fetcher,
        send: &mpsc::Sender<Result<Ready, Failure>>,
    ) -> Result<(), FetchError> {
        for period in periods {
            let first = self.fetch(period, fetcher).await?;
            if !matches!(first.found, Found::Missing) || !period.is_monthly() {
                if send.send(Ok(first)).await.is_err() {
                    return Ok(());
                }
                continue;
            }
            // a month without an archive may have some of its days
            for day in period.each_day() {
                let ready = self.fetch(day, fetcher).await?;
                if send.send(Ok(ready)).await.is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn fetch(&self, period: Period, fetcher: &mut Fetcher) -> Result<Ready, FetchError> {
        let wanted = self.wanted(period);
        let found = self.find(&wanted.name, fetcher).await?;
        Ok(Ready { wanted, found })
    }

    async fn find(&self, name: &ArchiveName, fetcher: &mut Fetcher) -> Result<Found, FetchError> {
        let (url, file) = (self.url(name), name.file());
        let beside = format!("{url}{}", checksum::ENDING);
        let text = fetcher.text(&beside).await?;
        let stated = match &text {
            Some(text) => match checksum::parse(text, Path::new(&file), &beside) {
                Ok(hash) => Some(hash),
                Err(error) => return Ok(Found::Refused(error)),
            },
            None => None,
        };
        let known = match &stated {
            Some(hash) => self.taken.hashes.contains(hash),
            None => self.taken.names.contains(&file) && fetcher.exists(&url).await?,
        };
        if known {
            return Ok(Found::Known);
        }
        let path = self.folder.join(&file);
        let part = self.folder.join(format!("{file}.part"));
        if !fetcher.file(&url, &part, stated.as_deref()).await? {
            return Ok(Found::Missing);
        }
        std::fs::rename(&part, &path).map_err(|source| FetchError::Disk {
            path: path.clone(),
            source,
        })?;
        Ok(Found::File {
            path,
            expected: stated,
            temporary: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_markets_folder_is_found_below_what_is_named() {
        for url in [
            "https://data.binance.vision",
            "https://data.binance.vision/",
            "https://data.binance.vision/data",
            "https://data.binance.vision/data/spot/",
        ] {
            assert_eq!(
                market_url(url, true),
                "https://data.binance.vision/data/spot"
            );
        }
        assert_eq!(
            market_url("http://a/b", false),
            "http://a/b/data/futures/um"
        );
    }

    #[test]
    fn whole_months_are_asked_for_and_single_days_else() {
        let named = |from: &str, to: &str, now: &str| -> Vec<String> {
            let range = TimeRange::new(from.parse().unwrap(), to.parse().unwrap());
            let periods = periods(range, now.parse().unwrap()).into_iter();
            periods.map(|period| period.to_string()).collect()
        };
        assert_eq!(
            named("2024-01-30", "2024-03-02", "2024-12-24"),
            ["2024-01-30", "2024-01-31", "2024-02", "2024-03-01"]
        );
        // an instant inside a day wants all of it; today has no archive
        assert_eq!(
            named("2024-02-01T05:00:00Z", "2024-03-01", "2024-02-03T12:00:00Z"),
            ["2024-02-01", "2024-02-02"]
        );
        assert!(named("2024-02-03", "2024-03-01", "2024-02-03T12:00:00Z").is_empty());
    }
}
