//! A venue from which nothing comes: for how long that means that nothing was traded.

use std::sync::Arc;
use std::time::Duration;

use quantflow_market::stream::Hub;
use quantflow_market::view::{CandlePage, CandleRequest};
use quantflow_market::{Market, MarketQueries, PartitionOptions, PartitionParts, PartitionSetup};
use quantflow_model::{TimeRange, Timeframe};
use quantflow_pipeline::PipelineOptions;
use quantflow_seams::EventLog;
use quantflow_testkit::MemoryLog;
use quantflow_testkit::clock::ManualClock;
use quantflow_testkit::memory_store::MemoryStore;
use quantflow_testkit::series_store_suite::{partition, symbol, time};
use quantflow_venues::Registry;
use quantflow_wire::{
    Channel, Codec, Connected, Record, RecordChunk, RecordKind, Subscribed, Subscription,
};

/// Answers from a log in which a socket brought trades at these moments, in ms, one after another.
async fn market(codec: &Arc<dyn Codec>, clock: &ManualClock, trades: &[i64]) -> Market {
    let symbol = symbol("binance:BTC/USDT");
    let connected = Connected {
        url: "wss://venue".into(),
        attempt: 1,
    };
    let subscribed = Subscribed {
        subscriptions: vec![Subscription {
            venue_symbol: codec.spell(&symbol).unwrap(),
            symbol,
            channel: Channel::Trades,
        }],
    };
    let mut records = vec![
        (RecordKind::Connected, 0, serde_json::to_string(&connected)),
        (
            RecordKind::Subscribed,
            0,
            serde_json::to_string(&subscribed),
        ),
    ];
    for (id, at) in trades.iter().enumerate() {
        let millis = time(*at).millis();
        let trade = serde_json::json!({
            "e": "trade", "E": millis, "s": "BTCUSDT", "t": id + 1, "p": "10.5", "q": "2",
            "T": millis, "m": true, "M": true,
        });
        records.push((RecordKind::Text, *at, Ok(trade.to_string())));
    }
    let mut chunk = RecordChunk::default();
    for (sequence, (kind, at, payload)) in records.into_iter().enumerate() {
        let payload = payload.unwrap();
        let record = Record {
            kind,
            received: time(at),
            connection: 1,
            sequence: sequence as u32,
            payload: payload.as_bytes(),
        };
        chunk.push(&record).unwrap();
    }
    let (log, store) = (
        Arc::new(MemoryLog::new(1 << 20)),
        Arc::new(MemoryStore::default()),
    );
    let id = partition("binance");
    log.append(&id, chunk).await.unwrap();
    let clock = Arc::new(clock.clone());
    let setup = PartitionSetup {
        partition: id.clone(),
        venue: "binance".parse().unwrap(),
        codec: Some(Arc::clone(codec)),
        pipeline: PipelineOptions::default(),
        options: PartitionOptions::default(),
    };
    let parts = PartitionParts {
        log: Arc::clone(&log) as _,
        store: Arc::clone(&store) as _,
        clock: Arc::clone(&clock) as _,
        hub: Hub::default(),
        effects: None,
    };
    let mut partition = setup.open(parts).await.unwrap();
    let (from, end) = (partition.position(), log.end(&id));
    partition.catch_up(from, end, |_| {}).await.unwrap();
    Market::new(&[partition], store, log, clock, Hub::default())
}

/// Seconds that a page fills, with whether it says that nothing was traded in them.
fn filled(page: &CandlePage) -> Vec<(i64, bool)> {
    let filled = page.candles.iter().filter(|view| view.filled);
    let second = |view: &quantflow_market::view::CandleView| {
        view.candle.open_time.since(time(0)) / 1_000_000_000
    };
    filled.map(|view| (second(view), view.complete)).collect()
}

#[tokio::test]
async fn a_venue_that_is_silent_for_too_long_does_not_prove_that_nothing_was_traded() {
    let codec = Registry::builtin()
        .speak("binance-spot", "binance".parse().unwrap())
        .unwrap();
    let clock = ManualClock::new(time(0));
    let market = market(&codec, &clock, &[500, 1_500, 4_500]).await;
    let request = CandleRequest {
        symbol: symbol("binance:BTC/USDT"),
        timeframe: Timeframe::S1,
        range: TimeRange::new(time(1_000), time(8_000)),
        limit: 100,
        as_of: None,
        fill: true,
    };
    let silence = codec.describe().silence;
    let last = time(4_500);

    clock.set(last + silence);
    let page = market.candles(&request).await.unwrap();
    let quiet = [(2, true), (3, true), (5, true), (6, true), (7, true)];
    assert_eq!(filled(&page), quiet);
    assert_eq!(page.absent, []);

    clock.advance(Duration::from_nanos(1));
    let page = market.candles(&request).await.unwrap();
    let unknown = [(2, true), (3, true), (5, false), (6, false), (7, false)];
    assert_eq!(filled(&page), unknown, "its connections may be dead");
    assert_eq!(page.absent, [TimeRange::new(time(5_000), time(8_000))]);
}
