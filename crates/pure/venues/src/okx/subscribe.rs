//! Streams as sockets: the venue has one for most channels, and one for candles and single trades.

use std::time::Duration;

use quantflow_wire::{
    Channel, KeepAlive, RequestError, SubscribePlan, Subscription, VenueDescription,
};
use serde_json::{Value, json};

use super::description::STREAMS_PER_CONNECTION;
use super::names::{self, Market};
use crate::bounds::{Bounds, once};

const PUBLIC: &str = "/ws/v5/public";
const BUSINESS: &str = "/ws/v5/business";
/// Channels in one message: far below the venue's 64 KiB.
const CHANNELS_PER_MESSAGE: usize = 100;

/// What one stream is to the venue: channels, on one of its sockets.
fn channels(
    venue: &VenueDescription,
    wanted: &Subscription,
) -> Result<(&'static str, Vec<Value>), RequestError> {
    let symbol = &wanted.venue_symbol;
    let market = Market::of(symbol);
    let of_symbol = |channel: &str| json!({"channel": channel, "instId": symbol});
    let nothing = || {
        let what = format!("a stream of {} for {symbol}", wanted.channel);
        Err(Bounds(&venue.id).not_offered(what))
    };
    Ok(match wanted.channel {
        Channel::Trades => (BUSINESS, vec![of_symbol("trades-all")]),
        Channel::Candles(timeframe) => match names::bar(timeframe) {
            Some(bar) => (BUSINESS, vec![of_symbol(&format!("candle{bar}"))]),
            None => return nothing(),
        },
        Channel::AggregateTrades => (PUBLIC, vec![of_symbol("trades")]),
        Channel::Quotes => (PUBLIC, vec![of_symbol("bbo-tbt")]),
        Channel::Book => (PUBLIC, vec![of_symbol("books")]),
        Channel::Ticker => (PUBLIC, vec![of_symbol("tickers")]),
        Channel::Contract => {
            let mut list = vec![of_symbol("mark-price"), of_symbol("open-interest")];
            match market {
                Market::Spot => return nothing(),
                Market::Swap => list.push(of_symbol("funding-rate")),
                Market::Futures => {}
                Market::Option => list
                    .push(json!({"channel": "opt-summary", "instFamily": names::family(symbol)})),
            }
            (PUBLIC, list)
        }
        // the venue tells those of all symbols of a kind
        Channel::Liquidations => match market {
            Market::Spot => return nothing(),
            market => (
                PUBLIC,
                vec![json!({"channel": "liquidation-orders", "instType": market.name()})],
            ),
        },
    })
}

/// Path, name, and streams with their channels.
type Socket<'w> = (
    &'static str,
    &'static str,
    Vec<(&'w Subscription, Vec<Value>)>,
);

pub(super) fn subscribe(
    venue: &VenueDescription,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let mut sockets: [Socket<'_>; 2] = [
        (PUBLIC, "public", Vec::new()),
        (BUSINESS, "business", Vec::new()),
    ];
    for subscription in once(venue, wanted)? {
        let (socket, channels) = channels(venue, subscription)?;
        let at = usize::from(socket == BUSINESS);
        sockets[at].2.push((subscription, channels));
    }
    let mut plans = Vec::new();
    for (target, name, streams) in &sockets {
        for (number, part) in streams.chunks(STREAMS_PER_CONNECTION).enumerate() {
            let mut args: Vec<&Value> = Vec::new();
            for arg in part.iter().flat_map(|(_, channels)| channels) {
                if !args.contains(&arg) {
                    args.push(arg);
                }
            }
            let messages = args
                .chunks(CHANNELS_PER_MESSAGE)
                .enumerate()
                .map(|(at, args)| {
                    json!({"id": (at + 1).to_string(), "op": "subscribe", "args": args}).to_string()
                });
            plans.push(SubscribePlan {
                target: (*target).to_owned(),
                messages: messages.collect(),
                subscriptions: part.iter().map(|(s, _)| (*s).clone()).collect(),
                label: format!("{name}-{}", number + 1).into(),
                keep_alive: Some(KeepAlive {
                    every: Duration::from_secs(20),
                    message: "ping".into(),
                }),
                address: None,
            });
        }
    }
    Ok(plans)
}

/// A book begins anew when it is subscribed anew; what other channels lose nobody can send again.
pub(super) fn resubscribe(venue: &VenueDescription, subscription: &Subscription) -> Vec<String> {
    match (subscription.channel, channels(venue, subscription)) {
        (Channel::Book, Ok((_, args))) => ["unsubscribe", "subscribe"]
            .map(|op| json!({"op": op, "args": args}).to_string())
            .into(),
        _ => Vec::new(),
    }
}
