//! Streams as sockets: market data on one, what is told of contracts on another.

use quantflow_wire::{Channel, RequestError, SubscribePlan, Subscription, VenueDescription};
use serde_json::json;

use super::description::STREAMS_PER_CONNECTION;
use super::{Market, names};
use crate::bounds::{Bounds, once};

/// The topic of a stream of market data; `None` where it is not among them.
fn topic(market: Market, wanted: &Subscription) -> Option<String> {
    let symbol = &wanted.venue_symbol;
    let channel = match (wanted.channel, market) {
        (Channel::Trades, _) => "trade.detail".to_owned(),
        (Channel::Quotes, _) => "bbo".to_owned(),
        (Channel::Book, Market::Spot) => "depth.step0".to_owned(),
        (Channel::Book, Market::Linear) => "depth.size_150.high_freq".to_owned(),
        (Channel::Ticker, Market::Spot) => "ticker".to_owned(),
        (Channel::Ticker, Market::Linear) => "detail".to_owned(),
        (Channel::Candles(timeframe), _) => format!("kline.{}", names::period(timeframe)?),
        _ => return None,
    };
    Some(format!("market.{symbol}.{channel}"))
}

/// The topic of what is told of a contract.
fn public_topic(wanted: &Subscription) -> Option<String> {
    let channel = match wanted.channel {
        Channel::Contract => "funding_rate",
        Channel::Liquidations => "liquidation_orders",
        _ => return None,
    };
    Some(format!("public.{}.{channel}", wanted.venue_symbol))
}

/// The message about a topic; `verb` is `sub` or `unsub`.
fn message(verb: &str, topic: &str, id: usize) -> String {
    let mut message = json!({verb: topic, "id": id.to_string()});
    if topic.ends_with(".high_freq") {
        message["data_type"] = "incremental".into();
    }
    message.to_string()
}

pub(super) fn subscribe(
    market: Market,
    venue: &VenueDescription,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let (mut data, mut told) = (Vec::new(), Vec::new());
    for subscription in once(venue, wanted)? {
        match (topic(market, subscription), public_topic(subscription)) {
            (Some(topic), _) => data.push((topic, subscription)),
            (None, Some(topic)) => told.push((topic, subscription)),
            (None, None) => {
                let what = format!("a stream of {}", subscription.channel);
                return Err(Bounds(&venue.id).not_offered(what));
            }
        }
    }
    let path = match market {
        Market::Spot => "/ws",
        Market::Linear => "/linear-swap-ws",
    };
    let mut plans = Vec::new();
    let mut plan = |target: &str,
                    name: &str,
                    streams: &[(String, &Subscription)],
                    write: &dyn Fn(&str, usize) -> String| {
        for (number, part) in streams.chunks(STREAMS_PER_CONNECTION).enumerate() {
            let messages = part.iter().enumerate();
            plans.push(SubscribePlan {
                target: target.to_owned(),
                messages: messages
                    .map(|(at, (topic, _))| write(topic, at + 1))
                    .collect(),
                subscriptions: part.iter().map(|(_, s)| (*s).clone()).collect(),
                label: format!("{name}-{}", number + 1).into(),
                // it pings; see `reply`
                keep_alive: None,
                address: None,
            });
        }
    };
    plan(path, "market", &data, &|topic, id| {
        message("sub", topic, id)
    });
    plan(
        "/linear-swap-notification",
        "public",
        &told,
        &|topic, id| json!({"op": "sub", "cid": id.to_string(), "topic": topic}).to_string(),
    );
    Ok(plans)
}

/// A contract's book begins anew when it is subscribed anew; a spot book is whole each time.
pub(super) fn resubscribe(market: Market, subscription: &Subscription) -> Vec<String> {
    match (market, subscription.channel) {
        (Market::Linear, Channel::Book) => topic(market, subscription)
            .map(|topic| ["unsub", "sub"].map(|verb| message(verb, &topic, 1)).into())
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}
