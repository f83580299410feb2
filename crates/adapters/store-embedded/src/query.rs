//! Queries for trades and candles, as they are read batch by batch.

use quantflow_model::{CandleBatch, TradeBatch};
use quantflow_seams::{CandleQuery, StoreError, TradeQuery};

use crate::pick;
use crate::scan::Scan;
use crate::store::Inner;

impl Inner {
    pub(crate) fn trade_scan(&self, query: &TradeQuery) -> TradeScan {
        let parts = self.view().trade_parts(&query.symbol, query.range);
        let left = query.limit.unwrap_or(usize::MAX);
        let wanted = query.limit.map(|limit| limit as u64);
        TradeScan {
            scan: Scan::new(parts, query.range, query.newest_first, wanted),
            left,
        }
    }

    pub(crate) fn candle_scan(&self, query: &CandleQuery) -> CandleScan {
        let parts = self
            .view()
            .candle_parts(&query.symbol, query.timeframe, query.range);
        let backward = query.from_end && query.limit.is_some();
        let wanted = query.limit.map(|limit| limit as u64);
        CandleScan {
            scan: Scan::new(parts, query.range, backward, wanted),
            query: query.clone(),
            backward,
            left: query.limit.unwrap_or(usize::MAX),
            reversed: None,
        }
    }
}

/// Trades as they are read.
#[derive(Debug)]
pub(crate) struct TradeScan {
    scan: Scan<TradeBatch>,
    left: usize,
}

impl TradeScan {
    pub(crate) fn next(&mut self, inner: &Inner) -> Result<Option<TradeBatch>, StoreError> {
        if self.left == 0 {
            return Ok(None);
        }
        let Some(mut rows) = self.scan.next(inner.files())? else {
            return Ok(None);
        };
        if rows.len() > self.left {
            rows.truncate(self.left);
        }
        self.left -= rows.len();
        Ok(Some(rows))
    }

    /// Whether as many rows as asked for were given.
    pub(crate) fn is_over(&self) -> bool {
        self.left == 0
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        self.scan.is_in_memory()
    }
}

/// Candles as they are read, one row each.
#[derive(Debug)]
pub(crate) struct CandleScan {
    scan: Scan<CandleBatch>,
    query: CandleQuery,
    backward: bool,
    left: usize,
    /// What was read last first, to be given first first.
    reversed: Option<Vec<CandleBatch>>,
}

impl CandleScan {
    pub(crate) fn next(&mut self, inner: &Inner) -> Result<Option<CandleBatch>, StoreError> {
        if !self.backward {
            return self.read(inner);
        }
        // the limit bounds what is gathered
        let mut gathered = if let Some(gathered) = self.reversed.take() {
            gathered
        } else {
            let mut gathered = Vec::new();
            while let Some(mut rows) = self.read(inner)? {
                rows.reverse();
                gathered.push(rows);
            }
            gathered
        };
        let next = gathered.pop();
        self.reversed = Some(gathered);
        Ok(next)
    }

    fn read(&mut self, inner: &Inner) -> Result<Option<CandleBatch>, StoreError> {
        while self.left > 0 {
            let Some(rows) = self.scan.next(inner.files())? else {
                return Ok(None);
            };
            let mut rows = pick::newest(rows, &self.query, self.backward);
            if rows.is_empty() {
                continue;
            }
            if rows.len() > self.left {
                rows.truncate(self.left);
            }
            self.left -= rows.len();
            return Ok(Some(rows));
        }
        Ok(None)
    }

    /// Whether as many rows as asked for were given, or all that were gathered.
    pub(crate) fn is_over(&self) -> bool {
        match &self.reversed {
            Some(gathered) => gathered.is_empty(),
            None => !self.backward && self.left == 0,
        }
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        self.scan.is_in_memory()
    }
}
