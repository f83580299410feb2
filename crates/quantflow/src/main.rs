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
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // Of each huge page that the allocator touches 2 MiB are kept whole: an idle server held twice what it uses, and
    // an import took longer for clearing them. A kernel that refuses leaves it as it was.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    dispatch::run(arguments::Arguments::parse())
}
