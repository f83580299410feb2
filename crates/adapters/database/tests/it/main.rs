//! The database against its seam's suite, in both engines, and what is the engines' own.
#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]

mod engines;
mod postgres;
mod schema;
mod sqlite;
