//! Who the two markets are, and what they offer.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{BookRule, BookSequence, Channel, OrderRule, SnapshotBy, VenueDescription};

use super::{BinanceFutures, Market, limits};

/// The timeframes of the venue's own candles.
pub(super) const TIMEFRAMES: [Timeframe; 15] = [
    Timeframe::M1,
    Timeframe::M3,
    Timeframe::M5,
    Timeframe::M15,
    Timeframe::M30,
    Timeframe::H1,
    Timeframe::H2,
    Timeframe::H4,
    Timeframe::H6,
    Timeframe::H8,
    Timeframe::H12,
    Timeframe::D1,
    Timeframe::D3,
    Timeframe::W1,
    Timeframe::Mo1,
];

/// Changes are chained by `pu`; the numbers in between belong to other symbols.
const BOOK: BookRule = BookRule {
    snapshot: SnapshotBy::Request,
    sequence: BookSequence::Chained,
    depth: None,
};

pub(super) fn description(id: VenueId, market: Market) -> VenueDescription {
    let (known, name, protocol, rest_url, ws_url, streams) = match market {
        Market::Usd => (
            "binance-usdm",
            "Binance USD-M futures",
            BinanceFutures::USD,
            "https://fapi.binance.com",
            "wss://fstream.binance.com",
            1_024,
        ),
        Market::Coin => (
            "binance-coinm",
            "Binance COIN-M futures",
            BinanceFutures::COIN,
            "https://dapi.binance.com",
            "wss://dstream.binance.com",
            200,
        ),
    };
    let name = if id.as_str() == known {
        name.into()
    } else {
        id.as_str().into()
    };
    let mut channels = vec![
        Channel::Trades,
        Channel::AggregateTrades,
        Channel::Quotes,
        Channel::Book,
        Channel::Ticker,
        Channel::Contract,
        Channel::Liquidations,
    ];
    channels.extend(TIMEFRAMES.map(Channel::Candles));
    VenueDescription {
        id,
        name,
        protocol,
        rest_url: rest_url.into(),
        ws_url: ws_url.into(),
        order: OrderRule::ContiguousIds,
        limits: limits::documented(),
        channels,
        timeframes: TIMEFRAMES.to_vec(),
        // the server pings every 3 minutes, and a socket of liquidations may carry nothing else
        silence: Duration::from_secs(200),
        connection_lifetime: Some(Duration::from_hours(24)),
        send_rate: 10,
        streams_per_connection: streams,
        book: BOOK,
        binds: false,
    }
}
