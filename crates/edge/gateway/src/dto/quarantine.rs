//! Quarantine: what was not let in.

use quantflow_model as model;
use quantflow_seams::QuarantineRow;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Moment, TimeStyle};
use crate::table::{Cell, ColumnKind, Row};

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
