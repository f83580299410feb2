//! PostgreSQL: the suite.

use quantflow_testkit::job_store_suite::{all, run};

use crate::engines::Server;

/// All cases, with one server.
#[test]
fn suite() {
    let Some(server) = Server::start() else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(all(&server));
}

/// See `schema`.
#[test]
fn schema_and_plans() {
    let Some(server) = Server::start() else {
        return;
    };
    run(crate::schema::postgres(&server));
}
