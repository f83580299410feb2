#![doc = include_str!("../../../../../docs/venues/coingecko.md")]

use std::collections::HashSet;
use std::time::Duration;

use quantflow_model::{
    Decimal, Instrument, InstrumentStatus, Price, Quantity, Symbol, Timeframe, VenueId, VenueSymbol,
};
use quantflow_wire::{
    DecodeError, Event, EventKind, HttpRequest, Query, RequestError, Ticker, VenueCandle,
    VenueDescription,
};

use crate::ask::{Asking, check_limit, event, list};
use crate::json::{Fields, Json, Row, value};
use crate::series::{aligned, cut};
use crate::source::{self, Source, codec_over_rest};

/// CoinGecko's averages over many venues: a [`Codec`](quantflow_wire::Codec) over REST.
#[derive(Debug)]
pub struct CoinGecko {
    description: VenueDescription,
}

/// What coins are priced in here.
const CURRENCY: &str = "usd";

/// Coins in the list: one page, by what they are worth.
const COINS: u32 = 250;

/// What carries the key of a free account; without one the answers are fewer.
const KEY_HEADER: &str = "x-cg-demo-api-key";

/// The candles that may be had: how long, the days they reach back, how many they are then.
const CANDLES: [(Timeframe, &str, u32); 2] =
    [(Timeframe::M30, "1", 48), (Timeframe::H4, "30", 180)];

impl CoinGecko {
    /// The name of the protocol in [`Registry::speak`](crate::Registry::speak).
    pub const PROTOCOL: &'static str = "coingecko-v3";

    /// A source of this id that speaks CoinGecko's protocol.
    pub fn new(id: VenueId) -> Self {
        let mut description = source::description(
            id,
            ("coingecko", "CoinGecko"),
            Self::PROTOCOL,
            "https://api.coingecko.com",
            (30, Duration::from_mins(1)),
        );
        description.timeframes = CANDLES.map(|(timeframe, _, _)| timeframe).to_vec();
        Self { description }
    }
}

/// The coin and the currency of a symbol of the source: `bitcoin/usd`.
fn parts(symbol: &VenueSymbol) -> Option<(&str, &str)> {
    symbol.as_str().split_once('/')
}

impl Source for CoinGecko {
    fn description(&self) -> &VenueDescription {
        &self.description
    }

    /// Coins are named by words that do not follow from their tickers: the list tells them.
    fn name(&self, _symbol: &Symbol) -> Option<VenueSymbol> {
        None
    }

    fn answer(&self, query: &Query, body: &[u8]) -> Result<Vec<Event>, DecodeError> {
        let tree = Json::parse(body)?;
        refused(&tree)?;
        match query {
            Query::Candles {
                symbol,
                timeframe,
                from,
                to,
                limit,
            } => {
                let rows = list("ohlc", &tree)?.iter();
                let candles = rows.map(|row| candle(&Row::new("ohlc", row)?, *timeframe));
                let candles = candles.collect::<Result<Vec<_>, _>>()?;
                Ok(cut(symbol, candles, *from, *to, *limit))
            }
            Query::Ticker {
                symbol: Some(symbol),
            } => Ok(vec![ticker(symbol, &tree)?]),
            Query::InstrumentsOf { part, .. } => {
                let mut seen = HashSet::new();
                let mut found = Vec::new();
                for item in list("markets", &tree)? {
                    let f = Fields::new("markets", item)?;
                    let coin = instrument(&self.description.id, part, &f)?;
                    // of several coins with one ticker the one that is worth most has the name
                    found.extend(coin.filter(|coin| seen.insert(coin.symbol.clone())));
                }
                Ok(vec![event(None, None, EventKind::Instruments(found))])
            }
            other => Err(DecodeError::unasked(other)),
        }
    }

    fn ask(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        let venue = &self.description.id;
        let mut ask = Asking::new(venue, "/api/v3/");
        match query {
            Query::Candles {
                symbol,
                timeframe,
                limit,
                ..
            } => {
                let found = CANDLES.iter().find(|(known, _, _)| known == timeframe);
                let (Some((_, days, most)), Some((coin, currency))) = (found, parts(symbol)) else {
                    return Err(ask.not_offered(format!("candles of {timeframe}")));
                };
                check_limit(venue, *limit, *most)?;
                ask.path("coins/");
                ask.segment(coin)?;
                ask.path("/ohlc");
                ask.pair("vs_currency", currency);
                ask.pair("days", days);
                ask.pair("precision", "full");
            }
            Query::Ticker {
                symbol: Some(symbol),
            } => {
                let Some((coin, currency)) = parts(symbol) else {
                    return Err(ask.not_offered("a coin without a currency"));
                };
                ask.path("simple/price");
                ask.pair("ids", coin);
                ask.pair("vs_currencies", currency);
                ask.pair("include_24hr_vol", "true");
                ask.pair("include_24hr_change", "true");
                ask.pair("include_last_updated_at", "true");
                ask.pair("precision", "full");
            }
            Query::InstrumentsOf { part, after: None } => {
                ask.path("coins/markets");
                ask.pair("vs_currency", part);
                ask.pair("order", "market_cap_desc");
                ask.number("per_page", COINS);
                ask.pair("page", "1");
            }
            other => return Err(RequestError::not_offered(venue, other)),
        }
        Ok(HttpRequest {
            key_header: Some(KEY_HEADER),
            ..ask.get(1)
        })
    }

    fn rows(&self, query: &Query) -> u32 {
        match query {
            Query::Candles { timeframe, .. } => CANDLES
                .iter()
                .find(|(known, _, _)| known == timeframe)
                .map_or(0, |(_, _, most)| *most),
            Query::Ticker { symbol: Some(_) } => 1,
            Query::InstrumentsOf { .. } => COINS,
            _ => 0,
        }
    }

    fn lists(&self) -> Vec<Query> {
        vec![Query::InstrumentsOf {
            part: CURRENCY.into(),
            after: None,
        }]
    }
}

codec_over_rest!(CoinGecko);

/// `{"status": {"error_code", "error_message"}}` or `{"error": …}`.
fn refused(tree: &Json<'_>) -> Result<(), DecodeError> {
    if let Some(status) = tree.entry("status") {
        let code = status.entry("error_code").and_then(Json::integer);
        let message = status.entry("error_message").and_then(Json::text);
        if let (Some(code), Some(message)) = (code, message) {
            let message = message.chars().take(300).collect();
            return Err(DecodeError::Venue { code, message });
        }
    }
    match tree.entry("error").and_then(Json::text) {
        Some(error) => Err(DecodeError::Venue {
            code: 0,
            message: error.chars().take(300).collect(),
        }),
        None => Ok(()),
    }
}

/// `[end, open, high, low, close]`; volumes are not told.
fn candle(row: &Row<'_, '_>, timeframe: Timeframe) -> Result<VenueCandle, DecodeError> {
    let price = |at, name| row.read(at, name, value::price);
    let prices = [
        price(1, "open")?,
        price(2, "high")?,
        price(3, "low")?,
        price(4, "close")?,
    ];
    let length = timeframe.approximate_nanos();
    let open_time = row.read(0, "end", |found| {
        let begins = value::millis(found)?.plus_nanos(-length);
        aligned(timeframe, begins).then_some(begins)
    })?;
    let none = Quantity(Decimal::ZERO);
    Ok(VenueCandle::bare(timeframe, open_time, prices, none))
}

fn ticker(symbol: &VenueSymbol, tree: &Json<'_>) -> Result<Event, DecodeError> {
    let missing = DecodeError::Missing {
        message: "simple/price",
        field: "the coin and its currency",
    };
    let Some((coin, currency)) = parts(symbol) else {
        return Err(missing);
    };
    let Some(found) = tree.entry(coin) else {
        return Err(missing);
    };
    let f = Fields::new("simple/price", found)?;
    let number = |name: &str, field: &'static str| match found.entry(name) {
        None | Some(Json::Null) => Ok(None),
        Some(cell) => value::decimal(cell)
            .map(Some)
            .ok_or_else(|| f.bad(field, cell)),
    };
    let Some(last) = number(currency, "the price")? else {
        return Err(missing);
    };
    let ticker = Ticker {
        last: Price(last),
        last_quantity: None,
        open: None,
        high: None,
        low: None,
        volume: None,
        quote_volume: number(&format!("{currency}_24h_vol"), "_24h_vol")?.map(Into::into),
        change: None,
        change_percent: number(&format!("{currency}_24h_change"), "_24h_change")?,
        weighted_average: None,
        previous_close: None,
        quote: None,
        open_time: None,
        close_time: f.optional("last_updated_at", value::seconds)?,
        first_id: None,
        last_id: None,
        trades: None,
    };
    Ok(event(
        Some(symbol),
        None,
        EventKind::Ticker(Box::new(ticker)),
    ))
}

/// `None` when our grammar of symbols cannot name the coin.
fn instrument(
    venue: &VenueId,
    currency: &str,
    f: &Fields<'_, '_>,
) -> Result<Option<Instrument>, DecodeError> {
    let (id, ticker) = (f.text("id")?, f.text("symbol")?);
    let symbol = Symbol::spot(venue, ticker, currency);
    let venue_symbol = VenueSymbol::new(&format!("{id}/{currency}"));
    Ok(symbol
        .ok()
        .zip(venue_symbol)
        .map(|(symbol, venue_symbol)| Instrument {
            symbol,
            venue_symbol,
            status: InstrumentStatus::Trading,
            tick: None,
            lot: None,
            minimum_notional: None,
            contract: None,
        }))
}
