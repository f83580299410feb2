//! Tables in other formats, packing, and streaming.

use std::io::Read as _;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Decimal128Type, TimestampNanosecondType};
use arrow_ipc::reader::StreamReader;
use arrow_schema::DataType;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::{Served, ask, data, json_of};
use crate::fake::world;

const CANDLES: &str = "/api/v1/chart/ohlc/demo:BTC-USDT?limit=100";

#[tokio::test]
async fn csv_is_what_import_takes() {
    let world = world();
    let response = ask(&world.gateway, "GET", CANDLES, &[("accept", "text/csv")]).await;
    assert_eq!(
        response.headers()["content-type"],
        "text/csv; charset=utf-8"
    );
    let text = String::from_utf8(response.body().to_vec()).unwrap();
    let mut lines = text.lines();
    assert_eq!(
        lines.next().unwrap(),
        "open_time,open,high,low,close,volume,quote_volume,trades,taker_buy_volume,taker_buy_quote_volume,\
         first_trade_id,last_trade_id,state,complete,revision,fill"
    );
    assert_eq!(
        lines.nth(98).unwrap(),
        "1795168740000,61003.7,61004.32,61003.25,61003.77,12.34567,763214.1234567891,10,6.1,377000.5,999990,999999,closed,true,0,"
    );
    assert_eq!(text.lines().count(), 101);
    let trades = "/api/v1/history/demo:BTC-USDT?limit=2";
    let response = ask(&world.gateway, "GET", trades, &[("accept", "text/csv")]).await;
    let text = String::from_utf8(response.body().to_vec()).unwrap();
    assert_eq!(
        text,
        "ts_ms,price,qty,side,trade_id\n1795168830000,61000.5,0.0125,sell,1000000\n1795168829998,61999.5,0.0125,buy,999999\n"
    );
    assert!(
        response.headers()["link"]
            .to_str()
            .unwrap()
            .contains("cursor=")
    );
    let refused = ask(
        &world.gateway,
        "GET",
        "/api/v1/quarantine?limit=1",
        &[("accept", "text/csv")],
    )
    .await;
    let text = String::from_utf8(refused.body().to_vec()).unwrap();
    assert!(
        text.contains("\"'=HYPERLINK("),
        "a formula must not reach a spreadsheet: {text}"
    );
    let none = "/api/v1/chart/ohlc/demo:BTC-USDT?from=2020-01-01T00:00:00Z&to=2020-01-01T00:00:30Z";
    let empty = ask(&world.gateway, "GET", none, &[("accept", "text/csv")]).await;
    assert_eq!(
        String::from_utf8_lossy(empty.body()).lines().count(),
        1,
        "names even without rows"
    );
}

#[tokio::test]
async fn lines_are_the_rows_of_the_json() {
    let world = world();
    let json = data(&world.gateway, CANDLES).await;
    let response = ask(
        &world.gateway,
        "GET",
        CANDLES,
        &[("accept", "application/x-ndjson")],
    )
    .await;
    let rows: Vec<Value> = String::from_utf8(response.body().to_vec())
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(Value::from(rows), json);
}

#[tokio::test]
async fn arrow_has_exact_decimals() {
    let world = world();
    let json = data(&world.gateway, CANDLES).await;
    let accept = [("accept", "application/vnd.apache.arrow.stream")];
    let response = ask(&world.gateway, "GET", CANDLES, &accept).await;
    let reader = StreamReader::try_new(&response.body()[..], None).unwrap();
    let schema = reader.schema();
    assert_eq!(
        *schema.field_with_name("quote_volume").unwrap().data_type(),
        DataType::Decimal128(38, 10)
    );
    assert_eq!(
        *schema.field_with_name("close").unwrap().data_type(),
        DataType::Decimal128(38, 2)
    );
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    assert_eq!(
        batches
            .iter()
            .map(arrow_array::RecordBatch::num_rows)
            .sum::<usize>(),
        100
    );
    let batch = &batches[0];
    let volume = batch
        .column_by_name("quote_volume")
        .unwrap()
        .as_primitive::<Decimal128Type>();
    assert_eq!(volume.value(0), 7_632_141_234_567_891);
    let close = batch
        .column_by_name("close")
        .unwrap()
        .as_primitive::<Decimal128Type>();
    let time = batch
        .column_by_name("open_time")
        .unwrap()
        .as_primitive::<TimestampNanosecondType>();
    for (row, candle) in json.as_array().unwrap().iter().enumerate() {
        let exact: quantflow_model::Decimal = candle["close"].as_str().unwrap().parse().unwrap();
        assert_eq!(exact.at_scale(2), Some(close.value(row)));
        let open: quantflow_model::Timestamp =
            candle["openTime"].as_str().unwrap().parse().unwrap();
        assert_eq!(open.nanos(), time.value(row));
    }
    let columns = "/api/v1/indicators/demo:BTC-USDT?set=sma(5)&limit=1000";
    let response = ask(&world.gateway, "GET", columns, &accept).await;
    let batch = StreamReader::try_new(&response.body()[..], None)
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(batch.column_by_name("sma(5)").unwrap().null_count(), 4);
}

fn unpack(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match coding {
        "gzip" => {
            flate2::read::GzDecoder::new(bytes)
                .read_to_end(&mut out)
                .unwrap();
        }
        "br" => {
            brotli::Decompressor::new(bytes, 4096)
                .read_to_end(&mut out)
                .unwrap();
        }
        _ => out = zstd::stream::decode_all(bytes).unwrap(),
    }
    out
}

#[tokio::test]
async fn packed_answers_are_the_same_answers_fresh_and_from_the_cache() {
    let world = world();
    let closed =
        "/api/v1/chart/ohlc/demo:BTC-USDT?from=2026-11-20T01:00:00Z&to=2026-11-20T09:30:00Z";
    let plain = data(&world.gateway, closed).await;
    for coding in ["gzip", "br", "zstd"] {
        for accept in ["application/json", "text/csv", "application/x-ndjson"] {
            let headers = [("accept-encoding", coding), ("accept", accept)];
            let unpacked = ask(&world.gateway, "GET", closed, &[("accept", accept)]).await;
            for _ in 0..2 {
                let response = ask(&world.gateway, "GET", closed, &headers).await;
                assert_eq!(response.headers()["content-encoding"], coding);
                assert!(response.body().len() < unpacked.body().len() / 3);
                let body = unpack(coding, response.body());
                if accept == "application/json" {
                    let body: Value = serde_json::from_slice(&body).unwrap();
                    assert_eq!(body["data"], plain);
                    let id = response.headers()["x-request-id"].to_str().unwrap();
                    assert_eq!(
                        body["meta"]["requestId"], id,
                        "each answer has its own meta"
                    );
                } else {
                    assert_eq!(body, unpacked.body()[..]);
                }
            }
        }
    }
    let small = ask(
        &world.gateway,
        "GET",
        "/api/v1/price/demo:BTC-USDT",
        &[("accept-encoding", "gzip")],
    )
    .await;
    assert!(
        !small.headers().contains_key("content-encoding"),
        "not worth it"
    );
}

#[tokio::test]
async fn large_answers_are_sent_while_they_are_written() {
    let world = world();
    let served = Served::new(&world.gateway).await;
    for (accept, coding) in [
        ("application/json", ""),
        ("application/json", "gzip"),
        ("text/csv", "zstd"),
        ("application/x-ndjson", "br"),
    ] {
        let mut socket = tokio::net::TcpStream::connect(served.address)
            .await
            .unwrap();
        let request = format!(
            "GET /api/v1/history/demo:BTC-USDT?limit=10000 HTTP/1.0\r\nhost: localhost\r\naccept: {accept}\r\naccept-encoding: {coding}\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        assert!(
            head.starts_with("http/1.0 200") && !head.contains("content-length"),
            "{head}"
        );
        let body = if coding.is_empty() {
            answer[end + 4..].to_vec()
        } else {
            unpack(coding, &answer[end + 4..])
        };
        if accept == "application/json" {
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["data"].as_array().unwrap().len(), 10_000);
            assert_eq!(body["data"][9_999]["id"], "990001");
            assert!(body["meta"]["nextCursor"].is_string());
        } else {
            let lines = String::from_utf8_lossy(&body).lines().count();
            assert_eq!(lines, 10_000 + usize::from(accept == "text/csv"));
        }
    }
    served.stopped().await;
    let arrow = [("accept", "application/vnd.apache.arrow.stream")];
    let response = ask(
        &world.gateway,
        "GET",
        "/api/v1/history/demo:BTC-USDT?limit=10000",
        &arrow,
    )
    .await;
    let rows: usize = StreamReader::try_new(&response.body()[..], None)
        .unwrap()
        .map(|b| b.unwrap().num_rows())
        .sum();
    assert_eq!(rows, 10_000);
    let json = json_of(&ask(&world.gateway, "GET", "/api/v1/history/demo:BTC-USDT?limit=6000&to=2026-11-20T09:59:59Z&from=2026-11-20T09:59:58Z", &[]).await);
    assert!(
        json["data"].as_array().unwrap().len() < 6000,
        "a large limit with few rows"
    );
}
