//! `/indicators`, `/indicators/{symbol}`.

use std::sync::Arc;

use quantflow_indicators::{Bars, IndicatorSet};
use quantflow_market::view::{CandleRequest, CandleView};
use quantflow_model::{CandleState, TimeRange, Timestamp};

use super::candles::range_of;
use crate::answer::{Answer, Freshness};
use crate::dto::{IndicatorColumn, IndicatorColumns, IndicatorEntry};
use crate::endpoint::{
    Access, Call, Endpoint, FROM, Method, Place, QUERY, Returns, Run, SYMBOL, SYMBOL_VENUE, TIME,
    TIMEFRAME, TO,
};
use crate::gateway::Shared;
use crate::parameter::{Kind, Parameter};
use crate::problem::{Code, Problem};
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

/// Candles that are read at once.
const PAGE: usize = 10_000;
/// After so long, in nanoseconds, a closed candle is not expected to change any more.
const SETTLED: i64 = 120_000_000_000;

/// Candles as columns of floats.
#[derive(Debug, Default)]
pub(crate) struct BarColumns {
    time: Vec<i64>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
}

impl BarColumns {
    pub(crate) fn of(candles: &[CandleView]) -> Self {
        let column = |f: fn(&CandleView) -> f64| candles.iter().map(f).collect();
        Self {
            time: candles.iter().map(|v| v.candle.open_time.nanos()).collect(),
            open: column(|v| v.candle.open.0.to_f64_lossy()),
            high: column(|v| v.candle.high.0.to_f64_lossy()),
            low: column(|v| v.candle.low.0.to_f64_lossy()),
            close: column(|v| v.candle.close.0.to_f64_lossy()),
            volume: column(|v| v.candle.volume.0.to_f64_lossy()),
        }
    }

    pub(crate) fn bars(&self) -> Bars<'_> {
        Bars {
            time: &self.time,
            open: &self.open,
            high: &self.high,
            low: &self.low,
            close: &self.close,
            volume: &self.volume,
        }
    }
}

async fn values(shared: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let symbol = call.symbol()?.clone();
    let range = range_of(&call)?;
    let timeframe = call.parameters.timeframe();
    let limit = call.parameters.integer("limit");
    let specs = call.parameters.set();
    let mut set = IndicatorSet::new(specs).map_err(|e| Problem::internal(&e))?;
    let names = set.columns();
    let mut request = CandleRequest {
        symbol: symbol.clone(),
        timeframe,
        range: TimeRange::new(Timestamp::MIN, range.end),
        limit: 1,
        as_of: None,
        fill: false,
    };
    request.range.start = start_of_history(&shared, &request, &set, range, limit).await?;
    request.limit = PAGE;
    let mut kept = Kept::new(names.len(), range.start, limit);
    let mut moving = shared.clock.now().since(range.end) <= SETTLED;
    loop {
        let page = shared.market.candles(&request).await?;
        moving |= page
            .candles
            .iter()
            .any(|v| v.candle.state == CandleState::Open);
        let bars = BarColumns::of(&page.candles);
        let columns = set.extend(&bars.bars())?;
        kept.take(&bars.time, &columns);
        match page.next {
            // a page that leads nowhere would be asked for again for ever
            Some(next) if next > request.range.start && !kept.is_full() => {
                request.range.start = next
            }
            _ => break,
        }
        tokio::task::yield_now().await;
    }
    let style = call.style();
    let answer = IndicatorColumns {
        symbol,
        timeframe,
        times: kept
            .times
            .iter()
            .map(|t| style.of(Timestamp::from_nanos(*t)))
            .collect(),
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

/// Where reading has to begin: at the first candle there is for indicators that never quite forget, else so many
/// candles before the first that is wanted as the set needs to warm up.
async fn start_of_history(
    shared: &Shared,
    request: &CandleRequest,
    set: &IndicatorSet,
    range: TimeRange,
    limit: usize,
) -> Result<Timestamp, Problem> {
    if set.specs().any(|spec| spec.definition().remembers) {
        // a start, for without one the newest are meant
        return Ok(Timestamp::from_nanos(i64::MIN + 1));
    }
    let (end, count) = if range.start == Timestamp::MIN {
        (range.end, limit + set.warm_up())
    } else {
        (range.start, set.warm_up())
    };
    if count == 0 {
        return Ok(range.start);
    }
    let before = CandleRequest {
        range: TimeRange::new(Timestamp::MIN, end),
        limit: count,
        ..request.clone()
    };
    let page = shared.market.candles(&before).await?;
    Ok(page.candles.first().map_or(
        range.start.max(Timestamp::from_nanos(i64::MIN + 1)),
        |view| view.candle.open_time,
    ))
}

/// The rows that were asked for, of all that went by.
struct Kept {
    from: i64,
    /// With a start the oldest of this many are kept, without one the newest.
    limit: usize,
    oldest: bool,
    times: std::collections::VecDeque<i64>,
    columns: Vec<std::collections::VecDeque<f64>>,
}

impl Kept {
    fn new(width: usize, from: Timestamp, limit: usize) -> Self {
        Self {
            from: from.nanos(),
            limit,
            oldest: from != Timestamp::MIN,
            times: std::collections::VecDeque::new(),
            columns: vec![std::collections::VecDeque::new(); width],
        }
    }

    fn is_full(&self) -> bool {
        self.oldest && self.times.len() >= self.limit
    }

    fn take(&mut self, times: &[i64], columns: &[Vec<f64>]) {
        for (row, time) in times.iter().enumerate() {
            if *time < self.from || self.is_full() {
                continue;
            }
            if self.times.len() == self.limit {
                self.times.pop_front();
                self.columns.iter_mut().for_each(|column| {
                    column.pop_front();
                });
            }
            self.times.push_back(*time);
            for (kept, column) in self.columns.iter_mut().zip(columns) {
                kept.push_back(column.get(row).copied().unwrap_or(f64::NAN));
            }
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
