//! The conformance suite of the budget.

use quantflow_budget_memory::MemoryBudget;

quantflow_testkit::budget_suite!(memory, |clock| std::sync::Arc::new(
    crate::MemoryBudget::new(clock)
));
