//! Stooq. Nothing of it was recorded: the tables are our own.

use quantflow_model::Timeframe;
use quantflow_venues::Stooq;
use quantflow_wire::{Codec, DecodeError};

use super::{between, candles, day, prices, read, symbol, target};
use crate::survives::{Good, survives};

fn codec() -> Stooq {
    Stooq::new("stooq".parse().unwrap())
}

const TABLE: &str = "Date,Open,High,Low,Close,Volume\r\n2020-01-02,74.06,75.15,73.7975,75.0875,135480400\r\n2020-01-03,74.2875,75.145,74.125,74.3575,146322800\r\n";

#[test]
fn tables_are_read() {
    let query = candles("aapl.us", Timeframe::D1);
    let rows = read(&codec(), &query, TABLE.as_bytes()).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].open_time, day("2020-01-02"));
    assert_eq!(
        prices(&rows[0]),
        ["74.06", "75.15", "73.7975", "75.0875", "135480400"]
    );
    let no_volume = "Date,Open,High,Low,Close\n2020-01-02,1.1,1.2,1.0,1.15\n";
    let rows = read(&codec(), &query, no_volume.as_bytes()).unwrap();
    assert_eq!(prices(&rows[0]), ["1.1", "1.2", "1", "1.15", "0"]);
    assert_eq!(read(&codec(), &query, b"No data").unwrap(), []);
    let limit = read(&codec(), &query, b"Exceeded the daily hits limit");
    assert!(matches!(limit, Err(DecodeError::Venue { .. })), "{limit:?}");
    for broken in [
        "",
        "Date,Open,High,Low,Close,Adj\n",
        "Date,Open,High,Low,Close\n2020-01-02,1,2,3\n",
        "Date,Open,High,Low,Close\n2020-13-02,1,2,3,4\n",
        "Date,Open,High,Low,Close\n2020-01-02,1,2,3,NaN\n",
        "<html><body>,,,,</body></html>",
    ] {
        assert!(
            read(&codec(), &query, broken.as_bytes()).is_err(),
            "{broken}"
        );
    }
}

#[test]
fn broken_tables_are_refused() {
    let query = candles("aapl.us", Timeframe::D1);
    survives(&codec(), &[Good::Answer(&query, TABLE.as_bytes())], true);
}

#[test]
fn queries_are_requests() {
    let codec = codec();
    let query = between("^spx", Timeframe::D1, "2020-01-02", "2020-02-01");
    assert_eq!(
        target(&codec, &query),
        "/q/d/l/?s=%5Espx&d1=20200102&d2=20200131&i=d"
    );
    assert_eq!(
        target(&codec, &candles("eurusd", Timeframe::D1)),
        "/q/d/l/?s=eurusd&i=d"
    );
    assert!(codec.request(&candles("eurusd", Timeframe::W1)).is_err());
    assert_eq!(
        codec.spell(&"stooq:AAPL.US".parse().unwrap()),
        Some(symbol("aapl.us"))
    );
    assert_eq!(
        codec.spell(&"stooq:EUR/USD".parse().unwrap()),
        Some(symbol("eurusd"))
    );
}
