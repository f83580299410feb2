//! The catalogue held to its laws and to recorded truth.

mod catalog;
mod edges;
mod laws;
mod recorded;
mod schools;
mod set_text;
mod synthetic;
mod talib;
