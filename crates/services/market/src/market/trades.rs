//! Pages of trades, newest first, stored and hot.

use futures_util::TryStreamExt;
use quantflow_model::Trade;
use quantflow_seams::TradeQuery;

use super::Market;
use crate::queries::QueryError;
use crate::view::{TradePage, TradeRequest};

impl Market {
    /// A page of trades; its cursor leads to the one before.
    pub(super) async fn trade_page(&self, request: &TradeRequest) -> Result<TradePage, QueryError> {
        let wanted = request.limit + 1;
        let mut range = request.range;
        if let Some((time, _)) = request.before {
            range.end = range.end.min(time.plus_nanos(1));
        }
        let is_before = |trade: &Trade| {
            request
                .before
                .is_none_or(|(time, id)| (trade.time, trade.id) < (time, id))
        };
        let (mut trades, known): (Vec<Trade>, bool) = match self.shared(&request.symbol) {
            None => (Vec::new(), false),
            Some(shared) => {
                let hot = shared.lock();
                let slot = hot.pipeline.slot(&request.symbol);
                let trades = slot
                    .into_iter()
                    .flat_map(|slot| hot.uncommitted().flat_map(move |p| p.trades(slot)))
                    .filter(|trade| range.contains(trade.time) && is_before(trade))
                    .collect();
                (trades, slot.is_some())
            }
        };
        // trades of one instant may fill a page up to the cursor: ask on until enough come after
        let mut ask = wanted;
        loop {
            let query = TradeQuery {
                symbol: request.symbol.clone(),
                range,
                newest_first: true,
                limit: Some(ask),
            };
            let mut batches = self.store.trades(&query).await?;
            let (mut rows, mut usable) = (0, Vec::new());
            while let Some(batch) = batches.try_next().await? {
                rows += batch.len();
                usable.extend(batch.iter().filter(is_before));
            }
            if usable.len() >= wanted || rows < ask {
                trades.extend(usable);
                break;
            }
            ask *= 4;
        }
        trades.sort_unstable_by_key(|trade| std::cmp::Reverse((trade.time, trade.id)));
        trades.dedup_by_key(|trade| (trade.time, trade.id));
        if trades.is_empty() {
            self.require_known(&request.symbol, known).await?;
        }
        let more = trades.len() > request.limit;
        trades.truncate(request.limit);
        let next = trades
            .last()
            .filter(|_| more)
            .map(|trade| (trade.time, trade.id));
        Ok(TradePage { trades, next })
    }
}
