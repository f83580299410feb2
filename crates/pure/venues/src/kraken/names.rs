//! What Kraken calls pairs: one way over its socket, another in its REST API.

use std::borrow::Cow;

use quantflow_model::{Symbol, VenueId, VenueSymbol};

use crate::assets::Assets;

/// The venue's names and ours, as ccxt has them. Luna and USTC were renamed after their fall, and Augur
/// after its second token.
const ASSETS: Assets = Assets(&[
    ("LUNA", "LUNC"),
    ("LUNA2", "LUNA"),
    ("UST", "USTC"),
    ("REP", "REPV1"),
    ("REPV2", "REP"),
]);

/// Names in the REST API and in version 1 of the socket, and those of version 2.
const REST: Assets = Assets(&[("XBT", "BTC"), ("XDG", "DOGE")]);

/// A pair as version 2 of the socket writes it, which is our venue symbol: `BTC/USD` of `XBT/USD`.
pub(super) fn modern(pair: &str) -> Option<String> {
    let (base, quote) = pair.split_once('/')?;
    Some(format!("{}/{}", REST.ours(base), REST.ours(quote)))
}

/// A pair as the REST API takes it: `XBTUSD` of `BTC/USD`. What has no slash stays as it is.
pub(super) fn for_rest(symbol: &VenueSymbol) -> Cow<'_, str> {
    match symbol.as_str().split_once('/') {
        Some((base, quote)) => format!("{}{}", REST.theirs(base), REST.theirs(quote)).into(),
        None => symbol.as_str().into(),
    }
}

/// Our symbol of a pair of version 2; `None` where our grammar cannot write it.
pub(super) fn symbol(venue: &VenueId, pair: &str) -> Option<Symbol> {
    let (base, quote) = pair.split_once('/')?;
    Symbol::spot(venue, ASSETS.ours(base), ASSETS.ours(quote)).ok()
}

/// The pair of our two assets.
pub(super) fn spell(base: &str, quote: &str) -> Option<VenueSymbol> {
    VenueSymbol::new(&format!("{}/{}", ASSETS.theirs(base), ASSETS.theirs(quote)))
}

/// The pair of version 2 in the names of the REST API: `XBT/USD`.
pub(super) fn old(pair: &str) -> Option<String> {
    let (base, quote) = pair.split_once('/')?;
    Some(format!("{}/{}", REST.theirs(base), REST.theirs(quote)))
}
