//! [`ArchiveError`]: why an archive is not taken. Nothing of it is, then.

use std::io;
use std::path::PathBuf;

use quantflow_model::Timestamp;

use super::zip::LARGEST;

/// Why an archive is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    /// The operating system says no.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No zip, or its end is missing.
    #[error("{path} is cut off, or no zip: {detail}")]
    NoZip {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// Its bytes contradict each other.
    #[error("{path} is damaged: {detail}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// Not one file in it.
    #[error("{path} holds {count} files; an archive holds one csv")]
    Entries {
        /// Which file.
        path: PathBuf,
        /// How many.
        count: u64,
    },
    /// The file in it is no plain CSV.
    #[error("{path} holds {inner:?}, which is no csv's name")]
    NoCsv {
        /// Which file.
        path: PathBuf,
        /// What is in it.
        inner: String,
    },
    /// Encrypted, or packed as nothing that is read here.
    #[error("{path} is packed in a way that is not read here: {detail}")]
    Unsupported {
        /// Which file.
        path: PathBuf,
        /// How.
        detail: String,
    },
    /// Larger than it may be.
    #[error(
        "{path} would be unpacked to {size} bytes, {ratio} times its size: at most {} GiB are, and past 64 MiB at most 200 times",
        LARGEST >> 30
    )]
    Bomb {
        /// Which file.
        path: PathBuf,
        /// How large it says that it is.
        size: u64,
        /// How many times what it is packed.
        ratio: u64,
    },
    /// Two names, two meanings.
    #[error("{path} holds {inner:?}: the two names do not say the same")]
    NamesDiffer {
        /// Which file.
        path: PathBuf,
        /// What is in it.
        inner: String,
    },
    /// The header names other columns, or in another order.
    #[error("the first line of {path} names other columns than {contents} have: {header:?}")]
    Header {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        contents: String,
        /// The line.
        header: String,
    },
    /// A line with too many or too few columns.
    #[error("line {line} of {path} has {found} columns; {contents} have {expected}")]
    Columns {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// How many it has.
        found: usize,
        /// What it should hold.
        contents: String,
        /// How many those have.
        expected: String,
    },
    /// A time that is none.
    #[error("line {line} of {path}: {text:?} is no time in milliseconds or microseconds")]
    NoTime {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What stands there.
        text: String,
    },
    /// Milliseconds and microseconds in one file.
    #[error(
        "line {line} of {path} has its time in another unit than the lines before: {text:?} (milliseconds have 13 digits, microseconds 16)"
    )]
    MixedUnits {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What stands there.
        text: String,
    },
    /// Rows of another time than the name says.
    #[error("line {line} of {path} is of {time}, far from what the file is named after")]
    OtherTime {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// Its time.
        time: Timestamp,
    },
    /// The checksum is of other bytes.
    #[error("{path} is not what its checksum says: SHA-256 {found}, {expected} in {checksum}")]
    Checksum {
        /// Which file.
        path: PathBuf,
        /// What it has.
        found: String,
        /// What it should have.
        expected: String,
        /// Where that stands.
        checksum: String,
    },
    /// The checksum file cannot be understood.
    #[error("{checksum} holds no checksum of {path}: {detail}")]
    NoChecksum {
        /// Of which file.
        path: PathBuf,
        /// The file beside it.
        checksum: String,
        /// What is wrong with it.
        detail: String,
    },
}

impl ArchiveError {
    /// What to do about it.
    pub(crate) fn to_do(&self) -> &'static str {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check the path; it is looked for from where you are"
            }
            Self::Read { .. } => "make it readable for this user, or check the disk",
            Self::NoZip { .. } | Self::Damaged { .. } => "fetch it again; nothing of it was taken",
            Self::Entries { .. } | Self::NoCsv { .. } | Self::Unsupported { .. } => {
                "fetch the venue's own archive; or unpack this one and import the csv, with a line that names its columns"
            }
            Self::Bomb { .. } => {
                "fetch it again from the venue; if it is right, unpack it and import the csv, with a line that names its columns"
            }
            Self::NamesDiffer { .. } => "give it its own name back, or fetch it again",
            Self::Header { .. } | Self::Columns { .. } => {
                "check what it holds; nothing of it was taken"
            }
            Self::NoTime { .. } | Self::MixedUnits { .. } | Self::OtherTime { .. } => {
                "fetch it again; if the venue's file is so, unpack it and import the csv in parts, with a line that names the columns (ts_ms or ts_us)"
            }
            Self::Checksum { .. } => "fetch both again; nothing of it was taken",
            Self::NoChecksum { .. } => {
                "fetch the checksum file again, or take it away: then the file is taken unverified"
            }
        }
    }
}
