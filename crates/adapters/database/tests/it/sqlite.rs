//! SQLite: the suite.

use crate::engines::Files;

quantflow_testkit::job_store_suite!(suite, Files::new());
