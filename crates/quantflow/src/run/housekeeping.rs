//! What is done beside the work: merging segments, rolling the log into the lake, retention.

use std::sync::Arc;
use std::time::Duration;

use quantflow_market::Archiver;
use quantflow_model::{Timeframe, VenueId};
use quantflow_seams::Retention;

use super::engines::Engines;
use super::venue::partition_of;
use crate::config::Settings;

/// How often there is a look at what is to be done.
const INTERVAL: Duration = Duration::from_secs(10);
/// How often data past its retention is removed.
const RETENTION_INTERVAL: Duration = Duration::from_hours(1);

/// Runs until it is dropped; every step is safe to stop anywhere. Faults are logged and tried
/// again: nothing here is needed to serve.
pub(crate) async fn run(engines: Engines, settings: Arc<Settings>, venues: Vec<VenueId>) {
    let mut until_retention = Duration::ZERO;
    loop {
        merge(&engines).await;
        for venue in &venues {
            archive(&engines, &settings, venue).await;
        }
        if until_retention.is_zero() {
            retain(&engines, &settings).await;
            until_retention = RETENTION_INTERVAL;
        }
        engines.clock.sleep(INTERVAL).await;
        until_retention = until_retention.saturating_sub(INTERVAL);
    }
}

async fn merge(engines: &Engines) {
    loop {
        match engines.store.maintain().await {
            Ok(done) if done.more => {}
            Ok(_) => return,
            Err(error) => {
                tracing::warn!("cannot merge segments now: {error}");
                return;
            }
        }
    }
}

async fn archive(engines: &Engines, settings: &Settings, venue: &VenueId) {
    let Ok(partition) = partition_of(venue) else {
        return;
    };
    let archiver = Archiver {
        log: Arc::clone(&engines.log),
        archive: Arc::clone(&engines.archive),
        store: Arc::clone(&engines.store),
        partition,
        venue: venue.clone(),
        retention: settings.lake_retention,
    };
    match archiver.step(engines.clock.now()).await {
        Ok(done) if done.stored + done.expired > 0 => {
            tracing::info!(%venue, stored = done.stored, expired = done.expired, "lake");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%venue, "cannot move the log into the lake now: {error}"),
    }
}

async fn retain(engines: &Engines, settings: &Settings) {
    let short = [Timeframe::S1, Timeframe::S5, Timeframe::S15, Timeframe::S30];
    let retention = Retention {
        trades: settings.trades_retention,
        candles: settings
            .seconds_retention
            .map(|kept| short.map(|timeframe| (timeframe, kept)).to_vec())
            .unwrap_or_default(),
        quarantine: settings.trades_retention,
        venue: None,
    };
    if let Err(error) = engines.store.retain(&retention, engines.clock.now()).await {
        tracing::warn!("cannot remove what is past its retention now: {error}");
    }
}
