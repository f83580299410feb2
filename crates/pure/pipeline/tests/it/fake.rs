//! A venue whose bytes are easy to write: lines of words.

use std::time::Duration;

use quantflow_model::{
    BookDelta, BookSnapshot, Decimal, Level, Notional, Price, Quantity, Quote, Side, Symbol,
    Timeframe, Timestamp, Trade, TradeFlags, TradeId, VenueId, VenueSymbol,
};
use quantflow_wire::{
    AggregateTrade, BookRule, Channel, Codec, DecodeError, EncodeError, Encoded, Event, EventKind,
    Exchange, HttpMethod, HttpRequest, Input, OrderRule, Outcome, Purpose, Query, RepairHow,
    RequestError, Response, Route, SubscribePlan, Subscription, TradeEvent, VenueCandle,
    VenueDescription,
};

/// The venue's codec.
#[derive(Debug)]
pub(crate) struct Fake {
    description: VenueDescription,
    /// The only way to have missing trades; `None`: all ways are offered.
    pub(crate) offers: Option<RepairHow>,
    /// Rows of an answer.
    pub(crate) page: u32,
}

impl Fake {
    pub(crate) fn new(order: OrderRule) -> Self {
        Self {
            offers: None,
            page: 1_000,
            description: VenueDescription {
                book: BookRule::REQUESTED,
                binds: false,
                id: venue(),
                name: "Fake".into(),
                protocol: "binance-spot",
                rest_url: "".into(),
                ws_url: "".into(),
                order,
                limits: Vec::new(),
                channels: vec![Channel::Trades],
                timeframes: Vec::new(),
                silence: Duration::from_secs(10),
                connection_lifetime: None,
                send_rate: 1,
                streams_per_connection: 1_000,
            },
        }
    }
}

pub(crate) fn venue() -> VenueId {
    "fake".parse().unwrap()
}

pub(crate) fn symbol(name: &str) -> Symbol {
    Symbol::spot(&venue(), &name[..1], &name[1..]).unwrap()
}

pub(crate) fn spelled(name: &str) -> VenueSymbol {
    VenueSymbol::new(name).unwrap()
}

/// A trade as a line.
pub(crate) fn trade_line(name: &str, trade: &Trade) -> String {
    let side = ["?", "B", "S"][usize::from(trade.side.code())];
    format!(
        "T {name} {} {} {} {} {side}\n",
        trade.id,
        trade.time.nanos(),
        trade.price,
        trade.quantity
    )
}

/// An aggregate of consecutive trades as a line.
pub(crate) fn aggregate_line(name: &str, number: usize, trades: &[Trade]) -> String {
    let (first, last) = (trades[0], trades[trades.len() - 1]);
    let side = ["?", "B", "S"][usize::from(first.side.code())];
    let quantity = trades
        .iter()
        .try_fold(Decimal::ZERO, |sum, t| sum.checked_add(t.quantity.0))
        .unwrap();
    format!(
        "A {name} {number} {} {} {} {} {quantity} {side}\n",
        first.id,
        last.id,
        first.time.nanos(),
        first.price
    )
}

pub(crate) fn subscription(name: &str, channel: Channel) -> Subscription {
    Subscription {
        symbol: symbol(name),
        venue_symbol: spelled(name),
        channel,
    }
}

/// An answered request.
pub(crate) fn answer(query: Query, purpose: Purpose, status: u16, body: &str) -> Vec<u8> {
    Exchange {
        query,
        purpose,
        target: "/".into(),
        outcome: Outcome::Response(Response {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        }),
    }
    .to_payload()
    .unwrap()
}

struct Words<'a>(std::str::SplitWhitespace<'a>);

impl<'a> Words<'a> {
    fn text(&mut self) -> Result<&'a str, DecodeError> {
        self.0.next().ok_or(DecodeError::Missing {
            message: "line",
            field: "word",
        })
    }

    fn read<T: std::str::FromStr>(&mut self) -> Result<T, DecodeError> {
        let text = self.text()?;
        text.parse().map_err(|_| DecodeError::BadField {
            message: "line",
            field: "word",
            found: text.into(),
        })
    }

    fn time(&mut self) -> Result<Timestamp, DecodeError> {
        self.read().map(Timestamp::from_nanos)
    }

    fn side(&mut self) -> Result<Side, DecodeError> {
        Ok(match self.text()? {
            "B" => Side::Buy,
            "S" => Side::Sell,
            _ => Side::Unknown,
        })
    }

    fn levels(&mut self) -> Result<Vec<Level>, DecodeError> {
        let count: usize = self.read()?;
        let mut level = || {
            Ok(Level {
                price: self.read()?,
                quantity: self.read()?,
            })
        };
        (0..count.min(100)).map(|_| level()).collect()
    }
}

fn event(line: &str) -> Result<Event, DecodeError> {
    let mut words = Words(line.split_whitespace());
    let kind = words.text()?;
    let name = words.text()?;
    let kind = match kind {
        "T" => EventKind::Trade(TradeEvent {
            trade: Trade {
                id: TradeId(words.read()?),
                time: words.time()?,
                price: words.read()?,
                quantity: words.read()?,
                side: words.side()?,
                flags: TradeFlags::NONE,
                count: 1,
            },
            orders: None,
        }),
        "A" => EventKind::AggregateTrade(AggregateTrade {
            id: TradeId(words.read()?),
            first_id: TradeId(words.read()?),
            last_id: TradeId(words.read()?),
            time: words.time()?,
            price: words.read()?,
            quantity: words.read()?,
            side: words.side()?,
        }),
        "Q" => EventKind::Quote(Quote {
            update_id: Some(words.read()?),
            bid: words.read()?,
            bid_quantity: words.read()?,
            ask: words.read()?,
            ask_quantity: words.read()?,
            time: None,
        }),
        "S" => EventKind::BookSnapshot(BookSnapshot {
            checksum: None,
            last_update_id: words.read()?,
            time: None,
            bids: words.levels()?,
            asks: words.levels()?,
        }),
        "D" => EventKind::BookDelta(BookDelta {
            checksum: None,
            first_update_id: words.read()?,
            last_update_id: words.read()?,
            previous_update_id: None,
            time: None,
            bids: words.levels()?,
            asks: words.levels()?,
        }),
        "K" => {
            let timeframe: Timeframe = words.read()?;
            let open_time = words.time()?;
            EventKind::Candle(Box::new(VenueCandle {
                timeframe,
                open_time,
                close_time: timeframe.end_of(open_time).plus_nanos(-1_000_000),
                open: words.read()?,
                high: words.read()?,
                low: words.read()?,
                close: words.read()?,
                volume: words.read()?,
                quote_volume: Some(words.read()?),
                trades: Some(words.read()?),
                taker_buy_volume: Some(words.read()?),
                taker_buy_quote_volume: Some(words.read()?),
                first_id: None,
                last_id: None,
                closed: Some(true),
            }))
        }
        other => return Err(DecodeError::UnknownMessage(other.into())),
    };
    Ok(Event {
        symbol: Some(VenueSymbol::new(name).ok_or_else(|| DecodeError::Malformed(name.into()))?),
        sent: None,
        kind,
    })
}

impl Codec for Fake {
    fn describe(&self) -> &VenueDescription {
        &self.description
    }

    fn spell(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        VenueSymbol::new(&symbol.instrument().replace('/', ""))
    }

    fn route<'a>(&self, input: &Input<'a>) -> Route<'a> {
        let (Input::Message { bytes, .. } | Input::Answer { body: bytes, .. }) = input;
        std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.split_whitespace().nth(1))
            .map_or(Route::Unknown, Route::Symbol)
    }

    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        let (Input::Message { bytes, .. } | Input::Answer { body: bytes, .. }) = input;
        let text = std::str::from_utf8(bytes).map_err(|e| DecodeError::Malformed(e.to_string()))?;
        let all: Result<Vec<Event>, DecodeError> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(event)
            .collect();
        events.append(&mut all?);
        Ok(())
    }

    fn encode(&self, _: &[Event], _: &Encoded<'_>) -> Result<Vec<u8>, EncodeError> {
        Err(EncodeError::NoSuchMessage {
            venue: venue(),
            what: "anything",
        })
    }

    fn request(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        let way = match query {
            Query::TradesFromId { .. } => Some(RepairHow::SingleTrades),
            Query::TradesBeforeId { .. } => Some(RepairHow::TradesBefore),
            Query::Trades { .. } => Some(RepairHow::TradesByTime),
            Query::AggregateTrades { .. } => Some(RepairHow::Aggregates),
            _ => None,
        };
        if way.is_some() && self.offers.is_some() && way != self.offers {
            return Err(RequestError::not_offered(&venue(), query));
        }
        Ok(HttpRequest {
            method: HttpMethod::Get,
            target: "/".into(),
            headers: Vec::new(),
            body: Vec::new(),
            weight: 1,
            key_header: None,
        })
    }

    fn page_limit(&self, _: &Query) -> u32 {
        self.page
    }

    fn subscribe(&self, _: &[Subscription]) -> Result<Vec<SubscribePlan>, RequestError> {
        Ok(Vec::new())
    }

    fn used_limits(&self, _: &Response) -> Vec<Option<u32>> {
        Vec::new()
    }

    fn stay_away(&self, _: &Response) -> Option<Duration> {
        None
    }
}

/// A trade of a test: whole milliseconds, prices and quantities in cents.
pub(crate) fn trade(id: u128, millis: i64, cents: i64, amount: i64, side: Side) -> Trade {
    let of = |n: i64| Decimal::new(n.into(), 2).unwrap();
    Trade {
        id: TradeId(id),
        time: Timestamp::from_millis(millis),
        price: Price(of(cents)),
        quantity: Quantity(of(amount)),
        side,
        flags: TradeFlags::NONE,
        count: 1,
    }
}

/// What a venue's candle of these trades is, as a line.
pub(crate) fn candle_line(name: &str, timeframe: Timeframe, c: &quantflow_model::Candle) -> String {
    format!(
        "K {name} {timeframe} {} {} {} {} {} {} {} {} {} {}\n",
        c.open_time.nanos(),
        c.open,
        c.high,
        c.low,
        c.close,
        c.volume,
        c.quote_volume.unwrap_or(Notional::ZERO),
        c.trades.unwrap_or(0),
        c.taker_buy_volume.unwrap_or(Quantity::ZERO),
        c.taker_buy_quote_volume.unwrap_or(Notional::ZERO),
    )
}
