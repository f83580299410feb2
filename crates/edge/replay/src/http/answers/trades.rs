//! Answers about trades and aggregates.

use quantflow_model::{TimeRange, Timestamp, TradeId};
use quantflow_wire::{Event, EventKind, Query, TradeEvent};

use super::Ask;
use crate::http::params::Refused;
use crate::row::{AggregateRow, Row};
use crate::speech::event;

impl Ask<'_> {
    pub(in crate::http) fn recent_trades(&self) -> Result<Vec<u8>, Refused> {
        let (listing, symbol) = self.listing()?;
        let limit = self.parameters.limit(500, 1_000)?;
        let mark = self.stage.mark(listing);
        let rows = self.stage.market.newest_rows(listing, limit as usize, mark);
        self.trades(listing, &Query::RecentTrades { symbol, limit }, &rows)
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

    pub(in crate::http) fn historical_trades(&self) -> Result<Vec<u8>, Refused> {
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

    pub(in crate::http) fn aggregates(&self) -> Result<Vec<u8>, Refused> {
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
}
