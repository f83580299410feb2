//! The generated market that runs where no live data was ever stored, or on request.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use quantflow_model::VenueId;
use quantflow_replay::{
    GeneratedMarket, GeneratedOptions, ReplayHandle, ReplayOptions, ReplayServer,
};
use quantflow_seams::Clock;

/// Its seed: the same market for everybody.
const SEED: u64 = 1;
/// How much past it has.
const PAST: Duration = Duration::from_hours(30 * 24);

/// A generated market, served in Binance's protocol on a loopback port of its own.
#[derive(Debug)]
pub(crate) struct DemoMarket {
    pub(crate) server: ReplayHandle,
    pub(crate) symbols: Vec<String>,
}

/// The venue's name.
///
/// # Errors
/// Never: the name follows the grammar.
pub(crate) fn venue() -> Result<VenueId> {
    crate::venues::DEMO
        .parse()
        .context("name the generated market")
}

/// Starts it.
///
/// # Errors
/// When no loopback port can be had.
pub(crate) async fn start(clock: &Arc<dyn Clock>) -> Result<DemoMarket> {
    let options = GeneratedOptions::demo(venue()?, SEED, clock.now(), PAST);
    let market = Arc::new(GeneratedMarket::new(&options).context("generate the demo market")?);
    let symbols = quantflow_replay::Market::listings(market.as_ref())
        .iter()
        .map(|listing| listing.instrument.symbol.instrument().to_owned())
        .collect();
    let server = ReplayServer::start(market, ReplayOptions::default(), Arc::clone(clock))
        .await
        .context("serve the demo market")?;
    Ok(DemoMarket { server, symbols })
}
