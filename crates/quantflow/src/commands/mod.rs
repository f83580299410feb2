//! One file or folder a command.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod indicators;
pub(crate) mod venue;
