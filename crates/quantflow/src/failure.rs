//! [`Failure`]: what a person is told when a command did not do what it should: what, why, what to do.

use std::fmt::Display;
use std::io;

use crate::config::ConfigError;

/// Why a command failed, in three parts.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What could not be done.
    pub(crate) what: String,
    /// Why, outermost first; may be empty.
    pub(crate) why: Vec<String>,
    /// What to do about it.
    pub(crate) to_do: Option<String>,
    /// Whether the command line or the configuration is at fault (exit code 2) and not the work (1).
    pub(crate) usage: bool,
    /// Whether whoever read our output went away: no failure at all.
    pub(crate) reader_gone: bool,
}

/// What commands return.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Something could not be done.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: Vec::new(),
            to_do: None,
            usage: false,
            reader_gone: false,
        }
    }

    /// Something was asked for that cannot be asked for.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self {
            usage: true,
            ..Self::new(what)
        }
    }

    /// With a reason.
    #[must_use]
    pub(crate) fn because(mut self, why: impl Display) -> Self {
        self.why.push(why.to_string());
        self
    }

    /// With the reasons of an error and of what caused it.
    #[must_use]
    pub(crate) fn caused_by(mut self, error: &anyhow::Error) -> Self {
        self.reader_gone |= error.chain().any(is_broken_pipe);
        for cause in error.chain() {
            let text = cause.to_string();
            // an error that repeats its source would say the same twice
            if !self.why.iter().any(|said| said.contains(&text)) {
                self.why.push(text);
            }
        }
        self
    }

    /// With what to do.
    #[must_use]
    #[expect(
        clippy::wrong_self_convention,
        reason = "what is to be done, no conversion"
    )]
    pub(crate) fn to_do(mut self, to_do: impl Into<String>) -> Self {
        self.to_do = Some(to_do.into());
        self
    }

    /// Its exit code: 1 failed, 2 wrong usage.
    pub(crate) fn exit_code(&self) -> u8 {
        match (self.reader_gone, self.usage) {
            (true, _) => 0,
            (false, true) => 2,
            (false, false) => 1,
        }
    }
}

fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let mut failure = Self::new(error.to_string()).caused_by(&error);
        failure.why.retain(|why| *why != failure.what);
        failure
    }
}

/// Results could not be written.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let reader_gone = error.kind() == io::ErrorKind::BrokenPipe;
        let failure = Self::new("cannot write the result").because(&error);
        Self {
            reader_gone,
            ..failure
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage("the configuration is not right")
            .because(error)
            .to_do(
                "correct it; `quantflow config show` lists every setting and where it comes from",
            )
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn causes_become_reasons_and_are_not_said_twice() {
        let io: Result<(), _> = Err(io::Error::other("disk on fire"));
        let failure = Failure::from(io.context("read x").context("import y").unwrap_err());
        assert_eq!(failure.what, "import y");
        assert_eq!(failure.why, ["read x", "disk on fire"]);
        assert_eq!(failure.exit_code(), 1);
    }

    #[test]
    fn a_reader_who_left_is_no_failure() {
        let pipe = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(Failure::from(pipe()).exit_code(), 0);
        let wrapped = Err::<(), _>(pipe()).context("write").unwrap_err();
        assert_eq!(Failure::from(wrapped).exit_code(), 0);
        assert_eq!(Failure::usage("x").exit_code(), 2);
    }
}
