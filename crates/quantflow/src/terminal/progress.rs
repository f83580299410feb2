//! [`Progress`]: bars with rate and time left, on standard error of a terminal; silence elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Terminal;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Bytes of a file.
    Bytes,
    /// Rows, records, segments: things.
    Things(&'static str),
}

/// A bar of something that takes its time.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar from 0 to `length`; without a length it only counts.
    pub(crate) fn new(terminal: &Terminal, what: &str, unit: Unit, length: Option<u64>) -> Self {
        let target = if terminal.shows_progress() {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(length, target);
        bar.set_style(style(unit, length.is_some()));
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar }
    }

    /// A bar that nobody sees: another one tells of the whole.
    pub(crate) fn hidden() -> Self {
        Self {
            bar: ProgressBar::hidden(),
        }
    }

    /// Now so far.
    pub(crate) fn set(&self, position: u64) {
        self.bar.set_position(position);
    }

    /// So many more.
    pub(crate) fn add(&self, more: u64) {
        self.bar.inc(more);
    }

    /// Done: the bar goes away, for the result says the rest.
    pub(crate) fn done(self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        // a failure must not be written behind half a bar
        self.bar.finish_and_clear();
    }
}

fn template(unit: Unit, bounded: bool) -> String {
    let (position, length, rate) = match unit {
        Unit::Bytes => ("{bytes}", "{total_bytes}", "{binary_bytes_per_sec}"),
        Unit::Things(_) => ("{human_pos}", "{human_len}", "{per_sec}"),
    };
    let name = match unit {
        Unit::Bytes => "",
        Unit::Things(name) => name,
    };
    if bounded {
        format!("{{msg}} [{{bar:30}}] {position}/{length} {name} {rate} {{eta}} left")
    } else {
        format!("{{msg}} {{spinner}} {position} {name} {rate}")
    }
}

fn style(unit: Unit, bounded: bool) -> ProgressStyle {
    ProgressStyle::with_template(&template(unit, bounded))
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_sound() {
        for unit in [Unit::Bytes, Unit::Things("rows")] {
            for bounded in [true, false] {
                let template = template(unit, bounded);
                assert!(
                    ProgressStyle::with_template(&template).is_ok(),
                    "{template}"
                );
            }
        }
    }
}
