//! Recorded trades, written and read back equal, and what they take on disk.

use quantflow_model::{Price, Quantity, Side, Timestamp, Trade, TradeBatch, TradeFlags, TradeId};
use quantflow_seams::SeriesStore;
use quantflow_testkit::recorded;
use quantflow_testkit::series_store_suite::{all_trades, later, maintain_all, read_trades, symbol};

use crate::suite::Folder;

/// Trades of a canonical file: `ts_ms,price,qty,side,trade_id`.
fn trades(bytes: &[u8]) -> Vec<Trade> {
    let mut reader = csv::Reader::from_reader(bytes);
    reader
        .records()
        .map(|row| {
            let row = row.unwrap();
            Trade {
                time: Timestamp::from_millis(row[0].parse().unwrap()),
                price: row[1].parse::<Price>().unwrap(),
                quantity: row[2].parse::<Quantity>().unwrap(),
                side: match &row[3] {
                    "buy" => Side::Buy,
                    "sell" => Side::Sell,
                    _ => Side::Unknown,
                },
                id: TradeId(row[4].parse().unwrap()),
                flags: TradeFlags::NONE,
                count: 1,
            }
        })
        .collect()
}

#[tokio::test]
async fn recorded_trades_come_back_equal() {
    for (file, most) in [
        ("binance-spot_BTCUSDT_trades_tick_20240808_20240809", 3.0),
        ("binance-spot_XRPETH_trades_tick_20191011_20191013", 8.0),
        ("binance-usdm_BTCUSDT_trades_tick_20240808_20240808", 2.2),
        ("bitflyer_BTCJPY_trades_tick_20180121_20180128", 5.85),
        ("useq_SPY_trades_tick_20131007_20131009", 1.55),
    ] {
        let Some(bytes) = recorded::bytes(&format!("canonical/{file}.csv.gz")) else {
            return;
        };
        let mut expected = trades(&bytes);
        let fixture = Folder::new(quantflow_store_embedded::StoreOptions::default());
        let store = fixture.open_store();
        let of = symbol("x:BTC/USDT");
        let pieces: Vec<_> = expected
            .chunks(expected.len().div_ceil(8).max(40_000))
            .collect();
        for (at, piece) in pieces.iter().enumerate() {
            let batch: TradeBatch = piece.iter().collect::<Option<_>>().unwrap();
            let mut commit = later(at as u64);
            commit.trades = vec![(of.clone(), batch)];
            store.commit(commit).await.unwrap();
        }
        maintain_all(&store).await;
        expected.sort_by_key(Trade::key);
        assert!(
            read_trades(&store, &all_trades(&of)).await == expected,
            "{file}"
        );
        assert!(store.check().await.unwrap().is_empty());
        let found = store.column_bytes(None).unwrap();
        if found.rows > 0 {
            let each = found.bytes as f64 / found.rows as f64;
            println!("{file}: {each:.2} bytes a trade, {found:?}");
            assert!(each < most, "{file}: {each:.2} bytes a trade");
        }
    }
}
