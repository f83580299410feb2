//! [`Reconcile`]: our candles against the venue's own.
//!
//! Both wait for one another, a few of each timeframe. They are compared once both are closed and
//! nothing of ours is missing: no hole may reach into the candle, and a trade past its end has come.

use std::collections::BTreeMap;

use quantflow_model::{Candle, Timeframe, Timestamp};
use serde::{Deserialize, Serialize};

/// Candles of one symbol that wait to be compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reconcile {
    /// Timeframes of which the venue gives candles, as bits.
    watched: u32,
    /// By timeframe and open time.
    ours: BTreeMap<(u8, i64), Candle>,
    theirs: BTreeMap<(u8, i64), Candle>,
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compared {
    pub(crate) timeframe: Timeframe,
    pub(crate) open_time: Timestamp,
    /// Fields that differ, each with ours and theirs.
    pub(crate) fields: Vec<(String, String, String)>,
}

impl Reconcile {
    /// Whether candles of ours are to be compared.
    #[inline]
    pub(crate) fn watches(&self, timeframe: Timeframe) -> bool {
        self.watched & (1 << timeframe.index()) != 0
    }

    /// One of ours closed.
    pub(crate) fn ours(&mut self, timeframe: Timeframe, candle: &Candle, window: usize) {
        let key = (timeframe as u8, candle.open_time.nanos());
        self.ours.insert(key, *candle);
        trim(&mut self.ours, timeframe, window);
    }

    /// One of ours changed.
    pub(crate) fn patched(&mut self, timeframe: Timeframe, part: &Candle, by_id: bool) {
        let key = (timeframe as u8, part.open_time.nanos());
        if let Some(candle) = self.ours.get_mut(&key)
            && let Some(merged) = candle.merge(part, by_id)
        {
            *candle = merged;
        }
    }

    /// One of theirs closed.
    pub(crate) fn theirs(&mut self, timeframe: Timeframe, candle: &Candle, window: usize) {
        self.watched |= 1 << timeframe.index();
        // a candle without trades is none of ours
        if candle.trades == Some(0) {
            return;
        }
        let key = (timeframe as u8, candle.open_time.nanos());
        self.theirs.insert(key, *candle);
        trim(&mut self.theirs, timeframe, window);
    }

    /// Whether there is something to compare.
    #[inline]
    pub(crate) fn is_waiting(&self) -> bool {
        !self.theirs.is_empty()
    }

    /// Compares all pairs of which ours is complete, and forgets them.
    pub(crate) fn compare(
        &mut self,
        complete: impl Fn(Timestamp, Timestamp) -> bool,
    ) -> Vec<Compared> {
        let mut found = Vec::new();
        let ours = &mut self.ours;
        self.theirs.retain(|key, theirs| {
            let (Some(our), Some(&timeframe)) =
                (ours.get(key), Timeframe::ALL.get(usize::from(key.0)))
            else {
                return true;
            };
            if !complete(our.open_time, timeframe.end_of(our.open_time)) {
                return true;
            }
            found.push(Compared {
                timeframe,
                open_time: our.open_time,
                fields: differences(our, theirs),
            });
            ours.remove(key);
            false
        });
        found
    }
}

/// Drops the oldest of a timeframe when there are more than the window holds.
fn trim(candles: &mut BTreeMap<(u8, i64), Candle>, timeframe: Timeframe, window: usize) {
    let code = timeframe as u8;
    let mut keys = candles.range((code, i64::MIN)..=(code, i64::MAX));
    if let Some(oldest) = keys.next().map(|(key, _)| *key)
        && keys.count() >= window.max(1)
    {
        candles.remove(&oldest);
    }
}

/// Fields that both have and that differ.
fn differences(ours: &Candle, theirs: &Candle) -> Vec<(String, String, String)> {
    type Text<'a> = &'a dyn Fn(&Candle) -> Option<String>;
    let fields: [(&str, Text<'_>); 11] = [
        ("open", &|c| Some(c.open.to_string())),
        ("high", &|c| Some(c.high.to_string())),
        ("low", &|c| Some(c.low.to_string())),
        ("close", &|c| Some(c.close.to_string())),
        ("volume", &|c| Some(c.volume.to_string())),
        ("quoteVolume", &|c| Some(c.quote_volume?.to_string())),
        ("trades", &|c| Some(c.trades?.to_string())),
        ("takerBuyVolume", &|c| Some(c.taker_buy_volume?.to_string())),
        ("takerBuyQuoteVolume", &|c| {
            Some(c.taker_buy_quote_volume?.to_string())
        }),
        ("firstTradeId", &|c| Some(c.first_trade?.id.to_string())),
        ("lastTradeId", &|c| Some(c.last_trade?.id.to_string())),
    ];
    fields
        .into_iter()
        .filter_map(|(name, text)| match (text(ours), text(theirs)) {
            (Some(ours), Some(theirs)) if ours != theirs => Some((name.into(), ours, theirs)),
            _ => None,
        })
        .collect()
}
