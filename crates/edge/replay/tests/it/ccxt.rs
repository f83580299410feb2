//! An unmodified ccxt talks to the venue, and understands what truly happened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quantflow_model::{Candle, Decimal, TimeRange, Timeframe, Timestamp};
use quantflow_replay::{GeneratedMarket, GeneratedOptions, ReplayOptions, ReplayServer};
use quantflow_seams::{Clock, SystemClock};
use serde_json::Value;

use crate::harness::symbol;

/// The Python that has ccxt: `QUANTFLOW_CCXT_PYTHON`, else `python3`.
async fn python() -> Option<PathBuf> {
    let named = std::env::var_os("QUANTFLOW_CCXT_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| "python3".into());
    let probe = tokio::process::Command::new(&python)
        .args(["-c", "import ccxt.pro"])
        .output()
        .await;
    if probe.is_ok_and(|probe| probe.status.success()) {
        return Some(python);
    }
    let must = std::env::var("QUANTFLOW_NO_SKIP").is_ok_and(|v| v == "1");
    assert!(
        !must,
        "{} has no ccxt, and QUANTFLOW_NO_SKIP=1: pip install ccxt",
        python.display()
    );
    println!("skipped: {} has no ccxt", python.display());
    None
}

fn decimal(text: &Value) -> Decimal {
    text.as_str().unwrap().parse().unwrap()
}

fn same_candles(seen: &Value, truth: &[Candle], now: Timestamp) {
    let truth: BTreeMap<i64, &Candle> = truth.iter().map(|c| (c.open_time.millis(), c)).collect();
    let mut compared = 0;
    for row in seen.as_array().unwrap() {
        let open = row[0].as_i64().unwrap();
        if Timestamp::from_millis(open) + Duration::from_hours(1) > now {
            continue; // it may have gone on since it was asked for
        }
        let candle = truth[&open];
        // ccxt makes floats of exact text: the nearest float of the truth is what it must have
        let prices = [candle.open, candle.high, candle.low, candle.close];
        for (column, price) in (1..).zip(prices) {
            assert_eq!(row[column].as_f64(), Some(price.0.to_f64_lossy()), "{row}");
        }
        assert_eq!(
            row[5].as_f64(),
            Some(candle.volume.0.to_f64_lossy()),
            "{row}"
        );
        compared += 1;
    }
    assert!(compared >= 20, "{compared} candles compared");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ccxt_understands_the_venue() {
    let Some(python) = python().await else { return };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let two_days = Duration::from_hours(48);
    let options = GeneratedOptions::demo("demo".parse().unwrap(), 7, clock.now(), two_days);
    let market = Arc::new(GeneratedMarket::new(&options).unwrap());
    let server = ReplayServer::start(market, ReplayOptions::default(), clock)
        .await
        .unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ccxt/check.py");
    let run = tokio::process::Command::new(python)
        .arg(script)
        .arg(server.rest_url())
        .output();
    let run = tokio::time::timeout(Duration::from_mins(3), run)
        .await
        .expect("ccxt is done in 3 minutes")
        .unwrap();
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{errors}");
    let seen: Value = serde_json::from_slice(&run.stdout).unwrap();

    let truth = server.truth();
    let btc = symbol("demo:BTC/USDT");
    let names: Vec<&str> = seen["markets"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(
        names,
        ["BTC/USDT", "DOGE/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT"]
    );
    assert_eq!(seen["precision"]["price"], 0.01);
    assert_eq!(seen["precision"]["amount"], 0.00001);

    let now = truth.last_trade(&btc).unwrap().time;
    let span = TimeRange::new(options.begins, Timestamp::MAX);
    same_candles(
        &seen["candles"],
        &truth.candles(&btc, Timeframe::M1, span),
        now,
    );
    same_candles(
        &seen["hours"],
        &truth.candles(&btc, Timeframe::H1, span),
        now,
    );

    // fetch_trades asks for aggregates: each is made of trades that happened
    let trades = seen["trades"].as_array().unwrap();
    assert_eq!(trades.len(), 50);
    for row in trades {
        let time = Timestamp::from_millis(row[1].as_i64().unwrap());
        let span = TimeRange::new(time, time.plus_nanos(1_000_000));
        let happened = truth.trades_in(&btc, span);
        let (price, quantity) = (decimal(&row[2]), decimal(&row[3]));
        let at_price = happened.iter().filter(|trade| trade.price.0 == price);
        let most = at_price.fold(Decimal::ZERO, |sum, t| {
            sum.checked_add(t.quantity.0).unwrap()
        });
        assert!(quantity <= most, "{row}: {happened:?}");
    }
    let live: Vec<u64> = seen["live_ids"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    assert!(live.len() >= 20);
    for id in live {
        let trade = truth
            .trades(&btc, id, id)
            .pop()
            .expect("a live trade happened");
        assert_eq!(trade.price.0, decimal(&seen["live_prices"][id.to_string()]));
    }
    assert_eq!(seen["books"], 20);
    assert_eq!(truth.counts().limited, 0);
    println!("ccxt {}", seen["version"]);
    server.shutdown().await;
}
