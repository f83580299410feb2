//! The binary: arguments, configuration, wiring, signals; nothing else.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod access;
mod arguments;
mod commands;
mod config;
mod context;
mod dispatch;
mod failure;
mod files;
mod rows;
mod run;
mod terminal;
mod venues;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    dispatch::run(arguments::Arguments::parse())
}
