//! Gate's two markets.

mod recordings;
mod requests;

use quantflow_model::VenueSymbol;
use quantflow_venues::Gate;
use quantflow_venues::gate::Market;
use quantflow_wire::{EventKind, Input, Notice, Query};

use crate::survives::{Good, checked, survives};

fn spot() -> Gate {
    Gate::new("gate".parse().unwrap(), Market::Spot)
}

fn futures() -> Gate {
    Gate::new("gate-futures".parse().unwrap(), Market::Futures)
}

fn symbol(text: &str) -> VenueSymbol {
    VenueSymbol::new(text).unwrap()
}

fn candles(name: &str) -> Query {
    Query::Candles {
        symbol: symbol(name),
        timeframe: quantflow_model::Timeframe::M1,
        from: None,
        to: None,
        limit: 10,
    }
}

/// Bytes of our own after the documents of 2025.
const SPOT_MESSAGES: [&str; 6] = [
    r#"{"time":1606292218,"time_ms":1606292218231,"channel":"spot.trades","event":"update","result":{"id":309143071,"id_market":7,"create_time":1606292218,"create_time_ms":"1606292218213.4578","side":"sell","currency_pair":"GT_USDT","amount":"16.47","price":"0.4705"}}"#,
    r#"{"time":1606293275,"time_ms":1606293275723,"channel":"spot.book_ticker","event":"update","result":{"t":1606293275123,"u":48733182,"s":"BTC_USDT","b":"19177.79","B":"0.0003341504","a":"19179.38","A":"0.09"}}"#,
    r#"{"time":1606294781,"time_ms":1606294781236,"channel":"spot.order_book_update","event":"update","result":{"t":1606294781123,"l":"100","e":"depthUpdate","E":1606294781,"s":"BTC_USDT","U":48776301,"u":48776306,"b":[["19137.74","0.0001"]],"a":[["19137.75","0.6135"]]}}"#,
    r#"{"time":1606292600,"time_ms":1606292600376,"channel":"spot.candlesticks","event":"update","result":{"t":"1606292580","v":"2362.32035","c":"19128.1","h":"19128.1","l":"19127.9","o":"19128.1","n":"1m_BTC_USDT","a":"3.8283","w":true}}"#,
    r#"{"time":1611541000,"channel":"spot.trades","event":"subscribe","error":{"code":2,"message":"unknown currency pair GARBAGE"},"result":null}"#,
    r#"{"time":1545404023,"channel":"spot.pong","event":"","result":null}"#,
];

const FUTURES_MESSAGES: [&str; 4] = [
    r#"{"time":1541503698,"time_ms":1541503698123,"channel":"futures.trades","event":"update","result":[{"size":"-108","id":27753479,"create_time":1545136464,"create_time_ms":1545136464123,"price":"96.4","contract":"BTC_USDT"}]}"#,
    r#"{"time":1541659086,"channel":"futures.tickers","event":"update","result":[{"contract":"BTC_USDT","last":"118.4","change_percentage":"0.77","funding_rate":"-0.000114","mark_price":"118.35","index_price":"118.36","total_size":"73648","volume_24h":"745487577","volume_24h_quote":"1665006","low_24h":"99.2","high_24h":"132.5","highest_bid":"118.3","highest_size":"10","lowest_ask":"118.5","lowest_size":"12"}]}"#,
    r#"{"time":1678469222,"channel":"futures.order_book_update","event":"update","result":{"t":1678469222617,"s":"BTC_USDT","U":4010424331,"u":4010424361,"b":[{"p":"19860.7","s":5984}],"a":[{"p":"19900.5","s":"0"}]}}"#,
    r#"{"channel":"futures.public_liquidates","event":"update","time":1541505434,"result":[{"price":215.1,"size":-124,"time_ms":1541486601123,"contract":"BTC_USDT"}]}"#,
];

#[test]
fn broken_frames_are_refused_or_named() {
    let pair = candles("BTC_USDT");
    let book = Query::Book {
        symbol: symbol("BTC_USDT"),
        limit: 100,
    };
    let recent = Query::RecentTrades {
        symbol: symbol("BTC_USDT"),
        limit: 100,
    };
    let answers: [(&Query, &str); 3] = [
        (
            &pair,
            r#"[["1539852480","971519.677","0.0021724","0.0021922","0.0021724","0.0021737","1000.5","true"]]"#,
        ),
        (
            &book,
            r#"{"id":123456,"current":1623898993123,"update":1623898993121,"asks":[["1.52","1.151"]],"bids":[["1.17","201.863"]]}"#,
        ),
        (
            &recent,
            r#"[{"id":"1232893232","create_time":"1548000000","create_time_ms":"1548000000123.456","currency_pair":"BTC_USDT","side":"buy","amount":"0.15","price":"0.03","sequence_id":"588018"}]"#,
        ),
    ];
    let good: Vec<Good<'_>> = SPOT_MESSAGES
        .iter()
        .map(|message| Good::Message(message.as_bytes()))
        .chain(
            answers
                .iter()
                .map(|(query, body)| Good::Answer(query, body.as_bytes())),
        )
        .collect();
    survives(&spot(), &good, false);
    let contract = r#"[{"name":"BTC_USDT","quanto_multiplier":"0.0001","order_price_round":"0.1","order_size_min":1,"mark_price":"37985.6","index_price":"37954.92","funding_rate":"0.002053","funding_next_apply":1610035200,"position_size":"5223816","in_delisting":false,"status":"trading"}]"#;
    let rates = Query::FundingRates {
        symbol: symbol("BTC_USDT"),
        from: None,
        to: None,
        limit: 5,
    };
    let state = Query::Contract { symbol: None };
    let answers: [(&Query, &str); 4] = [
        (&Query::Instruments, contract),
        (&state, contract),
        (&rates, r#"[{"t":1543968000,"r":"0.000157"}]"#),
        (
            &pair,
            r#"[{"t":1539852480,"v":"97151","c":"1.032","h":"1.032","l":"1.032","o":"1.032","sum":"3580"}]"#,
        ),
    ];
    let good: Vec<Good<'_>> = FUTURES_MESSAGES
        .iter()
        .map(|message| Good::Message(message.as_bytes()))
        .chain(
            answers
                .iter()
                .map(|(query, body)| Good::Answer(query, body.as_bytes())),
        )
        .collect();
    survives(&futures(), &good, false);
}

#[test]
fn messages_after_the_documents_mean_what_they_say() {
    let codec = spot();
    let read = |message: &str| checked(&codec, &Input::message(message.as_bytes())).unwrap();
    let trade = &read(SPOT_MESSAGES[0])[0];
    let EventKind::Trade(trade) = &trade.kind else {
        panic!("{trade:?}");
    };
    assert_eq!(trade.trade.time.nanos(), 1_606_292_218_213_457_800);
    assert_eq!(trade.trade.side, quantflow_model::Side::Sell);
    let candle = &read(SPOT_MESSAGES[3])[0];
    let EventKind::Candle(candle) = &candle.kind else {
        panic!("{candle:?}");
    };
    assert_eq!(candle.volume.to_string(), "3.8283");
    assert_eq!(candle.quote_volume.unwrap().to_string(), "2362.32035");
    assert_eq!(candle.closed, Some(true));
    let EventKind::Notice(Notice::Refused { code: 2, .. }) = read(SPOT_MESSAGES[4])[0].kind else {
        panic!("refused");
    };
    let EventKind::Notice(Notice::Heartbeat) = read(SPOT_MESSAGES[5])[0].kind else {
        panic!("heartbeat");
    };

    let codec = futures();
    let read = |message: &str| checked(&codec, &Input::message(message.as_bytes())).unwrap();
    let ticker = read(FUTURES_MESSAGES[1]);
    let [EventKind::Ticker(ticker), EventKind::Contract(state)] =
        [&ticker[0].kind, &ticker[1].kind]
    else {
        panic!("{ticker:?}");
    };
    assert_eq!(ticker.quote.unwrap().ask_quantity.to_string(), "12");
    assert_eq!(state.open_interest.unwrap().to_string(), "73648");
    assert_eq!(state.mark.unwrap().to_string(), "118.35");
    let liquidation = &read(FUTURES_MESSAGES[3])[0];
    let EventKind::Liquidation(liquidation) = &liquidation.kind else {
        panic!("{liquidation:?}");
    };
    assert_eq!(liquidation.quantity.to_string(), "124");
    // trades of two contracts in one message are about all
    let two = r#"{"time":1,"channel":"futures.trades","event":"update","result":[{"size":1,"id":1,"create_time_ms":1545136464123,"price":"1","contract":"A_USDT"},{"size":-1,"id":2,"create_time_ms":1545136464123,"price":"1","contract":"B_USDT"}]}"#;
    assert_eq!(read(two).len(), 2);
}

fn answer(codec: &Gate, query: &Query, body: &str) -> Vec<EventKind> {
    let input = Input::Answer {
        query,
        body: body.as_bytes(),
    };
    let events = checked(codec, &input).unwrap();
    events.into_iter().map(|event| event.kind).collect()
}

/// Bytes of our own after the documents of 2025.
#[test]
fn answers_after_the_documents_mean_what_they_say() {
    let pair = candles("BTC_USDT");
    let row = r#"[["1539852480","971519.677","5","7","3","4","1000.5","false"]]"#;
    let [EventKind::Candle(candle)] = &answer(&spot(), &pair, row)[..] else {
        panic!("a candle");
    };
    let shown = [candle.open, candle.high, candle.low, candle.close].map(|p| p.to_string());
    assert_eq!(shown, ["4", "7", "3", "5"]);
    assert_eq!(candle.volume.to_string(), "1000.5");
    assert_eq!(candle.quote_volume.unwrap().to_string(), "971519.677");
    assert_eq!(candle.closed, Some(false));

    let row = r#"[{"t":1539852480,"v":"97151","c":"5","h":"7","l":"3","o":"4","sum":"3580"}]"#;
    let [EventKind::Candle(candle)] = &answer(&futures(), &pair, row)[..] else {
        panic!("a candle");
    };
    let shown = [candle.open, candle.high, candle.low, candle.close].map(|p| p.to_string());
    assert_eq!(shown, ["4", "7", "3", "5"]);
    assert_eq!(candle.volume.to_string(), "97151");
    assert_eq!(candle.open_time.seconds(), 1_539_852_480);

    let recent = Query::RecentTrades {
        symbol: symbol("BTC_USDT"),
        limit: 5,
    };
    let rows = r#"[{"id":2,"create_time":1514764801,"create_time_ms":1514764801.25,"contract":"BTC_USDT","size":"100","price":"100.123"},{"id":1,"create_time":1514764800,"contract":"BTC_USDT","size":-7,"price":"100"}]"#;
    let trades: Vec<_> = answer(&futures(), &recent, rows)
        .into_iter()
        .map(|kind| match kind {
            EventKind::Trade(event) => event.trade,
            other => panic!("{other:?}"),
        })
        .collect();
    let side = |at: usize| (trades[at].side, trades[at].quantity.to_string());
    assert_eq!(side(0), (quantflow_model::Side::Buy, "100".into()));
    assert_eq!(side(1), (quantflow_model::Side::Sell, "7".into()));
    assert_eq!(trades[0].time.millis(), 1_514_764_801_250);
    assert_eq!(trades[1].time.seconds(), 1_514_764_800);

    let contract = r#"[{"name":"BTC_USDT","quanto_multiplier":"0.0001","order_price_round":"0.1","order_size_min":1,"mark_price":"37985.6","index_price":"37954.92","funding_rate":"0.002053","funding_next_apply":1610035200,"position_size":"5223816","in_delisting":true,"status":"trading"}]"#;
    let [EventKind::Instruments(list)] = &answer(&futures(), &Query::Instruments, contract)[..]
    else {
        panic!("instruments");
    };
    assert_eq!(list[0].symbol.to_string(), "gate-futures:BTC/USDT:USDT");
    assert_eq!(list[0].status, quantflow_model::InstrumentStatus::Halted);
    assert_eq!(list[0].contract.unwrap().amount.to_string(), "0.0001");
    let state = Query::Contract {
        symbol: Some(symbol("BTC_USDT")),
    };
    let [EventKind::Contract(state)] = &answer(&futures(), &state, contract)[..] else {
        panic!("a contract");
    };
    assert_eq!(state.funding_time.unwrap().seconds(), 1_610_035_200);
    assert_eq!(state.open_interest.unwrap().to_string(), "5223816");
    assert_eq!(state.funding_rate.unwrap().to_string(), "0.002053");
}
