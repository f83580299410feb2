//! What the tests of every venue ask of its codec, and what they read recordings with.

use quantflow_model::{Quote, Timeframe, Timestamp, VenueSymbol};
use quantflow_pipeline::{Book, Change};
use quantflow_testkit::recorded::{self, Census, ccxt, cryptofeed};
use quantflow_wire::{
    BookRule, Channel, Codec, DecodeError, Encoded, Event, EventKind, Input, Query, Route,
    Subscription,
};
use serde_json::Value;

use crate::support::venue_symbol;

/// Decodes, and checks what always holds: an error leaves nothing behind, and the route agrees.
pub(crate) fn decode(codec: &dyn Codec, input: &Input<'_>) -> Result<Vec<Event>, DecodeError> {
    let mut events = Vec::new();
    let result = codec.decode(input, &mut events);
    assert!(
        result.is_ok() || events.is_empty(),
        "events beside an error"
    );
    let routed = codec.route(input);
    if result.is_ok() {
        let symbol = events.first().map(|event| event.symbol.as_ref());
        let one = symbol.filter(|first| events.iter().all(|e| e.symbol.as_ref() == *first));
        let agrees = match (one.flatten(), routed) {
            (Some(symbol), Route::Symbol(routed)) => routed.eq_ignore_ascii_case(symbol.as_str()),
            (None, Route::All) => true,
            // what was asked of all symbols is everybody's, also where there is but one
            (Some(_), Route::All) => {
                matches!(input, Input::Answer { query, .. } if query.symbol().is_none())
            }
            // an answer is about whatever was asked for, and may be empty; so may a message
            (None, Route::Symbol(_)) => events.is_empty(),
            _ => false,
        };
        let bytes = match input {
            Input::Message { bytes, .. } => *bytes,
            Input::Answer { body, .. } => *body,
        };
        assert!(
            agrees,
            "{routed:?} is not {one:?}: {}",
            bytes[..bytes.len().min(400)].escape_ascii()
        );
    }
    result.map(|()| events)
}

pub(crate) fn message(codec: &dyn Codec, bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    decode(codec, &Input::message(bytes))
}

pub(crate) fn answer(
    codec: &dyn Codec,
    query: &Query,
    body: &[u8],
) -> Result<Vec<Event>, DecodeError> {
    decode(codec, &Input::Answer { query, body })
}

/// The same, counted.
pub(crate) fn count(
    census: &mut Census,
    codec: &dyn Codec,
    source: &str,
    input: &Input<'_>,
) -> Vec<Event> {
    let _ = decode(codec, input);
    census.take(codec, source, input)
}

/// What came over a recorded socket, in order.
pub(crate) fn came(name: &str) -> Option<Vec<Vec<u8>>> {
    let lines = cryptofeed::socket(name)?.into_iter();
    Some(lines.filter(|l| !l.sent).map(|l| l.payload).collect())
}

pub(crate) fn ticker(symbol: &str) -> Query {
    Query::Ticker {
        symbol: Some(venue_symbol(symbol)),
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn wanted(venue: &str, ours: &str, theirs: &str, channel: Channel) -> Subscription {
    Subscription {
        symbol: format!("{venue}:{ours}").parse().unwrap(),
        venue_symbol: venue_symbol(theirs),
        channel,
    }
}

/// Where the request of a query goes.
pub(crate) fn target(codec: &dyn Codec, query: &Query) -> String {
    codec.request(query).unwrap().target
}

pub(crate) fn candles(
    symbol: &str,
    timeframe: Timeframe,
    from: Option<&str>,
    to: Option<&str>,
    limit: u32,
) -> Query {
    Query::Candles {
        symbol: venue_symbol(symbol),
        timeframe,
        from: from.map(at),
        to: to.map(at),
        limit,
    }
}

/// Every case of an exchange that ccxt unified, against ours: `query_of` tells what was asked.
pub(crate) fn compare_with_ccxt(
    codec: &dyn Codec,
    exchange: &str,
    explained: &[(&str, &str)],
    query_of: impl Fn(&ccxt::Case) -> Query,
    id_text: impl Fn(&quantflow_model::Trade) -> String,
    instruments: impl Fn(&mut ccxt::Comparison, &ccxt::Case, &[quantflow_model::Instrument]),
) {
    let Some(cases) = ccxt::cases(exchange) else {
        return;
    };
    let mut compared = ccxt::Comparison::default();
    for case in &cases {
        // several answers that ccxt needs for one question stand beside one another
        let tree: Value = serde_json::from_slice(&case.body).unwrap();
        let body = match tree.get("AssetPairs") {
            Some(pairs) => pairs.to_string().into_bytes(),
            None => case.body.clone(),
        };
        let events = answer(codec, &query_of(case), &body)
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let (mut candles, mut trades) = (Vec::new(), Vec::new());
        for event in &events {
            match &event.kind {
                EventKind::Candle(candle) => candles.push(**candle),
                EventKind::Trade(event) => trades.push(event.trade),
                EventKind::BookSnapshot(book) => compared.book(case, book),
                EventKind::Ticker(ticker) => {
                    compared.ticker(case, ticker);
                    let millis = ticker.close_time.map(Timestamp::millis);
                    let millis = millis.map(quantflow_model::Decimal::whole);
                    let what = format!("{}: timestamp", case.name);
                    compared.number(&what, millis, &case.unified["timestamp"]);
                }
                EventKind::Instruments(list) => instruments(&mut compared, case, list),
                other => panic!("{}: {other:?}", case.name),
            }
        }
        match case.method.as_str() {
            "fetchOHLCV" => compared.candles(case, &candles),
            "fetchTrades" => compared.trades(case, &trades, &id_text),
            _ => {}
        }
    }
    println!("{exchange}: {} cases", cases.len());
    compared.close(codec.describe().id.as_str(), explained);
}

/// Instruments of ccxt against ours, paired by the venue's name: symbol, whether it trades, steps.
pub(crate) fn compare_markets(
    compared: &mut ccxt::Comparison,
    case: &ccxt::Case,
    ours: &[quantflow_model::Instrument],
) {
    let theirs = case.unified.as_array().unwrap();
    let counts = (ours.len().to_string(), theirs.len().to_string());
    let name = &case.name;
    compared.note(
        &format!("{name}: markets"),
        counts.0 == counts.1,
        &counts.0,
        &counts.1,
    );
    for theirs in theirs {
        let id = theirs["id"].as_str().unwrap();
        let row = |field: &str| format!("{name}: {field} of {id}");
        // a venue may have several names of a pair, and ccxt takes another one
        let by_id = ours.iter().find(|i| i.venue_symbol.as_str() == id);
        let same = |i: &&quantflow_model::Instrument| theirs["symbol"] == i.symbol.instrument();
        let Some(ours) = by_id.or_else(|| ours.iter().find(same)) else {
            compared.note(&row("it"), false, "none", id);
            continue;
        };
        // ccxt writes the date of a future as YYMMDD, and a linear perpetual as we do
        let symbol = ours.symbol.instrument().replace("-20", "-");
        compared.text(&row("symbol"), Some(&symbol), &theirs["symbol"]);
        let trading = ours.status == quantflow_model::InstrumentStatus::Trading;
        if let Some(active) = theirs["active"].as_bool() {
            compared.note(
                &row("active"),
                trading == active,
                &trading.to_string(),
                &active.to_string(),
            );
        }
        let precision = &theirs["precision"];
        compared.number(&row("tick"), ours.tick.map(|t| t.0), &precision["price"]);
        compared.number(&row("lot"), ours.lot.map(|l| l.0), &precision["amount"]);
        if let Some(size) = ours.contract {
            compared.number(&row("contract"), Some(size.amount), &theirs["contractSize"]);
        }
    }
}

/// Books of a stream, by symbol: every snapshot and change applied by the venue's rule, every
/// checksum verified. Tells how many changes were applied and checksums verified.
#[derive(Debug)]
pub(crate) struct Books<'c> {
    codec: &'c dyn Codec,
    rule: BookRule,
    by_symbol: std::collections::BTreeMap<VenueSymbol, Book>,
    pub(crate) changes: u64,
    pub(crate) verified: u64,
    pub(crate) crossed: u64,
}

impl<'c> Books<'c> {
    pub(crate) fn of(codec: &'c dyn Codec) -> Self {
        Self::by_rule(codec, codec.describe().book)
    }

    /// By another rule than what is subscribed follows: of a recording with more levels.
    pub(crate) fn by_rule(codec: &'c dyn Codec, rule: BookRule) -> Self {
        Self {
            codec,
            rule,
            by_symbol: std::collections::BTreeMap::new(),
            changes: 0,
            verified: 0,
            crossed: 0,
        }
    }

    pub(crate) fn take(&mut self, event: &Event) {
        let rule = self.rule;
        let Some(symbol) = &event.symbol else { return };
        let book = || Book::new(rule);
        let check = match &event.kind {
            EventKind::BookSnapshot(snapshot) => {
                let book = self.by_symbol.entry(symbol.clone()).or_insert_with(book);
                assert_eq!(book.snapshot(snapshot), Change::Applied, "{symbol}");
                snapshot.checksum
            }
            EventKind::BookDelta(delta) => {
                let book = self.by_symbol.entry(symbol.clone()).or_insert_with(book);
                assert_eq!(book.delta(delta), Change::Applied, "{symbol}");
                self.changes += 1;
                delta.checksum
            }
            _ => return,
        };
        let Some(book) = self.by_symbol.get_mut(symbol) else {
            return;
        };
        if let Some(check) = check {
            let done = book.verify(&check, self.codec);
            assert_eq!(done, Change::Applied, "checksum of {symbol}: {check:?}");
            self.verified += 1;
        }
        if book.top().is_some_and(|top| top.bid >= top.ask) {
            self.crossed += 1;
        }
    }

    pub(crate) fn top(&self, symbol: &str) -> Option<Quote> {
        self.by_symbol.get(&venue_symbol(symbol))?.top()
    }

    pub(crate) fn count(&self) -> usize {
        self.by_symbol.len()
    }
}

/// JSON values are the same where numbers are, in text or not, however many zeros they end with.
fn same(ours: &Value, theirs: &Value) -> bool {
    let number = |value: &Value| -> Option<quantflow_model::Decimal> {
        match value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.to_string().parse().ok(),
            _ => None,
        }
    };
    match (ours, theirs) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => b
            .iter()
            .all(|(key, b)| a.get(key).is_some_and(|a| same(a, b))),
        _ => match (number(ours), number(theirs)) {
            (Some(a), Some(b)) => a == b,
            _ => ours == theirs,
        },
    }
}

/// What is said again says what was said: every field that is not in `lost` stands there with the same
/// value, and decodes to the same events.
pub(crate) fn says_the_same_again(
    codec: &dyn Codec,
    input: &Input<'_>,
    lost: &[&str],
) -> Vec<Event> {
    let events = decode(codec, input).unwrap();
    let (as_what, bytes) = match *input {
        Input::Message { bytes, .. } => (Encoded::Message, bytes),
        Input::Answer { query, body } => (Encoded::Answer(query), body),
    };
    let again = codec.encode(&events, &as_what).unwrap();
    let input = match *input {
        Input::Message { bindings, .. } => Input::Message {
            bytes: &again,
            bindings,
        },
        Input::Answer { query, .. } => Input::Answer {
            query,
            body: &again,
        },
    };
    assert_eq!(decode(codec, &input).unwrap(), events);
    let mut theirs: Value = serde_json::from_slice(bytes).unwrap();
    forget(&mut theirs, lost);
    let ours: Value = serde_json::from_slice(&again).unwrap();
    assert!(
        same(&ours, &theirs),
        "{}\nis not\n{}",
        again.escape_ascii(),
        bytes.escape_ascii()
    );
    events
}

fn forget(value: &mut Value, lost: &[&str]) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !lost.contains(&key.as_str()));
            map.values_mut().for_each(|value| forget(value, lost));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| forget(value, lost)),
        _ => {}
    }
}

/// What stands where a value should.
const EVIL: [&str; 16] = [
    "null",
    "true",
    "\"\"",
    "\"NaN\"",
    "\"Infinity\"",
    "\"-1\"",
    "-1",
    "1e999",
    "1e-999",
    "99999999999999999999999999999999999999999999999999",
    "\"9999-12-31T23:59:59Z\"",
    "\"0001-01-01T00:00:00Z\"",
    "[]",
    "{}",
    "[[]]",
    "NaN",
];

/// Every frame cut off at every byte, with every value replaced by each evil one, with every field left
/// out, and with every byte replaced by a few: nothing panics, nothing is left beside an error, the
/// route agrees. Tells how many broken frames were refused.
pub(crate) fn broken_frames(codec: &dyn Codec, frames: &[&str], answers: &[(Query, &str)]) -> u64 {
    let mut refused = 0;
    let all = frames.iter().map(|frame| (None, *frame));
    let all = all.chain(answers.iter().map(|(query, body)| (Some(query), *body)));
    for (query, good) in all {
        let mut take = |bytes: &[u8]| {
            let input = match query {
                None => Input::message(bytes),
                Some(query) => Input::Answer { query, body: bytes },
            };
            let broken = decode(codec, &input).is_err();
            refused += u64::from(broken);
            broken
        };
        assert!(!take(good.as_bytes()), "the good frame is refused: {good}");
        for cut in 0..good.len() {
            let whole_number = good.as_bytes()[..cut].iter().all(u8::is_ascii_digit);
            assert!(
                take(&good.as_bytes()[..cut]) || whole_number && cut > 0,
                "{good} cut at {cut}"
            );
        }
        let tree: Value = serde_json::from_str(good).unwrap();
        for place in 0..leaves(&tree) {
            for evil in EVIL {
                let mut changed = tree.clone();
                let mut left = place;
                set_leaf(&mut changed, &mut left);
                take(changed.to_string().replace("\"@EVIL@\"", evil).as_bytes());
            }
            let mut changed = tree.clone();
            let mut left = place;
            drop_leaf(&mut changed, &mut left);
            take(changed.to_string().as_bytes());
        }
        for at in 0..good.len() {
            for byte in *b"\"0{}[],:.9-Ea@\\ \xff\x00" {
                let mut bytes = good.as_bytes().to_vec();
                bytes[at] = byte;
                take(&bytes);
            }
        }
    }
    println!(
        "{}: {refused} broken frames refused",
        codec.describe().id.as_str()
    );
    refused
}

fn children(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::Object(map) => map.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        _ => Vec::new(),
    }
}

fn leaves(value: &Value) -> usize {
    1 + match value {
        Value::Object(map) => map.values().map(leaves).sum(),
        Value::Array(items) => items.iter().map(leaves).sum(),
        _ => 0,
    }
}

fn set_leaf(value: &mut Value, left: &mut usize) -> bool {
    if *left == 0 {
        *value = "@EVIL@".into();
        return true;
    }
    *left -= 1;
    children(value).into_iter().any(|v| set_leaf(v, left))
}

fn drop_leaf(value: &mut Value, left: &mut usize) -> bool {
    if *left == 0 {
        return true;
    }
    *left -= 1;
    match value {
        Value::Object(map) => {
            let keys: Vec<String> = map.keys().cloned().collect();
            for key in keys {
                if *left == 0 {
                    map.remove(&key);
                    return true;
                }
                if map
                    .get_mut(&key)
                    .is_some_and(|value| drop_leaf(value, left))
                {
                    return true;
                }
            }
            false
        }
        Value::Array(items) => {
            for at in 0..items.len() {
                if *left == 0 {
                    items.remove(at);
                    return true;
                }
                if drop_leaf(&mut items[at], left) {
                    return true;
                }
            }
            false
        }
        _ => false,
    }
}

/// What was asked and answered in a cassette: URL and body, of answers with status 200.
pub(crate) fn cassette(name: &str) -> Option<Vec<(String, String)>> {
    let text = String::from_utf8(recorded::bytes(name)?).unwrap();
    let mut found = Vec::new();
    let (mut url, mut answered) = (String::new(), false);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("    uri: ") {
            (url, answered) = (rest.to_owned(), false);
        } else if line.trim() == "response:" {
            answered = true;
        } else if let Some(rest) = line.strip_prefix("      string: ").filter(|_| answered) {
            let mut quoted = rest.to_owned();
            // a value goes on in lines that are indented deeper
            while let Some(next) = lines.next_if(|l| l.starts_with("        ") || l.is_empty()) {
                quoted.push('\n');
                quoted.push_str(next.trim_start());
            }
            found.push((url.clone(), unquoted(&quoted)));
        }
    }
    assert!(!found.is_empty(), "nothing in {name}");
    Some(found)
}

/// A scalar of YAML: a line break is a space, unless it is escaped.
fn unquoted(text: &str) -> String {
    if let Some(inside) = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
        return inside.replace("''", "'").replace('\n', " ");
    }
    if text.starts_with('"') {
        let joined = text.replace("\\\n", "").replace('\n', " ");
        return serde_json::from_str(&joined.replace("\\ ", " ")).unwrap();
    }
    text.to_owned()
}

/// The recorded answers of a route of gocryptotrader: query string and body.
pub(crate) fn routes(name: &str) -> Option<Vec<(String, Vec<u8>)>> {
    #[derive(serde::Deserialize)]
    struct File<'a> {
        #[serde(borrow)]
        responses: Vec<Recorded<'a>>,
    }
    #[derive(serde::Deserialize)]
    struct Recorded<'a> {
        #[serde(rename = "queryString")]
        asked: String,
        #[serde(borrow)]
        data: &'a serde_json::value::RawValue,
    }
    let bytes = recorded::bytes(&format!("rest_gocryptotrader/{name}"))?;
    let file: File<'_> = serde_json::from_slice(&bytes).unwrap();
    let responses = file.responses.into_iter();
    Some(
        responses
            .map(|r| (r.asked, r.data.get().as_bytes().to_vec()))
            .collect(),
    )
}

/// A symbol is a part of a path or a value: it leads nowhere else, whatever it is.
pub(crate) fn symbols_lead_nowhere(codec: &dyn Codec) {
    let mut asked = 0;
    for name in [
        ".", "..", "a/b", "a?b=c", "a&b", "a#b", "%2e", "ä", "../x", "a b",
    ] {
        let symbol = venue_symbol(name);
        for query in [
            Query::Book {
                symbol: symbol.clone(),
                limit: 1,
            },
            Query::RecentTrades {
                symbol: symbol.clone(),
                limit: 1,
            },
            Query::Ticker {
                symbol: Some(symbol.clone()),
            },
            Query::OpenInterest {
                symbol: symbol.clone(),
            },
            Query::Candles {
                symbol,
                timeframe: Timeframe::M1,
                from: None,
                to: None,
                limit: 1,
            },
        ] {
            let Ok(request) = codec.request(&query) else {
                continue;
            };
            asked += 1;
            let target = request.target;
            assert!(target.bytes().all(|b| b.is_ascii_graphic()), "{target}");
            let (path, pairs) = target.split_once('?').unwrap_or((&target, ""));
            assert!(
                path.split('/').all(|part| part != "." && part != ".."),
                "{target}"
            );
            assert!(!target.contains('#') && !pairs.contains('?'), "{target}");
            let plain = codec.request(&with_plain_name(&query)).unwrap().target;
            let parts = |target: &str, of: char| target.split(of).count();
            assert_eq!(parts(&target, '/'), parts(&plain, '/'), "{target}");
            assert_eq!(parts(&target, '&'), parts(&plain, '&'), "{target}");
        }
    }
    assert!(asked > 10);
}

fn with_plain_name(query: &Query) -> Query {
    let mut plain = query.clone();
    match &mut plain {
        Query::Book { symbol, .. }
        | Query::RecentTrades { symbol, .. }
        | Query::OpenInterest { symbol }
        | Query::Candles { symbol, .. } => *symbol = venue_symbol("plain"),
        Query::Ticker { symbol } => *symbol = Some(venue_symbol("plain")),
        _ => {}
    }
    plain
}
