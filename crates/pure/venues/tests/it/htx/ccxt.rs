//! Our answer against that of ccxt, from the same recorded bytes.

use quantflow_testkit::recorded::ccxt::{Comparison, cases};
use quantflow_venues::htx::Market;
use quantflow_wire::{EventKind, Query};

use super::codec;
use crate::broken::{answer, symbol};

#[test]
fn the_ticker_is_equal() {
    let Some(cases) = cases("htx") else {
        return;
    };
    let [case] = cases.as_slice() else {
        panic!("{} cases", cases.len());
    };
    let query = Query::Ticker {
        symbol: Some(symbol("btcusdt")),
    };
    let events = answer(&codec(Market::Spot), &query, &case.body).unwrap();
    let EventKind::Ticker(ticker) = &events[0].kind else {
        panic!("{events:?}");
    };
    let mut all = Comparison::default();
    all.ticker(case, ticker);
    let time = ticker.close_time.unwrap().millis().to_string();
    all.text("timestamp", Some(&time), &case.unified["timestamp"]);
    let reason =
        "the same text in both; the reader of the comparison is a bit off the nearest float";
    assert_eq!(
        ticker.quote_volume.unwrap().to_string(),
        "90090730.70713353"
    );
    all.close("htx", &[("quoteVolume", reason)]);
}
