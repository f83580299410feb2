//! Series on a local disk: Parquet segments, a catalogue in SQLite, atomic commits.
