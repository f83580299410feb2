//! A person's first minute: the demo is started, and a real browser looks at every page of it; once
//! more with the network taken away and nothing but `quantflow up`.
//!
//! `web/test/dashboard.test.mjs` drives the browser. It needs Node.js, Chromium (`CHROMIUM` names it) and the packages of
//! `web/`; where one is missing the test says which and returns, with `QUANTFLOW_NO_SKIP=1` it fails.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use quantflow_e2e::apart::{Apart, enter};
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

/// A server, and how long after its start it listened and a candle was drawn.
struct Started {
    server: Server,
    listening: Duration,
    drawn: Duration,
}

/// Opens a browser, then starts the server, and waits for the first candle.
async fn first_candle(start: impl Future<Output = Server>) -> Started {
    let mut looking = node(&["test/first-candle.mjs"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut says = BufReader::new(looking.stdout.take().unwrap()).lines();
    assert_eq!(says.next_line().await.unwrap().as_deref(), Some("ready"));

    let began = Instant::now();
    let server = start.await;
    let listening = began.elapsed();
    let mut tell = looking.stdin.take().unwrap();
    let address = format!("{}\n", server.url);
    tell.write_all(address.as_bytes()).await.unwrap();
    // node stays as long as there may be more to read
    drop(tell);
    let said = tokio::time::timeout(BROWSER, says.next_line())
        .await
        .expect("the browser is done in time")
        .unwrap();
    let drawn = began.elapsed();
    let ended = looking.wait().await.unwrap();
    assert!(
        ended.success() && said.as_deref() == Some("drawn"),
        "no candle: {said:?}, {ended}"
    );
    let started = Started {
        server,
        listening,
        drawn,
    };
    println!(
        "start to listening {:.1?}, to the first candle on the dashboard {:.1?}",
        started.listening, started.drawn
    );
    assert!(
        drawn < FIRST_CANDLE,
        "the first candle was drawn after {drawn:?}"
    );
    started
}

/// Every page of the server, looked at by a real browser. `down`: a venue that is shown as down.
async fn look_at_everything(server: &Server, down: Option<&str>) {
    let tests = node(&["--test", "test/dashboard.test.mjs"])
        .env("QUANTFLOW_URL", &server.url)
        .env("QUANTFLOW_DOWN_VENUE", down.unwrap_or_default())
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
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_works_in_a_real_browser() {
    if !can_run() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let start = Server::start(folder.path(), &["--demo"], &[("LOG_LEVEL", "warn")]);
    let Started { server, .. } = first_candle(start).await;
    look_at_everything(&server, None).await;
    assert!(server.stop().await, "it did not end in good order");
}

/// What somebody without a network sees, who has typed the README's first command and nothing more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_network_the_first_command_shows_a_living_market() {
    let name = "browser::without_a_network_the_first_command_shows_a_living_market";
    if !can_run() || !enter(Apart::Network, name) {
        return;
    }
    let outside = tokio::net::TcpStream::connect("1.1.1.1:443").await;
    assert!(outside.is_err(), "there is a network here");
    let home = tempfile::tempdir().unwrap();
    let Started { server, drawn, .. } = first_candle(Server::start_plain(home.path())).await;
    assert_eq!(server.url, "http://127.0.0.1:8080", "the usual address");

    // the live venue is tried on and on, and told to be down; the demo runs beside it
    let health = server
        .until_bare("/health", |health| {
            health["services"]["binance"]["status"] == "unhealthy"
                && health["services"]["demo"]["status"] == "healthy"
        })
        .await;
    assert_eq!(health["status"], "degraded");
    let error = health["services"]["binance"]["error"].as_str().unwrap();
    assert!(error.contains("cannot connect"), "{error}");
    let connections = server.data("/api/v1/connections").await;
    let of = |venue: &str| {
        let all = connections.as_array().unwrap();
        all.iter().find(|c| c["venue"] == venue).unwrap()["state"].clone()
    };
    assert_ne!(of("binance"), "connected");
    assert_eq!(of("demo"), "connected");
    let tries = || server.said().matches("could not be opened").count();
    let before = tries();
    look_at_everything(&server, Some("binance")).await;
    assert!(tries() > before, "the live venue is not tried again");

    let memory = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let resident = memory.lines().find(|line| line.starts_with("VmRSS"));
    println!("without a network: first candle after {drawn:.1?}, {resident:?}");
    assert!(server.stop().await, "it did not end in good order");
}
