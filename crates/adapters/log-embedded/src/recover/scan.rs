//! [`Scan`]: what a segment's bytes hold, whole and damaged.

use crate::open_segment::Span;
use crate::reader::{BlockWalk, SegmentError};
use crate::segment::{BlockEntry, Index};

/// What a segment's bytes hold.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) index: Index,
    /// Offset after the last whole block.
    pub(super) end: u64,
    pub(super) span: Option<Span>,
    /// Up to which byte the file was once known to be durable.
    pub(super) synced: u64,
    pub(super) header: Result<(), &'static str>,
}

/// Finds the whole blocks and the damaged places.
pub(crate) fn scan_blocks(bytes: &[u8], first: u64, header: Result<(), &'static str>) -> Scan {
    let mut scan = Scan {
        index: Index::default(),
        end: first,
        span: None,
        synced: 0,
        header,
    };
    for block in BlockWalk::new(bytes, first) {
        match block.and_then(|block| block.check().map(|()| block)) {
            Ok(block) => {
                scan.index.blocks.push(BlockEntry::from(&block));
                scan.end = block.header.end();
                let times = block.header;
                scan.span = Some(Span {
                    first: scan.span.map_or(times.first_received, |span| span.first),
                    last: times.last_received,
                });
                scan.synced = scan.synced.max(block.header.synced);
            }
            Err(SegmentError::Block { at, detail }) => scan.index.damage.push((at, detail)),
            Err(other) => scan.index.damage.push((0, other.to_string())),
        }
    }
    scan
}
