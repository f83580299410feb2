//! CSV: lines are handed on as they stand, once the header is understood.

use std::io::BufRead;
use std::path::Path;

use super::{FileError, Lines, Skipped};
use crate::arguments::Kind;
use crate::config::schema::distance;

/// Names of columns that imports read; the first of each group is ours.
const TIMES: [&str; 8] = [
    "ts_ms",
    "ts_ns",
    "ts_us",
    "ts_s",
    "open_time",
    "open_time_ms",
    "open_time_ns",
    "close_time",
];
const TRADES: [&str; 5] = ["price", "qty", "quantity", "side", "trade_id"];
const CANDLES: [&str; 19] = [
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "trades",
    "trade_count",
    "count",
    "taker_buy_volume",
    "taker_buy_base_volume",
    "taker_buy_quote_volume",
    "first_trade_id",
    "last_trade_id",
    "close_time_ms",
    "close_time_us",
    "state",
    "complete",
    "",
];

/// The lines of a CSV file behind its header.
#[derive(Debug)]
pub(super) struct CsvLines {
    lines: Lines,
    line: Vec<u8>,
}

impl CsvLines {
    /// Reads the header. Returns the columns too.
    pub(super) fn open(
        path: &Path,
        text: Box<dyn BufRead + Send>,
        kind: Kind,
    ) -> Result<(Self, Vec<String>), FileError> {
        let mut lines = Lines::new(path, text);
        let mut line = Vec::new();
        if !lines.next(&mut line)? {
            return Err(FileError::Empty(path.to_owned()));
        }
        lines.was_no_row();
        // spreadsheets write a byte order mark
        let header = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        let header = std::str::from_utf8(header)
            .ok()
            .filter(|text| !text.contains(|c: char| c.is_control() && c != '\t'))
            .ok_or_else(|| FileError::NoText(path.to_owned()))?
            .to_owned();
        let columns: Vec<String> = header
            .split(',')
            .map(|name| name.trim().trim_matches('"').to_owned())
            .collect();
        check(&header, &columns, kind)?;
        Ok((Self { lines, line }, columns))
    }

    pub(super) fn next_lines(
        &mut self,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<usize, FileError> {
        let mut count = 0;
        while count < most && self.lines.next(&mut self.line)? {
            into.extend_from_slice(&self.line);
            into.push(b'\n');
            count += 1;
        }
        Ok(count)
    }

    pub(super) fn skipped(&self) -> &Skipped {
        &self.lines.skipped
    }
}

/// Whether the columns are those of such rows.
pub(super) fn check(header: &str, columns: &[String], kind: Kind) -> Result<(), FileError> {
    let looks_like_data = columns.iter().any(|name| {
        name.starts_with(|c: char| c.is_ascii_digit() || c == '-') && name.parse::<f64>().is_ok()
    });
    if looks_like_data {
        return Err(FileError::NoHeader {
            first: header.chars().take(80).collect(),
        });
    }
    let known: Vec<&str> = match kind {
        Kind::Trades => TIMES.into_iter().chain(TRADES).collect(),
        Kind::Candles => TIMES.into_iter().chain(CANDLES).collect(),
    };
    for name in columns {
        if !known.contains(&name.as_str()) {
            let nearest = known.iter().min_by_key(|k| distance(name, k));
            let hint = nearest
                .filter(|near| !near.is_empty() && distance(name, near) <= 3)
                .map_or_else(String::new, |near| format!(" (did you mean {near}?)"));
            let name = name.chars().take(64).collect();
            return Err(FileError::UnknownColumn { name, hint });
        }
    }
    let has = |names: &[&str]| columns.iter().any(|c| names.contains(&c.as_str()));
    let mut needed: Vec<(&str, &[&str])> = vec![("with the time (ts_ms)", &TIMES[..7])];
    needed.extend::<Vec<(&str, &[&str])>>(match kind {
        Kind::Trades => vec![("price", &["price"]), ("qty", &["qty", "quantity"])],
        Kind::Candles => vec![
            ("open", &["open"]),
            ("high", &["high"]),
            ("low", &["low"]),
            ("close", &["close"]),
            ("volume", &["volume"]),
        ],
    });
    for (name, spellings) in needed {
        if !has(spellings) {
            return Err(FileError::MissingColumn {
                missing: name.to_owned(),
                found: columns.join(","),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &'static str, kind: Kind) -> Result<(CsvLines, Vec<String>), FileError> {
        CsvLines::open(Path::new("f.csv"), Box::new(text.as_bytes()), kind)
    }

    #[test]
    fn lines_come_as_they_stand() {
        let text = "\u{feff}ts_ms,price,qty\r\n1,2,3\r\n\r\n4,5,6";
        let (mut rows, columns) = open(text, Kind::Trades).unwrap();
        assert_eq!(columns, ["ts_ms", "price", "qty"]);
        let mut lines = Vec::new();
        assert_eq!(rows.next_lines(10, &mut lines).unwrap(), 2);
        assert_eq!(lines, b"1,2,3\n4,5,6\n");
        assert_eq!(rows.skipped().line_of(2), 4);
        assert_eq!(rows.next_lines(10, &mut lines).unwrap(), 0);
    }

    #[test]
    fn a_wrong_header_is_named() {
        for (text, kind, words) in [
            ("", Kind::Trades, "is empty"),
            ("ts_ms,pr\u{17}ce,qty\n", Kind::Trades, "is no text"),
            ("1,2,3\n", Kind::Trades, "names no columns"),
            ("ts_ms,prise,qty\n", Kind::Trades, "did you mean price?"),
            ("ts_ms,price\n", Kind::Trades, "no column qty"),
            ("price,qty\n", Kind::Trades, "no column with the time"),
            (
                "ts_ms,open,high,low,close\n",
                Kind::Candles,
                "no column volume",
            ),
            ("ts_ms,price,qty\n", Kind::Candles, "\"price\""),
        ] {
            let error = open(text, kind).unwrap_err().to_string();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let text: &'static str =
            Box::leak(format!("ts_ms,price,qty\n{}", "1".repeat(70_000)).into_boxed_str());
        let (mut rows, _) = open(text, Kind::Trades).unwrap();
        let error = rows.next_lines(1, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, FileError::LongLine { line: 2 }), "{error}");
    }
}
