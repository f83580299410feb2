//! Completeness, provenance, quarantine.

use quantflow_market::view;
use quantflow_model::{self as model, LedgerKind};
use quantflow_seams::QuarantineRow;
use serde::Serialize;
use utoipa::ToSchema;

use super::market::{Id, state_name};
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

/// Where a candle comes from.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Provenance {
    /// Our name of it.
    #[schema(value_type = String, example = "binance:BTC/USDT")]
    symbol: model::Symbol,
    /// How long the candle is.
    #[schema(value_type = String, example = "1m")]
    timeframe: model::Timeframe,
    /// Where it begins.
    open_time: Moment,
    /// Every revision, oldest first.
    revisions: Vec<Revision>,
    /// The parts of the raw log that hold its trades.
    ranges: Vec<LogRange>,
    /// Whether those parts are still kept.
    raw_kept: bool,
    /// What the ledger learned of its span.
    ledger: Vec<LedgerEntry>,
}

/// One revision of a candle.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Revision {
    /// Its number: 0 when first closed.
    revision: u32,
    /// When it became known.
    knowledge_time: Moment,
    /// Why it is there, for people.
    reason: String,
    /// Built here from trades, or the venue's own.
    #[schema(value_type = OriginWord)]
    origin: &'static str,
    /// How final it is.
    #[schema(value_type = String, example = "closed")]
    state: &'static str,
    /// The first price.
    #[schema(value_type = String)]
    open: model::Price,
    /// The highest price.
    #[schema(value_type = String)]
    high: model::Price,
    /// The lowest price.
    #[schema(value_type = String)]
    low: model::Price,
    /// The last price.
    #[schema(value_type = String)]
    close: model::Price,
    /// How much of the base was traded.
    #[schema(value_type = String)]
    volume: model::Quantity,
    /// How many trades, where known.
    trades: Option<u64>,
}

/// Where a candle was made.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
enum OriginWord {
    Trades,
    Venue,
}

/// A part of the raw log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct LogRange {
    /// Which partition of the log.
    #[schema(example = "binance-0")]
    log: String,
    /// Its first record, `epoch:offset`.
    #[schema(example = "1:881100")]
    from: String,
    /// The place after its last record.
    #[schema(example = "1:881342")]
    to: String,
}

/// Something that the ledger learned.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct LedgerEntry {
    /// When.
    known: Moment,
    /// What, for people.
    what: String,
}

impl Provenance {
    pub(crate) fn of(
        symbol: &model::Symbol,
        timeframe: model::Timeframe,
        open_time: model::Timestamp,
        view: &view::Provenance,
        style: TimeStyle,
    ) -> Self {
        let revision = |candle: &model::Candle| Revision {
            revision: candle.revision,
            knowledge_time: style.of(candle.known),
            reason: reason(candle, &view.ledger),
            origin: match candle.origin {
                model::CandleOrigin::Trades => "trades",
                model::CandleOrigin::Venue => "venue",
            },
            state: state_name(candle.state),
            open: candle.open,
            high: candle.high,
            low: candle.low,
            close: candle.close,
            volume: candle.volume,
            trades: candle.trades,
        };
        Self {
            symbol: symbol.clone(),
            timeframe,
            open_time: style.of(open_time),
            revisions: view.revisions.iter().map(revision).collect(),
            ranges: view
                .ranges
                .iter()
                .map(|(partition, range)| LogRange {
                    log: partition.to_string(),
                    from: range.from.to_string(),
                    to: range.to.to_string(),
                })
                .collect(),
            raw_kept: view.raw_kept,
            ledger: view
                .ledger
                .iter()
                .map(|event| LedgerEntry {
                    known: style.of(event.known),
                    what: what(&event.kind),
                })
                .collect(),
        }
    }
}

/// Why a revision is there: its cause, and what the ledger learned at the same record.
fn reason(candle: &model::Candle, ledger: &[model::LedgerEvent]) -> String {
    use model::{CandleOrigin, CandleState, RevisionCause};
    let at_the_record = || {
        ledger.iter().find(|event| {
            event.known == candle.known && matches!(event.kind, LedgerKind::Filled { .. })
        })
    };
    match (candle.state, candle.origin) {
        (CandleState::Open, _) => "still open".to_owned(),
        (CandleState::Closed, CandleOrigin::Venue) => {
            "the venue's own candle, or an import".to_owned()
        }
        (CandleState::Closed, CandleOrigin::Trades) => "its time was over".to_owned(),
        (CandleState::Revised(RevisionCause::Late), _) => match at_the_record() {
            Some(event) => format!("late by the stream itself: {}", what(&event.kind)),
            None => "a trade came after it had closed".to_owned(),
        },
        (CandleState::Revised(RevisionCause::Repair), _) => match at_the_record() {
            Some(event) => format!("repaired: {}", what(&event.kind)),
            None => "missing trades were fetched".to_owned(),
        },
        (CandleState::Revised(RevisionCause::Backfill), _) => {
            "history was imported or fetched".to_owned()
        }
        (CandleState::Revised(RevisionCause::Venue), _) => {
            "the venue gave its candle again, with other values".to_owned()
        }
    }
}

fn what(kind: &LedgerKind) -> String {
    match kind {
        LedgerKind::Began { first } => format!("trade {} is the first that is held", first.id),
        LedgerKind::Found(hole) => {
            format!(
                "trades {} to {} are missing ({})",
                hole.from,
                hole.to,
                hole.count()
            )
        }
        LedgerKind::Filled { from, to, with } => {
            let with = match with {
                model::Filling::Trades => "one by one",
                model::Filling::Aggregates => "as aggregates",
            };
            format!("missing trades {from} to {to} came, {with}")
        }
        LedgerKind::Unfillable { from, to, reason } => {
            format!("trades {from} to {to} cannot be had: {reason}")
        }
        LedgerKind::Differs {
            timeframe,
            open_time,
            fields,
        } => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, ours, theirs)| format!("{name} {ours} (venue: {theirs})"))
                .collect();
            format!(
                "the {timeframe} candle of {open_time} differs from the venue's: {}",
                fields.join(", ")
            )
        }
        LedgerKind::Outage {
            timeframe,
            open_time,
            close_time,
        } => {
            format!("the venue closed its {timeframe} candle of {open_time} early, at {close_time}")
        }
        LedgerKind::FeedDown { from, to, reason } => {
            format!("the feed was down from {from} to {to}: {reason}")
        }
    }
}

/// Something that was not let in.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Quarantined {
    /// Its number, growing.
    #[schema(example = "1042")]
    id: String,
    /// Of which symbol, where that can be told.
    #[schema(value_type = Option<String>)]
    symbol: Option<model::Symbol>,
    /// The name of the rule that refused it.
    #[schema(example = "price-not-positive")]
    rule: String,
    /// Why, for people.
    reason: String,
    /// When the bytes were received.
    received: Moment,
    /// The venue's time, where it can be told.
    venue_time: Option<Moment>,
    /// The bytes as text; what is no UTF-8 is shown as `\u{fffd}`.
    frame: String,
    /// Where the record stands.
    position: Place,
}

/// A place in the raw log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Place {
    /// Which partition of the log.
    log: String,
    /// Which life of the log.
    epoch: u32,
    /// The record's number there.
    offset: String,
    /// Which part of the record, from 0.
    part: u32,
}

impl Quarantined {
    pub(crate) fn of(row: &QuarantineRow, style: TimeStyle) -> Self {
        let entry = &row.entry;
        Self {
            id: row.id.to_string(),
            symbol: entry.symbol.clone(),
            rule: entry.rule.clone(),
            reason: entry.reason.clone(),
            received: style.of(entry.received),
            venue_time: entry.venue_time.map(|time| style.of(time)),
            frame: String::from_utf8_lossy(&entry.frame).into_owned(),
            position: Place {
                log: entry.partition.clone(),
                epoch: entry.epoch,
                offset: entry.offset.to_string(),
                part: entry.part,
            },
        }
    }
}

impl Row for Quarantined {
    const COLUMNS: &'static [(&'static str, ColumnKind)] = &[
        ("id", ColumnKind::Text),
        ("symbol", ColumnKind::Text),
        ("rule", ColumnKind::Text),
        ("reason", ColumnKind::Text),
        ("received", ColumnKind::Time),
        ("venue_time", ColumnKind::Time),
        ("log", ColumnKind::Text),
        ("epoch", ColumnKind::Whole),
        ("offset", ColumnKind::Text),
        ("part", ColumnKind::Whole),
        ("frame", ColumnKind::Text),
    ];

    fn cell(&self, column: usize) -> Cell {
        match column {
            0 => Cell::Text(self.id.clone()),
            1 => self.symbol.as_ref().map_or(Cell::Null, Cell::text),
            2 => Cell::Text(self.rule.clone()),
            3 => Cell::Text(self.reason.clone()),
            4 => Cell::Time(self.received.at),
            5 => self.venue_time.map_or(Cell::Null, |m| Cell::Time(m.at)),
            6 => Cell::Text(self.position.log.clone()),
            7 => Cell::Whole(i64::from(self.position.epoch)),
            8 => Cell::Text(self.position.offset.clone()),
            9 => Cell::Whole(i64::from(self.position.part)),
            _ => Cell::Text(self.frame.clone()),
        }
    }
}
