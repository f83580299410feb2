//! Streams as sockets. Where a socket may be opened the venue says when it is asked.

use std::time::Duration;

use quantflow_wire::{
    Channel, KeepAlive, Query, RequestError, SubscribePlan, Subscription, VenueDescription,
};
use serde_json::json;

use super::description::STREAMS_PER_CONNECTION;
use super::names;
use crate::bounds::{Bounds, once};

/// Symbols that one message lists.
const SYMBOLS_PER_MESSAGE: usize = 100;

/// The topic of a channel, and what stands in its list for a symbol.
fn topic(
    venue: &VenueDescription,
    wanted: &Subscription,
) -> Result<(&'static str, String), RequestError> {
    let symbol = &wanted.venue_symbol;
    let path = match wanted.channel {
        Channel::Trades => "/market/match",
        Channel::Quotes => "/market/ticker",
        Channel::Book => "/market/level2",
        Channel::Ticker => "/market/snapshot",
        channel => {
            let kind = match channel {
                Channel::Candles(timeframe) => names::kind(timeframe),
                _ => None,
            };
            return match kind {
                Some(kind) => Ok(("/market/candles", format!("{symbol}_{kind}"))),
                None => Err(Bounds(&venue.id).not_offered(format!("a stream of {channel}"))),
            };
        }
    };
    Ok((path, symbol.to_string()))
}

pub(super) fn subscribe(
    venue: &VenueDescription,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let wanted = once(venue, wanted)?;
    let mut plans = Vec::new();
    for (number, part) in wanted.chunks(STREAMS_PER_CONNECTION).enumerate() {
        // by topic, in the order in which they come first
        let mut topics: Vec<(&str, Vec<String>)> = Vec::new();
        for subscription in part {
            let (path, of) = topic(venue, subscription)?;
            match topics.iter_mut().find(|(known, _)| *known == path) {
                Some((_, list)) => list.push(of),
                None => topics.push((path, vec![of])),
            }
        }
        let lists = topics.iter().flat_map(|(path, list)| {
            list.chunks(SYMBOLS_PER_MESSAGE)
                .map(move |part| (path, part))
        });
        let messages = lists.enumerate().map(|(at, (path, list))| {
            json!({
                "id": at + 1,
                "type": "subscribe",
                "topic": format!("{path}:{}", list.join(",")),
                "privateChannel": false,
                "response": true,
            })
            .to_string()
        });
        plans.push(SubscribePlan {
            target: String::new(),
            messages: messages.collect(),
            subscriptions: part.iter().map(|s| (*s).clone()).collect(),
            label: format!("market-{}", number + 1).into(),
            // with the address comes how often: 18 s, today as ever
            keep_alive: Some(KeepAlive {
                every: Duration::from_secs(18),
                message: r#"{"id":"ping","type":"ping"}"#.into(),
            }),
            address: Some(Query::SocketAddress),
        });
    }
    Ok(plans)
}
