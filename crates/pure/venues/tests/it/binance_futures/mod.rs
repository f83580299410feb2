//! Binance's futures markets.

mod captures;
mod recordings;
mod requests;

use quantflow_model::{Side, Timeframe, VenueSymbol};
use quantflow_venues::BinanceFutures;
use quantflow_venues::binance_futures::Market;
use quantflow_wire::{DecodeError, EventKind, Input, Query};

use crate::survives::{Good, checked, survives};

fn usd() -> BinanceFutures {
    BinanceFutures::new("binance-usdm".parse().unwrap(), Market::Usd)
}

fn coin() -> BinanceFutures {
    BinanceFutures::new("binance-coinm".parse().unwrap(), Market::Coin)
}

fn symbol(text: &str) -> VenueSymbol {
    VenueSymbol::new(text).unwrap()
}

fn candles(name: &str, timeframe: Timeframe) -> Query {
    Query::Candles {
        symbol: symbol(name),
        timeframe,
        from: None,
        to: None,
        limit: 500,
    }
}

/// Bytes of our own after the documents and the recordings.
#[test]
fn broken_frames_are_refused_or_named() {
    let messages = [
        r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161256322,"T":1723161256322,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false}}"#,
        r#"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161256299,"T":1723161256298,"s":"BTCUSDT","U":5123107832006,"u":5123107837557,"pu":5123107831937,"b":[["58710.20","0.014"]],"a":[["61800.30","0"]]}}"#,
        r#"{"e":"bookTicker","u":5123107839020,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":1723161256313}"#,
        r#"{"e":"aggTrade","E":1626992741575,"a":16599292,"s":"CTKUSDT","p":"1.01100","q":"10","f":23961322,"l":23961322,"T":1626992741421,"m":false}"#,
        r#"{"e":"kline","E":1626992741424,"s":"CTKUSDT","k":{"t":1626992700000,"T":1626992759999,"s":"CTKUSDT","i":"1m","f":23961275,"L":23961322,"o":"1.01000","c":"1.01100","h":"1.01100","l":"1.01000","v":"3917","n":48,"x":false,"q":"3957.89900","V":"1729","Q":"1748.01900","B":"0"}}"#,
        r#"{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000000","i":"11784.62659091","P":"11784.25641265","r":"0.00038167","T":1562306400000}"#,
        r#"{"e":"forceOrder","E":1568014460893,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"0.014","p":"9910","ap":"9910","X":"FILLED","l":"0.014","z":"0.014","T":1568014460893}}"#,
        r#"{"result":null,"id":1}"#,
        r#"{"error":{"code":2,"msg":"Invalid request"},"id":7}"#,
    ];
    let book = Query::Book {
        symbol: symbol("BTCUSDT"),
        limit: 5,
    };
    let state = Query::Contract { symbol: None };
    let answers: [(&Query, &str); 4] = [
        (
            &candles("BTCUSDT", Timeframe::M1),
            r#"[[1602669900000,"50.49","50.52","50.31","50.33","3811.648",1602670199999,"192171.59398",1517,"956.116","48217.57292","0"]]"#,
        ),
        (
            &book,
            r#"{"lastUpdateId":78378956573,"E":1602818750782,"T":1602818750767,"bids":[["11492.09","0.004"]],"asks":[["11492.10","0.191"]]}"#,
        ),
        (
            &state,
            r#"[{"symbol":"BTCUSDT","markPrice":"26780.82","indexPrice":"26798.25","lastFundingRate":"0.00001226","nextFundingTime":1687248000000,"time":1687244112000}]"#,
        ),
        (
            &Query::Instruments,
            r#"{"serverTime":1626858243909,"symbols":[{"symbol":"BTCUSDT_210924","contractType":"CURRENT_QUARTER","deliveryDate":1632470400000,"status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","marginAsset":"USDT","filters":[{"filterType":"PRICE_FILTER","tickSize":"0.01"},{"filterType":"MIN_NOTIONAL","notional":"5"}]}]}"#,
        ),
    ];
    let good: Vec<Good<'_>> = messages
        .iter()
        .map(|message| Good::Message(message.as_bytes()))
        .chain(
            answers
                .iter()
                .map(|(query, body)| Good::Answer(query, body.as_bytes())),
        )
        .collect();
    survives(&usd(), &good, false);
    let coins = r#"{"serverTime":1626836043975,"symbols":[{"symbol":"BTCUSD_PERP","contractType":"PERPETUAL","deliveryDate":4133404800000,"contractStatus":"TRADING","contractSize":100,"marginAsset":"BTC","baseAsset":"BTC","quoteAsset":"USD","filters":[{"filterType":"LOT_SIZE","stepSize":"1"}]}]}"#;
    let list = Good::Answer(&Query::Instruments, coins.as_bytes());
    survives(&coin(), &[list, good[1]], false);
}

fn said(codec: &BinanceFutures, message: &str) -> Result<EventKind, DecodeError> {
    let mut events = checked(codec, &Input::message(message.as_bytes()))?;
    Ok(events.remove(0).kind)
}

/// Bytes of our own after the documents.
#[test]
fn a_liquidation_is_what_was_executed_else_what_was_ordered() {
    let order = |average: &str, filled: &str| {
        format!(
            r#"{{"e":"forceOrder","E":1568014460893,"o":{{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"0.014","p":"9910","ap":"{average}","X":"FILLED","l":"0.01","z":"{filled}","T":1568014460891}}}}"#
        )
    };
    for (average, filled, expected) in [
        ("9912.5", "0.01", ["9912.5", "0.01"]),
        ("0", "0", ["9910", "0.014"]),
    ] {
        let EventKind::Liquidation(closed) = said(&usd(), &order(average, filled)).unwrap() else {
            panic!("a liquidation");
        };
        assert_eq!(
            [closed.price.to_string(), closed.quantity.to_string()],
            expected
        );
        assert_eq!(
            (closed.side, closed.time.millis()),
            (Side::Sell, 1_568_014_460_891)
        );
    }
}

/// Bytes of our own after the documents.
#[test]
fn a_dated_contract_has_no_funding() {
    let dated = r#"{"e":"markPriceUpdate","E":1596095725000,"s":"BTCUSD_201225","p":"10934.62615417","P":"10962.17178236","r":"","T":0}"#;
    let EventKind::Contract(state) = said(&coin(), dated).unwrap() else {
        panic!("a contract");
    };
    assert_eq!(
        (state.funding_rate, state.funding_time, state.index),
        (None, None, None)
    );
    assert_eq!(state.settlement.unwrap().to_string(), "10962.17178236");
}

/// Bytes of our own after the recordings: what spot sends, and what is no trade.
#[test]
fn what_is_spots_or_no_trade_is_named() {
    let of_coin = r#"{"e":"kline","E":1626916405054,"s":"ETHUSD_210924","k":{"t":1626916380000,"T":1626916439999,"s":"ETHUSD_210924","i":"1m","f":1,"L":2,"o":"1992.70","c":"1992.17","h":"1993.71","l":"1992.17","v":"1893","n":41,"x":false,"q":"9.49653573","V":"1368","Q":"6.86228695","B":"0"}}"#;
    let quote_volume = |codec: &BinanceFutures| match said(codec, of_coin).unwrap() {
        EventKind::Candle(candle) => candle.quote_volume.map(|volume| volume.to_string()),
        other => panic!("{other:?}"),
    };
    assert_eq!(quote_volume(&coin()), None, "it is the volume in the coin");
    assert_eq!(quote_volume(&usd()), Some("9.49653573".into()));
    for (message, part) in [
        (
            r#"{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":1,"p":"0","q":"0","X":"NA","m":true}"#,
            "NA",
        ),
        (
            r#"{"e":"aggTrade","E":1,"s":"BTCUSDT","a":1,"p":"1","q":"1","f":1,"l":1,"T":1,"m":false,"M":true}"#,
            "of spot",
        ),
        (
            r#"{"e":"compositeIndex","E":1,"s":"DEFIUSDT"}"#,
            "compositeIndex",
        ),
    ] {
        let Err(DecodeError::UnknownMessage(name)) = said(&usd(), message) else {
            panic!("{message}");
        };
        assert!(name.contains(part), "{name}");
    }
    let spot_change = r#"{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":1,"u":2,"b":[],"a":[]}"#;
    assert!(matches!(
        said(&usd(), spot_change),
        Err(DecodeError::Missing { field: "pu", .. })
    ));
    let spot_trade =
        r#"{"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"1","q":"1","T":1,"m":true,"M":true}"#;
    assert!(matches!(
        said(&usd(), spot_trade),
        Err(DecodeError::Missing { field: "X", .. })
    ));
}

/// Bytes of our own after the documents.
#[test]
fn a_coins_ticker_counts_contracts() {
    let query = Query::Ticker {
        symbol: Some(symbol("BTCUSD_200925")),
    };
    let body = br#"[{"symbol":"BTCUSD_200925","pair":"BTCUSD","priceChange":"136.6","priceChangePercent":"1.436","weightedAvgPrice":"9547.3","lastPrice":"9651.6","lastQty":"1","openPrice":"9515.0","highPrice":"9687.0","lowPrice":"9499.5","volume":"494109","baseVolume":"5192.94797687","openTime":1591170300000,"closeTime":1591256718418,"firstId":600507,"lastId":697803,"count":97297}]"#;
    let input = Input::Answer {
        query: &query,
        body,
    };
    let event = &checked(&coin(), &input).unwrap()[0];
    let EventKind::Ticker(ticker) = &event.kind else {
        panic!("{event:?}");
    };
    assert_eq!(ticker.volume.unwrap().to_string(), "494109");
    assert_eq!((ticker.quote_volume, ticker.trades), (None, Some(97_297)));
    // of contracts in stablecoins the quote volume must be there
    assert!(checked(&usd(), &input).is_err());
}
