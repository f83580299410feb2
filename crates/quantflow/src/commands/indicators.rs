//! `quantflow indicators FILE|SYMBOL --set …` and `quantflow indicators list|describe`

use std::path::Path;

use quantflow_indicators::catalog::{CATALOG, find, nearest_name};
use quantflow_indicators::{Bar, Definition, IndicatorSet, Parameter, ParameterKind};
use quantflow_model::{CandleState, Decimal, TimeRange, Timestamp};
use serde_json::{Value, json};

use crate::access::Access;
use crate::arguments::{IndicatorsArguments, IndicatorsCommand, Kind};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::files::{self, FileRows};
use crate::terminal::{Cell, Column, Listing};

/// Lines of a file that are read at once.
const LINES: usize = 4_096;

/// Computes, lists or describes indicators.
pub(crate) async fn run(context: &Context, arguments: IndicatorsArguments) -> Outcome {
    match &arguments.command {
        Some(IndicatorsCommand::List) => list(context),
        Some(IndicatorsCommand::Describe { name }) => describe(context, name),
        None => compute(context, &arguments).await,
    }
}

fn list(context: &Context) -> Outcome {
    let mut listing = Listing::new(Column::all(["name", "title", "group", "usual", "outputs"]));
    for entry in CATALOG {
        let definition = entry.definition;
        let usual = IndicatorSet::parse(definition.name)
            .ok()
            .and_then(|set| set.specs().next().map(ToString::to_string));
        listing.push(vec![
            Cell::text(definition.name),
            Cell::text(definition.title),
            Cell::text(definition.group.title()),
            Cell::of(usual, Cell::Text),
            Cell::text(definition.outputs.join(" ")),
        ]);
    }
    context.terminal.show(&listing)
}

fn describe(context: &Context, name: &str) -> Outcome {
    let Some(entry) = find(name) else {
        let failure = Failure::usage(format!("there is no indicator {name:?}"));
        return Err(match nearest_name(name) {
            Some(near) => failure.to_do(format!("did you mean {near}?")),
            None => failure.to_do("see `quantflow indicators list`"),
        });
    };
    let definition: &Definition = entry.definition;
    let parameters = definition
        .parameters
        .iter()
        .map(|p| parameter(definition, p))
        .collect();
    let texts = |texts: &[&str]| Cell::Json(texts.iter().map(|t| Value::from(*t)).collect());
    context.terminal.show(&Listing::one(vec![
        ("name", "name", Cell::text(definition.name)),
        ("title", "title", Cell::text(definition.title)),
        ("group", "group", Cell::text(definition.group.title())),
        ("overlay", "overlay", Cell::Flag(definition.overlay)),
        ("reads", "inputs", texts(&definition.inputs.names())),
        (
            "parameters",
            "parameters",
            Cell::Json(Value::Array(parameters)),
        ),
        ("outputs", "outputs", texts(definition.outputs)),
        ("remembers", "remembers", Cell::Flag(definition.remembers)),
        ("repaints", "repaints", Cell::Flag(definition.repaints)),
        ("source", "source", Cell::text(definition.source)),
        (
            "revision",
            "revision",
            Cell::Whole(u64::from(definition.revision)),
        ),
    ]))
}

fn parameter(definition: &Definition, parameter: &Parameter) -> Value {
    let mut described = json!({
        "name": parameter.name,
        "kind": parameter.kind.kind_name(),
    });
    match parameter.kind {
        ParameterKind::Whole { default, .. } => described["default"] = default.into(),
        ParameterKind::Real { default, .. } => described["default"] = default.into(),
        ParameterKind::RealLike { of, .. } => {
            described["default"] = format!("as {}", definition.parameters[of].name).into();
        }
        ParameterKind::Word { words } => {
            described["words"] = words.iter().map(|(word, _)| Value::from(*word)).collect();
            described["default"] = words.first().map(|(word, _)| *word).into();
        }
        _ => {}
    }
    if let Some((min, max)) = parameter.kind.range() {
        described["min"] = min.into();
        described["max"] = max.into();
    }
    described
}

async fn compute(context: &Context, arguments: &IndicatorsArguments) -> Outcome {
    let (Some(source), Some(text)) = (&arguments.source, &arguments.set) else {
        return Err(Failure::usage("a FILE or SYMBOL and --set are needed"));
    };
    let mut set = IndicatorSet::parse(text).map_err(|error| {
        Failure::usage(format!("the set {text:?} cannot be computed"))
            .because(error)
            .to_do("see `quantflow indicators list`")
    })?;
    let mut listing = Listing::new(vec![Column::new("open_time", "openTime")]);
    listing.columns.extend(
        set.columns()
            .into_iter()
            .map(|name| Column::new(name.clone(), name)),
    );
    let mut taker = Taker {
        set: &mut set,
        listing: &mut listing,
        arguments,
    };
    if is_file(source) {
        taker.file(Path::new(source))?;
    } else {
        taker.symbol(context, source).await?;
    }
    context.terminal.show(&listing)
}

/// Whether a file is meant: one that is there, or a name that could only be a file's.
fn is_file(source: &str) -> bool {
    let path = Path::new(source);
    path.exists() || (files::FileFormat::of(path).is_some() && !source.contains(':'))
}

/// Takes bars in, one after the other: values come from the beginning of history, and the span only
/// cuts what is shown.
struct Taker<'a> {
    set: &'a mut IndicatorSet,
    listing: &'a mut Listing,
    arguments: &'a IndicatorsArguments,
}

impl Taker<'_> {
    fn bar(&mut self, bar: &Bar) {
        let mut row = vec![0.0; self.set.width()];
        self.set.update(bar, &mut row);
        let time = Timestamp::from_nanos(bar.time);
        let span = &self.arguments.span;
        if span.from.is_none_or(|from| from <= time) && span.to.is_none_or(|to| time < to) {
            let mut cells = vec![Cell::Time(time)];
            cells.extend(row.into_iter().map(Cell::Number));
            self.listing.push(cells);
        }
    }

    /// Candles of a symbol, closed ones only: an open one would change.
    async fn symbol(&mut self, context: &Context, text: &str) -> Outcome {
        let access = Access::to_read(context).await?;
        let symbol = access.symbol(text).await?;
        let until = self.arguments.span.to.unwrap_or(Timestamp::MAX);
        let all = TimeRange::new(Timestamp::MIN, until);
        let timeframe = self.arguments.timeframe;
        access
            .each_candle(&symbol, timeframe, all, |view| {
                let candle = &view.candle;
                if candle.state != CandleState::Open {
                    self.bar(&Bar {
                        time: candle.open_time.nanos(),
                        open: candle.open.0.to_f64_lossy(),
                        high: candle.high.0.to_f64_lossy(),
                        low: candle.low.0.to_f64_lossy(),
                        close: candle.close.0.to_f64_lossy(),
                        volume: candle.volume.0.to_f64_lossy(),
                    });
                }
                Ok(())
            })
            .await
    }

    fn file(&mut self, path: &Path) -> Outcome {
        let cannot = || Failure::new(format!("cannot read candles from {}", path.display()));
        let mut rows = FileRows::open(path, Kind::Candles).map_err(|error| {
            let to_do = error.to_do(Kind::Candles);
            let failure = cannot().because(error);
            match to_do {
                Some(to_do) => failure.to_do(to_do),
                None => failure,
            }
        })?;
        let columns = BarColumns::of(rows.columns());
        let mut lines = Vec::new();
        let (mut number, mut last) = (0_u64, i64::MIN);
        loop {
            lines.clear();
            let read = rows
                .next_lines(LINES, &mut lines)
                .map_err(|e| cannot().because(e))?;
            if read == 0 {
                return Ok(());
            }
            for line in lines
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
            {
                number += 1;
                let at = || format!("line {}", rows.line_of(number));
                let bar = columns.bar(line).map_err(|what| {
                    cannot()
                        .because(format!("{}: {what}", at()))
                        .to_do("correct or remove the line")
                })?;
                if bar.time <= last {
                    return Err(cannot()
                        .because(format!(
                            "{}: candles are not in ascending order of time",
                            at()
                        ))
                        .to_do("sort the file by its time, each candle once"));
                }
                last = bar.time;
                self.bar(&bar);
            }
        }
    }
}

/// Where the fields of a bar stand in a line.
struct BarColumns {
    time: (usize, u8),
    numbers: [usize; 5],
}

impl BarColumns {
    /// The columns were checked when the file was opened.
    fn of(columns: &[String]) -> Self {
        let place = |names: &[&str]| {
            columns
                .iter()
                .position(|column| names.contains(&column.as_str()))
                .unwrap_or(0)
        };
        let units: [(&[&str], u8); 4] = [
            (&["ts_ns", "open_time_ns"], 0),
            (&["ts_us"], 3),
            (&["ts_ms", "open_time", "open_time_ms"], 6),
            (&["ts_s"], 9),
        ];
        let time = units.into_iter().find_map(|(names, digits)| {
            let at = columns
                .iter()
                .position(|column| names.contains(&column.as_str()))?;
            Some((at, digits))
        });
        Self {
            time: time.unwrap_or((0, 6)),
            numbers: ["open", "high", "low", "close", "volume"].map(|name| place(&[name])),
        }
    }

    fn bar(&self, line: &[u8]) -> Result<Bar, String> {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b',').map(plain).collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        let shown = |at: usize| String::from_utf8_lossy(field(at)).into_owned();
        let (at, digits) = self.time;
        let time = Decimal::parse(field(at))
            .ok()
            .and_then(|number| number.at_scale(digits))
            .and_then(|nanos| i64::try_from(nanos).ok())
            .ok_or_else(|| format!("{:?} is no time", shown(at)))?;
        let mut numbers = [f64::NAN; 5];
        for (number, at) in numbers.iter_mut().zip(self.numbers) {
            let text = std::str::from_utf8(field(at)).unwrap_or_default();
            // an empty field is a hole, which indicators know
            if !text.is_empty() {
                *number = text.parse().map_err(|_| format!("{text:?} is no number"))?;
            }
        }
        let [open, high, low, close, volume] = numbers;
        Ok(Bar {
            time,
            open,
            high,
            low,
            close,
            volume,
        })
    }
}

fn plain(field: &[u8]) -> &[u8] {
    match field.trim_ascii() {
        [b'"', inner @ .., b'"'] => inner,
        field => field,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &str) -> BarColumns {
        let names: Vec<String> = header.split(',').map(str::to_owned).collect();
        BarColumns::of(&names)
    }

    #[test]
    fn bars_are_read_by_the_names_of_their_columns() {
        let columns = columns("close,ts_s,open,volume,high,low");
        let bar = columns.bar(b"4,60.5,1,5,3,\"2\"").unwrap();
        assert_eq!(bar.time, 60_500_000_000);
        assert_eq!(
            (bar.open, bar.high, bar.low, bar.close, bar.volume),
            (1.0, 3.0, 2.0, 4.0, 5.0)
        );
    }

    #[test]
    fn a_bad_line_says_what_is_wrong_and_an_empty_field_is_a_hole() {
        let columns = columns("ts_ms,open,high,low,close,volume");
        assert!(columns.bar(b"x,1,2,3,4,5").unwrap_err().contains("no time"));
        assert!(columns.bar(b"1,1,2,abc,4,5").unwrap_err().contains("abc"));
        assert!(columns.bar(b"1,1,2,,4,5").unwrap().low.is_nan());
    }

    #[test]
    fn a_symbol_is_no_file() {
        assert!(is_file("candles.csv.gz"));
        assert!(!is_file("binance:BTC/USDT"));
        assert!(!is_file("BTCUSDT"));
    }
}
