//! Yahoo's charts.

use quantflow_model::{Decimal, Price, Timeframe};
use quantflow_testkit::recorded::{self, Census};
use quantflow_venues::Yahoo;
use quantflow_venues::actions::ActionKind;
use quantflow_wire::{Codec, DecodeError, EventKind, Input, Query};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{between, candles, day, prices, read, symbol, target};
use crate::survives::{Good, checked, survives};

fn codec() -> Yahoo {
    Yahoo::new("yahoo".parse().unwrap())
}

/// A recording: what was asked, and the body as it stands.
fn recording(path: &str) -> (String, Option<Vec<u8>>) {
    #[derive(Deserialize)]
    struct File {
        request: Asked,
        response: Answered,
    }
    #[derive(Deserialize)]
    struct Asked {
        url: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answered {
        body_json: Option<Box<RawValue>>,
    }
    let bytes = recorded::bytes(path).unwrap();
    let file: File = serde_json::from_slice(&bytes).unwrap();
    let body = file.response.body_json;
    (file.request.url, body.map(|body| body.get().into()))
}

/// Two columns of a chart, read apart from the codec; none where the source told no times.
struct Columns {
    times: Vec<i64>,
    closes: Vec<Box<RawValue>>,
}

impl Columns {
    fn of(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Body {
            chart: Chart,
        }
        #[derive(Deserialize)]
        struct Chart {
            result: Vec<Result>,
        }
        #[derive(Deserialize)]
        struct Result {
            #[serde(default)]
            timestamp: Vec<i64>,
            indicators: Indicators,
        }
        #[derive(Deserialize)]
        struct Indicators {
            quote: Vec<Quote>,
        }
        #[derive(Deserialize)]
        struct Quote {
            #[serde(default)]
            close: Vec<Box<RawValue>>,
        }
        let mut body: Body = serde_json::from_slice(body).unwrap();
        let mut result = body.chart.result.remove(0);
        Self {
            times: result.timestamp,
            closes: result.indicators.quote.remove(0).close,
        }
    }
}

#[test]
fn recorded_charts_decode() {
    let Some(files) = recorded::files("stocks_yahoo_http") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    let (mut charts, mut splits) = (0, 0);
    for path in &files {
        let (url, body) = recording(path);
        let Some((_, chart)) = url.split_once("/v8/finance/chart/") else {
            census.count("other questions", "an answer", "never asked");
            continue;
        };
        let body = body.unwrap();
        let about = chart.split('?').next().unwrap();
        let timeframe = if chart.contains("interval=1m&") {
            Timeframe::M1
        } else {
            Timeframe::D1
        };
        let query = candles(about, timeframe);
        let input = Input::Answer {
            query: &query,
            body: &body,
        };
        charts += 1;
        let _ = checked(&codec, &input);
        let events = census.take(&codec, "charts", &input);
        // row by row as the columns stand, read apart
        let columns = Columns::of(&body);
        assert_eq!(events.len(), columns.times.len(), "{path}");
        for (at, event) in events.iter().enumerate() {
            let EventKind::Candle(candle) = &event.kind else {
                panic!("{event:?}");
            };
            let apart = columns.times[at] - candle.open_time.seconds();
            assert!((0..86_400).contains(&apart), "{path}: {apart}");
            let close: Decimal = columns.closes[at].get().parse().unwrap();
            assert_eq!(candle.close.0, close, "{path}");
        }
        splits += codec.corporate_actions(&body).unwrap().len();
        // the same body tells the ticker
        let query = Query::Ticker {
            symbol: Some(symbol(about)),
        };
        let input = Input::Answer {
            query: &query,
            body: &body,
        };
        census.take(&codec, "charts", &input);
    }
    assert_eq!((charts, splits), (32, 1));
    census.explain(
        "\"open\" is a list of 1",
        "charts",
        "edited by its recorder: prices without times",
    );
    assert_eq!(census.decoded("ticker"), 32);
    census.close();
}

#[test]
fn a_recorded_split_is_told() {
    let name =
        "stocks_yahoo_http/historical-via-chart-NVDA-split-2021-02-01-to-2022-01-31.csv.json.gz";
    if recorded::path(name).is_none() {
        return;
    }
    let (_, body) = recording(name);
    let actions = codec().corporate_actions(&body.unwrap()).unwrap();
    assert_eq!(actions.len(), 1);
    assert_eq!(actions[0].date, day("2021-07-20"));
    let ActionKind::Split { new, old } = actions[0].kind else {
        panic!("{actions:?}");
    };
    assert_eq!((new.to_string(), old.to_string()), ("4".into(), "1".into()));
}

/// Of our own, after the recordings.
const CHART: &str = r#"{"chart":{"result":[{"meta":{"currency":"USD","symbol":"KO","gmtoffset":-18000,"regularMarketPrice":60.5,"regularMarketTime":1577998800,"chartPreviousClose":55.35},"timestamp":[1577975400,1578061800,1578321000],"events":{"dividends":{"1578061800":{"amount":0.41,"date":1578061800}},"splits":{"1577975400":{"date":1577975400,"numerator":2,"denominator":1,"splitRatio":"2:1"}}},"indicators":{"quote":[{"open":[73.79750061035156,null,3],"high":[75.5,null,4],"low":[73.5,null,2],"close":[75.1,null,3],"volume":[100,null,null]}],"adjclose":[{"adjclose":[72,71,70]}]}}],"error":null}}"#;

#[test]
fn a_day_is_called_by_its_date_and_one_without_prices_is_left_out() {
    let codec = codec();
    let all = read(&codec, &candles("KO", Timeframe::D1), CHART.as_bytes()).unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].open_time, day("2020-01-02"));
    assert_eq!(
        prices(&all[0]),
        ["73.79750061035156", "75.5", "73.5", "75.1", "100"]
    );
    assert_eq!(
        (all[1].open_time, prices(&all[1])[4].as_str()),
        (day("2020-01-06"), "0")
    );
    let query = between("KO", Timeframe::D1, "2020-01-03", "2020-01-07");
    assert_eq!(read(&codec, &query, CHART.as_bytes()).unwrap().len(), 1);
    // within the day these times are none of candles
    let wrong = read(&codec, &candles("KO", Timeframe::M30), CHART.as_bytes()).unwrap();
    assert_eq!(wrong.len(), 2, "half past is aligned with half hours");
    let other = read(&codec, &candles("PEP", Timeframe::D1), CHART.as_bytes());
    assert!(matches!(
        other,
        Err(DecodeError::BadField {
            field: "symbol",
            ..
        })
    ));

    let actions = codec.corporate_actions(CHART.as_bytes()).unwrap();
    assert_eq!(actions.len(), 2);
    let paid: Price = "0.41".parse().unwrap();
    assert_eq!(actions[1].kind, ActionKind::Dividend(paid));
    assert_eq!(actions[1].date, day("2020-01-03"));
}

#[test]
fn a_row_of_this_moment_is_left_out_and_any_other_odd_one_refused() {
    let chart = |times: &str| {
        format!(
            r#"{{"chart":{{"result":[{{"meta":{{"symbol":"A","gmtoffset":0}},"timestamp":[{times}],"indicators":{{"quote":[{{"open":[1,1],"high":[1,1],"low":[1,1],"close":[1,1],"volume":[1,1]}}]}}}}],"error":null}}}}"#
        )
    };
    let query = candles("A", Timeframe::M1);
    let now = chart("1577975400,1577975413");
    assert_eq!(read(&codec(), &query, now.as_bytes()).unwrap().len(), 1);
    let odd = chart("1577975413,1577975460");
    assert!(read(&codec(), &query, odd.as_bytes()).is_err());
    let gone = br#"{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}"#;
    let refused = read(&codec(), &query, gone);
    let Err(DecodeError::Venue { code: 0, message }) = refused else {
        panic!("{refused:?}");
    };
    assert!(message.starts_with("Not Found"));
}

/// A currency's day begins at midnight in London: the offset of winter must not move a day of summer.
#[test]
fn todays_offset_moves_no_day() {
    let chart = |time: i64, offset: i64| {
        format!(
            r#"{{"chart":{{"result":[{{"meta":{{"symbol":"A","gmtoffset":{offset}}},"timestamp":[{time}],"indicators":{{"quote":[{{"open":[1],"high":[1],"low":[1],"close":[1],"volume":[1]}}]}}}}],"error":null}}}}"#
        )
    };
    let query = candles("A", Timeframe::D1);
    let july = day("2020-07-01").seconds();
    for (time, offset) in [
        (july - 3_600, 0),       // midnight of summer, told with the offset of winter
        (july - 3_600, 3_600),   // and with its own
        (july, 3_600),           // midnight of winter with the offset of summer
        (july - 36_000, 36_000), // Sydney at midnight
        (july + 13 * 3_600 + 1_800, -18_000), // New York's opening in summer, offset of winter
    ] {
        let read = read(&codec(), &query, chart(time, offset).as_bytes()).unwrap();
        assert_eq!(read[0].open_time, day("2020-07-01"), "{time} {offset}");
    }
}

#[test]
fn broken_answers_are_refused() {
    let query = candles("KO", Timeframe::D1);
    let ticker = Query::Ticker {
        symbol: Some(symbol("KO")),
    };
    let good = [
        Good::Answer(&query, CHART.as_bytes()),
        Good::Answer(&ticker, CHART.as_bytes()),
    ];
    survives(&codec(), &good, false);
}

#[test]
fn queries_are_requests() {
    let codec = codec();
    let days = between("^GSPC", Timeframe::D1, "2020-01-02", "2020-01-03");
    assert_eq!(
        target(&codec, &days),
        "/v8/finance/chart/%5EGSPC?interval=1d&period1=1577872800&period2=1578059999&events=div%7Csplit&includePrePost=false"
    );
    let minutes = between("AAPL", Timeframe::M1, "2020-01-02", "2020-01-03");
    assert_eq!(
        target(&codec, &minutes),
        "/v8/finance/chart/AAPL?interval=1m&period1=1577923200&period2=1578009599&events=div%7Csplit&includePrePost=false"
    );
    let newest = Query::Candles {
        symbol: symbol("AAPL"),
        timeframe: Timeframe::D1,
        from: None,
        to: None,
        limit: 50,
    };
    assert!(target(&codec, &newest).contains("&range=3mo&"));
    // pages of history end at a time: what is asked for surely holds so many rows
    let page = |timeframe, limit| Query::Candles {
        symbol: symbol("AAPL"),
        timeframe,
        from: None,
        to: Some(day("2020-03-02")),
        limit,
    };
    assert!(
        target(&codec, &page(Timeframe::M5, 1_500))
            .contains("&period1=1578355199&period2=1583107199&")
    );
    assert!(
        target(&codec, &page(Timeframe::D1, 10))
            .contains("&period1=1581328799&period2=1583157599&")
    );
    assert_eq!(codec.page_limit(&page(Timeframe::M1, 1)), 1_000);
    assert!(codec.request(&page(Timeframe::M1, 1_001)).is_err());
    assert!(codec.request(&candles("AAPL", Timeframe::H1)).is_err());
    let ours = "yahoo:BRK-B".parse().unwrap();
    assert_eq!(codec.spell(&ours), Some(symbol("BRK-B")));
    assert_eq!(codec.spell(&"other:BRK-B".parse().unwrap()), None);
    assert_eq!(codec.instrument_queries(), []);
}
