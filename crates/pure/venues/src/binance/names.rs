//! The venue's names of streams.

use quantflow_wire::Channel;

/// The part of a stream's name behind the symbol: `trade`, `kline_1m`.
pub(crate) fn suffix(channel: Channel) -> String {
    match channel {
        Channel::Trades => "trade".into(),
        Channel::AggregateTrades => "aggTrade".into(),
        Channel::Quotes => "bookTicker".into(),
        Channel::Book => "depth@100ms".into(),
        Channel::Candles(timeframe) => format!("kline_{timeframe}"),
        Channel::Ticker => "ticker".into(),
        // of the futures markets, which name streams alike
        Channel::Contract => "markPrice@1s".into(),
        Channel::Liquidations => "forceOrder".into(),
    }
}

/// The channel behind a stream's name without its symbol; `None` when we do not know it.
pub(crate) fn channel(suffix: &str) -> Option<Channel> {
    Some(match suffix {
        "trade" => Channel::Trades,
        "aggTrade" => Channel::AggregateTrades,
        "bookTicker" => Channel::Quotes,
        "depth" | "depth@100ms" | "depth@1000ms" => Channel::Book,
        "ticker" => Channel::Ticker,
        _ => {
            let timeframe = suffix.strip_prefix("kline_")?.parse().ok()?;
            super::description::TIMEFRAMES
                .contains(&timeframe)
                .then_some(Channel::Candles(timeframe))?
        }
    })
}
