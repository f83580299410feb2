//! What comes off a wire and what a venue's codec makes of it: records, frames, events and the Codec trait; no I/O.
