//! The European Central Bank. Nothing of it was recorded: the bytes are our own, after its documents.

use quantflow_model::{InstrumentStatus, Timeframe};
use quantflow_venues::Ecb;
use quantflow_wire::{Codec, EventKind, Input, Query};

use super::{between, candles, day, prices, read, symbol, target};
use crate::survives::{Good, checked, survives};

fn codec() -> Ecb {
    Ecb::new("ecb".parse().unwrap())
}

const TABLE: &str = "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,TITLE\nEXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,2020-01-02,1.1193,\"US dollar, reference\"\nEXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,2020-01-03,,\"US dollar, reference\"\nEXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,2020-01-06,1.1194,\"US dollar, reference\"\n";

const NEWEST: &str = "CURRENCY,CURRENCY_DENOM,TIME_PERIOD,OBS_VALUE\nUSD,EUR,2026-11-19,1.08\nJPY,EUR,2026-11-19,163.25\nHRK,EUR,2022-12-30,7.5365\n";

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?><gesmes:Envelope xmlns:gesmes="x"><gesmes:subject>Reference rates</gesmes:subject><Cube><Cube time="2020-01-03"><Cube currency="USD" rate="1.1147"/><Cube currency="JPY" rate="120.55"/></Cube><Cube time='2020-01-02'><Cube currency='USD' rate='1.1193'/></Cube></Cube></gesmes:Envelope>"#;

#[test]
fn both_forms_mean_the_same() {
    let codec = codec();
    let dollars = candles("USD", Timeframe::D1);
    let table = read(&codec, &dollars, TABLE.as_bytes()).unwrap();
    let opens: Vec<_> = table.iter().map(|candle| candle.open_time).collect();
    assert_eq!(
        opens,
        [day("2020-01-02"), day("2020-01-06")],
        "a day without a rate has none"
    );
    let xml = read(&codec, &dollars, XML.as_bytes()).unwrap();
    assert_eq!(xml.len(), 2);
    assert_eq!(xml[0], table[0]);
    assert_eq!(
        prices(&xml[0]),
        ["1.1193", "1.1193", "1.1193", "1.1193", "0"]
    );
    assert_eq!(read(&codec, &dollars, b"").unwrap(), []);
}

#[test]
fn the_newest_rates_tell_what_there_is() {
    let codec = codec();
    let input = Input::Answer {
        query: &Query::Ticker { symbol: None },
        body: NEWEST.as_bytes(),
    };
    let events = checked(&codec, &input).unwrap();
    assert_eq!(events.len(), 2, "the kuna has no rate any more");
    let input = Input::Answer {
        query: &Query::Instruments,
        body: NEWEST.as_bytes(),
    };
    let events = checked(&codec, &input).unwrap();
    let EventKind::Instruments(list) = &events[0].kind else {
        panic!("{events:?}");
    };
    let statuses: Vec<_> = list
        .iter()
        .map(|one| (one.symbol.to_string(), one.status))
        .collect();
    assert_eq!(
        statuses,
        [
            ("ecb:EUR/USD".to_owned(), InstrumentStatus::Trading),
            ("ecb:EUR/JPY".to_owned(), InstrumentStatus::Trading),
            ("ecb:EUR/HRK".to_owned(), InstrumentStatus::Closed),
        ]
    );
    for instrument in list {
        assert_eq!(
            codec.spell(&instrument.symbol).as_ref(),
            Some(&instrument.venue_symbol)
        );
    }
}

#[test]
fn broken_answers_are_refused() {
    let query = candles("USD", Timeframe::D1);
    let all = Query::Ticker { symbol: None };
    survives(&codec(), &[Good::Answer(&query, TABLE.as_bytes())], true);
    survives(&codec(), &[Good::Answer(&all, NEWEST.as_bytes())], true);
    let xml = [Good::Answer(&query, XML.as_bytes())];
    survives(&codec(), &xml, true);
    for broken in [
        "CURRENCY,CURRENCY_DENOM,TIME_PERIOD\nUSD,EUR,2020-01-02\n",
        "CURRENCY,CURRENCY_DENOM,TIME_PERIOD,OBS_VALUE\nUSD,EUR,2020-01-02,-1\n",
        "CURRENCY,CURRENCY_DENOM,TIME_PERIOD,OBS_VALUE\nUSD,GBP,2020-01-02,1\n",
        "CURRENCY,CURRENCY_DENOM,TIME_PERIOD,OBS_VALUE\nusd,EUR,2020-01-02,1\n",
        "<Cube currency=\"USD\" rate=\"1\"/></x>",
        "<Cube time=\"2020-01-02\"><Cube currency=\"USD\"/></Cube>",
        "<Cube time=\"2020-01-02\"><Cube currency=\"USD\" rate=\"1\" rate=\"2\"/></Cube>",
        "<Cube time=\"2020-01-02",
    ] {
        assert!(
            read(&codec(), &query, broken.as_bytes()).is_err(),
            "{broken}"
        );
    }
}

#[test]
fn queries_are_requests() {
    let codec = codec();
    let query = between("USD", Timeframe::D1, "2020-01-02", "2020-02-01");
    assert_eq!(
        target(&codec, &query),
        "/service/data/EXR/D.USD.EUR.SP00.A?startPeriod=2020-01-02&endPeriod=2020-01-31&firstNObservations=100&format=csvdata"
    );
    assert_eq!(
        target(&codec, &Query::Instruments),
        "/service/data/EXR/D..EUR.SP00.A?lastNObservations=1&format=csvdata"
    );
    assert!(codec.request(&candles("USD", Timeframe::H1)).is_err());
    assert_eq!(
        codec.spell(&"ecb:EUR/USD".parse().unwrap()),
        Some(symbol("USD"))
    );
    assert_eq!(codec.spell(&"ecb:USD/EUR".parse().unwrap()), None);
}
