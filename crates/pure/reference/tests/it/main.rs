//! Calendars, corporate actions and symbol history against dates that are known and series that were
//! recorded.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "test code: a failure is a panic, a skipped test says so"
)]

mod actions_book;
mod actions_laws;
mod actions_lean;
mod actions_vendors;
mod actions_yahoo;
mod calendar_dates;
mod calendar_laws;
mod calendar_recorded;
mod calendar_traded;
mod lean;
mod listing_recorded;
mod table;
