//! wip
#![cfg_attr(test, allow(clippy::unwrap_used))]
mod random;
mod row;
mod market;
mod generated;
mod recorded;
pub use generated::*;
pub use recorded::*;
pub use row::*;
pub use market::*;
