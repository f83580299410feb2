//! The embedded store, from outside.

mod property;
mod suite;
