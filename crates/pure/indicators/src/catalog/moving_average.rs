//! What moving averages of the closes have in common: all but the average itself and its entry.

/// Defines an indicator that is a moving average of the closes over `timeperiod` bars (1 to 100 000), in price units, with its
/// first value at bar `timeperiod − 1`.
///
/// `$average` is one of [`average`](crate::average), `$build` makes it from the number of bars, and the fields are those of
/// [`Definition`](crate::Definition) in which such indicators differ.
macro_rules! moving_average {
    (
        $(#[$documentation:meta])*
        $name:ident: $average:ty = $build:path {
            name: $entry:literal,
            title: $title:literal,
            remembers: $remembers:literal,
            source: $source:literal,
        }
    ) => {
        $(#[$documentation])*
        #[derive(Clone, Debug)]
        pub struct $name {
            average: $average,
        }

        impl $name {
            /// Over `timeperiod` bars (1 to 100 000).
            ///
            /// # Errors
            /// When `timeperiod` is outside its range.
            pub fn new(timeperiod: usize) -> Result<Self, $crate::definition::ParameterError> {
                use $crate::{definition::Arguments, indicator::Indicator as _};
                Self::from_arguments(&Arguments::of(Self::DEFINITION, &[&timeperiod])?)
            }
        }

        impl $crate::indicator::Indicator for $name {
            const DEFINITION: &'static $crate::definition::Definition =
                &$crate::definition::Definition {
                    name: $entry,
                    title: $title,
                    group: $crate::definition::Group::Overlap,
                    overlay: true,
                    inputs: $crate::bar::Inputs::CLOSE,
                    parameters: &[$crate::definition::period("timeperiod", 30, 1)],
                    outputs: &["real"],
                    remembers: $remembers,
                    repaints: false,
                    source: $source,
                    revision: 1,
                };
            type Output = f64;

            fn from_arguments(
                arguments: &$crate::definition::Arguments,
            ) -> Result<Self, $crate::definition::ParameterError> {
                Ok(Self {
                    average: $build(arguments.whole(0)?),
                })
            }

            fn fresh(&self) -> Self {
                Self {
                    average: self.average.fresh(),
                }
            }

            fn warm_up(&self) -> usize {
                self.average.span() - 1
            }

            #[inline]
            fn step(&mut self, bar: &$crate::bar::Bar) -> f64 {
                self.average.next(bar.close)
            }

            #[inline]
            fn look(&self, bar: &$crate::bar::Bar) -> f64 {
                self.average.look(bar.close)
            }

            fn run(&mut self, bars: &$crate::bar::Bars<'_>, out: &mut [&mut [f64]]) {
                if let Some(out) = out.first_mut() {
                    self.average.extend(bars.close, out);
                }
            }

            fn visit(
                &mut self,
                visitor: &mut dyn $crate::state::Visitor,
            ) -> Result<(), $crate::state::BadWord> {
                self.average.visit(visitor)
            }
        }
    };
}

pub(super) use moving_average;
