//! A captured market of Binance, frame by frame through its codec.

use std::sync::Arc;

use quantflow_model::{Quote, Symbol, VenueSymbol};
use quantflow_pipeline::{Output, Pipeline, PipelineOptions};
use quantflow_testkit::recorded;
use quantflow_venues::BinanceSpot;
use quantflow_wire::{
    Channel, Codec, LogPosition, PartitionId, Purpose, Query, Record, RecordKind, Subscribed,
    Subscription,
};

use crate::fake::answer;
use crate::recorded::trades;
use crate::truth::Store;

/// Every frame is used, trades and candles are those of the canonical file, and after each change of
/// the book its top is what the venue's own best quote says.
#[test]
fn a_spot_market_is_taken_in_whole() {
    let name = "ws_capture_binance/spot_btcusdt_20240808.gz";
    let canonical = "canonical/binance-spot_BTCUSDT_trades_tick_20240808_20240809.csv.gz";
    let (Some(frames), Some(canonical)) = (recorded::bytes(name), recorded::bytes(canonical))
    else {
        return;
    };
    let symbol: Symbol = "binance:BTC/USDT".parse().unwrap();
    let venue_symbol = VenueSymbol::new("BTCUSDT").unwrap();
    let codec: Arc<dyn Codec> = Arc::new(BinanceSpot::new(symbol.venue()));
    let mut pipeline = Pipeline::new(
        PartitionId::new("binance").unwrap(),
        symbol.venue(),
        Some(codec),
        PipelineOptions::default(),
    );
    let mut records = Vec::new();
    let subscribed = Subscribed {
        subscriptions: [Channel::Trades, Channel::Book, Channel::Quotes]
            .map(|channel| Subscription {
                symbol: symbol.clone(),
                venue_symbol: venue_symbol.clone(),
                channel,
            })
            .to_vec(),
    };
    for line in String::from_utf8(frames).unwrap().lines() {
        let (received, json) = line.split_once(' ').unwrap();
        let received: i64 = received.parse().unwrap();
        if records.is_empty() {
            let payload = serde_json::to_vec(&subscribed).unwrap();
            records.push((received, RecordKind::Subscribed, payload));
        }
        if json.contains("\"stream\"") {
            records.push((received, RecordKind::Text, json.as_bytes().to_vec()));
        } else {
            let query = Query::Book {
                symbol: venue_symbol.clone(),
                limit: 1_000,
            };
            let payload = answer(query, Purpose::Live, 200, json);
            records.push((received, RecordKind::Exchange, payload));
        }
    }

    let (mut store, mut out) = (Store::default(), Output::default());
    let mut tops: Vec<Quote> = Vec::new();
    let mut quotes: Vec<Quote> = Vec::new();
    for (offset, (received, kind, payload)) in records.iter().enumerate() {
        let record = Record {
            kind: *kind,
            received: quantflow_model::Timestamp::from_nanos(*received),
            connection: 1,
            sequence: offset as u32,
            payload,
        };
        let position = LogPosition {
            epoch: 1,
            offset: offset as u64,
        };
        pipeline.apply(position, &record, &mut out);
        assert!(out.quarantine.is_empty(), "{:?}", out.quarantine[0]);
        store.take(&out, true);
        quotes.extend(out.quotes.iter().map(|(_, quote)| *quote));
        if !out.book_deltas.is_empty() {
            let slot = pipeline.slot(&symbol).unwrap();
            tops.push(pipeline.book_top(slot).unwrap());
        }
        out.clear();
    }
    let slot = pipeline.slot(&symbol).unwrap();
    assert!(pipeline.open_holes(slot).is_empty());
    let held = &store.trades[&slot];
    let (first, last) = (held[0].id, held[held.len() - 1].id);
    let canonical = trades(&String::from_utf8(canonical).unwrap());
    let truth: Vec<_> = canonical
        .into_iter()
        .filter(|t| (first..=last).contains(&t.id))
        .collect();
    assert!(truth.len() > 4_000, "{}", truth.len());
    store.assert_is(&truth, &pipeline, slot);

    let best = |q: &Quote| (q.bid, q.bid_quantity, q.ask, q.ask_quantity);
    let mut compared = 0;
    for top in &tops {
        let before = quotes.iter().filter(|q| q.update_id <= top.update_id);
        if let Some(quote) = before.max_by_key(|q| q.update_id) {
            assert_eq!(best(top), best(quote), "at update {:?}", top.update_id);
            compared += 1;
        }
    }
    // every change after the snapshot, also those within which the best quote did not change
    assert_eq!(compared, 3_448);
}
