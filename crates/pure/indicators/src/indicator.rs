//! The two faces of an indicator: a trait for hot loops, and an object-safe one for everything that picks by name.

use std::fmt::Debug;

use crate::{
    bar::{Bar, Bars},
    definition::{Arguments, Definition, ParameterError},
    spec::IndicatorSpec,
    state::{BadWord, Loader, RestoreError, SNAPSHOT_FORMAT, Saver, Snapshot, Visitor},
};

/// One definition of an indicator, which gives streaming, peeking and batch, equal bit for bit.
///
/// A new indicator supplies [`DEFINITION`](Self::DEFINITION), a constructor, [`fresh`](Self::fresh), [`warm_up`](Self::warm_up),
/// [`step`](Self::step), [`look`](Self::look) and [`visit`](Self::visit). [`run`](Self::run) may be replaced where a column can be
/// computed faster than bar by bar; it must do the same operations on the same numbers. The catalogue's tests hold every entry to
/// all of this.
///
/// ```
/// use quantflow_indicators::{Bar, Indicator, catalog::rsi::Rsi};
/// let mut rsi = Rsi::new(2)?;
/// let values: Vec<f64> = [10.0, 11.0, 10.5, 12.0].map(|c| rsi.update(&Bar::of_close(c))).to_vec();
/// assert!(values[1].is_nan() && values[2] > 66.0);
/// # Ok::<(), quantflow_indicators::ParameterError>(())
/// ```
pub trait Indicator: Clone + Debug + Send + Sync + 'static {
    /// The catalogue's entry.
    const DEFINITION: &'static Definition;
    /// `f64` for one output, `[f64; N]` for more.
    type Output: Outputs;

    /// Builds it from checked arguments.
    fn from_arguments(arguments: &Arguments) -> Result<Self, ParameterError>;
    /// The same parameters with the state before the first bar.
    #[must_use]
    fn fresh(&self) -> Self;
    /// The number of usable bars before the first value: TA-Lib's lookback. The bar at this index (from 0) has the first value.
    fn warm_up(&self) -> usize;
    /// Takes a closed bar that is [usable](crate::Inputs::usable), and gives the value at it; NaN while warming up.
    fn step(&mut self, bar: &Bar) -> Self::Output;
    /// What [`step`](Self::step) would give, without taking the bar.
    fn look(&self, bar: &Bar) -> Self::Output;
    /// Goes over every field that `step` changes.
    fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord>;

    /// Takes columns in which every bar is usable: the same as [`step`](Self::step) on each in turn.
    #[inline]
    fn run(&mut self, bars: &Bars<'_>, out: &mut [&mut [f64]]) {
        // A copy keeps small states in registers: writes through `out` cannot be taken for writes to the state.
        let mut me = self.clone();
        let rows = out.first().map_or(0, |c| c.len());
        Self::Output::fill(out, rows, |i| {
            me.step(&bars.get(i, Self::DEFINITION.inputs))
        });
        *self = me;
    }

    /// Takes a closed bar and gives the value at it: NaN while warming up and at a [hole](crate::Inputs::usable).
    #[inline]
    fn update(&mut self, bar: &Bar) -> Self::Output {
        if Self::DEFINITION.inputs.usable(bar) {
            self.step(bar)
        } else {
            Self::Output::NAN
        }
    }

    /// The value if this bar closed now; the state does not change. For the open candle, as often as it moves.
    #[inline]
    fn peek(&self, bar: &Bar) -> Self::Output {
        if Self::DEFINITION.inputs.usable(bar) {
            self.look(bar)
        } else {
            Self::Output::NAN
        }
    }

    /// Forgets all bars.
    fn reset(&mut self) {
        *self = self.fresh();
    }

    /// Takes columns of closed bars after those taken so far, and writes one row each: as [`update`](Self::update) on each in turn.
    fn extend(&mut self, bars: &Bars<'_>, out: &mut [&mut [f64]]) -> Result<(), ColumnError> {
        let wanted = Self::DEFINITION.outputs.len();
        if out.len() != wanted {
            return Err(ColumnError::Outputs {
                indicator: Self::DEFINITION.name,
                wanted,
                given: out.len(),
            });
        }
        let rows = bars.len();
        if let Some((column, found)) = Self::DEFINITION.inputs.missing(bars, rows) {
            return Err(ColumnError::Input {
                indicator: Self::DEFINITION.name,
                column,
                found,
                rows,
            });
        }
        if let Some(short) = out.iter().find(|c| c.len() != rows) {
            return Err(ColumnError::OutputRows {
                indicator: Self::DEFINITION.name,
                found: short.len(),
                rows,
            });
        }
        // a stretch at a time: checked and used while it is in the cache, and a hole slows only its own
        let mut start = 0;
        while start < rows {
            let end = rows.min(start + STRETCH);
            let bars = bars.slice(start, end);
            let mut part = Self::Output::cut(out, start, end);
            let out = part.as_mut();
            if Self::DEFINITION.inputs.all_usable(&bars) {
                self.run(&bars, out);
            } else {
                let inputs = Self::DEFINITION.inputs;
                Self::Output::fill(out, end - start, |i| self.update(&bars.get(i, inputs)));
            }
            start = end;
        }
        Ok(())
    }

    /// The whole series at once, from its first bar; this indicator's own state is not used.
    fn batch(&self, bars: &Bars<'_>, out: &mut [&mut [f64]]) -> Result<(), ColumnError> {
        self.fresh().extend(bars, out)
    }
}

/// Rows that [`Indicator::extend`] takes at a time.
const STRETCH: usize = 4096;

/// What an indicator gives at a bar.
pub trait Outputs: Copy + Debug {
    /// Every output NaN.
    const NAN: Self;
    /// A column for each output.
    type Columns<'a>: AsMut<[&'a mut [f64]]>;
    /// The rows `start..end` of columns.
    fn cut<'a>(columns: &'a mut [&mut [f64]], start: usize, end: usize) -> Self::Columns<'a>;
    /// Writes the outputs in order.
    fn write(&self, out: &mut [f64]);
    /// Writes `rows` rows of columns.
    fn fill(out: &mut [&mut [f64]], rows: usize, row: impl FnMut(usize) -> Self);
}

impl Outputs for f64 {
    const NAN: Self = f64::NAN;
    type Columns<'a> = [&'a mut [f64]; 1];

    fn cut<'a>(columns: &'a mut [&mut [f64]], start: usize, end: usize) -> Self::Columns<'a> {
        cut(columns, start, end)
    }

    fn write(&self, out: &mut [f64]) {
        if let Some(first) = out.first_mut() {
            *first = *self;
        }
    }

    #[inline]
    fn fill(out: &mut [&mut [f64]], rows: usize, mut row: impl FnMut(usize) -> Self) {
        if let Some(column) = out.first_mut() {
            for (i, y) in column[..rows].iter_mut().enumerate() {
                *y = row(i);
            }
        }
    }
}

impl<const N: usize> Outputs for [f64; N] {
    const NAN: Self = [f64::NAN; N];
    type Columns<'a> = [&'a mut [f64]; N];

    fn cut<'a>(columns: &'a mut [&mut [f64]], start: usize, end: usize) -> Self::Columns<'a> {
        cut(columns, start, end)
    }

    fn write(&self, out: &mut [f64]) {
        for (to, from) in out.iter_mut().zip(self) {
            *to = *from;
        }
    }

    #[inline]
    fn fill(out: &mut [&mut [f64]], rows: usize, mut row: impl FnMut(usize) -> Self) {
        // local slices, so that their addresses are not read again after every write
        let mut columns: [&mut [f64]; N] = cut(out, 0, rows);
        for i in 0..rows {
            let values = row(i);
            for (column, value) in columns.iter_mut().zip(values) {
                column[i] = value;
            }
        }
    }
}

/// The first `N` columns; where there are fewer, empty ones.
#[inline]
fn cut<'a, const N: usize>(
    columns: &'a mut [&mut [f64]],
    start: usize,
    end: usize,
) -> [&'a mut [f64]; N] {
    let mut columns = columns.iter_mut();
    std::array::from_fn(|_| columns.next().map_or(&mut [][..], |c| &mut c[start..end]))
}

/// Columns that do not fit the indicator or each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnError {
    /// Not one column an output.
    #[error("{indicator} writes {wanted} columns, {given} were given")]
    Outputs {
        /// The indicator.
        indicator: &'static str,
        /// Its outputs.
        wanted: usize,
        /// Columns given.
        given: usize,
    },
    /// A column that it reads is missing or shorter than the others.
    #[error("{indicator} reads `{column}`, which has {found} of {rows} rows")]
    Input {
        /// The indicator.
        indicator: &'static str,
        /// The column.
        column: &'static str,
        /// Its rows.
        found: usize,
        /// Rows of the bars.
        rows: usize,
    },
    /// An output column of another length than the bars.
    #[error("{indicator} writes {rows} rows, a column for {found} was given")]
    OutputRows {
        /// The indicator.
        indicator: &'static str,
        /// Rows of the column.
        found: usize,
        /// Rows of the bars.
        rows: usize,
    },
}

/// An indicator picked by name: what [`IndicatorSpec::build`] gives.
///
/// Output slices have one place (or column) an output, in the order of [`Definition::outputs`].
pub trait StreamingIndicator: Debug + Send + Sync {
    /// Its name and parameters.
    fn spec(&self) -> &IndicatorSpec;
    /// See [`Indicator::warm_up`].
    fn warm_up(&self) -> usize;
    /// See [`Indicator::update`]; places in `out` beyond the outputs are left alone.
    fn update(&mut self, bar: &Bar, out: &mut [f64]);
    /// See [`Indicator::peek`].
    fn peek(&self, bar: &Bar, out: &mut [f64]);
    /// See [`Indicator::reset`].
    fn reset(&mut self);
    /// See [`Indicator::extend`].
    fn extend(&mut self, bars: &Bars<'_>, out: &mut [&mut [f64]]) -> Result<(), ColumnError>;
    /// See [`Indicator::batch`].
    fn batch(&self, bars: &Bars<'_>, out: &mut [&mut [f64]]) -> Result<(), ColumnError>;
    /// The state, to be stored.
    fn save(&self) -> Snapshot;
    /// Takes a stored state over, bit for bit; on an error the state is as before.
    fn restore(&mut self, snapshot: &Snapshot) -> Result<(), RestoreError>;
    /// A copy with the same state.
    fn boxed_clone(&self) -> Box<dyn StreamingIndicator>;
}

impl Clone for Box<dyn StreamingIndicator> {
    fn clone(&self) -> Self {
        self.boxed_clone()
    }
}

/// The one implementation of [`StreamingIndicator`], over any [`Indicator`].
#[derive(Clone, Debug)]
pub(crate) struct Named<I> {
    pub(crate) spec: IndicatorSpec,
    pub(crate) indicator: I,
}

impl<I: Indicator> StreamingIndicator for Named<I> {
    fn spec(&self) -> &IndicatorSpec {
        &self.spec
    }

    fn warm_up(&self) -> usize {
        self.indicator.warm_up()
    }

    fn update(&mut self, bar: &Bar, out: &mut [f64]) {
        self.indicator.update(bar).write(out);
    }

    fn peek(&self, bar: &Bar, out: &mut [f64]) {
        self.indicator.peek(bar).write(out);
    }

    fn reset(&mut self) {
        self.indicator.reset();
    }

    fn extend(&mut self, bars: &Bars<'_>, out: &mut [&mut [f64]]) -> Result<(), ColumnError> {
        self.indicator.extend(bars, out)
    }

    fn batch(&self, bars: &Bars<'_>, out: &mut [&mut [f64]]) -> Result<(), ColumnError> {
        self.indicator.batch(bars, out)
    }

    fn save(&self) -> Snapshot {
        let mut saver = Saver::default();
        // a saver refuses no word
        let _infallible = self.indicator.clone().visit(&mut saver);
        Snapshot {
            format: SNAPSHOT_FORMAT,
            indicator: self.spec.to_string(),
            revision: I::DEFINITION.revision,
            words: saver.words,
        }
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<(), RestoreError> {
        let indicator = self.spec.to_string();
        if snapshot.format != SNAPSHOT_FORMAT {
            return Err(RestoreError::Format {
                indicator,
                found: snapshot.format,
                expected: SNAPSHOT_FORMAT,
            });
        }
        if snapshot.indicator != indicator {
            return Err(RestoreError::Indicator {
                found: snapshot.indicator.clone(),
                expected: indicator,
            });
        }
        let expected = I::DEFINITION.revision;
        if snapshot.revision != expected {
            return Err(RestoreError::Revision {
                indicator,
                found: snapshot.revision,
                expected,
            });
        }
        let mut restored = self.indicator.fresh();
        let mut loader = Loader::new(&snapshot.words);
        let visited = restored.visit(&mut loader);
        if visited.is_err() || !loader.is_done() {
            return Err(RestoreError::Damaged {
                indicator,
                word: loader.at,
            });
        }
        self.indicator = restored;
        Ok(())
    }

    fn boxed_clone(&self) -> Box<dyn StreamingIndicator> {
        Box::new(self.clone())
    }
}
