//! Answers about prices: of the last five minutes, of a day, the last one, the best quotes.

use std::time::Duration;

use quantflow_model::{Decimal, Price, TimeRange, Timestamp};
use quantflow_wire::{Event, EventKind, Query};
use serde_json::json;

use super::Ask;
use crate::http::params::Refused;
use crate::speech::{self, event};
use crate::venue::{Stage, lock};

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

impl Ask<'_> {
    pub(in crate::http) fn average_price(&self) -> Result<Vec<u8>, Refused> {
        let (listing, _) = self.listing()?;
        let (price, last) = average_price(self.stage, listing, self.stage.pace.now())
            .unwrap_or((Price::ZERO, Timestamp::EPOCH));
        let price = price.0.padded(8).to_string();
        let body = json!({"mins": 5, "price": price, "closeTime": self.unit.of(last)});
        Ok(body.to_string().into_bytes())
    }

    pub(in crate::http) fn day(&self) -> Result<Vec<u8>, Refused> {
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

    pub(in crate::http) fn last_price(&self) -> Result<Vec<u8>, Refused> {
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

    pub(in crate::http) fn book_ticker(&self) -> Result<Vec<u8>, Refused> {
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
