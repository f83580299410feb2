//! Trades as CSV lines and JSON objects.

use std::io::{self, Write};

use quantflow_model::{Side, Trade};

use crate::arguments::TimeUnit;
use crate::terminal::{Cell, Column, Listing};

/// The header of a CSV of trades.
pub(crate) const fn csv_header(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Ms => "ts_ms,price,qty,side,trade_id",
        TimeUnit::Ns => "ts_ns,price,qty,side,trade_id",
    }
}

/// A side as it is written; an unknown one is nothing.
pub(crate) const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
        Side::Unknown => "",
    }
}

/// Writes a line of CSV.
pub(crate) fn write_csv(trade: &Trade, unit: TimeUnit, out: &mut impl Write) -> io::Result<()> {
    let time = match unit {
        TimeUnit::Ms => trade.time.millis(),
        TimeUnit::Ns => trade.time.nanos(),
    };
    let (price, quantity, id) = (trade.price, trade.quantity, trade.id);
    writeln!(
        out,
        "{time},{price},{quantity},{},{id}",
        side_name(trade.side)
    )
}

/// Writes a JSON object as the API has it, without a line feed.
pub(crate) fn write_json(trade: &Trade, out: &mut impl Write) -> io::Result<()> {
    write!(out, "{{\"id\":")?;
    // past 2^53 readers of JSON lose digits
    if trade.id.0 < 1 << 53 {
        write!(out, "{}", trade.id)?;
    } else {
        write!(out, "\"{}\"", trade.id)?;
    }
    let (time, price, quantity) = (trade.time, trade.price, trade.quantity);
    write!(
        out,
        ",\"time\":\"{time}\",\"price\":\"{price}\",\"quantity\":\"{quantity}\""
    )?;
    match trade.side {
        Side::Unknown => write!(out, ",\"side\":null")?,
        side => write!(out, ",\"side\":\"{}\"", side_name(side))?,
    }
    let flags: Vec<String> = trade
        .flags
        .names()
        .map(|name| format!("\"{name}\""))
        .collect();
    if !flags.is_empty() {
        write!(out, ",\"flags\":[{}]", flags.join(","))?;
    }
    if trade.count > 1 {
        write!(out, ",\"count\":{}", trade.count)?;
    }
    out.write_all(b"}")
}

/// Trades as a table.
pub(crate) fn listing(trades: &[Trade]) -> Listing {
    let mut listing = Listing::new(vec![
        Column::new("time", "time"),
        Column::new("price", "price"),
        Column::new("qty", "quantity"),
        Column::new("side", "side"),
        Column::new("trade_id", "id"),
        Column::new("flags", "flags"),
    ]);
    for trade in trades {
        listing.push(vec![
            Cell::Time(trade.time),
            Cell::Exact(trade.price.0),
            Cell::Exact(trade.quantity.0),
            Cell::text(side_name(trade.side)),
            Cell::id(trade.id),
            Cell::text(trade.flags.names().collect::<Vec<_>>().join(" ")),
        ]);
    }
    listing
}

#[cfg(test)]
mod tests {
    use quantflow_model::{Timestamp, TradeFlags, TradeId};

    use super::*;

    fn trade() -> Trade {
        Trade {
            id: TradeId(3_735_683_259),
            time: Timestamp::from_millis(1_723_161_255_342),
            price: "61837.63".parse().unwrap(),
            quantity: "0.02".parse().unwrap(),
            side: Side::Sell,
            flags: TradeFlags::NONE,
            count: 1,
        }
    }

    fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_trade_is_written_exactly() {
        let line = written(|out| write_csv(&trade(), TimeUnit::Ms, out));
        assert_eq!(line, "1723161255342,61837.63,0.02,sell,3735683259\n");
        let object = written(|out| write_json(&trade(), out));
        assert_eq!(
            object,
            "{\"id\":3735683259,\"time\":\"2024-08-08T23:54:15.342Z\",\"price\":\"61837.63\",\
             \"quantity\":\"0.02\",\"side\":\"sell\"}"
        );
    }

    #[test]
    fn what_is_unknown_or_remarkable_is_said() {
        let odd = Trade {
            id: TradeId(1 << 60),
            side: Side::Unknown,
            flags: TradeFlags::LATE.with(TradeFlags::REPAIRED),
            count: 3,
            ..trade()
        };
        let object: serde_json::Value =
            serde_json::from_str(&written(|out| write_json(&odd, out))).unwrap();
        assert_eq!(object["side"], serde_json::Value::Null);
        assert_eq!(object["id"], "1152921504606846976");
        assert_eq!(object["flags"], serde_json::json!(["late", "repaired"]));
        assert_eq!(object["count"], 3);
    }
}
