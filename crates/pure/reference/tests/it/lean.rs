//! Readers of the recorded folders that calendars and actions are both held against.

use std::io::Read;

use quantflow_reference::Date;
use quantflow_testkit::recorded;

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
    let (method, size, local) = (
        number(entry + 10, 2),
        number(entry + 20, 4),
        number(entry + 42, 4),
    );
    let data = local + 30 + number(local + 26, 2) + number(local + 28, 2);
    let packed = &bytes[data..data + size];
    let mut text = String::new();
    match method {
        0 => text.push_str(std::str::from_utf8(packed).unwrap()),
        8 => {
            flate2::read::DeflateDecoder::new(packed)
                .read_to_string(&mut text)
                .unwrap();
        }
        other => panic!("zip method {other} in {name}"),
    }
    Some(text)
}

/// `20010911` as a date.
pub(crate) fn compact_date(text: &str) -> Date {
    Date::strptime("%Y%m%d", &text[..8]).unwrap()
}
