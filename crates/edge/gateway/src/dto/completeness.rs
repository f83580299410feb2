//! Completeness: the certificate of a day.

use quantflow_market::view;
use quantflow_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::trade::Id;
use super::{Moment, TimeStyle};
use crate::table::{Cell, ColumnKind, Row};

/// What is known of one day of a symbol.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Certificate {
    /// Our name of it.
    #[schema(value_type = String, example = "binance:BTC/USDT")]
    symbol: model::Symbol,
    /// The day (UTC).
    #[schema(example = "2026-11-20", format = Date)]
    date: String,
    /// The smallest id that is held of it.
    #[schema(value_type = Option<String>)]
    first_id: Option<Id>,
    /// The largest id that is held of it.
    #[schema(value_type = Option<String>)]
    last_id: Option<Id>,
    /// How many of the venue's trades are held of it.
    count: u64,
    /// What was or is missing.
    missing: Vec<Missing>,
    /// How many came again and were dropped.
    duplicates: u64,
    /// How many were refused.
    quarantined: u64,
    /// How many were flagged and kept.
    flagged: u64,
    /// How many came after their candle had closed.
    late: u64,
    /// How our candles of the day compare with the venue's own.
    reconciled: Reconciled,
}

/// Trades that are or were missing.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Missing {
    /// The first id.
    #[schema(value_type = String)]
    from: Id,
    /// The last id.
    #[schema(value_type = String)]
    to: Id,
    /// What became of it.
    #[schema(value_type = MissingWord)]
    state: &'static str,
    /// Why, or how it was filled.
    reason: String,
    /// When that became known.
    since: Moment,
    /// The start of the span of time in which the trades lie.
    span_start: Moment,
    /// Its end.
    span_end: Moment,
}

/// What became of missing trades: being fetched, came, cannot be had.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
enum MissingWord {
    Found,
    Filled,
    Unfillable,
}

/// How our candles compare with the venue's own.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reconciled {
    /// Candles of which timeframe.
    #[schema(value_type = String, example = "1m")]
    timeframe: model::Timeframe,
    /// Equal in every field.
    equal: u64,
    /// Different.
    different: u64,
    /// Ours for which the venue had none to compare with.
    not_compared: u64,
}

impl Certificate {
    pub(crate) fn of(view: &view::Certificate, style: TimeStyle) -> Self {
        let missing = |m: &view::MissingRange| Missing {
            from: Id(m.from),
            to: Id(m.to),
            state: m.state.name(),
            reason: m.reason.clone(),
            since: style.of(m.since),
            span_start: style.of(m.span.start),
            span_end: style.of(m.span.end),
        };
        Self {
            symbol: view.symbol.clone(),
            date: view.day.date(),
            first_id: view.first_id.map(Id),
            last_id: view.last_id.map(Id),
            count: view.count,
            missing: view.missing.iter().map(missing).collect(),
            duplicates: view.duplicates,
            quarantined: view.quarantined,
            flagged: view.flagged,
            late: view.late,
            reconciled: Reconciled {
                timeframe: view.reconciled.timeframe,
                equal: view.reconciled.equal,
                different: view.reconciled.different,
                not_compared: view.reconciled.not_compared,
            },
        }
    }
}

impl Row for Certificate {
    const COLUMNS: &'static [(&'static str, ColumnKind)] = &[
        ("symbol", ColumnKind::Text),
        ("date", ColumnKind::Text),
        ("first_id", ColumnKind::Text),
        ("last_id", ColumnKind::Text),
        ("count", ColumnKind::Whole),
        ("missing_found", ColumnKind::Whole),
        ("missing_filled", ColumnKind::Whole),
        ("missing_unfillable", ColumnKind::Whole),
        ("duplicates", ColumnKind::Whole),
        ("quarantined", ColumnKind::Whole),
        ("flagged", ColumnKind::Whole),
        ("late", ColumnKind::Whole),
        ("reconciled_timeframe", ColumnKind::Text),
        ("reconciled_equal", ColumnKind::Whole),
        ("reconciled_different", ColumnKind::Whole),
        ("reconciled_not_compared", ColumnKind::Whole),
    ];

    fn cell(&self, column: usize) -> Cell {
        let ranges = |state: &str| {
            let count = self.missing.iter().filter(|m| m.state == state).count();
            Cell::Whole(count as i64)
        };
        match column {
            0 => Cell::text(&self.symbol),
            1 => Cell::Text(self.date.clone()),
            2 => self.first_id.map_or(Cell::Null, |id| Cell::text(id.0)),
            3 => self.last_id.map_or(Cell::Null, |id| Cell::text(id.0)),
            4 => Cell::Whole(self.count as i64),
            5 => ranges("found"),
            6 => ranges("filled"),
            7 => ranges("unfillable"),
            8 => Cell::Whole(self.duplicates as i64),
            9 => Cell::Whole(self.quarantined as i64),
            10 => Cell::Whole(self.flagged as i64),
            11 => Cell::Whole(self.late as i64),
            12 => Cell::text(self.reconciled.timeframe),
            13 => Cell::Whole(self.reconciled.equal as i64),
            14 => Cell::Whole(self.reconciled.different as i64),
            _ => Cell::Whole(self.reconciled.not_compared as i64),
        }
    }
}
