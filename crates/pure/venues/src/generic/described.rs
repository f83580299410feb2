//! [`SourceDescription`]: what one has to know of a source to read its candles.

use std::collections::BTreeMap;

use quantflow_model::{Symbol, Timeframe, Timestamp, VenueId, VenueSymbol};
use serde::Deserialize;

use super::target::Template;
use crate::ask::Tick;
use crate::series::compact;

/// What a source is asked, and what its answers look like. Unknown fields are refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceDescription {
    /// Where it is: `https://data.example.org`.
    pub rest_url: String,
    /// How many requests it allows in a window …
    pub requests: u32,
    /// … of so many seconds.
    pub window_seconds: u64,
    /// Path and query of a request for candles, beginning with `/`. In braces stand `symbol`,
    /// `timeframe`, `from`, `to` and `limit`; `symbol` must be there.
    pub target: String,
    /// How many rows an answer holds at the most.
    pub rows: u32,
    /// How many times longer than its rows a page of history is asked for: 2 where only working days
    /// have candles.
    #[serde(default = "once")]
    pub stretch: u32,
    /// Its timeframes with its names for them: `1d = "daily"`.
    pub timeframes: BTreeMap<Timeframe, String>,
    /// Its symbols: our instrument (`BTC/USD`, `AAPL`) and its name.
    pub symbols: BTreeMap<String, String>,
    /// How `{from}` and `{to}` are written.
    #[serde(default)]
    pub bounds: Bounds,
    /// How its answers are written.
    pub format: Format,
    /// Where the numbers of a candle stand.
    pub columns: Columns,
    /// How the time in a row is written.
    pub time: TimeUnit,
    /// Which end of its candle that time is.
    #[serde(default)]
    pub label: Label,
    /// Whether a row with an empty or null price is a time without trades, to be left out; else it is an
    /// error.
    #[serde(default)]
    pub skip_empty: bool,
}

/// How an answer is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "as")]
pub enum Format {
    /// JSON; rows are objects or lists.
    Json {
        /// The way to the list of rows: names and places from 0, with points between them
        /// (`data.items`); empty where the answer is that list.
        #[serde(default)]
        path: String,
    },
    /// Lines of fields.
    Csv {
        /// What stands between fields.
        #[serde(default = "comma")]
        separator: char,
        /// Whether the first line names the columns.
        #[serde(default = "yes")]
        header: bool,
    },
}

const fn once() -> u32 {
    1
}

const fn comma() -> char {
    ','
}

const fn yes() -> bool {
    true
}

/// Where a number stands in a row: by name, or by place from 0.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// The place in a list or a line.
    Place(usize),
    /// The name of a field or a column.
    Name(String),
}

/// Where the numbers of a candle stand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Its time.
    pub time: Cell,
    /// First price.
    pub open: Cell,
    /// Highest price.
    pub high: Cell,
    /// Lowest price.
    pub low: Cell,
    /// Last price.
    pub close: Cell,
    /// Volume; without one it is zero.
    pub volume: Option<Cell>,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    #[default]
    Milliseconds,
    /// Microseconds since 1970.
    Microseconds,
    /// Nanoseconds since 1970.
    Nanoseconds,
    /// `2026-11-20T14:03:00Z`, with an offset.
    Rfc3339,
    /// `2026-11-20`: midnight UTC.
    Date,
    /// `20261120`: midnight UTC.
    CompactDate,
}

/// How `{from}` and `{to}` are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// In which form.
    pub unit: TimeUnit,
    /// Whether what is at `{to}` belongs to the answer.
    pub to_included: bool,
}

/// Which end of its candle a row's time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// Where it begins.
    #[default]
    Open,
    /// Where the next begins.
    Close,
}

/// What is wrong in a description.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {found:?}; {wanted}")]
pub struct DescriptionError {
    /// Which field.
    pub field: &'static str,
    /// What stands there, shortened.
    pub found: String,
    /// What should.
    pub wanted: &'static str,
}

pub(super) fn wrong(field: &'static str, found: &str, wanted: &'static str) -> DescriptionError {
    DescriptionError {
        field,
        found: found.chars().take(80).collect(),
        wanted,
    }
}

impl SourceDescription {
    /// Whether it can be followed; the target with its places found.
    pub(super) fn check(&self, venue: &VenueId) -> Result<Template, DescriptionError> {
        let url = &self.rest_url;
        let host = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"));
        if host.is_none_or(|host| host.is_empty() || host.ends_with('/')) {
            return Err(wrong(
                "rest_url",
                url,
                "write http(s)://host without a / at its end",
            ));
        }
        if self.requests == 0 || self.window_seconds == 0 {
            let found = format!("{} in {} s", self.requests, self.window_seconds);
            return Err(wrong(
                "requests",
                &found,
                "at least one in at least a second",
            ));
        }
        if self.rows == 0 {
            return Err(wrong("rows", "0", "at least one row an answer"));
        }
        if !(1..=20).contains(&self.stretch) {
            return Err(wrong("stretch", &self.stretch.to_string(), "1 to 20"));
        }
        if self.timeframes.is_empty() {
            return Err(wrong(
                "timeframes",
                "",
                "at least one, such as 1d = \"daily\"",
            ));
        }
        for (ours, theirs) in &self.symbols {
            if Symbol::new(venue, ours).is_err() {
                return Err(wrong("symbols", ours, "our name: BASE/QUOTE or TICKER"));
            }
            if ours != &ours.to_ascii_uppercase() {
                return Err(wrong("symbols", ours, "our names are in capitals"));
            }
            if VenueSymbol::new(theirs).is_none() || matches!(theirs.as_str(), "." | "..") {
                return Err(wrong(
                    "symbols",
                    theirs,
                    "their name: 1 to 64 bytes, no . or ..",
                ));
            }
        }
        if self.symbols.is_empty() {
            return Err(wrong("symbols", "", "at least one"));
        }
        self.check_columns()?;
        Template::read(&self.target)
    }

    fn check_columns(&self) -> Result<(), DescriptionError> {
        let unnamed = matches!(self.format, Format::Csv { header: false, .. });
        let columns = &self.columns;
        let cells = [
            &columns.time,
            &columns.open,
            &columns.high,
            &columns.low,
            &columns.close,
        ];
        for cell in cells.into_iter().chain(&columns.volume) {
            match cell {
                Cell::Name(name) if unnamed => {
                    let wanted = "a place from 0: there is no header that names columns";
                    return Err(wrong("columns", name, wanted));
                }
                Cell::Name(name) if name.is_empty() => {
                    return Err(wrong("columns", name, "a name or a place"));
                }
                _ => {}
            }
        }
        if let Format::Csv { separator, .. } = self.format
            && matches!(separator, '"' | '\n' | '\r')
        {
            let found = separator.to_string();
            return Err(wrong(
                "separator",
                &found,
                "a character that is no quote and no line end",
            ));
        }
        Ok(())
    }
}

impl Bounds {
    /// The first time that is asked for.
    pub(super) fn first(self, from: Timestamp) -> String {
        self.text(from, 0)
    }

    /// The last time that is asked for, or the first behind it.
    pub(super) fn last(self, to: Timestamp) -> String {
        self.text(to, i64::from(self.to_included))
    }

    /// A time as so many whole units, upwards, less some of them.
    fn text(self, time: Timestamp, less: i64) -> String {
        let whole = |tick: i64| Tick(tick).up(time) - less;
        let day = || Timestamp::from_seconds(whole(86_400_000_000_000).max(0) * 86_400);
        match self.unit {
            TimeUnit::Seconds => whole(1_000_000_000).to_string(),
            TimeUnit::Milliseconds => whole(1_000_000).to_string(),
            TimeUnit::Microseconds => whole(1_000).to_string(),
            TimeUnit::Nanoseconds => whole(1).to_string(),
            TimeUnit::Rfc3339 => Timestamp::from_seconds(whole(1_000_000_000)).to_string(),
            TimeUnit::Date => day().date(),
            TimeUnit::CompactDate => compact(day()),
        }
    }
}
