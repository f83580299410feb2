//! [`Census`]: what was found in recordings, counted.

use std::collections::BTreeMap;

use quantflow_wire::{Codec, DecodeError, Event, EventKind, Input, Notice};

/// What a venue's codec made of recordings, counted by kind: one row of the table `venue × source ×
/// kind × cases × result`.
///
/// Rows are printed when it is [closed](Census::close), in a form that a command can collect:
/// `| kraken | socket | trade | 4,321 | decoded |`.
#[derive(Debug)]
pub struct Census {
    venue: String,
    /// How many cases.
    rows: BTreeMap<Row, u64>,
    /// What nobody can explain: the row it is counted in, and its words.
    errors: Vec<(Row, String)>,
}

/// Source, kind and result.
type Row = (String, String, &'static str);

impl Census {
    /// Of one venue.
    pub fn of(codec: &dyn Codec) -> Self {
        Self {
            venue: codec.describe().id.as_str().to_owned(),
            rows: BTreeMap::new(),
            errors: Vec::new(),
        }
    }

    /// Decodes a message or an answer and counts what came of it; returns its events. A kind of message
    /// that the codec names as unknown and an error of the venue itself are explained; any other error
    /// is not.
    pub fn take(&mut self, codec: &dyn Codec, source: &str, input: &Input<'_>) -> Vec<Event> {
        let mut events = Vec::new();
        match codec.decode(input, &mut events) {
            Ok(()) => {
                if events.is_empty() {
                    self.count(source, "nothing", "decoded");
                }
                for event in &events {
                    self.count(source, kind(&event.kind), "decoded");
                }
            }
            Err(DecodeError::UnknownMessage(name)) => {
                let name: String = name.chars().take(60).collect();
                self.count(source, &name, "named, kept raw");
            }
            Err(DecodeError::Venue { code, .. }) => {
                self.count(source, &format!("error {code}"), "the venue's own error");
            }
            Err(error) => {
                let bytes = match input {
                    Input::Message { bytes, .. } => *bytes,
                    Input::Answer { body, .. } => *body,
                };
                let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
                let row = (source.to_owned(), error.name().to_owned(), "unexplained");
                *self.rows.entry(row.clone()).or_default() += 1;
                self.errors
                    .push((row, format!("{source}: {error}: {start}")));
            }
        }
        events
    }

    /// Counts something that was looked at in another way.
    pub fn count(&mut self, source: &str, kind: &str, result: &'static str) {
        self.count_many(source, kind, result, 1);
    }

    /// Counts many of it.
    pub fn count_many(&mut self, source: &str, kind: &str, result: &'static str, cases: u64) {
        let key = (source.to_owned(), kind.to_owned(), result);
        *self.rows.entry(key).or_default() += cases;
    }

    /// An error of a recording that is explained: it is counted with its reason, and no longer
    /// unexplained. For broken or foreign files only.
    ///
    /// # Panics
    /// When no unexplained error contains the text.
    pub fn explain(&mut self, containing: &str, source: &str, reason: &'static str) {
        let errors = std::mem::take(&mut self.errors).into_iter();
        let (explained, left): (Vec<_>, Vec<_>) =
            errors.partition(|(_, words)| words.contains(containing));
        self.errors = left;
        assert!(
            !explained.is_empty(),
            "nothing unexplained contains {containing:?}"
        );
        for (row, _) in &explained {
            if let Some(cases) = self.rows.get_mut(row) {
                *cases -= 1;
            }
        }
        self.rows.retain(|_, cases| *cases > 0);
        self.count_many(source, containing, reason, explained.len() as u64);
    }

    /// How many of a kind were decoded.
    pub fn decoded(&self, kind: &str) -> u64 {
        let rows = self.rows.iter();
        rows.filter(|((_, of, result), _)| of == kind && *result == "decoded")
            .map(|(_, cases)| cases)
            .sum()
    }

    /// Prints its rows.
    ///
    /// # Panics
    /// When an error is left unexplained, or nothing was counted.
    pub fn close(self) {
        for ((source, kind, result), cases) in &self.rows {
            println!(
                "| {} | {source} | {kind} | {cases} | {result} |",
                self.venue
            );
        }
        assert!(
            self.errors.is_empty(),
            "{} unexplained, the first: {}",
            self.errors.len(),
            self.errors[0].1
        );
        assert!(!self.rows.is_empty(), "nothing was counted");
    }
}

/// The name of a kind of event.
fn kind(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Trade(_) => "trade",
        EventKind::AggregateTrade(_) => "aggregate trade",
        EventKind::Quote(_) => "quote",
        EventKind::BookSnapshot(_) => "book",
        EventKind::BookDelta(_) => "book change",
        EventKind::Candle(_) => "candle",
        EventKind::Ticker(_) => "ticker",
        EventKind::Contract(_) => "contract",
        EventKind::Funding(_) => "funding",
        EventKind::Liquidation(_) => "liquidation",
        EventKind::Option(_) => "option",
        EventKind::Instruments(_) => "instruments",
        EventKind::ServerTime(_) => "clock",
        EventKind::Notice(Notice::Subscribed { .. }) => "subscribed",
        EventKind::Notice(Notice::Refused { .. }) => "refused",
        EventKind::Notice(Notice::ShuttingDown) => "shutting down",
        EventKind::Notice(Notice::Heartbeat) => "heartbeat",
        EventKind::Notice(Notice::SocketAddress { .. }) => "address of a socket",
    }
}
