//! The reference's own file: XRP/ETH candles that another program made of the same trades.
//!
//! `candles_freqtrade/XRP_ETH-1m.feather` holds floats. An exact decimal and a float are compared both
//! ways: the float must be the nearest one to our decimal (parsing text rounds once, correctly), and
//! our decimal must be the shortest text that means this float. The second is the sharper: a price one
//! unit off in its last decimal, or a volume that a sum of floats had bent, would be another text.
//! (All quantities of this market are whole numbers, so the reference's sums lost nothing.)
//!
//! The file is Arrow IPC compressed with LZ4: Python reads it (`QUANTFLOW_PYTHON`, else `python3`,
//! with pyarrow, which the tests need anyway), and no line of ours does.

use std::process::Command;

use quantflow_testkit::recorded;

use crate::done;

/// Prints time, open, high, low, close, volume; floats as their bits, so that no text is in between.
const DUMP: &str = r"
import struct, sys
import pyarrow
from pyarrow import feather
table = feather.read_table(sys.argv[1])
times = table['date'].cast(pyarrow.timestamp('ms', 'UTC')).cast('int64').to_pylist()
columns = [table[name].to_pylist() for name in ('open', 'high', 'low', 'close', 'volume')]
for time, *row in zip(times, *columns):
    print(time, *(struct.pack('>d', value).hex() for value in row))
";

fn python() -> Option<String> {
    let python = std::env::var("QUANTFLOW_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let there = Command::new(&python)
        .args(["-c", "from pyarrow import feather"])
        .output()
        .is_ok_and(|output| output.status.success());
    if there {
        return Some(python);
    }
    let must = std::env::var("QUANTFLOW_NO_SKIP").is_ok_and(|v| v == "1");
    assert!(!must, "{python} has no pyarrow, and QUANTFLOW_NO_SKIP=1");
    println!("skipped: {python} has no pyarrow");
    None
}

/// Decimal text without what says nothing: `1.50` is `1.5`.
fn shortest(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

#[test]
fn xrpeth_minutes_are_those_of_the_reference_file() {
    let trades = "canonical/binance-spot_XRPETH_trades_tick_20191011_20191013.csv.gz";
    let (Some(trades), Some(feather)) = (
        recorded::path(trades),
        recorded::path("candles_freqtrade/XRP_ETH-1m.feather"),
    ) else {
        return;
    };
    let Some(python) = python() else { return };
    let dump = Command::new(python)
        .args(["-c", DUMP])
        .arg(feather)
        .output()
        .unwrap();
    let faults = String::from_utf8_lossy(&dump.stderr);
    assert!(dump.status.success(), "{faults}");
    let reference = String::from_utf8(dump.stdout).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = trades.to_str().unwrap();
    let import = ["import", file, "--kind", "trades", "--venue", "binance"];
    done(
        folder,
        &[&import[..], &["--symbol", "XRP/ETH", "-q"]].concat(),
    );
    let export = [
        "export",
        "binance:XRP/ETH",
        "--kind",
        "candles",
        "--timeframe",
        "1m",
    ];
    let ours = done(folder, &[&export[..], &["-q"]].concat());

    let names: Vec<&str> = ours.lines().next().unwrap().split(',').take(6).collect();
    assert_eq!(
        names[1..],
        ["open", "high", "low", "close", "volume"],
        "{names:?}"
    );
    let mut values = 0;
    let mut rows = reference.lines();
    for line in ours.lines().skip(1) {
        let ours: Vec<&str> = line.split(',').collect();
        let theirs: Vec<&str> = rows.next().expect(line).split(' ').collect();
        assert_eq!(ours[0], theirs[0], "{line}");
        for (name, (ours, bits)) in names.iter().zip(ours.iter().zip(&theirs)).skip(1) {
            let float = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
            let nearest: f64 = ours.parse().unwrap();
            assert_eq!(nearest.to_bits(), float.to_bits(), "{name} of {line}");
            // the shortest decimal that means this float, without an exponent
            assert_eq!(shortest(ours), float.to_string(), "{name} of {line}");
            values += 1;
        }
    }
    assert_eq!(rows.next(), None, "the reference has more minutes");
    println!(
        "{} minutes, {values} values equal the reference's",
        values / 5
    );
    assert_eq!(values, 5 * 2_469);
}
