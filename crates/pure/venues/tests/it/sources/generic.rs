//! Sources by description.

use quantflow_model::{Timeframe, Timestamp};
use quantflow_venues::{Generic, SourceDescription};
use quantflow_wire::{Codec, DecodeError, Query};
use serde_json::{Value, json};

use super::{between, candles, day, prices, read, symbol, target};
use crate::survives::{Good, survives};

fn bars() -> Value {
    json!({
        "rest_url": "https://data.example.org",
        "requests": 60,
        "window_seconds": 60,
        "target": "/v1/bars/{symbol}?tf={timeframe}&from={from}&to={to}&n={limit}",
        "rows": 10_000,
        "timeframes": {"1d": "daily", "1h": "60 min"},
        "symbols": {"AAPL": "aapl.us", "EUR/USD": "eur/usd"},
        "bounds": {"unit": "date", "to_included": true},
        "format": {"as": "json", "path": "data.0.items"},
        "columns": {"time": "t", "open": "o", "high": "h", "low": "l", "close": "c", "volume": "v"},
        "time": "seconds",
    })
}

fn with(mut description: Value, changes: Value) -> Value {
    let (Value::Object(fields), Value::Object(changes)) = (&mut description, changes) else {
        panic!("objects");
    };
    fields.extend(changes);
    description
}

fn made(description: Value) -> Result<Generic, String> {
    let description: SourceDescription =
        serde_json::from_value(description).map_err(|error| error.to_string())?;
    Generic::new("mine".parse().unwrap(), description).map_err(|error| error.to_string())
}

const BARS: &str = r#"{"data":[{"items":[{"t":1577923200,"o":"1.1","h":1.2,"l":"1.0","c":"1.15","v":7},{"t":1578009600,"o":"1.15","h":"1.3","l":"1.1","c":"1.25","v":"8.5"}]}]}"#;

#[test]
fn a_described_source_asks_and_reads() {
    let codec = made(bars()).unwrap();
    assert_eq!(codec.describe().timeframes, [Timeframe::H1, Timeframe::D1]);
    let query = between("eur/usd", Timeframe::H1, "2020-01-02", "2020-01-04");
    assert_eq!(
        target(&codec, &query),
        "/v1/bars/eur%2Fusd?tf=60%20min&from=2020-01-02&to=2020-01-03&n=100"
    );
    let rows = read(&codec, &candles("aapl.us", Timeframe::D1), BARS.as_bytes()).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].open_time, day("2020-01-03"));
    assert_eq!(prices(&rows[1]), ["1.15", "1.3", "1.1", "1.25", "8.5"]);
    let cut = between("aapl.us", Timeframe::D1, "2020-01-03", "2020-01-04");
    assert_eq!(read(&codec, &cut, BARS.as_bytes()).unwrap().len(), 1);
    assert_eq!(
        codec.spell(&"mine:EUR/USD".parse().unwrap()),
        Some(symbol("eur/usd"))
    );
    assert_eq!(codec.spell(&"mine:USD/EUR".parse().unwrap()), None);
    let page = Query::Candles {
        symbol: symbol("aapl.us"),
        timeframe: Timeframe::D1,
        from: None,
        to: Some(day("2020-01-04")),
        limit: 2,
    };
    assert!(target(&codec, &page).contains("from=2020-01-02&to=2020-01-03&n=2"));
    let stretched = made(with(bars(), json!({"stretch": 2}))).unwrap();
    assert!(target(&stretched, &page).contains("from=2019-12-31&to=2020-01-03&n=2"));
    // the target wants times: the newest rows cannot be asked for
    assert!(codec.request(&candles("aapl.us", Timeframe::D1)).is_err());
    assert!(
        codec
            .request(&between("x", Timeframe::M1, "2020-01-02", "2020-01-03"))
            .is_err()
    );
    assert!(codec.request(&Query::Instruments).is_err());
}

#[test]
fn tables_are_read_by_name_and_by_place() {
    let named = with(
        bars(),
        json!({
            "format": {"as": "csv", "separator": ";"},
            "time": "compact_date",
            "columns": {"time": "Day", "open": "O", "high": "H", "low": "L", "close": "C"},
            "skip_empty": true,
        }),
    );
    let body = "Day; O;H;L;C\n20200102;1;2;0.5;1.5\n20200103;;;;\n20200106;1;1;1;1\n";
    let query = candles("aapl.us", Timeframe::D1);
    let rows = read(&made(named.clone()).unwrap(), &query, body.as_bytes()).unwrap();
    assert_eq!(
        rows.len(),
        2,
        "a row without prices is left out where the description says so"
    );
    assert_eq!(prices(&rows[0]), ["1", "2", "0.5", "1.5", "0"]);
    let strict = made(with(named, json!({"skip_empty": false}))).unwrap();
    let refused = read(&strict, &query, body.as_bytes());
    assert!(
        matches!(refused, Err(DecodeError::BadField { field: "open", .. })),
        "{refused:?}"
    );

    let placed = with(
        bars(),
        json!({
            "format": {"as": "csv", "header": false},
            "time": "rfc3339",
            "label": "close",
            "columns": {"time": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5},
        }),
    );
    let codec = made(placed).unwrap();
    let body = b"2020-01-03T00:00:00Z,1,2,0.5,1.5,9\n";
    let rows = read(&codec, &query, body).unwrap();
    assert_eq!(
        rows[0].open_time,
        day("2020-01-02"),
        "the time is where it ends"
    );
    let odd = b"2020-01-03T00:00:01Z,1,2,0.5,1.5,9\n";
    assert!(read(&codec, &query, odd).is_err());
    let no_offset = b"2020-01-03 00:00:00,1,2,0.5,1.5,9\n";
    assert!(
        read(&codec, &query, no_offset).is_err(),
        "a time without an offset is not guessed"
    );
    assert!(read(&codec, &query, b"2020-01-03T00:00:00Z,1,2\n").is_err());
}

#[test]
fn rows_of_json_may_be_lists_and_the_answer_itself() {
    let lists = with(
        bars(),
        json!({
            "format": {"as": "json"},
            "time": "milliseconds",
            "columns": {"time": 0, "open": 1, "high": 2, "low": 3, "close": 4},
        }),
    );
    let codec = made(lists).unwrap();
    let query = candles("aapl.us", Timeframe::D1);
    let rows = read(&codec, &query, b"[[1577923200000,1,2,0.5,1.5]]").unwrap();
    assert_eq!(rows[0].open_time, day("2020-01-02"));
    assert!(read(&codec, &query, br#"{"error":"no"}"#).is_err());
}

#[test]
fn bounds_are_written_as_described() {
    let from = Timestamp::from_millis(1_577_923_200_001);
    let query = |to| Query::Candles {
        symbol: symbol("aapl.us"),
        timeframe: Timeframe::D1,
        from: Some(from),
        to: Some(to),
        limit: 5,
    };
    let to = Timestamp::from_millis(1_578_009_600_000);
    for (bounds, expected) in [
        (json!({"unit": "seconds"}), "from=1577923201&to=1578009600"),
        (
            json!({"unit": "seconds", "to_included": true}),
            "from=1577923201&to=1578009599",
        ),
        (
            json!({"unit": "milliseconds", "to_included": true}),
            "from=1577923200001&to=1578009599999",
        ),
        (json!({"unit": "date"}), "from=2020-01-03&to=2020-01-03"),
        (
            json!({"unit": "compact_date", "to_included": true}),
            "from=20200103&to=20200102",
        ),
        (
            json!({"unit": "rfc3339"}),
            "from=2020-01-02T00%3A00%3A01Z&to=2020-01-03T00%3A00%3A00Z",
        ),
    ] {
        let codec = made(with(bars(), json!({"bounds": bounds}))).unwrap();
        let target = target(&codec, &query(to));
        assert!(target.contains(expected), "{target}");
    }
    let codec = made(bars()).unwrap();
    assert!(codec.request(&query(from)).is_err());
}

#[test]
fn what_cannot_be_followed_is_said() {
    for (changes, part) in [
        (json!({"rest_url": "ftp://x"}), "rest_url"),
        (json!({"rest_url": "https://x/"}), "rest_url"),
        (json!({"requests": 0}), "requests"),
        (json!({"rows": 0}), "rows"),
        (json!({"stretch": 0}), "stretch"),
        (json!({"timeframes": {}}), "timeframes"),
        (json!({"timeframes": {"7h": "x"}}), "7h"),
        (json!({"symbols": {}}), "symbols"),
        (json!({"symbols": {"a b": "x"}}), "symbols"),
        (json!({"symbols": {"aapl": "x"}}), "capitals"),
        (json!({"symbols": {"AAPL": ""}}), "symbols"),
        (json!({"target": "v1/{symbol}"}), "target"),
        (json!({"target": "/v1/bars"}), "{symbol}"),
        (json!({"target": "/v1/{symbol}/{key}"}), "key"),
        (json!({"target": "/v1/{symbol"}), "target"),
        (json!({"target": "/v1/{symbol}#}"}), "target"),
        (json!({"target": "/v1/{symbol} x"}), "target"),
        (json!({"format": {"as": "csv", "header": false}}), "header"),
        (
            json!({"format": {"as": "csv", "separator": "\""}}),
            "separator",
        ),
        (json!({"format": {"as": "xml"}}), "xml"),
        (json!({"api_key": "secret"}), "api_key"),
        (json!({"columns": {"time": "t"}}), "open"),
    ] {
        let error = made(with(bars(), changes.clone())).unwrap_err();
        assert!(error.contains(part), "{changes}: {error}");
    }
}

#[test]
fn broken_answers_are_refused() {
    let query = candles("aapl.us", Timeframe::D1);
    let good = [Good::Answer(&query, BARS.as_bytes())];
    survives(&made(bars()).unwrap(), &good, false);
}
