//! How an import stands in the log.

use quantflow_model::{Symbol, Timeframe};
use serde::{Deserialize, Serialize};

/// Payload of [`RecordKind::ImportBegin`](crate::RecordKind::ImportBegin): what the rows are.
///
/// Rows follow as CSV lines in records of their own, in the order of the file; candles and trades
/// of the symbol are not closed by the clock until the import ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportBegin {
    /// Whose rows.
    pub symbol: Symbol,
    /// What rows.
    pub kind: ImportKind,
    /// The columns of each line, by the names of the command line's CSV.
    pub columns: Vec<String>,
    /// The file's name, for people.
    pub file: String,
    /// SHA-256 of the file's bytes, in hex: the same file is not imported twice.
    pub sha256: String,
}

/// What an import brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportKind {
    /// Trades: `ts_ms` or `ts_ns`, `price`, `qty`, `side`, `trade_id`.
    Trades,
    /// Candles of a timeframe: `ts_ms` or `open_time`, `open`, `high`, `low`, `close`, `volume`, and more.
    Candles(Timeframe),
}
