//! What the venue answers: here instruments, books and candles; trades and tickers in modules.

mod tickers;
mod trades;

use quantflow_model::{BookSnapshot, Timeframe, VenueSymbol};
use quantflow_venues::binance::TimeUnit;
use quantflow_wire::{Event, EventKind, Query};
use serde_json::json;

use super::params::{Parameters, Refused};
use crate::market::Mark;
use crate::speech::event;
use crate::venue::{Stage, lock};

pub(crate) use tickers::average_price;

fn plain(kind: EventKind) -> Event {
    Event {
        symbol: None,
        sent: None,
        kind,
    }
}

/// A request, about to be answered.
pub(super) struct Ask<'a> {
    pub(super) stage: &'a Stage,
    pub(super) parameters: &'a Parameters,
    pub(super) unit: TimeUnit,
}

impl Ask<'_> {
    fn say(&self, query: &Query, events: &[Event]) -> Result<Vec<u8>, Refused> {
        let said = self.stage.speech.answer(query, events, self.unit);
        said.map_err(|error| Refused::unforeseen(&error))
    }

    fn listing(&self) -> Result<(usize, VenueSymbol), Refused> {
        let symbol = self.parameters.symbol()?;
        let listing = self.stage.listing(&symbol).ok_or_else(Refused::symbol)?;
        Ok((listing, symbol))
    }

    /// What `symbol` or `symbols` choose; all when neither is there. And whether it is one by `symbol`.
    fn chosen(&self) -> Result<(Vec<usize>, bool), Refused> {
        if let Some(symbols) = self.parameters.symbols()? {
            let listings = symbols.iter().map(|symbol| self.stage.listing(symbol));
            let listings = listings
                .collect::<Option<_>>()
                .ok_or_else(Refused::symbol)?;
            return Ok((listings, false));
        }
        if self.parameters.get("symbol").is_some() {
            return Ok((vec![self.listing()?.0], true));
        }
        Ok(((0..self.stage.market.listings().len()).collect(), false))
    }

    pub(super) fn server_time(&self) -> Result<Vec<u8>, Refused> {
        let said = plain(EventKind::ServerTime(self.stage.said_time()));
        self.say(&Query::ServerTime, &[said])
    }

    pub(super) fn instruments(&self) -> Result<Vec<u8>, Refused> {
        let (chosen, _) = self.chosen()?;
        let listings = self.stage.market.listings();
        let instruments = chosen.iter().map(|at| listings[*at].instrument.clone());
        let said = Event {
            symbol: None,
            sent: Some(self.stage.said_time()),
            kind: EventKind::Instruments(instruments.collect()),
        };
        let body = self.say(&Query::Instruments, &[said])?;
        let allowed = self.stage.options.limits.weight_per_minute;
        let mut body: serde_json::Value =
            serde_json::from_slice(&body).map_err(|error| Refused::unforeseen(&error))?;
        // the limit that this server enforces is the one that it tells
        for limit in body["rateLimits"].as_array_mut().into_iter().flatten() {
            if limit["rateLimitType"] == "REQUEST_WEIGHT" {
                limit["limit"] = allowed.into();
            }
        }
        Ok(body.to_string().into_bytes())
    }

    /// The venue's other markets: nothing is traded there.
    pub(super) fn no_instruments(&self) -> Vec<u8> {
        let body = json!({
            "timezone": "UTC",
            "serverTime": self.unit.of(self.stage.said_time()),
            "rateLimits": [],
            "exchangeFilters": [],
            "assets": [],
            "symbols": [],
        });
        body.to_string().into_bytes()
    }

    pub(super) fn depth(&self) -> Result<Vec<u8>, Refused> {
        let (listing, symbol) = self.listing()?;
        let limit = self.parameters.limit(100, 5_000)?;
        let snapshot = {
            let boards = lock(&self.stage.boards);
            let book = boards.get(listing).and_then(|board| board.book.as_ref());
            book.map(|book| book.snapshot(limit as usize))
        };
        let snapshot = snapshot.unwrap_or(BookSnapshot {
            checksum: None,
            last_update_id: 0,
            time: None,
            bids: Vec::new(),
            asks: Vec::new(),
        });
        let said = plain(EventKind::BookSnapshot(snapshot));
        self.say(&Query::Book { symbol, limit }, &[said])
    }

    pub(super) fn klines(&self) -> Result<Vec<u8>, Refused> {
        let (listing, symbol) = self.listing()?;
        let name = self.parameters.needed("interval")?;
        let timeframe: Timeframe = name
            .parse()
            .ok()
            .filter(|timeframe| self.stage.speech.has_candles_of(*timeframe))
            .ok_or_else(|| Refused::new(-1120, "Invalid interval."))?;
        if self
            .parameters
            .get("timeZone")
            .is_some_and(|z| !matches!(z, "0" | "+0" | "00:00"))
        {
            return Err(Refused::new(-1100, "Only timeZone 0 is served here."));
        }
        let limit = self.parameters.limit(500, 1_000)?;
        let now = self.stage.pace.now();
        let (from, to) = (
            self.parameters.time("startTime")?,
            self.parameters
                .time("endTime")?
                .map_or(now, |to| to.min(now)),
        );
        let begins = timeframe.open_of(self.stage.market.begins());
        let mut opens = Vec::new();
        if let Some(from) = from {
            let mut open = timeframe.open_of(from);
            if open < from {
                open = timeframe.end_of(open);
            }
            open = open.max(begins);
            while open <= to && opens.len() < limit as usize {
                opens.push(open);
                open = timeframe.end_of(open);
            }
        } else {
            let mut open = timeframe.open_of(to);
            while open >= begins && opens.len() < limit as usize {
                opens.push(open);
                open = timeframe.open_of(open.plus_nanos(-1));
            }
            opens.reverse();
        }
        let mark: Mark = self.stage.mark(listing);
        let candles = opens
            .into_iter()
            .filter_map(|open| self.stage.candle(listing, timeframe, open, now, None, mark));
        let events: Vec<Event> = candles
            .map(|candle| event(&symbol, now, EventKind::Candle(Box::new(candle))))
            .collect();
        let query = Query::Candles {
            symbol: symbol.clone(),
            timeframe,
            from: None,
            to: None,
            limit,
        };
        self.say(&query, &events)
    }
}
