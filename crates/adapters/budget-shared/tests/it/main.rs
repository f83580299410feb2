//! The conformance suites over a store in memory that keeps what a database would: bytes. What differs
//! from it in a real store is how the step is made atomic.

#![allow(clippy::unwrap_used, reason = "tests")]

mod failing;
mod memory_store;

quantflow_testkit::budget_suite!(
    alone,
    quantflow_testkit::budget_suite::Make::alone(crate::memory_store::InMemory)
);

quantflow_testkit::shared_budget_suite!(together, crate::memory_store::InMemory);
