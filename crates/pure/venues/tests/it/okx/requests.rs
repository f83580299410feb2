//! What is asked of OKX, to the letter.

use quantflow_model::{Timeframe, TradeId};
use quantflow_venues::okx::{SocketRequest, read_socket_request, read_target};
use quantflow_wire::{Channel, Codec, Query, RequestError, Subscription};
use serde_json::{Value, json};

use super::codec;
use crate::broken::symbol;

fn at(text: &str) -> Option<quantflow_model::Timestamp> {
    text.parse().ok()
}

fn target(query: &Query) -> (String, u32) {
    let request = codec().request(query).unwrap();
    assert!(request.headers.is_empty() && request.body.is_empty());
    (request.target, request.weight)
}

#[test]
fn every_question_has_its_target() {
    let spot = || symbol("BTC-USDT");
    let swap = || symbol("BTC-USD-SWAP");
    let (from, to) = (at("2024-01-01T00:00:00Z"), at("2024-01-02T00:00:00Z"));
    let candles = |from, to, limit| Query::Candles {
        symbol: spot(),
        timeframe: Timeframe::D1,
        from,
        to,
        limit,
    };
    for (query, expected, weight) in [
        (Query::ServerTime, "/api/v5/public/time", 4),
        (
            candles(None, None, 300),
            "/api/v5/market/candles?instId=BTC-USDT&bar=1Dutc&limit=300",
            1,
        ),
        (
            candles(None, to, 100),
            "/api/v5/market/history-candles?instId=BTC-USDT&bar=1Dutc&after=1704153600000&limit=100",
            2,
        ),
        (
            candles(from, to, 100),
            "/api/v5/market/history-candles?instId=BTC-USDT&bar=1Dutc&before=1704067199999&after=1704153600000&limit=100",
            2,
        ),
        (
            // the page ends where three candles do: the venue would answer with the newest of a span
            candles(from, None, 3),
            "/api/v5/market/history-candles?instId=BTC-USDT&bar=1Dutc&before=1704067199999&after=1704326400000&limit=3",
            2,
        ),
        (
            Query::RecentTrades {
                symbol: spot(),
                limit: 500,
            },
            "/api/v5/market/trades?instId=BTC-USDT&limit=500",
            1,
        ),
        (
            Query::TradesFromId {
                symbol: spot(),
                from: TradeId(1_000),
                limit: 100,
            },
            "/api/v5/market/history-trades?instId=BTC-USDT&type=1&after=1100&limit=100",
            2,
        ),
        (
            Query::TradesBeforeId {
                symbol: spot(),
                before: TradeId(1_000),
                limit: 10,
            },
            "/api/v5/market/history-trades?instId=BTC-USDT&type=1&after=1000&limit=10",
            2,
        ),
        (
            Query::Trades {
                symbol: spot(),
                from,
                to,
                limit: 100,
            },
            "/api/v5/market/history-trades?instId=BTC-USDT&type=2&after=1704153600000&limit=100",
            2,
        ),
        (
            Query::Book {
                symbol: spot(),
                limit: 400,
            },
            "/api/v5/market/books?instId=BTC-USDT&sz=400",
            1,
        ),
        (
            Query::Book {
                symbol: spot(),
                limit: 401,
            },
            "/api/v5/market/books-full?instId=BTC-USDT&sz=401",
            4,
        ),
        (
            Query::Ticker {
                symbol: Some(spot()),
            },
            "/api/v5/market/ticker?instId=BTC-USDT",
            2,
        ),
        (
            Query::Contract {
                symbol: Some(swap()),
            },
            "/api/v5/public/mark-price?instType=SWAP&instId=BTC-USD-SWAP",
            4,
        ),
        (
            Query::Contract {
                symbol: Some(symbol("BTC-USD-241227-60000-C")),
            },
            "/api/v5/public/opt-summary?instFamily=BTC-USD&expTime=241227",
            2,
        ),
        (
            Query::OpenInterest {
                symbol: symbol("BTC-USD-241227"),
            },
            "/api/v5/public/open-interest?instType=FUTURES&instId=BTC-USD-241227",
            2,
        ),
        (
            Query::FundingRates {
                symbol: swap(),
                from,
                to,
                limit: 100,
            },
            "/api/v5/public/funding-rate-history?instId=BTC-USD-SWAP&before=1704067199999&after=1704153600000&limit=100",
            4,
        ),
    ] {
        assert_eq!(target(&query), (expected.to_owned(), weight));
        let read = read_target(expected);
        // the venue's side reads what we wrote, but for what the venue's question cannot say
        match query {
            Query::TradesFromId { .. }
            | Query::Trades { .. }
            | Query::Contract { .. }
            | Query::Candles {
                from: Some(_),
                to: None,
                ..
            } => {}
            query => assert_eq!(read, Ok(query)),
        }
    }
    let parts: Vec<_> = codec()
        .instrument_queries()
        .iter()
        .map(|query| target(query).0)
        .collect();
    let prefix = "/api/v5/public/instruments?instType=";
    assert_eq!(
        parts,
        [
            "SPOT",
            "SWAP",
            "FUTURES",
            "OPTION&instFamily=BTC-USD",
            "OPTION&instFamily=ETH-USD"
        ]
        .map(|part| format!("{prefix}{part}"))
    );
    for (query, part) in codec().instrument_queries().iter().zip(&parts) {
        assert_eq!(read_target(part).as_ref(), Ok(query));
    }
}

#[test]
fn what_the_venue_does_not_offer_is_refused() {
    let refused = |query: &Query| codec().request(query).unwrap_err();
    let spot = || symbol("BTC-USDT");
    for query in [
        Query::Instruments,
        Query::SocketAddress,
        Query::Ticker { symbol: None },
        Query::Contract {
            symbol: Some(spot()),
        },
        Query::OpenInterest { symbol: spot() },
        Query::FundingRates {
            symbol: symbol("BTC-USD-241227"),
            from: None,
            to: None,
            limit: 1,
        },
        Query::AggregateTradesFromId {
            symbol: spot(),
            from: TradeId(1),
            limit: 1,
        },
        Query::InstrumentsOf {
            part: "OPTION".into(),
            after: None,
        },
        Query::Candles {
            symbol: spot(),
            timeframe: Timeframe::D3,
            from: None,
            to: None,
            limit: 1,
        },
    ] {
        assert!(
            matches!(refused(&query), RequestError::NotOffered { .. }),
            "{query:?}"
        );
    }
    let (late, early) = (at("2024-01-02T00:00:00Z"), at("2024-01-01T00:00:00Z"));
    for query in [
        Query::RecentTrades {
            symbol: spot(),
            limit: 501,
        },
        Query::Book {
            symbol: spot(),
            limit: 5_001,
        },
        Query::Book {
            symbol: spot(),
            limit: 0,
        },
        Query::Candles {
            symbol: spot(),
            timeframe: Timeframe::M1,
            from: early,
            to: None,
            limit: 101,
        },
        Query::Candles {
            symbol: spot(),
            timeframe: Timeframe::M1,
            from: late,
            to: early,
            limit: 1,
        },
        Query::Trades {
            symbol: spot(),
            from: at("1969-12-31T00:00:00Z"),
            to: None,
            limit: 1,
        },
    ] {
        assert!(
            matches!(refused(&query), RequestError::OutOfRange { .. }),
            "{query:?}"
        );
    }
}

#[test]
fn pages_go_back_until_the_beginning() {
    let query = Query::Trades {
        symbol: symbol("BTC-USDT"),
        from: at("2024-01-01T00:00:00Z"),
        to: at("2024-01-02T00:00:00Z"),
        limit: 2,
    };
    let row = |ts: &str| json!({"instId": "BTC-USDT", "tradeId": "1", "px": "1", "sz": "1", "side": "buy", "ts": ts});
    let body = |rows: &[Value]| {
        json!({"code": "0", "msg": "", "data": rows})
            .to_string()
            .into_bytes()
    };
    let next = |rows: &[Value]| codec().next_page(&query, &body(rows));
    let Some(Query::Trades { from, to, .. }) = next(&[row("1704153599000"), row("1704150000000")])
    else {
        panic!("no further page");
    };
    assert_eq!(
        (from, to.unwrap().millis()),
        (at("2024-01-01T00:00:00Z"), 1_704_150_000_001)
    );
    assert_eq!(next(&[row("1704153599000")]), None, "the page is not full");
    assert_eq!(
        next(&[row("1704153599000"), row("1704067200000")]),
        None,
        "it reaches far enough"
    );
}

fn wanted(name: &str, channel: Channel) -> Subscription {
    Subscription {
        symbol: "okx:BTC/USDT".parse().unwrap(),
        venue_symbol: symbol(name),
        channel,
    }
}

#[test]
fn streams_are_on_the_sockets_that_carry_them() {
    let wanted = [
        wanted("BTC-USDT", Channel::Trades),
        wanted("BTC-USDT", Channel::Book),
        wanted("BTC-USDT", Channel::Book),
        wanted("BTC-USDT", Channel::Candles(Timeframe::H6)),
        wanted("BTC-USDT", Channel::Quotes),
        wanted("BTC-USDT", Channel::Ticker),
        wanted("BTC-USDT", Channel::AggregateTrades),
        wanted("BTC-USD-SWAP", Channel::Contract),
        wanted("BTC-USD-241227-60000-C", Channel::Contract),
        wanted("BTC-USD-241227-60000-P", Channel::Contract),
        wanted("BTC-USD-SWAP", Channel::Liquidations),
        wanted("ETH-USD-SWAP", Channel::Liquidations),
    ];
    let plans = codec().subscribe(&wanted).unwrap();
    let [public, business] = plans.as_slice() else {
        panic!("{plans:?}");
    };
    assert_eq!(
        (public.target.as_str(), public.label.as_str()),
        ("/ws/v5/public", "public-1")
    );
    assert_eq!(business.target, "/ws/v5/business");
    assert_eq!(
        (public.subscriptions.len(), business.subscriptions.len()),
        (9, 2)
    );
    assert_eq!(business.keep_alive.as_ref().unwrap().message, "ping");
    assert_eq!(
        business.messages,
        [
            r#"{"args":[{"channel":"trades-all","instId":"BTC-USDT"},{"channel":"candle6Hutc","instId":"BTC-USDT"}],"id":"1","op":"subscribe"}"#
        ]
    );
    let message: Value = serde_json::from_str(&public.messages[0]).unwrap();
    let args = message["args"].as_array().unwrap();
    let of = |channel: &str, symbol: &str| json!({"channel": channel, "instId": symbol});
    assert_eq!(
        args[..4],
        ["books", "bbo-tbt", "tickers", "trades"].map(|c| of(c, "BTC-USDT"))
    );
    assert_eq!(
        args[4..7],
        ["mark-price", "open-interest", "funding-rate"].map(|c| of(c, "BTC-USD-SWAP"))
    );
    let options = args.iter().filter(|arg| arg["channel"] == "opt-summary");
    assert_eq!(options.count(), 1, "one for the family");
    let liquidations = args.iter().filter(|arg| arg["instType"] == "SWAP");
    assert_eq!(liquidations.count(), 1, "one for all swaps");
    let SocketRequest::Subscribe { streams, id } =
        read_socket_request(public.messages[0].as_bytes()).unwrap()
    else {
        panic!("{message}");
    };
    assert_eq!((streams.len(), id), (args.len(), Some(1)));
    assert!(streams.iter().all(|stream| stream.what.is_some()));
    // each is acknowledged with what it was named by
    for (stream, arg) in streams.iter().zip(args) {
        let said: Value = serde_json::from_slice(&stream.acknowledgement(id)).unwrap();
        assert_eq!(
            said,
            json!({"event": "subscribe", "id": "1", "arg": arg, "connId": "a4d3ae55"})
        );
    }
    let many: Vec<_> = (0..450)
        .map(|n| self::wanted(&format!("A{n}-USDT"), Channel::Book))
        .collect();
    let plans = codec().subscribe(&many).unwrap();
    let sizes: Vec<_> = plans
        .iter()
        .map(|plan| (plan.subscriptions.len(), plan.messages.len()))
        .collect();
    assert_eq!(sizes, [(200, 2), (200, 2), (50, 1)]);
    for refused in [
        self::wanted("BTC-USDT", Channel::Contract),
        self::wanted("BTC-USDT", Channel::Candles(Timeframe::H8)),
    ] {
        assert!(codec().subscribe(&[refused]).is_err());
    }
}

#[test]
fn a_book_begins_anew_by_itself() {
    let book = wanted("BTC-USDT", Channel::Book);
    assert_eq!(
        codec().resubscribe(&book),
        [
            r#"{"args":[{"channel":"books","instId":"BTC-USDT"}],"op":"unsubscribe"}"#,
            r#"{"args":[{"channel":"books","instId":"BTC-USDT"}],"op":"subscribe"}"#,
        ]
    );
    let trades = wanted("BTC-USDT", Channel::Trades);
    assert!(codec().resubscribe(&trades).is_empty());
}
