//! Any text as a symbol: what is read is printed as it is read again, and survives a URL.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantflow_model::{Decimal, Symbol, Timeframe, Timestamp, VenueId};

fuzz_target!(|bytes: &[u8]| {
    // numbers: both ways to read one agree
    if let Some((decimal, length)) = Decimal::parse_prefix(bytes) {
        assert_eq!(Decimal::parse(&bytes[..length]), Ok(decimal));
    }
    if let Ok(decimal) = Decimal::parse(bytes) {
        assert_eq!(decimal.to_string().parse(), Ok(decimal));
        assert_eq!(decimal.padded(8).to_string().parse(), Ok(decimal));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(symbol) = text.parse::<Symbol>() {
        assert_eq!(symbol.to_string().parse().as_ref(), Ok(&symbol));
        assert_eq!(
            Symbol::new(&symbol.venue(), symbol.instrument()).as_ref(),
            Ok(&symbol)
        );
        let readings = Symbol::from_url(&symbol.url_form()).expect("a symbol in a URL");
        assert!(readings.contains(&symbol), "{readings:?} lacks {symbol}");
        let _ = symbol.contract();
    }
    if let Ok(readings) = Symbol::from_url(text) {
        assert!((1..=2).contains(&readings.len()));
    }
    if let Ok(venue) = text.parse::<VenueId>() {
        assert_eq!(venue.as_str(), text);
    }
    if let Ok(timeframe) = text.parse::<Timeframe>() {
        assert_eq!(timeframe.name(), text);
    }
    let _ = text.parse::<Timestamp>();
});
