//! Assets and symbols: the venue's names and ours.
//!
//! The venue keeps names that an asset had when it was listed, or had to avoid. Which of them are
//! meant follows from its own answer to `pub:map:currency:sym` and agrees with what other readers of
//! this venue do.

use quantflow_model::{Contract, Symbol, VenueId, VenueSymbol};

/// The venue's name and ours, where they differ.
const ASSETS: [(&str, &str); 33] = [
    ("ALG", "ALGO"),
    ("AMP", "AMPL"),
    ("ATO", "ATOM"),
    ("BCHABC", "XEC"),
    ("BCHN", "BCH"),
    ("DAT", "DATA"),
    ("DOG", "MDOGE"),
    ("DSH", "DASH"),
    ("EDO", "PNT"),
    ("EUS", "EURS"),
    ("EUT", "EURT"),
    ("IDX", "ID"),
    ("IOT", "IOTA"),
    ("IQX", "IQ"),
    ("LUNA", "LUNC"),
    ("LUNA2", "LUNA"),
    ("MNA", "MANA"),
    ("PAS", "PASS"),
    ("QSH", "QASH"),
    ("QTM", "QTUM"),
    ("RBT", "RBTC"),
    ("SNG", "SNGLS"),
    ("STJ", "STORJ"),
    ("TERRAUST", "USTC"),
    ("TSD", "TUSD"),
    ("UDC", "USDC"),
    ("UST", "USDT"),
    ("VSY", "VSYS"),
    ("WAX", "WAXP"),
    ("XCH", "XCHF"),
    ("YGG", "YEED"),
    ("YYW", "YOYOW"),
    ("ZBT", "ZB"),
];

fn ours(theirs: &str) -> &str {
    let mut known = ASSETS.iter();
    known
        .find(|(venue, _)| *venue == theirs)
        .map_or(theirs, |(_, ours)| ours)
}

fn theirs(ours: &str) -> &str {
    let mut known = ASSETS.iter();
    known
        .find(|(_, known)| *known == ours)
        .map_or(ours, |(venue, _)| venue)
}

/// A pair as the venue's lists spell it (`BTCUSD`, `AAVE:USD`, `BTCF0:USTF0`) as our symbol and the
/// one that the venue wants in questions (`tBTCUSD`). `None` where our grammar has no name for it.
pub(super) fn pair(venue: &VenueId, pair: &str) -> Option<(Symbol, VenueSymbol)> {
    let (base, quote) = match pair.split_once(':') {
        Some(parts) => parts,
        None if pair.len() == 6 && pair.is_ascii() => pair.split_at(3),
        None => return None,
    };
    let symbol = match (base.strip_suffix("F0"), quote.strip_suffix("F0")) {
        (Some(base), Some(quote)) => {
            let quote = ours(quote);
            Symbol::new(venue, &format!("{}/{quote}:{quote}", ours(base)))
        }
        (None, None) => Symbol::spot(venue, ours(base), ours(quote)),
        _ => return None,
    };
    Some((symbol.ok()?, VenueSymbol::new(&format!("t{pair}"))?))
}

/// How the venue spells a symbol of ours in questions.
pub(super) fn spell(venue: &VenueId, symbol: &Symbol) -> Option<VenueSymbol> {
    if symbol.venue_str() != venue.as_str() {
        return None;
    }
    let text = match symbol.contract() {
        Contract::Spot { base, quote } => {
            let (base, quote) = (theirs(base), theirs(quote));
            // longer names are kept apart, or nobody could tell where one ends
            let colon = if base.len() == 3 && quote.len() == 3 {
                ""
            } else {
                ":"
            };
            format!("t{base}{colon}{quote}")
        }
        Contract::Perpetual {
            base,
            quote,
            settle,
        } if quote == settle => format!("t{}F0:{}F0", theirs(base), theirs(quote)),
        _ => return None,
    };
    VenueSymbol::new(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        let venue: VenueId = "bitfinex".parse().unwrap();
        for (listed, symbol) in [
            ("BTCUSD", "bitfinex:BTC/USD"),
            ("BTCUST", "bitfinex:BTC/USDT"),
            ("AAVE:USD", "bitfinex:AAVE/USD"),
            ("BTC:CNHT", "bitfinex:BTC/CNHT"),
            ("IOTETH", "bitfinex:IOTA/ETH"),
            ("BTCF0:USTF0", "bitfinex:BTC/USDT:USDT"),
            ("DOTF0:BTCF0", "bitfinex:DOT/BTC:BTC"),
        ] {
            let (ours, theirs) = pair(&venue, listed).unwrap();
            assert_eq!(ours.as_str(), symbol);
            assert_eq!(theirs.as_str(), format!("t{listed}"));
            assert_eq!(spell(&venue, &ours), Some(theirs), "{symbol}");
        }
        for listed in ["BTC", "BTCF0:USD", ":", "BTCUSDT", "ÄÄÄ"] {
            assert_eq!(pair(&venue, listed), None, "{listed}");
        }
        let dated = "bitfinex:BTC/USD:USD-20261225".parse().unwrap();
        assert_eq!(spell(&venue, &dated), None);
    }
}
