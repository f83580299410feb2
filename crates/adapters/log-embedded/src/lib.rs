//! The raw log on a local disk: checksummed, compressed segments with a group fsync.
