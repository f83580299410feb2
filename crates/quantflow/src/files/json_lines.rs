//! JSON lines: objects with the names of our API or of our CSV, made into CSV lines.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

use quantflow_model::Timestamp;
use serde_json::value::RawValue;

use super::{FileError, Lines, Skipped};
use crate::arguments::Kind;

/// A column of the lines that are made, and the names under which an object may have it.
type Names = (&'static str, &'static [&'static str]);

const TRADES: [Names; 5] = [
    (
        "ts_ns",
        &["time", "ts_ns", "ts_us", "ts_ms", "ts_s", "timestamp"],
    ),
    ("price", &["price"]),
    ("qty", &["quantity", "qty"]),
    ("side", &["side"]),
    ("trade_id", &["id", "trade_id", "tradeId"]),
];

const CANDLES: [Names; 12] = [
    (
        "ts_ns",
        &[
            "openTime",
            "open_time",
            "open_time_ms",
            "open_time_ns",
            "ts_ns",
            "ts_ms",
            "time",
        ],
    ),
    ("open", &["open"]),
    ("high", &["high"]),
    ("low", &["low"]),
    ("close", &["close"]),
    ("volume", &["volume"]),
    ("quote_volume", &["quoteVolume", "quote_volume"]),
    ("trades", &["trades"]),
    ("taker_buy_volume", &["takerBuyVolume", "taker_buy_volume"]),
    (
        "taker_buy_quote_volume",
        &["takerBuyQuoteVolume", "taker_buy_quote_volume"],
    ),
    ("first_trade_id", &["firstTradeId", "first_trade_id"]),
    ("last_trade_id", &["lastTradeId", "last_trade_id"]),
];

/// The lines of a file of JSON lines.
#[derive(Debug)]
pub(super) struct JsonLines {
    lines: Lines,
    line: Vec<u8>,
    names: &'static [Names],
}

impl JsonLines {
    pub(super) fn open(path: &Path, text: Box<dyn BufRead + Send>, kind: Kind) -> Self {
        let names: &'static [Names] = match kind {
            Kind::Trades => &TRADES,
            Kind::Candles => &CANDLES,
        };
        Self {
            lines: Lines::new(path, text),
            line: Vec::new(),
            names,
        }
    }

    pub(super) fn columns(&self) -> Vec<String> {
        self.names
            .iter()
            .map(|(column, _)| (*column).to_owned())
            .collect()
    }

    pub(super) fn next_lines(
        &mut self,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<usize, FileError> {
        let mut count = 0;
        while count < most && self.lines.next(&mut self.line)? {
            let start = into.len();
            if write_line(&self.line, self.names, into).is_none() {
                // not an object that can be a row: as it stands, to be refused and shown
                into.truncate(start);
                into.extend_from_slice(&self.line);
            }
            into.push(b'\n');
            count += 1;
        }
        Ok(count)
    }

    pub(super) fn skipped(&self) -> &Skipped {
        &self.lines.skipped
    }
}

/// Writes an object as a CSV line; `None` when it is none, or a value has a comma or is a list.
fn write_line(line: &[u8], names: &[Names], into: &mut Vec<u8>) -> Option<()> {
    let object: BTreeMap<String, &RawValue> = serde_json::from_slice(line).ok()?;
    for (at, (column, spellings)) in names.iter().enumerate() {
        if at > 0 {
            into.push(b',');
        }
        let found = spellings
            .iter()
            .find_map(|name| Some((*name, *object.get(*name)?)));
        let Some((name, value)) = found else { continue };
        let text = plain(value)?;
        if *column == "ts_ns" {
            into.extend_from_slice(nanos(name, &text)?.to_string().as_bytes());
        } else {
            into.extend_from_slice(text.as_bytes());
        }
    }
    Some(())
}

/// A value's text: a string's content or a number's digits, exactly as they stand; null is nothing.
fn plain(value: &RawValue) -> Option<String> {
    let raw = value.get();
    let text = match raw.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(raw).ok()?,
        b'n' => String::new(),
        b'-' | b'0'..=b'9' => raw.to_owned(),
        _ => return None,
    };
    (!text.contains([',', '\n', '"'])).then_some(text)
}

/// A time in the unit that its name says, else as any time is written.
fn nanos(name: &str, text: &str) -> Option<i64> {
    let whole = || text.parse::<i64>().ok();
    let per_unit = match name {
        "ts_s" => 1_000_000_000,
        "ts_ms" | "open_time" | "open_time_ms" => 1_000_000,
        "ts_us" => 1_000,
        "ts_ns" | "open_time_ns" => 1,
        _ => return text.parse::<Timestamp>().ok().map(Timestamp::nanos),
    };
    match whole() {
        Some(number) => number.checked_mul(per_unit),
        None => text.parse::<Timestamp>().ok().map(Timestamp::nanos),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &'static str, kind: Kind) -> String {
        let mut rows = JsonLines::open(Path::new("f.jsonl"), Box::new(text.as_bytes()), kind);
        let mut lines = Vec::new();
        rows.next_lines(100, &mut lines).unwrap();
        String::from_utf8(lines).unwrap()
    }

    #[test]
    fn the_apis_and_the_csvs_names_are_read_exactly() {
        let text = r#"{"id":7,"time":"2024-08-08T23:54:15.342Z","price":"61837.63000000","quantity":"0.02","side":"sell"}
{"ts_ms":1723161255342,"price":61837.630000000000000001,"qty":1e-3,"side":null,"trade_id":8}
"#;
        assert_eq!(
            lines(text, Kind::Trades),
            "1723161255342000000,61837.63000000,0.02,sell,7\n\
             1723161255342000000,61837.630000000000000001,1e-3,,8\n"
        );
    }

    #[test]
    fn what_is_no_row_is_given_as_it_stands() {
        let text = "not json\n[1,2]\n{\"price\":[1]}\n";
        assert_eq!(lines(text, Kind::Trades), text);
    }

    #[test]
    fn candles_are_read() {
        let text = "{\"openTime\":\"2024-08-08T00:00:00Z\",\"open\":\"1\",\"high\":\"2\",\"low\":\"1\",\"close\":\"2\",\"volume\":\"3\",\"trades\":4}\n";
        assert_eq!(
            lines(text, Kind::Candles),
            "1723075200000000000,1,2,1,2,3,,4,,,,\n"
        );
    }
}
