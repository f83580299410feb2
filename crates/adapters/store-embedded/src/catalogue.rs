//! The catalogue: one SQLite file that says what is in the store. What it does not name is not
//! there, whatever files lie around; so its transaction is what makes a commit atomic.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use quantflow_model::{CandleBatch, TradeBatch};
use quantflow_seams::{Checkpoint, StateEntry, StoreError};
use quantflow_wire::{LogPosition, PartitionId};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, params};

use crate::error;
use crate::segment::{Group, Run, Segment};

/// The newest format of the catalogue that this version reads and the one it writes.
pub(crate) const FORMAT: u32 = 1;

const TABLES: &str = "
create table meta (key text primary key, value integer not null) without rowid;
create table partition (
    name text primary key, epoch integer not null, offset integer not null,
    pipeline_version integer not null
) without rowid;
create table state (
    partition text not null, key text not null, value blob not null,
    primary key (partition, key)
) without rowid;
create table tail (
    partition text not null, sequence integer not null, sum integer not null, body blob not null,
    primary key (partition, sequence)
);
create table segment (
    id integer primary key, partition text not null, venue text not null, timeframe text,
    name text not null unique, rows integer not null, bytes integer not null,
    runs_sum integer not null, runs blob not null, sums blob not null
);
create table ledger (
    id integer primary key, partition text not null, symbol text not null, known integer not null,
    body text not null
);
create index ledger_by_symbol on ledger (symbol, known);
create table tally (
    symbol text not null, day integer not null, partition text not null, body text not null,
    primary key (symbol, day)
) without rowid;
create table quarantine (
    id integer primary key autoincrement, partition text not null, symbol text, venue text,
    received integer not null, body text not null, frame blob not null
);
create index quarantine_by_symbol on quarantine (symbol, id);
create table instrument (
    symbol text primary key, partition text not null, body text not null
) without rowid;
insert into meta values ('format', 1), ('sequence', 0);
";

/// The catalogue's file, and connections that read it.
#[derive(Debug)]
pub(crate) struct Catalogue {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

/// A segment as its row says.
#[derive(Debug)]
pub(crate) struct SegmentRow {
    pub(crate) id: u64,
    pub(crate) group: Group,
    pub(crate) name: String,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) runs: Vec<Run>,
}

/// A commit that is still in the tail.
#[derive(Debug)]
pub(crate) struct TailRow {
    pub(crate) sequence: u64,
    pub(crate) partition: PartitionId,
    pub(crate) body: Vec<u8>,
}

impl Catalogue {
    /// Opens the file, makes its tables when it is new, and gives the connection that writes.
    pub(crate) fn open(path: &Path) -> Result<(Self, Connection), StoreError> {
        let failed = |e: rusqlite::Error| error::of_catalogue(path, &e);
        let mut writer = Connection::open(path).map_err(failed)?;
        writer
            .busy_timeout(Duration::from_secs(5))
            .map_err(failed)?;
        // FULL: a commit that was answered survives a power cut
        writer
            .execute_batch(
                "pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -8192;",
            )
            .map_err(failed)?;
        let made: bool = writer
            .query_row(
                "select exists (select 1 from sqlite_master where name = 'meta')",
                [],
                |row| row.get(0),
            )
            .map_err(failed)?;
        if !made {
            let transaction = writer.transaction().map_err(failed)?;
            transaction.execute_batch(TABLES).map_err(failed)?;
            transaction.commit().map_err(failed)?;
        }
        let found: u32 = writer
            .query_row("select value from meta where key = 'format'", [], |row| {
                row.get(0)
            })
            .map_err(failed)?;
        if found > FORMAT {
            return Err(StoreError::Newer {
                place: path.display().to_string(),
                found,
                known: FORMAT,
            });
        }
        let catalogue = Self {
            path: path.to_owned(),
            idle: Mutex::default(),
        };
        Ok((catalogue, writer))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn failed(&self, fault: &rusqlite::Error) -> StoreError {
        error::of_catalogue(&self.path, fault)
    }

    pub(crate) fn damaged(&self, detail: impl std::fmt::Display) -> StoreError {
        error::damaged(&self.path.display().to_string(), detail)
    }

    /// Reads with a connection of its own: never waits for the writer.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect().map_err(|e| self.failed(&e))?,
        };
        let answer = read(&connection).map_err(|e| self.failed(&e));
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < 8 {
            idle.push(connection);
        }
        answer
    }

    fn connect(&self) -> Result<Connection, rusqlite::Error> {
        let connection = Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.execute_batch("pragma query_only = on; pragma cache_size = -1024;")?;
        Ok(connection)
    }

    /// The sums of a segment's blocks.
    pub(crate) fn sums(&self, segment: u64, name: &str) -> Result<Vec<u32>, StoreError> {
        let bytes: Option<Vec<u8>> = self.read(|connection| {
            connection
                .prepare_cached("select sums from segment where id = ?1")?
                .query_row([segment as i64], |row| row.get(0))
                .optional()
        })?;
        let bytes =
            bytes.ok_or_else(|| error::damaged(name, "the catalogue does not name it any more"))?;
        let (sums, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(self.damaged(format!("the sums of {name}")));
        }
        Ok(sums.iter().map(|sum| u32::from_le_bytes(*sum)).collect())
    }

    /// Every segment.
    pub(crate) fn segments(&self) -> Result<Vec<SegmentRow>, StoreError> {
        type Raw = (
            i64,
            String,
            String,
            Option<String>,
            String,
            i64,
            i64,
            u32,
            Vec<u8>,
        );
        let raw: Vec<Raw> = self.read(|connection| {
            connection
                .prepare(
                    "select id, partition, venue, timeframe, name, rows, bytes, runs_sum, runs
                     from segment order by id",
                )?
                .query_map([], |row| {
                    Ok((
                        row.get(0)?,
                        row.get(1)?,
                        row.get(2)?,
                        row.get(3)?,
                        row.get(4)?,
                        row.get(5)?,
                        row.get(6)?,
                        row.get(7)?,
                        row.get(8)?,
                    ))
                })?
                .collect()
        })?;
        let mut segments = Vec::with_capacity(raw.len());
        for (id, partition, venue, timeframe, name, rows, bytes, sum, runs) in raw {
            let bad = || self.damaged(format!("the index of {name}"));
            if crc32fast::hash(&runs) != sum {
                return Err(bad());
            }
            let group = Group {
                partition: PartitionId::new(&partition).ok_or_else(bad)?,
                venue: venue.parse().map_err(|_| bad())?,
                timeframe: timeframe
                    .map(|text| text.parse())
                    .transpose()
                    .map_err(|_| bad())?,
            };
            let runs = if group.timeframe.is_some() {
                Segment::unpack_index::<CandleBatch>(&runs)
            } else {
                Segment::unpack_index::<TradeBatch>(&runs)
            }
            .ok_or_else(bad)?;
            segments.push(SegmentRow {
                id: id as u64,
                group,
                name,
                rows: rows as u64,
                bytes: bytes as u64,
                runs,
            });
        }
        Ok(segments)
    }

    /// Every commit in the tail, oldest first, each checked against its sum.
    pub(crate) fn tail(&self) -> Result<Vec<TailRow>, StoreError> {
        let raw: Vec<(i64, String, u32, Vec<u8>)> = self.read(|connection| {
            connection
                .prepare("select sequence, partition, sum, body from tail order by sequence")?
                .query_map([], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })?
                .collect()
        })?;
        raw.into_iter()
            .map(|(sequence, partition, sum, body)| {
                let bad = || self.damaged(format!("commit {sequence} of the tail"));
                if crc32fast::hash(&body) != sum {
                    return Err(bad());
                }
                Ok(TailRow {
                    sequence: sequence as u64,
                    partition: PartitionId::new(&partition).ok_or_else(bad)?,
                    body,
                })
            })
            .collect()
    }

    /// The number of the last commit.
    pub(crate) fn sequence(&self) -> Result<u64, StoreError> {
        self.read(|connection| {
            connection.query_row("select value from meta where key = 'sequence'", [], |row| {
                row.get::<_, i64>(0)
            })
        })
        .map(|sequence| sequence as u64)
    }

    pub(crate) fn checkpoint(
        &self,
        partition: &PartitionId,
    ) -> Result<Option<Checkpoint>, StoreError> {
        self.read(|connection| {
            // one transaction: a commit between the two reads would tear them apart
            let transaction = connection.unchecked_transaction()?;
            let Some((position, pipeline_version)) = standing(&transaction, partition)? else {
                return Ok(None);
            };
            let state = transaction
                .prepare_cached("select key, value from state where partition = ?1 order by key")?
                .query_map([partition.as_str()], |row| {
                    Ok(StateEntry {
                        key: row.get(0)?,
                        value: row.get(1)?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(Some(Checkpoint {
                position,
                pipeline_version,
                state,
            }))
        })
    }
}

/// Where a partition stands, and the version that brought it there.
pub(crate) fn standing(
    connection: &Connection,
    partition: &PartitionId,
) -> Result<Option<(LogPosition, u32)>, rusqlite::Error> {
    connection
        .prepare_cached("select epoch, offset, pipeline_version from partition where name = ?1")?
        .query_row([partition.as_str()], |row| {
            let position = LogPosition {
                epoch: row.get(0)?,
                offset: row.get::<_, i64>(1)? as u64,
            };
            Ok((position, row.get(2)?))
        })
        .optional()
}

/// Names a segment in the catalogue.
pub(crate) fn insert_segment(
    transaction: &Transaction<'_>,
    segment: &Segment,
    sums: &[u32],
) -> Result<(), rusqlite::Error> {
    let runs = Segment::pack_index(&segment.runs);
    let sums: Vec<u8> = sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
    transaction
        .prepare_cached("insert into segment values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
        .execute(params![
            segment.id as i64,
            segment.group.partition.as_str(),
            segment.group.venue.as_str(),
            segment
                .group
                .timeframe
                .map(quantflow_model::Timeframe::name),
            segment.name,
            segment.rows as i64,
            segment.bytes as i64,
            crc32fast::hash(&runs),
            runs,
            sums,
        ])?;
    Ok(())
}

pub(crate) fn remove_segment(
    transaction: &Transaction<'_>,
    segment: u64,
) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached("delete from segment where id = ?1")?
        .execute([segment as i64])?;
    Ok(())
}

pub(crate) fn insert_tail(
    transaction: &Transaction<'_>,
    sequence: u64,
    partition: &PartitionId,
    body: &[u8],
) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached(
            "insert into tail (sequence, partition, sum, body) values (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            sequence as i64,
            partition.as_str(),
            crc32fast::hash(body),
            body
        ])?;
    Ok(())
}

/// Removes a partition's commits up to one from the tail.
pub(crate) fn remove_tail(
    transaction: &Transaction<'_>,
    partition: &PartitionId,
    up_to: u64,
) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached("delete from tail where partition = ?1 and sequence <= ?2")?
        .execute(params![partition.as_str(), up_to as i64])?;
    Ok(())
}

pub(crate) fn set_sequence(
    transaction: &Transaction<'_>,
    sequence: u64,
) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached("update meta set value = ?1 where key = 'sequence' and value < ?1")?
        .execute([sequence as i64])?;
    Ok(())
}
