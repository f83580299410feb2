//! Provenance: where a candle comes from, and what the ledger learned of its span.

use quantflow_market::view;
use quantflow_model::{self as model, LedgerKind};
use serde::Serialize;
use utoipa::ToSchema;

use super::candle::state_name;
use super::{Moment, TimeStyle};

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
        LedgerKind::SpanFilled { from, to } => {
            format!("what was traded from {from} to {to} without a feed has come")
        }
        LedgerKind::SpanUnfillable { from, to, reason } => {
            format!("what was traded from {from} to {to} cannot be had: {reason}")
        }
        LedgerKind::FeedDown { from, to, reason } => {
            format!("the feed was down from {from} to {to}: {reason}")
        }
    }
}
