//! Which symbol a client means, and which it may have meant.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quantflow_market::MarketQueries;
use quantflow_market::view::SymbolView;
use quantflow_model::{Symbol, VenueId};
use rustc_hash::FxHashMap;

use crate::lock;
use crate::problem::{Code, Problem};

/// How long the list of symbols is believed.
const FRESH: Duration = Duration::from_secs(10);
/// After a symbol was not found, the list is read again, but not more often than this.
const AGAIN: Duration = Duration::from_secs(1);
const SUGGESTIONS: usize = 5;

/// What is known of all symbols at a time.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    pub(crate) views: Vec<SymbolView>,
    known: rustc_hash::FxHashSet<Symbol>,
    /// By the venue's spelling, upper case; by venue.
    by_spelling: FxHashMap<String, BTreeMap<String, Symbol>>,
}

impl Symbols {
    fn new(views: Vec<SymbolView>) -> Self {
        let known = views.iter().map(|view| view.symbol.clone()).collect();
        let mut by_spelling: FxHashMap<String, BTreeMap<String, Symbol>> = FxHashMap::default();
        for view in &views {
            let symbol = &view.symbol;
            let venue = symbol.venue_str();
            let mut spell = |spelling: String| {
                by_spelling
                    .entry(spelling)
                    .or_default()
                    .entry(venue.to_owned())
                    .or_insert_with(|| symbol.clone());
            };
            // the venue's own spelling first: it is the one that is sure
            if let Some(instrument) = &view.instrument {
                spell(instrument.venue_symbol.as_str().to_ascii_uppercase());
            }
            spell(symbol.instrument().to_owned());
            spell(symbol.instrument().replacen('/', "-", 1));
            spell(symbol.instrument().replace('/', ""));
        }
        Self {
            views,
            known,
            by_spelling,
        }
    }

    fn find(&self, text: &str, venue: Option<&str>) -> Result<Option<Symbol>, Problem> {
        if let Some((before, rest)) = text.split_once(':')
            && let Ok(venue) = before.to_ascii_lowercase().parse::<VenueId>()
        {
            let readings = Symbol::from_url(&format!("{venue}:{rest}")).unwrap_or_default();
            if let Some(symbol) = readings.into_iter().find(|s| self.known.contains(s)) {
                return Ok(Some(symbol));
            }
            if let Some(symbol) = self.spelled(rest, venue.as_str()) {
                return Ok(Some(symbol));
            }
        }
        if let Some(venue) = venue {
            // a perpetual's instrument has a colon of its own
            return Ok(self.spelled(text, venue));
        }
        match self.by_spelling.get(&text.to_ascii_uppercase()) {
            None => Ok(None),
            Some(venues) if venues.len() == 1 => Ok(venues.values().next().cloned()),
            Some(venues) => {
                let known: Vec<String> = venues.values().map(Symbol::url_form).collect();
                Err(Problem::parameter(
                    "symbol",
                    text,
                    known,
                    "is known at several venues: name one of them, in the symbol or with ?venue=",
                ))
            }
        }
    }

    fn spelled(&self, text: &str, venue: &str) -> Option<Symbol> {
        let venues = self.by_spelling.get(&text.to_ascii_uppercase())?;
        venues.get(venue).cloned()
    }

    /// Up to five symbols that are like the text, the likest first.
    fn suggest(&self, text: &str) -> Vec<String> {
        let plain = |text: &str| text.replace(['-', '/'], "").to_ascii_uppercase();
        let wanted: Vec<char> = plain(text).chars().take(64).collect();
        let with_venue = text.contains(':');
        let most = wanted.len() / 2 + 1;
        let mut near: Vec<(usize, &Symbol)> = self
            .views
            .iter()
            .filter_map(|view| {
                let symbol = &view.symbol;
                let name = if with_venue {
                    symbol.as_str()
                } else {
                    symbol.instrument()
                };
                let name: Vec<char> = plain(name).chars().collect();
                distance(&wanted, &name, most).map(|d| (d, symbol))
            })
            .collect();
        near.sort();
        near.into_iter()
            .take(SUGGESTIONS)
            .map(|(_, symbol)| symbol.to_string())
            .collect()
    }
}

/// Edits (a character more, less, other, or two exchanged) from one text to the other; `None` when more than `most`.
fn distance(a: &[char], b: &[char], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (last[j] + usize::from(x != y))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            row[j + 1] = least;
        }
        if row.iter().all(|d| *d > most) {
            return None;
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|d| *d <= most)
}

/// As `distance`, of texts.
pub(crate) fn edits(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().collect());
    distance(&a, &b, most)
}

/// Which symbols there are, read from the market role now and then.
#[derive(Debug)]
pub(crate) struct Directory {
    market: Arc<dyn MarketQueries>,
    default_venue: Option<VenueId>,
    known: Mutex<Option<(Arc<Symbols>, Duration)>>,
    /// Only one reads the list; others that need it wait for that.
    reading: tokio::sync::Mutex<()>,
}

impl Directory {
    pub(crate) fn new(market: Arc<dyn MarketQueries>, default_venue: Option<VenueId>) -> Self {
        Self {
            market,
            default_venue,
            known: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    fn younger_than(&self, age: Duration, now: Duration) -> Option<Arc<Symbols>> {
        lock(&self.known)
            .as_ref()
            .filter(|(_, at)| now.saturating_sub(*at) < age)
            .map(|(symbols, _)| Arc::clone(symbols))
    }

    /// All symbols, as they were at most `age` ago.
    pub(crate) async fn symbols(
        &self,
        age: Duration,
        now: Duration,
    ) -> Result<Arc<Symbols>, Problem> {
        if let Some(symbols) = self.younger_than(age, now) {
            return Ok(symbols);
        }
        let _reading = self.reading.lock().await;
        if let Some(symbols) = self.younger_than(age, now) {
            return Ok(symbols);
        }
        let symbols = Arc::new(Symbols::new(self.market.symbols().await?));
        *lock(&self.known) = Some((Arc::clone(&symbols), now));
        Ok(symbols)
    }

    /// The symbol that a text means: ours, its URL form, or the venue's spelling. `now` is the time since the gateway
    /// began.
    ///
    /// # Errors
    /// When none is known, with suggestions; when several venues know it and none is named.
    pub(crate) async fn resolve(
        &self,
        text: &str,
        venue: Option<&str>,
        now: Duration,
    ) -> Result<Symbol, Problem> {
        let text = text.trim();
        if text.is_empty()
            || text.len() > 120
            || text.chars().any(|c| c.is_control() || c.is_whitespace())
        {
            return Err(Problem::parameter(
                "symbol",
                text,
                "venue:BASE-QUOTE, or the venue's own spelling with ?venue=",
                "is no symbol",
            ));
        }
        let venue = venue.or_else(|| self.default_venue.as_ref().map(VenueId::as_str));
        let symbols = self.symbols(FRESH, now).await?;
        if let Some(symbol) = symbols.find(text, venue)? {
            return Ok(symbol);
        }
        // it may be new
        let symbols = self.symbols(AGAIN, now).await?;
        symbols.find(text, venue)?.ok_or_else(|| {
            let shown: String = text.chars().take(80).collect();
            Problem::not_found(
                Code::SymbolNotFound,
                format!("nothing is known of {shown:?}"),
                symbols.suggest(text),
            )
            .with("symbol", shown)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols(names: &[(&str, &str)]) -> Symbols {
        Symbols::new(
            names
                .iter()
                .map(|(name, spelling)| SymbolView {
                    symbol: name.parse().unwrap(),
                    instrument: quantflow_model::VenueSymbol::new(spelling).map(|venue_symbol| {
                        quantflow_model::Instrument {
                            contract: None,
                            symbol: name.parse().unwrap(),
                            venue_symbol,
                            status: quantflow_model::InstrumentStatus::Trading,
                            tick: None,
                            lot: None,
                            minimum_notional: None,
                        }
                    }),
                    live: true,
                    trades: None,
                    timeframes: Vec::new(),
                })
                .collect(),
        )
    }

    #[test]
    fn every_spelling_finds_its_symbol() {
        let symbols = symbols(&[
            ("binance:BTC/USDT", "BTCUSDT"),
            ("binance:ETH/USDT", "ETHUSDT"),
            ("demo:BTC/USDT", "BTCUSDT"),
            ("kraken:BTC/EUR", "XXBTZEUR"),
            ("nyse:BRK-B", "BRK.B"),
            ("binance:BTC/USDT:USDT", "BTCUSDT_PERP"),
        ]);
        for (text, venue, wanted) in [
            ("binance:BTC-USDT", None, "binance:BTC/USDT"),
            ("binance:BTC/USDT", None, "binance:BTC/USDT"),
            ("Binance:btc-usdt", None, "binance:BTC/USDT"),
            ("binance:BTCUSDT", None, "binance:BTC/USDT"),
            ("BTCUSDT", Some("demo"), "demo:BTC/USDT"),
            ("btc-usdt", Some("demo"), "demo:BTC/USDT"),
            ("ETHUSDT", None, "binance:ETH/USDT"),
            ("xxbtzeur", None, "kraken:BTC/EUR"),
            ("nyse:BRK-B", None, "nyse:BRK-B"),
            ("BRK.B", None, "nyse:BRK-B"),
            ("binance:BTC-USDT:USDT", None, "binance:BTC/USDT:USDT"),
            ("BTC/USDT:USDT", Some("binance"), "binance:BTC/USDT:USDT"),
        ] {
            let found = symbols.find(text, venue).unwrap();
            assert_eq!(
                found.as_ref().map(Symbol::as_str),
                Some(wanted),
                "{text} {venue:?}"
            );
        }
        let several = symbols.find("BTCUSDT", None).unwrap_err();
        assert_eq!(
            several.details["allowed"],
            serde_json::json!(["binance:BTC-USDT", "demo:BTC-USDT"])
        );
        assert_eq!(symbols.find("DOGEUSDT", None).unwrap(), None);
    }

    #[test]
    fn the_likest_are_suggested_first() {
        let symbols = symbols(&[
            ("binance:BTC/USDT", "BTCUSDT"),
            ("binance:BTC/USDC", "BTCUSDC"),
            ("binance:ETH/USDT", "ETHUSDT"),
            ("demo:BTC/USDT", "BTCUSDT"),
        ]);
        assert_eq!(symbols.suggest("binance:BCT-USDT")[0], "binance:BTC/USDT");
        assert_eq!(
            symbols.suggest("BTCUSD")[..2],
            ["binance:BTC/USDC", "binance:BTC/USDT"]
        );
        assert!(symbols.suggest("zzzzzzzzzzzzzzzzzzzzzz").is_empty());
        assert!(symbols.suggest("B").len() <= SUGGESTIONS);
    }

    #[test]
    fn distance_counts_edits() {
        let d = |a: &str, b: &str| {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            distance(&a, &b, 10)
        };
        assert_eq!(d("", ""), Some(0));
        assert_eq!(d("abc", "abc"), Some(0));
        assert_eq!(d("abc", "acb"), Some(1));
        assert_eq!(d("kitten", "sitting"), Some(3));
        assert_eq!(d("", "abc"), Some(3));
        assert_eq!(d("", "abcdefghijkl"), None);
    }
}
