//! Comparing what is answered with what truly happened.

use quantflow_market::view::{CandleRequest, TradeRequest};
use quantflow_market::{Market, MarketQueries};
use quantflow_model::{
    Candle, CandleOrigin, CandleState, Symbol, TimeRange, Timeframe, Timestamp, Trade, TradeFlags,
};
use quantflow_replay::Truth;

/// All trades that are answered, oldest first.
///
/// # Panics
/// When they cannot be read.
pub async fn all_trades(market: &Market, symbol: &Symbol) -> Vec<Trade> {
    let mut trades = Vec::new();
    let mut before = None;
    loop {
        let request = TradeRequest {
            symbol: symbol.clone(),
            range: TimeRange::ALL,
            limit: 10_000,
            before,
        };
        let page = market.trades(&request).await.unwrap();
        trades.extend(page.trades);
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    trades.reverse();
    trades
}

/// All candles that are answered, oldest first.
///
/// # Panics
/// When they cannot be read.
pub async fn all_candles(market: &Market, symbol: &Symbol, timeframe: Timeframe) -> Vec<Candle> {
    let mut candles = Vec::new();
    let mut start = Timestamp::from_seconds(0);
    loop {
        let request = CandleRequest {
            symbol: symbol.clone(),
            timeframe,
            range: TimeRange::new(start, Timestamp::MAX),
            limit: 5_000,
            as_of: None,
            fill: false,
        };
        let page = market.candles(&request).await.unwrap();
        candles.extend(page.candles.iter().map(|view| view.candle));
        match page.next {
            Some(next) => start = next,
            None => return candles,
        }
    }
}

/// What differs from the truth between the first trade held and `until`, in words: nothing when
/// trades and the candles of every timeframe are exactly those that truly were.
///
/// # Panics
/// When something cannot be read.
pub async fn differences(
    market: &Market,
    truth: &Truth,
    symbol: &Symbol,
    until: Timestamp,
) -> Vec<String> {
    let mut found = Vec::new();
    let ours: Vec<Trade> = all_trades(market, symbol)
        .await
        .into_iter()
        .filter(|t| t.time < until)
        .collect();
    let Some(first) = ours.first() else {
        return vec![format!("{symbol}: no trades at all")];
    };
    let span = TimeRange::new(first.time, until);
    let mut theirs = truth.trades_in(symbol, span);
    theirs.retain(|trade| trade.id >= first.id);
    if ours.len() != theirs.len() {
        found.push(format!(
            "{symbol}: {} trades, {} happened",
            ours.len(),
            theirs.len()
        ));
    }
    let bare = |trade: &Trade| Trade {
        flags: TradeFlags::NONE,
        ..*trade
    };
    if let Some((a, b)) = ours.iter().zip(&theirs).find(|(a, b)| bare(a) != bare(b)) {
        found.push(format!("{symbol}: trade {a:?} is not {b:?}"));
    }
    for timeframe in Timeframe::ALL {
        found.extend(candle_differences(market, symbol, timeframe, &theirs, until).await);
    }
    found
}

async fn candle_differences(
    market: &Market,
    symbol: &Symbol,
    timeframe: Timeframe,
    trades: &[Trade],
    until: Timestamp,
) -> Vec<String> {
    // the truth of the trades that we can have: the first candle begins with our first trade
    let truth = quantflow_replay::candles(trades, timeframe, until);
    let whole = |candle: &Candle| timeframe.end_of(candle.open_time) <= until;
    let theirs: Vec<Candle> = truth.into_iter().filter(whole).collect();
    let first = theirs
        .first()
        .map_or(Timestamp::MAX, |candle| candle.open_time);
    let mut ours = all_candles(market, symbol, timeframe).await;
    ours.retain(|c| whole(c) && c.open_time >= first && c.state != CandleState::Open);
    // where we saw only the end of a candle, the venue's own is answered: it knows of trades before
    // our first one, which are not in this truth
    let (venues, ours): (Vec<Candle>, Vec<Candle>) = ours
        .into_iter()
        .partition(|candle| candle.origin == CandleOrigin::Venue);
    let theirs: Vec<Candle> = theirs
        .into_iter()
        .filter(|candle| !venues.iter().any(|v| v.open_time == candle.open_time))
        .collect();
    let says = |c: &Candle| {
        format!(
            "{} o{} h{} l{} c{} v{} q{:?} n{:?} b{:?} {:?} {:?}..{:?}",
            c.open_time,
            c.open,
            c.high,
            c.low,
            c.close,
            c.volume,
            c.quote_volume,
            c.trades,
            c.taker_buy_volume,
            c.taker_buy_quote_volume,
            c.first_trade.map(|k| k.id),
            c.last_trade.map(|k| k.id),
        )
    };
    let mut found = Vec::new();
    // nor is it known here whether the last one that we have a trade of is whole
    let last = trades.last().map_or(Timestamp::MIN, |trade| trade.time);
    let between = venues
        .iter()
        .map(|candle| candle.open_time)
        .filter(|open| *open > first && timeframe.end_of(*open) <= last);
    let between: Vec<_> = between.collect();
    if !between.is_empty() {
        found.push(format!(
            "{symbol} {timeframe}: the candles of {between:?} are the venue's"
        ));
    }
    if ours.len() != theirs.len() {
        found.push(format!(
            "{symbol} {timeframe}: {} candles, {} truly",
            ours.len(),
            theirs.len()
        ));
    }
    let pairs = ours.iter().zip(&theirs);
    if let Some((a, b)) = pairs.map(|(a, b)| (says(a), says(b))).find(|(a, b)| a != b) {
        found.push(format!("{symbol} {timeframe}: {a} is not {b}"));
    }
    found
}
