//! Series on a local disk: Parquet segments, a catalogue in SQLite, atomic commits.
//!
//! Start from [`EmbeddedStore`]. How it is laid out inside:
//!
//! | module | what |
//! | --- | --- |
//! | `rows`, `trade_rows`, `candle_rows` | trades and candles as columns, so that the rest is written once |
//! | `catalogue`, `records` | the SQLite file: what is there, positions, state, ledger, quarantine |
//! | `tail`, `pack` | rows of small commits, in memory and in the catalogue |
//! | `shape`, `schema`, `encoding`, `values`, `segment_write` | how rows become a Parquet file |
//! | `segment`, `segment_cache` | what is known of a file, and the open ones |
//! | `segment_read`, `decode`, `zstd_pages`, `blocks` | reading pages of a file, each byte checked |
//! | `view`, `part`, `scan`, `pick` | where a series' parts are, reading them in order, newest revisions |
//! | `plan`, `build`, `read_ahead` | new segments out of old |
//! | `merge`, `maintain`, `check` | housekeeping, looking for damage |
//! | `store`, `commit`, `query` | the store, what goes in and what comes out |
//! | `series_store`, `worker` | the seam over it, and the threads that commit and keep house |
//!
//! Read the files with other tools by `union_by_name` (DuckDB) or one by one: each has the smallest
//! exact scales and the coarsest exact time unit for its rows, so types may differ between files.

mod blocks;
mod build;
mod candle_rows;
mod catalogue;
mod check;
mod column_chunk;
mod commit;
mod decode;
mod encoding;
mod error;
mod maintain;
mod merge;
mod merging;
mod options;
mod pack;
mod part;
mod pick;
mod plan;
mod query;
mod read_ahead;
mod records;
mod rows;
mod scan;
mod schema;
mod segment;
mod segment_cache;
mod segment_read;
mod segment_write;
mod series_store;
mod shape;
mod store;
mod symbol_column;
mod tail;
mod trade_rows;
mod values;
mod view;
mod worker;
mod zstd_pages;

pub use options::{Faults, Step, StoreOptions};
pub use store::{ColumnBytes, EmbeddedStore};
