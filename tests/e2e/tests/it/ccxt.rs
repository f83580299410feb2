//! An unmodified ccxt and the whole product watch one venue: ccxt's candles are ours.
//!
//! The binary ingests from the replay venue and answers over its API; ccxt asks the venue itself. Both
//! must say the same, of candles that we made of trades and of those that came as the venue's own.
//! `QUANTFLOW_CCXT_PYTHON` names a Python that has ccxt, else it is `python3`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use quantflow_e2e::bench::{environment_of, play, serve};
use quantflow_e2e::server::Server;
use quantflow_model::{Decimal, Symbol, Timeframe, Timestamp};
use quantflow_replay::{ReplayOptions, Speed};
use serde_json::Value;
use tokio::process::Command;

/// Shortest first, so that what is fetched of a longer one meets what was rolled up of the shorter.
const TIMEFRAMES: [&str; 6] = ["1s", "1m", "5m", "15m", "1h", "1d"];
const SYMBOLS: [&str; 2] = ["BTC/USDT", "ETH/USDT"];

async fn python() -> Option<PathBuf> {
    let named = std::env::var_os("QUANTFLOW_CCXT_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| "python3".into());
    let probe = Command::new(&python)
        .args(["-c", "import ccxt"])
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

/// What ccxt has: by symbol and timeframe.
async fn ccxt(python: &Path, base: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ccxt/candles.py");
    let run = Command::new(python)
        .arg(script)
        .arg(base)
        .arg(TIMEFRAMES.join(","))
        .args(SYMBOLS)
        .kill_on_drop(true)
        .output();
    let run = tokio::time::timeout(Duration::from_mins(2), run)
        .await
        .expect("ccxt is done in 2 minutes")
        .unwrap();
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{errors}");
    serde_json::from_slice(&run.stdout).unwrap()
}

/// What ccxt has of one symbol and timeframe: candles that were over when it asked.
struct Theirs {
    /// What the venue said, by opening time in milliseconds.
    said: BTreeMap<i64, Value>,
    /// What `fetch_ohlcv` made of it.
    rows: BTreeMap<i64, Value>,
}

impl Theirs {
    fn of(seen: &Value) -> Self {
        let before = seen["before"].as_i64().unwrap();
        let by_open = |rows: &Value| -> BTreeMap<i64, Value> {
            let rows = rows.as_array().unwrap().iter();
            rows.map(|row| (row[0].as_i64().unwrap(), row.clone()))
                .collect()
        };
        let mut said = by_open(&seen["said"]);
        said.retain(|_, kline| kline[6].as_i64().unwrap() < before);
        // at either end there may be spans without trades, of which nobody can tell whether we should
        // have a candle: nothing is carried on into them, nor past the clock that the market outruns
        let traded: Vec<i64> = said
            .iter()
            .filter(|(_, kline)| kline[8] != 0)
            .map(|(open, _)| *open)
            .collect();
        said.retain(|open, _| (traded[0]..=traded[traded.len() - 1]).contains(open));
        Self {
            said,
            rows: by_open(&seen["rows"]),
        }
    }
}

/// Our candles of the span of theirs, once all that was traded in it is there: what lies before our
/// start is fetched when somebody wants it. A span without trades is a candle of the venue's; ours is
/// the close before, carried on.
async fn ours(
    server: &Server,
    symbol: &Symbol,
    timeframe: &str,
    theirs: &Theirs,
) -> BTreeMap<i64, Value> {
    let (first, _) = theirs.said.first_key_value().unwrap();
    let (_, last) = theirs.said.last_key_value().unwrap();
    let path = format!(
        "/api/v1/chart/ohlc/{}?timeframe={timeframe}&from={first}&to={}&limit=5000",
        symbol.url_form(),
        last[6].as_i64().unwrap() + 1
    );
    let by_open = |rows: &Value| -> BTreeMap<i64, Value> {
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| {
            let open: Timestamp = row["openTime"].as_str().unwrap().parse().unwrap();
            (open.millis(), row.clone())
        })
        .collect()
    };
    let mut missing = usize::MAX;
    server
        .until(&path, |rows| {
            let ours = by_open(rows);
            let traded = theirs.said.iter().filter(|(_, kline)| kline[8] != 0);
            let left: Vec<_> = traded
                .filter(|(open, _)| !ours.contains_key(open))
                .collect();
            if left.len() != missing {
                missing = left.len();
                println!(
                    "{symbol} {timeframe}: {missing} to be fetched, first {:?}",
                    left.first()
                );
            }
            left.is_empty()
        })
        .await;
    by_open(&server.data(&format!("{path}&fill=previous")).await)
}

fn exact(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

/// Candles that both have: how many, how many of them we made of trades, and how many carry on the
/// close before.
struct Compared {
    candles: usize,
    from_trades: usize,
    carried: usize,
}

fn compare(what: &str, ours: &BTreeMap<i64, Value>, theirs: &Theirs) -> Compared {
    let more: Vec<_> = ours
        .iter()
        .filter(|(open, _)| !theirs.said.contains_key(open))
        .collect();
    let fewer: Vec<_> = theirs
        .said
        .iter()
        .filter(|(open, _)| !ours.contains_key(open))
        .collect();
    assert!(
        more.is_empty() && fewer.is_empty(),
        "{what}: only ours {more:?}, only theirs {fewer:?}"
    );
    let (mut from_trades, mut carried) = (0, 0);
    for (open, candle) in ours {
        let of_trades = candle.get("firstTradeId").is_some();
        let kline = &theirs.said[open];
        let floats = theirs.rows.get(open);
        let floats = floats.unwrap_or_else(|| panic!("{what}: fetch_ohlcv has no {open}"));
        for (column, name) in (1..).zip(["open", "high", "low", "close", "volume"]) {
            let number = exact(&candle[name]);
            assert_eq!(number, exact(&kline[column]), "{what}: {name} of {candle}");
            // ccxt makes floats of exact text: the nearest one of ours is what it must have
            let nearest = Some(number.to_f64_lossy());
            assert_eq!(
                floats[column].as_f64(),
                nearest,
                "{what}: {name} of {candle}"
            );
        }
        for (column, name) in [
            (7, "quoteVolume"),
            (9, "takerBuyVolume"),
            (10, "takerBuyQuoteVolume"),
        ] {
            let number = exact(&candle[name]);
            assert_eq!(number, exact(&kline[column]), "{what}: {name} of {candle}");
        }
        assert_eq!(candle["trades"], kline[8], "{what}: {candle}");
        let is_carried = candle["fill"] == "previous";
        assert_eq!(candle["complete"], true, "{what}: {candle}");
        assert_ne!(candle["state"], "open", "{what}: {candle}");
        // the venue's own klines name no trades
        from_trades += usize::from(of_trades);
        carried += usize::from(is_carried);
    }
    Compared {
        candles: ours.len(),
        from_trades,
        carried,
    }
}

/// Waits until the server has trades of a time. (Asking for candles would fetch older ones.)
async fn reached(server: &Server, symbols: &[Symbol], until: Timestamp) {
    for symbol in symbols {
        let path = format!("/api/v1/price/{}", symbol.url_form());
        server
            .until(&path, |price| {
                let time = price["time"].as_str().and_then(|text| text.parse().ok());
                time.is_some_and(|time: Timestamp| time > until)
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn candles_of_an_unmodified_ccxt_are_ours() {
    let Some(python) = python().await else { return };
    let options = ReplayOptions {
        // some minutes of market within seconds
        speed: Speed::Times(60.0),
        ..ReplayOptions::default()
    };
    let replay = play(11, options).await;
    let symbols = SYMBOLS.map(|name| format!("replay:{name}").parse::<Symbol>().unwrap());
    let streams = symbols.each_ref().map(ToString::to_string).join(",");
    // what lies before our start is fetched when it is asked for, in the order above
    let environment = environment_of(&replay, &streams);
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), &environment).await;
    reached(&server, &symbols, replay.market_now()).await;
    // long enough that candles of five minutes are made of trades
    let since = replay.market_now();
    let enough = since + Duration::from_mins(11);
    reached(&server, &symbols, enough).await;
    // ccxt first: what it saw as over is over for us, who are asked later
    let theirs = ccxt(&python, &replay.rest_url()).await;
    reached(&server, &symbols, replay.market_now()).await;
    println!("ccxt {}", theirs["version"]);
    for (symbol, name) in symbols.iter().zip(SYMBOLS) {
        for timeframe in TIMEFRAMES {
            let what = format!("{symbol} {timeframe}");
            let theirs = Theirs::of(&theirs["seen"][name][timeframe]);
            let ours = ours(&server, symbol, timeframe, &theirs).await;
            let compared = compare(&what, &ours, &theirs);
            println!(
                "{what}: {} candles equal, {} of them made of trades here, {} without trades",
                compared.candles, compared.from_trades, compared.carried
            );
            // the market is at least a day old; since we began eleven minutes have gone by
            let (least, made_here) = match timeframe {
                "1s" => (900, 300),
                "1m" => (900, 10),
                "5m" => (280, 1),
                "15m" => (90, 0),
                "1h" => (23, 0),
                _ => (1, 0),
            };
            assert!(compared.candles >= least, "{what}: {}", compared.candles);
            let here = compared.from_trades + compared.carried;
            assert!(here >= made_here, "{what}: {here} made here");
            let length: Timeframe = timeframe.parse().unwrap();
            // a venue's candle that holds the moment we began is over then, whatever our trades say
            let after = since.plus_nanos(length.approximate_nanos());
            for (_, candle) in ours.range(after.millis()..) {
                let of_trades = candle.get("firstTradeId").is_some();
                assert!(
                    of_trades || candle["fill"] == "previous",
                    "{what}: {candle}"
                );
            }
        }
    }
    assert!(server.stop().await, "it ends in good order");
    replay.shutdown().await;
}
