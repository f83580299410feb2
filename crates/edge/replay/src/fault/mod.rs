//! Faults on request: what may go wrong between a venue and its client, by a plan and a seed.

mod line;
mod parse;
mod plan;

pub(crate) use line::{FaultLine, Harm, Out, garble};
pub use parse::FaultError;
pub use plan::{Fault, FaultKind, FaultPlan};
