//! Closed log segments in the lake: a local folder.
