//! Candles.

use quantflow_market::view::CandleView;
use quantflow_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::trade::Id;
use super::{Moment, TimeStyle};
use crate::table::{Cell, ColumnKind, Object, Row};

/// One price bar.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Candle {
    /// Where it begins; it covers [openTime, openTime + timeframe).
    open_time: Moment,
    /// The first price.
    #[schema(value_type = String, example = "61837.63")]
    open: model::Price,
    /// The highest price.
    #[schema(value_type = String, example = "61850")]
    high: model::Price,
    /// The lowest price.
    #[schema(value_type = String, example = "61820.01")]
    low: model::Price,
    /// The last price.
    #[schema(value_type = String, example = "61841.2")]
    close: model::Price,
    /// How much of the base was traded.
    #[schema(value_type = String, example = "12.34567")]
    volume: model::Quantity,
    /// What was paid for it; left out where an import lacks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    quote_volume: Option<model::Notional>,
    /// How many trades; left out where an import lacks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    trades: Option<u64>,
    /// The part of volume in which the taker bought; left out where sides are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    taker_buy_volume: Option<model::Quantity>,
    /// The part of quoteVolume in which the taker bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    taker_buy_quote_volume: Option<model::Notional>,
    /// The first trade in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    first_trade_id: Option<Id>,
    /// The last trade in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    last_trade_id: Option<Id>,
    /// How final it is.
    #[schema(value_type = StateWord)]
    state: &'static str,
    /// 0 when first closed, then 1 more for each change since.
    revision: u32,
    /// Whether nothing is known to be missing in it.
    complete: bool,
    /// `previous` where it is no candle but the close before, carried on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    fill: Option<&'static str>,
}

/// How final a candle is.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
pub(super) enum StateWord {
    Open,
    Closed,
    Revised,
}

pub(crate) const fn state_name(state: model::CandleState) -> &'static str {
    match state {
        model::CandleState::Open => "open",
        model::CandleState::Closed => "closed",
        model::CandleState::Revised(_) => "revised",
    }
}

impl Candle {
    pub(crate) fn of(view: &CandleView, style: TimeStyle) -> Self {
        let candle = &view.candle;
        Self {
            open_time: style.of(candle.open_time),
            open: candle.open,
            high: candle.high,
            low: candle.low,
            close: candle.close,
            volume: candle.volume,
            quote_volume: candle.quote_volume,
            trades: candle.trades,
            taker_buy_volume: candle.taker_buy_volume,
            taker_buy_quote_volume: candle.taker_buy_quote_volume,
            first_trade_id: candle.first_trade.map(|key| Id(key.id)),
            last_trade_id: candle.last_trade.map(|key| Id(key.id)),
            state: state_name(candle.state),
            revision: candle.revision,
            complete: view.complete,
            fill: view.filled.then_some("previous"),
        }
    }
}

/// The columns that `quantflow import --kind candles` takes.
impl Row for Candle {
    const COLUMNS: &'static [(&'static str, ColumnKind)] = &[
        ("open_time", ColumnKind::Time),
        ("open", ColumnKind::Decimal),
        ("high", ColumnKind::Decimal),
        ("low", ColumnKind::Decimal),
        ("close", ColumnKind::Decimal),
        ("volume", ColumnKind::Decimal),
        ("quote_volume", ColumnKind::Decimal),
        ("trades", ColumnKind::Whole),
        ("taker_buy_volume", ColumnKind::Decimal),
        ("taker_buy_quote_volume", ColumnKind::Decimal),
        ("first_trade_id", ColumnKind::Text),
        ("last_trade_id", ColumnKind::Text),
        ("state", ColumnKind::Text),
        ("complete", ColumnKind::Bool),
        ("revision", ColumnKind::Whole),
        ("fill", ColumnKind::Text),
    ];

    fn cell(&self, column: usize) -> Cell {
        match column {
            0 => Cell::Time(self.open_time.at),
            1 => Cell::Decimal(self.open.0),
            2 => Cell::Decimal(self.high.0),
            3 => Cell::Decimal(self.low.0),
            4 => Cell::Decimal(self.close.0),
            5 => Cell::Decimal(self.volume.0),
            6 => self.quote_volume.map(|n| n.0).into(),
            7 => self.trades.map_or(Cell::Null, |n| Cell::Whole(n as i64)),
            8 => self.taker_buy_volume.map(|n| n.0).into(),
            9 => self.taker_buy_quote_volume.map(|n| n.0).into(),
            10 => self
                .first_trade_id
                .map_or(Cell::Null, |id| Cell::text(id.0)),
            11 => self.last_trade_id.map_or(Cell::Null, |id| Cell::text(id.0)),
            12 => Cell::Text(self.state.to_owned()),
            13 => Cell::Bool(self.complete),
            14 => Cell::Whole(i64::from(self.revision)),
            _ => self
                .fill
                .map_or(Cell::Null, |fill| Cell::Text(fill.to_owned())),
        }
    }
    /// By hand, for a chart asks for hundreds at once: in half of the time that serde takes.
    fn json(&self, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let mut object = Object::begin(out);
        object.put("openTime", self.open_time);
        object.put("open", self.open);
        object.put("high", self.high);
        object.put("low", self.low);
        object.put("close", self.close);
        object.put("volume", self.volume);
        object.put_some("quoteVolume", self.quote_volume);
        object.put_some("trades", self.trades);
        object.put_some("takerBuyVolume", self.taker_buy_volume);
        object.put_some("takerBuyQuoteVolume", self.taker_buy_quote_volume);
        object.put_some("firstTradeId", self.first_trade_id);
        object.put_some("lastTradeId", self.last_trade_id);
        object.put("state", self.state);
        object.put("revision", u64::from(self.revision));
        object.put("complete", self.complete);
        object.put_some("fill", self.fill);
        object.end();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::option::of;
    use proptest::prelude::*;

    use super::*;

    fn number() -> impl Strategy<Value = model::Decimal> {
        let wide = (-10_i128.pow(38) + 1)..10_i128.pow(38);
        let mantissa = prop_oneof![(0..1_000_000_000_i128), wide];
        (mantissa, 0..=model::Decimal::MAX_SCALE)
            .prop_map(|(mantissa, scale)| model::Decimal::new(mantissa, scale).unwrap())
    }

    fn moment() -> impl Strategy<Value = Moment> {
        let at = prop_oneof![
            any::<i64>(),
            (0..4_000_000_000_i64).prop_map(|s| s * 1_000_000_000)
        ];
        (at, any::<bool>()).prop_map(|(at, text)| {
            let style = if text {
                TimeStyle::Text
            } else {
                TimeStyle::Millis
            };
            style.of(model::Timestamp::from_nanos(at))
        })
    }

    fn candle() -> impl Strategy<Value = Candle> {
        let id = || of(any::<u128>().prop_map(|id| Id(model::TradeId(id))));
        let word = prop_oneof![Just("open"), Just("closed"), Just("revised")];
        let required = (
            moment(),
            prop::array::uniform5(number()),
            word,
            any::<(u32, bool)>(),
        );
        let optional = (
            prop::array::uniform3(of(number())),
            of(any::<u64>()),
            id(),
            id(),
        );
        (required, optional, of(Just("previous"))).prop_map(|(required, optional, fill)| {
            let (open_time, [open, high, low, close, volume], state, (revision, complete)) =
                required;
            let ([quote, taker, taker_quote], trades, first_trade_id, last_trade_id) = optional;
            Candle {
                open_time,
                open: open.into(),
                high: high.into(),
                low: low.into(),
                close: close.into(),
                volume: volume.into(),
                quote_volume: quote.map(Into::into),
                trades,
                taker_buy_volume: taker.map(Into::into),
                taker_buy_quote_volume: taker_quote.map(Into::into),
                first_trade_id,
                last_trade_id,
                state,
                revision,
                complete,
                fill,
            }
        })
    }

    proptest! {
        /// The document describes what serde writes.
        #[test]
        fn what_is_written_by_hand_is_what_it_serializes_to(candle in candle()) {
            let mut by_hand = Vec::new();
            candle.json(&mut by_hand).unwrap();
            let by_hand = String::from_utf8(by_hand).unwrap();
            prop_assert_eq!(by_hand, serde_json::to_string(&candle).unwrap());
        }
    }
}
