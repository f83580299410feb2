//! What the venue answers to each request.

use std::time::Duration;

use http::StatusCode;
use quantflow_model::{
    BookSnapshot, Decimal, Price, TimeRange, Timeframe, Timestamp, TradeId, VenueSymbol,
};
use quantflow_wire::{Event, EventKind, Query, TradeEvent};
use serde_json::json;

use super::params::{Parameters, Refused};
use crate::market::Mark;
use crate::row::{AggregateRow, Row};
use crate::speech::{self, Unit, event};
use crate::venue::{Stage, TIMEFRAMES, lock};

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Ping,
    Time,
    ExchangeInfo,
    Depth,
    Trades,
    HistoricalTrades,
    AggregateTrades,
    Klines,
    AveragePrice,
    Day,
    LastPrice,
    BookTicker,
    /// Instruments of the venue's other markets: there are none, but clients ask.
    NoInstruments,
}

impl Endpoint {
    /// By path; `None` when there is none.
    pub(super) fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/api/v3/ping" => Self::Ping,
            "/api/v3/time" => Self::Time,
            "/api/v3/exchangeInfo" => Self::ExchangeInfo,
            "/api/v3/depth" => Self::Depth,
            "/api/v3/trades" => Self::Trades,
            "/api/v3/historicalTrades" => Self::HistoricalTrades,
            "/api/v3/aggTrades" => Self::AggregateTrades,
            "/api/v3/klines" | "/api/v3/uiKlines" => Self::Klines,
            "/api/v3/avgPrice" => Self::AveragePrice,
            "/api/v3/ticker/24hr" => Self::Day,
            "/api/v3/ticker/price" => Self::LastPrice,
            "/api/v3/ticker/bookTicker" => Self::BookTicker,
            "/fapi/v1/exchangeInfo" | "/dapi/v1/exchangeInfo" => Self::NoInstruments,
            _ => return None,
        })
    }

    /// What a request counts.
    pub(super) fn weight(self, parameters: &Parameters) -> u32 {
        let limit = || {
            let limit = parameters.number("limit").ok().flatten();
            u32::try_from(limit.unwrap_or(100)).unwrap_or(u32::MAX)
        };
        let one = parameters.get("symbol").is_some();
        let symbols = parameters.symbols().ok().flatten().map(|list| list.len());
        match self {
            Self::Ping | Self::Time | Self::NoInstruments => 1,
            Self::ExchangeInfo => 20,
            Self::Depth => match limit() {
                0..=100 => 5,
                101..=500 => 25,
                501..=1_000 => 50,
                _ => 250,
            },
            Self::Trades | Self::HistoricalTrades => 25,
            Self::AggregateTrades => 4,
            Self::Klines | Self::AveragePrice => 2,
            Self::Day => match symbols {
                _ if one => 2,
                Some(..=20) => 2,
                Some(..=100) => 40,
                _ => 80,
            },
            Self::LastPrice | Self::BookTicker => {
                if one {
                    2
                } else {
                    4
                }
            }
        }
    }

    /// The body of the answer.
    pub(super) fn answer(
        self,
        stage: &Stage,
        parameters: &Parameters,
        unit: Unit,
        with_key: bool,
    ) -> Result<Vec<u8>, Refused> {
        let ask = Ask {
            stage,
            parameters,
            unit,
        };
        match self {
            Self::Ping => Ok(b"{}".to_vec()),
            Self::Time => {
                let said = plain(EventKind::ServerTime(stage.said_time()));
                ask.say(&Query::ServerTime, &[said])
            }
            Self::ExchangeInfo => ask.instruments(),
            Self::Depth => ask.depth(),
            Self::Trades => {
                let (listing, symbol) = ask.listing()?;
                let limit = ask.parameters.limit(500, 1_000)?;
                let mark = stage.mark(listing);
                let rows = stage.market.newest_rows(listing, limit as usize, mark);
                ask.trades(listing, &Query::RecentTrades { symbol, limit }, &rows)
            }
            Self::HistoricalTrades => {
                if stage.options.needs_key && !with_key {
                    return Err(Refused {
                        status: StatusCode::UNAUTHORIZED,
                        ..Refused::new(-2014, "API-key format invalid.")
                    });
                }
                ask.historical()
            }
            Self::AggregateTrades => ask.aggregates(),
            Self::Klines => ask.klines(),
            Self::AveragePrice => {
                let (listing, _) = ask.listing()?;
                let (price, last) = average_price(stage, listing, stage.pace.now())
                    .unwrap_or((Price::ZERO, Timestamp::EPOCH));
                let price = price.0.padded(8).to_string();
                let body = json!({"mins": 5, "price": price, "closeTime": unit.of(last)});
                Ok(body.to_string().into_bytes())
            }
            Self::Day => ask.day(),
            Self::LastPrice => ask.last_price(),
            Self::BookTicker => ask.book_ticker(),
            Self::NoInstruments => {
                let body = json!({
                    "timezone": "UTC",
                    "serverTime": unit.of(stage.said_time()),
                    "rateLimits": [],
                    "exchangeFilters": [],
                    "assets": [],
                    "symbols": [],
                });
                Ok(body.to_string().into_bytes())
            }
        }
    }
}

/// The average price of the last five minutes, weighted by quantity, and the time of the last trade.
pub(crate) fn average_price(
    stage: &Stage,
    listing: usize,
    now: Timestamp,
) -> Option<(Price, Timestamp)> {
    let mark = stage.mark(listing);
    let last = stage.last_row(listing, mark)?;
    let units = stage.market.listings().get(listing)?.units;
    let span = TimeRange::new(now - Duration::from_mins(5), now);
    let price = match stage.market.bar(listing, span, mark) {
        Some(bar) if bar.volume > 0 => {
            let scaled = bar.quote * 10_i128.pow(8) / 10_i128.pow(u32::from(units.price_scale));
            let mean = (scaled + bar.volume / 2) / bar.volume;
            Price(Decimal::new(mean, 8).unwrap_or_default())
        }
        _ => units.price(last.price),
    };
    Some((price, last.time))
}

fn plain(kind: EventKind) -> Event {
    Event {
        symbol: None,
        sent: None,
        kind,
    }
}

struct Ask<'a> {
    stage: &'a Stage,
    parameters: &'a Parameters,
    unit: Unit,
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

    fn instruments(&self) -> Result<Vec<u8>, Refused> {
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

    fn depth(&self) -> Result<Vec<u8>, Refused> {
        let (listing, symbol) = self.listing()?;
        let limit = self.parameters.limit(100, 5_000)?;
        let snapshot = {
            let boards = lock(&self.stage.boards);
            let book = boards.get(listing).and_then(|board| board.book.as_ref());
            book.map(|book| book.snapshot(limit as usize))
        };
        let snapshot = snapshot.unwrap_or(BookSnapshot {
            last_update_id: 0,
            time: None,
            bids: Vec::new(),
            asks: Vec::new(),
        });
        let said = plain(EventKind::BookSnapshot(snapshot));
        self.say(&Query::Book { symbol, limit }, &[said])
    }

    fn trades(&self, listing: usize, query: &Query, rows: &[Row]) -> Result<Vec<u8>, Refused> {
        let units = self.stage.market.listings()[listing].units;
        let symbol = self.stage.symbol(listing);
        let events: Vec<Event> = rows
            .iter()
            .map(|row| {
                let trade = TradeEvent {
                    trade: units.trade(row),
                    orders: None,
                };
                event(symbol, row.time, EventKind::Trade(trade))
            })
            .collect();
        self.say(query, &events)
    }

    fn historical(&self) -> Result<Vec<u8>, Refused> {
        let (listing, symbol) = self.listing()?;
        let limit = self.parameters.limit(500, 1_000)?;
        let market = &self.stage.market;
        let mark = self.stage.mark(listing);
        if let Some(from) = self.parameters.number("fromId")? {
            let rows = market.rows_from(listing, from, limit as usize, mark);
            let from = TradeId(u128::from(from));
            let query = Query::TradesFromId {
                symbol,
                from,
                limit,
            };
            return self.trades(listing, &query, &rows);
        }
        let rows = market.newest_rows(listing, limit as usize, mark);
        self.trades(listing, &Query::RecentTrades { symbol, limit }, &rows)
    }

    fn aggregates(&self) -> Result<Vec<u8>, Refused> {
        let (listing, symbol) = self.listing()?;
        let limit = self.parameters.limit(500, 1_000)?;
        let (from, to) = (
            self.parameters.time("startTime")?,
            self.parameters.time("endTime")?,
        );
        let id = self.parameters.number("fromId")?;
        if id.is_some() && (from.is_some() || to.is_some()) {
            return Err(Refused::new(
                -1128,
                "Combination of optional parameters invalid.",
            ));
        }
        let market = &self.stage.market;
        let mark = self.stage.mark(listing);
        let most = limit as usize;
        // the venue's bounds are both inside, by the millisecond
        let past = to.map_or(Timestamp::MAX, |to| to.plus_nanos(1_000_000));
        let rows: Vec<AggregateRow> = match (id, from) {
            (Some(id), _) => market.aggregates_from(listing, id, most, mark),
            (None, Some(from)) => {
                market.aggregates_in(listing, TimeRange::new(from, past), most, mark)
            }
            (None, None) => {
                let mark = match to {
                    Some(_) => market.mark_at(listing, past).min(mark),
                    None => mark,
                };
                market.newest_aggregates(listing, most, mark)
            }
        };
        let units = market.listings()[listing].units;
        let events: Vec<Event> = rows
            .iter()
            .map(|row| {
                let kind = EventKind::AggregateTrade(units.aggregate(row));
                event(&symbol, row.time, kind)
            })
            .collect();
        let query = Query::AggregateTradesFromId {
            symbol: symbol.clone(),
            from: TradeId(0),
            limit,
        };
        self.say(&query, &events)
    }

    fn klines(&self) -> Result<Vec<u8>, Refused> {
        let (listing, symbol) = self.listing()?;
        let name = self.parameters.needed("interval")?;
        let timeframe: Timeframe = name
            .parse()
            .ok()
            .filter(|timeframe| TIMEFRAMES.contains(timeframe))
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

    fn day(&self) -> Result<Vec<u8>, Refused> {
        let (chosen, one) = self.chosen()?;
        let now = self.stage.pace.now();
        let mini = match self.parameters.get("type") {
            None | Some("FULL") => false,
            Some("MINI") => true,
            Some(_) => {
                return Err(Refused::new(-1138, "Invalid ticker type."));
            }
        };
        let mut events = Vec::new();
        for listing in chosen {
            if let Some(ticker) = self.stage.ticker(listing, now) {
                let symbol = self.stage.symbol(listing);
                events.push(event(symbol, now, EventKind::Ticker(Box::new(ticker))));
            }
        }
        let symbol = match (one, events.first()) {
            (true, Some(event)) => event.symbol.clone(),
            (true, None) => return Err(Refused::symbol()),
            _ => None,
        };
        let body = self.say(&Query::Ticker { symbol }, &events)?;
        if !mini {
            return Ok(body);
        }
        let mut body: serde_json::Value =
            serde_json::from_slice(&body).map_err(|error| Refused::unforeseen(&error))?;
        let left_out = [
            "priceChange",
            "priceChangePercent",
            "weightedAvgPrice",
            "prevClosePrice",
            "lastQty",
            "bidPrice",
            "bidQty",
            "askPrice",
            "askQty",
        ];
        let rows = match &mut body {
            serde_json::Value::Array(rows) => rows.iter_mut().collect::<Vec<_>>(),
            row => vec![row],
        };
        for row in rows.into_iter().filter_map(|row| row.as_object_mut()) {
            row.retain(|name, _| !left_out.contains(&name.as_str()));
        }
        Ok(body.to_string().into_bytes())
    }

    fn last_price(&self) -> Result<Vec<u8>, Refused> {
        let (chosen, one) = self.chosen()?;
        let rows = chosen.into_iter().filter_map(|listing| {
            let row = self.stage.last_row(listing, self.stage.mark(listing))?;
            let price = self.stage.market.listings()[listing].units.price(row.price);
            let symbol = self.stage.symbol(listing);
            Some(json!({"symbol": symbol, "price": price.0.padded(8).to_string()}))
        });
        let rows: Vec<_> = rows.collect();
        let body = match rows.as_slice() {
            [row] if one => row.to_string(),
            _ => serde_json::Value::Array(rows).to_string(),
        };
        Ok(body.into_bytes())
    }

    fn book_ticker(&self) -> Result<Vec<u8>, Refused> {
        let (chosen, one) = self.chosen()?;
        let boards = lock(&self.stage.boards);
        let events: Vec<Event> = chosen
            .iter()
            .map(|listing| {
                let quote = boards.get(*listing).and_then(|board| board.quote);
                let kind = EventKind::Quote(quote.unwrap_or_else(speech::no_quote));
                event(self.stage.symbol(*listing), self.stage.pace.now(), kind)
            })
            .collect();
        drop(boards);
        let symbol = events
            .first()
            .filter(|_| one)
            .and_then(|event| event.symbol.clone());
        self.say(&Query::BestQuote { symbol }, &events)
    }
}
