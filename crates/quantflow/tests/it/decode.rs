//! `venue decode`: events as JSON lines, failures named.

use serde_json::Value;

use crate::{assert_fails, run};

const TRADE: &str = r#"{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":1,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}"#;

#[test]
fn lines_with_and_without_a_time_are_decoded_and_failures_counted() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("1723161254087896568 {TRADE}\n\n{TRADE}\n1 {{\"e\":\"trade\"}}\nrubbish\n");
    std::fs::write(folder.path().join("frames.txt"), text).unwrap();
    let run = run(
        folder.path(),
        &["venue", "decode", "binance", "message", "frames.txt"],
    );
    assert_eq!(run.code, 0, "{}", run.err);
    let events: Vec<Value> = run
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["kind"], "trade");
    assert_eq!(events[0]["price"], "61837.63");
    assert!(
        run.err
            .contains("4 inputs: 2 decoded to 2 events, 2 failed"),
        "{}",
        run.err
    );
    for name in ["line 4", "line 5", "malformed"] {
        assert!(run.err.contains(name), "{name} in {}", run.err);
    }
}

#[test]
fn an_answer_is_one_body() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("time.json"),
        "{\"serverTime\": 1723161255342}",
    )
    .unwrap();
    let good = run(
        folder.path(),
        &["venue", "decode", "binance", "time", "time.json"],
    );
    assert!(good.out.contains("2024-08-08T23:54:15.342Z"), "{good:?}");
    let bad = run(
        folder.path(),
        &["venue", "decode", "binance", "klines:BTCUSDT", "time.json"],
    );
    assert_fails(&bad, 1, &["nothing could be decoded"]);
    let unknown = run(
        folder.path(),
        &["venue", "decode", "binance", "candles", "time.json"],
    );
    assert_fails(&unknown, 2, &["candles", "klines"]);
}

#[test]
fn every_frame_of_a_recording_decodes() {
    let Some(path) =
        quantflow_testkit::recorded::path("ws_capture_binance/spot_btcusdt_20240808.gz")
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = path.to_str().unwrap();
    let run = run(
        folder.path(),
        &["venue", "decode", "binance", "message", file],
    );
    assert_eq!(run.code, 0, "{}", run.err);
    let trades = run
        .out
        .lines()
        .filter(|line| line.contains("\"kind\":\"trade\""))
        .count();
    assert_eq!(trades, 9_757);
    // the REST snapshot stands between the messages: one input is no message
    assert!(run.err.contains(" 1 failed"), "{}", run.err);
}
