//! Alpha Vantage.

use quantflow_model::{Price, Timeframe};
use quantflow_testkit::recorded::{self, Census};
use quantflow_venues::AlphaVantage;
use quantflow_venues::actions::ActionKind;
use quantflow_wire::{Codec, DecodeError, Input, Response};

use super::{between, candles, day, prices, read, symbol, target};
use crate::survives::{Good, checked, survives};

fn codec() -> AlphaVantage {
    AlphaVantage::new("alphavantage".parse().unwrap())
}

#[test]
fn recorded_series_decode() {
    let Some(files) = recorded::files("rest_alphavantage") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    for path in &files {
        let file = path.rsplit('/').next().unwrap();
        let query = match file.split('.').next().unwrap() {
            "timeseries__daily" | "timeseries__dailyadjusted" => candles("IBM", Timeframe::D1),
            "timeseries__intraday" => candles("IBM", Timeframe::M5),
            "forex__intraday" => candles("EUR/USD", Timeframe::M5),
            "crypto__intraday" => candles("ETH/USD", Timeframe::M5),
            "crypto__daily" => candles("BTC/EUR", Timeframe::D1),
            _ => {
                census.count("other questions", "an answer", "never asked");
                continue;
            }
        };
        let body = recorded::bytes(path).unwrap();
        let input = Input::Answer {
            query: &query,
            body: &body,
        };
        let _ = checked(&codec, &input);
        census.take(&codec, file, &input);
    }
    assert_eq!(census.decoded("candle"), 14);
    census.close();
}

#[test]
fn recorded_times_of_new_york_are_exact() {
    let Some(body) = recorded::bytes("rest_alphavantage/timeseries__intraday.json") else {
        return;
    };
    let read = read(&codec(), &candles("IBM", Timeframe::M5), &body).unwrap();
    assert_eq!(read[1].open_time.to_string(), "2020-05-08T18:05:00Z");
    assert_eq!(
        prices(&read[1]),
        ["121.79", "121.86", "121.7225", "121.74", "31454"]
    );
    let body = recorded::bytes("rest_alphavantage/timeseries__dailyadjusted.json").unwrap();
    let actions = codec().corporate_actions(&body).unwrap();
    let paid: Price = "1.63".parse().unwrap();
    assert_eq!(actions.len(), 1);
    assert_eq!(actions[0].kind, ActionKind::Dividend(paid));
    assert_eq!(actions[0].date, day("2020-05-07"));
}

/// Of our own, after the recordings.
const DAILY: &str = r#"{"Meta Data":{"1. Information":"Daily","2. Symbol":"IBM","3. Last Refreshed":"2020-05-08","4. Output Size":"Compact","5. Time Zone":"US/Eastern"},"Time Series (Daily)":{"2020-05-08":{"1. open":"122.67","2. high":"122.8","3. low":"121.06","4. close":"121.79","5. volume":"2538547"},"2020-05-07":{"1. open":"122.98","2. high":"123.26","3. low":"120.85","4. close":"121.23","5. volume":"4412047"}}}"#;

#[test]
fn answers_are_cut_checked_and_refused() {
    let codec = codec();
    let cut = between("IBM", Timeframe::D1, "2020-05-07", "2020-05-08");
    let one = read(&codec, &cut, DAILY.as_bytes()).unwrap();
    assert_eq!((one.len(), one[0].open_time), (1, day("2020-05-07")));
    let other = read(&codec, &candles("MSFT", Timeframe::D1), DAILY.as_bytes());
    assert!(
        matches!(other, Err(DecodeError::BadField { .. })),
        "{other:?}"
    );
    let note =
        br#"{"Note":"Thank you! Our standard API call frequency is 5 requests per minute."}"#;
    let refused = read(&codec, &cut, note);
    assert!(matches!(refused, Err(DecodeError::Venue { code: 0, .. })));
    let response = |body: &[u8]| Response {
        status: 200,
        headers: Vec::new(),
        body: body.to_vec(),
    };
    let away = |body: &[u8]| codec.stay_away(&response(body)).map(|away| away.as_secs());
    assert_eq!(away(note), Some(60));
    assert_eq!(
        away(br#"{"Information":"25 requests per day"}"#),
        Some(3_600)
    );
    assert_eq!(away(br#"{"Error Message":"Invalid API call."}"#), None);
    assert_eq!(away(DAILY.as_bytes()), None);
    let tokyo = DAILY
        .replace("2020-05-08\":{", "2020-05-08 09:00:00\":{")
        .replace("US/Eastern", "Asia/Tokyo");
    assert!(read(&codec, &cut, tokyo.as_bytes()).is_err());
}

#[test]
fn broken_answers_are_refused() {
    let query = candles("IBM", Timeframe::D1);
    survives(&codec(), &[Good::Answer(&query, DAILY.as_bytes())], false);
}

#[test]
fn queries_are_requests() {
    let codec = codec();
    for (query, expected) in [
        (
            candles("IBM", Timeframe::D1),
            "function=TIME_SERIES_DAILY&symbol=IBM&outputsize=full",
        ),
        (
            between("IBM", Timeframe::M5, "2020-05-01", "2020-06-01"),
            "function=TIME_SERIES_INTRADAY&symbol=IBM&interval=5min&extended_hours=false&month=2020-05&outputsize=full",
        ),
        (
            candles("EUR/USD", Timeframe::D1),
            "function=FX_DAILY&from_symbol=EUR&to_symbol=USD&outputsize=full",
        ),
        (
            candles("BTC/EUR", Timeframe::D1),
            "function=DIGITAL_CURRENCY_DAILY&symbol=BTC&market=EUR",
        ),
        (
            candles("ETH/USD", Timeframe::H1),
            "function=CRYPTO_INTRADAY&symbol=ETH&market=USD&interval=60min&outputsize=full",
        ),
    ] {
        let request = codec.request(&query).unwrap();
        assert_eq!(request.target, format!("/query?{expected}"));
        assert_eq!(request.key_header, Some("X-RapidAPI-Key"));
        assert_eq!(request.headers[0].1, "alpha-vantage.p.rapidapi.com");
    }
    let newest = quantflow_wire::Query::Candles {
        symbol: symbol("IBM"),
        timeframe: Timeframe::D1,
        from: None,
        to: None,
        limit: 100,
    };
    assert!(target(&codec, &newest).ends_with("outputsize=compact"));
    let page = quantflow_wire::Query::Candles {
        symbol: symbol("IBM"),
        timeframe: Timeframe::M5,
        from: None,
        to: Some(day("2020-06-01")),
        limit: 100,
    };
    assert!(target(&codec, &page).contains("&month=2020-05&"));
    let two_months = between("IBM", Timeframe::M5, "2020-05-01", "2020-06-02");
    assert!(codec.request(&two_months).is_err());
    assert!(codec.request(&candles("IBM", Timeframe::W1)).is_err());
    let pair = "alphavantage:EUR/USD".parse().unwrap();
    assert_eq!(codec.spell(&pair), Some(symbol("EUR/USD")));
}
