//! Recorded trades: candles of every timeframe equal an independent computation to the last digit.
//!
//! The computation here shares no code with the product: its own decimals, its own calendar, its own
//! sums, over the file's lines in their order (by time, then id).

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::done;

/// Every number at this many decimals, as an integer.
const DECIMALS: u32 = 16;

const TIMEFRAMES: [&str; 19] = [
    "1s", "5s", "15s", "30s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h",
    "1d", "3d", "1w", "1M",
];

fn number(text: &str) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    assert!(fraction.len() <= DECIMALS as usize, "{text}");
    let missing = DECIMALS - fraction.len() as u32;
    let fraction: i128 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().unwrap()
    };
    whole.parse::<i128>().unwrap() * 10_i128.pow(DECIMALS) + fraction * 10_i128.pow(missing)
}

/// The first millisecond of the candle that holds a millisecond.
fn open_of(timeframe: &str, millis: i64) -> i64 {
    const DAY: i64 = 86_400_000;
    let (count, unit) = timeframe.split_at(timeframe.len() - 1);
    let count: i64 = count.parse().unwrap();
    let floor = |length: i64| millis - millis.rem_euclid(length);
    match unit {
        "s" => floor(count * 1_000),
        "m" => floor(count * 60_000),
        "h" => floor(count * 3_600_000),
        "d" => floor(count * DAY),
        // the epoch was a Thursday
        "w" => (millis + 3 * DAY).div_euclid(7 * DAY) * 7 * DAY - 3 * DAY,
        _ => {
            // walk the calendar: no formula that could be wrong in the same way
            let (mut year, mut month, mut start) = (1970, 0, 0);
            loop {
                let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
                let february = if leap { 29 } else { 28 };
                let days = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month];
                if start + days * DAY > millis {
                    return start;
                }
                start += days * DAY;
                month += 1;
                if month == 12 {
                    (year, month) = (year + 1, 0);
                }
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bar {
    open: i128,
    high: i128,
    low: i128,
    close: i128,
    volume: i128,
    /// At twice the decimals.
    quote: [i128; 2],
    trades: u64,
    first: String,
    last: String,
}

/// Price times quantity without losing a digit: what stands up to the 16th decimal, and the 16
/// decimals behind it. The fractions are multiplied apart, so that nothing overflows.
fn times(price: i128, quantity: i128) -> [i128; 2] {
    let one = 10_i128.pow(DECIMALS);
    let fractions = (price % one) * (quantity % one);
    let high = (price / one) * quantity + (price % one) * (quantity / one) + fractions / one;
    [high, fractions % one]
}

fn naive(path: &Path) -> BTreeMap<&'static str, BTreeMap<i64, Bar>> {
    let one = 10_i128.pow(DECIMALS);
    let file = BufReader::new(std::fs::File::open(path).unwrap());
    let text = BufReader::new(flate2::bufread::MultiGzDecoder::new(file));
    let mut candles: BTreeMap<&str, BTreeMap<i64, Bar>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let line = line.unwrap();
        let fields: Vec<&str> = line.split(',').collect();
        let [time, price, quantity, _side, id] = fields[..] else {
            panic!("{line}")
        };
        let (time, price, quantity) = (time.parse().unwrap(), number(price), number(quantity));
        let paid = times(price, quantity);
        for timeframe in TIMEFRAMES {
            let of = candles.entry(timeframe).or_default();
            let bar = of.entry(open_of(timeframe, time)).or_insert_with(|| Bar {
                open: price,
                high: price,
                low: price,
                close: price,
                volume: 0,
                quote: [0, 0],
                trades: 0,
                first: id.to_owned(),
                last: String::new(),
            });
            bar.high = bar.high.max(price);
            bar.low = bar.low.min(price);
            bar.close = price;
            bar.volume += quantity;
            let low = bar.quote[1] + paid[1];
            bar.quote = [bar.quote[0] + paid[0] + low / one, low % one];
            bar.trades += 1;
            id.clone_into(&mut bar.last);
        }
    }
    candles
}

/// A number of up to 32 decimals in two parts.
fn long_number(text: &str) -> [i128; 2] {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (high, low) = fraction.split_at(fraction.len().min(DECIMALS as usize));
    let low = format!("{low:0<16}");
    [number(&format!("{whole}.{high}")), low.parse().unwrap()]
}

fn check(name: &str, venue: &str, symbol: &str) {
    let Some(path) = quantflow_testkit::recorded::path(name) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = path.to_str().unwrap();
    done(
        folder,
        &[
            "import", file, "--kind", "trades", "--venue", venue, "--symbol", symbol, "-q",
        ],
    );
    let whole = format!("{venue}:{symbol}");
    for (timeframe, bars) in naive(&path) {
        let out = done(
            folder,
            &[
                "export",
                &whole,
                "--kind",
                "candles",
                "--timeframe",
                timeframe,
                "-q",
            ],
        );
        let lines: Vec<&str> = out.lines().skip(1).collect();
        assert_eq!(lines.len(), bars.len(), "{timeframe} of {name}");
        for (line, (open_time, bar)) in lines.into_iter().zip(bars) {
            let fields: Vec<&str> = line.split(',').collect();
            let ours = Bar {
                open: number(fields[1]),
                high: number(fields[2]),
                low: number(fields[3]),
                close: number(fields[4]),
                volume: number(fields[5]),
                quote: long_number(fields[6]),
                trades: fields[7].parse().unwrap(),
                first: fields[10].to_owned(),
                last: fields[11].to_owned(),
            };
            assert_eq!(
                (fields[0].parse().unwrap(), ours),
                (open_time, bar),
                "{timeframe}: {line}"
            );
        }
    }
}

#[test]
fn the_computation_here_knows_its_calendar() {
    let day = 86_400_000;
    assert_eq!(open_of("1M", 59 * day), 59 * day); // 1970-03-01
    assert_eq!(open_of("1M", 58 * day), 31 * day);
    assert_eq!(open_of("1w", 4 * day), 4 * day); // 1970-01-05, a Monday
    assert_eq!(open_of("1w", 4 * day - 1), -3 * day);
    assert_eq!(number("1.5"), 15_000_000_000_000_000);
    assert_eq!(times(number("1.5"), number("0.5")), [number("0.75"), 0]);
}

#[test]
fn binance_spot_btcusdt() {
    check(
        "canonical/binance-spot_BTCUSDT_trades_tick_20240808_20240809.csv.gz",
        "binance",
        "BTC/USDT",
    );
}

#[test]
fn binance_spot_xrpeth() {
    check(
        "canonical/binance-spot_XRPETH_trades_tick_20191011_20191013.csv.gz",
        "binance",
        "XRP/ETH",
    );
}

#[test]
fn binance_perpetual_btcusdt() {
    check(
        "canonical/binance-usdm_BTCUSDT_trades_tick_20240808_20240808.csv.gz",
        "binance-usdm",
        "BTC/USDT:USDT",
    );
}

#[test]
fn bitflyer_btcjpy() {
    check(
        "canonical/bitflyer_BTCJPY_trades_tick_20180121_20180128.csv.gz",
        "bitflyer",
        "BTC/JPY",
    );
}

#[test]
fn spy_tape() {
    check(
        "canonical/useq_SPY_trades_tick_20131007_20131009.csv.gz",
        "useq",
        "SPY",
    );
}
