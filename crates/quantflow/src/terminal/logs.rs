//! Logs: on standard error, for people on a terminal, as JSON elsewhere.

use std::io;

use tracing_subscriber::EnvFilter;

use super::Terminal;

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Only what went wrong.
    Quiet,
    /// What is configured.
    Usual,
    /// More than usual.
    More,
    /// Everything.
    Everything,
}

/// What stands for the level: a flag beats what is configured; a command that runs for a short time
/// warns only, for its results say the rest.
fn directives(verbosity: Verbosity, configured: &str, serves: bool) -> String {
    match verbosity {
        Verbosity::Quiet => "error".to_owned(),
        Verbosity::Usual if serves => configured.to_owned(),
        Verbosity::Usual => "warn".to_owned(),
        Verbosity::More => "info,quantflow=debug".to_owned(),
        Verbosity::Everything => "trace".to_owned(),
    }
}

/// Begins logging. `serves`: whether the command runs until it is stopped.
pub(crate) fn begin(terminal: &Terminal, configured: &str, serves: bool) {
    let directives = directives(terminal.verbosity(), configured, serves);
    // a level that is none was refused with the configuration; modules are free text
    let filter = EnvFilter::try_new(&directives).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    // logging begins once a process; in a test that begins it again the first stays
    let _ = if terminal.logs_for_people() {
        builder
            .with_ansi(terminal.colours_logs())
            .with_target(false)
            .try_init()
    } else {
        builder.json().try_init()
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_beat_the_configuration() {
        assert_eq!(directives(Verbosity::Usual, "debug", true), "debug");
        assert_eq!(directives(Verbosity::Usual, "debug", false), "warn");
        assert_eq!(directives(Verbosity::Quiet, "debug", true), "error");
        assert_eq!(directives(Verbosity::Everything, "error", true), "trace");
    }
}
