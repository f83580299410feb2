//! Saving and restoring an indicator's state, bit for bit.
//!
//! An indicator lists its changing fields once, in [`Indicator::visit`](crate::Indicator::visit); writing and reading are two
//! visitors over that one list, so they cannot disagree. A [`Snapshot`] holds plain words (floats as their bits), so every serde
//! format carries it exactly, JSON and NaN included.

use serde::{Deserialize, Serialize};

/// The layout of [`Snapshot`] itself; an indicator's own layout has its own number in
/// [`Definition::revision`](crate::Definition::revision).
pub const SNAPSHOT_FORMAT: u16 = 1;

/// The state of one indicator after some number of bars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Layout of this struct: [`SNAPSHOT_FORMAT`].
    pub format: u16,
    /// The indicator's canonical name with its parameters, e.g. `rsi(14)`.
    pub indicator: String,
    /// The indicator's revision when it was saved; another revision computes or stores something else.
    pub revision: u16,
    /// The state's fields in visiting order: floats as bits, integers as they are.
    pub words: Vec<u64>,
}

/// Why a snapshot was not taken over. The indicator is then as it was before the call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// A newer or older layout of the snapshot.
    #[error(
        "the snapshot has format {found}, this build reads {expected}: compute {indicator} again from its bars"
    )]
    Format {
        /// Whose snapshot it is.
        indicator: String,
        /// What it has.
        found: u16,
        /// What is read here.
        expected: u16,
    },
    /// The state of another indicator, or of the same one with other parameters.
    #[error("the snapshot is of {found}, not of {expected}")]
    Indicator {
        /// Whose snapshot it is.
        found: String,
        /// Who was to be restored.
        expected: String,
    },
    /// The indicator's formula or state has changed since.
    #[error(
        "the snapshot of {indicator} has revision {found}, this build computes revision {expected}: compute it again from its bars"
    )]
    Revision {
        /// The indicator.
        indicator: String,
        /// What the snapshot has.
        found: u16,
        /// What this build has.
        expected: u16,
    },
    /// A set's snapshot without this member.
    #[error("the snapshot has no state of {indicator}: compute it from its bars")]
    Missing {
        /// The member.
        indicator: String,
    },
    /// Too few or too many words, or a word out of its range.
    #[error(
        "the snapshot of {indicator} is damaged at word {word}: compute it again from its bars"
    )]
    Damaged {
        /// The indicator.
        indicator: String,
        /// Position in [`Snapshot::words`].
        word: usize,
    },
}

/// A word that could not be taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadWord;

/// Goes over the changing fields of an indicator, always in the same order.
pub trait Visitor {
    /// A whole number below `end`.
    fn index(&mut self, field: &mut usize, end: usize) -> Result<(), BadWord>;
    /// A float, with its exact bits.
    fn float(&mut self, field: &mut f64) -> Result<(), BadWord>;
    /// A time or another signed number.
    fn integer(&mut self, field: &mut i64) -> Result<(), BadWord>;
    /// A yes or no.
    fn flag(&mut self, field: &mut bool) -> Result<(), BadWord>;
    /// A buffer whose length follows from the parameters.
    fn floats(&mut self, fields: &mut [f64]) -> Result<(), BadWord> {
        fields.iter_mut().try_for_each(|x| self.float(x))
    }
}

/// Writes the fields down.
#[derive(Debug, Default)]
pub(crate) struct Saver {
    pub(crate) words: Vec<u64>,
}

impl Visitor for Saver {
    fn index(&mut self, field: &mut usize, _end: usize) -> Result<(), BadWord> {
        self.words.push(*field as u64);
        Ok(())
    }
    fn float(&mut self, field: &mut f64) -> Result<(), BadWord> {
        self.words.push(field.to_bits());
        Ok(())
    }
    fn integer(&mut self, field: &mut i64) -> Result<(), BadWord> {
        self.words.push(field.cast_unsigned());
        Ok(())
    }
    fn flag(&mut self, field: &mut bool) -> Result<(), BadWord> {
        self.words.push(u64::from(*field));
        Ok(())
    }
}

/// Fills the fields from words that may be anything.
#[derive(Debug)]
pub(crate) struct Loader<'a> {
    words: &'a [u64],
    pub(crate) at: usize,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(words: &'a [u64]) -> Self {
        Self { words, at: 0 }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at == self.words.len()
    }

    fn take(&mut self, good: impl Fn(u64) -> bool) -> Result<u64, BadWord> {
        let word = *self.words.get(self.at).ok_or(BadWord)?;
        if !good(word) {
            return Err(BadWord);
        }
        self.at += 1;
        Ok(word)
    }
}

impl Visitor for Loader<'_> {
    fn index(&mut self, field: &mut usize, end: usize) -> Result<(), BadWord> {
        *field = self.take(|w| w < end as u64)? as usize;
        Ok(())
    }
    fn float(&mut self, field: &mut f64) -> Result<(), BadWord> {
        *field = f64::from_bits(self.take(|_| true)?);
        Ok(())
    }
    fn integer(&mut self, field: &mut i64) -> Result<(), BadWord> {
        *field = self.take(|_| true)?.cast_signed();
        Ok(())
    }
    fn flag(&mut self, field: &mut bool) -> Result<(), BadWord> {
        *field = self.take(|w| w < 2)? == 1;
        Ok(())
    }
}
