//! From the raw log to hot view, fan-out and commits.
