//! A person's first minute: the demo is started, and a real browser looks at every page of it.
//!
//! `web/test/dashboard.test.mjs` drives the browser. It needs Node.js, Chromium (`CHROMIUM` names it) and the packages of
//! `web/`; where one is missing the test says which and returns, with `QUANTFLOW_NO_SKIP=1` it fails.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use quantflow_e2e::server::Server;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

/// How long after a start somebody may wait for the first candle, in a build without optimisation on a busy machine. The
/// aim is five seconds.
const FIRST_CANDLE: Duration = Duration::from_secs(20);
/// How long the browser may take for everything.
const BROWSER: Duration = Duration::from_mins(10);

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

/// Node.js with a script of `web/`.
fn node(arguments: &[&str]) -> Command {
    let mut command = Command::new("node");
    command
        .args(arguments)
        .current_dir(web())
        .kill_on_drop(true);
    command
}

/// Opens a browser, then starts the server, and returns it with the times until it listened and until a candle was drawn.
async fn first_candle(folder: &Path) -> (Server, Duration, Duration) {
    let mut looking = node(&["test/first-candle.mjs"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut says = BufReader::new(looking.stdout.take().unwrap()).lines();
    assert_eq!(says.next_line().await.unwrap().as_deref(), Some("ready"));

    let start = Instant::now();
    let server = Server::start(folder, &["--demo"], &[("LOG_LEVEL", "warn")]).await;
    let listening = start.elapsed();
    let mut tell = looking.stdin.take().unwrap();
    let address = format!("{}\n", server.url);
    tell.write_all(address.as_bytes()).await.unwrap();
    // node stays as long as there may be more to read
    drop(tell);
    let said = tokio::time::timeout(BROWSER, says.next_line())
        .await
        .expect("the browser is done in time")
        .unwrap();
    let drawn = start.elapsed();
    let ended = looking.wait().await.unwrap();
    assert!(
        ended.success() && said.as_deref() == Some("drawn"),
        "no candle: {said:?}, {ended}"
    );
    (server, listening, drawn)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_works_in_a_real_browser() {
    if !can_run() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (server, listening, drawn) = first_candle(folder.path()).await;
    println!(
        "start to listening {listening:.1?}, to the first candle on the dashboard {drawn:.1?}"
    );
    assert!(
        drawn < FIRST_CANDLE,
        "the first candle was drawn after {drawn:?}"
    );

    let tests = node(&["--test", "test/dashboard.test.mjs"])
        .env("QUANTFLOW_URL", &server.url)
        .stdin(Stdio::null())
        .output();
    let tests = tokio::time::timeout(BROWSER, tests)
        .await
        .expect("the browser is done in time")
        .expect("node runs");
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
