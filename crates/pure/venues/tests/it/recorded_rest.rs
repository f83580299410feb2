//! Recorded REST answers: every one decodes or is named here, and says the same again.

use quantflow_model::{InstrumentStatus, Timeframe};
use quantflow_testkit::recorded;
use quantflow_wire::{DecodeError, Encoded, EventKind, Query};
use serde_json::Value;

use crate::support::{book, candles, decode_answer, encoded, json, recent_trades, venue_symbol};

/// Decodes an answer and checks that it is encoded to itself; how many events it held.
fn same_again(query: &Query, body: &Value) -> usize {
    let events = decode_answer(query, body.to_string().as_bytes())
        .unwrap_or_else(|error| panic!("{query:?}: {error}"));
    assert_eq!(
        &encoded(&events, &Encoded::Answer(query)),
        body,
        "{query:?}"
    );
    events.len()
}

/// The recorded answers of a route: query string and body.
fn responses(name: &str) -> Option<Vec<(String, Value)>> {
    let file = json(&recorded::bytes(&format!(
        "rest_gocryptotrader/binance/{name}"
    ))?);
    let list = file["responses"].as_array().unwrap().iter();
    let pair = |r: &Value| (r["queryString"].as_str().unwrap().into(), r["data"].clone());
    Some(list.map(pair).collect())
}

#[test]
fn recorded_trades_say_the_same_again() {
    let mut rows = 0;
    for name in ["api_v3_trades.json.gz", "api_v3_historicalTrades.json"] {
        for (_, body) in responses(name).into_iter().flatten() {
            rows += same_again(&recent_trades("BTCUSDT"), &body);
            let from = Query::TradesFromId {
                symbol: venue_symbol("BTCUSDT"),
                from: 0.try_into().map(quantflow_model::TradeId).unwrap(),
                limit: 1_000,
            };
            same_again(&from, &body);
        }
    }
    println!("trades and historicalTrades: {rows} rows");
    assert!(rows == 0 || rows == 1_017, "{rows}");
}

#[test]
fn recorded_aggregates_say_the_same_again_or_lack_a_side() {
    let Some(responses) = responses("api_v3_aggTrades.json.gz") else {
        return;
    };
    let query = Query::AggregateTradesFromId {
        symbol: venue_symbol("BTCUSDT"),
        from: quantflow_model::TradeId(0),
        limit: 1_000,
    };
    let (mut rows, mut without_side) = (0, Vec::new());
    for (asked, body) in responses {
        // the recorder lost the name of the field `m` in some answers: they cannot be read
        let lost = body
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row.get("").is_some());
        if lost {
            let error = decode_answer(&query, body.to_string().as_bytes()).unwrap_err();
            let expected = DecodeError::Missing {
                message: "aggTrades",
                field: "m",
            };
            assert_eq!(error, expected);
            without_side.push(asked);
        } else {
            rows += same_again(&query, &body);
        }
    }
    println!(
        "aggTrades: {rows} rows; {} answers without `m`:",
        without_side.len()
    );
    for asked in &without_side {
        println!("  {asked}");
    }
    assert_eq!((rows, without_side.len()), (1_042, 4));
}

#[test]
fn recorded_candles_say_the_same_again() {
    let mut total = 0;
    for (symbol, timeframe, days) in [
        (
            "BTCUSDT",
            Timeframe::M15,
            ["2025-01-06", "2025-10-06"].as_slice(),
        ),
        (
            "BTCUSDT",
            Timeframe::H1,
            &["2022-11-01", "2023-03-01", "2024-04-01"],
        ),
        ("ETHUSDT", Timeframe::D1, &["2018-01-01", "2024-01-01"]),
    ] {
        for day in days {
            let name = format!("rest_raw_klines/binance_{symbol}_{timeframe}/{day}.json.gz");
            let Some(bytes) = recorded::bytes(&name) else {
                return;
            };
            let rows = same_again(&candles(symbol, timeframe), &json(&bytes));
            println!("klines {symbol} {timeframe} {day}: {rows} rows");
            total += rows;
        }
    }
    assert_eq!(total, 4_988);
}

#[test]
fn recorded_books_say_the_same_again() {
    let Some(bytes) = recorded::bytes("ws_raw_cryptofeed/BINANCE.http.0.0.gz") else {
        return;
    };
    let text = String::from_utf8(bytes).unwrap();
    let mut books = 0;
    for line in text.lines().filter(|line| line.contains("/depth?")) {
        let (_, body) = line.split_once(": ").unwrap();
        same_again(&book("NKNUSDT"), &json(body.as_bytes()));
        books += 1;
    }
    for name in [
        "rest_ws_nautilus/binance/spot__http_json__depth_response.json",
        "rest_ws_xchange/xchange-binance/__files__depth.json",
    ] {
        let Some(bytes) = recorded::bytes(name) else {
            return;
        };
        same_again(&book("LTCBTC"), &json(&bytes));
        books += 1;
    }
    println!("depth: {books} books");
    assert_eq!(books, 6);
}

fn ticker(symbol: &str) -> Query {
    Query::Ticker {
        symbol: Some(venue_symbol(symbol)),
    }
}

fn best_quote(symbol: &str) -> Query {
    Query::BestQuote {
        symbol: Some(venue_symbol(symbol)),
    }
}

#[test]
fn recorded_tickers_say_the_same_again() {
    let Some(answers) = responses("api_v3_ticker_24hr.json") else {
        return;
    };
    let mut read = 0;
    for (asked, body) in answers {
        if body.is_array() {
            read += same_again(&Query::Ticker { symbol: None }, &body);
        } else {
            // the recording answers for another symbol than was asked for in places
            let symbol = body["symbol"].as_str().unwrap();
            read += same_again(&ticker(symbol), &body);
            if !asked.contains(symbol) {
                println!("  asked {asked}, answered {symbol}");
            }
            let error = decode_answer(&ticker("OTHER"), body.to_string().as_bytes());
            let expected = DecodeError::BadField {
                message: "ticker/24hr",
                field: "symbol",
                found: format!("{symbol:?}"),
            };
            assert_eq!(error.unwrap_err(), expected);
        }
    }
    for (_, body) in responses("api_v3_ticker_bookTicker.json").unwrap() {
        read += same_again(&best_quote(body["symbol"].as_str().unwrap()), &body);
        let all = Value::Array(vec![body]);
        read += same_again(&Query::BestQuote { symbol: None }, &all);
    }
    let file = |name| json(&recorded::bytes(name).unwrap());
    read += same_again(
        &ticker("BNBBTC"),
        &file("rest_ws_nautilus/binance/spot__http_json__ticker_24hr_response.json"),
    );
    read += same_again(
        &best_quote("LTCBTC"),
        &file("rest_ws_nautilus/binance/spot__http_json__book_ticker_response.json"),
    );
    println!("ticker/24hr and bookTicker: {read}");
    // an answer of 2017, before there were bidQty and askQty: named, not guessed
    let old = file("rest_ws_xchange/xchange-binance/__files__single-24hr-ticker.json");
    let error = decode_answer(&ticker("BNBBTC"), old.to_string().as_bytes()).unwrap_err();
    let expected = DecodeError::Missing {
        message: "ticker/24hr",
        field: "bidQty",
    };
    assert_eq!(error, expected);
}

#[test]
fn recorded_instruments_keep_what_an_instrument_carries() {
    let Some(bytes) = recorded::bytes("ws_raw_cryptofeed/BINANCE.0.gz") else {
        return;
    };
    let text = String::from_utf8(bytes).unwrap();
    let (_, old) = text.lines().next().unwrap().split_once(": ").unwrap();
    let new = responses("api_v3_exchangeInfo.json.gz").unwrap()[0]
        .1
        .clone();
    for body in [json(old.as_bytes()), new] {
        let events = decode_answer(&Query::Instruments, body.to_string().as_bytes()).unwrap();
        let EventKind::Instruments(instruments) = &events[0].kind else {
            panic!("{events:?}");
        };
        let listed = body["symbols"].as_array().unwrap();
        assert_eq!(
            instruments.len(),
            listed.len(),
            "an asset that we cannot name"
        );
        let trading = |i: &&quantflow_model::Instrument| i.status == InstrumentStatus::Trading;
        println!(
            "exchangeInfo: {} instruments, {} of them trading",
            instruments.len(),
            instruments.iter().filter(trading).count()
        );
        let again = encoded(&events, &Encoded::Answer(&Query::Instruments));
        assert_eq!(again["serverTime"], body["serverTime"]);
        assert_eq!(again["timezone"], body["timezone"]);
        for (ours, theirs) in again["symbols"].as_array().unwrap().iter().zip(listed) {
            for field in ["symbol", "status", "baseAsset", "quoteAsset"] {
                assert_eq!(
                    ours[field], theirs[field],
                    "{field} of {}",
                    theirs["symbol"]
                );
            }
            let filter = |of: &Value, kinds: &[&str], field: &str| {
                let filters = of["filters"].as_array().unwrap().iter();
                let mut filters =
                    filters.filter(|f| kinds.contains(&f["filterType"].as_str().unwrap()));
                filters.next().unwrap()[field].clone()
            };
            for (kinds, field) in [
                (["PRICE_FILTER"].as_slice(), "tickSize"),
                (&["LOT_SIZE"], "stepSize"),
                (&["NOTIONAL", "MIN_NOTIONAL"], "minNotional"),
            ] {
                // numbers, for those of 2021 were not always padded
                let number = |of| -> quantflow_model::Decimal {
                    filter(of, kinds, field).as_str().unwrap().parse().unwrap()
                };
                assert_eq!(number(ours), number(theirs), "{field}");
            }
        }
        // what was written is read as the same
        let bytes = again.to_string().into_bytes();
        assert_eq!(decode_answer(&Query::Instruments, &bytes).unwrap(), events);
    }
}
