//! Names of streams: `btcusdt@depth@100ms`.

use quantflow_model::{Timeframe, VenueSymbol};
use quantflow_venues::binance::read_stream;
use quantflow_wire::Channel;

/// What a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum StreamKind {
    Trade,
    Aggregate,
    Quote,
    /// Changes of the book, so many milliseconds together.
    Depth(u16),
    /// The best levels, so many, every so many milliseconds.
    Levels(u8, u16),
    Candles(Timeframe),
    Ticker,
    MiniTicker,
    AveragePrice,
}

/// A stream: of a listing, or of all (`!ticker@arr`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StreamKey {
    pub(crate) listing: Option<usize>,
    pub(crate) kind: StreamKind,
}

impl StreamKey {
    /// Reads a name; `None` when the venue has no such stream, as it then says nothing of it.
    pub(crate) fn parse(
        name: &str,
        listing_of: impl Fn(&VenueSymbol) -> Option<usize>,
    ) -> Option<Self> {
        let of_all = |kind| {
            Some(Self {
                listing: None,
                kind,
            })
        };
        match name {
            "!ticker@arr" => return of_all(StreamKind::Ticker),
            "!miniTicker@arr" => return of_all(StreamKind::MiniTicker),
            _ => {}
        }
        let (symbol, suffix) = name.split_once('@')?;
        // names are lower case, as the venue has it
        if symbol.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        let listing = listing_of(&VenueSymbol::new(&symbol.to_uppercase())?)?;
        let kind = match suffix {
            "trade" => StreamKind::Trade,
            "aggTrade" => StreamKind::Aggregate,
            "bookTicker" => StreamKind::Quote,
            "ticker" => StreamKind::Ticker,
            "miniTicker" => StreamKind::MiniTicker,
            "avgPrice" => StreamKind::AveragePrice,
            _ => {
                if let Some((_, Channel::Candles(timeframe))) = read_stream(name) {
                    StreamKind::Candles(timeframe)
                } else {
                    let rest = suffix.strip_prefix("depth")?;
                    let (levels, speed) = match rest.split_once('@') {
                        None => (rest, 1_000),
                        Some((levels, "100ms")) => (levels, 100),
                        Some((levels, "1000ms")) => (levels, 1_000),
                        Some(_) => return None,
                    };
                    match levels {
                        "" => StreamKind::Depth(speed),
                        "5" => StreamKind::Levels(5, speed),
                        "10" => StreamKind::Levels(10, speed),
                        "20" => StreamKind::Levels(20, speed),
                        _ => return None,
                    }
                }
            }
        };
        Some(Self {
            listing: Some(listing),
            kind,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_the_venue_writes_them() {
        let of = |symbol: &VenueSymbol| (symbol.as_str() == "BTCUSDT").then_some(3);
        let parse = |name| StreamKey::parse(name, of);
        for (name, kind) in [
            ("btcusdt@trade", StreamKind::Trade),
            ("btcusdt@depth", StreamKind::Depth(1_000)),
            ("btcusdt@depth@100ms", StreamKind::Depth(100)),
            ("btcusdt@depth20@100ms", StreamKind::Levels(20, 100)),
            ("btcusdt@kline_1M", StreamKind::Candles(Timeframe::Mo1)),
        ] {
            let listing = Some(3);
            assert_eq!(parse(name), Some(StreamKey { listing, kind }), "{name}");
        }
        assert_eq!(parse("!ticker@arr").map(|key| key.listing), Some(None));
        for bad in [
            "0",
            "BTCUSDT@trade",
            "ethusdt@trade",
            "btcusdt@kline_5s",
            "btcusdt@kline_x",
            "btcusdt@depth7",
            "btcusdt@depth@250ms",
            "btcusdt@",
            "",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
