//! The binary: arguments, configuration, wiring, signals; nothing else.

fn main() {}
