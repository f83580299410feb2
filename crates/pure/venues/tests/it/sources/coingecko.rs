//! CoinGecko. Nothing of its API was recorded: the bytes are our own, after its documents.

use quantflow_model::Timeframe;
use quantflow_venues::CoinGecko;
use quantflow_wire::{Codec, DecodeError, EventKind, Input, Query};

use super::{candles, prices, read, symbol, target};
use crate::survives::{Good, checked, survives};

fn codec() -> CoinGecko {
    CoinGecko::new("coingecko".parse().unwrap())
}

fn of(timeframe: Timeframe, limit: u32) -> Query {
    Query::Candles {
        symbol: symbol("bitcoin/usd"),
        timeframe,
        from: None,
        to: None,
        limit,
    }
}

const OHLC: &str =
    "[[1709395200000,61942,62211,61721,61845.5],[1709409600000,61828,62139,61726,62139]]";
const PRICE: &str = r#"{"bitcoin":{"usd":67187.3358936566,"usd_24h_vol":31260929299.5,"usd_24h_change":3.637278946773539,"last_updated_at":1711356300}}"#;
const MARKETS: &str = r#"[{"id":"bitcoin","symbol":"btc","name":"Bitcoin","current_price":70187},{"id":"ethereum","symbol":"eth","name":"Ethereum","current_price":3}, {"id":"fake-bitcoin","symbol":"btc","name":"Not Bitcoin","current_price":1}]"#;

fn list() -> Query {
    codec().instrument_queries().remove(0)
}

#[test]
fn candles_begin_before_the_time_that_is_told() {
    let rows = read(&codec(), &of(Timeframe::H4, 180), OHLC.as_bytes()).unwrap();
    assert_eq!(rows[0].open_time.to_string(), "2024-03-02T12:00:00Z");
    assert_eq!(
        prices(&rows[0]),
        ["61942", "62211", "61721", "61845.5", "0"]
    );
    assert_eq!(rows.len(), 2);
    let refused = read(
        &codec(),
        &of(Timeframe::H4, 1),
        br#"{"status":{"error_code":429,"error_message":"You've exceeded the Rate Limit."}}"#,
    );
    assert!(
        matches!(refused, Err(DecodeError::Venue { code: 429, .. })),
        "{refused:?}"
    );
    let odd = read(
        &codec(),
        &of(Timeframe::H4, 1),
        b"[[1709395200001,1,1,1,1]]",
    );
    assert!(odd.is_err());
}

#[test]
fn the_list_names_coins_and_the_ticker_tells_their_price() {
    let query = list();
    let input = Input::Answer {
        query: &query,
        body: MARKETS.as_bytes(),
    };
    let events = checked(&codec(), &input).unwrap();
    let EventKind::Instruments(coins) = &events[0].kind else {
        panic!("{events:?}");
    };
    let names: Vec<_> = coins
        .iter()
        .map(|coin| (coin.symbol.as_str(), coin.venue_symbol.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("coingecko:BTC/USD", "bitcoin/usd"),
            ("coingecko:ETH/USD", "ethereum/usd")
        ]
    );
    let query = Query::Ticker {
        symbol: Some(symbol("bitcoin/usd")),
    };
    let input = Input::Answer {
        query: &query,
        body: PRICE.as_bytes(),
    };
    let event = &checked(&codec(), &input).unwrap()[0];
    let EventKind::Ticker(ticker) = &event.kind else {
        panic!("{event:?}");
    };
    assert_eq!(ticker.last.to_string(), "67187.3358936566");
    assert_eq!(
        ticker.change_percent.unwrap().to_string(),
        "3.637278946773539"
    );
    assert_eq!(ticker.close_time.unwrap().seconds(), 1_711_356_300);
}

#[test]
fn broken_answers_are_refused() {
    let (rows, coins) = (of(Timeframe::H4, 180), list());
    let price = Query::Ticker {
        symbol: Some(symbol("bitcoin/usd")),
    };
    let good = [
        Good::Answer(&rows, OHLC.as_bytes()),
        Good::Answer(&price, PRICE.as_bytes()),
        Good::Answer(&coins, MARKETS.as_bytes()),
    ];
    survives(&codec(), &good, false);
}

#[test]
fn queries_are_requests() {
    let codec = codec();
    assert_eq!(
        target(&codec, &of(Timeframe::M30, 48)),
        "/api/v3/coins/bitcoin/ohlc?vs_currency=usd&days=1&precision=full"
    );
    assert!(codec.request(&of(Timeframe::M30, 49)).is_err());
    assert!(
        codec
            .request(&candles("bitcoin/usd", Timeframe::D1))
            .is_err()
    );
    let price = Query::Ticker {
        symbol: Some(symbol("bitcoin/usd")),
    };
    let request = codec.request(&price).unwrap();
    assert!(
        request
            .target
            .starts_with("/api/v3/simple/price?ids=bitcoin&vs_currencies=usd&")
    );
    assert_eq!(request.key_header, Some("x-cg-demo-api-key"));
    assert_eq!(
        target(&codec, &list()),
        "/api/v3/coins/markets?vs_currency=usd&order=market_cap_desc&per_page=250&page=1"
    );
}
