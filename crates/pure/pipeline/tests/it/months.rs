//! Months of quote volume: the longest sums that there are, exact to the eighth decimal.

use std::collections::BTreeMap;

use quantflow_model::{CandleOrigin, Symbol, Timeframe, Timestamp};
use quantflow_wire::ImportKind;

use crate::recorded::{Importer, text};

/// Opening time and quote volume, as the file writes it.
fn quote_volumes(text: &str) -> BTreeMap<Timestamp, &str> {
    let row = |line| {
        let fields: Vec<&str> = str::split(line, ',').collect();
        (
            Timestamp::from_millis(fields[0].parse().unwrap()),
            fields[7],
        )
    };
    text.lines().skip(1).map(row).collect()
}

/// Each month that candles of a timeframe cover has the venue's own quote volume, digit by digit; how
/// many months there are, and in how many of them a sum of floats is another number.
fn months(name: &str, timeframe: Timeframe) -> Option<(usize, usize)> {
    let file = |name: &str| {
        text(&format!(
            "klines_binance_spot/binance_BTCUSDT_klines_{name}.csv.gz"
        ))
    };
    let (parts, native) = (file(name)?, file("1M_20170801_20260301")?);
    let native = quote_volumes(&native);
    let quotes = quote_volumes(&parts);
    let mut importer = Importer::new(None);
    let symbol: Symbol = "fake:A/B".parse().unwrap();
    importer.import(&symbol, ImportKind::Candles(timeframe), &parts);

    let begins = *quotes.first_key_value().unwrap().0;
    let (mut whole, mut bent) = (0, 0);
    for ((_, _, of, open), candle) in &importer.store.candles {
        // the first month begins before the file
        let covered = *open >= begins;
        if *of != Timeframe::Mo1 || candle.origin != CandleOrigin::Venue || !covered {
            continue;
        }
        let Some(venues) = native.get(open) else {
            continue;
        };
        let ours = candle.quote_volume.unwrap().0;
        assert_eq!(ours.padded(8).to_string(), *venues, "{name} {open}");
        whole += 1;
        let inside = quotes.range(*open..Timeframe::Mo1.end_of(*open));
        let floats: f64 = inside.map(|(_, text)| text.parse::<f64>().unwrap()).sum();
        bent += usize::from(format!("{floats:.8}") != *venues);
    }
    println!(
        "{name}: {whole} months equal to the 8th decimal; {bent} of them differ as sums of floats"
    );
    Some((whole, bent))
}

#[test]
fn a_month_of_quote_volume_is_exact_to_the_eighth_decimal() {
    let figures: Vec<_> = [
        ("15m_20241230_20260430", Timeframe::M15),
        ("1h_20220101_20260430", Timeframe::H1),
        ("4h_20170817_20260430", Timeframe::H4),
        ("1d_20170817_20260429", Timeframe::D1),
    ]
    .into_iter()
    .filter_map(|(name, timeframe)| months(name, timeframe))
    .collect();
    if figures.is_empty() {
        return;
    }
    assert_eq!(
        figures.iter().map(|f| f.0).collect::<Vec<_>>(),
        [15, 51, 103, 103]
    );
    // what this guards against would show: were sums taken in floats, these months would be wrong
    assert!(figures.iter().all(|(_, bent)| *bent > 0), "{figures:?}");
}
