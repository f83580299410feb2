//! Coinbase Advanced: recordings, ccxt, requests, broken bytes.

use quantflow_model::{Side, Timeframe};
use quantflow_testkit::recorded::{self, Census};
use quantflow_venues::CoinbaseAdvanced;
use quantflow_wire::{Channel, Codec, DecodeError, EventKind, Input, Query, RequestError};

use crate::support::{book, json, recent_trades, venue_symbol};
use crate::venue::{
    answer, broken_frames, candles, compare_markets, compare_with_ccxt, count, message, target,
    ticker, wanted,
};

fn codec() -> CoinbaseAdvanced {
    CoinbaseAdvanced::new("coinbase-advanced".parse().unwrap())
}

fn days(symbol: &str) -> Query {
    crate::support::candles(symbol, Timeframe::D1)
}

#[test]
fn every_recording_decodes() {
    let codec = codec();
    let mut census = Census::of(&codec);
    let Some(files) = recorded::files("rest_ws_nautilus/coinbase") else {
        return;
    };
    for file in files {
        let bytes = recorded::bytes(&file).unwrap();
        let name = file.rsplit('/').next().unwrap();
        if name.starts_with("ws_") {
            count(&mut census, &codec, "socket", &Input::message(&bytes));
            continue;
        }
        let query = match name {
            "http_candles.json" => days("BTC-USD"),
            "http_product.json" => ticker("BTC-USD"),
            _ => Query::Instruments,
        };
        let input = Input::Answer {
            query: &query,
            body: &bytes,
        };
        count(&mut census, &codec, "rest", &input);
    }
    let long = "candles_ta4j/Coinbase-ETH-USD-PT1D-20160517_20251028.json.gz";
    let body = recorded::bytes(long).unwrap();
    let query = days("ETH-USD");
    let input = Input::Answer {
        query: &query,
        body: &body,
    };
    let events = count(&mut census, &codec, "rest", &input);
    let opens: Vec<_> = events
        .iter()
        .map(|event| match &event.kind {
            EventKind::Candle(candle) => candle.open_time,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(
        opens.windows(2).all(|pair| pair[0] < pair[1]),
        "they ascend"
    );
    assert_eq!(opens[0].to_string(), "2016-05-18T00:00:00Z");
    assert_eq!(opens.last().unwrap().to_string(), "2025-10-29T00:00:00Z");
    assert_eq!(census.decoded("trade"), 2);
    assert_eq!(census.decoded("book change"), 1);
    assert_eq!(census.decoded("ticker"), 2);
    assert!(census.decoded("candle") > 3_000);
    census.close();
}

#[test]
fn ccxt_says_the_same_but_for_the_side() {
    let codec = codec();
    compare_with_ccxt(
        &codec,
        "coinbase",
        &[(
            "side",
            "the venue names the maker's side, which ccxt gives for the taker's; in the recorded answer SELL stands at the best offer, so the taker bought: ours is right",
        )],
        |case| match case.method.as_str() {
            "fetchOHLCV" => crate::support::candles("BTC-USD", Timeframe::H1),
            "fetchTicker" => ticker("BTC-USD"),
            "fetchTrades" => recent_trades("BTC-USD"),
            other => panic!("{other}"),
        },
        |trade| trade.id.to_string(),
        compare_markets,
    );
}

#[test]
fn every_question_has_its_target() {
    let codec = codec();
    let (from, to) = (Some("2024-01-01T00:00:00Z"), Some("2024-01-02T00:00:00Z"));
    let quote = Query::BestQuote {
        symbol: Some(venue_symbol("BTC-USD")),
    };
    let market = "/api/v3/brokerage/market";
    for (query, expected) in [
        (Query::ServerTime, "/api/v3/brokerage/time".to_owned()),
        (
            Query::Instruments,
            format!("{market}/products?product_type=SPOT"),
        ),
        (
            ticker("BTC-USD"),
            format!("{market}/products/BTC-USD/ticker?limit=1"),
        ),
        (
            recent_trades("BTC-USD"),
            format!("{market}/products/BTC-USD/ticker?limit=1000"),
        ),
        (
            quote,
            format!("{market}/product_book?product_id=BTC-USD&limit=1"),
        ),
        (
            book("BTC-USD"),
            format!("{market}/product_book?product_id=BTC-USD&limit=1000"),
        ),
        (
            candles("BTC-USD", Timeframe::H1, from, to, 350),
            format!(
                "{market}/products/BTC-USD/candles?granularity=ONE_HOUR&start=1704067200&end=1704150000&limit=350"
            ),
        ),
    ] {
        assert_eq!(target(&codec, &query), expected, "{query:?}");
    }
    let unbounded = candles("BTC-USD", Timeframe::H1, None, None, 350);
    let error = codec.request(&unbounded).unwrap_err();
    assert!(matches!(error, RequestError::OutOfRange { .. }));
    let weeks = candles("BTC-USD", Timeframe::W1, from, to, 350);
    let error = codec.request(&weeks).unwrap_err();
    assert!(matches!(error, RequestError::NotOffered { .. }));
}

#[test]
fn each_channel_has_its_message() {
    let codec = codec();
    let stream = |channel| wanted("coinbase-advanced", "BTC/USD", "BTC-USD", channel);
    let streams = [
        Channel::Trades,
        Channel::Book,
        Channel::Candles(Timeframe::M5),
    ]
    .map(stream);
    let plans = codec.subscribe(&streams).unwrap();
    assert_eq!(plans.len(), 1);
    let messages: Vec<_> = plans[0]
        .messages
        .iter()
        .map(|m| json(m.as_bytes()))
        .collect();
    let of = |channel: &str| serde_json::json!({"type": "subscribe", "product_ids": ["BTC-USD"], "channel": channel});
    assert_eq!(
        messages,
        [
            serde_json::json!({"type": "subscribe", "channel": "heartbeats"}),
            of("market_trades"),
            of("level2"),
            of("candles"),
        ]
    );
    assert_eq!(codec.resubscribe(&streams[1]).len(), 2);
    let minutes = stream(Channel::Candles(Timeframe::M1));
    assert!(codec.subscribe(&[minutes]).is_err());
}

const MESSAGES: [&str; 7] = [
    r#"{"channel":"market_trades","client_id":"","timestamp":"2026-04-07T14:30:02.789012Z","sequence_num":5,"events":[{"type":"update","trades":[{"trade_id":"995098700","product_id":"BTC-USD","price":"68900.50","size":"0.00150000","side":"BUY","time":"2026-04-07T14:30:02.789012Z"}]}]}"#,
    r#"{"channel":"l2_data","client_id":"","timestamp":"2026-04-07T14:30:01.456789Z","sequence_num":1,"events":[{"type":"update","product_id":"BTC-USD","updates":[{"side":"bid","event_time":"2026-04-07T14:30:01.456789Z","price_level":"68900.00","new_quantity":"2.00000000"},{"side":"offer","event_time":"2026-04-07T14:30:01.456789Z","price_level":"68901.00","new_quantity":"0"}]}]}"#,
    r#"{"channel":"ticker","client_id":"","timestamp":"2026-04-07T14:30:03Z","sequence_num":12,"events":[{"type":"snapshot","tickers":[{"type":"ticker","product_id":"BTC-USD","price":"68900.50","volume_24_h":"15328.12","low_24_h":"67500.00","high_24_h":"69200.00","price_percent_chg_24_h":"1.85","best_bid":"68900.00","best_bid_quantity":"1.5","best_ask":"68901.00","best_ask_quantity":"0.5"}]}]}"#,
    r#"{"channel":"candles","client_id":"","timestamp":"2026-04-07T14:30:05Z","sequence_num":3,"events":[{"type":"update","candles":[{"start":"1775521800","high":"68950.00","low":"68850.00","open":"68900.00","close":"68920.50","volume":"42.15","product_id":"BTC-USD"}]}]}"#,
    r#"{"channel":"heartbeats","client_id":"","timestamp":"2026-04-07T14:30:10Z","sequence_num":0,"events":[{"current_time":"x","heartbeat_counter":42}]}"#,
    r#"{"channel":"subscriptions","client_id":"","timestamp":"2026-04-07T14:30:00Z","sequence_num":0,"events":[{"subscriptions":{"level2":["BTC-USD"]}}]}"#,
    r#"{"type":"error","message":"authentication failure"}"#,
];

#[test]
fn broken_frames_are_refused() {
    let quote = Query::BestQuote {
        symbol: Some(venue_symbol("BTC-USD")),
    };
    let levels = r#"{"pricebook":{"product_id":"BTC-USD","bids":[{"price":"1","size":"2"}],"asks":[{"price":"2","size":"3"}],"time":"2026-04-07T14:30:00Z"}}"#;
    let trades = r#"{"trades":[{"trade_id":"995098663","product_id":"BTC-USD","price":"68923.67","size":"0.00064","time":"2026-04-07T00:28:58.544778Z","side":"SELL","bid":"","ask":"","exchange":"coinbase"}],"best_bid":"68923.66","best_ask":"68923.67"}"#;
    let answers = [
        (
            Query::ServerTime,
            r#"{"iso":"2026-04-07T00:28:58Z","epochSeconds":"1775521738","epochMillis":"1775521738123"}"#,
        ),
        (
            days("BTC-USD"),
            r#"{"candles":[{"start":"1712192400","low":"66055.14","high":"66331.99","open":"66312.4","close":"66181.6","volume":"355.82896243"}]}"#,
        ),
        (recent_trades("BTC-USD"), trades),
        (ticker("BTC-USD"), trades),
        (
            ticker("BTC-USD"),
            r#"{"product_id":"BTC-USD","price":"68923.67","price_percentage_change_24h":"-0.28","volume_24h":"11005.02"}"#,
        ),
        (book("BTC-USD"), levels),
        (quote, levels),
        (
            Query::Instruments,
            r#"{"products":[{"product_id":"BTC-USD","base_increment":"0.00000001","quote_increment":"0.01","quote_min_size":"1","status":"online","trading_disabled":false,"product_type":"SPOT","quote_currency_id":"USD","base_currency_id":"BTC","price_increment":"0.01"}]}"#,
        ),
    ];
    assert!(broken_frames(&codec(), &MESSAGES, &answers) > 10_000);
}

#[test]
fn errors_name_what_was_wrong() {
    let codec = codec();
    let error = |bytes: &str| message(&codec, bytes.as_bytes()).unwrap_err().to_string();
    let broken = |from: &str, to: &str| error(&MESSAGES[0].replace(from, to));
    assert_eq!(
        broken("\"68900.50\"", "68900.50"),
        "trades: field \"price\" is 68900.50"
    );
    assert_eq!(broken("\"BUY\"", "\"\""), "trades: field \"side\" is \"\"");
    assert_eq!(
        error(r#"{"channel":"status","events":[]}"#),
        "unknown message \"status\""
    );
    let refused = br#"{"error":"NOT_FOUND","error_details":"valid product_id is required","message":"valid product_id is required"}"#;
    assert_eq!(
        answer(&codec, &ticker("X"), refused).unwrap_err(),
        DecodeError::Venue {
            code: 0,
            message: "NOT_FOUND: valid product_id is required".into()
        }
    );
}

#[test]
fn the_side_is_the_takers() {
    let events = message(&codec(), MESSAGES[0].as_bytes()).unwrap();
    let EventKind::Trade(said) = &events[0].kind else {
        panic!("{events:?}");
    };
    assert_eq!(said.trade.side, Side::Sell, "the maker bought");
}

#[test]
fn a_symbol_leads_nowhere_else() {
    crate::venue::symbols_lead_nowhere(&codec());
}
