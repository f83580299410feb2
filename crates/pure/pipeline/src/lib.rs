//! Decoded events to validated, ordered, cleaned trades, to candles, ledger and effects: a pure function of the log.
