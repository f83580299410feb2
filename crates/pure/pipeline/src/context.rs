//! [`Context`]: the record that is being applied, and where what it leads to goes.

use quantflow_model::{LedgerEvent, LedgerKind, Quarantined, Symbol, Timestamp};
use quantflow_wire::{LogPosition, OrderRule, PartitionId};

use crate::cleaning::Refusal;
use crate::options::PipelineOptions;
use crate::output::Output;

/// The most bytes of a frame that stand in quarantine.
const LARGEST_FRAME: usize = 64 << 10;

/// The record that is being applied, and where what it leads to goes.
pub(crate) struct Context<'a> {
    pub(crate) partition: &'a PartitionId,
    pub(crate) position: LogPosition,
    pub(crate) received: Timestamp,
    pub(crate) connection: u32,
    /// The record's bytes, or the line of it that is being read.
    pub(crate) frame: &'a [u8],
    /// Which part of the record is being read.
    pub(crate) part: u32,
    /// Bytes of frames that this record may still put into quarantine.
    pub(crate) frame_budget: usize,
    pub(crate) order: OrderRule,
    pub(crate) options: &'a PipelineOptions,
    /// The venue's time, once a live frame told it.
    pub(crate) clock: Option<i64>,
    /// Receive time passed since the log began.
    pub(crate) elapsed: i64,
    pub(crate) out: &'a mut Output,
}

impl Context<'_> {
    /// Puts the part of the record that is being read into quarantine.
    pub(crate) fn refuse(
        &mut self,
        symbol: Option<&Symbol>,
        venue_time: Option<Timestamp>,
        refusal: Refusal,
    ) {
        let length = self.frame.len().min(LARGEST_FRAME);
        // a message of a thousand bad parts holds its frame once or a few times, not a thousand
        let frame = if length <= self.frame_budget {
            self.frame_budget -= length;
            self.frame[..length].to_vec()
        } else {
            Vec::new()
        };
        *self.out.counts.quarantined.entry(refusal.rule).or_default() += 1;
        self.out.quarantine.push(Quarantined {
            symbol: symbol.cloned(),
            rule: refusal.rule.to_owned(),
            reason: refusal.reason,
            received: self.received,
            venue_time,
            partition: self.partition.as_str().to_owned(),
            epoch: self.position.epoch,
            offset: self.position.offset,
            part: self.part,
            frame,
        });
    }

    /// Enters something in the ledger.
    pub(crate) fn learn(&mut self, symbol: &Symbol, kind: LedgerKind) {
        self.out.ledger.push(LedgerEvent {
            symbol: symbol.clone(),
            known: self.received,
            kind,
        });
    }
}
