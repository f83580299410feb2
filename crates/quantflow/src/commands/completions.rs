//! `quantflow completions SHELL`

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::context::Context;
use crate::failure::Outcome;

/// Prints what a shell needs to complete our commands.
pub(crate) fn run(context: &Context, shell: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "quantflow", &mut script);
    context
        .terminal
        .show_text(&String::from_utf8_lossy(&script))
}
