//! Several indicators run together over the same bars.

use serde::{Deserialize, Serialize};

use crate::{
    bar::{Bar, Bars},
    definition::ParameterError,
    indicator::{ColumnError, StreamingIndicator},
    parse::parse_set,
    spec::IndicatorSpec,
    state::{RestoreError, Snapshot},
};

/// The indicators of a set, their outputs side by side in one row.
///
/// ```
/// use quantflow_indicators::{Bar, IndicatorSet, parse_set};
/// let mut set = IndicatorSet::new(&parse_set("sma(2),macd")?)?;
/// assert_eq!(set.columns()[0], "sma(2)");
/// let mut row = vec![0.0; set.width()];
/// set.update(&Bar::of_close(10.0), &mut row);
/// set.peek(&Bar::of_close(11.0), &mut row); // the candle is still open
/// assert_eq!(row[0], 10.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct IndicatorSet {
    members: Vec<Box<dyn StreamingIndicator>>,
    width: usize,
}

/// The states of a set's members, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetSnapshot {
    /// One a member.
    pub members: Vec<Snapshot>,
}

/// Why a set could not be made from a text.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SetBuildError {
    /// The text is wrong.
    #[error(transparent)]
    Text(#[from] crate::parse::SetError),
    /// The catalogue contradicts itself.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
}

impl IndicatorSet {
    /// Indicators that have seen no bar.
    ///
    /// # Errors
    /// Only when a catalogue's entry contradicts itself, which its tests rule out.
    pub fn new(specs: &[IndicatorSpec]) -> Result<Self, ParameterError> {
        let members = specs
            .iter()
            .map(IndicatorSpec::build)
            .collect::<Result<Vec<_>, _>>()?;
        let width = members
            .iter()
            .map(|m| m.spec().definition().outputs.len())
            .sum();
        Ok(Self { members, width })
    }

    /// From a text such as `rsi(14),macd(12,26,9)`.
    ///
    /// # Errors
    /// When [`parse_set`] refuses it.
    pub fn parse(text: &str) -> Result<Self, SetBuildError> {
        Ok(Self::new(&parse_set(text)?)?)
    }

    /// The members.
    pub fn specs(&self) -> impl Iterator<Item = &IndicatorSpec> {
        self.members.iter().map(|m| m.spec())
    }

    /// The names of all outputs, in the order of a row.
    pub fn columns(&self) -> Vec<String> {
        self.specs().flat_map(IndicatorSpec::output_names).collect()
    }

    /// The number of outputs in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The bars before every output has a value.
    pub fn warm_up(&self) -> usize {
        self.members.iter().map(|m| m.warm_up()).max().unwrap_or(0)
    }

    /// Takes a closed bar and writes the row at it; `row` has [`width`](Self::width) places, what is beyond them is left alone.
    pub fn update(&mut self, bar: &Bar, row: &mut [f64]) {
        let mut at = 0;
        for member in &mut self.members {
            let end = at + member.spec().definition().outputs.len();
            member.update(bar, row.get_mut(at..end).unwrap_or(&mut []));
            at = end;
        }
    }

    /// Writes the row as it would be if this bar closed now; no state changes.
    pub fn peek(&self, bar: &Bar, row: &mut [f64]) {
        let mut at = 0;
        for member in &self.members {
            let end = at + member.spec().definition().outputs.len();
            member.peek(bar, row.get_mut(at..end).unwrap_or(&mut []));
            at = end;
        }
    }

    /// Takes columns of closed bars and gives a column an output, as long as the bars.
    ///
    /// # Errors
    /// When a member needs a column that is missing or of another length. Members before it have then taken the bars: reset or
    /// restore before going on.
    pub fn extend(&mut self, bars: &Bars<'_>) -> Result<Vec<Vec<f64>>, ColumnError> {
        let mut columns = Vec::with_capacity(self.width);
        for member in &mut self.members {
            let mut its = vec![vec![0.0; bars.len()]; member.spec().definition().outputs.len()];
            let mut slices: Vec<&mut [f64]> = its.iter_mut().map(Vec::as_mut_slice).collect();
            member.extend(bars, &mut slices)?;
            columns.append(&mut its);
        }
        Ok(columns)
    }

    /// Forgets all bars.
    pub fn reset(&mut self) {
        self.members.iter_mut().for_each(|m| m.reset());
    }

    /// The states of all members.
    pub fn save(&self) -> SetSnapshot {
        SetSnapshot {
            members: self.members.iter().map(|m| m.save()).collect(),
        }
    }

    /// Takes stored states over. Members are matched by name, so a set may have been put in another order since.
    ///
    /// # Errors
    /// When a member's state is not there or cannot be taken; the set is then as it was.
    pub fn restore(&mut self, snapshot: &SetSnapshot) -> Result<(), RestoreError> {
        let mut members = self.members.clone();
        for member in &mut members {
            let name = member.spec().name();
            let found = snapshot.members.iter().find(|s| s.indicator == name);
            let found = found.ok_or_else(|| RestoreError::Missing {
                indicator: name.to_owned(),
            })?;
            member.restore(found)?;
        }
        self.members = members;
        Ok(())
    }
}
