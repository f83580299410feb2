//! A data folder that a server holds is asked for over HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use crate::{assert_fails, done, run};

/// A server that gives the same answers as often as it is asked, and remembers what for.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answers: &'static [(&'static str, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        // ends with the test's process
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut buffer) {
                        Ok(0) | Err(_) => break,
                        Ok(read) => request.extend_from_slice(&buffer[..read]),
                    }
                }
                let request = String::from_utf8_lossy(&request).into_owned();
                let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
                let found = answers
                    .iter()
                    .find(|(prefix, _)| target.starts_with(prefix));
                heard.lock().unwrap().push(target);
                let (status, body) = match found {
                    Some((_, body)) => ("200 OK", *body),
                    None => (
                        "404 Not Found",
                        r#"{"success":false,"error":{"code":"ROUTE_NOT_FOUND","message":"no such route"}}"#,
                    ),
                };
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Self { address, asked }
    }

    fn hold(&self, folder: &std::path::Path) {
        let data = folder.join("data");
        std::fs::create_dir_all(&data).unwrap();
        let text = format!("{{\"pid\":4242,\"url\":\"http://{}\"}}", self.address);
        std::fs::write(data.join("server.json"), text).unwrap();
    }
}

const ANSWERS: &[(&str, &str)] = &[
    ("/health/live", "{}"),
    (
        "/api/v1/symbols",
        r#"{"success":true,"data":[{"symbol":"tape:A/B","venueSymbol":"AB"}],"meta":{}}"#,
    ),
    (
        "/api/v1/chart/ohlc/tape:A-B",
        r#"{"success":true,"data":[{"openTime":"2023-11-14T22:14:00Z","open":"1.5","high":"2","low":"1","close":"1.25","volume":"10","quoteVolume":"14","trades":3,"firstTradeId":1,"lastTradeId":3,"state":"closed","revision":0,"complete":true}],"meta":{}}"#,
    ),
    (
        "/api/v1/history/tape:A-B?limit=10000&cursor=older",
        r#"{"success":true,"data":[{"id":1,"time":"2023-11-14T22:14:00Z","price":"1.5","quantity":"2","side":"buy"}],"meta":{}}"#,
    ),
    (
        "/api/v1/history/tape:A-B",
        r#"{"success":true,"data":[{"id":3,"time":"2023-11-14T22:14:02Z","price":"1.25","quantity":"1","side":null},{"id":2,"time":"2023-11-14T22:14:01Z","price":"2","quantity":"1","side":"sell"}],"meta":{"nextCursor":"older"}}"#,
    ),
];

#[test]
fn reading_commands_ask_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(ANSWERS);
    server.hold(folder.path());
    let candles = done(folder.path(), &["candles", "AB", "-t", "1m"]);
    assert!(
        candles.ends_with("\n1700000040000,1.5,2,1,1.25,10,14,3,,,1,3,closed,true\n"),
        "{candles}"
    );
    let asked = server.asked.lock().unwrap().clone();
    assert!(
        asked
            .iter()
            .any(|target| target.contains("timeframe=1m&limit=50")),
        "{asked:?}"
    );
    // oldest first, over pages that come newest first
    let trades = done(folder.path(), &["export", "tape:A/B", "--kind", "trades"]);
    assert_eq!(
        trades,
        "ts_ms,price,qty,side,trade_id\n1700000040000,1.5,2,buy,1\n1700000041000,2,1,sell,2\n1700000042000,1.25,1,,3\n"
    );
    // nothing of the folder was opened
    assert!(!folder.path().join("data/log").exists());
}

#[test]
fn writing_commands_say_that_the_server_must_stop() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(ANSWERS);
    server.hold(folder.path());
    std::fs::write(folder.path().join("t.csv"), "ts_ms,price,qty\n1,2,3\n").unwrap();
    let import = [
        "import", "t.csv", "--kind", "trades", "--venue", "tape", "--symbol", "A/B",
    ];
    for arguments in [&import[..], &["rebuild"], &["rebuild", "--check"]] {
        let run = run(folder.path(), arguments);
        assert_fails(&run, 1, &["pid 4242", "kill 4242", "then start it"]);
    }
}

#[test]
fn a_server_that_is_gone_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir_all(&data).unwrap();
    // a port that was free a moment ago
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    std::fs::write(
        data.join("server.json"),
        format!("{{\"pid\":1,\"url\":\"http://{free}\"}}"),
    )
    .unwrap();
    let run = run(folder.path(), &["candles", "tape:A/B"]);
    assert_fails(&run, 1, &["tape:A/B is not known here", "no data yet"]);
}
