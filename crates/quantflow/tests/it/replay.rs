//! `replay`: a recording in the venue's own protocol.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::{assert_fails, command, run};

/// A child that does not outlive its test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn get(url: &str, target: &str) -> Value {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn a_recording_answers_as_the_venue_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "ts_ms,price,qty,side,trade_id\n".to_owned();
    for i in 0..100 {
        let (time, price) = (1_700_000_000_000_u64 + i * 10, 100 + i % 5);
        writeln!(text, "{time},{price}.50,0.25,buy,{}", i + 1).unwrap();
    }
    std::fs::write(folder.path().join("tape_BTCUSDT.csv"), text).unwrap();
    let arguments = [
        "replay",
        "tape_BTCUSDT.csv",
        "--listen",
        "127.0.0.1:0",
        "--format",
        "jsonl",
        "--speed",
        "1000",
    ];
    let child = command(folder.path())
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut child = Served(child);
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let shown: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(shown["symbols"], serde_json::json!(["BTCUSDT"]));
    let url = shown["restUrl"].as_str().unwrap();
    assert!(get(url, "/api/v3/time")["serverTime"].is_u64());
    let info = get(url, "/api/v3/exchangeInfo");
    assert_eq!(info["symbols"][0]["symbol"], "BTCUSDT");
}

#[test]
fn what_cannot_be_replayed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("x.csv"),
        "ts_ms,price,qty,side,trade_id\n",
    )
    .unwrap();
    let cases: [(&[&str], i32, &[&str]); 5] = [
        (
            &["replay", "none_BTCUSDT.csv"],
            1,
            &["none_BTCUSDT.csv", "generated"],
        ),
        (&["replay", "x.csv"], 1, &["which symbol", "--symbol"]),
        (
            &["replay", "x.csv", "--symbol", "BTC/USDT"],
            1,
            &["cannot replay x.csv"],
        ),
        (
            &["replay", "generated", "--speed", "fast"],
            2,
            &["--speed", "fast"],
        ),
        (
            &["replay", "generated", "--fault", "explode"],
            2,
            &["--fault", "explode"],
        ),
    ];
    for (arguments, code, words) in cases {
        assert_fails(&run(folder.path(), arguments), code, words);
    }
}
