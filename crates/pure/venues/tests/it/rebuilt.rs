//! Books rebuilt from recordings, and the bodies of recorded cassettes.

use std::collections::BTreeMap;

use quantflow_model::{Level, VenueSymbol};
use quantflow_pipeline::{Book, Change};
use quantflow_testkit::recorded;
use quantflow_wire::{Codec, Event, EventKind};

/// The books of a connection, kept by the venue's rule as the pipeline keeps them.
pub(crate) struct Books<'c> {
    codec: &'c dyn Codec,
    kept: BTreeMap<VenueSymbol, Book>,
    /// Checksums that were compared.
    pub(crate) verified: u32,
}

impl<'c> Books<'c> {
    pub(crate) fn of(codec: &'c dyn Codec) -> Self {
        Self {
            codec,
            kept: BTreeMap::new(),
            verified: 0,
        }
    }

    /// Takes an event of a book: it begins or continues it, its checksum is right, it is not crossed.
    pub(crate) fn take(&mut self, event: &Event) {
        let (is_snapshot, checksum) = match &event.kind {
            EventKind::BookSnapshot(book) => (true, book.checksum),
            EventKind::BookDelta(delta) => (false, delta.checksum),
            _ => return,
        };
        let symbol = event.symbol.clone().unwrap();
        let rule = self.codec.describe().book;
        let book = self.kept.entry(symbol.clone()).or_insert_with(|| {
            assert!(is_snapshot, "{symbol:?} begins with a change");
            Book::new(rule)
        });
        let change = match &event.kind {
            EventKind::BookSnapshot(snapshot) => book.snapshot(snapshot),
            EventKind::BookDelta(delta) => book.delta(delta),
            _ => return,
        };
        assert_eq!(change, Change::Applied, "{event:?}");
        if let Some(check) = checksum {
            assert_eq!(book.verify(&check, self.codec), Change::Applied);
            self.verified += 1;
        }
        if let Some(top) = book.top() {
            assert!(top.bid < top.ask, "{symbol:?} is crossed: {top:?}");
        }
    }

    /// Levels of each side, best first.
    pub(crate) fn sides(&self, symbol: &VenueSymbol) -> (Vec<Level>, Vec<Level>) {
        let book = self.kept[symbol].levels(usize::MAX).unwrap();
        (book.bids, book.asks)
    }

    pub(crate) fn symbols(&self) -> impl Iterator<Item = &VenueSymbol> {
        self.kept.keys()
    }
}

/// Requests and bodies of a recorded cassette: `rest_cassettes_coingecko/Kraken/….yml.gz`.
pub(crate) fn cassette(name: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let text = String::from_utf8(recorded::bytes(name)?).unwrap();
    let exchanges = text.split("- request:").skip(1);
    let exchanges = exchanges.map(|exchange| {
        let uri = exchange.split("uri: ").nth(1).unwrap();
        let uri = uri.lines().next().unwrap().trim_matches(['"', '\'']);
        let response = exchange.split("response:").nth(1).unwrap();
        let body = response.split_once("string: ").unwrap().1;
        (uri.to_owned(), scalar(body).into_bytes())
    });
    Some(exchanges.collect())
}

/// A text of YAML in quotes; a line break in it is a space unless it is escaped.
fn scalar(text: &str) -> String {
    let mut out = String::new();
    let quote = text.chars().next().unwrap();
    let mut rest = text[1..].chars().peekable();
    while let Some(found) = rest.next() {
        match found {
            '\'' if quote == '\'' && rest.peek() == Some(&'\'') => {
                rest.next();
                out.push('\'');
            }
            found if found == quote => return out,
            '\n' => {
                while rest.peek() == Some(&' ') {
                    rest.next();
                }
                out.push(' ');
            }
            '\\' if quote == '"' => match rest.next().unwrap() {
                '\n' => {
                    while rest.peek() == Some(&' ') {
                        rest.next();
                    }
                }
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                'u' => {
                    let hex: String = rest.by_ref().take(4).collect();
                    let code = u32::from_str_radix(&hex, 16).unwrap();
                    out.push(char::from_u32(code).unwrap_or('?'));
                }
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
    panic!("a text without its end")
}
