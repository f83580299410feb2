//! A process that backfills: so many symbols, each asking for page after page inside the shared budget.
//! Started by the tests; ends when its standard input does, or by a signal.
//!
//! `backfiller STORE_URL VENUE_ADDRESS MEMBER SYMBOLS AMOUNT WINDOW_MS`

mod venue;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use quantflow_budget_shared::Member;
use quantflow_model::VenueId;
use quantflow_seams::{Budget, SystemClock};
use quantflow_wire::{Limit, LimitScope, Purpose};
use tokio::io::AsyncReadExt;

use crate::venue::Venue;

/// What a page of candles weighs at Binance.
const PAGE: u32 = 2;
/// Requests on their way at once: enough that what is granted leaves at once.
const CONNECTIONS: usize = 100;

fn main() -> anyhow::Result<()> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build()?.block_on(backfill())
}

async fn backfill() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, address, member, symbols, amount, window] = &arguments[..] else {
        bail!("backfiller STORE_URL VENUE_ADDRESS MEMBER SYMBOLS AMOUNT WINDOW_MS");
    };
    let window = Duration::from_millis(window.parse()?);
    let name: VenueId = "binance".parse().context("a venue")?;
    let member = Member {
        // a machine that is busy with other tests is slow, not gone
        answer_within: Duration::from_secs(30),
        ..Member::new(member.parse()?)
    };
    let budget = open(url, member).await?;
    budget
        .configure(&name, &limits(amount.parse()?, window))
        .await?;
    let venue = Arc::new(Venue::new(address.parse()?, CONNECTIONS));
    let mut symbols_at_work = tokio::task::JoinSet::new();
    for _ in 0..symbols.parse::<u32>()? {
        let (budget, venue, name) = (Arc::clone(&budget), Arc::clone(&venue), name.clone());
        symbols_at_work.spawn(async move {
            loop {
                page(&*budget, &name, &venue, window * 10).await?;
            }
        });
    }
    let mut ended = Vec::new();
    tokio::select! {
        // a symbol ends with an error only: the process does too
        symbol = symbols_at_work.join_next() => symbol.context("no symbols")??,
        read = async { tokio::io::stdin().read_to_end(&mut ended).await } => {
            read?;
            Ok(())
        }
    }
}

async fn open(url: &str, member: Member) -> anyhow::Result<Arc<dyn Budget>> {
    let clock = Arc::new(SystemClock);
    Ok(if url.starts_with("redis") {
        quantflow_budget_redis::open(url, member, clock).await?
    } else {
        quantflow_budget_database::open(url, member, clock).await?
    })
}

/// Binance's: a weight a minute, and requests in five minutes.
fn limits(amount: u32, window: Duration) -> [Limit; 2] {
    let weight = Limit {
        name: "weight".into(),
        amount,
        window,
        weighted: true,
        scope: LimitScope::Address,
    };
    let raw = Limit {
        name: "requests".into(),
        amount: amount * 10 + amount / 6,
        window: window * 5,
        weighted: false,
        scope: LimitScope::Address,
    };
    [weight, raw]
}

/// Asks for a page, and tells the budget what the venue says is used.
async fn page(
    budget: &dyn Budget,
    name: &VenueId,
    venue: &Venue,
    patience: Duration,
) -> anyhow::Result<()> {
    let grant = budget
        .acquire(name, PAGE, Purpose::Backfill, patience)
        .await?;
    let used = venue.ask(PAGE, grant.at).await?;
    budget.correct(name, "weight", used, grant.at).await;
    Ok(())
}
