//! [`ArchiveName`]: what an archive's name says of it, and where the venue keeps it.

use std::fmt;

use quantflow_model::{TimeRange, Timeframe, Timestamp};

const DAY: i64 = 86_400 * 1_000_000_000;

/// What an archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Contents {
    /// Single trades.
    Trades,
    /// Trades of one order at one price, together.
    Aggregates,
    /// Candles.
    Klines(Timeframe),
}

/// The time that an archive is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Period {
    start: Timestamp,
    monthly: bool,
}

/// The parts of `BTCUSDT-1m-2024-08-08.zip`, `BTCUSDT-aggTrades-2024-08.zip`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArchiveName {
    /// The venue's name of the symbol.
    pub(crate) symbol: String,
    pub(crate) contents: Contents,
    pub(crate) period: Period,
}

impl Contents {
    /// As it stands in names.
    fn part(self) -> &'static str {
        match self {
            Self::Trades => "trades",
            Self::Aggregates => "aggTrades",
            // the venue's files tell a month from a minute where case does not count
            Self::Klines(Timeframe::Mo1) => "1mo",
            Self::Klines(timeframe) => timeframe.name(),
        }
    }

    fn of_part(part: &str) -> Option<Self> {
        Some(match part {
            "trades" => Self::Trades,
            "aggTrades" => Self::Aggregates,
            "1mo" => Self::Klines(Timeframe::Mo1),
            _ => Self::Klines(part.parse().ok()?),
        })
    }
}

/// `trades`, `aggTrades`, `1h klines`.
impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Klines(timeframe) => write!(f, "{timeframe} klines"),
            other => f.write_str(other.part()),
        }
    }
}

impl Period {
    /// The day (UTC) that holds an instant.
    pub(crate) fn day_of(instant: Timestamp) -> Self {
        Self {
            start: instant.start_of_day(),
            monthly: false,
        }
    }

    /// The month (UTC) that holds an instant.
    pub(crate) fn month_of(instant: Timestamp) -> Self {
        Self {
            start: Timeframe::Mo1.open_of(instant),
            monthly: true,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let shaped = text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        match (shaped, text.len()) {
            (true, 10) => Some(Self::day_of(text.parse().ok()?)),
            (true, 7) => Some(Self::month_of(format!("{text}-01").parse().ok()?)),
            _ => None,
        }
    }

    /// From its first instant to the first one after it.
    pub(crate) fn range(self) -> TimeRange {
        if self.monthly {
            Timeframe::Mo1.range_of(self.start)
        } else {
            TimeRange::new(self.start, self.start.plus_nanos(DAY))
        }
    }

    pub(crate) fn is_monthly(self) -> bool {
        self.monthly
    }

    /// How many days it has.
    pub(crate) fn days(self) -> u64 {
        let range = self.range();
        (range.end.since(range.start) / DAY).unsigned_abs()
    }

    /// Its days, in order.
    pub(crate) fn each_day(self) -> impl Iterator<Item = Self> {
        let start = self.start;
        (0..self.days() as i64).map(move |day| Self::day_of(start.plus_nanos(day * DAY)))
    }

    /// The folder of such archives.
    fn folder(self) -> &'static str {
        if self.monthly { "monthly" } else { "daily" }
    }
}

/// `2024-08-08`, `2024-08`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.start.date();
        let length = if self.monthly { 7 } else { 10 };
        f.write_str(date.get(..length).unwrap_or(&date))
    }
}

impl ArchiveName {
    /// Reads a file's name; the ending (`.zip`, `.csv`) and folders before it do not count. `None`
    /// where it is not named as archives are.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let name = name.rsplit(['/', '\\']).next()?;
        let stem = name
            .strip_suffix(".zip")
            .or_else(|| name.strip_suffix(".csv"))?;
        let (symbol, rest) = stem.split_once('-')?;
        let (part, period) = rest.split_once('-')?;
        (!symbol.is_empty()).then_some(Self {
            symbol: symbol.to_owned(),
            contents: Contents::of_part(part)?,
            period: Period::parse(period)?,
        })
    }

    /// `BTCUSDT-1m-2024-08-08.zip`
    pub(crate) fn file(&self) -> String {
        format!(
            "{}-{}-{}.zip",
            self.symbol,
            self.contents.part(),
            self.period
        )
    }

    /// Where the venue keeps it below a market's folder: `daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-08-08.zip`.
    pub(crate) fn path(&self) -> String {
        let (folder, symbol, file) = (self.period.folder(), &self.symbol, self.file());
        match self.contents {
            Contents::Klines(_) => {
                let part = self.contents.part();
                format!("{folder}/klines/{symbol}/{part}/{file}")
            }
            other => format!("{folder}/{}/{symbol}/{file}", other.part()),
        }
    }

    /// Whether it is of a market that counts contracts and not the asset (COIN-margined futures).
    pub(crate) fn counts_contracts(&self) -> bool {
        self.symbol
            .split_once('_')
            .is_some_and(|(pair, _)| pair.ends_with("USD"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for (name, contents, days, path) in [
            (
                "BTCUSDT-1m-2024-08-08.zip",
                Contents::Klines(Timeframe::M1),
                1,
                "daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-08-08.zip",
            ),
            (
                "BTCUSDT-1mo-2024-02.zip",
                Contents::Klines(Timeframe::Mo1),
                29,
                "monthly/klines/BTCUSDT/1mo/BTCUSDT-1mo-2024-02.zip",
            ),
            (
                "XRPETH-aggTrades-2019-10-11.zip",
                Contents::Aggregates,
                1,
                "daily/aggTrades/XRPETH/XRPETH-aggTrades-2019-10-11.zip",
            ),
            (
                "BTCUSDT_240927-trades-2024-12.zip",
                Contents::Trades,
                31,
                "monthly/trades/BTCUSDT_240927/BTCUSDT_240927-trades-2024-12.zip",
            ),
        ] {
            let parsed = ArchiveName::parse(name).unwrap();
            assert_eq!((parsed.contents, parsed.period.days()), (contents, days));
            assert_eq!(
                (parsed.file().as_str(), parsed.path().as_str()),
                (name, path)
            );
            assert_eq!(parsed.period.each_day().count() as u64, days);
            assert_eq!(ArchiveName::parse(&format!("a/b/{name}")), Some(parsed));
        }
    }

    #[test]
    fn what_is_named_otherwise_is_told() {
        for name in [
            "BTCUSDT.zip",
            "BTCUSDT-7m-2024-08-08.zip",
            "BTCUSDT-1m-2024-8-8.zip",
            "BTCUSDT-1m-2024-13-01.zip",
            "BTCUSDT-1m-2024-02-30.zip",
            "-1m-2024-08-08.zip",
            "BTCUSDT-1m-2024-08-08.zip.CHECKSUM",
            "BTCUSDT-bookDepth-2024-08-08.zip",
            "t.csv",
        ] {
            assert_eq!(ArchiveName::parse(name), None, "{name}");
        }
        let coin = ArchiveName::parse("BTCUSD_PERP-trades-2024-08-08.zip").unwrap();
        assert!(coin.counts_contracts());
        let linear = ArchiveName::parse("BTCUSDT_240927-trades-2024-08-08.zip").unwrap();
        assert!(!linear.counts_contracts());
    }
}
