//! A market with everything in it: symbols of two venues, a thousand candles, trades, live channels; and sources.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use quantflow_gateway::sources::{
    ConnectionSource, ConnectionState, ConnectionView, HealthSource, HistoryOutcome, HistorySource,
    Nothing, ReconnectError, ServiceHealth, ServiceStatus, VenueLimit, VenueSource, VenueView,
};
use quantflow_gateway::{Gateway, GatewayOptions, GatewayParts, Token};
use quantflow_market::stream::{ChannelKey, Hub, StreamSeq, Subscriber, Update, UpdateData};
use quantflow_market::view::{
    BookView, CandlePage, CandleRequest, CandleView, Certificate, DayStatistics, Health,
    MissingRange, MissingState, PriceView, Provenance, Reconciled, SymbolView, TradePage,
    TradeRequest,
};
use quantflow_market::{MarketQueries, QueryError, Snapshot};
use quantflow_model::{
    Candle, CandleOrigin, CandleState, Instrument, InstrumentStatus, LedgerEvent, LedgerKind,
    Notional, Price, Quantity, Quarantined, Side, Symbol, TimeRange, Timeframe, Timestamp, Trade,
    TradeFlags, TradeId, TradeKey, VenueId, VenueSymbol,
};
use quantflow_seams::{QuarantineQuery, QuarantineRow, StoreError};
use quantflow_testkit::clock::ManualClock;
use quantflow_wire::{LogPosition, LogRange, PartitionId};

pub(crate) const TOKEN: &str = "a-token-long-enough";
/// Now, in the fake's world: half a minute into a candle.
pub(crate) const NOW: &str = "2026-11-20T10:00:30Z";
/// Minutes of history.
pub(crate) const MINUTES: i64 = 1000;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn symbol(text: &str) -> Symbol {
    text.parse().unwrap()
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

#[derive(Debug)]
pub(crate) struct FakeMarket {
    pub(crate) hub: Hub,
    pub(crate) now: Timestamp,
    /// How often each question was asked.
    pub(crate) asked: AtomicUsize,
    /// Questions wait until this is true.
    pub(crate) open: tokio::sync::watch::Sender<bool>,
    /// What the store says instead of answers.
    pub(crate) broken: Mutex<Option<fn() -> StoreError>>,
    /// The place of the newest update.
    pub(crate) seq: Mutex<StreamSeq>,
    /// Candles older than all others, which came on request.
    pub(crate) older: Mutex<i64>,
}

pub(crate) fn seq(n: u64) -> StreamSeq {
    StreamSeq {
        position: LogPosition {
            epoch: 1,
            offset: n,
        },
        n: 0,
    }
}

/// The one minute candle that opens so many minutes before the current one.
pub(crate) fn candle(now: Timestamp, back: i64, timeframe: Timeframe) -> CandleView {
    let length = timeframe.approximate_nanos();
    // months differ: their middle is surely inside, so many average months before the middle of this one
    let inside = timeframe
        .open_of(now)
        .plus_nanos(length / 2 - back.min(100_000) * length);
    let open_time = timeframe.open_of(inside);
    let wave = (back * 37) % 101;
    let number = |n: i64| format!("{}.{:02}", 61_000 + n / 100, n.rem_euclid(100));
    let (open, close) = (wave * 10, (wave * 10 + 7) % 1000);
    let first = 1_000_000 - back * 10;
    let key = |id: i64| TradeKey {
        time: open_time,
        id: TradeId(id as u128),
    };
    CandleView {
        candle: Candle {
            open_time,
            open: price(&number(open)),
            high: price(&number(open.max(close) + 55)),
            low: price(&number(open.min(close) - 45)),
            close: price(&number(close)),
            volume: Quantity("12.34567".parse().unwrap()),
            quote_volume: Some(Notional("763214.1234567891".parse().unwrap())),
            trades: Some(10),
            taker_buy_volume: Some(Quantity("6.1".parse().unwrap())),
            taker_buy_quote_volume: Some(Notional("377000.5".parse().unwrap())),
            first_trade: Some(key(first)),
            last_trade: Some(key(first + 9)),
            state: match back {
                0 => CandleState::Open,
                5 => CandleState::Revised(quantflow_model::RevisionCause::Late),
                _ => CandleState::Closed,
            },
            revision: u32::from(back == 5),
            known: open_time.plus_nanos(length),
            origin: CandleOrigin::Trades,
        },
        complete: back != 7,
        filled: false,
    }
}

impl FakeMarket {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            hub: Hub::default(),
            now: at(NOW),
            asked: AtomicUsize::new(0),
            open: tokio::sync::watch::Sender::new(true),
            broken: Mutex::new(None),
            seq: Mutex::new(seq(100)),
            older: Mutex::new(0),
        })
    }

    pub(crate) fn questions(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn ask(&self, of: Option<&Symbol>) -> Result<(), QueryError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.open.subscribe().wait_for(|open| *open).await.unwrap();
        if let Some(broken) = *self.broken.lock().unwrap() {
            return Err(broken().into());
        }
        match of {
            Some(symbol) if !SYMBOLS.iter().any(|(name, _)| symbol.as_str() == *name) => {
                Err(QueryError::UnknownSymbol(symbol.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Sends an update of one candle, and gives its place.
    pub(crate) fn move_candle(&self, name: &str, view: &CandleView) -> StreamSeq {
        let next = self.next_seq();
        let key = ChannelKey::Candles(symbol(name), Timeframe::M1);
        self.hub
            .publish(&key, Update::new(next, UpdateData::Candles(vec![*view])));
        next
    }

    /// Sends an update of one trade, and gives its place.
    pub(crate) fn trade(&self, name: &str, id: u128) -> StreamSeq {
        let next = self.next_seq();
        let trade = trade(self.now, id);
        let key = ChannelKey::Trades(symbol(name));
        self.hub
            .publish(&key, Update::new(next, UpdateData::Trades(vec![trade])));
        next
    }

    pub(crate) fn next_seq(&self) -> StreamSeq {
        let mut last = self.seq.lock().unwrap();
        *last = seq(last.position.offset + 1);
        *last
    }
}

pub(crate) const SYMBOLS: [(&str, &str); 5] = [
    ("binance:BTC/USDT", "BTCUSDT"),
    ("binance:ETH/USDT", "ETHUSDT"),
    ("demo:BTC/USDT", "BTCUSDT"),
    ("demo:ETH/USDT", "ETHUSDT"),
    ("nyse:BRK-B", "BRK.B"),
];

pub(crate) fn trade(now: Timestamp, id: u128) -> Trade {
    Trade {
        id: TradeId(id),
        time: now.plus_nanos(-((1_000_000 - id as i64) * 1_000_500)),
        price: price(&format!("61{:03}.5", id % 1000)),
        quantity: Quantity("0.0125".parse().unwrap()),
        side: match id % 3 {
            0 => Side::Buy,
            1 => Side::Sell,
            _ => Side::Unknown,
        },
        flags: if id.is_multiple_of(10) {
            TradeFlags::OUTLIER
        } else {
            TradeFlags::NONE
        },
        count: if id.is_multiple_of(50) { 3 } else { 1 },
    }
}

#[async_trait]
impl MarketQueries for FakeMarket {
    fn prices(&self) -> Vec<PriceView> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let unheard = PriceView {
            symbol: symbol("demo:NEW/USDC"),
            price: None,
            bid: Some(price("0.5")),
            ask: None,
            time: None,
            day: None,
            health: Health::Down,
        };
        let heard = SYMBOLS[..4]
            .iter()
            .filter_map(|(name, _)| self.view(&symbol(name)));
        heard.chain([unheard]).collect()
    }

    fn price(&self, symbol: &Symbol) -> Option<PriceView> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.view(symbol)
    }

    fn book(&self, symbol: &Symbol, levels: usize) -> Option<BookView> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let has_one = symbol.instrument() == SYMBOLS[0].0.split_once(':').unwrap().1;
        has_one.then(|| small_book(levels))
    }

    async fn symbols(&self) -> Result<Vec<SymbolView>, QueryError> {
        if let Some(broken) = *self.broken.lock().unwrap() {
            return Err(broken().into());
        }
        Ok(SYMBOLS
            .iter()
            .map(|(name, spelling)| SymbolView {
                symbol: symbol(name),
                instrument: Some(Instrument {
                    contract: None,
                    symbol: symbol(name),
                    venue_symbol: VenueSymbol::new(spelling).unwrap(),
                    status: InstrumentStatus::Trading,
                    tick: Some(price("0.01")),
                    lot: Some(Quantity("0.00001".parse().unwrap())),
                    minimum_notional: None,
                }),
                live: !name.starts_with("nyse"),
                trades: Some((self.now.plus_nanos(-MINUTES * 60_000_000_000), self.now)),
                timeframes: Timeframe::ALL.to_vec(),
            })
            .collect())
    }

    async fn candles(&self, request: &CandleRequest) -> Result<CandlePage, QueryError> {
        self.ask(Some(&request.symbol)).await?;
        let held = MINUTES + *self.older.lock().unwrap();
        let known = request.as_of.unwrap_or(Timestamp::MAX);
        let all: Vec<CandleView> = (0..held)
            .rev()
            .map(|back| candle(self.now, back, request.timeframe))
            .filter(|view| {
                request.range.contains(view.candle.open_time) && view.candle.known <= known
            })
            .filter(|view| request.as_of.is_none() || view.candle.state != CandleState::Open)
            .collect();
        let more = all.len().saturating_sub(request.limit);
        if request.range.start == Timestamp::MIN {
            let missing = request.limit.saturating_sub(all.len()) as i64;
            let absent = all.first().filter(|_| missing > 0).map(|first| {
                let (end, length) = (
                    first.candle.open_time,
                    request.timeframe.approximate_nanos(),
                );
                TimeRange::new(end.plus_nanos(-missing * length), end)
            });
            return Ok(CandlePage {
                candles: all[more..].to_vec(),
                next: None,
                absent: absent.into_iter().collect(),
            });
        }
        let next = all.get(request.limit).map(|view| view.candle.open_time);
        Ok(CandlePage {
            candles: all.into_iter().take(request.limit).collect(),
            next,
            absent: Vec::new(),
        })
    }

    async fn trades(&self, request: &TradeRequest) -> Result<TradePage, QueryError> {
        self.ask(Some(&request.symbol)).await?;
        let before = request
            .before
            .unwrap_or((Timestamp::MAX, TradeId(u128::MAX)));
        let mut trades: Vec<Trade> = (980_000..=1_000_000_u128)
            .rev()
            .map(|id| trade(self.now, id))
            .filter(|t| request.range.contains(t.time) && (t.time, t.id) < before)
            .take(request.limit + 1)
            .collect();
        let more = trades.len() > request.limit;
        trades.truncate(request.limit);
        let next = trades.last().filter(|_| more).map(|t| (t.time, t.id));
        Ok(TradePage { trades, next })
    }

    async fn completeness(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> Result<Vec<Certificate>, QueryError> {
        self.ask(Some(symbol)).await?;
        let today = self.now.start_of_day();
        Ok((0..3)
            .rev()
            .map(|back| today.plus_nanos(-back * 86_400_000_000_000))
            .filter(|day| range.overlaps(TimeRange::new(*day, day.plus_nanos(86_400_000_000_000))))
            .map(|day| Certificate {
                symbol: symbol.clone(),
                day,
                first_id: Some(TradeId(1)),
                last_id: Some(TradeId(u128::MAX)),
                count: 800_000,
                missing: vec![MissingRange {
                    from: TradeId(10),
                    to: TradeId(20),
                    state: MissingState::Filled,
                    reason: "fetched by historicalTrades".to_owned(),
                    since: day,
                    span: TimeRange::new(day, day.plus_nanos(1)),
                }],
                duplicates: 3,
                quarantined: 1,
                flagged: 2,
                late: 4,
                reconciled: Reconciled {
                    timeframe: Timeframe::M1,
                    equal: 1439,
                    different: 1,
                    not_compared: 0,
                },
            })
            .collect())
    }

    async fn provenance(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        open_time: Timestamp,
    ) -> Result<Option<Provenance>, QueryError> {
        self.ask(Some(symbol)).await?;
        let found = (0..MINUTES)
            .map(|back| candle(self.now, back, timeframe).candle)
            .find(|candle| candle.open_time == open_time);
        Ok(found.map(|last| {
            let mut first = last;
            first.revision = 0;
            first.state = CandleState::Closed;
            let mut second = last;
            second.revision = 1;
            second.state = CandleState::Revised(quantflow_model::RevisionCause::Repair);
            Provenance {
                revisions: vec![first, second],
                ranges: vec![(
                    PartitionId::new("demo-0").unwrap(),
                    LogRange {
                        from: seq(1).position,
                        to: seq(9).position,
                    },
                )],
                raw_kept: true,
                ledger: vec![LedgerEvent {
                    symbol: symbol.clone(),
                    known: last.known,
                    kind: LedgerKind::Filled {
                        from: TradeId(10),
                        to: TradeId(20),
                        with: quantflow_model::Filling::Trades,
                    },
                }],
            }
        }))
    }

    async fn quarantine(&self, query: &QuarantineQuery) -> Result<Vec<QuarantineRow>, QueryError> {
        self.ask(None).await?;
        Ok((1..=250_i64)
            .rev()
            .filter(|id| query.before.is_none_or(|before| *id < before))
            .map(|id| QuarantineRow {
                id,
                entry: Quarantined {
                    symbol: Some(symbol("demo:BTC/USDT")),
                    rule: "price-not-positive".to_owned(),
                    reason: "=HYPERLINK(\"x\")".to_owned(),
                    received: self.now,
                    venue_time: None,
                    partition: "demo-0".to_owned(),
                    epoch: 1,
                    offset: id as u64,
                    part: 0,
                    frame: b"{\"p\":\"0\xff\"}".to_vec(),
                },
            })
            .filter(|row| query.symbol.is_none() || row.entry.symbol == query.symbol)
            .take(query.limit)
            .collect())
    }

    async fn subscribe(
        &self,
        channel: &ChannelKey,
        after: Option<StreamSeq>,
    ) -> Result<(Snapshot, Subscriber), QueryError> {
        let of = match channel {
            ChannelKey::Prices => None,
            ChannelKey::Trades(symbol)
            | ChannelKey::Candles(symbol, _)
            | ChannelKey::Quotes(symbol)
            | ChannelKey::Book(symbol) => Some(symbol),
        };
        self.ask(of).await?;
        let subscriber = self.hub.subscribe(channel, after);
        let data = match channel {
            ChannelKey::Prices => UpdateData::Prices(self.prices()),
            ChannelKey::Trades(_) => UpdateData::Trades(vec![trade(self.now, 1_000_000)]),
            ChannelKey::Candles(_, timeframe) => UpdateData::Candles(vec![
                candle(self.now, 1, *timeframe),
                candle(self.now, 0, *timeframe),
            ]),
            ChannelKey::Quotes(_) => UpdateData::Quotes(Vec::new()),
            ChannelKey::Book(_) => UpdateData::Book(small_book(20)),
        };
        let seq = *self.seq.lock().unwrap();
        Ok((Snapshot { seq, data }, subscriber))
    }
}

fn small_book(levels: usize) -> BookView {
    let quantity = Quantity("2".parse().unwrap());
    let mut bids = vec![(price("1.5"), quantity), (price("1.4"), quantity)];
    bids.truncate(levels);
    BookView {
        update_id: 7,
        time: Some(Timestamp::from_seconds(1)),
        bids,
        asks: Vec::new(),
    }
}

impl FakeMarket {
    fn view(&self, symbol: &Symbol) -> Option<PriceView> {
        let known = SYMBOLS[..4]
            .iter()
            .any(|(name, _)| symbol.as_str() == *name);
        known.then(|| PriceView {
            symbol: symbol.clone(),
            price: Some(price("61837.63")),
            bid: Some(price("61837.62")),
            ask: None,
            time: Some(self.now),
            day: symbol.as_str().contains("BTC").then(|| DayStatistics {
                change: price("-120.5"),
                change_percent: -0.194_5,
                high: price("62000"),
                low: price("61000.1"),
                volume: Quantity("1234.5".parse().unwrap()),
                quote_volume: None,
            }),
            health: Health::Live,
        })
    }
}

/// Connections, health, venues and history.
#[derive(Debug, Default)]
pub(crate) struct FakeSources {
    pub(crate) reconnected: Mutex<Vec<String>>,
    pub(crate) services: Mutex<Vec<ServiceHealth>>,
    pub(crate) history: Mutex<Vec<TimeRange>>,
    pub(crate) market: Mutex<Option<Arc<FakeMarket>>>,
}

#[async_trait]
impl ConnectionSource for FakeSources {
    fn connections(&self) -> Vec<ConnectionView> {
        vec![ConnectionView {
            venue: "demo".parse().unwrap(),
            id: "1".to_owned(),
            label: "trades of 2 symbols".to_owned(),
            state: ConnectionState::Connected,
            since: at(NOW),
            lag_ms: Some(3.5),
            reconnects: 2,
            messages: 921_443,
            messages_per_second: 41.25,
            bytes: 123_456_789,
            last_message: Some(at(NOW)),
            error: None,
            silent: false,
        }]
    }

    async fn reconnect(&self, venue: &VenueId, id: &str) -> Result<(), ReconnectError> {
        if venue.as_str() == "demo" && id == "1" {
            self.reconnected
                .lock()
                .unwrap()
                .push(format!("{venue}/{id}"));
            return Ok(());
        }
        Err(ReconnectError::Unknown {
            venue: venue.clone(),
            id: id.to_owned(),
        })
    }
}

#[async_trait]
impl HealthSource for FakeSources {
    async fn services(&self) -> Vec<ServiceHealth> {
        self.services.lock().unwrap().clone()
    }
}

impl VenueSource for FakeSources {
    fn venues(&self) -> Vec<VenueView> {
        vec![VenueView {
            id: "demo".parse().unwrap(),
            name: "Demonstration".to_owned(),
            live: true,
            rest_url: Some("http://127.0.0.1:9/".to_owned()),
            ws_url: None,
            limits: vec![VenueLimit {
                name: "request_weight".to_owned(),
                limit: 6000,
                window: Duration::from_mins(1),
                used: Some(12),
            }],
            channels: vec!["trades".to_owned()],
            timeframes: vec![Timeframe::M1],
        }]
    }
}

#[async_trait]
impl HistorySource for FakeSources {
    async fn request_history(&self, _: &Symbol, _: Timeframe, range: TimeRange) -> HistoryOutcome {
        self.history.lock().unwrap().push(range);
        match &*self.market.lock().unwrap() {
            Some(market) => {
                *market.older.lock().unwrap() = 100;
                HistoryOutcome::Added
            }
            None => HistoryOutcome::Nothing,
        }
    }
}

pub(crate) fn service(name: &str, status: ServiceStatus, essential: bool) -> ServiceHealth {
    ServiceHealth {
        name: name.to_owned(),
        status,
        latency: Some(Duration::from_micros(1500)),
        error: (status != ServiceStatus::Healthy).then(|| "it is down".to_owned()),
        essential,
    }
}

/// A gateway over the fakes, with its parts.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) market: Arc<FakeMarket>,
    pub(crate) sources: Arc<FakeSources>,
}

pub(crate) fn options() -> GatewayOptions {
    GatewayOptions {
        bootstrap_token: Token::new(TOKEN),
        ..GatewayOptions::default()
    }
}

pub(crate) fn world() -> World {
    world_with(options())
}

pub(crate) fn world_with(options: GatewayOptions) -> World {
    let market = FakeMarket::new();
    let sources = Arc::new(FakeSources::default());
    let gateway = Gateway::new(GatewayParts {
        market: market.clone(),
        connections: sources.clone(),
        health: sources.clone(),
        venues: sources.clone(),
        history: sources.clone(),
        metrics: Arc::new(Nothing),
        clock: Arc::new(ManualClock::new(at(NOW))),
        options,
    });
    World {
        gateway,
        market,
        sources,
    }
}
