//! The live status line on a terminal.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use quantflow_gateway::sources::ConnectionSource;
use quantflow_market::view::Health;
use quantflow_market::{Market, MarketQueries};
use quantflow_seams::Clock;

use super::sources::Running;

const INTERVAL: Duration = Duration::from_secs(1);

/// Keeps one line at the bottom of the terminal: symbols, rate, lag, gaps. Nothing off a terminal.
pub(crate) async fn show(market: Arc<Market>, running: Arc<Running>, clock: Arc<dyn Clock>) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    loop {
        clock.sleep(INTERVAL).await;
        let prices = market.prices();
        let connections = running.connections();
        let rate: f64 = connections.iter().map(|c| c.messages_per_second).sum();
        let lag = connections
            .iter()
            .filter_map(|c| c.lag_ms)
            .fold(0.0_f64, f64::max);
        let filling = prices
            .iter()
            .filter(|p| p.health == Health::Filling)
            .count();
        let live = prices.iter().filter(|p| p.health == Health::Live).count();
        let mut stderr = std::io::stderr().lock();
        // a terminal that went away is no reason to end
        let _ = write!(
            stderr,
            "\r\x1b[2K{live}/{} symbols live · {rate:.0} messages/s · lag {lag:.0} ms · {filling} filling",
            prices.len(),
        );
        let _ = stderr.flush();
    }
}
