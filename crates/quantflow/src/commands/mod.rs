//! One file or folder a command.

pub(crate) mod candles;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod indicators;
pub(crate) mod rebuild;
pub(crate) mod replay;
pub(crate) mod venue;
pub(crate) mod verify;
