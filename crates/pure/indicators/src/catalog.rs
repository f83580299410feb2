//! Every indicator there is. Adding one is a file in `catalog/` and its two lines here: the module and the entry.
//!
//! The tests walk this list: an entry without recorded truth, or one that breaks a law of all indicators, fails with a sentence.

pub mod adx;
pub mod atr;
pub mod bbands;
pub mod ema;
pub mod macd;
mod moving_average;
pub mod obv;
pub mod rsi;
pub mod rvwap;
pub mod sma;
pub mod stoch;
pub mod trange;
pub mod vwap;
pub mod wma;

use crate::{
    definition::{Arguments, Definition, ParameterError},
    indicator::{Indicator, Named, StreamingIndicator},
    nearest::nearest,
    spec::IndicatorSpec,
};

/// All entries, sorted by name.
pub static CATALOG: &[Entry] = &[
    entry::<adx::Adx>(),
    entry::<atr::Atr>(),
    entry::<bbands::Bbands>(),
    entry::<ema::Ema>(),
    entry::<macd::Macd>(),
    entry::<obv::Obv>(),
    entry::<rsi::Rsi>(),
    entry::<rvwap::Rvwap>(),
    entry::<sma::Sma>(),
    entry::<stoch::Stoch>(),
    entry::<trange::Trange>(),
    entry::<vwap::Vwap>(),
    entry::<wma::Wma>(),
];

/// One indicator of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What is known of it.
    pub definition: &'static Definition,
    pub(crate) build: fn(IndicatorSpec) -> Result<Box<dyn StreamingIndicator>, ParameterError>,
    pub(crate) warm_up: fn(&Arguments) -> Result<usize, ParameterError>,
}

const fn entry<I: Indicator>() -> Entry {
    Entry {
        definition: I::DEFINITION,
        build: build::<I>,
        warm_up: warm_up::<I>,
    }
}

fn build<I: Indicator>(spec: IndicatorSpec) -> Result<Box<dyn StreamingIndicator>, ParameterError> {
    let indicator = I::from_arguments(spec.arguments())?;
    Ok(Box::new(Named { spec, indicator }))
}

fn warm_up<I: Indicator>(arguments: &Arguments) -> Result<usize, ParameterError> {
    Ok(I::from_arguments(arguments)?.warm_up())
}

/// The entry of this name, in any case.
pub fn find(name: &str) -> Option<&'static Entry> {
    CATALOG
        .iter()
        .find(|entry| entry.definition.name.eq_ignore_ascii_case(name))
}

/// The known name most like a mistyped one.
pub fn nearest_name(wrong: &str) -> Option<&'static str> {
    nearest(
        &wrong.to_ascii_lowercase(),
        CATALOG.iter().map(|entry| entry.definition.name),
    )
}

/// Entries whose name or title contains every word of `query`, in any case; all for an empty one.
pub fn search(query: &str) -> impl Iterator<Item = &'static Entry> {
    let words: Vec<String> = query
        .split_whitespace()
        .map(str::to_ascii_lowercase)
        .collect();
    CATALOG.iter().filter(move |entry| {
        let text =
            format!("{} {}", entry.definition.name, entry.definition.title).to_ascii_lowercase();
        words.iter().all(|word| text.contains(word))
    })
}
