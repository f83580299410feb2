//! Imports: the columns that a file may have, and its lines made into trades and candles.
//!
//! Lines are exact: a number that cannot be kept, a side that is no side, a line with too few
//! columns goes to quarantine alone, and the lines after it are read on.

use quantflow_model::{
    Candle, CandleOrigin, CandleState, Decimal, Notional, Price, Quantity, Side, Timeframe,
    Timestamp, Trade, TradeFlags, TradeId, TradeKey,
};
use quantflow_wire::{ImportBegin, ImportKind};
use serde::{Deserialize, Serialize};

use crate::cleaning::{BAD_ROW, Refusal};
use crate::output::SymbolSlot;
use crate::partial::Key;
use crate::rollup::Before;
use crate::symbol::History;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Column {
    Seconds,
    Millis,
    Micros,
    Nanos,
    Price,
    Quantity,
    Side,
    TradeId,
    Open,
    High,
    Low,
    Close,
    Volume,
    QuoteVolume,
    Trades,
    TakerBuyVolume,
    TakerBuyQuoteVolume,
    FirstTradeId,
    LastTradeId,
    CloseTime,
    /// Known, but not used: state, completeness.
    Ignored,
    CloseMicros,
    /// Whether the buyer's order rested: the taker sold.
    BuyerMaker,
}

/// Column names by kind, as the command line writes them, and other usual spellings.
fn column(name: &str) -> Option<Column> {
    Some(match name.trim() {
        "ts_s" => Column::Seconds,
        "ts_ms" | "open_time" | "open_time_ms" => Column::Millis,
        "ts_us" => Column::Micros,
        "ts_ns" | "open_time_ns" => Column::Nanos,
        "price" => Column::Price,
        "qty" | "quantity" => Column::Quantity,
        "side" => Column::Side,
        "trade_id" => Column::TradeId,
        "open" => Column::Open,
        "high" => Column::High,
        "low" => Column::Low,
        "close" => Column::Close,
        "volume" => Column::Volume,
        "quote_volume" => Column::QuoteVolume,
        "trades" | "trade_count" | "count" => Column::Trades,
        "taker_buy_volume" | "taker_buy_base_volume" => Column::TakerBuyVolume,
        "taker_buy_quote_volume" => Column::TakerBuyQuoteVolume,
        "first_trade_id" => Column::FirstTradeId,
        "last_trade_id" => Column::LastTradeId,
        "close_time" | "close_time_ms" => Column::CloseTime,
        "close_time_us" => Column::CloseMicros,
        "buyer_maker" => Column::BuyerMaker,
        "state" | "complete" | "" => Column::Ignored,
        _ => return None,
    })
}

/// An import that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Import {
    pub(crate) slot: SymbolSlot,
    pub(crate) kind: ImportKind,
    columns: Vec<Column>,
    pub(crate) sha256: String,
    /// Its rows were imported before: they are counted and dropped.
    pub(crate) repeated: bool,
    /// Builds candles from rows that lie before what was closed when it began.
    pub(crate) history: Option<History>,
    /// Its first and last key so far, where order is by time and id.
    pub(crate) span: Option<(Key, Key)>,
    /// How many rows there were at the time of the last row: ids for rows without any.
    same_time: (i64, u128),
    /// When it last brought a row, by elapsed time.
    pub(crate) heard: i64,
    /// The end of its last candle.
    pub(crate) before: Before,
}

/// A trade of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TradeRow {
    pub(crate) trade: Trade,
    /// Whether the line names its id; otherwise it is numbered within its instant.
    pub(crate) named: bool,
    /// The first and last trade that it stands for, where the file has aggregates.
    pub(crate) spans: Option<(TradeId, TradeId)>,
}

/// A candle of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CandleRow {
    pub(crate) candle: Candle,
    pub(crate) close_time: Option<Timestamp>,
}

impl Import {
    /// Begins an import.
    pub(crate) fn begin(begin: &ImportBegin, slot: SymbolSlot) -> Result<Self, Refusal> {
        let columns: Vec<Column> = begin
            .columns
            .iter()
            .map(|name| {
                column(name).ok_or_else(|| BAD_ROW.refusal(format!("unknown column {name:?}")))
            })
            .collect::<Result<_, _>>()?;
        let timed = [
            Column::Seconds,
            Column::Millis,
            Column::Micros,
            Column::Nanos,
        ];
        if !columns.iter().any(|c| timed.contains(c)) {
            return Err(BAD_ROW.refusal("no column with the time: ts_ms, ts_ns, open_time"));
        }
        let needed: &[Column] = match begin.kind {
            ImportKind::Trades => &[Column::Price, Column::Quantity],
            ImportKind::Candles(_) => &[
                Column::Open,
                Column::High,
                Column::Low,
                Column::Close,
                Column::Volume,
            ],
        };
        if let Some(missing) = needed.iter().find(|c| !columns.contains(c)) {
            return Err(BAD_ROW.refusal(format!("no column {missing:?}")));
        }
        Ok(Self {
            slot,
            kind: begin.kind,
            columns,
            sha256: begin.sha256.clone(),
            repeated: false,
            history: None,
            span: None,
            same_time: (i64::MIN, 0),
            heard: 0,
            before: Before::Nothing,
        })
    }

    /// The fields of a line, with what they hold.
    fn fields<'a>(
        &'a self,
        line: &'a [u8],
    ) -> Result<impl Iterator<Item = (Column, &'a [u8])> + 'a, Refusal> {
        let count = line.split(|b| *b == b',').count();
        if count < self.columns.len() {
            return Err(BAD_ROW.refusal(format!(
                "{count} columns, {} were announced",
                self.columns.len()
            )));
        }
        let plain = line.split(|b| *b == b',').map(|field| {
            let field = field.trim_ascii();
            match field {
                [b'"', inner @ .., b'"'] => inner,
                _ => field,
            }
        });
        Ok(self.columns.iter().copied().zip(plain))
    }

    /// The trade of a line.
    pub(crate) fn trade(&mut self, line: &[u8]) -> Result<TradeRow, Refusal> {
        let (mut time, mut price, mut quantity, mut id) = (None, None, None, None);
        let (mut first, mut last) = (None, None);
        let mut side = Side::Unknown;
        for (column, field) in self.fields(line)? {
            match column {
                Column::Seconds | Column::Millis | Column::Micros | Column::Nanos => {
                    time = Some(instant(column, field)?);
                }
                Column::Price => price = Some(Price(decimal("price", field)?)),
                Column::Quantity => quantity = Some(Quantity(decimal("qty", field)?)),
                Column::Side => side = side_of(field)?,
                Column::BuyerMaker => side = taker_side(field)?,
                Column::TradeId if !field.is_empty() => id = Some(identity(field)?),
                Column::FirstTradeId => first = Some(identity(field)?),
                Column::LastTradeId => last = Some(identity(field)?),
                _ => {}
            }
        }
        let (Some(time), Some(price), Some(quantity)) = (time, price, quantity) else {
            return Err(BAD_ROW.refusal("a time, a price or a quantity is missing"));
        };
        let spans = first.zip(last);
        let named = id.is_some() || spans.is_some();
        let same_time = self.same_time;
        let numbered = || {
            let (last, count) = same_time;
            let count = if last == time.nanos() { count + 1 } else { 0 };
            (time.nanos(), count)
        };
        // an aggregate's own number is none of a trade
        let id = spans.map(|(first, _)| first).or(id).unwrap_or_else(|| {
            self.same_time = numbered();
            TradeId(self.same_time.1)
        });
        Ok(TradeRow {
            trade: Trade {
                id,
                time,
                price,
                quantity,
                side,
                flags: TradeFlags::NONE,
                count: 1,
            },
            named,
            spans,
        })
    }

    /// The candle of a line, of a timeframe.
    pub(crate) fn candle(&self, line: &[u8], timeframe: Timeframe) -> Result<CandleRow, Refusal> {
        let mut prices = [None; 4];
        let mut time = None;
        let mut volume = None;
        let (mut quote, mut taker, mut taker_quote) = (None, None, None);
        let (mut trades, mut first, mut last, mut close_time) = (None, None, None, None);
        for (column, field) in self.fields(line)? {
            let optional = |name| -> Result<Option<Decimal>, Refusal> {
                (!field.is_empty())
                    .then(|| decimal(name, field))
                    .transpose()
            };
            match column {
                Column::Seconds | Column::Millis | Column::Micros | Column::Nanos => {
                    time = Some(instant(column, field)?);
                }
                Column::Open => prices[0] = Some(decimal("open", field)?),
                Column::High => prices[1] = Some(decimal("high", field)?),
                Column::Low => prices[2] = Some(decimal("low", field)?),
                Column::Close => prices[3] = Some(decimal("close", field)?),
                Column::Volume => volume = Some(decimal("volume", field)?),
                Column::QuoteVolume => quote = optional("quote_volume")?,
                Column::TakerBuyVolume => taker = optional("taker_buy_volume")?,
                Column::TakerBuyQuoteVolume => taker_quote = optional("taker_buy_quote_volume")?,
                Column::Trades if !field.is_empty() => trades = Some(whole(field)?),
                Column::FirstTradeId if !field.is_empty() => first = Some(identity(field)?),
                Column::LastTradeId if !field.is_empty() => last = Some(identity(field)?),
                Column::CloseTime if !field.is_empty() => {
                    close_time = Some(instant(Column::Millis, field)?);
                }
                Column::CloseMicros if !field.is_empty() => {
                    close_time = Some(instant(Column::Micros, field)?);
                }
                _ => {}
            }
        }
        let (Some(open_time), [Some(open), Some(high), Some(low), Some(close)], Some(volume)) =
            (time, prices, volume)
        else {
            return Err(BAD_ROW.refusal("a time, a price or the volume is missing"));
        };
        let end = timeframe.end_of(open_time);
        Ok(CandleRow {
            candle: Candle {
                open_time,
                open: Price(open),
                high: Price(high),
                low: Price(low),
                close: Price(close),
                volume: Quantity(volume),
                quote_volume: quote.map(Notional),
                trades,
                taker_buy_volume: taker.map(Quantity),
                taker_buy_quote_volume: taker_quote.map(Notional),
                first_trade: first.map(|id| TradeKey {
                    time: open_time,
                    id,
                }),
                last_trade: last.map(|id| TradeKey {
                    time: end.plus_nanos(-1),
                    id,
                }),
                state: CandleState::Closed,
                revision: 0,
                known: Timestamp::EPOCH,
                origin: CandleOrigin::Venue,
            },
            close_time,
        })
    }
}

fn shown(field: &[u8]) -> String {
    String::from_utf8_lossy(&field[..field.len().min(40)]).into_owned()
}

fn decimal(name: &str, field: &[u8]) -> Result<Decimal, Refusal> {
    Decimal::parse(field).map_err(|error| BAD_ROW.refusal(format!("{name}: {error}")))
}

fn whole(field: &[u8]) -> Result<u64, Refusal> {
    std::str::from_utf8(field)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| BAD_ROW.refusal(format!("{:?} is no count", shown(field))))
}

fn identity(field: &[u8]) -> Result<TradeId, Refusal> {
    std::str::from_utf8(field)
        .ok()
        .and_then(|text| text.parse().ok())
        .filter(|id| i128::try_from(*id).is_ok())
        .map(TradeId)
        .ok_or_else(|| BAD_ROW.refusal(format!("{:?} is no trade id", shown(field))))
}

fn side_of(field: &[u8]) -> Result<Side, Refusal> {
    match field {
        b"buy" | b"BUY" | b"Buy" => Ok(Side::Buy),
        b"sell" | b"SELL" | b"Sell" => Ok(Side::Sell),
        b"" | b"null" | b"unknown" => Ok(Side::Unknown),
        _ => Err(BAD_ROW.refusal(format!(
            "side {:?} (buy, sell, or nothing where it is not known)",
            shown(field)
        ))),
    }
}

/// The taker's side, where the line says whether the buyer was the maker.
fn taker_side(field: &[u8]) -> Result<Side, Refusal> {
    match field {
        b"true" | b"True" | b"TRUE" => Ok(Side::Sell),
        b"false" | b"False" | b"FALSE" => Ok(Side::Buy),
        _ => Err(BAD_ROW.refusal(format!(
            "{:?} does not say whether the buyer was the maker (true or false)",
            shown(field)
        ))),
    }
}

/// A number of units since the epoch, with decimals where the unit has them.
fn instant(column: Column, field: &[u8]) -> Result<Timestamp, Refusal> {
    let digits = match column {
        Column::Seconds => 9,
        Column::Micros => 3,
        Column::Nanos => 0,
        _ => 6,
    };
    Decimal::parse(field)
        .ok()
        .and_then(|number| number.at_scale(digits))
        .and_then(|nanos| i64::try_from(nanos).ok())
        .map(Timestamp::from_nanos)
        .ok_or_else(|| BAD_ROW.refusal(format!("{:?} is no time in that unit", shown(field))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(kind: ImportKind, columns: &[&str]) -> Result<Import, Refusal> {
        Import::begin(
            &ImportBegin {
                symbol: "demo:A/B".parse().unwrap(),
                kind,
                columns: columns.iter().map(|c| (*c).to_owned()).collect(),
                file: "f.csv".into(),
                sha256: "00".into(),
            },
            SymbolSlot(0),
        )
    }

    const TRADES: [&str; 5] = ["ts_ms", "price", "qty", "side", "trade_id"];

    #[test]
    fn a_line_becomes_a_trade_exactly() {
        let mut import = begin(ImportKind::Trades, &TRADES).unwrap();
        let row = import
            .trade(b"1570752011204,0.00142300,17,sell,4242")
            .unwrap();
        assert_eq!(row.trade.time, Timestamp::from_millis(1_570_752_011_204));
        assert_eq!(row.trade.price.to_string(), "0.001423");
        assert_eq!((row.trade.side, row.trade.id), (Side::Sell, TradeId(4242)));
        let blank = import.trade(b"1,1e-3,2,,7\r").unwrap();
        assert_eq!(blank.trade.side, Side::Unknown);
        assert_eq!(blank.trade.id, TradeId(7));
    }

    #[test]
    fn rows_without_ids_are_numbered_within_their_instant() {
        let mut import = begin(ImportKind::Trades, &["ts_s", "price", "qty"]).unwrap();
        let ids = ["5.25,1,1", "5.25,1,1", "6,1,1"]
            .map(|line| import.trade(line.as_bytes()).unwrap().trade.id.0);
        assert_eq!(ids, [0, 1, 0]);
    }

    #[test]
    fn a_venues_archive_is_read_as_it_stands() {
        let columns = ["trade_id", "price", "qty", "", "ts_us", "buyer_maker", ""];
        let mut trades = begin(ImportKind::Trades, &columns).unwrap();
        let row = trades
            .trade(b"7,1.5,2,3.0,1735689600000123,True,True")
            .unwrap();
        assert_eq!(
            row.trade.time,
            Timestamp::from_nanos(1_735_689_600_000_123_000)
        );
        assert_eq!((row.trade.id, row.trade.side), (TradeId(7), Side::Sell));
        assert_eq!((row.spans, row.named), (None, true));
        let refusal = trades.trade(b"7,1,2,3,1735689600000123,1,1").unwrap_err();
        assert!(refusal.reason.contains("maker"), "{}", refusal.reason);

        let columns = [
            "",
            "price",
            "qty",
            "first_trade_id",
            "last_trade_id",
            "ts_ms",
            "buyer_maker",
        ];
        let mut aggregates = begin(ImportKind::Trades, &columns).unwrap();
        let row = aggregates
            .trade(b"3,1.5,2,7,9,1700000000000,false")
            .unwrap();
        assert_eq!(row.spans, Some((TradeId(7), TradeId(9))));
        assert_eq!((row.trade.id, row.trade.side), (TradeId(7), Side::Buy));
    }

    #[test]
    fn a_bad_line_says_what_is_wrong() {
        let mut import = begin(ImportKind::Trades, &TRADES).unwrap();
        for (line, reason) in [
            ("1,1,1,buy", "4 columns"),
            ("x,1,1,buy,1", "no time"),
            ("1,abc,1,buy,1", "price"),
            ("1,1,,buy,1", "qty"),
            ("1,1,1,up,1", "side"),
            ("1,1,1,buy,-1", "trade id"),
            ("99999999999999999999,1,1,buy,1", "no time"),
        ] {
            let refusal = import.trade(line.as_bytes()).unwrap_err();
            assert!(
                refusal.reason.contains(reason),
                "{line}: {}",
                refusal.reason
            );
        }
        assert!(begin(ImportKind::Trades, &["ts_ms", "price"]).is_err());
        assert!(begin(ImportKind::Trades, &["price", "qty"]).is_err());
        assert!(begin(ImportKind::Trades, &["ts_ms", "price", "qty", "wat"]).is_err());
    }
}
