#![doc = include_str!("../../../../../docs/venues/stooq.md")]

use std::time::Duration;

use quantflow_model::{
    Contract, Decimal, Price, Quantity, Symbol, Timeframe, Timestamp, VenueId, VenueSymbol,
};
use quantflow_wire::{
    DecodeError, Event, HttpRequest, Query, RequestError, VenueCandle, VenueDescription,
};

use crate::ask::{Asking, Tick, check_limit, ticks};
use crate::csv::Csv;
use crate::series::{aligned, compact, cut, date};
use crate::source::{self, Source, codec_over_rest};

/// Tables of daily prices as Stooq gives them: a [`Codec`](quantflow_wire::Codec) of candles over REST.
#[derive(Debug)]
pub struct Stooq {
    description: VenueDescription,
}

const TABLE: &str = "table";

/// The columns of a table; the last is missing for indices and currencies.
const COLUMNS: [&str; 6] = ["Date", "Open", "High", "Low", "Close", "Volume"];

/// Rows that are asked for at once: the source gives all it has.
const ROWS: u32 = 50_000;

impl Stooq {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "stooq-csv";

    /// A source of this id that speaks Stooq's protocol.
    pub fn new(id: VenueId) -> Self {
        let mut description = source::description(
            id,
            ("stooq", "Stooq"),
            Self::PROTOCOL,
            "https://stooq.com",
            // a limit a day is there, and how many is not said
            (10, Duration::from_mins(1)),
        );
        description.timeframes = vec![Timeframe::D1];
        Self { description }
    }
}

impl Source for Stooq {
    fn description(&self) -> &VenueDescription {
        &self.description
    }

    /// A ticker with its market (`AAPL.US`, `^SPX`); two currencies are written together.
    fn name(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        match symbol.contract() {
            Contract::Ticker(ticker) => VenueSymbol::new(&ticker.to_ascii_lowercase()),
            Contract::Spot { base, quote } => {
                VenueSymbol::new(&format!("{base}{quote}").to_ascii_lowercase())
            }
            _ => None,
        }
    }

    fn answer(&self, query: &Query, body: &[u8]) -> Result<Vec<Event>, DecodeError> {
        let Query::Candles {
            symbol,
            timeframe: Timeframe::D1,
            from,
            to,
            limit,
        } = query
        else {
            return Err(DecodeError::unasked(query));
        };
        Ok(cut(symbol, table(body)?, *from, *to, *limit))
    }

    fn ask(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        let venue = &self.description.id;
        let Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } = query
        else {
            return Err(RequestError::not_offered(venue, query));
        };
        let mut ask = Asking::new(venue, "/q/d/l/");
        if *timeframe != Timeframe::D1 {
            return Err(ask.not_offered(format!("candles of {timeframe}")));
        }
        check_limit(venue, *limit, ROWS)?;
        // both dates belong to the answer
        let (first, last) = ticks(venue, Tick::DAY, *from, *to)?;
        let day = |days: i64| compact(Timestamp::from_seconds(days * 86_400));
        ask.pair("s", symbol.as_str());
        if let Some(first) = first {
            ask.pair("d1", &day(first));
        }
        if let Some(last) = last {
            ask.pair("d2", &day(last));
        }
        ask.pair("i", "d");
        Ok(ask.get(1))
    }

    fn rows(&self, query: &Query) -> u32 {
        match query {
            Query::Candles { .. } => ROWS,
            _ => 0,
        }
    }
}

codec_over_rest!(Stooq);

/// `Date,Open,High,Low,Close[,Volume]`. Words in place of a table are the source's own error, but for
/// those that say that there is nothing.
fn table(body: &[u8]) -> Result<Vec<VenueCandle>, DecodeError> {
    let mut lines = Csv::of(body, ',')?;
    let header = match lines.next() {
        Some(line) => line?,
        None => return Err(DecodeError::Malformed("an empty table".into())),
    };
    if header.len() == 1 && header[0].trim() == "No data" {
        return Ok(Vec::new());
    }
    let volume = match header.len() {
        6 => true,
        5 => false,
        _ => {
            let message = header.join(",").chars().take(200).collect();
            return Err(DecodeError::Venue { code: 0, message });
        }
    };
    if !header
        .iter()
        .zip(COLUMNS)
        .all(|(found, name)| found == name)
    {
        return Err(bad("header", &header.join(",")));
    }
    let mut candles = Vec::new();
    for line in lines {
        let line = line?;
        if line.len() != header.len() {
            return Err(bad("a line", &line.join(",")));
        }
        let number = |at: usize| {
            Decimal::parse(line[at].as_bytes()).map_err(|_| bad(COLUMNS[at], &line[at]))
        };
        let open_time = date(&line[0]).filter(|time| aligned(Timeframe::D1, *time));
        let open_time = open_time.ok_or_else(|| bad("Date", &line[0]))?;
        let prices = [number(1)?, number(2)?, number(3)?, number(4)?].map(Price);
        let volume = if volume { number(5)? } else { Decimal::ZERO };
        candles.push(VenueCandle::bare(
            Timeframe::D1,
            open_time,
            prices,
            Quantity(volume),
        ));
    }
    Ok(candles)
}

fn bad(field: &'static str, found: &str) -> DecodeError {
    DecodeError::BadField {
        message: TABLE,
        field,
        found: format!("{:?}", found.chars().take(60).collect::<String>()),
    }
}
