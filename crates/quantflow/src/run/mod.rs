//! `quantflow up`: everything in one process.
//!
//! [`engines`] opens what the configuration names; [`venue`] runs a venue (its ingestion and the
//! writer of its partition); [`demo`] is the generated market; [`sources`] answers what the gateway
//! asks of roles other than market, `asked` which candles venues were asked for; [`keys`] holds
//! venues' API keys; [`housekeeping`] is what is done beside; [`series_swap`] undoes what an
//! interrupted rebuild left; [`advice`] says what to do about an error that ends it; [`up`] puts it
//! together.

pub(crate) mod advice;
mod asked;
pub(crate) mod demo;
pub(crate) mod engines;
pub(crate) mod history;
pub(crate) mod housekeeping;
pub(crate) mod keys;
pub(crate) mod series_swap;
pub(crate) mod signals;
pub(crate) mod sources;
pub(crate) mod status;
pub(crate) mod token;
pub(crate) mod up;
pub(crate) mod venue;
