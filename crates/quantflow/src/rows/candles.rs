//! Candles as CSV lines and JSON objects.

use std::fmt::Display;
use std::io::{self, Write};

use quantflow_market::view::CandleView;
use quantflow_model::{CandleState, TradeId, TradeKey};

use crate::arguments::TimeUnit;
use crate::terminal::{Cell, Column, Listing};

/// The header of a CSV of candles. Times are in milliseconds, or nanoseconds where it says so.
pub(crate) const fn csv_header(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Ms => {
            "open_time,open,high,low,close,volume,quote_volume,trades,taker_buy_volume,\
             taker_buy_quote_volume,first_trade_id,last_trade_id,state,complete"
        }
        TimeUnit::Ns => {
            "open_time_ns,open,high,low,close,volume,quote_volume,trades,taker_buy_volume,\
             taker_buy_quote_volume,first_trade_id,last_trade_id,state,complete"
        }
    }
}

/// A state as it is written.
pub(crate) const fn state_name(state: CandleState) -> &'static str {
    match state {
        CandleState::Open => "open",
        CandleState::Closed => "closed",
        CandleState::Revised(_) => "revised",
    }
}

fn id(key: Option<TradeKey>) -> Option<TradeId> {
    key.map(|key| key.id)
}

fn field(value: Option<impl Display>, out: &mut impl Write) -> io::Result<()> {
    match value {
        Some(value) => write!(out, ",{value}"),
        None => out.write_all(b","),
    }
}

/// Writes a line of CSV.
pub(crate) fn write_csv(view: &CandleView, unit: TimeUnit, out: &mut impl Write) -> io::Result<()> {
    let candle = &view.candle;
    let time = match unit {
        TimeUnit::Ms => candle.open_time.millis(),
        TimeUnit::Ns => candle.open_time.nanos(),
    };
    let (open, high, low, close) = (candle.open, candle.high, candle.low, candle.close);
    write!(out, "{time},{open},{high},{low},{close},{}", candle.volume)?;
    field(candle.quote_volume, out)?;
    field(candle.trades, out)?;
    field(candle.taker_buy_volume, out)?;
    field(candle.taker_buy_quote_volume, out)?;
    field(id(candle.first_trade), out)?;
    field(id(candle.last_trade), out)?;
    writeln!(out, ",{},{}", state_name(candle.state), view.complete)
}

/// Writes a JSON object as the API has it, without a line feed.
pub(crate) fn write_json(view: &CandleView, out: &mut impl Write) -> io::Result<()> {
    let candle = &view.candle;
    let exact = |out: &mut _, name: &str, value: Option<String>| -> io::Result<()> {
        let out: &mut dyn Write = out;
        match value {
            Some(value) => write!(out, ",\"{name}\":\"{value}\""),
            None => Ok(()),
        }
    };
    let whole = |out: &mut _, name: &str, value: Option<u128>| -> io::Result<()> {
        let out: &mut dyn Write = out;
        match value {
            // past 2^53 readers of JSON lose digits
            Some(value) if value < 1 << 53 => write!(out, ",\"{name}\":{value}"),
            Some(value) => write!(out, ",\"{name}\":\"{value}\""),
            None => Ok(()),
        }
    };
    let mut text: Vec<u8> = Vec::with_capacity(400);
    write!(text, "{{\"openTime\":\"{}\"", candle.open_time)?;
    exact(&mut text, "open", Some(candle.open.to_string()))?;
    exact(&mut text, "high", Some(candle.high.to_string()))?;
    exact(&mut text, "low", Some(candle.low.to_string()))?;
    exact(&mut text, "close", Some(candle.close.to_string()))?;
    exact(&mut text, "volume", Some(candle.volume.to_string()))?;
    exact(
        &mut text,
        "quoteVolume",
        candle.quote_volume.map(|n| n.to_string()),
    )?;
    whole(&mut text, "trades", candle.trades.map(u128::from))?;
    exact(
        &mut text,
        "takerBuyVolume",
        candle.taker_buy_volume.map(|n| n.to_string()),
    )?;
    exact(
        &mut text,
        "takerBuyQuoteVolume",
        candle.taker_buy_quote_volume.map(|n| n.to_string()),
    )?;
    whole(
        &mut text,
        "firstTradeId",
        id(candle.first_trade).map(|id| id.0),
    )?;
    whole(
        &mut text,
        "lastTradeId",
        id(candle.last_trade).map(|id| id.0),
    )?;
    write!(
        text,
        ",\"state\":\"{}\",\"revision\":{},\"complete\":{}}}",
        state_name(candle.state),
        candle.revision,
        view.complete
    )?;
    out.write_all(&text)
}

/// Candles as a table for people: what matters most first, and nothing that is rarely looked at.
pub(crate) fn listing(candles: &[CandleView]) -> Listing {
    let mut listing = Listing::new(Column::all([
        "open_time",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "quote_volume",
        "trades",
        "state",
        "complete",
    ]));
    for view in candles {
        let candle = &view.candle;
        listing.push(vec![
            Cell::Time(candle.open_time),
            Cell::Exact(candle.open.0),
            Cell::Exact(candle.high.0),
            Cell::Exact(candle.low.0),
            Cell::Exact(candle.close.0),
            Cell::Exact(candle.volume.0),
            Cell::of(candle.quote_volume, |n| Cell::Exact(n.0)),
            Cell::of(candle.trades, Cell::Whole),
            Cell::text(state_name(candle.state)),
            Cell::Flag(view.complete),
        ]);
    }
    listing
}

#[cfg(test)]
mod tests {
    use quantflow_model::{Candle, CandleOrigin, Timestamp};

    use super::*;

    fn view() -> CandleView {
        CandleView {
            candle: Candle {
                open_time: Timestamp::from_millis(60_000),
                open: "1.5".parse().unwrap(),
                high: "2".parse().unwrap(),
                low: "1".parse().unwrap(),
                close: "1.25".parse().unwrap(),
                volume: "10".parse().unwrap(),
                quote_volume: None,
                trades: Some(4),
                taker_buy_volume: None,
                taker_buy_quote_volume: None,
                first_trade: None,
                last_trade: Some(TradeKey {
                    time: Timestamp::EPOCH,
                    id: TradeId(9),
                }),
                state: CandleState::Closed,
                revision: 0,
                known: Timestamp::EPOCH,
                origin: CandleOrigin::Trades,
            },
            complete: true,
            filled: false,
        }
    }

    #[test]
    fn a_candle_is_written_exactly_and_what_is_unknown_is_left_out() {
        let mut line = Vec::new();
        write_csv(&view(), TimeUnit::Ms, &mut line).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, "60000,1.5,2,1,1.25,10,,4,,,,9,closed,true\n");
        assert_eq!(
            line.split(',').count(),
            csv_header(TimeUnit::Ms).split(',').count()
        );
        let mut object = Vec::new();
        write_json(&view(), &mut object).unwrap();
        let object: serde_json::Value = serde_json::from_slice(&object).unwrap();
        assert_eq!(object["openTime"], "1970-01-01T00:01:00Z");
        assert_eq!(object["close"], "1.25");
        assert_eq!(object["lastTradeId"], 9);
        assert!(object.get("quoteVolume").is_none());
    }
}
