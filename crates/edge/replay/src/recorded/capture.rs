//! Trades, quotes and books from a capture of the venue's own messages.

use quantflow_model::Timestamp;
use quantflow_wire::{Codec, Event, EventKind, Input, Query};

use super::build::{Builder, RecordingError};
use super::csv::plain;

/// Reads all lines. The order of the file is the order of the walk; its times are the venue's own,
/// for the recorder's clock is another.
pub(super) fn read(
    bytes: &[u8],
    codec: &dyn Codec,
    into: &mut Builder,
) -> Result<(), RecordingError> {
    let bytes = plain(bytes)?;
    let mut events: Vec<Event> = Vec::new();
    let mut now = Timestamp::MIN;
    let snapshot = Query::Book {
        symbol: into.venue_symbol().clone(),
        limit: 5_000,
    };
    for (number, line) in (1_u64..).zip(bytes.split(|byte| *byte == b'\n')) {
        if line.is_empty() {
            continue;
        }
        let json = line
            .iter()
            .position(|byte| *byte == b' ')
            .map(|at| &line[at + 1..])
            .ok_or_else(|| RecordingError::line(number, "wanted is <time ns> <JSON>".into()))?;
        events.clear();
        // an answer to a request for the book stands between the messages, without a stream's name
        let input = if json.starts_with(b"{\"lastUpdateId\"") {
            Input::Answer {
                query: &snapshot,
                body: json,
            }
        } else {
            Input::message(json)
        };
        codec
            .decode(&input, &mut events)
            .map_err(|error| RecordingError::line(number, error.to_string()))?;
        for event in events.drain(..) {
            if event
                .symbol
                .as_ref()
                .is_some_and(|symbol| symbol != into.venue_symbol())
            {
                return Err(RecordingError::line(
                    number,
                    format!("the message is about {:?}", event.symbol),
                ));
            }
            now = now.max(event.sent.or(event.venue_time()).unwrap_or(now));
            match event.kind {
                EventKind::Trade(trade) => {
                    let trade = trade.trade;
                    let id = u64::try_from(trade.id.0).map_err(|_| {
                        RecordingError::line(number, format!("trade id {} is too large", trade.id))
                    })?;
                    into.trade_at(
                        now,
                        id,
                        trade.time,
                        trade.price.0,
                        trade.quantity.0,
                        trade.side,
                    );
                }
                kind @ (EventKind::Quote(_)
                | EventKind::BookDelta(_)
                | EventKind::BookSnapshot(_)) => into.other(now, kind),
                // what the server computes itself
                _ => {}
            }
        }
    }
    Ok(())
}
