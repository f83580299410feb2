//! Streams as sockets: each market has its own.

use std::time::Duration;

use quantflow_wire::{
    Channel, KeepAlive, RequestError, SubscribePlan, Subscription, VenueDescription,
};
use serde_json::json;

use super::description::{STREAMS_PER_CONNECTION, depth};
use super::{Market, names};
use crate::bounds::{Bounds, once};

/// Topics in one message: spot takes no more.
const TOPICS_PER_MESSAGE: usize = 10;

fn topic(
    market: Market,
    venue: &VenueDescription,
    wanted: &Subscription,
) -> Result<String, RequestError> {
    let symbol = &wanted.venue_symbol;
    Ok(match (wanted.channel, market) {
        // trades of options come for all of a base
        (Channel::Trades, Market::Option) => {
            let base = symbol.as_str().split('-').next().unwrap_or_default();
            format!("publicTrade.{base}")
        }
        (Channel::Trades, _) => format!("publicTrade.{symbol}"),
        (Channel::Book, _) => format!("orderbook.{}.{symbol}", depth(market)),
        // of options there is no book of one level, but the ticker has the best quote
        (Channel::Ticker | Channel::Contract, _) | (Channel::Quotes, Market::Option) => {
            format!("tickers.{symbol}")
        }
        (Channel::Quotes, _) => format!("orderbook.1.{symbol}"),
        (Channel::Liquidations, _) => format!("allLiquidation.{symbol}"),
        (channel, _) => {
            let interval = match channel {
                Channel::Candles(timeframe) => names::interval(timeframe),
                _ => None,
            };
            match interval {
                Some(interval) => format!("kline.{interval}.{symbol}"),
                None => return Err(Bounds(&venue.id).not_offered(format!("a stream of {channel}"))),
            }
        }
    })
}

pub(super) fn subscribe(
    market: Market,
    venue: &VenueDescription,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let mut streams = Vec::with_capacity(wanted.len());
    for subscription in once(venue, wanted)? {
        streams.push((topic(market, venue, subscription)?, subscription));
    }
    let plan = |(number, part): (usize, &[(String, &Subscription)])| {
        // one topic may carry several channels
        let mut topics: Vec<&str> = Vec::with_capacity(part.len());
        for (topic, _) in part {
            if !topics.contains(&topic.as_str()) {
                topics.push(topic);
            }
        }
        let messages = topics.chunks(TOPICS_PER_MESSAGE).enumerate();
        let messages = messages.map(|(at, args)| {
            json!({"req_id": (at + 1).to_string(), "op": "subscribe", "args": args}).to_string()
        });
        SubscribePlan {
            target: format!("/v5/public/{}", market.category()),
            messages: messages.collect(),
            subscriptions: part.iter().map(|(_, s)| (*s).clone()).collect(),
            label: format!("{}-{}", market.category(), number + 1).into(),
            keep_alive: Some(KeepAlive {
                every: Duration::from_secs(20),
                message: r#"{"op":"ping"}"#.into(),
            }),
            address: None,
        }
    };
    let sockets = streams.chunks(STREAMS_PER_CONNECTION).enumerate();
    Ok(sockets.map(plan).collect())
}

/// A book begins anew when it is subscribed anew; what other topics lose nobody can send again.
pub(super) fn resubscribe(
    market: Market,
    venue: &VenueDescription,
    subscription: &Subscription,
) -> Vec<String> {
    match (subscription.channel, topic(market, venue, subscription)) {
        (Channel::Book, Ok(topic)) => ["unsubscribe", "subscribe"]
            .map(|op| json!({"op": op, "args": [topic]}).to_string())
            .into(),
        _ => Vec::new(),
    }
}
