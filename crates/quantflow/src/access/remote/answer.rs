//! Answers of a server, read back from the API's JSON into our own types.

use quantflow_market::view::{CandleView, Certificate, MissingRange, MissingState, Reconciled};
use quantflow_model::{
    Candle, CandleOrigin, CandleState, Notional, Price, Quantity, Side, Symbol, TimeRange,
    Timeframe, Timestamp, Trade, TradeFlags, TradeId, TradeKey,
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::failure::{Failure, Outcome};

/// An id is a number, or text where JSON's numbers end.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TradeId>, D::Error> {
    let value = Option::<Value>::deserialize(deserializer)?;
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    text.parse()
        .map(|id| Some(TradeId(id)))
        .map_err(serde::de::Error::custom)
}

#[derive(Debug, Deserialize)]
pub(super) struct TradeJson {
    #[serde(default, deserialize_with = "id")]
    id: Option<TradeId>,
    time: Timestamp,
    price: Price,
    quantity: Quantity,
    #[serde(default)]
    side: Option<Side>,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    count: Option<u32>,
}

impl TradeJson {
    pub(super) fn trade(&self) -> Trade {
        let named = [
            ("outlier", TradeFlags::OUTLIER),
            ("late", TradeFlags::LATE),
            ("repaired", TradeFlags::REPAIRED),
            ("aggregate", TradeFlags::AGGREGATE),
        ];
        let flags = named
            .into_iter()
            .filter(|(name, _)| self.flags.iter().any(|flag| flag == name))
            .fold(TradeFlags::NONE, |flags, (_, flag)| flags.with(flag));
        Trade {
            id: self.id.unwrap_or_default(),
            time: self.time,
            price: self.price,
            quantity: self.quantity,
            side: self.side.unwrap_or_default(),
            flags,
            count: self.count.unwrap_or(1),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CandleJson {
    open_time: Timestamp,
    open: Price,
    high: Price,
    low: Price,
    close: Price,
    volume: Quantity,
    #[serde(default)]
    quote_volume: Option<Notional>,
    #[serde(default)]
    trades: Option<u64>,
    #[serde(default)]
    taker_buy_volume: Option<Quantity>,
    #[serde(default)]
    taker_buy_quote_volume: Option<Notional>,
    #[serde(default, deserialize_with = "id")]
    first_trade_id: Option<TradeId>,
    #[serde(default, deserialize_with = "id")]
    last_trade_id: Option<TradeId>,
    state: CandleState,
    #[serde(default)]
    revision: u32,
    complete: bool,
    #[serde(default)]
    fill: Option<Value>,
}

impl CandleJson {
    pub(super) fn view(&self, timeframe: Timeframe) -> CandleView {
        // the API names the ids alone: their times are somewhere in the candle
        let end = timeframe.end_of(self.open_time).plus_nanos(-1);
        let key = |id: Option<TradeId>, time| id.map(|id| TradeKey { time, id });
        CandleView {
            candle: Candle {
                open_time: self.open_time,
                open: self.open,
                high: self.high,
                low: self.low,
                close: self.close,
                volume: self.volume,
                quote_volume: self.quote_volume,
                trades: self.trades,
                taker_buy_volume: self.taker_buy_volume,
                taker_buy_quote_volume: self.taker_buy_quote_volume,
                first_trade: key(self.first_trade_id, self.open_time),
                last_trade: key(self.last_trade_id, end),
                state: self.state,
                revision: self.revision,
                known: Timestamp::EPOCH,
                origin: CandleOrigin::Trades,
            },
            complete: self.complete,
            filled: self.fill.as_ref().is_some_and(|fill| !fill.is_null()),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CertificateJson {
    date: String,
    #[serde(default, deserialize_with = "id")]
    first_id: Option<TradeId>,
    #[serde(default, deserialize_with = "id")]
    last_id: Option<TradeId>,
    count: u64,
    #[serde(default)]
    missing: Vec<MissingJson>,
    #[serde(default)]
    duplicates: u64,
    #[serde(default)]
    quarantined: u64,
    #[serde(default)]
    flagged: u64,
    #[serde(default)]
    late: u64,
    reconciled: ReconciledJson,
}

#[derive(Debug, Deserialize)]
struct MissingJson {
    #[serde(default, deserialize_with = "id")]
    from: Option<TradeId>,
    #[serde(default, deserialize_with = "id")]
    to: Option<TradeId>,
    state: String,
    #[serde(default)]
    reason: Option<String>,
    since: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReconciledJson {
    timeframe: Timeframe,
    equal: u64,
    different: u64,
    not_compared: u64,
}

impl CertificateJson {
    pub(super) fn certificate(&self, symbol: &Symbol) -> Outcome<Certificate> {
        let day: Timestamp = self.date.parse().map_err(|error| {
            Failure::new("a certificate of the server cannot be read").because(error)
        })?;
        let missing = self.missing.iter().map(|range| MissingRange {
            from: range.from.unwrap_or_default(),
            to: range.to.unwrap_or_default(),
            state: match range.state.as_str() {
                "filled" => MissingState::Filled,
                "unfillable" => MissingState::Unfillable,
                _ => MissingState::Found,
            },
            reason: range.reason.clone().unwrap_or_default(),
            since: range.since,
            span: TimeRange::new(day, Timeframe::D1.end_of(day)),
        });
        Ok(Certificate {
            symbol: symbol.clone(),
            day,
            first_id: self.first_id,
            last_id: self.last_id,
            count: self.count,
            missing: missing.collect(),
            duplicates: self.duplicates,
            quarantined: self.quarantined,
            flagged: self.flagged,
            late: self.late,
            reconciled: Reconciled {
                timeframe: self.reconciled.timeframe,
                equal: self.reconciled.equal,
                different: self.reconciled.different,
                not_compared: self.reconciled.not_compared,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trade_and_a_candle_come_back_as_they_were_written() {
        let trade = Trade {
            id: TradeId(1 << 60),
            time: Timestamp::from_millis(1_723_161_255_342),
            price: "61837.63".parse().unwrap(),
            quantity: "0.02".parse().unwrap(),
            side: Side::Unknown,
            flags: TradeFlags::LATE,
            count: 2,
        };
        let mut text = Vec::new();
        crate::rows::trades::write_json(&trade, &mut text).unwrap();
        let read: TradeJson = serde_json::from_slice(&text).unwrap();
        assert_eq!(read.trade(), trade);
        let candle: CandleJson = serde_json::from_str(
            r#"{"openTime":"2024-08-08T23:54:00Z","open":"1","high":"2","low":"1","close":"1.5",
                "volume":"3","quoteVolume":"4.5","trades":2,"state":"closed","revision":1,"complete":true}"#,
        )
        .unwrap();
        let view = candle.view(Timeframe::M1);
        assert_eq!(view.candle.close.to_string(), "1.5");
        assert_eq!(view.candle.revision, 1);
        assert!(view.complete && !view.filled);
    }
}
