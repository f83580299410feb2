//! Recorded markets: every trade file against candles computed plainly, the venue's own klines
//! against their roll-ups.

use std::collections::BTreeMap;
use std::sync::Arc;

use quantflow_model::{
    CandleOrigin, LedgerKind, Side, Symbol, Timeframe, Timestamp, Trade, TradeFlags, TradeId,
};
use quantflow_pipeline::{Output, Pipeline, PipelineOptions, SymbolSlot};
use quantflow_testkit::recorded;
use quantflow_wire::{
    Codec, ImportBegin, ImportKind, LogPosition, OrderRule, PartitionId, Record, RecordKind,
};

use crate::fake::Fake;
use crate::truth::{Shape, Store, candles};

/// An import of lines into a pipeline, as a command line would do it.
pub(crate) struct Importer {
    pipeline: Pipeline,
    pub(crate) store: Store,
    out: Output,
    ledger: Vec<LedgerKind>,
    offset: u64,
}

impl Importer {
    pub(crate) fn new(codec: Option<Arc<dyn Codec>>) -> Self {
        Self {
            pipeline: Pipeline::new(
                PartitionId::new("import").unwrap(),
                "fake".parse().unwrap(),
                codec,
                PipelineOptions::default(),
            ),
            store: Store::default(),
            out: Output::default(),
            ledger: Vec::new(),
            offset: 0,
        }
    }

    fn apply(&mut self, kind: RecordKind, connection: u32, payload: &[u8]) {
        self.offset += 1;
        let record = Record {
            kind,
            // 2026-11-20
            received: Timestamp::from_seconds(1_795_132_800),
            connection,
            sequence: 0,
            payload,
        };
        let position = LogPosition {
            epoch: 1,
            offset: self.offset,
        };
        self.pipeline.apply(position, &record, &mut self.out);
        assert!(
            self.out.quarantine.is_empty(),
            "{:?}",
            self.out.quarantine[0]
        );
        self.store.take(&self.out, self.pipeline.orders_by_id());
        let learned = self.out.ledger.drain(..).map(|event| event.kind);
        self.ledger.extend(learned);
        self.out.clear();
    }

    /// Imports a file with a header.
    pub(crate) fn import(&mut self, symbol: &Symbol, kind: ImportKind, text: &str) -> SymbolSlot {
        let (header, rows) = text.split_once('\n').unwrap();
        let begin = ImportBegin {
            symbol: symbol.clone(),
            kind,
            columns: header.trim().split(',').map(str::to_owned).collect(),
            file: "recorded".into(),
            sha256: format!("{}{kind:?}", header.len() + rows.len()),
        };
        let begin = serde_json::to_vec(&begin).unwrap();
        self.apply(RecordKind::ImportBegin, 7, &begin);
        let rows: Vec<&str> = rows.lines().collect();
        for chunk in rows.chunks(2_000) {
            let payload = chunk.join("\n");
            self.apply(RecordKind::ImportRows, 7, payload.as_bytes());
        }
        self.apply(RecordKind::ImportEnd, 7, b"");
        self.pipeline.slot(symbol).unwrap()
    }
}

pub(crate) fn text(name: &str) -> Option<String> {
    Some(String::from_utf8(recorded::bytes(name)?).unwrap())
}

/// Trades of a canonical file, read without the pipeline.
pub(crate) fn trades(text: &str) -> Vec<Trade> {
    let row = |line: &str| {
        let f: Vec<&str> = line.split(',').collect();
        Trade {
            time: Timestamp::from_millis(f[0].parse().unwrap()),
            price: f[1].parse().unwrap(),
            quantity: f[2].parse().unwrap(),
            side: match f[3] {
                "buy" => Side::Buy,
                "sell" => Side::Sell,
                _ => Side::Unknown,
            },
            id: TradeId(f[4].trim().parse().unwrap()),
            flags: TradeFlags::NONE,
            count: 1,
        }
    };
    text.lines().skip(1).map(row).collect()
}

/// Imports a file and compares all with the truth; how many minutes it has.
fn check_trades(name: &str, order: OrderRule) -> usize {
    let Some(text) = text(&format!("canonical/{name}.csv.gz")) else {
        return 0;
    };
    let codec: Option<Arc<dyn Codec>> = match order {
        OrderRule::TimeThenId => None,
        order => Some(Arc::new(Fake::new(order))),
    };
    let mut importer = Importer::new(codec);
    let symbol: Symbol = "fake:A/B".parse().unwrap();
    let slot = importer.import(&symbol, ImportKind::Trades, &text);
    let mut truth = trades(&text);
    truth.sort_by_key(|t| match order {
        OrderRule::TimeThenId => (t.time, t.id),
        _ => (Timestamp::EPOCH, t.id),
    });
    importer.store.assert_is(&truth, &importer.pipeline, slot);
    assert!(importer.pipeline.open_holes(slot).is_empty());
    importer
        .store
        .shapes(&importer.pipeline, slot, Timeframe::M1)
        .len()
}

#[test]
fn binance_spot_trades() {
    let name = "binance-spot_BTCUSDT_trades_tick_20240808_20240809";
    check_trades(name, OrderRule::ContiguousIds);
    check_trades(name, OrderRule::TimeThenId);
}

#[test]
fn binance_spot_trades_of_two_days() {
    let name = "binance-spot_XRPETH_trades_tick_20191011_20191013";
    for order in [OrderRule::ContiguousIds, OrderRule::TimeThenId] {
        let minutes = check_trades(name, order);
        assert!(minutes == 2_469 || minutes == 0, "{minutes}");
    }
}

#[test]
fn binance_perpetual_trades() {
    let name = "binance-usdm_BTCUSDT_trades_tick_20240808_20240808";
    check_trades(name, OrderRule::ContiguousIds);
    check_trades(name, OrderRule::TimeThenId);
}

#[test]
fn bitflyer_trades_with_unknown_sides() {
    check_trades(
        "bitflyer_BTCJPY_trades_tick_20180121_20180128",
        OrderRule::TimeThenId,
    );
}

#[test]
fn us_equity_trades_without_sides() {
    check_trades(
        "useq_SPY_trades_tick_20131007_20131009",
        OrderRule::TimeThenId,
    );
}

/// The later half first, then the earlier as history: nothing differs from both at once.
#[test]
fn a_file_imported_in_halves_the_wrong_way_round() {
    let Some(text) = text("canonical/binance-spot_XRPETH_trades_tick_20191011_20191013.csv.gz")
    else {
        return;
    };
    for order in [OrderRule::ContiguousIds, OrderRule::TimeThenId] {
        let mut importer = Importer::new(Some(Arc::new(Fake::new(order))));
        let symbol: Symbol = "fake:A/B".parse().unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let (header, rows) = (lines[0], &lines[1..]);
        let (early, late) = rows.split_at(rows.len() / 2);
        let mut slot = SymbolSlot::default();
        for half in [late, early] {
            let file = format!("{header}\n{}", half.join("\n"));
            slot = importer.import(&symbol, ImportKind::Trades, &file);
        }
        importer
            .store
            .assert_is(&trades(&text), &importer.pipeline, slot);
        assert!(importer.pipeline.open_holes(slot).is_empty());
        // a thousand candles come with one patch each, not one a row
        assert!(
            importer.store.patches < 13_000,
            "{}",
            importer.store.patches
        );
        // the same files again: every row was there
        importer.import(&symbol, ImportKind::Trades, &text);
        importer
            .store
            .assert_is(&trades(&text), &importer.pipeline, slot);
    }
}

/// Klines of a file, read without the pipeline.
fn klines(name: &str) -> Option<(String, BTreeMap<Timestamp, Shape>)> {
    let text = text(&format!("klines_binance_spot/binance_{name}.csv.gz"))?;
    let rows = text
        .lines()
        .skip(1)
        .map(|line| {
            let f: Vec<&str> = line.split(',').collect();
            let shape = Shape {
                prices: [1, 2, 3, 4].map(|i| f[i].parse().unwrap()),
                volume: f[5].parse().unwrap(),
                quote: Some(f[7].parse().unwrap()),
                trades: Some(f[8].parse().unwrap()),
                taker: Some(f[9].parse().unwrap()),
                taker_quote: Some(f[10].parse().unwrap()),
                first: None,
                last: None,
            };
            (Timestamp::from_millis(f[0].parse().unwrap()), shape)
        })
        .collect();
    Some((text, rows))
}

/// Imports klines of one timeframe; roll-ups must equal the venue's own candles of another in
/// `equal` of `shared` candles that both have.
fn check_rollup(
    base: &str,
    from: Timeframe,
    native: &str,
    to: Timeframe,
    equal: usize,
    shared: usize,
) {
    let (Some((text, _)), Some((_, native))) = (klines(base), klines(native)) else {
        return;
    };
    let mut importer = Importer::new(None);
    let symbol: Symbol = "fake:A/B".parse().unwrap();
    importer.import(&symbol, ImportKind::Candles(from), &text);
    let rolled: BTreeMap<Timestamp, Shape> = importer
        .store
        .candles
        .iter()
        .filter(|((_, _, timeframe, _), c)| *timeframe == to && c.origin == CandleOrigin::Venue)
        .map(|((.., open), candle)| (*open, Shape::of(candle)))
        .collect();
    let both: Vec<_> = native
        .iter()
        .filter_map(|(open, theirs)| Some((open, theirs, rolled.get(open)?)))
        .collect();
    let differ: Vec<_> = both
        .iter()
        .filter(|(_, theirs, ours)| theirs != ours)
        .collect();
    assert_eq!(both.len(), shared, "{base} to {to}");
    assert_eq!(
        both.len() - differ.len(),
        equal,
        "{base} to {to}: {:?}",
        differ.first()
    );
}

#[test]
fn rollups_of_klines_are_the_native_ones() {
    use Timeframe::{D1, H1, H4, M15, Mo1, W1};
    let m15 = "BTCUSDT_klines_15m_20241230_20260430";
    let h1 = "BTCUSDT_klines_1h_20220101_20260430";
    let h4 = "BTCUSDT_klines_4h_20170817_20260430";
    let d1 = "BTCUSDT_klines_1d_20170817_20260429";
    let w1 = "BTCUSDT_klines_1w_20170814_20260420";
    let mo1 = "BTCUSDT_klines_1M_20170801_20260301";
    check_rollup(m15, M15, h1, H1, 11_668, 11_668);
    check_rollup(h4, H4, d1, D1, 3_178, 3_178);
    check_rollup(h1, H1, d1, D1, 1_580, 1_580);
    check_rollup(h1, H1, h4, H4, 9_481, 9_481);
    check_rollup(d1, D1, w1, W1, 454, 454);
    check_rollup(d1, D1, mo1, Mo1, 104, 104);
}

#[test]
fn rollups_of_other_symbols_are_the_native_ones() {
    use Timeframe::{D1, H1, H4, Mo1, W1};
    for (symbol, from, weeks, months) in [
        ("ADAUSDT", "20180417", ("20180416", 419), ("20180401", 96)),
        ("DOGEUSDT", "20190705", ("20190701", 356), ("20190701", 81)),
        ("ETHUSDT", "20170817", ("20170814", 454), ("20170801", 104)),
        ("LINKUSDT", "20190116", ("20190114", 380), ("20190101", 87)),
        ("SOLUSDT", "20200811", ("20200810", 298), ("20200801", 68)),
        ("XRPUSDT", "20180504", ("20180430", 417), ("20180501", 95)),
    ] {
        let d1 = format!("{symbol}_klines_1d_{from}_20260429");
        let w1 = format!("{symbol}_klines_1w_{}_20260420", weeks.0);
        let mo1 = format!("{symbol}_klines_1M_{}_20260301", months.0);
        check_rollup(&d1, D1, &w1, W1, weeks.1, weeks.1);
        check_rollup(&d1, D1, &mo1, Mo1, months.1, months.1);
    }
    let eth = "ETHUSDT_klines_1d_20170817_20260429";
    check_rollup(
        "ETHUSDT_klines_4h_20170817_20260430",
        H4,
        eth,
        D1,
        3_178,
        3_178,
    );
    check_rollup(
        "ETHUSDT_klines_1h_20220101_20260430",
        H1,
        eth,
        D1,
        1_580,
        1_580,
    );
}

#[test]
fn outages_of_the_venue_are_in_the_ledger() {
    for (name, timeframe, expected) in [
        ("BTCUSDT_klines_4h_20170817_20260430", Timeframe::H4, 21),
        ("BTCUSDT_klines_1h_20220101_20260430", Timeframe::H1, 1),
        ("BTCUSDT_klines_1d_20170817_20260429", Timeframe::D1, 1),
    ] {
        let Some((text, _)) = klines(name) else {
            return;
        };
        let mut importer = Importer::new(None);
        let symbol: Symbol = "fake:A/B".parse().unwrap();
        importer.import(&symbol, ImportKind::Candles(timeframe), &text);
        let outages = importer.ledger.iter().filter(
            |kind| matches!(kind, LedgerKind::Outage { timeframe: t, .. } if *t == timeframe),
        );
        assert_eq!(outages.count(), expected, "{name}");
    }
}

/// Candles of a year with gaps: all rows are there, and roll-ups to hours are those of the rows.
#[test]
fn candles_with_gaps_are_imported_exactly() {
    let Some(text) = text("canonical/bitfinex_NEOUSD_candles_1m_20190101_20191231.csv.gz") else {
        return;
    };
    let mut importer = Importer::new(None);
    let symbol: Symbol = "fake:A/B".parse().unwrap();
    importer.import(&symbol, ImportKind::Candles(Timeframe::M1), &text);
    let minutes = importer
        .store
        .candles
        .keys()
        .filter(|(_, _, timeframe, _)| *timeframe == Timeframe::M1)
        .count();
    assert_eq!(minutes, text.lines().count() - 1);
    // an hour's volume is the sum of its minutes
    let mut volumes: BTreeMap<Timestamp, quantflow_model::Decimal> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let open = Timeframe::H1.open_of(Timestamp::from_millis(f[0].parse().unwrap()));
        let sum = volumes.entry(open).or_default();
        *sum = sum.checked_add(f[5].parse().unwrap()).unwrap();
    }
    for ((_, _, timeframe, open), candle) in &importer.store.candles {
        if *timeframe == Timeframe::H1 {
            assert_eq!(candle.volume.0, volumes[open], "{open}");
        }
    }
}

/// Plain candles are computed from sorted trades: a check of the check.
#[test]
fn plain_candles_are_plain() {
    let trades = [
        crate::fake::trade(1, 1_000, 500, 3, Side::Buy),
        crate::fake::trade(2, 59_000, 400, 2, Side::Sell),
        crate::fake::trade(3, 60_000, 700, 1, Side::Buy),
    ];
    let minutes = candles(&trades, Timeframe::M1);
    let shape = &minutes[&Timestamp::EPOCH];
    assert_eq!(shape.prices.map(|p| p.to_string()), ["5", "5", "4", "4"]);
    assert_eq!(shape.quote.unwrap().to_string(), "0.23");
    assert_eq!(shape.taker.unwrap().to_string(), "0.03");
    assert_eq!(minutes.len(), 2);
}
