//! `quantflow venue list|describe|decode`

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;

use quantflow_model::{TradeId, VenueId, VenueSymbol};
use quantflow_venues::Registry;
use quantflow_venues::describe::{description_to_json, events_to_json};
use quantflow_wire::{Codec, DecodeError, Event, Input, Query};
use serde_json::Value;

use crate::arguments::VenueCommand;
use crate::config::schema::distance;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::terminal::{Cell, Column, Listing};

/// The kinds of bytes that `decode` takes beside messages, as the venue's endpoints are called.
const METHODS: [&str; 10] = [
    "message",
    "klines",
    "trades",
    "historicalTrades",
    "aggTrades",
    "depth",
    "exchangeInfo",
    "ticker/24hr",
    "ticker/bookTicker",
    "time",
];
/// Examples of each kind of failure that are shown.
const EXAMPLES: usize = 3;
/// A line longer than this is no message of a venue.
const LONGEST_LINE: u64 = 64 << 20;

/// Lists, describes, decodes.
pub(crate) fn run(context: &Context, command: VenueCommand) -> Outcome {
    match command {
        VenueCommand::List => list(context),
        VenueCommand::Describe { venue } => describe(context, &venue),
        VenueCommand::Decode {
            venue,
            method,
            file,
        } => decode(context, &venue, &method, &file),
    }
}

fn list(context: &Context) -> Outcome {
    let registry = Registry::builtin();
    let mut listing = Listing::new(vec![
        Column::new("venue", "id"),
        Column::new("name", "name"),
        Column::new("protocol", "protocol"),
        Column::new("rest_url", "restUrl"),
        Column::new("ws_url", "wsUrl"),
    ]);
    for codec in registry.venues().filter_map(|id| registry.codec(id)) {
        let venue = description_to_json(codec.describe());
        let text = |key: &str| Cell::text(venue[key].as_str().unwrap_or_default());
        listing.push(vec![
            text("id"),
            text("name"),
            text("protocol"),
            text("restUrl"),
            text("wsUrl"),
        ]);
    }
    context.terminal.show(&listing)
}

fn codec(name: &str) -> Outcome<Arc<dyn Codec>> {
    let registry = Registry::builtin();
    let found = name
        .parse::<VenueId>()
        .ok()
        .and_then(|id| registry.codec(&id));
    found.ok_or_else(|| {
        let known: Vec<&str> = registry.venues().map(VenueId::as_str).collect();
        let nearest = known.iter().min_by_key(|id| distance(name, id));
        let failure = Failure::usage(format!("there is no venue {name:?}"))
            .because(format!("built in: {}", known.join(", ")));
        match nearest.filter(|id| distance(name, id) <= 3) {
            Some(id) => failure.to_do(format!("did you mean {id}?")),
            None => failure.to_do("see `quantflow venue list`"),
        }
    })
}

fn describe(context: &Context, venue: &str) -> Outcome {
    let codec = codec(venue)?;
    let Value::Object(fields) = description_to_json(codec.describe()) else {
        return Err(Failure::new(format!("{venue} cannot be described")));
    };
    let properties = fields
        .into_iter()
        .map(|(name, value)| (name, Cell::Json(value)));
    let (columns, row) = properties
        .map(|(name, cell)| (Column::new(name.clone(), name), cell))
        .unzip();
    context.terminal.show(&Listing {
        columns,
        rows: vec![row],
        one: true,
    })
}

/// What a body answers, by the endpoint's name. The symbol is not in the bytes of most answers: it
/// is asked for as `METHOD:SYMBOL`.
fn query(method: &str) -> Option<Query> {
    let (name, symbol) = method.split_once(':').unwrap_or((method, "SYMBOL"));
    let symbol = VenueSymbol::new(symbol)?;
    let limit = 1000;
    Some(match name {
        "klines" => Query::Candles {
            symbol,
            timeframe: quantflow_model::Timeframe::M1,
            from: None,
            to: None,
            limit,
        },
        "trades" => Query::RecentTrades { symbol, limit },
        "historicalTrades" => Query::TradesFromId {
            symbol,
            from: TradeId(0),
            limit,
        },
        "aggTrades" => Query::AggregateTradesFromId {
            symbol,
            from: TradeId(0),
            limit,
        },
        "depth" => Query::Book { symbol, limit },
        "exchangeInfo" => Query::Instruments,
        "ticker/24hr" => Query::Ticker { symbol: None },
        "ticker/bookTicker" => Query::BestQuote { symbol: None },
        "time" => Query::ServerTime,
        _ => return None,
    })
}

/// How decoding went.
#[derive(Debug, Default)]
struct Tally {
    inputs: u64,
    events: u64,
    failures: BTreeMap<&'static str, (u64, Vec<String>)>,
}

impl Tally {
    fn take(
        &mut self,
        number: u64,
        result: Result<(), DecodeError>,
        events: &mut Vec<Event>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        self.inputs += 1;
        match result {
            Ok(()) => {
                self.events += events.len() as u64;
                out.write_all(events_to_json(events).as_bytes())?;
            }
            Err(error) => {
                let (count, examples) = self.failures.entry(error.name()).or_default();
                *count += 1;
                if examples.len() < EXAMPLES {
                    examples.push(format!("line {number}: {error}"));
                }
            }
        }
        events.clear();
        Ok(())
    }

    fn failed(&self) -> u64 {
        self.failures.values().map(|(count, _)| count).sum()
    }
}

fn decode(context: &Context, venue: &str, method: &str, file: &Path) -> Outcome {
    let codec = codec(venue)?;
    let query = match method {
        "message" => None,
        _ => Some(query(method).ok_or_else(|| {
            Failure::usage(format!("there is no method {method:?}"))
                .because(format!("known: {}", METHODS.join(", ")))
                .to_do("name what the bytes are, with :SYMBOL where an answer does not say it: klines:BTCUSDT")
        })?),
    };
    let unreadable =
        |error: io::Error| Failure::new(format!("cannot read {}", file.display())).because(error);
    let mut reader = open(file).map_err(unreadable)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut tally = Tally::default();
    let mut events = Vec::new();
    if let Some(query) = query {
        let mut body = Vec::new();
        reader.read_to_end(&mut body).map_err(unreadable)?;
        let result = codec.decode(
            &Input::Answer {
                query: &query,
                body: &body,
            },
            &mut events,
        );
        tally.take(1, result, &mut events, &mut out)?;
    } else {
        let mut line = Vec::new();
        let mut number = 0;
        loop {
            line.clear();
            let read = reader
                .by_ref()
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut line);
            if read.map_err(unreadable)? == 0 {
                break;
            }
            number += 1;
            let message = without_time(line.trim_ascii());
            if message.is_empty() {
                continue;
            }
            let result = codec.decode(&Input::message(message), &mut events);
            tally.take(number, result, &mut events, &mut out)?;
        }
    }
    out.flush()?;
    summarise(context, &tally)
}

fn summarise(context: &Context, tally: &Tally) -> Outcome {
    let failed = tally.failed();
    let good = tally.inputs - failed;
    context.terminal.note(&format!(
        "{} inputs: {good} decoded to {} events, {failed} failed",
        tally.inputs, tally.events
    ));
    for (name, (count, examples)) in &tally.failures {
        context.terminal.note(&format!("  {name}: {count}"));
        for example in examples {
            context.terminal.note(&format!("    {example}"));
        }
    }
    if tally.inputs > 0 && good == 0 {
        return Err(Failure::new("nothing could be decoded")
            .because("every input failed, as listed above")
            .to_do("check that the file is of this venue and METHOD says what its bytes are"));
    }
    Ok(())
}

/// A message behind the receive time that recorders write before it: `<ns> <json>`, `<s>.<f>: <json>`.
fn without_time(line: &[u8]) -> &[u8] {
    let end = line
        .iter()
        .position(|byte| !byte.is_ascii_digit() && !matches!(byte, b'.' | b':'))
        .unwrap_or(0);
    match line.get(end) {
        Some(b' ' | b'\t') if end > 0 => line[end..].trim_ascii(),
        _ => line,
    }
}

/// A file, unpacked where it is gzip; `-` is standard input.
fn open(file: &Path) -> io::Result<Box<dyn BufRead>> {
    let raw: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file)?)
    };
    let mut buffered = BufReader::with_capacity(1 << 20, raw);
    let packed = buffered.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if packed {
        let plain = flate2::bufread::MultiGzDecoder::new(buffered);
        Box::new(BufReader::with_capacity(1 << 20, plain))
    } else {
        Box::new(buffered)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorders_time_is_taken_off() {
        assert_eq!(without_time(b"1723161253937085768 {\"a\":1}"), b"{\"a\":1}");
        assert_eq!(without_time(b"1629395200.5: {\"a\":1}"), b"{\"a\":1}");
        assert_eq!(without_time(b"{\"a\": 1}"), b"{\"a\": 1}");
        assert_eq!(without_time(b"[1, 2]"), b"[1, 2]");
        assert_eq!(without_time(b""), b"");
    }

    #[test]
    fn every_method_is_known() {
        for method in METHODS {
            assert_eq!(query(method).is_none(), method == "message", "{method}");
        }
        assert!(query("candles").is_none());
    }
}
