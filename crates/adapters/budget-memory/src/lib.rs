//! The [`Budget`](quantflow_seams::Budget) of one process: [`MemoryBudget`].
//!
//! Each limit of a venue keeps a log of what was granted, so that "no more than so much in any
//! window" holds for every window, not only for those that begin on the minute, and no fraction of
//! a refill is ever rounded away. A grant is remembered a little longer than the limit's window
//! (one fiftieth, at the most a second): requests overtake one another on their way, and the venue
//! counts when they arrive.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod budget;
mod kept;
mod venue;
mod window;

pub use budget::MemoryBudget;
