//! The recordings of bitFlyer, and what others make of them.

use std::collections::BTreeMap;

use quantflow_model::{Decimal, Side, Timestamp};
use quantflow_testkit::recorded::{self, Census};
use quantflow_wire::{Codec, EventKind, Input, Query};
use serde_json::{Value, json};

use super::{codec, of, ticker, trades};
use crate::rebuilt::{self, Books};
use crate::support::{book, recent_trades};
use crate::trial::checked;

/// The rows of a recorder, all fields in quotes.
fn rows(name: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let text = String::from_utf8(recorded::bytes(&format!("trades_bitflyer_raw/{name}"))?).unwrap();
    let fields = |line: &str| -> Vec<String> {
        let line = line
            .strip_prefix('"')
            .and_then(|line| line.strip_suffix('"'));
        line.unwrap().split("\",\"").map(str::to_owned).collect()
    };
    let mut lines = text.lines();
    let names = fields(lines.next().unwrap());
    let row = |line| names.iter().cloned().zip(fields(line)).collect();
    Some(lines.map(row).collect())
}

/// A time of the recorder's as the venue writes it: UTC, without saying so.
fn as_venue(time: &str) -> String {
    if time.is_empty() {
        return String::new();
    }
    let time: Timestamp = time.parse().unwrap();
    time.to_string().trim_end_matches('Z').to_owned()
}

fn raw(text: &str) -> Value {
    // as the venue writes it, exponent and all
    serde_json::from_str(text).unwrap()
}

#[test]
fn recorded_answers_decode() {
    let codec = codec();
    let mut census = Census::of(&codec);
    let mut take = |source: &str, query: &Query, body: &[u8]| {
        let input = Input::Answer { query, body };
        checked(&codec, &input).unwrap();
        census.take(&codec, source, &input)
    };
    let Some(files) = recorded::files("rest_cassettes_coingecko/Bitflyer") else {
        return;
    };
    let mut books = Books::of(&codec);
    let mut symbols = Vec::new();
    for name in files {
        for (uri, body) in rebuilt::cassette(&name).unwrap() {
            let query = match uri.rsplit('/').next().unwrap() {
                "markets" => of("japan"),
                part @ ("usa" | "eu") => of(part),
                _ => book("BTC_JPY"),
            };
            for event in take("cassettes of 2020", &query, &body) {
                books.take(&event);
                match event.kind {
                    EventKind::Instruments(list) => {
                        for instrument in list {
                            let spelt = codec.spell(&instrument.symbol);
                            assert_eq!(spelt.as_ref(), Some(&instrument.venue_symbol));
                            symbols.push(instrument.symbol.instrument().to_owned());
                        }
                    }
                    EventKind::BookSnapshot(book) => {
                        let sides = books.sides(event.symbol.as_ref().unwrap());
                        assert!(book.bids.len() > 100);
                        assert_eq!(sides, (book.bids, book.asks), "best first");
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert_eq!(symbols.len(), 10);
    for symbol in ["BTC/JPY", "BTC/JPY:JPY", "BTC/JPY:JPY-20200327"] {
        assert!(symbols.iter().any(|known| known == symbol), "{symbol}");
    }
    let folder = "rest_ws_xchange/xchange-bitflyer/marketdata__example";
    for (name, query) in [
        ("orderbook", book("BTC_JPY")),
        ("ticker", ticker("BTC_JPY")),
    ] {
        let body = recorded::bytes(&format!("{folder}-{name}.json")).unwrap();
        take("XChange", &query, &body);
    }
    census.close();
}

/// A recorder's executions, put back into the answers that it polled, are the canonical trades.
#[test]
fn recorded_executions_are_the_canonical_trades() {
    let Some(rows) = rows("bitflyer.execution.20180127.BTC_JPY.first30000.csv.gz") else {
        return;
    };
    let canonical = "canonical/bitflyer_BTCJPY_trades_tick_20180121_20180128.csv.gz";
    let canonical = String::from_utf8(recorded::bytes(canonical).unwrap()).unwrap();
    let mut known = BTreeMap::new();
    for line in canonical.lines().skip(1) {
        let [time, price, quantity, side, id] =
            line.split(',').collect::<Vec<_>>().try_into().unwrap();
        known.insert(id, (time, price, quantity, side));
    }
    let codec = codec();
    let mut census = Census::of(&codec);
    let mut polls: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut blank = std::collections::HashSet::new();
    for row in &rows {
        if row["exec_date"].is_empty() {
            blank.insert(row["id"].clone());
        }
        polls.entry(&row["loaded"]).or_default().push(json!({
            "id": raw(&row["id"]),
            "side": row["side"],
            "price": raw(&row["price"]),
            "size": raw(&row["size"]),
            "exec_date": as_venue(&row["exec_date"]),
            "buy_child_order_acceptance_id": row["buy_child_order_acceptance_id"],
            "sell_child_order_acceptance_id": row["sell_child_order_acceptance_id"],
        }));
    }
    let query = recent_trades("BTC_JPY");
    let (mut equal, mut near, mut sides) = (0, 0, 0);
    for poll in polls.values() {
        let body = Value::Array(poll.clone()).to_string();
        let input = Input::Answer {
            query: &query,
            body: body.as_bytes(),
        };
        for trade in trades(census.take(&codec, "recorder of 2018", &input)) {
            let id = trade.id.to_string();
            let (time, price, quantity, side) = known[id.as_str()];
            assert_eq!(trade.price, price.parse().unwrap());
            assert_eq!(trade.quantity, quantity.parse().unwrap());
            let name = match trade.side {
                Side::Buy => "buy",
                Side::Sell => "sell",
                Side::Unknown => "",
            };
            assert_eq!(side, name);
            sides += u32::from(side.is_empty());
            let millis: i64 = time.parse().unwrap();
            if blank.contains(&id) {
                // the canonical one has the time of the poll, up to a minute later
                assert!(
                    (0..120_000).contains(&(millis - trade.time.millis())),
                    "{id}"
                );
                near += 1;
            } else {
                assert_eq!(trade.time, Timestamp::from_millis(millis));
                equal += 1;
            }
        }
    }
    println!(
        "| bitflyer | recorder of 2018 | equal to the canonical trade | {equal} | {near} near in time |"
    );
    assert_eq!((equal + near, near, sides), (30_000, 126, 15));
    census.close();
}

#[test]
fn recorded_tickers_decode() {
    let Some(rows) = rows("bitflyer.ticker.20180127.BTC_JPY.csv.gz") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    for row in &rows {
        if row["timestamp"].is_empty() {
            census.count("recorder of 2018", "ticker", "none: the venue was closed");
            continue;
        }
        let mut message = json!({
            "product_code": row["product_code"],
            "timestamp": as_venue(&row["timestamp"]),
        });
        for field in [
            "tick_id",
            "best_bid",
            "best_ask",
            "best_bid_size",
            "best_ask_size",
            "ltp",
            "volume",
            "volume_by_product",
        ] {
            message[field] = raw(&row[field]);
        }
        let text = message.to_string();
        let query = ticker("BTC_JPY");
        let input = Input::Answer {
            query: &query,
            body: text.as_bytes(),
        };
        let EventKind::Ticker(ticker) = census
            .take(&codec, "recorder of 2018", &input)
            .remove(0)
            .kind
        else {
            panic!()
        };
        let quote = ticker.quote.unwrap();
        assert_eq!(
            quote.bid.to_string().parse(),
            row["best_bid"].parse::<Decimal>()
        );
        assert!(quote.bid < quote.ask);
    }
    census.close();
}
