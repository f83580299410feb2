//! Poloniex.

use quantflow_model::{Decimal, Symbol, Timeframe, Timestamp, TradeId, VenueSymbol};
use quantflow_testkit::recorded::ccxt::{self, Comparison};
use quantflow_testkit::recorded::{self, Census};
use quantflow_venues::Poloniex;
use quantflow_wire::{Channel, Codec, Event, EventKind, Input, Notice, Query, Subscription};

use crate::ladder::Ladder;
use crate::survives::{Good, checked, survives};
use crate::{cassette, gocryptotrader};

fn codec() -> Poloniex {
    Poloniex::new("poloniex".parse().unwrap())
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

fn book(name: &str) -> Query {
    Query::Book {
        symbol: symbol(name),
        limit: 20,
    }
}

fn trades(name: &str) -> Query {
    Query::RecentTrades {
        symbol: symbol(name),
        limit: 500,
    }
}

/// The query that a recorded route answers; `None` for what is never asked.
fn query_of(file: &str, answer: &gocryptotrader::Answer) -> Option<Query> {
    let name = file.split('.').next().unwrap();
    let about = name.strip_prefix("markets_").unwrap_or_default();
    let parts: Vec<_> = about.rsplitn(2, '_').collect();
    let of = |at: usize| symbol(parts[at]);
    Some(match name {
        "timestamp" => Query::ServerTime,
        "markets_ticker24h" => Query::Ticker { symbol: None },
        _ if name.ends_with("_candles") => {
            let timeframe = match answer.value("interval").unwrap() {
                "MINUTE_5" => Timeframe::M5,
                "HOUR_1" => Timeframe::H1,
                other => panic!("{other}"),
            };
            candles(parts[1], timeframe)
        }
        _ if name.ends_with("_orderBook") => book(parts[1]),
        _ if name.ends_with("_trades") => trades(parts[1]),
        _ if name.ends_with("_ticker24h") => Query::Ticker {
            symbol: Some(of(1)),
        },
        "markets_BTC_USDT" | "markets_MSN_USDT" => Query::Instruments,
        _ => return None,
    })
}

#[test]
fn recorded_answers_decode() {
    let Some(files) = recorded::files("rest_gocryptotrader/poloniex") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    for path in &files {
        let file = path.rsplit('/').next().unwrap();
        for answer in gocryptotrader::answers(&format!("poloniex/{file}")).unwrap() {
            let Some(query) = query_of(file, &answer) else {
                census.count(file, "an answer", "never asked");
                continue;
            };
            let input = Input::Answer {
                query: &query,
                body: answer.body(),
            };
            let _ = checked(&codec, &input);
            for event in census.take(&codec, file, &input) {
                match &event.kind {
                    EventKind::BookSnapshot(book) => {
                        let _ = Ladder::of(book).top().unwrap();
                    }
                    EventKind::Candle(candle) => {
                        assert!(candle.low <= candle.open && candle.open <= candle.high);
                        let end = candle.timeframe.end_of(candle.open_time);
                        assert_eq!(candle.close_time, end.plus_nanos(-1_000_000));
                    }
                    _ => {}
                }
            }
        }
    }
    assert_eq!(census.decoded("trade"), 510);
    assert_eq!(census.decoded("candle"), 82);
    census.close();
}

#[test]
fn answers_of_the_api_before_2022_are_named() {
    let Some(files) = recorded::files("rest_cassettes_coingecko/Poloniex") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    for path in &files {
        let name = path.strip_prefix("rest_cassettes_coingecko/").unwrap();
        for (_, body) in cassette::exchanges(name).unwrap() {
            let input = Input::Answer {
                query: &trades("BTC_LTC"),
                body: &body,
            };
            assert!(census.take(&codec, name, &input).is_empty());
        }
    }
    let name = "rest_ws_xchange/xchange-poloniex/marketdata__currency-info.json";
    let body = recorded::bytes(name).unwrap();
    let input = Input::Answer {
        query: &Query::Instruments,
        body: &body,
    };
    census.take(&codec, "xchange", &input);
    census.close();
}

#[test]
fn markets_are_those_of_ccxt() {
    let Some(cases) = ccxt::cases("poloniex") else {
        return;
    };
    let codec = codec();
    let mut compared = Comparison::default();
    for case in &cases {
        let input = Input::Answer {
            query: &Query::Instruments,
            body: &case.body,
        };
        let events = checked(&codec, &input).unwrap();
        let EventKind::Instruments(ours) = &events[0].kind else {
            panic!("{events:?}");
        };
        let theirs = case.unified.as_array().unwrap();
        assert_eq!(ours.len(), theirs.len());
        for ours in ours {
            let id = ours.venue_symbol.as_str();
            let theirs = theirs.iter().find(|theirs| theirs["id"] == id).unwrap();
            let least = ours.minimum_notional.map(|n| n.0);
            let numbers: [(&str, Option<Decimal>, &serde_json::Value); 3] = [
                (
                    "tick",
                    ours.tick.map(|n| n.0),
                    &theirs["precision"]["price"],
                ),
                ("lot", ours.lot.map(|n| n.0), &theirs["precision"]["amount"]),
                ("least", least, &theirs["limits"]["cost"]["min"]),
            ];
            for (what, ours, theirs) in numbers {
                compared.number(&format!("{id}: {what}"), ours, theirs);
            }
            let what = format!("{id}: symbol");
            compared.text(&what, Some(ours.symbol.instrument()), &theirs["symbol"]);
            assert_eq!(codec.spell(&ours.symbol).unwrap(), ours.venue_symbol);
        }
    }
    compared.close("poloniex", &[]);
}

/// Bytes of our own after the documents.
const MESSAGES: [&str; 8] = [
    r#"{"channel":"trades","data":[{"symbol":"BTC_USDT","amount":"70","quantity":"0.002","takerSide":"buy","createTime":1648059516810,"price":"104","id":"1648059516810","ts":1648059516832}]}"#,
    r#"{"channel":"ticker","data":[{"symbol":"BTC_USDT","startTime":1648059516000,"open":"1","high":"3","low":"0.5","close":"2","quantity":"10","amount":"20","tradeCount":5,"dailyChange":"-0.0392","markPrice":"2","closeTime":1648145916000,"ts":1648145916100}]}"#,
    r#"{"channel":"book_lv2","data":[{"symbol":"BTC_USDT","createTime":1648052239156,"asks":[["2","1"],["3","1"]],"bids":[["1","1"]],"lastId":953,"id":954,"ts":1648052239192}],"action":"snapshot"}"#,
    r#"{"channel":"book_lv2","data":[{"symbol":"BTC_USDT","createTime":1648052239156,"asks":[["2","0"]],"bids":[["2.5","4"]],"lastId":954,"id":955,"ts":1648052239192}],"action":"update"}"#,
    r#"{"channel":"candles_minute_1","data":[{"symbol":"BTC_USDT","open":"1","high":"3","low":"0.5","close":"2","quantity":"10","amount":"20","tradeCount":5,"startTime":1648057140000,"closeTime":1648057199999,"ts":1648057141081}]}"#,
    r#"{"event":"subscribe","channel":"trades","symbols":["BTC_USDT"]}"#,
    r#"{"event":"error","message":"Invalid channel"}"#,
    r#"{"event":"pong"}"#,
];

fn read(message: &str) -> Vec<Event> {
    checked(&codec(), &Input::message(message.as_bytes())).unwrap()
}

#[test]
fn messages_after_the_documents_mean_what_they_say() {
    let ticker = &read(MESSAGES[1])[0];
    let EventKind::Ticker(ticker) = &ticker.kind else {
        panic!("{ticker:?}");
    };
    assert_eq!(ticker.change_percent.unwrap().to_string(), "-3.92");
    let (snapshot, change) = (&read(MESSAGES[2])[0], &read(MESSAGES[3])[0]);
    let (EventKind::BookSnapshot(snapshot), EventKind::BookDelta(change)) =
        (&snapshot.kind, &change.kind)
    else {
        panic!("{snapshot:?} {change:?}");
    };
    assert_eq!(change.previous_update_id, Some(snapshot.last_update_id));
    let mut kept = Ladder::of(snapshot);
    kept.apply(change);
    let top = kept.top().unwrap().map(|n| n.to_string());
    assert_eq!(top, ["2.5", "4", "3", "1"]);
    let notices: Vec<_> = MESSAGES[5..]
        .iter()
        .map(|m| read(m)[0].kind.clone())
        .collect();
    assert!(matches!(
        notices.as_slice(),
        [
            EventKind::Notice(Notice::Subscribed { .. }),
            EventKind::Notice(Notice::Refused { .. }),
            EventKind::Notice(Notice::Heartbeat),
        ]
    ));
}

#[test]
fn broken_frames_are_refused_or_named() {
    let (five, depth, recent) = (candles("A_B", Timeframe::M5), book("A_B"), trades("A_B"));
    let answers: [(&Query, &str); 4] = [
        (
            &five,
            r#"[["1","4","2","3","10","5","6","3",14,1720121097116,"2.5","MINUTE_5",1720120800000,1720121099999]]"#,
        ),
        (
            &depth,
            r#"{"time":1742832730542,"scale":"0.01","asks":["2","1","3","1"],"bids":["1","2"],"ts":1742832730577}"#,
        ),
        (
            &recent,
            r#"[{"id":"7830","price":"0.0092","quantity":"470.2535","amount":"4.3","takerSide":"SELL","ts":1720071844431,"createTime":1720071844418}]"#,
        ),
        (
            &Query::Instruments,
            r#"[{"symbol":"BTC_USDT","baseCurrencyName":"BTC","quoteCurrencyName":"USDT","state":"NORMAL","symbolTradeLimit":{"priceScale":2,"quantityScale":6,"minAmount":"1"}}]"#,
        ),
    ];
    let good: Vec<Good<'_>> = MESSAGES
        .iter()
        .map(|message| Good::Message(message.as_bytes()))
        .chain(
            answers
                .iter()
                .map(|(query, body)| Good::Answer(query, body.as_bytes())),
        )
        .collect();
    survives(&codec(), &good, false);
}

#[test]
fn queries_are_requests_and_streams_are_messages() {
    let codec = codec();
    let (from, to) = (Timestamp::from_millis(5), Timestamp::from_millis(9));
    let span = Query::Candles {
        symbol: symbol("BTC_USDT"),
        timeframe: Timeframe::H4,
        from: Some(from),
        to: Some(to),
        limit: 500,
    };
    for (query, target) in [
        (Query::ServerTime, "/timestamp"),
        (Query::Instruments, "/markets"),
        (
            span,
            "/markets/BTC_USDT/candles?interval=HOUR_4&limit=500&startTime=5&endTime=8",
        ),
        (trades("BTC_USDT"), "/markets/BTC_USDT/trades?limit=500"),
        (
            Query::Book {
                symbol: symbol("BTC_USDT"),
                limit: 101,
            },
            "/markets/BTC_USDT/orderBook?limit=150",
        ),
        (Query::Ticker { symbol: None }, "/markets/ticker24h"),
        (
            Query::BestQuote {
                symbol: Some(symbol("A/B")),
            },
            "/markets/A%2FB/ticker24h",
        ),
    ] {
        assert_eq!(codec.request(&query).unwrap().target, target);
    }
    // a page of history ends at a time
    let page = Query::Candles {
        symbol: symbol("BTC_USDT"),
        timeframe: Timeframe::H1,
        from: None,
        to: Some(Timestamp::from_seconds(3 * 3_600)),
        limit: 2,
    };
    let asked = codec.request(&page).unwrap().target;
    assert!(
        asked.ends_with(
            "/markets/BTC_USDT/candles?interval=HOUR_1&limit=2&startTime=3600000&endTime=10799999"
        ),
        "{asked}"
    );
    for refused in [
        candles("BTC_USDT", Timeframe::W1),
        Query::Book {
            symbol: symbol("A_B"),
            limit: 151,
        },
        Query::TradesFromId {
            symbol: symbol("A_B"),
            from: TradeId(1),
            limit: 1,
        },
    ] {
        assert!(codec.request(&refused).is_err(), "{refused:?}");
    }
    let wanted = |ours: &str, channel| {
        let ours = Symbol::new(&codec.describe().id, ours).unwrap();
        Subscription {
            venue_symbol: codec.spell(&ours).unwrap(),
            symbol: ours,
            channel,
        }
    };
    let plans = codec
        .subscribe(&[
            wanted("BTC/USDT", Channel::Trades),
            wanted("BTC/USDT", Channel::Candles(Timeframe::M15)),
            wanted("ETH/USDT", Channel::Trades),
        ])
        .unwrap();
    assert_eq!(plans[0].target, "/ws/public");
    assert_eq!(
        plans[0].messages,
        [
            r#"{"channel":["trades"],"event":"subscribe","symbols":["BTC_USDT","ETH_USDT"]}"#,
            r#"{"channel":["candles_minute_15"],"event":"subscribe","symbols":["BTC_USDT"]}"#,
        ]
    );
    assert!(
        codec
            .subscribe(&[wanted("BTC/USDT", Channel::Quotes)])
            .is_err()
    );
}
