//! The recordings of Deribit, and what others make of them.

use quantflow_model::{Timeframe, Timestamp};
use quantflow_testkit::recorded::{self, Census, ccxt, cryptofeed};
use quantflow_wire::{Codec, EventKind, Input, Query};

use super::{codec, instruments, one, state, ticker};
use crate::rebuilt::{self, Books};
use crate::support::{book, candles, json, recent_trades, venue_symbol};
use crate::trial::checked;

/// Every message decodes, and each change of a book names the one before.
#[test]
fn the_recorded_socket_decodes_and_its_books_follow() {
    let Some(lines) = cryptofeed::socket("DERIBIT.ws.1.0") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    let mut books = Books::of(&codec);
    for line in lines.iter().filter(|line| !line.sent) {
        let input = Input::message(&line.payload);
        checked(&codec, &input).unwrap();
        for event in census.take(&codec, "socket of 2021", &input) {
            books.take(&event);
            if let EventKind::Option(state) = &event.kind {
                assert!(state.mark_volatility.is_some());
            }
        }
    }
    assert_eq!(books.symbols().count(), 10);
    assert_eq!(census.decoded("book"), 10);
    assert_eq!(census.decoded("book change"), 36);
    assert_eq!(census.decoded("option"), census.decoded("ticker"));
    census.close();
}

#[test]
fn recorded_instruments_are_named_and_spelt_as_the_venue_does() {
    let codec = codec();
    let Some(answers) = cryptofeed::answers("DERIBIT.0") else {
        return;
    };
    let mut census = Census::of(&codec);
    let query = instruments();
    let mut named = 0;
    for recorded in &answers {
        let input = Input::Answer {
            query: &query,
            body: &recorded.body,
        };
        let listed = json(&recorded.body)["result"].as_array().unwrap().len();
        for event in census.take(&codec, "lists of 2021 and 2022", &input) {
            let EventKind::Instruments(list) = event.kind else {
                panic!()
            };
            assert_eq!(list.len(), listed);
            for instrument in &list {
                let spelt = codec.spell(&instrument.symbol);
                assert_eq!(spelt.as_ref(), Some(&instrument.venue_symbol));
            }
            named += list.len();
        }
    }
    println!("| deribit | lists of 2021 and 2022 | instruments named | {named} | spelt back |");
    assert!(named > 500);
    census.close();
}

/// Files of another reader: captured, some cut to the part that is asked for.
#[test]
fn recorded_messages_and_answers_decode() {
    let codec = codec();
    let mut census = Census::of(&codec);
    let Some(files) = recorded::files("rest_ws_nautilus/deribit") else {
        return;
    };
    for name in files {
        let bytes = recorded::bytes(&name).unwrap();
        let source = "messages and answers of another reader";
        let file = name.rsplit('/').next().unwrap();
        if file.starts_with("ws_") {
            let _ = checked(&codec, &Input::message(&bytes));
            census.take(&codec, source, &Input::message(&bytes));
            continue;
        }
        let mut body = json(&bytes);
        let query = match file {
            "http_get_instruments_future_combo.json" | "http_get_instruments_option_combo.json" => {
                instruments()
            }
            "http_get_instrument.json" | "http_get_instrument_option.json" => {
                // one instrument where we ask for all
                body["result"] = serde_json::json!([body["result"]]);
                instruments()
            }
            "http_get_order_book.json" => book("BTC-PERPETUAL"),
            "http_get_tradingview_chart_data.json" => candles("BTC-PERPETUAL", Timeframe::M1),
            name if name.starts_with("http_get_last_trades") => recent_trades(
                body["result"]["trades"][0]["instrument_name"]
                    .as_str()
                    .unwrap(),
            ),
            name => {
                census.count(source, name, "of a question that is not asked");
                continue;
            }
        };
        let body = body.to_string().into_bytes();
        let input = Input::Answer {
            query: &query,
            body: &body,
        };
        checked(&codec, &input).unwrap();
        census.take(&codec, source, &input);
    }
    let folder = "rest_ws_xchange/xchange-deribit/marketdata__example";
    for (name, query) in [
        ("instrument", instruments()),
        ("ticker", ticker("BTC-3MAY19-5000-P")),
        ("ticker", state("BTC-3MAY19-5000-P")),
        (
            "summary",
            Query::OpenInterest {
                symbol: venue_symbol("ETH-22FEB19-140-P"),
            },
        ),
    ] {
        let inner = json(&recorded::bytes(&format!("{folder}-{name}.json")).unwrap());
        let result = match name {
            "ticker" => inner,
            _ => serde_json::json!([inner]),
        };
        let body = serde_json::json!({"jsonrpc": "2.0", "result": result}).to_string();
        let input = Input::Answer {
            query: &query,
            body: body.as_bytes(),
        };
        checked(&codec, &input).unwrap();
        census.take(&codec, "XChange", &input);
    }
    census.count("XChange", "currency", "of a question that is not asked");
    let log = recorded::bytes("rest_gocryptotrader/deribit/wsAllTrades.json").unwrap();
    for bytes in log.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        checked(&codec, &Input::message(bytes)).unwrap();
        census.take(&codec, "log of trades", &Input::message(bytes));
    }
    census.close();
}

#[test]
fn recorded_cassettes_decode() {
    let codec = codec();
    let mut census = Census::of(&codec);
    let Some(files) = recorded::files("rest_cassettes_coingecko/Deribit") else {
        return;
    };
    for name in files {
        for (uri, body) in rebuilt::cassette(&name).unwrap() {
            let symbol = |key| uri.split(key).nth(1).unwrap().split('&').next().unwrap();
            let query = if uri.contains("get_instruments") {
                instruments()
            } else if uri.contains("get_book_summary") {
                let symbol = venue_symbol(symbol("instrument_name="));
                Query::OpenInterest { symbol }
            } else if uri.contains("getorderbook") {
                book(symbol("instrument="))
            } else if uri.contains("getlasttrades") {
                recent_trades(symbol("instrument="))
            } else {
                census.count(
                    "cassettes of 2020",
                    "index",
                    "of a question that is not asked",
                );
                continue;
            };
            let input = Input::Answer {
                query: &query,
                body: &body,
            };
            let _ = checked(&codec, &input);
            census.take(&codec, "cassettes of 2020", &input);
        }
    }
    assert!(census.decoded("contract") >= 3);
    census.close();
}

/// The documents call it a sequence of the instrument; the recordings agree.
#[test]
fn recorded_trades_are_numbered_without_a_gap() {
    let file = "rest_ws_nautilus/deribit/http_get_last_trades_perpetual_with_combo_tags.json";
    let Some(body) = recorded::bytes(file) else {
        return;
    };
    let query = recent_trades("BTC-PERPETUAL");
    let input = Input::Answer {
        query: &query,
        body: &body,
    };
    let ids: Vec<_> = checked(&codec(), &input)
        .unwrap()
        .into_iter()
        .map(|event| match event.kind {
            EventKind::Trade(trade) => trade.trade.id.0,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(ids.len() > 5);
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "{ids:?}");
}

#[test]
fn answers_are_those_of_ccxt() {
    let codec = codec();
    let Some(cases) = ccxt::cases("deribit") else {
        return;
    };
    let mut comparison = ccxt::Comparison::default();
    for case in &cases {
        let (query, body) = match case.method.as_str() {
            "fetchOrderBook" => (book("BTC-PERPETUAL"), case.body.clone()),
            "fetchTicker" => (ticker("BTC-PERPETUAL"), case.body.clone()),
            "fetchMarkets" => {
                let body = json(&case.body)["get_instruments"].to_string();
                (instruments(), body.into_bytes())
            }
            other => panic!("{other}"),
        };
        let input = Input::Answer {
            query: &query,
            body: &body,
        };
        match &checked(&codec, &input).unwrap()[0].kind {
            EventKind::BookSnapshot(ours) => {
                comparison.book(case, ours);
                let number = ours.last_update_id.to_string().parse().ok();
                comparison.number("nonce", number, &case.unified["nonce"]);
            }
            EventKind::Ticker(ours) => comparison.ticker(case, ours),
            EventKind::Instruments(ours) => {
                let theirs = case.unified.as_array().unwrap();
                assert_eq!(ours.len(), theirs.len());
                for (ours, theirs) in ours.iter().zip(theirs) {
                    let name = ours.venue_symbol.as_str();
                    comparison.text(&format!("{name}: id"), Some(name), &theirs["id"]);
                    // ccxt writes dates without their century
                    let symbol = ours.symbol.instrument().replacen("-20", "-", 1);
                    let what = format!("{name}: symbol");
                    comparison.text(&what, Some(&symbol), &theirs["symbol"]);
                    let precision = &theirs["precision"];
                    let (tick, lot) = (ours.tick.unwrap().0, ours.lot.unwrap().0);
                    comparison.number(&format!("{name}: tick"), Some(tick), &precision["price"]);
                    comparison.number(&format!("{name}: lot"), Some(lot), &precision["amount"]);
                }
            }
            other => panic!("{other:?}"),
        }
    }
    comparison.close("deribit", &[]);
}

/// A recorder's rows of a book, put back into the message that they came in.
#[test]
fn a_recorder_s_levels_are_a_book() {
    let name = "nautilus_series/tardis__deribit_incremental_book_L2_BTC-PERPETUAL.csv";
    let Some(text) = recorded::bytes(name) else {
        return;
    };
    let text = String::from_utf8(text).unwrap();
    let rows = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>());
    let rows: Vec<_> = rows.collect();
    let side = |side: &str| {
        let rows = rows.iter().filter(|row| row[5] == side && row[4] == "true");
        let levels = rows.map(|row| format!("[\"new\",{},{}]", row[6], row[7]));
        levels.collect::<Vec<_>>().join(",")
    };
    let micros: i64 = rows[0][2].parse().unwrap();
    let message = format!(
        r#"{{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"book.BTC-PERPETUAL.raw","data":{{"type":"snapshot","timestamp":{},"instrument_name":"BTC-PERPETUAL","change_id":1,"bids":[{}],"asks":[{}]}}}}}}"#,
        micros / 1_000,
        side("bid"),
        side("ask"),
    );
    let event = one(&message);
    assert_eq!(event.sent, Some(Timestamp::from_micros(micros)));
    let EventKind::BookSnapshot(book) = event.kind else {
        panic!()
    };
    let levels = book.bids.iter().chain(&book.asks);
    let mut ours: Vec<_> = levels
        .map(|l| (l.price.to_string(), l.quantity.to_string()))
        .collect();
    let number = |text: &str| {
        text.parse::<quantflow_model::Decimal>()
            .unwrap()
            .to_string()
    };
    let mut theirs: Vec<_> = rows
        .iter()
        .map(|row| (number(row[6]), number(row[7])))
        .collect();
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
    println!(
        "| deribit | series of levels | level | {} | equal |",
        ours.len()
    );
}
