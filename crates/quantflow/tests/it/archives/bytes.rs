//! Archives of our own bytes, laid out as the venue's.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};

/// A zip of these files, deflated.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in files {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let mut packer =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(content).unwrap();
        let packed = packer.finish().unwrap();
        let mut about = Vec::new();
        about.extend(20_u16.to_le_bytes()); // version to unpack it
        about.extend([0, 0, 8, 0, 0, 0, 0, 0]); // flags, deflate, time
        about.extend(crc.sum().to_le_bytes());
        about.extend((packed.len() as u32).to_le_bytes());
        about.extend((content.len() as u32).to_le_bytes());
        about.extend((name.len() as u16).to_le_bytes());
        about.extend([0, 0]); // nothing extra
        let place = bytes.len() as u32;
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&about);
        bytes.extend(name.as_bytes());
        bytes.extend(&packed);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&about);
        directory.extend([0; 10]); // comment, part, attributes
        directory.extend(place.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let place = bytes.len() as u32;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
    bytes.extend((files.len() as u16).to_le_bytes());
    bytes.extend((files.len() as u16).to_le_bytes());
    bytes.extend((directory.len() as u32).to_le_bytes());
    bytes.extend(place.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// A zip of one file whose sizes and places stand where those of more than 4 GiB do.
pub(crate) fn long_zip(name: &str, content: &[u8]) -> Vec<u8> {
    let short = zip(&[(name, content)]);
    let directory = short.len() - 22 - 46 - name.len();
    let number = |at: usize| {
        let bytes: [u8; 4] = short[directory + at..directory + at + 4]
            .try_into()
            .unwrap();
        u64::from(u32::from_le_bytes(bytes))
    };
    let (packed, size) = (number(20), number(24));
    let mut bytes = short[..directory].to_vec();
    let mut entry = short[directory..directory + 46].to_vec();
    entry[20..28].fill(0xff); // both sizes
    entry[30..32].copy_from_slice(&28_u16.to_le_bytes()); // what is extra
    entry[42..46].fill(0xff); // the place
    bytes.extend(&entry);
    bytes.extend(name.as_bytes());
    bytes.extend([1, 0, 24, 0]);
    for number in [size, packed, 0] {
        bytes.extend(number.to_le_bytes());
    }
    let end = bytes.len() as u64;
    bytes.extend(b"PK\x06\x06");
    bytes.extend(44_u64.to_le_bytes());
    bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]); // versions, parts
    for number in [1, 1, end - directory as u64, directory as u64] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(b"PK\x06\x07\x00\x00\x00\x00");
    bytes.extend(end.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
    bytes.extend([0xff; 12]);
    bytes.extend([0, 0]);
    bytes
}

/// The archive of a name: one CSV of the same name.
pub(crate) fn archive(name: &str, content: &str) -> Vec<u8> {
    let inner = name.replace(".zip", ".csv");
    zip(&[(&inner, content.as_bytes())])
}

/// What the checksum file of an archive says.
pub(crate) fn checksum(name: &str, bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let hex = hash.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    format!("{hex}  {name}\n")
}

/// Writes an archive with its checksum; returns its path.
pub(crate) fn write(folder: &Path, name: &str, content: &str) -> String {
    std::fs::create_dir_all(folder).unwrap();
    let bytes = archive(name, content);
    std::fs::write(folder.join(name), &bytes).unwrap();
    std::fs::write(
        folder.join(format!("{name}.CHECKSUM")),
        checksum(name, &bytes),
    )
    .unwrap();
    folder.join(name).to_str().unwrap().to_owned()
}

/// A single trade, as rows of archives are made of it.
#[derive(Debug, Clone)]
pub(crate) struct Trade {
    pub(crate) millis: i64,
    pub(crate) price: String,
    pub(crate) quantity: String,
    pub(crate) side: String,
    pub(crate) id: u64,
}

/// How an archive is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) micros: bool,
    pub(crate) header: bool,
}

impl Style {
    fn time(self, millis: i64) -> String {
        let end = if self.micros { "000" } else { "" };
        format!("{millis}{end}")
    }
}

/// What has an exact sum with others: digits behind the point made equal.
fn units(quantity: &str) -> u128 {
    let (whole, fraction) = quantity.split_once('.').unwrap_or((quantity, ""));
    format!("{whole}{fraction:0<12}").parse().unwrap()
}

/// The CSV of an archive of single trades.
pub(crate) fn trades(trades: &[Trade], style: Style) -> String {
    let mut text = String::new();
    if style.header {
        text.push_str("id,price,qty,quote_qty,time,is_buyer_maker\n");
    }
    for trade in trades {
        let Trade {
            price,
            quantity,
            id,
            ..
        } = trade;
        let maker = if trade.side == "sell" {
            "True"
        } else {
            "False"
        };
        let time = style.time(trade.millis);
        // as derivatives are (6 columns, a header) and as spot is (7, none)
        if style.header {
            let maker = maker.to_lowercase();
            writeln!(text, "{id},{price},{quantity},0.5,{time},{maker}").unwrap();
        } else {
            writeln!(text, "{id},{price},{quantity},0.5,{time},{maker},True").unwrap();
        }
    }
    text
}

/// The CSV of an archive of aggregates: neighbours at one price, time and side.
pub(crate) fn aggregates(trades: &[Trade], style: Style) -> String {
    let mut text = String::new();
    if style.header {
        text.push_str(
            "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n",
        );
    }
    let same = |a: &Trade, b: &Trade| {
        a.millis == b.millis && a.price == b.price && a.side == b.side && a.id + 1 == b.id
    };
    for (number, group) in trades.chunk_by(same).enumerate() {
        let (first, last) = (&group[0], &group[group.len() - 1]);
        let sum: u128 = group.iter().map(|trade| units(&trade.quantity)).sum();
        let (whole, fraction) = (sum / 10_u128.pow(12), sum % 10_u128.pow(12));
        let maker = if first.side == "sell" {
            "True"
        } else {
            "False"
        };
        let time = style.time(first.millis);
        write!(
            text,
            "{},{},{whole}.{fraction:012},{},{},{time},",
            900 + number,
            first.price,
            first.id,
            last.id
        )
        .unwrap();
        if style.header {
            writeln!(text, "{}", maker.to_lowercase()).unwrap();
        } else {
            writeln!(text, "{maker},True").unwrap();
        }
    }
    text
}

/// The same trades as a file whose columns have names.
pub(crate) fn plain(trades: &[Trade]) -> String {
    let mut text = "ts_ms,price,qty,side,trade_id\n".to_owned();
    for trade in trades {
        writeln!(
            text,
            "{},{},{},{},{}",
            trade.millis, trade.price, trade.quantity, trade.side, trade.id
        )
        .unwrap();
    }
    text
}

/// Trades from a time on, some in the same millisecond at the same price.
pub(crate) fn made(from_millis: i64, first_id: u64, count: u64) -> Vec<Trade> {
    (0..count)
        .map(|i| Trade {
            millis: from_millis + (i / 3) as i64 * 700,
            price: format!("{}.{:02}", 100 + i / 3 % 11, i / 3 % 97),
            quantity: format!("0.{:03}", i % 89 + 1),
            side: ["buy", "sell"][(i / 6 % 2) as usize].to_owned(),
            id: first_id + i,
        })
        .collect()
}
