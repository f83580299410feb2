//! [`Fault`]: a file that is not as it was written.

use quantflow_log_embedded::DamagedPart;
use quantflow_wire::PartitionId;

use super::depends::Dependents;

/// A file that is not as it was written.
#[derive(Debug)]
pub(super) struct Fault {
    /// Where it lies: `store`, `lake` or `log`.
    pub(super) place: &'static str,
    /// What is wrong, naming the file.
    pub(super) says: String,
    /// Of a segment of raw records: what cannot be read, and what was computed from it.
    pub(super) lost: Vec<Lost>,
}

/// A part of a segment that cannot be read.
#[derive(Debug)]
pub(super) struct Lost {
    /// Of which partition.
    pub(super) partition: PartitionId,
    /// Bytes, records and receive times.
    pub(super) part: DamagedPart,
    /// The rows that came from its records.
    pub(super) dependents: Dependents,
}

impl Fault {
    /// Without parts that are known.
    pub(super) fn new(place: &'static str, says: impl Into<String>) -> Self {
        Self {
            place,
            says: says.into(),
            lost: Vec::new(),
        }
    }

    /// For people, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![if self.place == "store" {
            self.says.clone()
        } else {
            format!("{}: {}", self.place, self.says)
        }];
        for lost in &self.lost {
            lines.push(lost.line());
            lines.extend(lost.dependents.lines());
        }
        lines
    }
}

impl Lost {
    /// Whether records are lost, and not only bytes between them.
    pub(super) fn has_records(&self) -> bool {
        self.part.records.from < self.part.records.to
    }

    fn line(&self) -> String {
        let part = &self.part;
        let place = if part.bytes.is_empty() {
            format!("at byte {}", part.bytes.start)
        } else {
            format!("bytes {} to {}", part.bytes.start, part.bytes.end)
        };
        if !self.has_records() {
            return format!("{place}: {}; no record is lost with it", part.detail);
        }
        let received = match part.received {
            (None, None) => String::new(),
            (Some(first), None) => format!(", received from {first} on"),
            (None, Some(last)) => format!(", received up to {last}"),
            (Some(first), Some(last)) => format!(", received {first} to {last}"),
        };
        format!(
            "{place}: {}; lost are the records {} to {} of {} ({}{received})",
            part.detail,
            part.records.from,
            part.records.to,
            self.partition,
            part.records.to.offset - part.records.from.offset,
        )
    }
}
