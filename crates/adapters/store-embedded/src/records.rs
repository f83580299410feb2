//! What is not rows: positions, state, the ledger, tallies, quarantine and instruments, as rows of
//! the catalogue.

use quantflow_model::{
    DayTally, Instrument, LedgerEvent, Quarantined, Symbol, TimeRange, Timestamp,
};
use quantflow_seams::{Commit, LedgerQuery, QuarantineQuery, QuarantineRow, StoreError};
use rusqlite::{Transaction, params};
use serde::Serialize;

use crate::catalogue::Catalogue;

const DAY: i64 = 86_400_000_000_000;

fn json<T: Serialize>(value: &T) -> Result<String, rusqlite::Error> {
    serde_json::to_string(value).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, rusqlite::Error> {
    serde_json::from_str(text).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(e))
    })
}

/// Writes everything of a commit that is not rows.
pub(crate) fn write(transaction: &Transaction<'_>, commit: &Commit) -> Result<(), rusqlite::Error> {
    let partition = commit.partition.as_str();
    transaction
        .prepare_cached(
            "insert into partition values (?1, ?2, ?3, ?4) on conflict (name) do update set
             epoch = excluded.epoch, offset = excluded.offset,
             pipeline_version = excluded.pipeline_version",
        )?
        .execute(params![
            partition,
            commit.to.epoch,
            commit.to.offset as i64,
            commit.pipeline_version
        ])?;
    if !commit.state.is_empty() {
        let mut set =
            transaction.prepare_cached("insert or replace into state values (?1, ?2, ?3)")?;
        let mut unset =
            transaction.prepare_cached("delete from state where partition = ?1 and key = ?2")?;
        for entry in &commit.state {
            if entry.value.is_empty() {
                unset.execute(params![partition, entry.key])?;
            } else {
                set.execute(params![partition, entry.key, entry.value])?;
            }
        }
    }
    for event in &commit.ledger {
        transaction
            .prepare_cached(
                "insert into ledger (partition, symbol, known, body) values (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                partition,
                event.symbol.as_str(),
                event.known.nanos(),
                json(&event.kind)?
            ])?;
    }
    for tally in &commit.tallies {
        transaction
            .prepare_cached("insert or replace into tally values (?1, ?2, ?3, ?4)")?
            .execute(params![
                tally.symbol.as_str(),
                tally.day.nanos(),
                partition,
                json(tally)?
            ])?;
    }
    for refused in &commit.quarantine {
        let body = Quarantined {
            frame: Vec::new(),
            ..refused.clone()
        };
        let symbol = refused.symbol.as_ref();
        transaction
            .prepare_cached(
                "insert into quarantine (partition, symbol, venue, received, body, frame)
                 values (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                partition,
                symbol.map(Symbol::as_str),
                symbol.map(Symbol::venue_str),
                refused.received.nanos(),
                json(&body)?,
                refused.frame
            ])?;
    }
    for instrument in &commit.instruments {
        transaction
            .prepare_cached("insert or replace into instrument values (?1, ?2, ?3)")?
            .execute(params![
                instrument.symbol.as_str(),
                partition,
                json(instrument)?
            ])?;
    }
    Ok(())
}

pub(crate) fn instruments(catalogue: &Catalogue) -> Result<Vec<Instrument>, StoreError> {
    catalogue.read(|connection| {
        connection
            .prepare_cached("select body from instrument")?
            .query_map([], |row| from_json(&row.get::<_, String>(0)?))?
            .collect()
    })
}

pub(crate) fn ledger(
    catalogue: &Catalogue,
    query: &LedgerQuery,
) -> Result<Vec<LedgerEvent>, StoreError> {
    catalogue.read(|connection| {
        connection
            .prepare_cached(
                "select symbol, known, body from ledger
                 where (?1 is null or symbol = ?1) and known <= ?2 order by known, id",
            )?
            .query_map(
                params![
                    query.symbol.as_ref().map(Symbol::as_str),
                    query.as_of.unwrap_or(Timestamp::MAX).nanos()
                ],
                |row| {
                    let symbol: String = row.get(0)?;
                    Ok(LedgerEvent {
                        symbol: symbol.parse().map_err(|e| {
                            rusqlite::Error::FromSqlConversionFailure(
                                0,
                                rusqlite::types::Type::Text,
                                Box::new(e),
                            )
                        })?,
                        known: Timestamp::from_nanos(row.get(1)?),
                        kind: from_json(&row.get::<_, String>(2)?)?,
                    })
                },
            )?
            .collect()
    })
}

pub(crate) fn tallies(
    catalogue: &Catalogue,
    symbol: &Symbol,
    range: TimeRange,
) -> Result<Vec<DayTally>, StoreError> {
    catalogue.read(|connection| {
        connection
            .prepare_cached(
                "select body from tally where symbol = ?1 and day < ?2 and day > ?3 order by day",
            )?
            .query_map(
                params![
                    symbol.as_str(),
                    range.end.nanos(),
                    range.start.nanos().saturating_sub(DAY)
                ],
                |row| from_json(&row.get::<_, String>(0)?),
            )?
            .collect()
    })
}

pub(crate) fn quarantine(
    catalogue: &Catalogue,
    query: &QuarantineQuery,
) -> Result<Vec<QuarantineRow>, StoreError> {
    catalogue.read(|connection| {
        connection
            .prepare_cached(
                "select id, body, frame from quarantine
                 where (?1 is null or symbol = ?1) and id < ?2 order by id desc limit ?3",
            )?
            .query_map(
                params![
                    query.symbol.as_ref().map(Symbol::as_str),
                    query.before.unwrap_or(i64::MAX),
                    i64::try_from(query.limit).unwrap_or(i64::MAX)
                ],
                |row| {
                    let mut entry: Quarantined = from_json(&row.get::<_, String>(1)?)?;
                    entry.frame = row.get(2)?;
                    Ok(QuarantineRow {
                        id: row.get(0)?,
                        entry,
                    })
                },
            )?
            .collect()
    })
}

/// Removes everything of a partition that is not rows, its position included.
pub(crate) fn clear(transaction: &Transaction<'_>, partition: &str) -> Result<(), rusqlite::Error> {
    for statement in [
        "delete from partition where name = ?1",
        "delete from state where partition = ?1",
        "delete from tail where partition = ?1",
        "delete from segment where partition = ?1",
        "delete from ledger where partition = ?1",
        "delete from tally where partition = ?1",
        "delete from quarantine where partition = ?1",
        "delete from instrument where partition = ?1",
    ] {
        transaction.execute(statement, [partition])?;
    }
    Ok(())
}

/// Removes what was refused before a time.
pub(crate) fn retain_quarantine(
    transaction: &Transaction<'_>,
    before: Timestamp,
    venue: Option<&str>,
) -> Result<(), rusqlite::Error> {
    transaction.execute(
        "delete from quarantine where received < ?1 and (?2 is null or venue = ?2)",
        params![before.nanos(), venue],
    )?;
    Ok(())
}
