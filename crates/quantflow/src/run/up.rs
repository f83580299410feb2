//! Everything in one process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use quantflow_budget_memory::MemoryBudget;
use quantflow_gateway::{Gateway, GatewayOptions, GatewayParts, LimitOptions, Recorder};
use quantflow_ingest::VenueIngest;
use quantflow_market::{Market, Partition, PartitionOptions};
use quantflow_model::VenueId;
use quantflow_pipeline::Effect;
use quantflow_seams::{Budget, Clock};
use quantflow_transport::Transport;
use quantflow_venues::Registry;
use quantflow_wire::Codec;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::demo::{self, DemoMarket};
use super::engines::Engines;
use super::sources::{LiveVenue, Running};
use super::venue::{VenuePlan, open_partition, partition_of, serve_effects, setup, start_ingest};
use super::{history, housekeeping, keys, series_swap, signals, status, token, venue};
use crate::config::Settings;
use crate::config::settings::{Demo, Stream};

/// How long a shutdown may take before the process ends anyway: the log is safe at any moment.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// Runs until it is told to end. `only_demo`: the generated market and nothing else.
///
/// # Errors
/// When something that is needed to serve cannot be had: the port, the data folder, an engine.
pub(crate) async fn up(settings: Settings, only_demo: bool) -> Result<()> {
    let settings = Arc::new(settings);
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}", settings.listen))?;
    if let Some(series) = series_swap::recover(&settings.data_dir)
        .context("put back a store that a rebuild had moved aside")?
    {
        tracing::warn!(
            "a rebuild was interrupted: {} is back as it was",
            series.display()
        );
    }
    let (engines, repairs) = Engines::open(&settings)?;
    for repair in repairs {
        tracing::warn!("the raw log was repaired: {repair}");
    }
    let mut plans = if only_demo {
        Vec::new()
    } else {
        live_plans(&settings)?
    };
    let demo = if only_demo || wants_demo(&settings, &engines, &plans).await? {
        let market = demo::start(&engines.clock).await?;
        plans.push(demo_plan(&settings, &market)?);
        Some(market)
    } else {
        None
    };
    let options = PartitionOptions {
        commit_interval: settings.commit_interval,
        ..PartitionOptions::default()
    };
    let mut opened = Vec::new();
    for plan in &plans {
        let description = plan.codec.describe();
        let setup = setup(
            &description.id,
            Some(Arc::clone(&plan.codec)),
            options.clone(),
        )?;
        opened.push(open_partition(&engines, setup).await?);
    }
    let (partitions, effects): (Vec<Partition>, Vec<mpsc::Receiver<Effect>>) =
        opened.into_iter().unzip();
    let market = Market::new(
        &partitions,
        Arc::clone(&engines.store),
        Arc::clone(&engines.log),
        Arc::clone(&engines.clock),
        engines.hub.clone(),
    );
    let symbols = plans
        .iter()
        .flat_map(|plan| history::symbols(&plan.subscriptions));
    let market = Arc::new(market.expecting(symbols));
    let kept = settings.data_dir.join("budget");
    let budget = MemoryBudget::kept_in(Arc::clone(&engines.clock), &kept)
        .with_context(|| format!("make the folder {}", kept.display()))?;
    let budget: Arc<dyn Budget> = Arc::new(budget);
    let transport =
        Transport::new(quantflow_transport::Settings::default()).context("set up TLS")?;
    let live = start_venues(&engines, &transport, &budget, &plans).await?;
    let running = Arc::new(Running::new(
        live.clone(),
        Arc::clone(&market),
        Arc::clone(&engines.store),
        Arc::clone(&budget),
        Arc::clone(&engines.clock),
    ));
    let process = Process {
        engines,
        settings,
        market,
        running,
        live,
        plans,
    };
    let ended = process.run(listener, partitions, effects).await;
    if let Some(demo) = demo {
        demo.server.shutdown().await;
    }
    ended
}

/// Everything that was started.
struct Process {
    engines: Engines,
    settings: Arc<Settings>,
    market: Arc<Market>,
    running: Arc<Running>,
    live: BTreeMap<VenueId, LiveVenue>,
    plans: Vec<VenuePlan>,
}

impl Process {
    async fn run(
        self,
        listener: TcpListener,
        partitions: Vec<Partition>,
        effects: Vec<mpsc::Receiver<Effect>>,
    ) -> Result<()> {
        let (stop, stopped) = watch::channel(false);
        let mut writers = JoinSet::new();
        for partition in partitions {
            let stopped = until(stopped.clone());
            writers.spawn(partition.run(stopped));
        }
        let mut beside = JoinSet::new();
        for (plan, wanted) in self.plans.iter().zip(effects) {
            let Some(live) = self.live.get(&plan.codec.describe().id) else {
                continue;
            };
            beside.spawn(serve_effects(Arc::clone(&live.ingest), wanted));
            if self.settings.history {
                beside.spawn(history::fetch(
                    Arc::clone(&live.ingest),
                    Arc::clone(&plan.codec),
                    history::symbols(&plan.subscriptions),
                    Arc::clone(&self.market),
                    Arc::clone(&self.engines.clock),
                ));
            }
        }
        let venues = self.live.keys().cloned().collect();
        beside.spawn(housekeeping::run(
            self.engines.clone(),
            Arc::clone(&self.settings),
            venues,
        ));
        beside.spawn(status::show(
            Arc::clone(&self.market),
            Arc::clone(&self.running),
            Arc::clone(&self.engines.clock),
        ));
        let address = listener.local_addr().context("ask for the address")?;
        let url = format!("http://{address}");
        beside.spawn(Arc::clone(&self.running).watch_budget());
        let recorder = Recorder::install()?;
        quantflow_ingest::metrics::describe();
        quantflow_market::metrics::describe();
        beside.spawn(upkeep(recorder.clone(), Arc::clone(&self.engines.clock)));
        let options = GatewayOptions {
            bootstrap_token: Some(token::of(&self.settings)?),
            limits: LimitOptions {
                endpoints: self.settings.limits.clone(),
                ..LimitOptions::default()
            },
            ..GatewayOptions::default()
        };
        let _record = ServerRecord::write(&self.settings.data_dir, &url)?;
        let gateway = Gateway::new(GatewayParts {
            market: Arc::clone(&self.market) as _,
            connections: Arc::clone(&self.running) as _,
            health: Arc::clone(&self.running) as _,
            venues: Arc::clone(&self.running) as _,
            history: Arc::clone(&self.running) as _,
            metrics: Arc::new(recorder.clone()),
            clock: Arc::clone(&self.engines.clock),
            options,
        });
        announce(&url, &self.plans)?;
        let (close, closed) = watch::channel(false);
        let mut served = tokio::spawn(async move { gateway.serve(listener, until(closed)).await });
        let failed = tokio::select! {
            signal = signals::ended() => signal.err().map(anyhow::Error::from),
            ended = &mut served => Some(match ended {
                Ok(Err(error)) => anyhow::Error::from(error).context("serve the API"),
                _ => anyhow::anyhow!("the API ended by itself"),
            }),
            Some(ended) = writers.join_next() => Some(match ended {
                Ok(Err(error)) => anyhow::Error::from(error).context("a partition's writer stopped"),
                _ => anyhow::anyhow!("a partition's writer ended by itself"),
            }),
        };
        let ordered = async {
            // intake first, then what is in the log is applied and committed, the door last
            for live in self.live.values() {
                live.ingest.shutdown().await;
            }
            stop.send_replace(true);
            while let Some(ended) = writers.join_next().await {
                if let Ok(Err(error)) = ended {
                    tracing::error!("a partition's writer stopped: {error}");
                }
            }
            beside.shutdown().await;
            if let Err(error) = self.engines.log.close().await {
                tracing::error!("the raw log did not close in good order: {error}");
                self.say_what_is_lost();
            }
            close.send_replace(true);
            if !served.is_finished() {
                // its own bound is shorter than ours
                let _ = served.await;
            }
        };
        if tokio::time::timeout(SHUTDOWN, ordered).await.is_err() {
            tracing::warn!(
                "the shutdown took too long and was cut short: what the log has is taken in at the next start"
            );
        }
        failed.map_or(Ok(()), Err)
    }
}

impl Process {
    /// What the log took and could not write before the process ended.
    fn say_what_is_lost(&self) {
        let log = &self.engines.log;
        for partition in log.partitions() {
            let records = log
                .end(&partition)
                .offset
                .saturating_sub(log.durable(&partition).offset);
            if records > 0 {
                tracing::error!(
                    %partition, records,
                    "the newest records were never written; the venue is asked at the next start for the trades in them"
                );
            }
        }
    }
}

/// Keeps the metrics' memory bounded.
async fn upkeep(recorder: Recorder, clock: Arc<dyn Clock>) {
    loop {
        clock.sleep(Duration::from_secs(5)).await;
        recorder.upkeep();
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // an error means that the sender is gone: the process ends
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// `server.json` in the data folder tells other commands where this server is; removed at the end.
struct ServerRecord(PathBuf);

impl ServerRecord {
    fn write(data_dir: &Path, url: &str) -> Result<Self> {
        let path = data_dir.join("server.json");
        let text = serde_json::json!({ "pid": std::process::id(), "url": url }).to_string();
        std::fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for ServerRecord {
    fn drop(&mut self) {
        // what stays behind is told from a live server by its pid
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Prints the address first, then what runs.
#[expect(clippy::print_stdout, reason = "the address is this command's result")]
fn announce(url: &str, plans: &[VenuePlan]) -> Result<()> {
    use std::io::Write;
    println!("{url}");
    for plan in plans {
        let symbols = history::symbols(&plan.subscriptions);
        let names: Vec<&str> = symbols
            .iter()
            .map(quantflow_model::Symbol::as_str)
            .collect();
        println!("  {}", names.join(" "));
    }
    std::io::stdout().flush().context("print the address")
}

/// The venues of the configured streams.
fn live_plans(settings: &Settings) -> Result<Vec<VenuePlan>> {
    let mut by_venue: BTreeMap<VenueId, Vec<Stream>> = BTreeMap::new();
    for stream in &settings.streams {
        by_venue
            .entry(stream.symbol.venue())
            .or_default()
            .push(stream.clone());
    }
    by_venue
        .into_iter()
        .filter(|(id, _)| id.as_str() != crate::venues::DEMO)
        .map(|(id, streams)| {
            let configured = settings.venues.get(&id).cloned().unwrap_or_default();
            let codec = codec_of(settings, &id)?;
            let description = codec.describe();
            let url = |configured: Option<String>, usual: &str| {
                configured.unwrap_or_else(|| usual.to_owned())
            };
            Ok(VenuePlan {
                rest_url: url(configured.rest_url, &description.rest_url),
                ws_url: url(configured.ws_url, &description.ws_url),
                key: configured.api_key,
                subscriptions: venue::subscriptions(codec.as_ref(), &streams)?,
                codec,
            })
        })
        .collect()
}

/// The codec of a venue that is to be ingested.
fn codec_of(settings: &Settings, id: &VenueId) -> Result<Arc<dyn Codec>> {
    let codec = crate::venues::codec_of(settings, id)
        .map_err(|failure| anyhow::anyhow!("{}: {}", failure.what, failure.why.join(": ")))?;
    codec.with_context(|| {
        let registry = Registry::builtin();
        let known: Vec<_> = registry.venues().map(VenueId::as_str).collect();
        format!(
            "ingest.streams names venue {id}, which is not built in (there are: {}); \
             set venues.{id}.protocol if it speaks the protocol of one of them",
            known.join(", ")
        )
    })
}

/// Whether the generated market runs beside the live ones.
async fn wants_demo(settings: &Settings, engines: &Engines, plans: &[VenuePlan]) -> Result<bool> {
    match settings.demo {
        Demo::Always => return Ok(true),
        Demo::Never => return Ok(false),
        Demo::Auto => {}
    }
    for plan in plans {
        let partition = partition_of(&plan.codec.describe().id)?;
        let stored = engines.store.series().await.context("read the store")?;
        let ever = stored
            .iter()
            .any(|series| series.symbol.venue_str() == partition.as_str() && series.trade_rows > 0);
        if ever {
            return Ok(false);
        }
    }
    Ok(true)
}

fn demo_plan(settings: &Settings, market: &DemoMarket) -> Result<VenuePlan> {
    let id = demo::venue()?;
    let codec = crate::venues::codec_of(settings, &id)
        .ok()
        .flatten()
        .context("the demo's protocol is built in")?;
    let streams: Vec<Stream> = market
        .symbols
        .iter()
        .map(|instrument| {
            let symbol = quantflow_model::Symbol::new(&id, instrument)?;
            Ok(Stream { symbol, book: true })
        })
        .collect::<Result<_>>()?;
    Ok(VenuePlan {
        rest_url: market.server.rest_url(),
        ws_url: market.server.ws_url(),
        key: None,
        subscriptions: venue::subscriptions(codec.as_ref(), &streams)?,
        codec,
    })
}

async fn start_venues(
    engines: &Engines,
    transport: &Transport,
    budget: &Arc<dyn Budget>,
    plans: &[VenuePlan],
) -> Result<BTreeMap<VenueId, LiveVenue>> {
    let mut live = BTreeMap::new();
    for plan in plans {
        // jitter has to differ from process to process, not to be secret
        let seed = u64::from(std::process::id()) ^ engines.clock.now().nanos().unsigned_abs();
        let id = &plan.codec.describe().id;
        let feed = keys::feed(transport, id, &plan.rest_url, plan.key.as_ref())?;
        let ingest: VenueIngest =
            start_ingest(engines, feed, Arc::clone(budget), plan, seed).await?;
        let venue = LiveVenue {
            ingest: Arc::new(ingest),
            codec: Arc::clone(&plan.codec),
            rest_url: plan.rest_url.clone(),
            ws_url: plan.ws_url.clone(),
            has_key: plan.key.is_some(),
        };
        live.insert(id.clone(), venue);
    }
    Ok(live)
}
