//! The API of the real server against its own description, by schemathesis.
//!
//! `QUANTFLOW_SCHEMATHESIS` names the program (`st` unless set), `QUANTFLOW_API_EXAMPLES` how many
//! generated cases an operation gets (15 unless set), `QUANTFLOW_API_SEED` where chance begins (1).

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use quantflow_e2e::addresses::many_addresses;
use quantflow_e2e::server::Server;
use serde_json::Value;
use tokio::process::Command;

/// How long all cases may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// The program; says so when it is not there.
fn schemathesis() -> Option<PathBuf> {
    let named = std::env::var_os("QUANTFLOW_SCHEMATHESIS").map(PathBuf::from);
    let program = named.unwrap_or_else(|| "st".into());
    let probe = std::process::Command::new(&program)
        .arg("--version")
        .output();
    if probe.is_ok_and(|probe| String::from_utf8_lossy(&probe.stdout).contains("version")) {
        return Some(program);
    }
    let must = std::env::var("QUANTFLOW_NO_SKIP").is_ok_and(|v| v == "1");
    let missing = format!("no schemathesis: {} does not run", program.display());
    assert!(
        !must,
        "{missing}, and QUANTFLOW_NO_SKIP=1: pip install schemathesis"
    );
    println!("skipped: {missing}");
    None
}

fn number(name: &str, default: u64) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_as_the_description_says() {
    let Some(program) = schemathesis() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["--demo"], &[("LOG_LEVEL", "warn")]).await;
    for timeframe in ["1s", "1m"] {
        let candles = format!("/api/v1/chart/ohlc/demo:BTC-USDT?timeframe={timeframe}&limit=5");
        server
            .until(&candles, |rows| {
                rows.as_array().is_some_and(|rows| rows.len() == 5)
            })
            .await;
    }
    // each client may ask so often a minute: every case is another client
    let address = server.url.strip_prefix("http://").unwrap().parse().unwrap();
    let url = format!("http://{}/openapi.json", many_addresses(address).await);
    let token = std::fs::read_to_string(folder.path().join("token")).unwrap();
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemathesis/hooks.py");
    let report = folder.path().join("report.json");
    let run = Command::new(program)
        .args(["run", &url, "--no-color", "--continue-on-failure"])
        .args(["--header", "Connection: close"])
        .args([
            "--header",
            &format!("Authorization: Bearer {}", token.trim()),
        ])
        // it has no end; what it says is checked by the gateway's own tests
        .args(["--exclude-path", "/stream"])
        // the hooks have a check in its place that knows what no schema can say
        .args([
            "--checks",
            "all",
            "--exclude-checks",
            "positive_data_acceptance",
        ])
        .args(["--max-examples", &number("QUANTFLOW_API_EXAMPLES", 15)])
        .args(["--seed", &number("QUANTFLOW_API_SEED", 1)])
        .args(["--request-timeout", "20", "--report", "json"])
        .arg("--report-json-path")
        .arg(&report)
        .env("SCHEMATHESIS_HOOKS", hooks)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let run = tokio::time::timeout(PATIENCE, run)
        .await
        .expect("it is done in time")
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let (operations, cases) = (&report["operations"], &report["test_cases"]);
    assert_eq!(operations["tested"], operations["selected"], "{operations}");
    assert!(cases["generated"].as_u64() > Some(500), "{cases}");
    assert_eq!(
        report["errors"].as_array().map(Vec::len),
        Some(0),
        "{report}"
    );
    println!(
        "{} operations, {} cases, none against the description",
        operations["tested"], cases["generated"]
    );
    assert!(!server.said().contains("panicked"), "{}", server.said());
    assert!(server.stop().await, "it ends in good order");
}
