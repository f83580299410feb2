//! The [`Budget`](quantflow_seams::Budget) of processes that share a Redis: [`open`].
//!
//! A venue is one hash, some kilobytes; a visit is one script (`visit.lua`), so one round trip for as many
//! callers as wait, and atomic without locks: no process, however slow its way to the server or wherever
//! it stops, can be in the way of another. What counts is the server's clock (`TIME`), so that hosts'
//! clocks need not agree.
//!
//! The rules are those of [`quantflow_budget_shared::VenueState::visit`], written twice: there in Rust,
//! here in Lua. A property test holds both to the same answers.
//!
//! Keys are `quantflow:budget:VENUE`. They expire when nothing of a venue counts any more. A Redis that
//! forgets (started again without persistence, failed over, evicted) is told by each process what it
//! knew to be used before that is granted anything.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod encode;
mod store;

pub use store::{RedisStore, open};
