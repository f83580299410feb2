//! Messages of the sockets.

use quantflow_model::VenueSymbol;
use quantflow_wire::{DecodeError, Event, EventKind, Notice};

use super::{names, rows};
use crate::json::value::{millis, nanos, unsigned};
use crate::json::{Fields, Json};
use crate::said::{self, about, notice, sent_about, unknown};

/// The names in `/market/snapshot`.
const SNAPSHOT: rows::TickerNames = rows::TickerNames {
    last: "lastTradedPrice",
    open: "open",
    bid_size: "bidSize",
    ask_size: "askSize",
};

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(bytes)?;
    let Some(kind) = tree.entry("type") else {
        return Err(unknown(&tree.names()));
    };
    let f = Fields::new("message", &tree)?;
    let kind = kind.text().ok_or_else(|| f.bad("type", kind))?;
    // other clients' numbers are no numbers
    let id = tree.entry("id").and_then(unsigned);
    let word = match kind {
        "message" => return data(&f),
        "welcome" | "pong" => Notice::Heartbeat,
        "ack" => Notice::Subscribed { id },
        "error" => Notice::Refused {
            id,
            code: f.read("code", Json::integer)?,
            message: f.text("data")?.to_owned(),
        },
        other => return Err(unknown(&format!("type {other:?}"))),
    };
    if f.has("topic") {
        return Err(f.bad("topic", f.get("topic")?));
    }
    Ok(vec![notice(word)])
}

/// What stands behind the colon of a topic: `BTC-USDT`, `BTC-USDT_1min`, `all`, `BTC` (a market).
pub(super) fn split(topic: &str) -> Option<(&str, &str)> {
    topic
        .split_once(':')
        .filter(|(path, about)| !path.is_empty() && !about.is_empty())
}

/// The symbol that a topic is about; `None` where it is about several.
pub(super) fn symbol_of_topic(path: &str, about: &str) -> Option<VenueSymbol> {
    VenueSymbol::new(symbol_text(path, about)?)
}

/// The same as text.
pub(super) fn symbol_text<'t>(path: &str, about: &'t str) -> Option<&'t str> {
    let symbol = if path == "/market/candles" {
        about.rsplit_once('_')?.0
    } else {
        about
    };
    symbol.contains('-').then_some(symbol)
}

fn data(f: &Fields<'_, '_>) -> Result<Vec<Event>, DecodeError> {
    let topic = f.get("topic")?;
    let text = topic.plain_text().ok_or_else(|| f.bad("topic", topic))?;
    let subject = f.text("subject")?;
    let Some((path, of)) = split(text) else {
        return Err(unknown(&format!("topic {text}, {subject}")));
    };
    let symbol = symbol_of_topic(path, of);
    let named = || symbol.clone().ok_or_else(|| f.bad("topic", topic));
    let found = f.get("data")?;
    let inner = || Fields::new("data", found);
    Ok(match (path, subject) {
        ("/market/match", "trade.l3match") => {
            let (symbol, f) = (named()?, inner()?);
            check(&f, &symbol)?;
            vec![about(&symbol, said::trade(rows::trade(&f)?))]
        }
        ("/market/level2", "trade.l2update") => {
            let (symbol, f) = (named()?, inner()?);
            check(&f, &symbol)?;
            vec![about(&symbol, EventKind::BookDelta(rows::delta(&f)?))]
        }
        // of all symbols at once the subject names each
        ("/market/ticker", subject) => {
            let symbol = match symbol {
                Some(symbol) => symbol,
                None => f.symbol("subject")?,
            };
            if subject != "trade.ticker" && subject != symbol.as_str() {
                return Err(f.bad("subject", f.get("subject")?));
            }
            let quote = rows::quote(&inner()?)?.map(EventKind::Quote);
            quote.map(|kind| about(&symbol, kind)).into_iter().collect()
        }
        ("/spotMarket/level1", "level1") => {
            vec![about(&named()?, EventKind::Quote(rows::level1(&inner()?)?))]
        }
        ("/spotMarket/level2Depth5" | "/spotMarket/level2Depth50", "level2") => {
            let book = rows::best_levels(&inner()?)?;
            vec![about(&named()?, EventKind::BookSnapshot(book))]
        }
        ("/market/candles", "trade.candles.update" | "trade.candles.add") => {
            let (symbol, f) = (named()?, inner()?);
            check(&f, &symbol)?;
            let kind = of.rsplit_once('_').map_or("", |(_, kind)| kind);
            let timeframe =
                names::timeframe(kind).ok_or_else(|| unknown(&format!("candles of {kind}")))?;
            let candle = rows::candle(f.get("candles")?, timeframe)?;
            let sent = Some(f.read("time", nanos)?);
            vec![sent_about(
                &symbol,
                sent,
                EventKind::Candle(Box::new(candle)),
            )]
        }
        ("/market/snapshot", "trade.snapshot") => {
            let f = Fields::new("snapshot", inner()?.get("data")?)?;
            let of_row = f.symbol("symbol")?;
            // a topic may be a market with all its symbols
            if symbol.is_some_and(|symbol| symbol != of_row) {
                return Err(f.bad("symbol", f.get("symbol")?));
            }
            let sent = f.read("datetime", millis)?;
            let ticker = rows::ticker(&f, SNAPSHOT, Some(sent))?;
            let kind = ticker.map(|ticker| EventKind::Ticker(Box::new(ticker)));
            kind.map(|kind| sent_about(&of_row, Some(sent), kind))
                .into_iter()
                .collect()
        }
        _ => return Err(unknown(&format!("topic {path}, {subject}"))),
    })
}

fn check(f: &Fields<'_, '_>, symbol: &VenueSymbol) -> Result<(), DecodeError> {
    if f.symbol("symbol")? == *symbol {
        Ok(())
    } else {
        Err(f.bad("symbol", f.get("symbol")?))
    }
}
