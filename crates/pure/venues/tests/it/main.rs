//! The codecs against recorded bytes, against each other, and against anything else.
#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]
#![allow(clippy::print_stdout, reason = "tables of what was read")]

mod broken;
mod bybit;
mod cassettes;
mod ccxt;
mod errors;
mod every_codec;
mod hostile;
mod htx;
mod kept;
mod kucoin;
mod okx;
mod recorded_futures;
mod recorded_rest;
mod recorded_socket;
mod requests;
mod speaking;
mod support;
