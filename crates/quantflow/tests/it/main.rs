//! The commands through the real binary: exit codes, what goes where, and what it says.
#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

mod archives;
mod cut_off;
mod damage;
mod decode;
mod help;
mod indicators;
mod recorded;
mod reference;
mod replay;
mod round_trip;
mod served;
mod up;
mod usage;

use std::path::Path;
use std::process::{Command, Output};

/// A run of the binary.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the binary in a folder, away from this machine's configuration.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Run {
    of(command(folder).args(arguments).output().unwrap())
}

/// The binary, to be given more than arguments.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quantflow"));
    command.current_dir(folder).env_remove("LOG_LEVEL");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("QUANTFLOW__") {
            command.env_remove(name);
        }
    }
    command
}

pub(crate) fn of(output: Output) -> Run {
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs and wants success; returns what it printed.
pub(crate) fn done(folder: &Path, arguments: &[&str]) -> String {
    let run = run(folder, arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.err);
    run.out
}

/// Asserts that a failure is told in three parts, with these words, and nothing as a result.
pub(crate) fn assert_fails(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, code, "{run:?}");
    assert!(
        run.err.starts_with("error: ") || run.err.contains("\nerror: "),
        "{}",
        run.err
    );
    for word in words {
        assert!(run.err.contains(word), "{:?} lacks {word:?}", run.err);
    }
}
