//! Technical indicators, streaming and batch from one definition.
