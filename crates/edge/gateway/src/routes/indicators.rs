//! `/indicators`, `/indicators/{symbol}`.

use std::collections::VecDeque;
use std::sync::Arc;

use quantflow_indicators::IndicatorSet;
use quantflow_model::{TimeRange, Timestamp};

use super::candles::range_of;
use crate::answer::{Answer, Freshness};
use crate::dto::{IndicatorColumn, IndicatorColumns, IndicatorEntry};
use crate::endpoint::{
    Access, Call, Endpoint, FROM, Method, Place, QUERY, Returns, Run, SYMBOL, SYMBOL_VENUE, TIME,
    TIMEFRAME, TO,
};
use crate::history::{BEGINNING, bar_of, fold};
use crate::parameter::{Kind, Parameter};
use crate::problem::{Code, Problem};
use crate::shared::Shared;
use crate::table::{Cell, Column, ColumnKind, Table};

pub(super) const CATALOG: Endpoint = Endpoint {
    name: "indicator_catalog",
    method: Method::Get,
    path: "/indicators",
    place: Place::Versioned,
    tag: "catalogues",
    summary: "Indicators, with their parameters and outputs",
    about: "Sorted by name.",
    parameters: &[QUERY],
    returns: Returns::Rows("IndicatorEntry"),
    errors: &[],
    per_minute: 120,
    ttl: 600,
    access: Access::Open,
    run: Run::Data(|shared, call| Box::pin(catalog(shared, call))),
};

pub(super) const VALUES: Endpoint = Endpoint {
    name: "indicators",
    method: Method::Get,
    path: "/indicators/{symbol}",
    place: Place::Versioned,
    tag: "market data",
    summary: "Indicators in columns beside their candles' times",
    about: "Values come from the start of history: `from` only cuts, so a value is the same whatever is asked for. \
            Without `from` the newest `limit` before `to`, the open candle as if it closed now. Null while there are \
            too few candles.",
    parameters: &[
        SYMBOL,
        SYMBOL_VENUE,
        TIMEFRAME,
        Parameter::new(
            "set",
            Kind::Set,
            "Which indicators.",
            "rsi(14),macd(12,26,9)",
        ),
        FROM,
        TO,
        Parameter::new(
            "limit",
            Kind::Integer {
                min: 1,
                max: 5000,
                default: 500,
            },
            "At most so many candles.",
            "100",
        ),
        TIME,
    ],
    returns: Returns::Columns("IndicatorColumns"),
    errors: &[Code::SymbolNotFound],
    per_minute: 60,
    ttl: 60,
    access: Access::Open,
    run: Run::Data(|shared, call| Box::pin(values(shared, call))),
};

async fn catalog(_: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let query = call.parameters.text("q").unwrap_or_default();
    let rows = quantflow_indicators::catalog::search(query)
        .map(IndicatorEntry::from)
        .collect();
    Ok(Answer::rows(rows))
}

/// After so long, in nanoseconds, a closed candle is not expected to change any more.
const SETTLED: i64 = 120_000_000_000;

async fn values(shared: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let symbol = call.symbol()?.clone();
    let range = range_of(&call)?;
    let timeframe = call.parameters.timeframe();
    let mut set = IndicatorSet::new(call.parameters.set()).map_err(|e| Problem::internal(&e))?;
    let names = set.columns();
    let mut kept = Kept::new(names.len(), range.start, call.parameters.integer("limit"));
    let history = TimeRange::new(BEGINNING, range.end);
    let open = fold(
        &shared,
        &symbol,
        timeframe,
        history,
        &mut set,
        |candles, columns| {
            for (row, view) in candles.iter().enumerate() {
                let values = columns
                    .iter()
                    .map(|column| column.get(row).copied().unwrap_or(f64::NAN));
                kept.take(view.candle.open_time, values);
            }
            !kept.is_full()
        },
    )
    .await?;
    let mut row = vec![f64::NAN; set.width()];
    for view in &open {
        set.peek(&bar_of(view), &mut row);
        kept.take(view.candle.open_time, row.iter().copied());
    }
    let moving = !open.is_empty() || shared.clock.now().since(range.end) <= SETTLED;
    let style = call.style();
    let answer = IndicatorColumns {
        symbol,
        timeframe,
        times: kept.times.iter().map(|time| style.of(*time)).collect(),
        columns: names
            .into_iter()
            .zip(kept.columns)
            .map(|(name, values)| IndicatorColumn { name, values })
            .collect(),
    };
    let answer = Answer::table(answer);
    Ok(if moving {
        answer.fresh(Freshness::Moving)
    } else {
        answer
    })
}

/// The rows that were asked for, of all that went by.
struct Kept {
    from: Timestamp,
    /// With a start the oldest of this many are kept, without one the newest.
    limit: usize,
    oldest: bool,
    times: VecDeque<Timestamp>,
    columns: Vec<VecDeque<f64>>,
}

impl Kept {
    fn new(width: usize, from: Timestamp, limit: usize) -> Self {
        Self {
            from,
            limit,
            oldest: from != Timestamp::MIN,
            times: VecDeque::new(),
            columns: vec![VecDeque::new(); width],
        }
    }

    fn is_full(&self) -> bool {
        self.oldest && self.times.len() >= self.limit
    }

    fn take(&mut self, time: Timestamp, values: impl Iterator<Item = f64>) {
        if time < self.from || self.is_full() {
            return;
        }
        let one_out = self.times.len() == self.limit;
        if one_out {
            self.times.pop_front();
        }
        self.times.push_back(time);
        for (column, value) in self.columns.iter_mut().zip(values) {
            if one_out {
                column.pop_front();
            }
            column.push_back(value);
        }
    }
}

impl Table for IndicatorColumns {
    fn columns(&self) -> Vec<Column> {
        let time = Column {
            name: "open_time".into(),
            kind: ColumnKind::Time,
        };
        let outputs = self.columns.iter().map(|column| Column {
            name: column.name.clone().into(),
            kind: ColumnKind::Real,
        });
        std::iter::once(time).chain(outputs).collect()
    }

    fn rows(&self) -> usize {
        self.times.len()
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        match column.checked_sub(1) {
            None => self
                .times
                .get(row)
                .map_or(Cell::Null, |moment| Cell::Time(moment.at)),
            Some(output) => self
                .columns
                .get(output)
                .and_then(|column| column.values.get(row))
                .filter(|value| !value.is_nan())
                .map_or(Cell::Null, |value| Cell::Real(*value)),
        }
    }

    fn json_row(&self, row: usize, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let mut object = serde_json::Map::new();
        if let Some(moment) = self.times.get(row) {
            object.insert("openTime".to_owned(), serde_json::to_value(moment)?);
        }
        for column in &self.columns {
            let value = column.values.get(row).copied().unwrap_or(f64::NAN);
            object.insert(column.name.clone(), serde_json::json!(value));
        }
        serde_json::to_writer(out, &object)
    }

    /// Columns, not rows.
    fn json(&self, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        serde_json::to_writer(out, self)
    }
}
