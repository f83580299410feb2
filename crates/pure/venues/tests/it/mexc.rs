//! MEXC. Nothing of it was recorded: all bytes here are our own, after its documents.

use quantflow_model::{Side, Symbol, Timeframe, Timestamp, TradeId, VenueSymbol};
use quantflow_venues::Mexc;
use quantflow_wire::{
    Channel, Codec, DecodeError, Event, EventKind, Input, Notice, Query, Route, Subscription,
};

use crate::survives::{Good, checked, survives};

fn codec() -> Mexc {
    Mexc::new("mexc".parse().unwrap())
}

fn symbol(text: &str) -> VenueSymbol {
    VenueSymbol::new(text).unwrap()
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend(value);
}

/// A message of texts by their numbers.
fn texts(fields: &[(u64, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (field, text) in fields {
        bytes(&mut out, *field, text.as_bytes());
    }
    out
}

fn envelope(channel: &str, body: u64, content: &[u8]) -> Vec<u8> {
    let mut out = texts(&[(1, channel), (3, "BTCUSDT")]);
    number(&mut out, 6, 1_736_409_765_052);
    bytes(&mut out, body, content);
    out
}

fn deal(price: &str, quantity: &str, kind: u64) -> Vec<u8> {
    let mut out = texts(&[(1, price), (2, quantity)]);
    number(&mut out, 3, kind);
    number(&mut out, 4, 1_736_409_765_051);
    out
}

fn deals() -> Vec<u8> {
    let mut body = Vec::new();
    for deal in [
        deal("93220.00", "0.04438243", 2),
        deal("93220.00", "0.04438243", 2),
        deal("93221.5", "1", 1),
    ] {
        bytes(&mut body, 1, &deal);
    }
    bytes(&mut body, 2, b"spot@public.aggre.deals.v3.api.pb@100ms");
    envelope(
        "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT",
        314,
        &body,
    )
}

fn depths(from: &str, to: &str) -> Vec<u8> {
    let mut body = Vec::new();
    bytes(&mut body, 1, &texts(&[(1, "92878.10"), (2, "1.25")]));
    bytes(&mut body, 2, &texts(&[(1, "92877.58"), (2, "0.00000000")]));
    bytes(&mut body, 2, &texts(&[(1, "92877.50"), (2, "3.5")]));
    body.extend(texts(&[
        (3, "spot@public.aggre.depth.v3.api.pb@100ms"),
        (4, from),
        (5, to),
    ]));
    envelope(
        "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT",
        313,
        &body,
    )
}

fn best() -> Vec<u8> {
    let body = texts(&[
        (1, "93387.28"),
        (2, "3.73485"),
        (3, "93387.29"),
        (4, "7.669875"),
    ]);
    envelope(
        "spot@public.aggre.bookTicker.v3.api.pb@100ms@BTCUSDT",
        315,
        &body,
    )
}

fn candle() -> Vec<u8> {
    let mut body = texts(&[(1, "Min15")]);
    number(&mut body, 2, 1_736_410_500);
    let prices = [(3, "92925"), (4, "93158.47"), (5, "93158.47"), (6, "92800")];
    body.extend(texts(&prices));
    body.extend(texts(&[(7, "36.83803224"), (8, "3424811.05")]));
    number(&mut body, 9, 1_736_411_400);
    let mut out = texts(&[
        (1, "spot@public.kline.v3.api.pb@BTCUSDT@Min15"),
        (3, "BTCUSDT"),
    ]);
    number(&mut out, 5, 1_736_410_707_571);
    bytes(&mut out, 308, &body);
    out
}

fn read(message: &[u8]) -> Result<Vec<Event>, DecodeError> {
    checked(&codec(), &Input::message(message))
}

#[test]
fn each_kind_of_message_means_what_it_says() {
    let events = read(&deals()).unwrap();
    let trades: Vec<_> = events
        .iter()
        .map(|event| match &event.kind {
            EventKind::Trade(event) => event.trade,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(trades.len(), 3);
    assert_eq!(trades[0].price.to_string(), "93220");
    assert_eq!(trades[0].quantity.to_string(), "0.04438243");
    assert_eq!((trades[0].side, trades[2].side), (Side::Sell, Side::Buy));
    assert_eq!(trades[0].time.millis(), 1_736_409_765_051);
    assert_eq!(
        trades[1].id,
        trades[0].id.next(),
        "equal trades are counted"
    );
    assert_eq!(events[0].sent.unwrap().millis(), 1_736_409_765_052);

    // the same trades in an answer have the same ids
    let recent = Query::RecentTrades {
        symbol: symbol("BTCUSDT"),
        limit: 5,
    };
    let body = br#"[{"id":null,"price":"93220.00","qty":"0.04438243","quoteQty":"4137","time":1736409765051,"isBuyerMaker":true,"isBestMatch":true}]"#;
    let input = Input::Answer {
        query: &recent,
        body,
    };
    let again = &checked(&codec(), &input).unwrap()[0];
    let EventKind::Trade(again) = &again.kind else {
        panic!("{again:?}");
    };
    assert_eq!(again.trade, trades[0]);

    let change = &read(&depths("10589632359", "10589632361")).unwrap()[0];
    let EventKind::BookDelta(change) = &change.kind else {
        panic!("{change:?}");
    };
    assert_eq!(change.first_update_id, 10_589_632_359);
    assert_eq!(change.last_update_id, 10_589_632_361);
    assert_eq!((change.bids.len(), change.asks.len()), (2, 1));
    assert!(change.bids[0].quantity.0.is_zero());

    let quote = &read(&best()).unwrap()[0];
    let EventKind::Quote(quote) = &quote.kind else {
        panic!("{quote:?}");
    };
    assert_eq!(quote.ask_quantity.to_string(), "7.669875");

    let candle = &read(&candle()).unwrap()[0];
    let EventKind::Candle(candle) = &candle.kind else {
        panic!("{candle:?}");
    };
    assert_eq!(candle.timeframe, Timeframe::M15);
    assert_eq!(candle.open_time.seconds(), 1_736_410_500);
    let prices = [candle.open, candle.high, candle.low, candle.close];
    assert_eq!(
        prices.map(|price| price.to_string()),
        ["92925", "93158.47", "92800", "93158.47"]
    );
    assert_eq!(candle.quote_volume.unwrap().to_string(), "3424811.05");
}

#[test]
fn words_about_the_connection_are_told_apart() {
    let notice = |text: &str| match &read(text.as_bytes()).unwrap()[0].kind {
        EventKind::Notice(notice) => notice.clone(),
        other => panic!("{other:?}"),
    };
    assert!(matches!(
        notice(r#"{"id":0,"code":0,"msg":"PONG"}"#),
        Notice::Heartbeat
    ));
    let taken = r#"{"id":0,"code":0,"msg":"spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT"}"#;
    assert!(matches!(notice(taken), Notice::Subscribed { id: Some(0) }));
    let blocked =
        r#"{"id":0,"code":0,"msg":"Not Subscribed successfully! [spot@x]. Reason: Blocked!"}"#;
    assert!(matches!(notice(blocked), Notice::Refused { code: 0, .. }));
    let old = br#"{"c":"spot@public.deals.v3.api@BTCUSDT","d":{"deals":[]},"s":"BTCUSDT","t":1}"#;
    assert!(matches!(read(old), Err(DecodeError::UnknownMessage(_))));
}

#[test]
fn what_may_stand_once_stands_once_and_other_bodies_are_named() {
    let mut twice = best();
    twice.extend(texts(&[(3, "ETHUSDT")]));
    assert!(matches!(read(&twice), Err(DecodeError::Malformed(_))));
    let unknown = envelope("spot@public.miniTicker.v3.api.pb@BTCUSDT", 309, b"");
    let Err(DecodeError::UnknownMessage(name)) = read(&unknown) else {
        panic!("named");
    };
    assert!(name.starts_with("body 309"), "{name}");
    assert!(matches!(
        read(&depths("9", "8")),
        Err(DecodeError::BadField { .. })
    ));
    assert!(matches!(
        read(&depths("+9", "10")),
        Err(DecodeError::BadField { .. })
    ));
    let mut more = best();
    number(&mut more, 77, 1);
    assert_eq!(read(&more), read(&best()), "unknown fields are passed over");
    assert_eq!(
        codec().route(&Input::message(&best())),
        Route::Symbol("BTCUSDT")
    );
}

#[test]
fn broken_frames_are_refused_or_named() {
    let klines = Query::Candles {
        symbol: symbol("BTCUSDT"),
        timeframe: Timeframe::M1,
        from: None,
        to: None,
        limit: 5,
    };
    let depth = Query::Book {
        symbol: symbol("BTCUSDT"),
        limit: 5,
    };
    let recent = Query::RecentTrades {
        symbol: symbol("BTCUSDT"),
        limit: 5,
    };
    let ticker = Query::Ticker { symbol: None };
    let best_quote = Query::BestQuote {
        symbol: Some(symbol("AEUSDT")),
    };
    let answers: [(&Query, &str); 7] = [
        (&Query::ServerTime, r#"{"serverTime":1645539742000}"#),
        (
            &klines,
            r#"[[1640804880000,"47482.36","47482.36","47416.57","47436.1","3.550717",1640804940000,"168387.3"]]"#,
        ),
        (
            &depth,
            r#"{"lastUpdateId":1112416,"bids":[["15.00000","49999.00000"]],"asks":[["16.0000","1.0000"]]}"#,
        ),
        (
            &recent,
            r#"[{"id":null,"price":"23","qty":"0.478468","quoteQty":"11.004764","time":1640830579240,"isBuyerMaker":true,"isBestMatch":true}]"#,
        ),
        (
            &ticker,
            r#"[{"symbol":"BTCUSDT","priceChange":"184.34","priceChangePercent":"0.00400048","prevClosePrice":"46079.37","lastPrice":"46263.71","bidPrice":"46260.38","bidQty":"","askPrice":"46260.41","askQty":"","openPrice":"46079.37","highPrice":"47550.01","lowPrice":"45555.5","volume":"1732.461487","quoteVolume":null,"openTime":1641349500000,"closeTime":1641349582808,"count":null}]"#,
        ),
        (
            &best_quote,
            r#"{"symbol":"AEUSDT","bidPrice":"0.11001","bidQty":"115.59","askPrice":"0.11127","askQty":"215.48"}"#,
        ),
        (
            &Query::Instruments,
            r#"{"serverTime":1645539742000,"symbols":[{"symbol":"TOMO3LUSDT","status":"1","baseAsset":"TOMO3L","baseAssetPrecision":2,"quoteAsset":"USDT","quotePrecision":3,"quoteAmountPrecision":"5","baseSizePrecision":"0.0001"}]}"#,
        ),
    ];
    let good: Vec<Good<'_>> = answers
        .iter()
        .map(|(query, body)| Good::Answer(query, body.as_bytes()))
        .collect();
    survives(&codec(), &good, false);
    // a message may be cut between two fields and still be one: the body is its last here, so that a
    // cut loses it or breaks it
    let messages = [deals(), depths("1", "2"), best(), candle()];
    let good: Vec<Good<'_>> = messages.iter().map(|m| Good::Message(m)).collect();
    survives(&codec(), &good, false);
}

#[test]
fn answers_mean_what_they_say() {
    let ticker = Query::Ticker {
        symbol: Some(symbol("BTCUSDT")),
    };
    let body = br#"{"symbol":"BTCUSDT","priceChangePercent":"0.00400048","lastPrice":"46263.71","bidPrice":"46260.38","bidQty":"","askPrice":"46260.41","askQty":"","quoteVolume":null}"#;
    let input = Input::Answer {
        query: &ticker,
        body,
    };
    let event = &checked(&codec(), &input).unwrap()[0];
    let EventKind::Ticker(told) = &event.kind else {
        panic!("{event:?}");
    };
    assert_eq!(told.change_percent.unwrap().to_string(), "0.400048");
    assert_eq!((told.quote, told.quote_volume), (None, None));
    let klines = Query::Candles {
        symbol: symbol("BTCUSDT"),
        timeframe: Timeframe::M1,
        from: None,
        to: None,
        limit: 5,
    };
    let body = br#"[[1640804880000,"4","7","3","5","3.550717",1640804940000,"168387.3"]]"#;
    let input = Input::Answer {
        query: &klines,
        body,
    };
    let event = &checked(&codec(), &input).unwrap()[0];
    let EventKind::Candle(candle) = &event.kind else {
        panic!("{event:?}");
    };
    let shown = [candle.open, candle.high, candle.low, candle.close].map(|p| p.to_string());
    assert_eq!(shown, ["4", "7", "3", "5"]);
    assert_eq!(candle.close_time.millis(), 1_640_804_939_999);
    let body = br#"{"serverTime":1,"symbols":[{"symbol":"BTCUSDT","status":"1","baseAsset":"BTC","baseAssetPrecision":6,"quoteAsset":"USDT","quotePrecision":2,"quoteAmountPrecision":"1"}]}"#;
    let input = Input::Answer {
        query: &Query::Instruments,
        body,
    };
    let event = &checked(&codec(), &input).unwrap()[0];
    let EventKind::Instruments(list) = &event.kind else {
        panic!("{event:?}");
    };
    assert_eq!(list[0].symbol.to_string(), "mexc:BTC/USDT");
    assert_eq!(list[0].tick.unwrap().to_string(), "0.01");
    assert_eq!(list[0].lot.unwrap().to_string(), "0.000001");
    let body = br#"{"code":-1121,"msg":"Invalid symbol."}"#;
    let input = Input::Answer {
        query: &ticker,
        body,
    };
    let refused = checked(&codec(), &input);
    assert!(matches!(
        refused,
        Err(DecodeError::Venue { code: -1121, .. })
    ));
}

#[test]
fn queries_are_requests_and_streams_are_messages() {
    let codec = codec();
    let btc = || symbol("BTCUSDT");
    let span = Query::Candles {
        symbol: btc(),
        timeframe: Timeframe::H1,
        from: Some(Timestamp::from_millis(5)),
        to: Some(Timestamp::from_millis(9)),
        limit: 1_000,
    };
    for (query, target, weight) in [
        (Query::ServerTime, "time", 1),
        (Query::Instruments, "exchangeInfo", 10),
        (
            span,
            "klines?symbol=BTCUSDT&interval=60m&startTime=5&endTime=8&limit=1000",
            1,
        ),
        (
            Query::RecentTrades {
                symbol: btc(),
                limit: 9,
            },
            "trades?symbol=BTCUSDT&limit=9",
            5,
        ),
        (
            Query::Book {
                symbol: btc(),
                limit: 5_000,
            },
            "depth?symbol=BTCUSDT&limit=5000",
            1,
        ),
        (Query::Ticker { symbol: None }, "ticker/24hr", 40),
        (
            Query::BestQuote {
                symbol: Some(btc()),
            },
            "ticker/bookTicker?symbol=BTCUSDT",
            1,
        ),
    ] {
        let request = codec.request(&query).unwrap();
        assert_eq!(request.target, format!("/api/v3/{target}"));
        assert_eq!(request.weight, weight);
    }
    // a page of history ends at a time
    let page = Query::Candles {
        symbol: symbol("BTCUSDT"),
        timeframe: Timeframe::H1,
        from: None,
        to: Some(Timestamp::from_seconds(3 * 3_600)),
        limit: 2,
    };
    let asked = codec.request(&page).unwrap().target;
    assert!(
        asked.ends_with(
            "klines?symbol=BTCUSDT&interval=60m&startTime=3600000&endTime=10799999&limit=2"
        ),
        "{asked}"
    );
    for refused in [
        Query::Book {
            symbol: btc(),
            limit: 5_001,
        },
        Query::TradesFromId {
            symbol: btc(),
            from: TradeId(1),
            limit: 1,
        },
    ] {
        assert!(codec.request(&refused).is_err(), "{refused:?}");
    }
    let ours = Symbol::new(&codec.describe().id, "BTC/USDT").unwrap();
    let wanted = |channel| Subscription {
        venue_symbol: codec.spell(&ours).unwrap(),
        symbol: ours.clone(),
        channel,
    };
    let plans = codec
        .subscribe(&[
            wanted(Channel::Trades),
            wanted(Channel::Book),
            wanted(Channel::Quotes),
            wanted(Channel::Candles(Timeframe::H4)),
        ])
        .unwrap();
    assert_eq!(plans[0].target, "/ws");
    assert_eq!(
        plans[0].messages,
        [
            r#"{"method":"SUBSCRIPTION","params":["spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT","spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT","spot@public.aggre.bookTicker.v3.api.pb@100ms@BTCUSDT","spot@public.kline.v3.api.pb@BTCUSDT@Hour4"]}"#
        ]
    );
    let many: Vec<_> = (0..31)
        .map(|n| Subscription {
            venue_symbol: symbol(&format!("A{n}USDT")),
            ..wanted(Channel::Trades)
        })
        .collect();
    assert_eq!(codec.subscribe(&many).unwrap().len(), 2);
}
