//! Which codec a venue speaks, and what a symbol is called.

use std::sync::Arc;

use quantflow_model::{Contract, Symbol, VenueId};
use quantflow_venues::Registry;
use quantflow_wire::Codec;

use crate::config::Settings;
use crate::config::schema::distance;
use crate::failure::{Failure, Outcome};

/// The venue of the generated market.
pub(crate) const DEMO: &str = "demo";
/// What the generated market speaks.
const DEMO_PROTOCOL: &str = "binance-spot";
/// Other names of protocols in the configuration.
const ALIASES: [(&str, &str); 1] = [("binance", "binance-spot")];

/// What a venue's own names of pairs end with (`BTCUSDT`), where nothing better is known than the
/// name. The longest that fits wins, so `USDT` is looked for before `BTC`.
pub(crate) const QUOTE_ASSETS: [&str; 36] = [
    "FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "USDS", "BIDR", "IDRT", "BKRW", "USD1",
    "USDE", "EURI", "AEUR", "BVND", "DAI", "PAX", "VAI", "UST", "USD", "EUR", "GBP", "TRY", "BRL",
    "ARS", "AUD", "RUB", "UAH", "ZAR", "NGN", "PLN", "RON", "JPY", "BTC", "ETH", "BNB",
];

/// The codec of a venue: built in, configured, or the demo's; `None` where there are only imports.
///
/// # Errors
/// When the configuration names a protocol that does not exist.
pub(crate) fn codec_of(settings: &Settings, venue: &VenueId) -> Outcome<Option<Arc<dyn Codec>>> {
    let registry = Registry::builtin();
    if let Some(protocol) = settings
        .venues
        .get(venue)
        .and_then(|v| v.protocol.as_deref())
    {
        let name = ALIASES.iter().find(|(alias, _)| *alias == protocol);
        let name = name.map_or(protocol, |(_, name)| *name);
        let codec = registry.speak(name, venue.clone()).map_err(|error| {
            Failure::usage(format!("venues.{venue}.protocol is not right")).because(error)
        })?;
        return Ok(Some(codec));
    }
    if venue.as_str() == DEMO {
        return Ok(registry.speak(DEMO_PROTOCOL, venue.clone()).ok());
    }
    Ok(registry.codec(venue))
}

/// What `venues.*.protocol` may be.
pub(crate) fn protocols() -> Vec<&'static str> {
    let registry = Registry::builtin();
    let aliases = ALIASES.iter().map(|(alias, _)| *alias);
    aliases.chain(registry.protocols()).collect()
}

/// The venues that need no configuration.
pub(crate) fn built_in() -> Vec<String> {
    let registry = Registry::builtin();
    registry.venues().map(ToString::to_string).collect()
}

/// Base and quote of a venue's own name (`BTCUSDT`), told by [`QUOTE_ASSETS`].
pub(crate) fn split_pair(name: &str) -> Option<(&str, &str)> {
    QUOTE_ASSETS
        .iter()
        .filter_map(|quote| Some((name.strip_suffix(quote)?, *quote)))
        .filter(|(base, _)| !base.is_empty())
        .max_by_key(|(_, quote)| quote.len())
}

/// A symbol that is known, with its venue's own name where that is known too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) symbol: Symbol,
    pub(crate) venue_symbol: Option<String>,
}

/// What a symbol that is imported is called: ours as it stands (with or without its venue), the
/// venue's own (`BTCUSDT`) where the venue is built in.
///
/// # Errors
/// When the text names nothing, or another venue's.
pub(crate) fn import_symbol(
    text: &str,
    venue: &VenueId,
    codec: Option<&dyn Codec>,
    known: &[Known],
) -> Outcome<Symbol> {
    let wrong = |why: String| {
        Failure::usage(format!("--symbol {text} names no symbol of {venue}"))
            .because(why)
            .to_do("write it as BASE/QUOTE, such as BTC/USDT")
    };
    let instrument = match text.split_once(':') {
        Some((other, rest)) if other == venue.as_str() => rest,
        // `BTC/USDT:USDT` is a perpetual, `kraken:BTC/USD` another venue's
        Some((other, _)) if !other.contains('/') => {
            return Err(wrong(format!("it is of venue {other}")));
        }
        _ => text,
    };
    let upper = instrument.to_ascii_uppercase();
    let is_known = known.iter().find(|k| {
        k.symbol.venue_str() == venue.as_str() && k.venue_symbol.as_deref() == Some(&upper)
    });
    if let Some(known) = is_known {
        return Ok(known.symbol.clone());
    }
    let symbol = Symbol::new(venue, instrument).map_err(|error| wrong(error.to_string()))?;
    let Some(codec) = codec else {
        return Ok(symbol);
    };
    if !matches!(symbol.contract(), Contract::Ticker(_)) {
        return Ok(symbol);
    }
    let pair = upper
        .split_once('-')
        .or_else(|| split_pair(&upper))
        .ok_or_else(|| {
            wrong(format!(
                "{upper} ends with no quote asset that is known here"
            ))
        })?;
    let symbol = Symbol::spot(venue, pair.0, pair.1).map_err(|error| wrong(error.to_string()))?;
    // what the venue would call it must be what was said
    match codec.spell(&symbol) {
        Some(spelled) if spelled.as_str() == upper.replace('-', "") => Ok(symbol),
        _ => Err(wrong(format!("{venue} does not call anything so"))),
    }
}

/// The symbol that a text means among those that are known: `binance:BTC/USDT`,
/// `binance:BTC-USDT`, `binance:BTCUSDT`, or without the venue where only one has it.
///
/// # Errors
/// When none is meant, with what is near; or several are.
pub(crate) fn find_symbol(text: &str, known: &[Known], place: &str) -> Outcome<Symbol> {
    let readings = Symbol::from_url(text).unwrap_or_default();
    if let Some(found) = readings
        .iter()
        .find(|r| known.iter().any(|k| k.symbol == **r))
    {
        return Ok(found.clone());
    }
    let (venue, name) = match text.split_once(':') {
        Some((venue, name)) if !venue.contains('/') => (Some(venue), name),
        _ => (None, text),
    };
    let upper = name.to_ascii_uppercase();
    let fits = |k: &&Known| {
        venue.is_none_or(|venue| venue == k.symbol.venue_str())
            && (k.venue_symbol.as_deref() == Some(upper.as_str())
                || k.symbol.instrument() == upper
                || k.symbol.instrument().replace('/', "-") == upper)
    };
    let found: Vec<&Known> = known.iter().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok(one.symbol.clone()),
        [] => Err(unknown(text, known, place)),
        several => {
            let names: Vec<&str> = several.iter().map(|k| k.symbol.as_str()).collect();
            Err(Failure::usage(format!("{text} may mean several symbols"))
                .because(names.join(", "))
                .to_do("say whose: VENUE:BASE/QUOTE"))
        }
    }
}

fn unknown(text: &str, known: &[Known], place: &str) -> Failure {
    if text.trim().is_empty() {
        return Failure::usage("the symbol is empty").to_do("name one: VENUE:BASE/QUOTE");
    }
    let failure = Failure::new(format!("{text} is not known here"));
    if known.is_empty() {
        return failure.because(format!("{place} has no data yet")).to_do(
            "ingest with `quantflow up`, `quantflow import` a file, or name another --data-dir",
        );
    }
    let mut near: Vec<(usize, &str)> = known
        .iter()
        .map(|k| (distance(text, k.symbol.as_str()), k.symbol.as_str()))
        .collect();
    near.sort_unstable();
    let close: Vec<&str> = near
        .iter()
        .filter(|(d, _)| *d <= 2)
        .take(5)
        .map(|(_, s)| *s)
        .collect();
    let failure = failure.because(format!(
        "{place} has {} symbol{}, not this one",
        known.len(),
        if known.len() == 1 { "" } else { "s" }
    ));
    if close.is_empty() {
        let some: Vec<&str> = near.iter().take(5).map(|(_, s)| *s).collect();
        failure.to_do(format!("there are: {}", some.join(", ")))
    } else {
        failure.to_do(format!("did you mean {}?", close.join(" or ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(names: &[(&str, Option<&str>)]) -> Vec<Known> {
        let known = |(symbol, own): &(&str, Option<&str>)| Known {
            symbol: symbol.parse().unwrap(),
            venue_symbol: own.map(str::to_owned),
        };
        names.iter().map(known).collect()
    }

    fn imported(text: &str, venue: &str) -> Result<String, String> {
        let venue: VenueId = venue.parse().unwrap();
        let codec = Registry::builtin().codec(&venue);
        import_symbol(text, &venue, codec.as_deref(), &[])
            .map(|symbol| symbol.to_string())
            .map_err(|failure| failure.why.join(" "))
    }

    #[test]
    fn a_built_in_venues_own_names_become_ours() {
        for text in [
            "BTC/USDT",
            "btc/usdt",
            "BTCUSDT",
            "BTC-USDT",
            "binance:BTC/USDT",
        ] {
            assert_eq!(
                imported(text, "binance").unwrap(),
                "binance:BTC/USDT",
                "{text}"
            );
        }
        assert_eq!(imported("XRPETH", "binance").unwrap(), "binance:XRP/ETH");
        assert_eq!(
            imported("ETHFDUSD", "binance").unwrap(),
            "binance:ETH/FDUSD"
        );
        // another venue's name is its own affair
        assert_eq!(imported("BTCUSDT", "my-tape").unwrap(), "my-tape:BTCUSDT");
        assert_eq!(
            imported("BTC/USDT:USDT", "my-tape").unwrap(),
            "my-tape:BTC/USDT:USDT"
        );
    }

    #[test]
    fn what_names_nothing_is_refused() {
        assert!(
            imported("kraken:BTC/USD", "binance")
                .unwrap_err()
                .contains("kraken")
        );
        assert!(
            imported("NOSUCHPAIR", "binance")
                .unwrap_err()
                .contains("quote asset")
        );
        assert!(
            imported("a b", "binance")
                .unwrap_err()
                .contains("no instrument")
        );
    }

    #[test]
    fn a_symbol_is_found_by_any_of_its_names() {
        let known = known(&[("binance:BTC/USDT", Some("BTCUSDT")), ("nyse:BRK-B", None)]);
        for text in [
            "binance:BTC/USDT",
            "binance:BTC-USDT",
            "binance:btcusdt",
            "BTC/USDT",
            "btc-usdt",
        ] {
            let found = find_symbol(text, &known, "./data").unwrap();
            assert_eq!(found.as_str(), "binance:BTC/USDT", "{text}");
        }
        assert_eq!(
            find_symbol("nyse:BRK-B", &known, "./data")
                .unwrap()
                .as_str(),
            "nyse:BRK-B"
        );
        let missing = find_symbol("binance:BTC/USDC", &known, "./data").unwrap_err();
        assert!(
            missing
                .to_do
                .unwrap()
                .contains("did you mean binance:BTC/USDT")
        );
        let nothing = find_symbol("binance:BTC/USDC", &[], "./data").unwrap_err();
        assert!(nothing.why[0].contains("no data yet"));
    }

    #[test]
    fn two_venues_with_one_name_are_not_guessed_between() {
        let known = known(&[("binance:BTC/USDT", None), ("demo:BTC/USDT", None)]);
        let failure = find_symbol("BTC/USDT", &known, "./data").unwrap_err();
        assert!(failure.usage);
        assert!(failure.why[0].contains("demo:BTC/USDT"));
    }
}
