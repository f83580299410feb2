//! Charts: columns of numbers beside a column of times.

use quantflow_model::{Decimal, Price, Quantity, Timeframe, Timestamp, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Query, Ticker, VenueCandle};

use super::request::dated;
use crate::actions::{ActionKind, CorporateAction};
use crate::ask::event;
use crate::json::{Fields, Json, value};
use crate::series::{aligned, cut};

const CHART: &str = "chart";

/// Added to a local time before its date is taken: the offset is that of today, and a day that begins
/// at midnight may seem to begin an hour before.
const SLACK: i64 = 2 * 3_600;

pub(super) fn decode(query: &Query, body: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(body)?;
    let chart = Chart::of(&tree)?;
    match query {
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            chart.about(symbol)?;
            let candles = chart.candles(*timeframe)?;
            Ok(cut(symbol, candles, *from, *to, *limit))
        }
        Query::Ticker {
            symbol: Some(symbol),
        } => {
            chart.about(symbol)?;
            Ok(vec![chart.ticker(symbol)?])
        }
        other => Err(DecodeError::unasked(other)),
    }
}

pub(super) fn actions(body: &[u8]) -> Result<Vec<CorporateAction>, DecodeError> {
    let tree = Json::parse(body)?;
    Chart::of(&tree)?.actions()
}

/// A column of the prices; empty where there are no times.
fn column<'t, 'a>(
    quote: &Fields<'t, 'a>,
    name: &'static str,
    rows: usize,
) -> Result<&'t [Json<'a>], DecodeError> {
    let list = quote.optional(name, Json::items)?.unwrap_or_default();
    if list.len() == rows {
        Ok(list)
    } else {
        Err(quote.bad(name, &Json::List(list.to_vec())))
    }
}

struct Chart<'t, 'a> {
    result: Fields<'t, 'a>,
    meta: Fields<'t, 'a>,
}

impl<'t, 'a> Chart<'t, 'a> {
    fn of(tree: &'t Json<'a>) -> Result<Self, DecodeError> {
        let chart = Fields::new(CHART, Fields::new(CHART, tree)?.get("chart")?)?;
        if let Some(error) = chart.optional("error", Some)? {
            let error = Fields::new("error", error)?;
            return Err(DecodeError::Venue {
                code: 0,
                message: format!("{}: {}", error.text("code")?, error.text("description")?),
            });
        }
        let found = chart.get("result")?;
        let Some([one]) = found.items() else {
            return Err(chart.bad("result", found));
        };
        let result = Fields::new(CHART, one)?;
        let meta = Fields::new("meta", result.get("meta")?)?;
        Ok(Self { result, meta })
    }

    /// A chart of another ticker must not be filed under the one that was asked for.
    fn about(&self, symbol: &VenueSymbol) -> Result<(), DecodeError> {
        let found = self.meta.get("symbol")?;
        let same = found
            .text()
            .is_some_and(|text| text.eq_ignore_ascii_case(symbol.as_str()));
        if same {
            Ok(())
        } else {
            Err(self.meta.bad("symbol", found))
        }
    }

    fn offset(&self) -> Result<i64, DecodeError> {
        self.meta.read("gmtoffset", |found| {
            found.integer().filter(|offset| offset.abs() <= 86_400)
        })
    }

    /// Midnight UTC of the exchange's date.
    fn date(&self, time: Timestamp) -> Result<Timestamp, DecodeError> {
        let local = self.offset()? + SLACK;
        Ok(time.plus_nanos(local * 1_000_000_000).start_of_day())
    }

    fn times(&self) -> Result<Vec<Timestamp>, DecodeError> {
        let list = self.result.optional("timestamp", Json::items)?;
        let list = list.unwrap_or_default().iter();
        list.map(|item| value::seconds(item).ok_or_else(|| self.result.bad("timestamp", item)))
            .collect()
    }

    /// A row without prices is a time without trades and is left out. The last row may be of this
    /// moment, not of a candle: it is left out where it begins where no candle does.
    fn candles(&self, timeframe: Timeframe) -> Result<Vec<VenueCandle>, DecodeError> {
        let times = self.times()?;
        let indicators = Fields::new(CHART, self.result.get("indicators")?)?;
        let found = indicators.list("quote")?;
        let [one] = found else {
            return Err(indicators.bad("quote", &Json::List(found.to_vec())));
        };
        let quote = Fields::new("quote", one)?;
        let rows = times.len();
        let columns = [
            column(&quote, "open", rows)?,
            column(&quote, "high", rows)?,
            column(&quote, "low", rows)?,
            column(&quote, "close", rows)?,
        ];
        let volumes = column(&quote, "volume", rows)?;
        let mut candles = Vec::with_capacity(rows);
        for (at, time) in times.into_iter().enumerate() {
            let cells = columns.map(|column| &column[at]);
            if cells.iter().any(|cell| matches!(cell, Json::Null)) {
                continue;
            }
            let price = |cell| value::price(cell).ok_or_else(|| quote.bad("a price", cell));
            let [open, high, low, close] = cells;
            let prices = [price(open)?, price(high)?, price(low)?, price(close)?];
            let volume = match &volumes[at] {
                Json::Null => Quantity(Decimal::ZERO),
                cell => value::quantity(cell).ok_or_else(|| quote.bad("volume", cell))?,
            };
            let begins = if dated(timeframe) {
                self.date(time)?
            } else {
                time
            };
            if aligned(timeframe, begins) {
                candles.push(VenueCandle::bare(timeframe, begins, prices, volume));
            } else if at + 1 < rows {
                return Err(self
                    .result
                    .bad("timestamp", &Json::Text(time.to_string().into())));
            }
        }
        Ok(candles)
    }

    /// The statistics are of the session, not of 24 hours.
    fn ticker(&self, symbol: &VenueSymbol) -> Result<Event, DecodeError> {
        let m = &self.meta;
        let previous = match m.optional("previousClose", value::price)? {
            Some(previous) => Some(previous),
            None => m.optional("chartPreviousClose", value::price)?,
        };
        let ticker = Ticker {
            last: m.read("regularMarketPrice", value::price)?,
            last_quantity: None,
            open: None,
            high: m.optional("regularMarketDayHigh", value::price)?,
            low: m.optional("regularMarketDayLow", value::price)?,
            volume: m.optional("regularMarketVolume", value::quantity)?,
            quote_volume: None,
            change: None,
            change_percent: None,
            weighted_average: None,
            previous_close: previous,
            quote: None,
            open_time: None,
            close_time: m.optional("regularMarketTime", value::seconds)?,
            first_id: None,
            last_id: None,
            trades: None,
        };
        Ok(event(
            Some(symbol),
            None,
            EventKind::Ticker(Box::new(ticker)),
        ))
    }

    fn actions(&self) -> Result<Vec<CorporateAction>, DecodeError> {
        let mut actions = Vec::new();
        let Some(events) = self.result.optional("events", Some)? else {
            return Ok(actions);
        };
        for (kind, name) in [("dividends", "dividends"), ("splits", "splits")] {
            let Some(Json::Object(entries)) = events.entry(kind) else {
                continue;
            };
            for (_, item) in entries {
                let f = Fields::new(name, item)?;
                let date = self.date(f.read("date", value::seconds)?)?;
                let positive = |field| {
                    f.read(field, |found| {
                        value::decimal(found).filter(|n| n.is_positive())
                    })
                };
                let kind = if kind == "dividends" {
                    ActionKind::Dividend(Price(positive("amount")?))
                } else {
                    ActionKind::Split {
                        new: positive("numerator")?,
                        old: positive("denominator")?,
                    }
                };
                actions.push(CorporateAction { date, kind });
            }
        }
        actions.sort_by_key(|action| action.date);
        Ok(actions)
    }
}
