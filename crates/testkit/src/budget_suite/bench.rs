//! What the cases work with: a budget, its clock, a venue; and processes that share a store.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::{Budget, BudgetError, Clock, Grant};
use quantflow_wire::{Limit, LimitScope, Purpose};

use crate::clock::ManualClock;

/// A budget of a process.
#[derive(Clone)]
pub struct Engine {
    /// The budget.
    pub budget: Arc<dyn Budget>,
    /// How many visits of its store are under way: work that goes on though no task of the test's can run.
    pub busy: Arc<dyn Fn() -> usize + Send + Sync>,
    /// Cuts the process off from what it shares with the others, as its death would.
    pub cut: Option<Arc<AtomicBool>>,
}

impl Engine {
    /// A budget that does everything at once, in this process.
    pub fn at_once(budget: impl Budget) -> Self {
        Self {
            budget: Arc::new(budget),
            busy: Arc::new(|| 0),
            cut: None,
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({:?})", self.budget)
    }
}

/// Makes empty budgets, each living by the clock that it is given.
pub struct Make {
    open: Box<dyn Fn(Arc<dyn Clock>) -> BoxFuture<'static, Engine>>,
    pub(super) cases: u32,
}

impl Make {
    /// Budgets that do everything at once, in this process.
    pub fn at_once<B: Budget>(make: impl Fn(Arc<dyn Clock>) -> B + 'static) -> Self {
        let open = move |clock| std::future::ready(Engine::at_once(make(clock))).boxed();
        Self {
            open: Box::new(open),
            cases: 64,
        }
    }

    /// Single processes, each over a shared store of its own.
    pub fn alone(places: impl MeetingPlaces + 'static) -> Self {
        let cases = places.cases();
        let open = move |clock| {
            let meeting = places.fresh();
            async move { meeting.join(clock, Who::number(1)).await }.boxed()
        };
        Self {
            open: Box::new(open),
            cases,
        }
    }
}

impl std::fmt::Debug for Make {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Make")
    }
}

/// Who a process is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// Its number.
    pub id: u64,
    /// Its address.
    pub address: String,
    /// The word for its key.
    pub key: String,
}

impl Who {
    /// One of several processes behind one address, with one key.
    pub fn number(id: u64) -> Self {
        Self {
            id,
            address: String::new(),
            key: String::new(),
        }
    }
}

/// Where processes meet: a store of their own.
#[async_trait]
pub trait Meeting: Send + Sync {
    /// A process opens the store.
    async fn join(&self, clock: Arc<dyn Clock>, who: Who) -> Engine;
}

/// Makes empty stores.
pub trait MeetingPlaces: Send + Sync {
    /// One that is empty.
    fn fresh(&self) -> Arc<dyn Meeting>;

    /// How many cases a property is tried with: fewer where each takes long.
    fn cases(&self) -> u32 {
        64
    }
}

/// Long enough for every case.
pub(super) const PATIENT: Duration = Duration::from_hours(24);

/// A budget, its clock, and a venue.
pub(super) struct Bench {
    pub(super) clock: ManualClock,
    pub(super) budget: Arc<dyn Budget>,
    pub(super) venue: VenueId,
    engine: Engine,
}

impl Bench {
    pub(super) async fn new(make: &Make) -> Self {
        let clock = ManualClock::new(Timestamp::from_seconds(1_700_000_000));
        let engine = (make.open)(Arc::new(clock.clone())).await;
        Self::of(engine, clock)
    }

    pub(super) fn of(engine: Engine, clock: ManualClock) -> Self {
        Self {
            clock,
            budget: Arc::clone(&engine.budget),
            venue: "somewhere".parse::<VenueId>().unwrap(),
            engine,
        }
    }

    pub(super) async fn with_limits(make: &Make, limits: &[Limit]) -> Self {
        let bench = Self::new(make).await;
        bench.budget.configure(&bench.venue, limits).await.unwrap();
        bench
    }

    /// Asks in a task of its own, which has queued up when this returns.
    pub(super) async fn ask(&self, weight: u32, purpose: Purpose, patience: Duration) -> Asking {
        let (budget, venue) = (Arc::clone(&self.budget), self.venue.clone());
        let task =
            tokio::spawn(async move { budget.acquire(&venue, weight, purpose, patience).await });
        self.settle().await;
        task
    }

    pub(super) async fn now(&self, weight: u32) -> Result<Grant, BudgetError> {
        let grant = self
            .budget
            .acquire(&self.venue, weight, Purpose::Interactive, Duration::ZERO);
        grant.await
    }

    pub(super) async fn settle(&self) {
        settle(std::slice::from_ref(&self.engine)).await;
    }

    /// Moves time from one sleeper's wake to the next until `done`.
    pub(super) async fn run_until(&self, done: impl FnMut() -> bool) {
        run_until(&self.clock, std::slice::from_ref(&self.engine), done).await;
    }

    pub(super) async fn finish(&self, task: Asking) -> Result<Grant, BudgetError> {
        self.run_until(|| task.is_finished()).await;
        task.await.unwrap()
    }

    pub(super) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(super) async fn used(&self) -> u32 {
        self.budget.usage(&self.venue).await[0].used
    }
}

pub(super) type Asking = tokio::task::JoinHandle<Result<Grant, BudgetError>>;

/// Several processes over one store.
pub(super) struct Processes {
    pub(super) clock: ManualClock,
    pub(super) venue: VenueId,
    pub(super) engines: Vec<Engine>,
    meeting: Arc<dyn Meeting>,
    limits: Vec<Limit>,
}

impl Processes {
    pub(super) async fn start(places: &dyn MeetingPlaces, count: u64, limits: &[Limit]) -> Self {
        let mut processes = Self {
            clock: ManualClock::new(Timestamp::from_seconds(1_700_000_000)),
            venue: "somewhere".parse().unwrap(),
            engines: Vec::new(),
            meeting: places.fresh(),
            limits: limits.to_vec(),
        };
        for id in 0..count {
            processes.join(Who::number(id + 1)).await;
        }
        processes
    }

    /// One more process; its index.
    pub(super) async fn join(&mut self, who: Who) -> usize {
        let clock = Arc::new(self.clock.clone());
        let engine = self.meeting.join(clock, who).await;
        let configured = engine.budget.configure(&self.venue, &self.limits).await;
        configured.unwrap();
        self.engines.push(engine);
        self.engines.len() - 1
    }

    pub(super) fn budget(&self, process: usize) -> &Arc<dyn Budget> {
        &self.engines[process].budget
    }

    /// Asks without patience.
    pub(super) async fn now(&self, process: usize, weight: u32) -> Result<Grant, BudgetError> {
        self.budget(process)
            .acquire(&self.venue, weight, Purpose::Interactive, Duration::ZERO)
            .await
    }

    /// Asks with all patience, in a task of its own, which has queued up when this returns.
    pub(super) async fn ask(&self, process: usize, weight: u32, purpose: Purpose) -> Asking {
        let (budget, venue) = (Arc::clone(self.budget(process)), self.venue.clone());
        let task =
            tokio::spawn(async move { budget.acquire(&venue, weight, purpose, PATIENT).await });
        self.settle().await;
        task
    }

    /// The process dies.
    pub(super) fn kill(&self, process: usize) {
        let cut = self.engines[process].cut.as_ref();
        cut.expect("a shared engine can be cut off")
            .store(true, Ordering::Relaxed);
    }

    pub(super) fn advance(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }

    pub(super) async fn settle(&self) {
        settle(&self.engines).await;
    }

    pub(super) async fn run_until(&self, done: impl FnMut() -> bool) {
        run_until(&self.clock, &self.engines, done).await;
    }

    pub(super) async fn finish(&self, task: Asking) -> Result<Grant, BudgetError> {
        self.run_until(|| task.is_finished()).await;
        task.await.unwrap()
    }
}

/// Lets every task run until it waits for the clock (on a runtime with one thread), and every store
/// answer.
async fn settle(engines: &[Engine]) {
    let busy = || engines.iter().any(|engine| (engine.busy)() > 0);
    let mut rounds = 0;
    loop {
        for _ in 0..64 {
            tokio::task::yield_now().await;
        }
        if !busy() {
            return;
        }
        rounds += 1;
        if rounds > 20 {
            // a store is at work in another thread or process: leave it the processor
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn run_until(clock: &ManualClock, engines: &[Engine], mut done: impl FnMut() -> bool) {
    settle(engines).await;
    while !done() {
        let wake = clock.next_wake().expect("somebody waits for the clock");
        clock.set(wake);
        settle(engines).await;
    }
}

pub(super) fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(case);
}

pub(super) fn limit(name: &str, amount: u32, seconds: u64) -> Limit {
    Limit {
        name: name.into(),
        amount,
        window: Duration::from_secs(seconds),
        weighted: true,
        scope: LimitScope::Address,
    }
}

pub(super) fn unweighted(name: &str, amount: u32, seconds: u64, scope: LimitScope) -> Limit {
    Limit {
        weighted: false,
        scope,
        ..limit(name, amount, seconds)
    }
}
