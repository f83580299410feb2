//! [`BookRule`]: how a venue's books follow from its messages.

/// How a venue's order books follow from its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BookRule {
    /// Where a whole book comes from.
    pub snapshot: SnapshotBy,
    /// What proves that no change is missing.
    pub sequence: BookSequence,
    /// Levels a side that the venue keeps up to date; what falls out of them is to be forgotten.
    /// `None`: all.
    pub depth: Option<u16>,
}

/// Where a whole book comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SnapshotBy {
    /// It is asked for; changes that came meanwhile are applied behind it.
    Request,
    /// The stream begins with it, and brings it again when the venue thinks fit. A book that is lost is
    /// had again by subscribing anew.
    Stream,
    /// Each message is a whole book.
    EachMessage,
}

/// What proves that no change of a book is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BookSequence {
    /// `first_update_id` of a change is one more than `last_update_id` of the change before.
    Contiguous,
    /// `previous_update_id` of a change is `last_update_id` of the change before.
    Chained,
    /// `last_update_id` grows, and nothing says by how much.
    Ascending,
    /// Nothing but a checksum, where there is one.
    None,
}

impl BookRule {
    /// As Binance's spot market has it.
    pub const REQUESTED: Self = Self {
        snapshot: SnapshotBy::Request,
        sequence: BookSequence::Contiguous,
        depth: None,
    };
}
