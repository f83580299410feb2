//! Events as the bodies of REST answers.

use std::io::Write;

use quantflow_model::{BookSnapshot, Decimal, Notional, Price, Quantity, Quote, VenueSymbol};
use quantflow_wire::{EncodeError, Event, EventKind, Query, Ticker, TradeEvent, VenueCandle};

use super::encode::{
    AllOfCandle, AllOfTicker, Writer, buyer_is_maker, id_or_none, levels, needed, padded, put, text,
};
use super::instruments;

/// Price times quantity, cut after the eighth decimal, as the venue writes it.
pub(super) fn quote_quantity(price: Price, quantity: Quantity) -> Option<Notional> {
    let exact = price.times(quantity)?.0;
    let Some(beyond) = exact.scale().checked_sub(8) else {
        return Some(Notional(exact));
    };
    let cut = exact.mantissa() / Decimal::power_of_ten(beyond)?;
    Decimal::new(cut, 8).map(Notional)
}

impl Writer<'_> {
    /// The body that answers a query with these events.
    pub(super) fn answer(&self, events: &[Event], query: &Query) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(64 + events.len() * 128);
        match query {
            Query::ServerTime => {
                let EventKind::ServerTime(time) = self.one(events, "serverTime")?.kind else {
                    return Err(self.no_such("such an event as its time"));
                };
                put!(out, "{{\"serverTime\":{}}}", self.time(time));
            }
            Query::Instruments => {
                let event = self.one(events, "exchangeInfo")?;
                let EventKind::Instruments(list) = &event.kind else {
                    return Err(self.no_such("such an event among its instruments"));
                };
                return instruments::encode(list, event.sent, self.unit);
            }
            Query::Book { .. } => {
                let EventKind::BookSnapshot(book) = &self.one(events, "depth")?.kind else {
                    return Err(self.no_such("such an event as a book"));
                };
                book_body(&mut out, book);
            }
            Query::Candles { timeframe, .. } => {
                self.list(&mut out, events, |out, event| match &event.kind {
                    EventKind::Candle(candle) if candle.timeframe == *timeframe => {
                        self.candle_row(out, candle)
                    }
                    _ => Err(self.no_such("such an event among candles")),
                })?;
            }
            Query::RecentTrades { .. } | Query::TradesFromId { .. } => {
                self.list(&mut out, events, |out, event| match &event.kind {
                    EventKind::Trade(trade) => self.trade_row(out, trade),
                    _ => Err(self.no_such("such an event among trades")),
                })?;
            }
            Query::AggregateTrades { .. } | Query::AggregateTradesFromId { .. } => {
                self.list(&mut out, events, |out, event| match &event.kind {
                    EventKind::AggregateTrade(trade) => {
                        out.push(b'{');
                        self.aggregate_fields(out, trade)?;
                        out.push(b'}');
                        Ok(())
                    }
                    _ => Err(self.no_such("such an event among aggregate trades")),
                })?;
            }
            Query::Ticker { symbol } => self.one_or_all(&mut out, events, symbol.is_some(), {
                |out, symbol, event| match &event.kind {
                    EventKind::Ticker(ticker) => self.ticker_row(out, symbol, ticker),
                    _ => Err(self.no_such("such an event among tickers")),
                }
            })?,
            Query::BestQuote { symbol } => {
                self.one_or_all(&mut out, events, symbol.is_some(), {
                    |out, symbol, event| match &event.kind {
                        EventKind::Quote(quote) => {
                            put!(out, "{{\"symbol\":{},", text(symbol.as_str()));
                            quote_fields(out, quote);
                            out.push(b'}');
                            Ok(())
                        }
                        _ => Err(self.no_such("such an event among quotes")),
                    }
                })?;
            }
            other => return Err(self.no_such(other.name())),
        }
        Ok(out)
    }

    #[allow(clippy::unused_self, reason = "reads as the other parts of `answer`")]
    fn one<'e>(&self, events: &'e [Event], what: &'static str) -> Result<&'e Event, EncodeError> {
        match events {
            [event] => Ok(event),
            _ => Err(EncodeError::Missing {
                what,
                field: "its one event",
            }),
        }
    }

    #[allow(clippy::unused_self, reason = "reads as the other parts of `answer`")]
    fn list(
        &self,
        out: &mut Vec<u8>,
        events: &[Event],
        mut row: impl FnMut(&mut Vec<u8>, &Event) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        out.push(b'[');
        for (at, event) in events.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            row(out, event)?;
        }
        out.push(b']');
        Ok(())
    }

    fn one_or_all(
        &self,
        out: &mut Vec<u8>,
        events: &[Event],
        one: bool,
        mut row: impl FnMut(&mut Vec<u8>, &VenueSymbol, &Event) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let mut named = |out: &mut Vec<u8>, event: &Event| {
            let symbol = needed(event.symbol.as_ref(), "an answer", "symbol")?;
            row(out, symbol, event)
        };
        if one {
            return named(out, self.one(events, "an answer about one symbol")?);
        }
        self.list(out, events, named)
    }

    fn candle_row(&self, out: &mut Vec<u8>, c: &VenueCandle) -> Result<(), EncodeError> {
        let all = AllOfCandle::of(c)?;
        let [o, h, l, cl] = [c.open.0, c.high.0, c.low.0, c.close.0].map(padded);
        let [v, q, tv, tq] = all.volumes.map(padded);
        let (open, close) = (self.time(c.open_time), self.time(c.close_time));
        put!(
            out,
            "[{open},\"{o}\",\"{h}\",\"{l}\",\"{cl}\",\"{v}\",{close},\"{q}\",{},\"{tv}\",\"{tq}\",\"0\"]",
            all.trades
        );
        Ok(())
    }

    fn trade_row(&self, out: &mut Vec<u8>, event: &TradeEvent) -> Result<(), EncodeError> {
        let trade = &event.trade;
        let quote = quote_quantity(trade.price, trade.quantity);
        let quote = padded(needed(quote, "trades", "a quote quantity of 38 digits")?.0);
        let (price, quantity) = (padded(trade.price.0), padded(trade.quantity.0));
        let maker = buyer_is_maker("trades", trade.side)?;
        put!(
            out,
            "{{\"id\":{},\"price\":\"{price}\",\"qty\":\"{quantity}\",\"quoteQty\":\"{quote}\",\"time\":{},\"isBuyerMaker\":{maker},\"isBestMatch\":true}}",
            trade.id,
            self.time(trade.time)
        );
        Ok(())
    }

    fn ticker_row(
        &self,
        out: &mut Vec<u8>,
        symbol: &VenueSymbol,
        ticker: &Ticker,
    ) -> Result<(), EncodeError> {
        let all = AllOfTicker::of(ticker)?;
        put!(
            out,
            "{{\"symbol\":{},\"priceChange\":\"{}\",\"priceChangePercent\":\"{}\",\"weightedAvgPrice\":\"{}\",\"prevClosePrice\":\"{}\",\"lastPrice\":\"{}\",\"lastQty\":\"{}\",",
            text(symbol.as_str()),
            padded(all.change),
            all.change_percent.padded(3),
            padded(all.weighted_average),
            padded(all.previous_close),
            padded(ticker.last.0),
            padded(all.last_quantity),
        );
        quote_fields(out, &all.quote);
        put!(
            out,
            ",\"openPrice\":\"{}\",\"highPrice\":\"{}\",\"lowPrice\":\"{}\",\"volume\":\"{}\",\"quoteVolume\":\"{}\",",
            padded(all.open),
            padded(all.high),
            padded(all.low),
            padded(all.volume),
            padded(all.quote_volume),
        );
        put!(
            out,
            "\"openTime\":{},\"closeTime\":{},\"firstId\":{},\"lastId\":{},\"count\":{}}}",
            self.time(all.open_time),
            self.time(all.close_time),
            id_or_none(ticker.first_id),
            id_or_none(ticker.last_id),
            all.trades,
        );
        Ok(())
    }
}

fn quote_fields(out: &mut Vec<u8>, quote: &Quote) {
    let [bid, bid_quantity, ask, ask_quantity] = [
        quote.bid.0,
        quote.bid_quantity.0,
        quote.ask.0,
        quote.ask_quantity.0,
    ]
    .map(padded);
    put!(
        out,
        "\"bidPrice\":\"{bid}\",\"bidQty\":\"{bid_quantity}\",\"askPrice\":\"{ask}\",\"askQty\":\"{ask_quantity}\""
    );
}

fn book_body(out: &mut Vec<u8>, book: &BookSnapshot) {
    put!(out, "{{\"lastUpdateId\":{},\"bids\":", book.last_update_id);
    levels(out, &book.bids);
    put!(out, ",\"asks\":");
    levels(out, &book.asks);
    out.push(b'}');
}
