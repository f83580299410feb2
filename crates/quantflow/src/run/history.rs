//! The past at the first start: the venue's own candles, so that a chart is full at once.

use std::sync::Arc;
use std::time::Duration;

use quantflow_ingest::{HistoryRequest, VenueIngest};
use quantflow_market::{CandleProbe, Market};
use quantflow_model::{Symbol, Timeframe};
use quantflow_seams::Clock;
use quantflow_wire::{Channel, Codec, Purpose};

/// How long after a failure the past is asked for again.
const RETRY: Duration = Duration::from_secs(15);

/// Asks for the newest page of each of the venue's timeframes, for each symbol, longest charts'
/// favourites first, until each has come once.
pub(crate) async fn fetch(
    ingest: Arc<VenueIngest>,
    codec: Arc<dyn Codec>,
    symbols: Vec<Symbol>,
    market: Arc<Market>,
    clock: Arc<dyn Clock>,
) {
    let favourites = [
        Timeframe::M1,
        // the statistics of the last day are made of these
        quantflow_market::DAY_WINDOW_TIMEFRAME,
        Timeframe::H1,
        Timeframe::D1,
        Timeframe::M15,
    ];
    let mut timeframes: Vec<Timeframe> = codec.describe().timeframes.clone();
    timeframes.retain(|timeframe| *timeframe >= Timeframe::M1);
    timeframes.sort_by_key(|t| favourites.iter().position(|f| f == t).unwrap_or(usize::MAX));
    let mut wanted: Vec<(Timeframe, Symbol)> = timeframes
        .iter()
        .flat_map(|timeframe| symbols.iter().map(|symbol| (*timeframe, symbol.clone())))
        .collect();
    while !wanted.is_empty() {
        let mut left = Vec::new();
        for (timeframe, symbol) in wanted {
            if market
                .has_past(&CandleProbe {
                    symbol: symbol.clone(),
                    timeframe,
                })
                .await
            {
                continue;
            }
            let Some(venue_symbol) = codec.spell(&symbol) else {
                continue;
            };
            let request = HistoryRequest {
                symbol: venue_symbol,
                timeframe,
                from: None,
                to: None,
                purpose: Purpose::Backfill,
            };
            if let Err(error) = ingest.request_history(request).await {
                tracing::debug!(%symbol, %timeframe, "the past cannot be had now: {error}");
                left.push((timeframe, symbol));
            }
        }
        wanted = left;
        if !wanted.is_empty() {
            clock.sleep(RETRY).await;
        }
    }
}

/// The symbols of a venue's subscriptions.
pub(crate) fn symbols(subscriptions: &[quantflow_wire::Subscription]) -> Vec<Symbol> {
    let trades = subscriptions
        .iter()
        .filter(|s| s.channel == Channel::Trades);
    trades
        .map(|subscription| subscription.symbol.clone())
        .collect()
}
