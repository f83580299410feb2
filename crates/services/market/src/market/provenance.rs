//! What is known of what is held: a certificate for each day, and where a candle comes from.

use std::collections::BTreeMap;

use quantflow_model::{Candle, CandleOrigin, CandleState, Symbol, TimeRange, Timeframe, Timestamp};

use super::Market;
use crate::certificate::{DAY_NANOS, certificates, concerns};
use crate::completeness::Completeness;
use crate::queries::QueryError;
use crate::view::{CandleRequest, Certificate, Provenance};

impl Market {
    /// The certificate of each day that a span touches.
    pub(super) async fn certificates_of(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> Result<Vec<Certificate>, QueryError> {
        let events = self.ledger_events(symbol, None).await?;
        let (hot_tallies, known) = match self.shared(symbol) {
            None => (Vec::new(), false),
            Some(shared) => {
                let hot = shared.lock();
                let tallies: Vec<_> = hot
                    .uncommitted()
                    .flat_map(|pending| pending.tallies_of(symbol, range))
                    .cloned()
                    .collect();
                (tallies, hot.pipeline.slot(symbol).is_some())
            }
        };
        let mut days = BTreeMap::new();
        for tally in self
            .store
            .tallies(symbol, range)
            .await?
            .into_iter()
            .chain(hot_tallies)
        {
            days.insert(tally.day, tally);
        }
        if days.is_empty() && events.is_empty() {
            self.require_known(symbol, known).await?;
        }
        let mut minutes = BTreeMap::new();
        for day in days.keys() {
            let request = CandleRequest {
                symbol: symbol.clone(),
                timeframe: Timeframe::M1,
                range: TimeRange::new(*day, day.plus_nanos(DAY_NANOS)),
                limit: 1500,
                as_of: None,
                fill: false,
            };
            let (candles, _) = self
                .read(&request, request.range, request.limit, false)
                .await?;
            let ours = candles
                .iter()
                .filter(|v| {
                    v.candle.origin == CandleOrigin::Trades && v.candle.state != CandleState::Open
                })
                .count();
            minutes.insert(*day, ours as u64);
        }
        Ok(certificates(symbol, &events, days, &minutes))
    }

    /// Every revision of a candle, and what they were made from.
    pub(super) async fn provenance_of(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        open_time: Timestamp,
    ) -> Result<Option<Provenance>, QueryError> {
        let span = TimeRange::new(open_time, timeframe.end_of(open_time));
        let mut revisions: Vec<Candle> = Vec::new();
        let mut known = false;
        let mut open = None;
        if let Some(shared) = self.shared(symbol) {
            let hot = shared.lock();
            if let Some(slot) = hot.pipeline.slot(symbol) {
                known = true;
                revisions.extend(
                    hot.rows(slot)
                        .flat_map(|rows| rows.candles(timeframe))
                        .filter(|candle| candle.open_time == open_time),
                );
                let newest = hot.pipeline.open_candle(slot, timeframe);
                open = newest.filter(|candle| candle.open_time == open_time);
            }
        }
        let stored = self.store.revisions(symbol, timeframe, open_time).await?;
        for candle in stored.iter() {
            if !revisions.contains(&candle) {
                revisions.push(candle);
            }
        }
        revisions.sort_by_key(|c| (c.origin, c.revision, c.known));
        revisions.extend(open);
        if revisions.is_empty() {
            self.require_known(symbol, known).await?;
            return Ok(None);
        }
        let ranges = self.store.sources(symbol, span).await?;
        let raw_kept = ranges
            .iter()
            .all(|(partition, range)| self.log.start(partition) <= range.from);
        let ledger = self.ledger_events(symbol, None).await?;
        let sum = Completeness::of(&ledger, None);
        let missing: Vec<_> = sum
            .missing_in(span)
            .map(|range| (range.from, range.to))
            .collect();
        let ledger = ledger
            .into_iter()
            .filter(|event| concerns(event, span, &missing))
            .collect();
        Ok(Some(Provenance {
            revisions,
            ranges,
            raw_kept,
            ledger,
        }))
    }
}
