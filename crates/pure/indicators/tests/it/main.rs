//! The catalogue held to its laws and to recorded truth.

#![expect(
    clippy::print_stdout,
    reason = "what was skipped and why is for people"
)]

mod catalog;
mod edges;
mod laws;
mod recorded;
mod schools;
mod set_text;
mod synthetic;
mod talib;
