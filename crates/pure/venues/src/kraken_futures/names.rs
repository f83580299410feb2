//! What Kraken Futures calls contracts: `PI_XBTUSD`, `FI_XBTUSD_210924`, `PF_ETHUSD`.

use quantflow_model::{Contract, Symbol, VenueId, VenueSymbol};

use crate::assets::Assets;

const ASSETS: Assets = Assets(&[("XBT", "BTC")]);

/// What a contract pays in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// In the base asset; it counts quote currency.
    Inverse,
    /// In the quote currency; it counts the base asset.
    Linear,
}

/// Our symbol of a contract, and what it pays in. `base` and `quote` as the venue says them, where it
/// does; older answers leave them to the name, whose last three letters are the quote.
pub(super) fn symbol(
    venue: &VenueId,
    name: &str,
    assets: Option<(&str, &str)>,
) -> Option<(Symbol, Kind)> {
    let name = name.to_ascii_uppercase();
    let mut parts = name.split('_');
    let (prefix, pair) = (parts.next()?, parts.next()?);
    let date = parts.next();
    let kind = match prefix {
        "PI" | "FI" => Kind::Inverse,
        "PF" | "FF" | "PV" | "FV" => Kind::Linear,
        _ => return None,
    };
    let dated = prefix.starts_with('F');
    if parts.next().is_some() || dated != date.is_some() {
        return None;
    }
    let (base, quote) = match assets {
        Some(assets) => assets,
        None => pair.split_at_checked(pair.len().checked_sub(3)?)?,
    };
    let (base, quote) = (ASSETS.ours(base), ASSETS.ours(quote));
    let settle = match kind {
        Kind::Inverse => base,
        Kind::Linear => quote,
    };
    let mut instrument = format!("{base}/{quote}:{settle}");
    if let Some(date) = date {
        // YYMMDD
        instrument.push_str("-20");
        instrument.push_str(date);
    }
    Some((Symbol::new(venue, &instrument).ok()?, kind))
}

/// The venue's name of one of our symbols: the flexible contract where it pays in the quote currency.
pub(super) fn spell(symbol: &Symbol) -> Option<VenueSymbol> {
    let named = |prefix: char, base: &str, quote: &str, settle: &str, date: Option<&str>| {
        let kind = match settle {
            _ if settle == base => 'I',
            _ if settle == quote => 'F',
            _ => return None,
        };
        let (base, quote) = (ASSETS.theirs(base), ASSETS.theirs(quote));
        let mut name = format!("{prefix}{kind}_{base}{quote}");
        if let Some(date) = date {
            name.push('_');
            name.push_str(date.strip_prefix("20")?);
        }
        VenueSymbol::new(&name)
    };
    match symbol.contract() {
        Contract::Perpetual {
            base,
            quote,
            settle,
        } => named('P', base, quote, settle, None),
        Contract::Future {
            base,
            quote,
            settle,
            expiry,
        } => named('F', base, quote, settle, Some(expiry)),
        _ => None,
    }
}
