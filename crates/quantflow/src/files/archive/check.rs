//! The first reading of an archive: all of its bytes, and the form of each of its lines.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use quantflow_model::{TimeRange, Timestamp};

use super::name::{ArchiveName, Contents};
use super::{Archive, ArchiveError, Checked, Unit, lines};
use crate::files::Lines;

/// Rows may lie so far outside what an archive is named after: weeks that reach over a month's end,
/// and whatever a venue cuts a little otherwise. What is misnamed lies further off.
const TOLERANCE: i64 = 86_400 * 1_000_000_000;

/// The columns of contents, by the names that imports know; an empty name is passed over.
pub(super) fn columns(contents: Contents, unit: Unit, fields: usize) -> Vec<&'static str> {
    let (time, open, close) = match unit {
        Unit::Millis => ("ts_ms", "open_time", "close_time"),
        Unit::Micros => ("ts_us", "ts_us", "close_time_us"),
    };
    let mut columns = match contents {
        Contents::Trades => vec!["trade_id", "price", "qty", "", time, "buyer_maker"],
        Contents::Aggregates => vec![
            "",
            "price",
            "qty",
            "first_trade_id",
            "last_trade_id",
            time,
            "buyer_maker",
        ],
        Contents::Klines(_) => vec![
            open,
            "open",
            "high",
            "low",
            "close",
            "volume",
            close,
            "quote_volume",
            "trades",
            "taker_buy_volume",
            "taker_buy_quote_volume",
        ],
    };
    columns.resize(fields, "");
    columns
}

/// How the venue's own headers call the columns, in their order; letters only, in lower case.
fn headers(contents: Contents) -> &'static [&'static [&'static str]] {
    match contents {
        Contents::Trades => &[
            &["id", "tradeid"],
            &["price"],
            &["qty", "quantity"],
            &["quoteqty", "quotequantity"],
            &["time", "timestamp"],
            &["isbuyermaker"],
            &["isbestmatch"],
        ],
        Contents::Aggregates => &[
            &["aggtradeid", "id"],
            &["price"],
            &["quantity", "qty"],
            &["firsttradeid", "firstid"],
            &["lasttradeid", "lastid"],
            &["transacttime", "timestamp", "time"],
            &["isbuyermaker"],
            &["isbestmatch"],
        ],
        Contents::Klines(_) => &[
            &["opentime"],
            &["open"],
            &["high"],
            &["low"],
            &["close"],
            &["volume"],
            &["closetime"],
            &["quotevolume", "quoteassetvolume"],
            &["count", "numberoftrades", "trades"],
            &[
                "takerbuyvolume",
                "takerbuybasevolume",
                "takerbuybaseassetvolume",
            ],
            &["takerbuyquotevolume", "takerbuyquoteassetvolume"],
            &["ignore"],
        ],
    }
}

/// How many columns lines may have, and in which the times stand.
fn form(contents: Contents) -> (std::ops::RangeInclusive<usize>, &'static [usize]) {
    match contents {
        Contents::Trades => (6..=7, &[4]),
        Contents::Aggregates => (7..=8, &[5]),
        Contents::Klines(_) => (12..=12, &[0, 6]),
    }
}

fn is_header(line: &[u8]) -> bool {
    line.first().is_some_and(|byte| !byte.is_ascii_digit())
}

fn names_the_columns(line: &[u8], contents: Contents) -> bool {
    let Ok(text) = std::str::from_utf8(line) else {
        return false;
    };
    let known = headers(contents);
    let names: Vec<String> = text
        .split(',')
        .map(|name| {
            let letters = name.chars().filter(char::is_ascii_alphabetic);
            letters.map(|c| c.to_ascii_lowercase()).collect()
        })
        .collect();
    form(contents).0.contains(&names.len())
        && names
            .iter()
            .zip(known)
            .all(|(name, spellings)| spellings.contains(&name.as_str()))
}

/// A time with the unit that its size tells: milliseconds and microseconds of 1973 to 5138.
fn time(field: &[u8]) -> Option<(Unit, Timestamp)> {
    let text = std::str::from_utf8(field).ok()?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = text.parse().ok().filter(|_| digits)?;
    match number {
        100_000_000_000..=99_999_999_999_999 => {
            Some((Unit::Millis, Timestamp::from_millis(number)))
        }
        100_000_000_000_000..=99_999_999_999_999_999 => {
            Some((Unit::Micros, Timestamp::from_micros(number)))
        }
        _ => None,
    }
}

/// What is looked at in each line.
struct Form<'a> {
    path: &'a Path,
    contents: Contents,
    within: Option<TimeRange>,
    fields: usize,
    unit: Option<Unit>,
}

impl Form<'_> {
    fn take(&mut self, line: &[u8], number: u64) -> Result<(), ArchiveError> {
        let (allowed, times) = form(self.contents);
        let found = line.split(|byte| *byte == b',').count();
        if !allowed.contains(&found) || (self.fields != 0 && self.fields != found) {
            let expected = match (self.fields, allowed.start(), allowed.end()) {
                (0, low, high) if low == high => low.to_string(),
                (0, low, high) => format!("{low} or {high}"),
                (before, ..) => format!("{before} in the lines before"),
            };
            return Err(ArchiveError::Columns {
                path: self.path.to_owned(),
                line: number,
                found,
                contents: self.contents.to_string(),
                expected,
            });
        }
        self.fields = found;
        for (at, field) in line.split(|byte| *byte == b',').enumerate() {
            if times.contains(&at) {
                self.time(field, number, at == times[0])?;
            }
        }
        Ok(())
    }

    fn time(&mut self, field: &[u8], line: u64, main: bool) -> Result<(), ArchiveError> {
        let shown = || String::from_utf8_lossy(&field[..field.len().min(40)]).into_owned();
        let path = || self.path.to_owned();
        let Some((unit, time)) = time(field) else {
            return Err(ArchiveError::NoTime {
                path: path(),
                line,
                text: shown(),
            });
        };
        if self.unit.is_some_and(|before| before != unit) {
            return Err(ArchiveError::MixedUnits {
                path: path(),
                line,
                text: shown(),
            });
        }
        if main && self.within.is_some_and(|range| !range.contains(time)) {
            return Err(ArchiveError::OtherTime {
                path: path(),
                line,
                time,
            });
        }
        self.unit = Some(unit);
        Ok(())
    }
}

/// Reads an archive to its end.
pub(super) fn check(
    archive: Archive,
    contents: Contents,
    name: Option<&ArchiveName>,
    read: &Arc<AtomicU64>,
) -> Result<Checked, ArchiveError> {
    let path = archive.path.clone();
    let text = archive.text(read).map_err(|source| ArchiveError::Read {
        path: path.clone(),
        source,
    })?;
    let mut text = Lines::new(&path, Box::new(text));
    let mut form = Form {
        path: &path,
        contents,
        within: name.map(|name| {
            let range = name.period.range();
            let reach = match contents {
                Contents::Klines(timeframe) => timeframe.approximate_nanos().max(TOLERANCE),
                _ => TOLERANCE,
            };
            TimeRange::new(range.start.plus_nanos(-reach), range.end.plus_nanos(reach))
        }),
        fields: 0,
        unit: None,
    };
    let mut line = Vec::new();
    let mut header = false;
    while text
        .next(&mut line)
        .map_err(|error| lines::of(&path, error))?
    {
        if text.read == 1 && is_header(&line) {
            if !names_the_columns(&line, contents) {
                return Err(ArchiveError::Header {
                    path: path.clone(),
                    contents: contents.to_string(),
                    header: String::from_utf8_lossy(&line[..line.len().min(120)]).into_owned(),
                });
            }
            header = true;
            text.was_no_row();
            continue;
        }
        form.take(&line, text.read)?;
    }
    let Form { fields, unit, .. } = form;
    Ok(Checked {
        contents,
        header,
        // without a row the columns of the shortest form stand for those that it would have
        fields: if fields == 0 {
            *self::form(contents).0.start()
        } else {
            fields
        },
        unit: unit.unwrap_or(Unit::Millis),
        rows: text.rows,
        archive,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantflow_model::Timeframe;

    #[test]
    fn the_unit_of_a_time_is_told_by_its_size() {
        let millis = time(b"1735689599999").unwrap();
        let micros = time(b"1735689600000000").unwrap();
        assert_eq!((millis.0, micros.0), (Unit::Millis, Unit::Micros));
        assert_eq!(micros.1.since(millis.1), 1_000_000);
        for none in [
            &b"1735689600"[..],
            b"1735689600000000000",
            b"",
            b"-1735689600000",
            b"+1735689600000",
            b"1.7e12",
        ] {
            assert_eq!(time(none), None);
        }
    }

    #[test]
    fn the_venues_headers_are_known_and_others_are_not() {
        let klines = Contents::Klines(Timeframe::M1);
        for (header, contents) in [
            (
                "id,price,qty,quote_qty,time,is_buyer_maker",
                Contents::Trades,
            ),
            (
                "id,price,qty,quoteQty,time,isBuyerMaker,isBestMatch",
                Contents::Trades,
            ),
            (
                "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
                Contents::Aggregates,
            ),
            (
                "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore",
                klines,
            ),
        ] {
            assert!(names_the_columns(header.as_bytes(), contents), "{header}");
        }
        // base quantities are another market's
        for (header, contents) in [
            (
                "id,price,qty,base_qty,time,is_buyer_maker",
                Contents::Trades,
            ),
            (
                "id,qty,price,quote_qty,time,is_buyer_maker",
                Contents::Trades,
            ),
            ("open_time,open,high,low,close", klines),
        ] {
            assert!(!names_the_columns(header.as_bytes(), contents), "{header}");
        }
    }
}
