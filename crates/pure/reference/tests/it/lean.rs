//! Readers of the folder of recorded US equities: zips of raw daily bars, factor files, map files.

use std::collections::HashMap;
use std::io::Read;

use quantflow_model::Decimal;
use quantflow_reference::Date;
use quantflow_reference::actions::Close;
use quantflow_reference::listing::{SymbolDirectory, SymbolHistory};
use quantflow_testkit::recorded;

use crate::table::decimal;

/// The text of the one file in a zip of the recordings.
pub(crate) fn unzipped(name: &str) -> Option<String> {
    let bytes = recorded::bytes(name)?;
    let number = |at: usize, width: usize| {
        bytes[at..at + width]
            .iter()
            .rev()
            .fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    // the end of the central directory, which says where its entries begin
    let end = bytes
        .windows(4)
        .rposition(|four| four == b"PK\x05\x06")
        .expect("a zip");
    let entry = number(end + 16, 4);
    let (method, size) = (number(entry + 10, 2), number(entry + 20, 4));
    let local = number(entry + 42, 4);
    let data = local + 30 + number(local + 26, 2) + number(local + 28, 2);
    // zip64 leaves the size to another field: the one file ends where the directory begins
    let packed = match size {
        0xffff_ffff => &bytes[data..entry],
        _ => &bytes[data..data + size],
    };
    let mut text = String::new();
    match method {
        0 => text.push_str(std::str::from_utf8(packed).unwrap()),
        8 => {
            let mut decoder = flate2::read::DeflateDecoder::new(packed);
            decoder.read_to_string(&mut text).unwrap();
        }
        other => panic!("zip method {other} in {name}"),
    }
    Some(text)
}

/// `20010911` as a date.
pub(crate) fn compact_date(text: &str) -> Date {
    Date::strptime("%Y%m%d", &text[..8]).unwrap()
}

/// The raw closes of a ticker's file: whatever instrument had the ticker.
pub(crate) fn closes(ticker: &str) -> Option<Vec<Close>> {
    let text = unzipped(&format!("stocks_us_lean/daily/{ticker}.zip"))?;
    let close = |line: &str| {
        let cells: Vec<_> = line.split(',').collect();
        // ten-thousandths of a dollar
        let price = decimal(cells[4]).checked_mul(Decimal::new(1, 4).unwrap());
        Close {
            date: compact_date(cells[0]),
            price: price.unwrap(),
        }
    };
    Some(text.lines().map(close).collect())
}

/// All map files. The name of the file is the instrument's id.
pub(crate) fn directory() -> Option<SymbolDirectory> {
    let mut directory = SymbolDirectory::new();
    for name in recorded::files("stocks_us_lean/map_files")? {
        let text = String::from_utf8(recorded::bytes(&name)?).unwrap();
        let id = name.rsplit('/').next().unwrap().trim_end_matches(".csv");
        let mut rows = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let mut cells = line.split(',');
            let last = compact_date(cells.next().unwrap());
            rows.push((last, cells.next().unwrap(), cells.next()));
        }
        let open_ended = Date::constant(2050, 12, 31);
        let history = SymbolHistory::from_last_dates(id, &rows, open_ended).unwrap();
        directory.insert(history).unwrap();
    }
    Some(directory)
}

/// The raw closes of an instrument, under whatever tickers it traded.
pub(crate) fn closes_of(
    history: &SymbolHistory,
    files: &HashMap<String, Vec<Close>>,
) -> Vec<Close> {
    let mut closes = Vec::new();
    for span in history.spans() {
        let file = files.get(span.ticker.to_lowercase().as_str());
        let held = file
            .into_iter()
            .flatten()
            .filter(|close| span.holds(close.date));
        closes.extend(held.copied());
    }
    closes
}

/// The closes of every ticker that has a file.
pub(crate) fn all_closes() -> Option<HashMap<String, Vec<Close>>> {
    let names = recorded::files("stocks_us_lean/daily")?;
    let ticker = |name: &String| {
        let file = name.rsplit('/').next().unwrap();
        file.trim_end_matches(".zip").to_owned()
    };
    let tickers = names.iter().map(ticker);
    Some(
        tickers
            .map(|ticker| (ticker.clone(), closes(&ticker).unwrap()))
            .collect(),
    )
}

/// A row of a factor file: until which date it holds, the factors, and the raw close of that date.
#[derive(Debug, Clone)]
pub(crate) struct FactorLine {
    pub(crate) last: Date,
    pub(crate) price: Decimal,
    pub(crate) split: Decimal,
    pub(crate) reference: Decimal,
}

pub(crate) fn factor_lines(id: &str) -> Option<Vec<FactorLine>> {
    let bytes = recorded::bytes(&format!("stocks_us_lean/factor_files/{id}.csv"))?;
    let text = String::from_utf8(bytes).unwrap();
    let line = |line: &str| {
        let cells: Vec<_> = line.split(',').collect();
        FactorLine {
            last: compact_date(cells[0]),
            price: decimal(cells[1]),
            split: decimal(cells[2]),
            reference: decimal(cells[3]),
        }
    };
    Some(
        text.lines()
            .filter(|row| !row.is_empty())
            .map(line)
            .collect(),
    )
}
