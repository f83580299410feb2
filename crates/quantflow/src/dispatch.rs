//! From arguments to a command to an exit code.

use std::process::ExitCode;

use crate::arguments::{Arguments, Command};
use crate::commands;
use crate::config::Sources;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::terminal::{Terminal, logs};

/// Runs a command: exit code 0 done, 1 failed, 2 wrong usage.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let terminal = Terminal::new(&arguments.global);
    let mut flags = Vec::new();
    if let Some(folder) = &arguments.global.data_dir {
        flags.push(("data_dir".to_owned(), folder.display().to_string()));
    }
    if let Command::Up(up) = &arguments.command
        && let Some(listen) = &up.listen
    {
        flags.push(("listen".to_owned(), listen.clone()));
    }
    let sources = Sources {
        file: arguments.global.config.clone(),
        environment: std::env::vars_os()
            // what is no text is no setting's value either: it is refused by its form, not passed over
            .map(|(name, value)| {
                let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
                (text(name), text(value))
            })
            .collect(),
        flags,
    };
    let context = Context { terminal, sources };
    match command(&context, arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            context.terminal.report(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn command(context: &Context, command: Command) -> Outcome {
    match command {
        // what needs no configuration works with a broken one
        Command::Completions { shell } => commands::completions::run(context, shell),
        Command::Venue(venue) => commands::venue::run(context, venue),
        Command::Config(what) => commands::config::run(context, &what),
        Command::Indicators(arguments) => {
            with_runtime(context, commands::indicators::run(context, arguments))
        }
        Command::Candles(arguments) => {
            with_runtime(context, commands::candles::candles(context, &arguments))
        }
        Command::Trades(arguments) => {
            with_runtime(context, commands::candles::trades(context, &arguments))
        }
        Command::Export(arguments) => {
            with_runtime(context, commands::export::run(context, &arguments))
        }
        Command::Import(arguments) => {
            with_runtime(context, commands::import::run(context, &arguments))
        }
        Command::Verify(arguments) => {
            with_runtime(context, commands::verify::run(context, &arguments))
        }
        Command::Rebuild(arguments) => {
            with_runtime(context, commands::rebuild::run(context, &arguments))
        }
        Command::Doctor => with_runtime(context, commands::doctor::run(context)),
        Command::Openapi => context
            .terminal
            .show_text(&quantflow_gateway::openapi_document()),
        Command::Up(arguments) => {
            let settings = context.settings()?;
            logs::begin(&context.terminal, &settings.log_level, true);
            let ran = runtime()?.block_on(crate::run::up::up(settings, arguments.demo));
            ran.map_err(|error| {
                let to_do = crate::run::advice::of(&error);
                Failure::new("cannot run the server")
                    .caused_by(&error)
                    .to_do(to_do)
            })
        }
        Command::Replay(arguments) => {
            let level = context.settings()?.log_level;
            logs::begin(&context.terminal, &level, true);
            runtime()?.block_on(commands::replay::run(context, &arguments))
        }
    }
}

/// How many threads may wait for the disk at once; more work waits for one of them. On a machine that is busy the
/// runtime would make hundreds, and each keeps pages of its own in the allocator and a stack.
const BLOCKING_THREADS: usize = 16;

/// Runs what waits for things, with logs for a short command.
fn with_runtime(context: &Context, work: impl Future<Output = Outcome>) -> Outcome {
    logs::begin(&context.terminal, "warn", false);
    runtime()?.block_on(work)
}

fn runtime() -> Outcome<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .map_err(|error| Failure::new("cannot start threads").because(error))
}
