//! What people and programs see: results on standard output, everything else on standard error.

pub(crate) mod listing;
pub(crate) mod logs;
pub(crate) mod progress;

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use crate::arguments::{Format, Global};
use crate::failure::{Failure, Outcome};

pub(crate) use listing::{Cell, Column, Listing};
pub(crate) use progress::Progress;

/// How this process speaks.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    asked: Option<Format>,
    quiet: bool,
    verbose: u8,
    out_is_tty: bool,
    err_is_tty: bool,
    no_colour: bool,
}

impl Terminal {
    /// As the flags, the environment and where the output goes say.
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            asked: global.format,
            quiet: global.quiet,
            verbose: global.verbose,
            out_is_tty: io::stdout().is_terminal(),
            err_is_tty: io::stderr().is_terminal(),
            // https://no-color.org: set and not empty
            no_colour: std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty()),
        }
    }

    /// How results are written: as asked, else a table on a terminal and CSV elsewhere.
    pub(crate) fn format(&self) -> Format {
        let usual = if self.out_is_tty {
            Format::Table
        } else {
            Format::Csv
        };
        self.asked.unwrap_or(usual)
    }

    /// The format that was asked for, if one was.
    pub(crate) fn asked(&self) -> Option<Format> {
        self.asked
    }

    /// Whether results may be coloured.
    pub(crate) fn colours_results(&self) -> bool {
        self.out_is_tty && !self.no_colour
    }

    fn colours_notes(&self) -> bool {
        self.err_is_tty && !self.no_colour
    }

    /// Whether moving progress bars make sense.
    pub(crate) fn shows_progress(&self) -> bool {
        self.err_is_tty && !self.quiet
    }

    /// Shows a result.
    pub(crate) fn show(&self, listing: &Listing) -> Outcome {
        let format = self.format();
        if format == Format::Parquet {
            return Err(only_export_writes_parquet());
        }
        let mut out = io::BufWriter::new(io::stdout().lock());
        listing.write(format, self.colours_results(), &mut out)?;
        out.flush()?;
        Ok(())
    }

    /// Shows text that has one form only.
    #[expect(
        clippy::unused_self,
        reason = "results go through the terminal, whatever it needs"
    )]
    pub(crate) fn show_text(&self, text: &str) -> Outcome {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }

    /// Says something beside the result, unless told to be quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// Says something beside the result in any case.
    #[expect(clippy::unused_self, reason = "as for results")]
    pub(crate) fn complain(&self, text: &str) {
        // nobody to tell when standard error is gone
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Says what failed, why, and what to do.
    pub(crate) fn report(&self, failure: &Failure) {
        if failure.reader_gone {
            return;
        }
        self.complain(&describe(failure, self.colours_notes()));
    }

    /// How much is logged when nothing is configured for a short command.
    pub(crate) fn verbosity(&self) -> logs::Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => logs::Verbosity::Quiet,
            (false, 0) => logs::Verbosity::Usual,
            (false, 1) => logs::Verbosity::More,
            (false, _) => logs::Verbosity::Everything,
        }
    }

    /// Whether logs are for people (else they are JSON).
    pub(crate) fn logs_for_people(&self) -> bool {
        self.err_is_tty
    }

    /// Whether logs may be coloured.
    pub(crate) fn colours_logs(&self) -> bool {
        self.colours_notes()
    }
}

/// Parquet is asked for where it makes no sense.
pub(crate) fn only_export_writes_parquet() -> Failure {
    Failure::usage("this command does not write parquet")
        .to_do("use `quantflow export … --format parquet -o FILE`, or another --format")
}

fn describe(failure: &Failure, colour: bool) -> String {
    let (red, dim, off) = if colour {
        ("\x1b[1;31m", "\x1b[2m", "\x1b[0m")
    } else {
        ("", "", "")
    };
    let mut text = format!("{red}error:{off} {}", failure.what);
    for why in &failure.why {
        // writing to a String cannot fail
        let _ = write!(text, "\n  {dim}why:{off} {why}");
    }
    if let Some(to_do) = &failure.to_do {
        let _ = write!(text, "\n  {dim}to do:{off} {to_do}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_in_three_parts() {
        let failure = Failure::new("cannot import x.csv")
            .because("line 3 has no price")
            .to_do("correct the line");
        assert_eq!(
            describe(&failure, false),
            "error: cannot import x.csv\n  why: line 3 has no price\n  to do: correct the line"
        );
        assert!(describe(&failure, true).starts_with("\x1b[1;31merror:\x1b[0m"));
    }
}
