//! Recordings: ours, and real ones where they are at hand.

use std::sync::Arc;
use std::time::Duration;

use quantflow_model::{Price, Quantity, Side, TimeRange, Timeframe, Timestamp, Trade};
use quantflow_replay::{
    AtEnd, Bar, Mark, Market, MarketEvent, RecordedMarket, ReplayOptions, ReplayServer, Row, Speed,
    candles,
};
use quantflow_seams::{Clock, SystemClock};
use quantflow_testkit::recorded;
use quantflow_venues::binance::BinanceSpot;
use quantflow_wire::{Codec, EventKind};

use crate::harness::{bench, symbol};

const ALL: Mark = Mark(u64::MAX);

const FEW: &str = "\
ts_ms,price,qty,side,trade_id
1700000000000,100.5,1,buy,10
1700000000000,100.5,0.25,buy,11
1700000000000,100.6,2,buy,12
1700000030500,100.4,1,sell,13
1700000061000,99,3,,14
1700000061000,99,3,,14
1700000061000,101.25,1.125,,15
1700000185000,100,1,sell,17
";

fn read(text: &str, repeat: bool) -> Result<RecordedMarket, String> {
    RecordedMarket::from_trades_csv(text.as_bytes(), &symbol("binance:ABC/USD"), repeat)
        .map_err(|error| error.to_string())
}

fn walk(market: &RecordedMarket, from: Timestamp, events: usize) -> Vec<MarketEvent> {
    let mut feed = market.feed(from);
    std::iter::from_fn(|| feed.next()).take(events).collect()
}

fn trades(events: &[MarketEvent]) -> Vec<Trade> {
    let trades = events.iter().filter_map(|event| match &event.kind {
        EventKind::Trade(trade) => Some(trade.trade),
        _ => None,
    });
    trades.collect()
}

#[test]
fn a_file_of_trades_is_played_as_it_stands() {
    let market = read(FEW, false).unwrap();
    let listing = &market.listings()[0];
    assert_eq!(listing.instrument.venue_symbol.as_str(), "ABCUSD");
    assert_eq!(listing.instrument.tick.unwrap().to_string(), "0.01");
    assert_eq!(listing.instrument.lot.unwrap().to_string(), "0.001");
    assert_eq!(market.unsided(), 2);
    let events = walk(&market, Timestamp::MIN, 100);
    let played = trades(&events);
    let ids: Vec<u128> = played.iter().map(|t| t.id.0).collect();
    assert_eq!(ids, [10, 11, 12, 13, 14, 15, 17]);
    assert_eq!(played[4].side, Side::Sell, "it fell");
    assert_eq!(played[5].side, Side::Buy, "it rose");
    let aggregates: Vec<(u128, u128, u128)> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::AggregateTrade(a) => Some((a.id.0, a.first_id.0, a.last_id.0)),
            _ => None,
        })
        .collect();
    assert_eq!(
        aggregates,
        [
            (1, 10, 11),
            (2, 12, 12),
            (3, 13, 13),
            (4, 14, 14),
            (5, 15, 15),
            (6, 17, 17)
        ]
    );
    let rest = walk(&market, Timestamp::from_millis(1_700_000_061_000), 100);
    assert_eq!(trades(&rest).len(), 3);
    assert_eq!(
        market.ends(),
        Some(Timestamp::from_millis(1_700_000_185_000))
    );

    let ids = |rows: Vec<Row>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(market.rows_from(0, 16, 10, ALL)), [17]);
    assert_eq!(ids(market.rows_from(0, 0, 2, ALL)), [10, 11]);
    assert_eq!(ids(market.rows_from(0, 11, 9, Mark(4))), [11, 12, 13]);
    assert_eq!(ids(market.newest_rows(0, 2, Mark(5))), [13, 14]);
    assert_eq!(market.newest_aggregates(0, 9, Mark(1)), []);
    assert_eq!(market.newest_aggregates(0, 1, Mark(2))[0].id, 1);
    assert_eq!(market.aggregates_from(0, 5, 9, ALL).len(), 2);
    assert_eq!(ids(market.rows_in(1, TimeRange::ALL, ALL)), [] as [u64; 0]);
}

#[test]
fn what_is_no_recording_is_refused_with_its_line() {
    for (text, wanted) in [
        ("ts_ms,price,qty,side\n1,1,1,buy\n", "trade_id"),
        (
            "ts_ms,price,qty,side,trade_id\n1,1,1,buy,1\n2,x,1,buy,2\n",
            "line 3",
        ),
        ("ts_ms,price,qty,side,trade_id\n1,1,1,up,1\n", "side"),
        ("ts_ms,price,qty,side,trade_id\n1,1,1,buy,-1\n", "trade_id"),
        (
            "ts_ms,price,qty,side,trade_id\n1,1,1,buy,1\n1,2,1,buy,1\n",
            "two different",
        ),
        ("ts_ms,price,qty,side,trade_id\n1,1,1\n", "line 2"),
        ("ts_ms,price,qty,side,trade_id\n", "no trade"),
        (
            "ts_ms,price,qty,side,trade_id\n1,0.1234567890123456789,1,buy,1\n",
            "64 bits",
        ),
    ] {
        let error = read(text, false).unwrap_err();
        assert!(error.contains(wanted), "{text:?}: {error}");
    }
    let cut =
        RecordedMarket::from_trades_csv(&[0x1f, 0x8b, 8, 0, 1], &symbol("binance:ABC/USD"), false);
    assert!(cut.unwrap_err().to_string().contains("gzip"));
}

#[test]
fn a_recording_repeats_itself_with_ids_and_times_going_on() {
    let market = read(FEW, true).unwrap();
    assert_eq!(market.ends(), None);
    let events = walk(&market, Timestamp::MIN, 200);
    let played = trades(&events);
    assert!(
        played
            .windows(2)
            .all(|w| w[0].id < w[1].id && w[0].time <= w[1].time)
    );
    assert_eq!(played[7].id.0, 18);
    let lap = played[7].time.since(played[0].time);
    assert_eq!(lap % 60_000_000_000, 0);
    assert_eq!(played[14].time.since(played[7].time), lap);
    // every door leads to the same trades in later laps
    let units = market.listings()[0].units;
    let last = played.last().unwrap();
    let same = |rows: Vec<Row>| rows.iter().map(|row| units.trade(row)).collect::<Vec<_>>();
    let until = market.mark_at(0, last.time.plus_nanos(1));
    for (at, trade) in played.iter().enumerate().skip(1) {
        let rest = &played[at..];
        assert_eq!(
            same(market.rows_from(0, trade.id.0 as u64, rest.len(), until)),
            rest
        );
        let span = TimeRange::new(trade.time, last.time.plus_nanos(1));
        let rows = market.rows_in(0, span, until);
        assert_eq!(market.bar(0, span, until), Bar::sum(&rows));
        assert!(same(rows).ends_with(rest));
        let newest = market.newest_rows(0, 3, Mark(at as u64));
        assert_eq!(same(newest), played[at.saturating_sub(3)..at]);
        let mark = market.mark_at(0, trade.time);
        assert!(played[mark.0 as usize].time == trade.time);
        let aggregates = market.aggregates_in(0, span, usize::MAX, until);
        assert_eq!(aggregates.first().map(|a| a.time), Some(trade.time));
        let again = market.aggregates_from(0, aggregates[0].id, aggregates.len(), until);
        assert_eq!(again, aggregates);
        let newest = market.newest_aggregates(0, aggregates.len(), until);
        assert_eq!(newest, aggregates);
    }
    // a walk that begins in a later lap is the rest of the same walk
    let from = played[9].time;
    let later = walk(&market, from, 20);
    let at = events.iter().position(|event| event.time >= from).unwrap();
    assert_eq!(later, events[at..at + 20]);
}

#[test]
fn ids_that_go_back_in_time_are_found_by_id() {
    let market = read(
        "ts_ms,price,qty,side,trade_id\n1000,1,1,buy,5\n1000,2,1,buy,3\n2000,3,1,buy,4\n3000,4,1,sell,9\n2500,5,1,sell,1\n",
        false,
    )
    .unwrap();
    let ids = |rows: Vec<Row>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(market.rows_from(0, 0, 10, ALL)), [1, 3, 4, 5, 9]);
    assert_eq!(ids(market.rows_from(0, 2, 2, Mark(3))), [3, 4]);
    assert_eq!(ids(market.newest_rows(0, 2, Mark(2))), [3, 5]);
    let times: Vec<i64> = walk(&market, Timestamp::MIN, 50)
        .iter()
        .map(|event| event.time.millis())
        .collect();
    assert!(times.is_sorted());
    let span = TimeRange::new(Timestamp::from_millis(1_500), Timestamp::from_millis(2_600));
    let aggregates = market.aggregates_in(0, span, 9, ALL);
    assert_eq!(
        aggregates.iter().map(|a| a.first_id).collect::<Vec<_>>(),
        [1, 4]
    );
}

#[tokio::test]
async fn a_recording_is_served_to_its_end() {
    let market = Arc::new(read(FEW, false).unwrap());
    let options = ReplayOptions {
        speed: Speed::Max,
        at_end: AtEnd::Close,
        ..ReplayOptions::default()
    };
    let bench = bench(market, options).await;
    let candles = bench
        .get("/api/v3/klines?symbol=ABCUSD&interval=1m")
        .await
        .json;
    assert_eq!(
        candles.as_array().unwrap().len(),
        0,
        "nothing has happened yet"
    );
    let mut socket = bench.socket("/ws/abcusd@trade").await;
    let mut ids = Vec::new();
    while let Some(text) = socket.text().await {
        let message: serde_json::Value = serde_json::from_str(&text).unwrap();
        ids.push(message["t"].as_u64().unwrap());
    }
    assert_eq!(ids, [10, 11, 12, 13, 14, 15, 17]);
    bench.server.ended().await;
}

#[tokio::test]
async fn a_span_without_trades_stands_at_the_price_before() {
    let market = Arc::new(read(FEW, false).unwrap());
    let options = ReplayOptions {
        speed: Speed::Times(1.0),
        ..ReplayOptions::default()
    };
    let bench = bench(market, options).await;
    bench.clock.advance(Duration::from_secs(200));
    let wait = async {
        while bench
            .server
            .truth()
            .last_trade(&symbol("binance:ABC/USD"))
            .is_none_or(|t| t.id.0 < 17)
        {
            tokio::task::yield_now().await;
        }
    };
    bench.until(wait).await;
    let rows = bench
        .get("/api/v3/klines?symbol=ABCUSD&interval=1m")
        .await
        .json;
    let counts: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r[8].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [4, 2, 0, 1]);
    assert_eq!(rows[2][1], "101.25000000");
    assert_eq!(rows[2][4], rows[1][4]);
    assert_eq!(rows[2][5], "0.00000000");
}

#[test]
fn real_trades_come_back_exactly() {
    for (file, name, count) in [
        (
            "canonical/binance-spot_BTCUSDT_trades_tick_20240808_20240809.csv.gz",
            "binance:BTC/USDT",
            9_757,
        ),
        (
            "canonical/binance-spot_XRPETH_trades_tick_20191011_20191013.csv.gz",
            "binance:XRP/ETH",
            12_477,
        ),
    ] {
        let (Some(packed), Some(plain)) = (recorded::path(file), recorded::bytes(file)) else {
            return;
        };
        let packed = std::fs::read(packed).unwrap();
        let market = RecordedMarket::from_trades_csv(&packed, &symbol(name), false).unwrap();
        let played = trades(&walk(&market, Timestamp::MIN, usize::MAX));
        assert_eq!(played.len(), count);
        let text = String::from_utf8(plain).unwrap();
        for (line, trade) in text.lines().skip(1).zip(&played) {
            let fields: Vec<&str> = line.split(',').collect();
            assert_eq!(fields[0].parse(), Ok(trade.time.millis()));
            assert_eq!(fields[1].parse(), Ok(trade.price));
            assert_eq!(fields[2].parse(), Ok(trade.quantity));
            assert_eq!(fields[4].parse(), Ok(trade.id.0));
        }
        let units = market.listings()[0].units;
        for candle in candles(&played, Timeframe::M1, Timestamp::MAX) {
            let span = Timeframe::M1.range_of(candle.open_time);
            let bar = market.bar(0, span, ALL).unwrap();
            let ours = units.candle(&bar, Timeframe::M1, candle.open_time, None);
            assert_eq!(
                (ours.open, ours.close, ours.volume),
                (candle.open, candle.close, candle.volume)
            );
            assert_eq!(ours.quote_volume, candle.quote_volume);
        }
    }
}

#[test]
fn a_real_capture_keeps_its_books_rule() {
    let file = "ws_capture_binance/spot_btcusdt_20240808.gz";
    let Some(path) = recorded::path(file) else {
        return;
    };
    let codec = BinanceSpot::new("binance".parse().unwrap());
    let bytes = std::fs::read(path).unwrap();
    let market = RecordedMarket::from_capture(&bytes, &symbol("binance:BTC/USDT"), &codec).unwrap();
    let events = walk(&market, Timestamp::MIN, usize::MAX);
    assert!(events.windows(2).all(|w| w[0].time <= w[1].time));
    let played = trades(&events);
    assert!(
        played.windows(2).all(|w| w[0].id.next() == w[1].id),
        "no hole"
    );
    let mut bids = std::collections::BTreeMap::<Price, Quantity>::new();
    let mut asks = std::collections::BTreeMap::<Price, Quantity>::new();
    let mut last = 0;
    let mut quotes = Vec::new();
    let mut compared = 0;
    for event in &events {
        match &event.kind {
            EventKind::BookSnapshot(book) => {
                last = book.last_update_id;
                bids = book.bids.iter().map(|l| (l.price, l.quantity)).collect();
                asks = book.asks.iter().map(|l| (l.price, l.quantity)).collect();
            }
            EventKind::Quote(quote) => quotes.push(*quote),
            EventKind::BookDelta(delta) if delta.last_update_id > last => {
                last = delta.last_update_id;
                for (side, levels) in [(&mut bids, &delta.bids), (&mut asks, &delta.asks)] {
                    for level in levels {
                        if level.quantity == Quantity::ZERO {
                            side.remove(&level.price);
                        } else {
                            side.insert(level.price, level.quantity);
                        }
                    }
                }
                let quote = quotes.iter().rev().find(|q| q.update_id.unwrap() <= last);
                let (bid, ask) = (
                    bids.last_key_value().unwrap(),
                    asks.first_key_value().unwrap(),
                );
                let quote = quote.unwrap();
                assert_eq!(
                    (bid, ask),
                    (
                        (&quote.bid, &quote.bid_quantity),
                        (&quote.ask, &quote.ask_quantity)
                    )
                );
                compared += 1;
            }
            _ => {}
        }
    }
    assert!(compared > 2_800, "{compared}");
}

#[tokio::test]
async fn a_real_capture_is_said_again_in_the_same_words() {
    let file = "ws_capture_binance/spot_btcusdt_20240808.gz";
    let Some(plain) = recorded::bytes(file) else {
        return;
    };
    let codec = BinanceSpot::new("binance".parse().unwrap());
    assert_eq!(codec.describe().id.as_str(), "binance");
    let market = RecordedMarket::from_capture(&plain, &symbol("binance:BTC/USDT"), &codec).unwrap();
    let options = ReplayOptions {
        speed: Speed::Max,
        at_end: AtEnd::Close,
        ..ReplayOptions::default()
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let server = ReplayServer::start(Arc::new(market), options, clock)
        .await
        .unwrap();
    let url = format!(
        "{}/stream?streams=btcusdt@trade/btcusdt@depth@100ms/btcusdt@bookTicker",
        server.ws_url()
    );
    let (stream, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let mut socket = crate::harness::Socket { stream };
    let text = String::from_utf8(plain).unwrap();
    let mut said = 0;
    for line in text.lines().filter(|line| line.contains("\"stream\"")) {
        let (_, json) = line.split_once(' ').unwrap();
        let mut wanted: serde_json::Value = serde_json::from_str(json).unwrap();
        let mut heard = socket.json().await;
        if wanted["data"]["e"] == "trade" {
            // when it was sent is not kept: it is the walk's time, which is never before the trade
            assert!(heard["data"]["E"].as_i64() >= heard["data"]["T"].as_i64());
            wanted["data"]["E"].take();
            heard["data"]["E"].take();
        } else if wanted["data"]["e"] == "depthUpdate" {
            assert!(
                (heard["data"]["E"].as_i64().unwrap() - wanted["data"]["E"].as_i64().unwrap())
                    .abs()
                    < 50
            );
            wanted["data"]["E"].take();
            heard["data"]["E"].take();
        }
        assert_eq!(heard, wanted);
        said += 1;
    }
    assert!(said > 10_000, "{said}");
    assert_eq!(socket.text().await, None);
}
