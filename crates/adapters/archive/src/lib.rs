//! Closed log segments in the lake: a local folder.
//!
//! ```text
//! <lake>/raw/venue=<venue>/date=<YYYY-MM-DD>/<partition>-<name>.qlog   a segment's bytes
//! <lake>/raw/manifest/<partition>/<name>.json                          what it holds, its SHA-256,
//!                                                                      and that of the one before
//! ```
//!
//! A segment is there when its manifest is: both are written under a temporary name, synced and
//! renamed, the bytes first. The manifests of a partition are a chain of hashes, which retention does
//! not break: of the newest segment the manifest stays, marked, when the segment is removed.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod incoming;
mod local;
mod manifest;

pub use local::LocalArchive;
