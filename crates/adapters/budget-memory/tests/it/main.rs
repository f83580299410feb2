//! The conformance suite of the budget, forgetful and kept in files; and what a next life knows.

#![allow(clippy::unwrap_used, reason = "tests")]

mod lives;

use quantflow_budget_memory::MemoryBudget;

quantflow_testkit::budget_suite!(
    memory,
    quantflow_testkit::budget_suite::Make::at_once(crate::MemoryBudget::new)
);

quantflow_testkit::budget_suite!(
    kept,
    quantflow_testkit::budget_suite::Make::at_once(|clock| {
        // as long as the process: the budget writes into it until its end
        let folder = tempfile::tempdir().unwrap().keep();
        crate::MemoryBudget::kept_in(clock, &folder).unwrap()
    })
);
