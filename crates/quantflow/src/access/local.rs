//! [`Local`]: the data folder, opened by this process.

use std::sync::Arc;

use futures_util::TryStreamExt;
use quantflow_market::stream::Hub;
use quantflow_market::view::{CandlePage, CandleRequest, Certificate, TradeRequest};
use quantflow_market::{
    Market, MarketQueries, Partition, PartitionOptions, PartitionParts, PartitionSetup, QueryError,
};
use quantflow_model::{Symbol, TimeRange, Trade, VenueId};
use quantflow_pipeline::PipelineOptions;
use quantflow_seams::{LogError, StoreError, TradeQuery};
use quantflow_wire::{Disconnected, PartitionId, Record, RecordChunk, RecordKind};

use crate::config::Settings;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::run::engines::Engines;
use crate::run::series_swap;
use crate::terminal::{Progress, progress::Unit};
use crate::venues::{self, Known};

/// A command commits when so many rows wait: its memory stays small, however long the log is.
const COMMIT_ROWS: usize = 100_000;

/// The data folder, opened and caught up.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) settings: Settings,
    pub(crate) engines: Engines,
    market: Market,
}

impl Local {
    /// Opens the folder and takes in what the log has more than the store.
    ///
    /// # Errors
    /// When another process holds it, or something in it cannot be read.
    pub(crate) async fn open(context: &Context, settings: Settings) -> Outcome<Self> {
        let (local, damaged) = Self::open_damaged(context, settings).await?;
        damaged.into_iter().next().map_or(Ok(local), Err)
    }

    /// Opens the folder though parts of it may be damaged: what could not be taken over is returned,
    /// and answered from the store alone.
    ///
    /// # Errors
    /// When another process holds it.
    pub(crate) async fn open_damaged(
        context: &Context,
        settings: Settings,
    ) -> Outcome<(Self, Vec<Failure>)> {
        let engines = engines(context, &settings)?;
        let mut partitions = Vec::new();
        let mut damaged = Vec::new();
        for id in engines.log.partitions() {
            let taken = match open_partition(&settings, &engines, &id).await {
                Ok(mut partition) => take_over(context, &engines, &id, &mut partition)
                    .await
                    .map(|()| partition),
                Err(failure) => Err(failure),
            };
            match taken {
                Ok(partition) => partitions.push(partition),
                Err(failure) => damaged.push(failure),
            }
        }
        let market = Market::new(
            &partitions,
            Arc::clone(&engines.store),
            Arc::clone(&engines.log),
            Arc::clone(&engines.clock),
            Hub::default(),
        );
        let local = Self {
            settings,
            engines,
            market,
        };
        Ok((local, damaged))
    }

    pub(crate) async fn known(&self) -> Outcome<Vec<Known>> {
        let mut known = Vec::new();
        for symbol in self.market.symbols().await.map_err(of_query)? {
            let own = match symbol.instrument {
                Some(instrument) => Some(instrument.venue_symbol.as_str().to_owned()),
                None => venues::codec_of(&self.settings, &symbol.symbol.venue())?
                    .and_then(|codec| codec.spell(&symbol.symbol))
                    .map(|name| name.as_str().to_owned()),
            };
            known.push(Known {
                symbol: symbol.symbol,
                venue_symbol: own,
            });
        }
        Ok(known)
    }

    pub(super) async fn candles(&self, request: &CandleRequest) -> Outcome<CandlePage> {
        self.market.candles(request).await.map_err(of_query)
    }

    pub(super) async fn trades(&self, request: &TradeRequest) -> Outcome<Vec<Trade>> {
        Ok(self.market.trades(request).await.map_err(of_query)?.trades)
    }

    pub(super) async fn certificates(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> Outcome<Vec<Certificate>> {
        self.market
            .completeness(symbol, range)
            .await
            .map_err(of_query)
    }

    /// All is committed by now, so the store alone has every trade.
    pub(super) async fn each_trade(
        &self,
        symbol: &Symbol,
        range: TimeRange,
        mut take: impl FnMut(&Trade) -> Outcome,
    ) -> Outcome {
        let query = TradeQuery {
            symbol: symbol.clone(),
            range,
            newest_first: false,
            limit: None,
        };
        let mut batches = self.engines.store.trades(&query).await.map_err(of_store)?;
        while let Some(batch) = batches.try_next().await.map_err(of_store)? {
            for trade in batch.iter() {
                take(&trade)?;
            }
        }
        Ok(())
    }
}

/// Opens the engines and says what had to be repaired.
///
/// # Errors
/// When another process holds the folder, or something in it cannot be read.
pub(crate) fn engines(context: &Context, settings: &Settings) -> Outcome<Engines> {
    let recovered = series_swap::recover(&settings.data_dir).map_err(|error| {
        Failure::new("cannot put back the store that an interrupted rebuild moved").because(error)
    })?;
    if let Some(folder) = recovered {
        let folder = folder.display();
        context.terminal.note(&format!(
            "note: an interrupted rebuild was undone in {folder}"
        ));
    }
    let (engines, repairs) = Engines::open(settings).map_err(|error| locked(settings, &error))?;
    for repair in repairs {
        context.terminal.note(&format!("note: {repair}"));
    }
    Ok(engines)
}

/// The writer of a partition, as it stands.
///
/// # Errors
/// When another version made its rows, or its state cannot be read.
pub(crate) async fn open_partition(
    settings: &Settings,
    engines: &Engines,
    id: &PartitionId,
) -> Outcome<Partition> {
    let parts = PartitionParts {
        log: Arc::clone(&engines.log),
        store: Arc::clone(&engines.store),
        clock: Arc::clone(&engines.clock),
        hub: Hub::default(),
        effects: None,
    };
    let setup = setup(settings, id)?;
    setup
        .open(parts)
        .await
        .map_err(|error| Failure::new(format!("cannot take over the data of {id}")).because(error))
}

/// How a partition is read.
///
/// # Errors
/// When its name is no venue's.
pub(crate) fn setup(settings: &Settings, id: &PartitionId) -> Outcome<PartitionSetup> {
    let venue: VenueId = id.as_str().parse().map_err(|error| {
        Failure::new(format!("the partition {id} of the log is of no venue")).because(error)
    })?;
    Ok(PartitionSetup {
        partition: id.clone(),
        codec: venues::codec_of(settings, &venue)?,
        venue,
        pipeline: PipelineOptions::default(),
        options: PartitionOptions {
            commit_rows: COMMIT_ROWS,
            ..PartitionOptions::default()
        },
    })
}

/// Takes in what the log has more than the store, and commits it.
///
/// # Errors
/// When the log cannot be read or the store cannot be written.
pub(crate) async fn catch_up(
    context: &Context,
    engines: &Engines,
    id: &PartitionId,
    partition: &mut Partition,
) -> Outcome {
    let (from, end) = (partition.position(), engines.log.end(id));
    if from >= end {
        return Ok(());
    }
    let length = end.offset.saturating_sub(from.offset);
    let what = format!("catching up {id}");
    let progress = Progress::new(
        &context.terminal,
        &what,
        Unit::Things("records"),
        Some(length),
    );
    let result = partition
        .catch_up(from, end, |position| {
            progress.set(position.offset.saturating_sub(from.offset));
        })
        .await;
    progress.done();
    result.map_err(|error| Failure::new(format!("cannot catch up the data of {id}")).because(error))
}

/// As [`catch_up`], where another bar tells of the whole.
///
/// # Errors
/// When the log cannot be read or the store cannot be written.
pub(crate) async fn catch_up_silently(
    engines: &Engines,
    id: &PartitionId,
    partition: &mut Partition,
) -> Outcome {
    let (from, end) = (partition.position(), engines.log.end(id));
    if from >= end {
        return Ok(());
    }
    let result = partition.catch_up(from, end, |_| {}).await;
    result.map_err(|error| Failure::new(format!("cannot catch up the data of {id}")).because(error))
}

/// Catches up, and ends what a process before left in the middle: the folder is this process's, so
/// nobody goes on with an import that did not end. Its symbol would wait for the rest.
async fn take_over(
    context: &Context,
    engines: &Engines,
    id: &PartitionId,
    partition: &mut Partition,
) -> Outcome {
    catch_up(context, engines, id, partition).await?;
    if !partition.is_importing() {
        return Ok(());
    }
    let cannot = || Failure::new(format!("cannot end the import of {id} that was cut off"));
    let restart = Disconnected {
        reason: "restart".into(),
        detail: "another process has the folder now".into(),
    };
    let payload = serde_json::to_vec(&restart).map_err(|error| cannot().because(error))?;
    let record = Record {
        kind: RecordKind::Disconnected,
        received: engines.clock.now(),
        // whatever was open in an earlier life
        connection: 0,
        sequence: 0,
        payload: &payload,
    };
    let mut chunk = RecordChunk::with_capacity(payload.len() + 64);
    let pushed = chunk.push(&record);
    pushed.map_err(|error| cannot().because(error))?;
    let appended = engines.log.append(id, chunk).await;
    appended.map_err(|error| cannot().because(error))?;
    context.terminal.note(&format!(
        "note: an import of {id} was cut off: what came of it is kept; import the file again for the rest"
    ));
    catch_up(context, engines, id, partition).await
}

/// Why the engines did not open.
fn locked(settings: &Settings, error: &anyhow::Error) -> Failure {
    let is_locked = error.chain().any(|cause| {
        matches!(cause.downcast_ref(), Some(LogError::Locked { .. }))
            || matches!(cause.downcast_ref(), Some(StoreError::Locked { .. }))
    });
    let folder = settings.data_dir.display();
    let failure = Failure::new(format!("cannot open the data folder {folder}")).caused_by(error);
    if is_locked {
        failure.to_do("wait for the other process or stop it, or name another --data-dir")
    } else {
        failure.to_do("`quantflow doctor` says what is wrong with it")
    }
}

fn of_query(error: QueryError) -> Failure {
    match error {
        QueryError::UnknownSymbol(symbol) => Failure::new(format!("nothing is known of {symbol}")),
        QueryError::Store(error) => of_store(error),
    }
}

fn of_store(error: StoreError) -> Failure {
    Failure::new("cannot read the store")
        .because(error)
        .to_do("`quantflow verify` names what is damaged; `quantflow rebuild` computes it anew")
}
