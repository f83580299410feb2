//! Recorded answers beside what ccxt makes of them, and the comparison of ours with it.

use quantflow_model::{BookSnapshot, Decimal, Level, Side, Trade};
use quantflow_wire::{Ticker, VenueCandle};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{bytes, files};

/// A recorded answer, and what ccxt makes of it.
#[derive(Debug)]
pub struct Case {
    /// The file: `rest_parsed_ccxt/kraken/fetchTicker.json`.
    pub name: String,
    /// The unified method: `fetchTicker`.
    pub method: String,
    /// What it was called with.
    pub input: Value,
    /// The URLs that ccxt asks.
    pub urls: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
    /// What ccxt makes of it.
    pub unified: Value,
}

/// The cases of an exchange as ccxt names it. `None` as for [`path`](super::path).
///
/// # Panics
/// When a file has another form.
pub fn cases(exchange: &str) -> Option<Vec<Case>> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct File {
        method: String,
        input: Value,
        request: Vec<Value>,
        http_response: Box<RawValue>,
        parsed_response: Value,
    }
    let names = files(&format!("rest_parsed_ccxt/{exchange}"))?;
    let case = |name: String| {
        let file = bytes(&name)?;
        let file: File = serde_json::from_slice(&file).expect("a case has its fields");
        let url = |request: &Value| request["url"].as_str().unwrap_or_default().to_owned();
        Some(Case {
            name,
            method: file.method,
            input: file.input,
            urls: file.request.iter().map(url).collect(),
            body: file.http_response.get().as_bytes().to_vec(),
            unified: file.parsed_response,
        })
    };
    names.into_iter().map(case).collect()
}

/// A number of ccxt as the shortest decimal that means it; `None` for null.
///
/// # Panics
/// When it is no number.
pub fn number(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(text.parse().expect("a number of ccxt"))
}

/// Where ours and ccxt's differ, as text for people; and how many values were equal.
#[derive(Debug, Default)]
pub struct Comparison {
    /// `name: field of row: ours, theirs`.
    pub differences: Vec<String>,
    /// Values that were compared and are equal.
    pub equal: u64,
}

impl Comparison {
    /// Compares one number: equal when ccxt's float is the nearest to our decimal. What ccxt leaves out
    /// (null) is not compared.
    pub fn number(&mut self, what: &str, ours: Option<Decimal>, theirs: &Value) {
        let Some(theirs) = number(theirs) else {
            return;
        };
        let same = ours.is_some_and(|ours| {
            ours == theirs || ours.to_f64_lossy().to_bits() == theirs.to_f64_lossy().to_bits()
        });
        self.note(what, same, &format!("{ours:?}"), &theirs.to_string());
    }

    /// Compares one text; null is not compared.
    pub fn text(&mut self, what: &str, ours: Option<&str>, theirs: &Value) {
        let theirs = match theirs {
            Value::Null => return,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.note(what, ours == Some(&theirs), &format!("{ours:?}"), &theirs);
    }

    /// Counts an equal value or notes a difference.
    pub fn note(&mut self, what: &str, same: bool, ours: &str, theirs: &str) {
        if same {
            self.equal += 1;
        } else {
            self.differences
                .push(format!("{what}: ours {ours}, theirs {theirs}"));
        }
    }

    /// Candles, `fetchOHLCV`: ours may come in the venue's order, ccxt's ascend.
    ///
    /// # Panics
    /// When ccxt's answer has another form.
    pub fn candles(&mut self, case: &Case, ours: &[VenueCandle]) {
        let theirs = case.unified.as_array().expect("a list of candles");
        let mut ours: Vec<_> = ours.iter().collect();
        ours.sort_by_key(|candle| candle.open_time);
        let name = &case.name;
        let counts = (ours.len().to_string(), theirs.len().to_string());
        self.note(
            &format!("{name}: candles"),
            counts.0 == counts.1,
            &counts.0,
            &counts.1,
        );
        for (c, theirs) in ours.iter().zip(theirs) {
            let at = c.open_time;
            let row = |field: &str| format!("{name}: {field} at {at}");
            let millis = Some(Decimal::whole(c.open_time.millis()));
            self.number(&row("timestamp"), millis, &theirs[0]);
            self.number(&row("open"), Some(c.open.0), &theirs[1]);
            self.number(&row("high"), Some(c.high.0), &theirs[2]);
            self.number(&row("low"), Some(c.low.0), &theirs[3]);
            self.number(&row("close"), Some(c.close.0), &theirs[4]);
            self.number(&row("volume"), Some(c.volume.0), &theirs[5]);
        }
    }

    /// Trades, `fetchTrades`: paired by id where both have ids, else by order of time. `id_text` writes
    /// our id as the venue does.
    ///
    /// # Panics
    /// When ccxt's answer has another form.
    pub fn trades(&mut self, case: &Case, ours: &[Trade], id_text: impl Fn(&Trade) -> String) {
        let theirs = case.unified.as_array().expect("a list of trades");
        let name = &case.name;
        let counts = (ours.len().to_string(), theirs.len().to_string());
        self.note(
            &format!("{name}: trades"),
            counts.0 == counts.1,
            &counts.0,
            &counts.1,
        );
        let mut by_time: Vec<_> = ours.iter().collect();
        by_time.sort_by_key(|trade| trade.time);
        for (place, theirs) in theirs.iter().enumerate() {
            let id = theirs["id"].as_str();
            let trade = match id {
                Some(id) => ours.iter().find(|trade| id_text(trade) == id),
                None => by_time.get(place).copied(),
            };
            let row = |field: &str| format!("{name}: {field} of trade {place} ({id:?})");
            let Some(trade) = trade else {
                self.note(&row("it"), false, "none", &theirs.to_string());
                continue;
            };
            let millis = Some(Decimal::whole(trade.time.millis()));
            self.number(&row("timestamp"), millis, &theirs["timestamp"]);
            self.number(&row("price"), Some(trade.price.0), &theirs["price"]);
            self.number(&row("amount"), Some(trade.quantity.0), &theirs["amount"]);
            let side = match trade.side {
                Side::Buy => Some("buy"),
                Side::Sell => Some("sell"),
                Side::Unknown => None,
            };
            self.text(&row("side"), side, &theirs["side"]);
            if id.is_some() {
                self.equal += 1;
            }
        }
    }

    /// A book, `fetchOrderBook`: every level of both sides.
    ///
    /// # Panics
    /// When ccxt's answer has another form.
    pub fn book(&mut self, case: &Case, ours: &BookSnapshot) {
        for (side, levels) in [("bids", &ours.bids), ("asks", &ours.asks)] {
            let theirs = case.unified[side].as_array().expect("levels of a side");
            let mut levels: Vec<&Level> = levels.iter().collect();
            levels.sort_by_key(|level| level.price);
            if side == "bids" {
                levels.reverse();
            }
            let name = &case.name;
            let counts = (levels.len().to_string(), theirs.len().to_string());
            self.note(
                &format!("{name}: {side}"),
                counts.0 == counts.1,
                &counts.0,
                &counts.1,
            );
            for (place, (level, theirs)) in levels.iter().zip(theirs).enumerate() {
                let row = |field: &str| format!("{name}: {field} {place} of {side}");
                self.number(&row("price"), Some(level.price.0), &theirs[0]);
                self.number(&row("amount"), Some(level.quantity.0), &theirs[1]);
            }
        }
        if let Some(time) = ours.time {
            let millis = Some(Decimal::whole(time.millis()));
            let what = format!("{}: timestamp", case.name);
            self.number(&what, millis, &case.unified["timestamp"]);
        }
    }

    /// A ticker, `fetchTicker`: what ccxt takes from the answer. What it computes itself (`average`,
    /// `vwap`, `change`, `percentage` where the venue does not say them) is not compared.
    pub fn ticker(&mut self, case: &Case, ours: &Ticker) {
        let theirs = &case.unified;
        let quote = ours.quote;
        let numbers = [
            ("last", Some(ours.last.0)),
            ("open", ours.open.map(|n| n.0)),
            ("high", ours.high.map(|n| n.0)),
            ("low", ours.low.map(|n| n.0)),
            ("baseVolume", ours.volume.map(|n| n.0)),
            ("quoteVolume", ours.quote_volume.map(|n| n.0)),
            ("bid", quote.map(|q| q.bid.0)),
            ("ask", quote.map(|q| q.ask.0)),
            ("bidVolume", quote.map(|q| q.bid_quantity.0)),
            ("askVolume", quote.map(|q| q.ask_quantity.0)),
        ];
        for (field, ours) in numbers {
            self.number(&format!("{}: {field}", case.name), ours, &theirs[field]);
        }
    }

    /// Prints how many values are equal.
    ///
    /// # Panics
    /// When a difference is not among those that `explained` says (each a part of its text, with the
    /// reason and who is right beside it), when an explanation explains nothing, or nothing was
    /// compared.
    pub fn close(self, venue: &str, explained: &[(&str, &str)]) {
        println!("| {venue} | ccxt | values | {} | equal |", self.equal);
        for (part, reason) in explained {
            let found = self.differences.iter().filter(|d| d.contains(part));
            let found = found.count();
            assert!(found > 0, "no difference contains {part:?}");
            println!("| {venue} | ccxt | {part} | {found} | differs: {reason} |");
        }
        let is_left = |d: &&String| !explained.iter().any(|(part, _)| d.contains(part));
        let left: Vec<_> = self.differences.iter().filter(is_left).collect();
        assert!(left.is_empty(), "{} differences: {left:#?}", left.len());
        assert!(self.equal > 0, "nothing was compared");
    }
}
