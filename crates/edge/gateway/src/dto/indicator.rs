//! Indicators: the catalogue's entries, and values in columns and rows.

use std::collections::BTreeMap;

use quantflow_indicators::{Definition, Entry, ParameterKind};
use quantflow_model as model;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Moment;
use super::candle::StateWord;
use crate::table::{Cell, ColumnKind, Row};

/// An indicator of the catalogue.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IndicatorEntry {
    /// How it is called in a set.
    #[schema(example = "rsi")]
    name: &'static str,
    /// Its name for people.
    #[schema(example = "Relative Strength Index")]
    title: &'static str,
    /// The shelf it stands on.
    #[schema(example = "Momentum Indicators")]
    group: &'static str,
    /// Whether it is drawn over the price.
    overlay: bool,
    /// Its parameters, in order.
    parameters: Vec<IndicatorParameter>,
    /// Its outputs, in order.
    outputs: &'static [&'static str],
    /// The fields of a candle that it reads.
    inputs: Vec<&'static str>,
    /// Whether its values depend on how much history came before.
    remembers: bool,
}

/// A parameter of an indicator.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct IndicatorParameter {
    /// How it is called.
    #[schema(example = "timeperiod")]
    name: &'static str,
    /// What it takes: `integer`, `real` or `word`.
    #[schema(example = "integer")]
    kind: &'static str,
    /// What is meant when it is left out.
    #[schema(value_type = Value)]
    default: Value,
    /// The smallest value; null for words.
    min: Option<f64>,
    /// The largest value; null for words.
    max: Option<f64>,
    /// The words that it takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    words: Vec<&'static str>,
    /// Whether it is seldom changed, and may stay out of sight.
    advanced: bool,
}

impl From<&Entry> for IndicatorEntry {
    fn from(entry: &Entry) -> Self {
        let definition = entry.definition;
        Self {
            name: definition.name,
            title: definition.title,
            group: definition.group.title(),
            overlay: definition.overlay,
            parameters: parameters(definition),
            outputs: definition.outputs,
            inputs: definition.inputs.names(),
            remembers: definition.remembers,
        }
    }
}

fn parameters(definition: &'static Definition) -> Vec<IndicatorParameter> {
    let mut defaults: Vec<Value> = Vec::with_capacity(definition.parameters.len());
    definition
        .parameters
        .iter()
        .map(|parameter| {
            let range = parameter.kind.range();
            let (default, words) = match parameter.kind {
                ParameterKind::Whole { default, .. } => (json!(default), Vec::new()),
                ParameterKind::Real { default, .. } => (json!(default), Vec::new()),
                ParameterKind::RealLike { of, .. } => {
                    (defaults.get(of).cloned().unwrap_or(Value::Null), Vec::new())
                }
                ParameterKind::Word { words } => (
                    json!(words.first().map(|word| word.0)),
                    words.iter().map(|word| word.0).collect(),
                ),
                _ => (Value::Null, Vec::new()),
            };
            defaults.push(default.clone());
            IndicatorParameter {
                name: parameter.name,
                kind: parameter.kind.kind_name(),
                default,
                min: range.map(|(min, _)| min),
                max: range.map(|(_, max)| max),
                words,
                advanced: !parameter.shown,
            }
        })
        .collect()
}

impl Row for IndicatorEntry {
    const COLUMNS: &'static [(&'static str, ColumnKind)] = &[
        ("name", ColumnKind::Text),
        ("title", ColumnKind::Text),
        ("group", ColumnKind::Text),
        ("overlay", ColumnKind::Bool),
        ("parameters", ColumnKind::Text),
        ("outputs", ColumnKind::Text),
    ];

    fn cell(&self, column: usize) -> Cell {
        match column {
            0 => Cell::Text(self.name.to_owned()),
            1 => Cell::Text(self.title.to_owned()),
            2 => Cell::Text(self.group.to_owned()),
            3 => Cell::Bool(self.overlay),
            4 => {
                let names: Vec<&str> = self.parameters.iter().map(|p| p.name).collect();
                Cell::Text(names.join(" "))
            }
            _ => Cell::Text(self.outputs.join(" ")),
        }
    }
}

/// Indicators in columns beside their candles' open times.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct IndicatorColumns {
    /// Our name of it.
    #[schema(value_type = String, example = "binance:BTC/USDT")]
    pub(crate) symbol: model::Symbol,
    /// Of candles of which timeframe.
    #[schema(value_type = String, example = "1m")]
    pub(crate) timeframe: model::Timeframe,
    /// The candles' open times, ascending.
    pub(crate) times: Vec<Moment>,
    /// One an output.
    pub(crate) columns: Vec<IndicatorColumn>,
}

/// The values of one output.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct IndicatorColumn {
    /// The indicator with its parameters, and the output where it has several.
    #[schema(example = "rsi(14)")]
    pub(crate) name: String,
    /// One a time; null while there are too few candles.
    #[schema(value_type = Vec<Option<f64>>)]
    pub(crate) values: std::collections::VecDeque<f64>,
}

/// The values of indicators at one candle, in a live channel.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IndicatorRow {
    /// The candle's open time.
    pub(crate) open_time: Moment,
    /// How final the candle is.
    #[schema(value_type = StateWord)]
    pub(crate) state: &'static str,
    /// By output name; null while there are too few candles.
    pub(crate) values: BTreeMap<String, Option<f64>>,
}
