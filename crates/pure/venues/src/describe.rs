//! What a codec is and what it makes of bytes, as JSON: the pure part of `venue describe` and
//! `venue decode`.
//!
//! Every event is one object with `kind`, `symbol` and `sent` (null where the venue does not say)
//! and the fields of its kind, named as in the API: camel case, exact numbers as strings, times as
//! RFC 3339, ids as numbers.
//!
//! | kind | fields |
//! | --- | --- |
//! | `trade` | `id, time, price, quantity, side, buyerOrder?, sellerOrder?` |
//! | `aggregateTrade` | `id, firstId, lastId, time, price, quantity, side` |
//! | `quote` | `bid, bidQuantity, ask, askQuantity, updateId` |
//! | `bookSnapshot` | `lastUpdateId, bids, asks` (levels `[price, quantity]`) |
//! | `bookDelta` | `firstUpdateId, lastUpdateId, bids, asks` |
//! | `candle` | `timeframe, openTime, closeTime, open, high, low, close, volume, quoteVolume, trades, takerBuyVolume, takerBuyQuoteVolume, firstId, lastId, closed` |
//! | `ticker` | `last, open, high, low, volume, quoteVolume, change, changePercent, …, openTime, closeTime, firstId, lastId, trades` |
//! | `contract` | `time, mark, index, settlement, fundingRate, fundingTime, nextFundingRate, openInterest, openInterestValue` |
//! | `funding` | `time, rate, mark` |
//! | `liquidation` | `time, side, price, quantity` |
//! | `option` | `time, mark, underlying, markVolatility, …, delta, gamma, vega, theta, rho, interestRate, openInterest` |
//! | `instruments` | `instruments`: `symbol, venueSymbol, status, tick, lot, minimumNotional, contract` |
//! | `serverTime` | `time` |
//! | `notice` | `notice`: `subscribed`, `refused`, `shuttingDown`, `heartbeat`, `socketAddress`; `id, code, message` |

use quantflow_model::{ContractState, Instrument, Level, OptionState, Quote, Side, TradeId};
use quantflow_wire::{
    AggregateTrade, Event, EventKind, LimitScope, Notice, OrderRule, Ticker, TradeEvent,
    VenueCandle, VenueDescription,
};
use serde_json::{Map, Value, json};

/// One line of JSON for each event, each with its line feed.
pub fn events_to_json(events: &[Event]) -> String {
    let mut lines = String::new();
    for event in events {
        lines.push_str(&event_to_json(event).to_string());
        lines.push('\n');
    }
    lines
}

/// An event as JSON; see the table above.
pub fn event_to_json(event: &Event) -> Value {
    let (kind, fields) = match &event.kind {
        EventKind::Trade(trade) => ("trade", trade_json(trade)),
        EventKind::AggregateTrade(trade) => ("aggregateTrade", aggregate_json(trade)),
        EventKind::Quote(quote) => ("quote", quote_json(quote)),
        EventKind::BookSnapshot(book) => (
            "bookSnapshot",
            json!({
                "lastUpdateId": book.last_update_id,
                "time": book.time,
                "bids": levels_json(&book.bids),
                "asks": levels_json(&book.asks),
            }),
        ),
        EventKind::BookDelta(delta) => (
            "bookDelta",
            json!({
                "firstUpdateId": delta.first_update_id,
                "lastUpdateId": delta.last_update_id,
                "previousUpdateId": delta.previous_update_id,
                "time": delta.time,
                "bids": levels_json(&delta.bids),
                "asks": levels_json(&delta.asks),
            }),
        ),
        EventKind::Candle(candle) => ("candle", candle_json(candle)),
        EventKind::Ticker(ticker) => ("ticker", ticker_json(ticker)),
        EventKind::Contract(state) => ("contract", contract_json(state)),
        EventKind::Funding(rate) => (
            "funding",
            json!({"time": rate.time, "rate": rate.rate, "mark": rate.mark}),
        ),
        EventKind::Liquidation(order) => (
            "liquidation",
            json!({
                "time": order.time,
                "side": side_json(order.side),
                "price": order.price,
                "quantity": order.quantity,
            }),
        ),
        EventKind::Option(state) => ("option", option_json(state)),
        EventKind::Instruments(list) => {
            let list: Vec<_> = list.iter().map(instrument_json).collect();
            ("instruments", json!({ "instruments": list }))
        }
        EventKind::ServerTime(time) => ("serverTime", json!({ "time": time })),
        EventKind::Notice(notice) => ("notice", notice_json(notice)),
    };
    let mut object = Map::new();
    object.insert("kind".into(), kind.into());
    object.insert("symbol".into(), json!(event.symbol));
    object.insert("sent".into(), json!(event.sent));
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    Value::Object(object)
}

/// Who a venue is and what it offers, as JSON.
pub fn description_to_json(venue: &VenueDescription) -> Value {
    let limits = venue.limits.iter().map(|limit| {
        json!({
            "name": limit.name.as_str(),
            "amount": limit.amount,
            "windowSeconds": limit.window.as_secs(),
            "weighted": limit.weighted,
            "scope": match limit.scope {
                LimitScope::Address => "address",
                LimitScope::Key => "key",
                LimitScope::Connection => "connection",
            },
        })
    });
    json!({
        "id": venue.id,
        "name": venue.name.as_str(),
        "protocol": venue.protocol,
        "restUrl": venue.rest_url.as_str(),
        "wsUrl": venue.ws_url.as_str(),
        "order": match venue.order {
            OrderRule::ContiguousIds => "contiguousIds",
            OrderRule::TimeThenId => "timeThenId",
            OrderRule::Arrival => "arrival",
        },
        "limits": limits.collect::<Vec<_>>(),
        "channels": venue.channels.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "timeframes": venue.timeframes,
        "silenceSeconds": venue.silence.as_secs(),
        "connectionLifetimeSeconds": venue.connection_lifetime.map(|d| d.as_secs()),
        "messagesPerSecond": venue.send_rate,
        "streamsPerConnection": venue.streams_per_connection,
    })
}

/// Ids are numbers as long as JSON readers keep them exact, else text.
fn id_json(id: TradeId) -> Value {
    match u64::try_from(id.0) {
        Ok(id) if id < 1 << 53 => id.into(),
        _ => id.to_string().into(),
    }
}

fn side_json(side: Side) -> Value {
    match side {
        Side::Buy => "buy".into(),
        Side::Sell => "sell".into(),
        Side::Unknown => Value::Null,
    }
}

fn levels_json(levels: &[Level]) -> Value {
    let pairs = levels
        .iter()
        .map(|level| json!([level.price, level.quantity]));
    pairs.collect()
}

fn trade_json(event: &TradeEvent) -> Value {
    let trade = &event.trade;
    let mut object = json!({
        "id": id_json(trade.id),
        "time": trade.time,
        "price": trade.price,
        "quantity": trade.quantity,
        "side": side_json(trade.side),
    });
    if let Some((buyer, seller)) = event.orders {
        object["buyerOrder"] = buyer.into();
        object["sellerOrder"] = seller.into();
    }
    object
}

fn aggregate_json(trade: &AggregateTrade) -> Value {
    json!({
        "id": id_json(trade.id),
        "firstId": id_json(trade.first_id),
        "lastId": id_json(trade.last_id),
        "time": trade.time,
        "price": trade.price,
        "quantity": trade.quantity,
        "side": side_json(trade.side),
    })
}

fn quote_json(quote: &Quote) -> Value {
    json!({
        "bid": quote.bid,
        "bidQuantity": quote.bid_quantity,
        "ask": quote.ask,
        "askQuantity": quote.ask_quantity,
        "updateId": quote.update_id,
        "time": quote.time,
    })
}

fn candle_json(candle: &VenueCandle) -> Value {
    json!({
        "timeframe": candle.timeframe,
        "openTime": candle.open_time,
        "closeTime": candle.close_time,
        "open": candle.open,
        "high": candle.high,
        "low": candle.low,
        "close": candle.close,
        "volume": candle.volume,
        "quoteVolume": candle.quote_volume,
        "trades": candle.trades,
        "takerBuyVolume": candle.taker_buy_volume,
        "takerBuyQuoteVolume": candle.taker_buy_quote_volume,
        "firstId": candle.first_id.map(id_json),
        "lastId": candle.last_id.map(id_json),
        "closed": candle.closed,
    })
}

fn ticker_json(ticker: &Ticker) -> Value {
    json!({
        "last": ticker.last,
        "lastQuantity": ticker.last_quantity,
        "open": ticker.open,
        "high": ticker.high,
        "low": ticker.low,
        "volume": ticker.volume,
        "quoteVolume": ticker.quote_volume,
        "change": ticker.change,
        "changePercent": ticker.change_percent,
        "weightedAverage": ticker.weighted_average,
        "previousClose": ticker.previous_close,
        "quote": ticker.quote.as_ref().map(quote_json),
        "openTime": ticker.open_time,
        "closeTime": ticker.close_time,
        "firstId": ticker.first_id.map(id_json),
        "lastId": ticker.last_id.map(id_json),
        "trades": ticker.trades,
    })
}

fn contract_json(state: &ContractState) -> Value {
    json!({
        "time": state.time,
        "mark": state.mark,
        "index": state.index,
        "settlement": state.settlement,
        "fundingRate": state.funding_rate,
        "fundingTime": state.funding_time,
        "nextFundingRate": state.next_funding_rate,
        "openInterest": state.open_interest,
        "openInterestValue": state.open_interest_value,
    })
}

fn option_json(state: &OptionState) -> Value {
    json!({
        "time": state.time,
        "mark": state.mark,
        "underlying": state.underlying,
        "markVolatility": state.mark_volatility,
        "bidVolatility": state.bid_volatility,
        "askVolatility": state.ask_volatility,
        "delta": state.delta,
        "gamma": state.gamma,
        "vega": state.vega,
        "theta": state.theta,
        "rho": state.rho,
        "interestRate": state.interest_rate,
        "openInterest": state.open_interest,
    })
}

fn instrument_json(instrument: &Instrument) -> Value {
    json!({
        "symbol": instrument.symbol,
        "venueSymbol": instrument.venue_symbol,
        "status": instrument.status,
        "tick": instrument.tick,
        "lot": instrument.lot,
        "minimumNotional": instrument.minimum_notional,
        "contract": instrument.contract,
    })
}

fn notice_json(notice: &Notice) -> Value {
    match notice {
        Notice::Subscribed { id } => json!({"notice": "subscribed", "id": id}),
        Notice::Refused { id, code, message } => {
            json!({"notice": "refused", "id": id, "code": code, "message": message})
        }
        Notice::ShuttingDown => json!({"notice": "shuttingDown"}),
        Notice::Heartbeat => json!({"notice": "heartbeat"}),
        // the token in the address is the asker's
        Notice::SocketAddress { ping, .. } => json!({
            "notice": "socketAddress",
            "pingSeconds": ping.map(|ping| ping.as_secs_f64()),
        }),
    }
}
