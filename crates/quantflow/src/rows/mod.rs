//! Trades and candles as programs read them: CSV lines, JSON objects, Parquet columns.

pub(crate) mod candles;
pub(crate) mod parquet_file;
pub(crate) mod trades;
