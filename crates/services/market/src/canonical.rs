//! Canonical hashes: whether two stores say the same, whatever their files look like.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use futures_util::TryStreamExt;
use quantflow_model::{Candle, CandleOrigin, Symbol, TimeRange, Timeframe};
use quantflow_seams::{CandleQuery, LedgerQuery, SeriesStore, StoreError, TradeQuery};
use sha2::{Digest, Sha256};

/// Hashes by part of the store (`trades binance:BTC/USDT`, `candles binance:BTC/USDT 1m trades`,
/// `ledger binance:BTC/USDT`, `tallies …`), each with the number of its rows.
pub type CanonicalHashes = BTreeMap<String, (u64, String)>;

struct Hasher {
    hash: Sha256,
    rows: u64,
    line: String,
}

impl Hasher {
    fn new() -> Self {
        Self {
            hash: Sha256::new(),
            rows: 0,
            line: String::new(),
        }
    }

    fn row(&mut self, write: impl FnOnce(&mut String) -> std::fmt::Result) {
        self.line.clear();
        // writing to a String cannot fail
        let _ = write(&mut self.line);
        self.line.push('\n');
        self.hash.update(self.line.as_bytes());
        self.rows += 1;
    }

    fn into_entry(self) -> (u64, String) {
        let bytes = self.hash.finalize();
        let hex = bytes
            .iter()
            .fold(String::with_capacity(64), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
        (self.rows, hex)
    }
}

/// The canonical hashes of the rows in a span: SHA-256 over the rows as text, in their order.
///
/// A row is every field that follows from the log: of a candle also its revision and when that
/// became known. What depends on files, merges or commits is not in it.
///
/// # Errors
/// When the store cannot be read.
pub async fn canonical_hashes(
    store: &dyn SeriesStore,
    belongs: impl Fn(&Symbol) -> bool,
    range: TimeRange,
) -> Result<CanonicalHashes, StoreError> {
    let mut hashes = CanonicalHashes::new();
    let mut series = store.series().await?;
    series.sort_by(|a, b| a.symbol.cmp(&b.symbol));
    for info in series.iter().filter(|info| belongs(&info.symbol)) {
        let symbol = &info.symbol;
        let mut add = |what: String, hasher: Hasher| {
            if hasher.rows > 0 {
                hashes.insert(what, hasher.into_entry());
            }
        };
        add(
            format!("trades {symbol}"),
            trades(store, symbol, range).await?,
        );
        for timeframe in &info.timeframes {
            for origin in [CandleOrigin::Trades, CandleOrigin::Venue] {
                let name = if origin == CandleOrigin::Trades {
                    "trades"
                } else {
                    "venue"
                };
                let hasher = candles(store, symbol, *timeframe, origin, range).await?;
                add(format!("candles {symbol} {timeframe} {name}"), hasher);
            }
        }
        let mut ledger = Hasher::new();
        let query = LedgerQuery {
            symbol: Some(symbol.clone()),
            as_of: None,
        };
        for event in store.ledger(&query).await? {
            ledger.row(|line| write!(line, "{} {:?}", event.known.nanos(), event.kind));
        }
        add(format!("ledger {symbol}"), ledger);
        let mut tallies = Hasher::new();
        for tally in store.tallies(symbol, range).await? {
            tallies.row(|line| write!(line, "{tally:?}"));
        }
        add(format!("tallies {symbol}"), tallies);
    }
    Ok(hashes)
}

async fn trades(
    store: &dyn SeriesStore,
    symbol: &Symbol,
    range: TimeRange,
) -> Result<Hasher, StoreError> {
    let query = TradeQuery {
        symbol: symbol.clone(),
        range,
        newest_first: false,
        limit: None,
    };
    let mut hasher = Hasher::new();
    let mut batches = store.trades(&query).await?;
    while let Some(batch) = batches.try_next().await? {
        for trade in batch.iter() {
            hasher.row(|line| {
                write!(
                    line,
                    "{} {} {} {} {} {} {}",
                    trade.id,
                    trade.time.nanos(),
                    trade.price,
                    trade.quantity,
                    trade.side.code(),
                    trade.flags.0,
                    trade.count
                )
            });
        }
    }
    Ok(hasher)
}

async fn candles(
    store: &dyn SeriesStore,
    symbol: &Symbol,
    timeframe: Timeframe,
    origin: CandleOrigin,
    range: TimeRange,
) -> Result<Hasher, StoreError> {
    let query = CandleQuery {
        symbol: symbol.clone(),
        timeframe,
        origin: Some(origin),
        range,
        as_of: None,
        limit: None,
        from_end: false,
    };
    let mut hasher = Hasher::new();
    let mut batches = store.candles(&query).await?;
    while let Some(batch) = batches.try_next().await? {
        for candle in batch.iter() {
            hasher.row(|line| write_candle(line, &candle));
        }
    }
    Ok(hasher)
}

fn write_candle(line: &mut String, candle: &Candle) -> std::fmt::Result {
    write!(
        line,
        "{} {} {} {} {} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {} {}",
        candle.open_time.nanos(),
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume,
        candle.quote_volume,
        candle.trades,
        candle.taker_buy_volume,
        candle.taker_buy_quote_volume,
        candle.first_trade,
        candle.last_trade,
        candle.state,
        candle.revision,
        candle.known.nanos()
    )
}

/// What two sets of hashes disagree about, in words; empty when they say the same.
pub fn differences(ours: &CanonicalHashes, theirs: &CanonicalHashes) -> Vec<String> {
    let mut found = Vec::new();
    for (what, (rows, hash)) in ours {
        match theirs.get(what) {
            None => found.push(format!("{what}: {rows} rows are in one only")),
            Some((other_rows, _)) if rows != other_rows => {
                found.push(format!("{what}: {rows} rows against {other_rows}"));
            }
            Some((_, other_hash)) if hash != other_hash => {
                found.push(format!(
                    "{what}: {rows} rows on both sides, but not the same"
                ));
            }
            Some(_) => {}
        }
    }
    for (what, (rows, _)) in theirs.iter().filter(|(what, _)| !ours.contains_key(*what)) {
        found.push(format!("{what}: {rows} rows are in the other only"));
    }
    found
}
