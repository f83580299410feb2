//! What the services of this crate owe, against engines in memory.
#![allow(clippy::unwrap_used, missing_docs)]

mod archiver;
mod pages;
mod silence;
