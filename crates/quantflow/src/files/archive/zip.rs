//! The one file of a zip, read by hand over flate2.
//!
//! Of the format an archive needs the directory with one entry, its one header and one deflate
//! stream; everything else (several files, encryption, other methods, parts) is refused rather than
//! understood, which is less code than a library for all of zip and leaves nothing to configure.
//! What is unpacked is held against the size and the CRC-32 that the directory states.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use super::ArchiveError;

/// What an archive may be unpacked to: ten times a busy month of single trades.
pub(crate) const LARGEST: u64 = 64 << 30;
/// What may be unpacked however little it is packed …
const HARMLESS: u64 = 64 << 20;
/// … and how many times its packed size a larger one may have. Trades have 4 to 10 times.
const LARGEST_RATIO: u64 = 200;

const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const END_64_PLACE: [u8; 4] = *b"PK\x06\x07";
const DIRECTORY: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";
/// The end of the directory without its comment, which has at most 64 KiB.
const END_LENGTH: usize = 22;

/// The file in a zip.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    /// Where its packed bytes begin.
    pub(super) start: u64,
    packed: u64,
    size: u64,
    crc: u32,
    deflated: bool,
}

/// What is wrong with a zip, without its path.
#[derive(Debug)]
pub(super) enum Fault {
    Read(io::Error),
    NoZip(&'static str),
    Damaged(&'static str),
    Entries(u64),
    NoCsv(String),
    Unsupported(&'static str),
    Bomb { size: u64, ratio: u64 },
}

impl Fault {
    pub(super) fn of(self, path: &Path) -> ArchiveError {
        let path = path.to_owned();
        match self {
            Self::Read(source) => ArchiveError::Read { path, source },
            Self::NoZip(detail) => ArchiveError::NoZip {
                path,
                detail: detail.to_owned(),
            },
            Self::Damaged(detail) => ArchiveError::Damaged {
                path,
                detail: detail.to_owned(),
            },
            Self::Entries(count) => ArchiveError::Entries { path, count },
            Self::NoCsv(inner) => ArchiveError::NoCsv { path, inner },
            Self::Unsupported(detail) => ArchiveError::Unsupported {
                path,
                detail: detail.to_owned(),
            },
            Self::Bomb { size, ratio } => ArchiveError::Bomb { path, size, ratio },
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::Damaged("its parts lie outside of it")
        } else {
            Self::Read(error)
        }
    }
}

/// A part of a zip's bookkeeping; numbers are little-endian.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn number(&self, at: usize, length: usize) -> Result<u64, Fault> {
        let bytes = at
            .checked_add(length)
            .and_then(|end| self.0.get(at..end))
            .ok_or(Fault::Damaged("its directory is too short"))?;
        let number = bytes.iter().rev();
        Ok(number.fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn short(&self, at: usize) -> Result<u64, Fault> {
        self.number(at, 2)
    }

    fn long(&self, at: usize) -> Result<u64, Fault> {
        self.number(at, 4)
    }

    fn double(&self, at: usize) -> Result<u64, Fault> {
        self.number(at, 8)
    }
}

fn at(file: &mut File, place: u64, length: usize) -> Result<Vec<u8>, Fault> {
    file.seek(SeekFrom::Start(place))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// How many files there are, and where their directory lies and ends.
fn directory(file: &mut File, size: u64) -> Result<(u64, u64, u64), Fault> {
    let length = size.min((END_LENGTH + 0xFFFF) as u64);
    let tail = at(file, size - length, length as usize)?;
    let end = (0..tail.len().saturating_sub(END_LENGTH - 1))
        .rev()
        .find(|&place| {
            let rest = &tail[place..];
            let comment = usize::from(rest[20]) | usize::from(rest[21]) << 8;
            rest.starts_with(&END) && rest.len() == END_LENGTH + comment
        })
        .ok_or(Fault::NoZip("it has no directory at its end"))?;
    let fields = Fields(&tail[end..]);
    if fields.short(4)? != 0 || fields.short(6)? != 0 {
        return Err(Fault::Unsupported("it is one of several parts"));
    }
    let place = size - length + end as u64;
    let (count, start) = (fields.short(10)?, fields.long(16)?);
    if count != 0xFFFF && start != 0xFFFF_FFFF {
        return Ok((count, start, place));
    }
    let before = place
        .checked_sub(20)
        .ok_or(Fault::Damaged("its directory is too short"))?;
    let locator = at(file, before, 20)?;
    if !locator.starts_with(&END_64_PLACE) {
        return Ok((count, start, place));
    }
    let place = Fields(&locator).double(8)?;
    let end = at(file, place, 56)?;
    if !end.starts_with(&END_64) {
        return Err(Fault::Damaged(
            "its long directory is not where it should be",
        ));
    }
    let fields = Fields(&end);
    Ok((fields.double(32)?, fields.double(48)?, place))
}

impl Entry {
    /// Finds the one file of a zip and checks all that is said about it.
    pub(super) fn find(file: &mut File, zip_size: u64) -> Result<Self, Fault> {
        let (count, place, end) = directory(file, zip_size)?;
        if count != 1 {
            return Err(Fault::Entries(count));
        }
        let fixed = at(file, place, 46)?;
        if !fixed.starts_with(&DIRECTORY) {
            return Err(Fault::Damaged("its directory is not where it should be"));
        }
        let fields = Fields(&fixed);
        let (flags, method) = (fields.short(8)?, fields.short(10)?);
        let crc = fields.long(16)? as u32;
        let (mut packed, mut size) = (fields.long(20)?, fields.long(24)?);
        let (name_length, extra_length) = (fields.short(28)?, fields.short(30)?);
        let mut header = fields.long(42)?;
        let rest = at(
            file,
            place.saturating_add(46),
            (name_length + extra_length) as usize,
        )?;
        let (name, extra) = rest.split_at(name_length as usize);
        let comment_length = fields.short(32)?;
        if place.saturating_add(46 + name_length + extra_length + comment_length) != end {
            return Err(Fault::Damaged("its directory has more than it states"));
        }
        long_numbers(extra, [&mut size, &mut packed, &mut header])?;
        if flags & (1 | 1 << 6 | 1 << 13) != 0 {
            return Err(Fault::Unsupported("it is encrypted"));
        }
        let deflated = match method {
            0 => false,
            8 => true,
            _ => return Err(Fault::Unsupported("by another method than deflate")),
        };
        let text = String::from_utf8_lossy(name).into_owned();
        let is_csv = text.len() > 4
            && Path::new(&text).extension() == Some("csv".as_ref())
            && !text.contains(['/', '\\', ':', '\0'])
            && !text.starts_with('.');
        if !is_csv {
            return Err(Fault::NoCsv(text.chars().take(120).collect()));
        }
        let ratio = size / packed.max(1);
        if size > LARGEST || (size > HARMLESS && ratio > LARGEST_RATIO) {
            return Err(Fault::Bomb { size, ratio });
        }
        let local = at(file, header, 30)?;
        let fields = Fields(&local);
        if !local.starts_with(&LOCAL) {
            return Err(Fault::Damaged("its file is not where its directory says"));
        }
        let length = fields.short(26)?;
        if at(file, header.saturating_add(30), length as usize)? != name {
            return Err(Fault::Damaged(
                "its file and its directory differ in the name",
            ));
        }
        let start = header.saturating_add(30 + length + fields.short(28)?);
        if start
            .checked_add(packed)
            .is_none_or(|past| past > place.min(end))
        {
            return Err(Fault::Damaged("its file reaches into its directory"));
        }
        if !deflated && packed != size {
            return Err(Fault::Damaged("its file has two sizes"));
        }
        Ok(Self {
            name: text,
            start,
            packed,
            size,
            crc,
            deflated,
        })
    }

    /// Its text, from a file that stands at its start.
    pub(super) fn inflate(&self, file: impl Read + Send + 'static) -> Inflated {
        let packed = BufReader::with_capacity(256 << 10, file.take(self.packed));
        let from: Box<dyn Read + Send> = if self.deflated {
            Box::new(DeflateDecoder::new(packed))
        } else {
            Box::new(packed)
        };
        Inflated {
            from,
            left: self.size,
            stated: self.crc,
            crc: Crc::new(),
        }
    }
}

/// Takes the numbers that did not fit into 32 bits from where they stand then, in their order.
fn long_numbers(mut extra: &[u8], numbers: [&mut u64; 3]) -> Result<(), Fault> {
    if numbers.iter().all(|number| **number != 0xFFFF_FFFF) {
        return Ok(());
    }
    while extra.len() >= 4 {
        let fields = Fields(extra);
        let (id, length) = (fields.short(0)?, fields.short(2)? as usize);
        if id == 1 {
            let mut place = 4;
            for number in numbers {
                if *number == 0xFFFF_FFFF && place + 8 <= 4 + length {
                    *number = fields.double(place)?;
                    place += 8;
                }
            }
            return Ok(());
        }
        extra = extra.get(4 + length..).unwrap_or_default();
    }
    Ok(())
}

/// What is unpacked, held against what the directory states: never more than its size, and at the
/// end its CRC-32.
pub(super) struct Inflated {
    from: Box<dyn Read + Send>,
    left: u64,
    stated: u32,
    crc: Crc,
}

impl fmt::Debug for Inflated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflated")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl Read for Inflated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
        let count = self.from.read(buffer)?;
        if count == 0 {
            return match (self.left, self.crc.sum() == self.stated) {
                (0, true) => Ok(0),
                (0, false) => Err(broken("its CRC-32 is of other bytes")),
                _ => Err(broken("it ends before it has the size that it states")),
            };
        }
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| broken("it is larger than it states"))?;
        self.crc.update(&buffer[..count]);
        Ok(count)
    }
}
