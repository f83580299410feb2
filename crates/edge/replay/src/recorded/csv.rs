//! Trades from CSV.

use std::borrow::Cow;
use std::io::Read;

use quantflow_model::{Decimal, Side, Timestamp};

use super::build::{Builder, RecordingError};

/// The bytes, unpacked where they are gzip.
pub(super) fn plain(bytes: &[u8]) -> Result<Cow<'_, [u8]>, RecordingError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut unpacked = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .read_to_end(&mut unpacked)
        .map_err(RecordingError::Gzip)?;
    Ok(Cow::Owned(unpacked))
}

/// Reads all lines.
pub(super) fn read(bytes: &[u8], into: &mut Builder) -> Result<(), RecordingError> {
    let bytes = plain(bytes)?;
    let mut reader = csv::ReaderBuilder::new().from_reader(&*bytes);
    let header = reader
        .byte_headers()
        .map_err(|error| RecordingError::line(1, error.to_string()))?
        .clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|field| field == name.as_bytes())
            .ok_or_else(|| {
                RecordingError::line(1, format!("there is no column {name:?}: wanted are ts_ms (or ts_us, ts_ns), price, qty, side, trade_id"))
            })
    };
    let (time_column, unit): (usize, fn(i64) -> Timestamp) = if let Ok(at) = column("ts_ns") {
        (at, Timestamp::from_nanos)
    } else if let Ok(at) = column("ts_us") {
        (at, Timestamp::from_micros)
    } else {
        (column("ts_ms")?, Timestamp::from_millis)
    };
    let (price, quantity) = (column("price")?, column("qty")?);
    let (side, id) = (column("side")?, column("trade_id")?);
    let mut record = csv::ByteRecord::new();
    let mut line = 1_u64;
    loop {
        line += 1;
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(RecordingError::line(line, error.to_string())),
        }
        let text = |at: usize| {
            record
                .get(at)
                .and_then(|field| std::str::from_utf8(field).ok())
                .unwrap_or_default()
        };
        let bad =
            |what: &str, at: usize| RecordingError::line(line, format!("{what} is {:?}", text(at)));
        let number = |what, at| Decimal::parse(text(at).as_bytes()).map_err(|_| bad(what, at));
        let side = match text(side) {
            "buy" => Side::Buy,
            "sell" => Side::Sell,
            "" => Side::Unknown,
            _ => return Err(bad("side", side)),
        };
        into.trade(
            text(id).parse().map_err(|_| bad("trade_id", id))?,
            unit(
                text(time_column)
                    .parse()
                    .map_err(|_| bad("the time", time_column))?,
            ),
            number("price", price)?,
            number("qty", quantity)?,
            side,
        );
    }
}
