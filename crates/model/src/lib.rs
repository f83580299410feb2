//! Symbols, exact numbers, time, timeframes, trades, books and candles: the ground that every crate stands on.
