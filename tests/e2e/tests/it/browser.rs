//! A person's first minute: the demo is started, and a real browser looks at every page of it.
//!
//! `web/test/dashboard.test.mjs` drives the browser. It needs Node.js, Chromium (`CHROMIUM` names it) and the packages of
//! `web/`; where one is missing the test says which and returns, with `QUANTFLOW_NO_SKIP=1` it fails.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use quantflow_e2e::server::Server;
use tokio::process::Command;

/// How long after a start somebody may wait for the first candle, in a build without optimisation on a busy machine. The
/// aim is five seconds.
const FIRST_CANDLE: Duration = Duration::from_secs(20);
/// How long the browser may take for everything.
const BROWSER: Duration = Duration::from_secs(600);

fn web() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web")
}

/// What is missing for a browser test, in words.
fn missing() -> Option<String> {
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let node = std::process::Command::new("node")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !node.is_ok_and(|status| status.success()) {
        return Some("no node on the PATH".to_owned());
    }
    if !Path::new(&chromium).exists() {
        return Some(format!("no browser at {chromium}; CHROMIUM names another"));
    }
    let packages = web().join("node_modules/playwright-core");
    (!packages.exists()).then(|| format!("no {}: run `npm ci` in web/", packages.display()))
}

/// Whether a browser test can run; says so when it cannot.
fn can_run() -> bool {
    let Some(missing) = missing() else {
        return true;
    };
    let must = std::env::var("QUANTFLOW_NO_SKIP").is_ok_and(|v| v == "1");
    assert!(!must, "{missing}, and QUANTFLOW_NO_SKIP=1");
    println!("skipped: {missing}");
    false
}

/// Runs a script of `web/` against a server, and returns what it said.
async fn node(server: &Server, arguments: &[&str]) -> Output {
    let run = Command::new("node")
        .args(arguments)
        .current_dir(web())
        .env("QUANTFLOW_URL", &server.url)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    tokio::time::timeout(BROWSER, run)
        .await
        .expect("the browser is done in time")
        .expect("node runs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_works_in_a_real_browser() {
    if !can_run() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let server = Server::start(folder.path(), &["--demo"], &[("LOG_LEVEL", "warn")]).await;
    let listening = start.elapsed();

    // a browser that was open already: its own start is not the server's
    let first = node(&server, &["test/first-candle.mjs"]).await;
    let said = String::from_utf8_lossy(&first.stdout);
    assert!(
        first.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&first.stderr)
    );
    let number = |name: &str| -> u64 {
        let found = said
            .split_whitespace()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        found
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("no {name} in {said:?}"))
    };
    let shown = start.elapsed();
    println!(
        "start to listening {listening:?}, to the first candle on the dashboard {shown:?}, of which the browser's own \
         start {} ms, the page {} ms",
        number("browser_ms"),
        number("page_ms"),
    );
    assert!(
        shown < FIRST_CANDLE,
        "the first candle was shown after {shown:?}"
    );

    let tests = node(&server, &["--test", "test/dashboard.test.mjs"]).await;
    let said = String::from_utf8_lossy(&tests.stdout);
    assert!(
        tests.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&tests.stderr)
    );
    for line in said.lines().filter(|line| {
        ["# tests", "# pass", "# fail", "# skipped", "# screenshots"]
            .iter()
            .any(|word| line.starts_with(word))
    }) {
        println!("{line}");
    }
    assert!(server.stop().await, "it did not end in good order");
}
